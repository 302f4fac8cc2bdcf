//! Comparisons, which give masks and have no gradient.

use crate::Float;
use crate::indices::Mask;
use crate::kernels::broadcast;
use crate::shape::{broadcast as broadcast_shapes, refuse};
use crate::tensor::Tensor;

/// What a tensor is compared with: another one, which broadcasts, or a number.
pub trait Comparand<T: Float> {
    #[doc(hidden)]
    fn comparand(&self) -> Tensor<T>;
}

impl<T: Float> Comparand<T> for &Tensor<T> {
    fn comparand(&self) -> Tensor<T> {
        Tensor::from(self.value.clone())
    }
}

impl<T: Float> Comparand<T> for f64 {
    fn comparand(&self) -> Tensor<T> {
        Tensor::scalar(*self)
    }
}

macro_rules! comparison {
    ($name:ident, $operator:tt, $what:literal) => {
        #[doc = concat!("Where this tensor's element is ", $what, " the other's, broadcast. It has no gradient.")]
        ///
        /// ```
        /// # use wengert::prelude::*;
        /// let x = Tensor::<f64>::from_vec([3], vec![1.0, 2.0, 3.0]);
        #[doc = concat!("assert_eq!(x.", stringify!($name), "(2.0).to_vec(), [1.0 ", stringify!($operator),
            " 2.0, 2.0 ", stringify!($operator), " 2.0, 3.0 ", stringify!($operator), " 2.0]);")]
        /// ```
        ///
        /// # Panics
        /// If the shapes do not broadcast.
        #[track_caller]
        pub fn $name(&self, other: impl Comparand<T>) -> Mask {
            self.compare(stringify!($name), &other.comparand(), #[inline(always)] |a, b| a $operator b)
        }
    };
}

impl<T: Float> Tensor<T> {
    comparison!(eq, ==, "equal to");
    comparison!(ne, !=, "not equal to");
    comparison!(lt, <, "less than");
    comparison!(le, <=, "at most");
    comparison!(gt, >, "greater than");
    comparison!(ge, >=, "at least");

    #[track_caller]
    fn compare(
        &self,
        name: &'static str,
        other: &Self,
        holds: impl Fn(T, T) -> bool + Copy + Send + Sync,
    ) -> Mask {
        let shape = match broadcast_shapes(self.shape(), other.shape()) {
            Ok(shape) => shape,
            Err(error) => refuse(error.of(name, &[self.shape(), other.shape()])),
        };
        self.cut(name);
        let mut out = vec![false; shape.iter().product()];
        broadcast::map2_broadcast(self.view(), other.view(), &shape, &mut out, holds);
        Mask::from_vec(&shape, out)
    }
}
