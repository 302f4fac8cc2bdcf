//! Comparisons, which give masks and have no gradient.

use crate::Float;
use crate::kernels::{broadcast, vector};
use crate::mask::Mask;
use crate::shape::{broadcast as broadcast_shapes, refuse};
use crate::tensor::Tensor;

/// What stands beside a tensor in an operation that takes either: another tensor, which broadcasts, or a number.
pub trait Operand<T: Float> {
    #[doc(hidden)]
    fn operand(self) -> Tensor<T>;
}

impl<T: Float> Operand<T> for &Tensor<T> {
    fn operand(self) -> Tensor<T> {
        self.clone()
    }
}

impl<T: Float> Operand<T> for Tensor<T> {
    fn operand(self) -> Tensor<T> {
        self
    }
}

impl<T: Float> Operand<T> for f64 {
    fn operand(self) -> Tensor<T> {
        Tensor::scalar(self)
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
        pub fn $name(&self, other: impl Operand<T>) -> Mask {
            self.compare(stringify!($name), &other.operand(), #[inline(always)] |a, b| a $operator b)
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

    /// Where an element is NaN. It has no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![1.0, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.isnan().to_vec(), [false, true, false]);
    /// ```
    #[track_caller]
    pub fn isnan(&self) -> Mask {
        self.examine(
            "isnan",
            #[inline(always)]
            |x| x.is_nan(),
        )
    }

    /// Where an element is ∞ or −∞. It has no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![1.0, f64::NAN, f64::NEG_INFINITY]);
    /// assert_eq!(x.isinf().to_vec(), [false, false, true]);
    /// ```
    #[track_caller]
    pub fn isinf(&self) -> Mask {
        self.examine(
            "isinf",
            #[inline(always)]
            |x| x.abs() == T::infinity(),
        )
    }

    /// Where an element is neither NaN nor infinite. It has no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![1.0, f64::NAN, f64::INFINITY]);
    /// assert_eq!(x.isfinite().to_vec(), [true, false, false]);
    /// ```
    #[track_caller]
    pub fn isfinite(&self) -> Mask {
        self.examine(
            "isfinite",
            #[inline(always)]
            |x| x.abs() < T::infinity(),
        )
    }

    #[track_caller]
    fn examine(&self, name: &'static str, holds: impl Fn(T) -> bool + Copy + Send + Sync) -> Mask {
        self.cut(name);
        let x = self.value.contiguous();
        let mut out = vec![false; x.len()];
        vector::map(x.as_slice().expect("row-major"), &mut out, holds);
        Mask::from_vec(x.shape(), out)
    }

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
