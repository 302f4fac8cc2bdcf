//! Loss functions: from a model's outputs and targets to one number.
//!
//! Each loss has a method with the defaults and one that ends in `_with` and takes options, or a
//! [`Reduction`] alone. Labels and targets are data: what cannot be one (a class out of range, a target that
//! is NaN) panics at the caller's line and says which and where, while NaN in predictions goes through to the
//! loss.

mod binary;
mod cross_entropy;
mod ctc;
mod divergence;
mod embedding;
mod focal;
mod margin;
mod pointwise;
mod regression;

pub use binary::*;
pub use cross_entropy::*;
pub use ctc::*;
pub use divergence::*;
pub use embedding::*;
pub use focal::*;
pub use margin::*;
pub use regression::*;

use super::elementwise::Share;
use crate::Float;
use crate::indices::Indices;
use crate::kernels::vector;
use crate::mask::Mask;
use crate::shape::{ShapeError, broadcast, refuse};
use crate::tensor::{Tensor, apply_one};

/// What becomes of the losses of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Nothing: one loss for each example.
    None,
}

impl Reduction {
    /// The losses of a batch, reduced: their mean over all elements, NaN if there are none, their sum, or themselves.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let losses = Tensor::<f32>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(Reduction::Mean.reduce(losses.clone()).item(), 1.5);
    /// assert_eq!(Reduction::None.reduce(losses).to_vec(), [1.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn reduce<T: Float>(self, losses: Tensor<T>) -> Tensor<T> {
        match self {
            Self::Mean => losses.mean(..),
            Self::Sum => losses.sum(..),
            Self::None => losses,
        }
    }

    /// The same, where the mean is the sum divided by a number of its own: the sum of the weights, the count
    /// of what is known. None stands for the number of losses.
    #[track_caller]
    fn reduce_by<T: Float>(self, losses: Tensor<T>, divisor: Option<f64>) -> Tensor<T> {
        match (self, divisor) {
            (Self::Mean, Some(divisor)) => losses.sum(..) / divisor,
            _ => self.reduce(losses),
        }
    }
}

/// Declares the options of a loss: a builder method and a default for each, and the reduction, which alone
/// stands for the options too.
macro_rules! options {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name {
            $($field: $type,)*
            reduction: $crate::ops::Reduction,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* reduction: $crate::ops::Reduction::Mean }
            }
        }

        impl $name {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$about])*
                pub const fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*

            /// What becomes of the losses (default: their mean).
            pub const fn reduction(mut self, reduction: $crate::ops::Reduction) -> Self {
                self.reduction = reduction;
                self
            }
        }

        impl From<$crate::ops::Reduction> for $name {
            fn from(reduction: $crate::ops::Reduction) -> Self {
                Self::new().reduction(reduction)
            }
        }
    };
}
use options;

/// Losses of tensors that merely broadcast are a mistake nearly always: [n, 1] with [n] would be n² losses.
#[track_caller]
fn same_shape<T: Float>(operation: &'static str, x: &Tensor<T>, target: &Tensor<T>) {
    if x.shape() != target.shape() {
        let broadcasts = broadcast(x.shape(), target.shape()).is_ok();
        let hint = if broadcasts { "; broadcast_to makes them equal if that is meant" } else { "" };
        refuse(
            ShapeError::new(format!("predictions and targets must have the same shape{hint}"))
                .of(operation, &[x.shape(), target.shape()]),
        );
    }
}

#[track_caller]
fn refuse_empty<T: Float>(operation: &'static str, losses: &Tensor<T>, reduction: Reduction) {
    if reduction == Reduction::Mean && losses.is_empty() {
        refuse(ShapeError::new("an empty batch has no mean loss").of(operation, &[losses.shape()]));
    }
}

/// A target that is not a number would silently make every weight one.
#[track_caller]
fn refuse_nan<T: Float>(operation: &'static str, targets: &Tensor<T>) {
    refuse_where(operation, targets, |t| t.is_nan(), |_, at| format!("the target at position {at} is NaN"));
}

/// Refuses data of which an element is `bad`, with the sentence that says which.
#[track_caller]
fn refuse_where<T: Float>(
    operation: &'static str,
    data: &Tensor<T>,
    bad: impl Fn(T) -> bool + Copy,
    says: impl FnOnce(T, usize) -> String,
) {
    let data = data.value.contiguous();
    let elements = data.as_slice().expect("row-major");
    if let Some(at) = vector::position(elements, bad) {
        refuse(ShapeError::new(says(elements[at], at)).of(operation, &[data.shape()]));
    }
}

/// Labels 1 and −1 as a tensor of a shape.
#[track_caller]
fn signs<T: Float>(operation: &'static str, labels: &Indices, shape: &[usize]) -> Tensor<T> {
    if labels.shape() != shape {
        let detail = format!("the labels {:?} have not the shape of the scores, {shape:?}", labels.shape());
        refuse(ShapeError::new(detail).of(operation, &[shape, labels.shape()]));
    }
    let signs = labels.as_slice();
    if let Some(at) = signs.iter().position(|&label| label != 1 && label != -1) {
        let detail = format!("label {} at position {at} is neither 1 nor -1", signs[at]);
        refuse(ShapeError::new(detail).of(operation, &[shape]));
    }
    let sign = |&label: &i64| if label == 1 { T::one() } else { -T::one() };
    Tensor::from_vec(shape, signs.iter().map(sign).collect())
}

/// w·x, and 0 where w = 0 whatever x is there: infinite and NaN elements leave no trace, nor do gradients.
#[track_caller]
fn keep<T: Float>(x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    apply_one(Share, &[x, w])
}

/// Which of some elements are known, as a tensor of ones and zeros of their shape.
#[track_caller]
fn known_of<T: Float>(operation: &'static str, known: &Mask, shape: &[usize]) -> Tensor<T> {
    if known.shape() != shape {
        let detail =
            format!("the mask {:?} of what is known has not the shape of the targets", known.shape());
        refuse(ShapeError::new(detail).of(operation, &[shape]));
    }
    known.to_tensor()
}

/// Losses times weights that broadcast to them; the weights are constants.
#[track_caller]
fn weighted<T: Float>(operation: &'static str, losses: Tensor<T>, weight: Option<&Tensor<T>>) -> Tensor<T> {
    let Some(weight) = weight else { return losses };
    check_broadcasts(operation, "weight", weight, losses.shape());
    losses * weight.detach()
}

#[track_caller]
fn check_broadcasts<T: Float>(operation: &'static str, what: &str, weight: &Tensor<T>, shape: &[usize]) {
    if !crate::shape::broadcasts_to(weight.shape(), shape) {
        let detail = format!("the {what} {:?} does not broadcast to the losses", weight.shape());
        refuse(ShapeError::new(detail).of(operation, &[shape]));
    }
}
