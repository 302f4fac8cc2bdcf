//! Tensors in the containers that functions take and give.

use crate::{Float, Tensor};

/// One tensor, or several in arrays, vectors and tuples of these.
///
/// The transforms differentiate functions from trees to trees: `|x: &Tensor|`, `|[x, y]: &[Tensor; 2]|`,
/// `|(w, rest)|`, and so on. `Of<U>` is the same container with a `U` in place of each tensor: the Jacobian of
/// a function with inputs `[Tensor; 2]` is a `[Tensor; 2]`, and its Hessian a `[[Tensor; 2]; 2]`.
///
/// ```
/// use wengert::prelude::*;
/// use wengert::autodiff::transform::Tree;
///
/// let tree = (Tensor::<f64>::scalar(1.0), vec![Tensor::zeros([2]), Tensor::zeros([3])]);
/// let sizes: (usize, Vec<usize>) = tree.each(&mut |x| x.len());
/// assert_eq!(sizes, (1, vec![2, 3]));
/// ```
pub trait Tree<T: Float>: Sized {
    /// The container with a `U` for each tensor.
    type Of<U>;

    /// `f` of each tensor, in order.
    fn each<'a, U>(&'a self, f: &mut impl FnMut(&'a Tensor<T>) -> U) -> Self::Of<U>
    where
        T: 'a;

    /// The container with each tensor replaced, in order.
    fn map(&self, f: &mut impl FnMut(&Tensor<T>) -> Tensor<T>) -> Self;

    /// The tensors, in order.
    fn leaves(&self) -> Vec<&Tensor<T>> {
        let mut leaves = Vec::new();
        self.each(&mut |x| leaves.push(x));
        leaves
    }
}

impl<T: Float> Tree<T> for Tensor<T> {
    type Of<U> = U;

    fn each<'a, U>(&'a self, f: &mut impl FnMut(&'a Tensor<T>) -> U) -> U
    where
        T: 'a,
    {
        f(self)
    }

    fn map(&self, f: &mut impl FnMut(&Tensor<T>) -> Tensor<T>) -> Self {
        f(self)
    }
}

impl<T: Float, A: Tree<T>, const N: usize> Tree<T> for [A; N] {
    type Of<U> = [A::Of<U>; N];

    fn each<'a, U>(&'a self, f: &mut impl FnMut(&'a Tensor<T>) -> U) -> Self::Of<U>
    where
        T: 'a,
    {
        std::array::from_fn(|i| self[i].each(f))
    }

    fn map(&self, f: &mut impl FnMut(&Tensor<T>) -> Tensor<T>) -> Self {
        std::array::from_fn(|i| self[i].map(f))
    }
}

impl<T: Float, A: Tree<T>> Tree<T> for Vec<A> {
    type Of<U> = Vec<A::Of<U>>;

    fn each<'a, U>(&'a self, f: &mut impl FnMut(&'a Tensor<T>) -> U) -> Self::Of<U>
    where
        T: 'a,
    {
        self.iter().map(|a| a.each(f)).collect()
    }

    fn map(&self, f: &mut impl FnMut(&Tensor<T>) -> Tensor<T>) -> Self {
        self.iter().map(|a| a.map(f)).collect()
    }
}

macro_rules! tuple {
    ($($name:ident $at:tt),+) => {
        impl<T: Float, $($name: Tree<T>),+> Tree<T> for ($($name,)+) {
            type Of<U> = ($($name::Of<U>,)+);

            fn each<'a, U>(&'a self, f: &mut impl FnMut(&'a Tensor<T>) -> U) -> Self::Of<U>
            where
                T: 'a,
            {
                ($(self.$at.each(f),)+)
            }

            fn map(&self, f: &mut impl FnMut(&Tensor<T>) -> Tensor<T>) -> Self {
                ($(self.$at.map(f),)+)
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
