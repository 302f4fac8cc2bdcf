//! Padding: by a constant, or by what the tensor holds.

use ndarray::{Axis, Slice as Part};
use smallvec::{SmallVec, smallvec};

use super::{IndexSelect, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Pad);

/// What stands in the border that [`Tensor::pad`] adds: a constant, or elements of the tensor.
///
/// A number stands for the constant. After 1, 2, 3, 4 come, for a width of 2 on both sides:
///
/// * [`Constant(0.0)`](Self::Constant): 0, 0, 1, 2, 3, 4, 0, 0
/// * [`Reflect`](Self::Reflect): 3, 2, 1, 2, 3, 4, 3, 2
/// * [`Replicate`](Self::Replicate): 1, 1, 1, 2, 3, 4, 4, 4
/// * [`Circular`](Self::Circular): 3, 4, 1, 2, 3, 4, 1, 2
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// A number.
    Constant(f64),
    /// The elements mirrored at the first and the last one, which are not repeated; the widths must be
    /// smaller than the axis.
    Reflect,
    /// The first and the last element.
    Replicate,
    /// The elements from the other end; the widths must not exceed the axis.
    Circular,
}

impl From<f64> for PadMode {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl PadMode {
    /// The index that each element of a padded axis of `n` elements comes from.
    ///
    /// Where one side takes elements away, a border on the other side still mirrors those; a circular one
    /// goes around what is left. PyTorch does the same.
    fn sources(self, axis: usize, n: usize, (before, after): (isize, isize)) -> Result<Vec<i64>, ShapeError> {
        let size = padded_size(axis, n, (before, after))? as isize;
        let fail = |what: &str| {
            Err(ShapeError::new(format!(
                "axis {axis} of {n} elements cannot be padded by ({before}, {after}): {what}"
            )))
        };
        let (n, widest) = (n as isize, before.max(after));
        let (first, left) = ((-before).max(0), n + before.min(0) + after.min(0));
        match self {
            Self::Reflect if widest > 0 && widest >= n => return fail("a reflection needs a longer axis"),
            Self::Replicate if widest > 0 && n == 0 => return fail("there is nothing to repeat"),
            Self::Circular if widest > left.max(0) => {
                return fail("a circular border goes around once at most");
            }
            _ => {}
        }
        let source = |to: isize| match self {
            Self::Constant(_) => unreachable!("a constant comes from nowhere"),
            Self::Reflect => {
                let from = (to - before).abs();
                if from < n { from } else { 2 * (n - 1) - from }
            }
            Self::Replicate => (to - before).clamp(0, n - 1),
            Self::Circular => first + (to - before.max(0)).rem_euclid(left),
        };
        Ok((0..size).map(|to| source(to) as i64).collect())
    }
}

/// The size of an axis with a border.
fn padded_size(axis: usize, n: usize, (before, after): (isize, isize)) -> Result<usize, ShapeError> {
    let size = (n as isize).checked_add(before).and_then(|s| s.checked_add(after));
    size.and_then(|s| usize::try_from(s).ok()).ok_or_else(|| {
        ShapeError::new(format!("axis {axis} of {n} elements cannot be padded by ({before}, {after})"))
    })
}

/// One pair of widths for each axis.
fn check_widths(shape: &[usize], widths: &[(isize, isize)]) -> Result<(), ShapeError> {
    if widths.len() == shape.len() {
        return Ok(());
    }
    Err(ShapeError::new(format!(
        "{} pairs of widths were given for a tensor of rank {}",
        widths.len(),
        shape.len()
    )))
}

/// A tensor surrounded by a constant. Rule: dx = dy without the border.
#[derive(Clone, Debug)]
pub struct Pad {
    /// For each axis, how many elements are added before and after. Negative numbers take elements away.
    pub widths: SmallVec<[(isize, isize); 4]>,
    /// What is added.
    pub value: f64,
}

impl<T: Float> Function<T> for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shape = inputs[0];
        check_widths(shape, &self.widths)?;
        let mut out = Shape::new();
        for (axis, (&n, &widths)) in shape.iter().zip(&self.widths).enumerate() {
            out.push(padded_size(axis, n, widths)?);
        }
        Ok(smallvec![out])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0];
        let mut shape = Shape::new();
        let (mut from, mut to): (SmallVec<[Part; 4]>, SmallVec<[Part; 4]>) = (smallvec![], smallvec![]);
        for (&n, &(before, after)) in x.shape().iter().zip(&self.widths) {
            let size = n as isize + before + after;
            shape.push(size as usize);
            // The source's elements lie at `before..before + n` of the result, as far as it reaches.
            let start = before.clamp(0, size);
            let end = (before + n as isize).clamp(start, size);
            to.push(Part::from(start..end));
            from.push(Part::from(start - before..end - before));
        }
        let mut out = Value::full(&shape, T::from_f64(self.value));
        let source = x.view();
        let mut source = source;
        let mut target = out.view_mut();
        for axis in 0..shape.len() {
            if to[axis].start == to[axis].end.expect("written out") {
                return out.into();
            }
            source.slice_axis_inplace(Axis(axis), from[axis]);
            target.slice_axis_inplace(Axis(axis), to[axis]);
        }
        target.assign(&source);
        drop(target);
        out.into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let widths = self.widths.iter().map(|&(before, after)| (-before, -after)).collect();
        single(apply_one(Pad { widths, value: 0.0 }, &[only(grads)]))
    }
}

/// For each axis that a border is added to, from the last on, the slices of the axis that it is made of.
type Selections = SmallVec<[(usize, Indices); 4]>;

fn selections(shape: &[usize], widths: &[(isize, isize)], mode: PadMode) -> Result<Selections, ShapeError> {
    check_widths(shape, widths)?;
    let mut all = Selections::new();
    for (axis, (&n, &widths)) in shape.iter().zip(widths).enumerate().rev() {
        if widths != (0, 0) {
            all.push((axis, mode.sources(axis, n, widths)?.into()));
        }
    }
    Ok(all)
}

impl<T: Float> Tensor<T> {
    /// The tensor with `widths[a] = (before, after)` elements added on axis a: a constant, or what a
    /// [`PadMode`] says. Negative widths take elements away.
    ///
    /// The gradient of an element that a border repeats is the sum of those of all its copies.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.pad([(1, 2)], 0.0).to_vec(), [0.0, 1.0, 2.0, 0.0, 0.0]);
    /// assert_eq!(x.pad([(-1, 1)], 9.0).to_vec(), [2.0, 9.0]);
    /// assert_eq!(x.pad([(1, 1)], PadMode::Reflect).to_vec(), [2.0, 1.0, 2.0, 1.0]);
    /// assert_eq!(x.pad([(2, 1)], PadMode::Replicate).to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0]);
    /// assert_eq!(x.pad([(1, 2)], PadMode::Circular).to_vec(), [2.0, 1.0, 2.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If there is not one pair for each axis, more is taken away than there is, or an axis is too short for
    /// the mode.
    #[track_caller]
    pub fn pad(&self, widths: impl AsRef<[(isize, isize)]>, mode: impl Into<PadMode>) -> Self {
        let (widths, mode) = (widths.as_ref(), mode.into());
        if let PadMode::Constant(value) = mode {
            return apply_one(Pad { widths: SmallVec::from_slice(widths), value }, &[self]);
        }
        let selections = match selections(self.shape(), widths, mode) {
            Ok(selections) => selections,
            Err(error) => refuse(error.of("pad", &[self.shape()])),
        };
        let mut padded = self.clone();
        for (axis, indices) in selections {
            padded = apply_one(IndexSelect { axis, indices }, &[&padded]);
        }
        padded
    }
}
