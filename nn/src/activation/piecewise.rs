//! Activations of straight pieces.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use super::layer;
use crate::{Layer, Module};

layer! {
    /// min(max(x, 0), 6), in 0..6: a rectifier that fits small number formats.
    ///
    /// After Krizhevsky, "Convolutional deep belief networks on CIFAR-10" (2010).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([3], vec![-1.0, 2.5, 7.0]);
    /// assert_eq!(Relu6.forward(&x).to_vec(), [0.0, 2.5, 6.0]);
    /// ```
    Relu6 => |x| x.relu6()
}

layer! {
    /// x brought into min_val..max_val.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([3], vec![-3.0, 0.5, 3.0]);
    /// assert_eq!(Hardtanh::default().forward(&x).to_vec(), [-1.0, 0.5, 1.0]);
    /// assert_eq!(Hardtanh::new(-2.0, 0.0).forward(&x).to_vec(), [-2.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if min_val > max_val, or one of them is NaN.
    Hardtanh {
        /// The least value (default: −1).
        min_val: f64 = -1.0,
        /// The greatest value (default: 1).
        max_val: f64 = 1.0,
    } => |x| x.hardtanh(min_val, max_val)
}

layer! {
    /// x/6 + ½, brought into 0..1: a sigmoid of straight pieces.
    ///
    /// After Courbariaux, Bengio and David, "BinaryConnect: training deep neural networks with binary weights during
    /// propagations" (2015), with the slope 1/6 as in PyTorch.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([3], vec![-4.0, 1.5, 4.0]);
    /// assert_eq!(Hardsigmoid.forward(&x).to_vec(), [0.0, 0.75, 1.0]);
    /// ```
    Hardsigmoid => |x| x.hardsigmoid()
}

layer! {
    /// x·hardsigmoid(x), from −3/8 on: near [`Silu`](crate::Silu) without an exponential.
    ///
    /// After Howard et al., "Searching for MobileNetV3" (2019).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([3], vec![-4.0, 1.0, 4.0]);
    /// assert_eq!(Hardswish.forward(&x).to_vec(), [0.0, 4.0 / 6.0, 4.0]);
    /// ```
    Hardswish => |x| x.hardswish()
}

layer! {
    /// 0 where −λ ≤ x ≤ λ, x elsewhere.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(Hardshrink::default().forward(&x).to_vec(), [-2.0, 0.0, 3.0]);
    /// ```
    Hardshrink {
        /// The half-width λ of what becomes 0 (default: 0.5).
        lambd: f64 = 0.5,
    } => |x| x.hardshrink(lambd)
}

layer! {
    /// x brought nearer to 0 by λ, and 0 where −λ ≤ x ≤ λ.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(Softshrink::default().forward(&x).to_vec(), [-1.5, 0.0, 2.5]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if λ is negative or NaN.
    Softshrink {
        /// How far x is moved, λ (default: 0.5).
        lambd: f64 = 0.5,
    } => |x| x.softshrink(lambd)
}

/// x where x > threshold, a fixed value elsewhere.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([2], vec![0.1, 3.0]);
/// assert_eq!(Threshold::new(0.1, -20.0).forward(&x).to_vec(), [-20.0, 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// What x is compared with.
    pub threshold: f64,
    /// What stands for an x that is not greater.
    pub value: f64,
}

impl Threshold {
    /// The layer with these options.
    pub const fn new(threshold: f64, value: f64) -> Self {
        Self { threshold, value }
    }
}

impl<T: Float> Layer<T> for Threshold {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.threshold(self.threshold, self.value)
    }
}
