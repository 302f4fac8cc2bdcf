//! Shapes, axes and the error of a program whose shapes do not fit.

use std::fmt;
use std::ops::RangeFull;

use smallvec::SmallVec;

/// The sizes of a tensor's axes, outermost first. Up to four stand inline.
pub type Shape = SmallVec<[usize; 4]>;

/// One shape for each output of a function.
pub type Shapes = SmallVec<[Shape; 1]>;

/// Why an operation cannot take its inputs.
///
/// Methods of [`Tensor`](crate::Tensor) panic with this text at the caller's line;
/// [`try_apply`](crate::try_apply) returns it.
///
/// ```
/// use wengert::prelude::*;
///
/// let (a, b) = (Tensor::<f32>::zeros([2, 3]), Tensor::zeros([4, 5]));
/// let error = autodiff::try_apply(autodiff::ops::MatMul::default(), &[&a, &b]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "matmul: axis 1 of the left operand has 3 elements, axis 0 of the right has 4 (inputs [2, 3], [4, 5])"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError {
    operation: &'static str,
    inputs: Vec<Vec<usize>>,
    detail: String,
}

impl ShapeError {
    /// An error with the sentence that says what does not fit; the operation's name and its inputs'
    /// shapes are added where the function is applied.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { operation: "", inputs: Vec::new(), detail: detail.into() }
    }

    pub(crate) fn of(mut self, operation: &'static str, inputs: &[&[usize]]) -> Self {
        self.operation = operation;
        self.inputs = inputs.iter().map(|s| s.to_vec()).collect();
        self
    }

    /// The name of the operation that was refused.
    pub fn operation(&self) -> &'static str {
        self.operation
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.operation.is_empty() {
            write!(f, "{}: ", self.operation)?;
        }
        f.write_str(&self.detail)?;
        match &self.inputs[..] {
            [] => Ok(()),
            [one] => write!(f, " (input {one:?})"),
            many => {
                f.write_str(" (inputs ")?;
                for (i, shape) in many.iter().take(8).enumerate() {
                    write!(f, "{}{shape:?}", if i == 0 { "" } else { ", " })?;
                }
                if many.len() > 8 {
                    write!(f, " and {} more", many.len() - 8)?;
                }
                f.write_str(")")
            }
        }
    }
}

impl std::error::Error for ShapeError {}

/// A set of axes to reduce over, and whether they stay as axes of size 1.
///
/// Written as `..` (all axes), one number or an array of numbers; negative numbers count from the last
/// axis. [`keepdim`] keeps the reduced axes.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::ones([2, 3, 4]);
/// assert_eq!(x.sum(..).item(), 24.0);
/// assert_eq!(x.sum(1).shape(), [2, 4]);
/// assert_eq!(x.sum([0, -1]).shape(), [3]);
/// assert_eq!(x.sum(keepdim([0, -1])).shape(), [1, 3, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    /// `None` stands for all.
    axes: Option<SmallVec<[isize; 4]>>,
    keepdim: bool,
}

/// The same axes, kept as axes of size 1 in the result of a reduction.
pub fn keepdim(axes: impl Into<Axes>) -> Axes {
    Axes { keepdim: true, ..axes.into() }
}

impl From<RangeFull> for Axes {
    fn from(_: RangeFull) -> Self {
        Self { axes: None, keepdim: false }
    }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Self { axes: Some(smallvec::smallvec![axis]), keepdim: false }
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Self { axes: Some(SmallVec::from_slice(&axes)), keepdim: false }
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Self { axes: Some(SmallVec::from_slice(axes)), keepdim: false }
    }
}

impl Axes {
    /// Whether the reduced axes stay with size 1.
    pub fn keeps_dims(&self) -> bool {
        self.keepdim
    }

    /// The axes as numbers below `rank`, ascending.
    ///
    /// # Errors
    /// An axis out of range, or one named twice.
    pub fn resolve(&self, rank: usize) -> Result<SmallVec<[usize; 4]>, ShapeError> {
        let Some(axes) = &self.axes else { return Ok((0..rank).collect()) };
        let mut out = SmallVec::new();
        for &axis in axes {
            let a = resolve_axis(axis, rank)?;
            if out.contains(&a) {
                return Err(ShapeError::new(format!("axis {axis} is named twice")));
            }
            out.push(a);
        }
        out.sort_unstable();
        Ok(out)
    }
}

/// An axis as a number below `rank`; negative ones count from the end.
///
/// # Errors
/// The axis is out of range.
pub(crate) fn resolve_axis(axis: isize, rank: usize) -> Result<usize, ShapeError> {
    let resolved = if axis < 0 { axis + rank as isize } else { axis };
    if (0..rank as isize).contains(&resolved) {
        Ok(resolved as usize)
    } else {
        Err(ShapeError::new(format!("axis {axis} is out of range for a tensor of rank {rank}")))
    }
}

/// The shape of a reduction over `axes` (ascending).
pub(crate) fn reduced(shape: &[usize], axes: &[usize], keepdim: bool) -> Shape {
    let mut out = Shape::new();
    for (a, &n) in shape.iter().enumerate() {
        if !axes.contains(&a) {
            out.push(n);
        } else if keepdim {
            out.push(1);
        }
    }
    out
}

/// The shape two operands broadcast to: aligned at the last axis, sizes equal or 1.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Shape, ShapeError> {
    if same(a, b) {
        return Ok(copied(a));
    }
    let rank = a.len().max(b.len());
    let mut out = Shape::from_elem(1, rank);
    for (back, o) in out.iter_mut().rev().enumerate() {
        let n = a.iter().rev().nth(back).copied().unwrap_or(1);
        let m = b.iter().rev().nth(back).copied().unwrap_or(1);
        *o = match (n, m) {
            (n, m) if n == m => n,
            (1, m) => m,
            (n, 1) => n,
            (n, m) => {
                return Err(ShapeError::new(format!(
                    "axis -{} has {n} elements in the left operand and {m} in the right; \
                     sizes must be equal or 1",
                    back + 1
                )));
            }
        };
    }
    Ok(out)
}

/// A shape of these sizes, of which a few are quicker to write one by one than with a call that copies memory.
#[inline]
pub(crate) fn copied(sizes: &[usize]) -> Shape {
    let few = match *sizes {
        [] => [0; 4],
        [a] => [a, 0, 0, 0],
        [a, b] => [a, b, 0, 0],
        [a, b, c] => [a, b, c, 0],
        [a, b, c, d] => [a, b, c, d],
        _ => return Shape::from_slice(sizes),
    };
    Shape::from_buf_and_len(few, sizes.len())
}

/// Whether two shapes are equal: for a few sizes a loop is quicker than a call that compares memory.
#[inline]
pub(crate) fn same(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// Whether a tensor of shape `from` broadcasts to exactly `to`.
pub(crate) fn broadcasts_to(from: &[usize], to: &[usize]) -> bool {
    from.len() <= to.len() && from.iter().rev().zip(to.iter().rev()).all(|(&f, &t)| f == t || f == 1)
}

/// The number of elements of a shape.
///
/// # Errors
/// More than `isize::MAX`, which no memory holds.
pub(crate) fn checked_len(shape: &[usize]) -> Result<usize, ShapeError> {
    // An empty tensor is empty whatever its other sizes are.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1usize, |n, &s| n.checked_mul(s))
        .filter(|&n| n <= isize::MAX as usize / 8)
        .ok_or_else(|| {
            ShapeError::new(format!("a tensor of shape {shape:?} is larger than the address space"))
        })
}

#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn refuse(error: ShapeError) -> ! {
    panic!("{error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_in_numpy() {
        assert_eq!(broadcast(&[3, 1], &[4]).unwrap().as_slice(), [3, 4]);
        assert_eq!(broadcast(&[], &[2, 0]).unwrap().as_slice(), [2, 0]);
        assert_eq!(broadcast(&[1], &[0]).unwrap().as_slice(), [0]);
        let text = broadcast(&[2, 3], &[2, 4]).unwrap_err().to_string();
        assert!(text.contains("axis -1 has 3 elements in the left operand and 4 in the right"), "{text}");
    }

    #[test]
    fn axes_count_from_both_ends_and_stand_once() {
        assert_eq!(Axes::from([2, -3]).resolve(3).unwrap().as_slice(), [0, 2]);
        assert!(Axes::from([0, -3]).resolve(3).unwrap_err().to_string().contains("named twice"));
        assert!(Axes::from(3).resolve(3).unwrap_err().to_string().contains("out of range"));
        assert_eq!(Axes::from(..).resolve(2).unwrap().as_slice(), [0, 1]);
    }
}
