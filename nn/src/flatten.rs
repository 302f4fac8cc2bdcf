//! Many axes made one, and one made many.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

/// Joins the axes from one to another, all but the first unless told otherwise:
/// [batch, channels, height, width] becomes [batch, features].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([2, 3, 4, 5]);
/// assert_eq!(Flatten::new().forward(&x).shape(), [2, 60]);
/// assert_eq!(Flatten::new().start(0).end(-2).forward(&x).shape(), [24, 5]);
/// ```
///
/// # Panics
/// In `forward`, if an axis is out of range or the last stands before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flatten {
    #[serde(alias = "start_dim")]
    start: isize,
    #[serde(alias = "end_dim")]
    end: isize,
}

impl Flatten {
    /// From axis 1 to the last.
    pub const fn new() -> Self {
        Self { start: 1, end: -1 }
    }

    /// The first axis that is joined (default: 1). A negative one counts from the last.
    pub const fn start(mut self, axis: isize) -> Self {
        self.start = axis;
        self
    }

    /// The last axis that is joined (default: −1, the last).
    pub const fn end(mut self, axis: isize) -> Self {
        self.end = axis;
        self
    }
}

impl Default for Flatten {
    fn default() -> Self {
        Self::new()
    }
}

/// The axis of a shape, counted from the first.
#[track_caller]
fn resolve(layer: &str, axis: isize, shape: &[usize]) -> usize {
    let rank = shape.len() as isize;
    assert!(
        (-rank..rank).contains(&axis),
        "{layer}: axis {axis} is out of range for the input {shape:?} of rank {rank}"
    );
    axis.rem_euclid(rank) as usize
}

impl<T: Float> Layer<T> for Flatten {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let shape = x.shape();
        let (start, end) = (resolve("Flatten", self.start, shape), resolve("Flatten", self.end, shape));
        assert!(start <= end, "Flatten: axis {end}, the last of {shape:?} to be joined, is before {start}");
        let mut joined = shape[..start].to_vec();
        joined.push(shape[start..=end].iter().product());
        joined.extend_from_slice(&shape[end + 1..]);
        x.reshape(joined)
    }
}

/// Divides an axis into several: the inverse of [`Flatten`].
///
/// ```
/// use wengert::prelude::*;
///
/// let pictures = Unflatten::new(1, [3, 4, 5]);
/// assert_eq!(pictures.forward(&Tensor::<f32>::zeros([2, 60])).shape(), [2, 3, 4, 5]);
/// assert_eq!(Unflatten::new(-1, [-1, 2]).forward(&Tensor::<f32>::zeros([6])).shape(), [3, 2]);
/// ```
///
/// # Panics
/// In `forward`, if the axis is out of range or has not as many elements as the sizes make.
#[derive(Clone, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Unflatten {
    axis: isize,
    #[module(skip)]
    sizes: Vec<isize>,
}

/// What a file says of the layer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(alias = "dim")]
    axis: isize,
    #[serde(alias = "unflattened_size")]
    sizes: Vec<isize>,
}

impl TryFrom<Form> for Unflatten {
    type Error = ConfigError;

    fn try_from(form: Form) -> Result<Self, ConfigError> {
        Self::try_new(form.axis, form.sizes)
    }
}

impl From<Unflatten> for Form {
    fn from(layer: Unflatten) -> Self {
        Self { axis: layer.axis, sizes: layer.sizes }
    }
}

impl Unflatten {
    /// Divides an axis into axes of these sizes. One of them may be −1: what is left for it.
    ///
    /// # Panics
    /// If there are no sizes, or one is negative beside a single −1.
    #[track_caller]
    pub fn new(axis: isize, sizes: impl Into<Vec<isize>>) -> Self {
        expect(Self::try_new(axis, sizes))
    }

    /// The same for sizes that come from outside the program.
    ///
    /// # Errors
    /// Where [`new`](Self::new) panics.
    pub fn try_new(axis: isize, sizes: impl Into<Vec<isize>>) -> Result<Self, ConfigError> {
        let sizes = sizes.into();
        let left_open = sizes.iter().filter(|&&size| size == -1).count();
        let valid = !sizes.is_empty() && left_open <= 1 && sizes.iter().all(|&size| size >= -1);
        let expected = "sizes from 0 on, of which one may be -1";
        Check("Unflatten").that(valid, "sizes", format_args!("{sizes:?}"), expected)?;
        Ok(Self { axis, sizes })
    }

    /// The sizes for an axis of `n` elements.
    fn divided(&self, n: usize) -> Option<Vec<usize>> {
        let mut known = self.sizes.iter().filter(|&&size| size >= 0);
        let known = known.try_fold(1usize, |product, &size| product.checked_mul(size as usize))?;
        let rest = n.checked_div(known).unwrap_or(0);
        let size = |&size: &isize| usize::try_from(size).unwrap_or(rest);
        let sizes: Vec<usize> = self.sizes.iter().map(size).collect();
        let made = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        (made == Some(n)).then_some(sizes)
    }
}

impl<T: Float> Layer<T> for Unflatten {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let (shape, sizes) = (x.shape(), &self.sizes);
        let axis = resolve("Unflatten", self.axis, shape);
        let Some(divided) = self.divided(shape[axis]) else {
            panic!(
                "Unflatten: axis {axis} of the input {shape:?} has {} elements, not those of {sizes:?}",
                shape[axis]
            )
        };
        x.reshape([&shape[..axis], &divided, &shape[axis + 1..]].concat())
    }
}
