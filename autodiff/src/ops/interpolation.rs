//! Resampling to another size: nearest, linear and cubic interpolation, and area averages.

use std::array;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::{SmallVec, smallvec};

use super::{one, only, single, sizes};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::resample::{Taps, resample};
use crate::kernels::scratch::Scratch;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Interpolate, InterpolateBackward);

/// How [`Tensor::interpolate`] finds an element of the result from those near its source coordinate s.
///
/// In a file they have PyTorch's names: `"nearest"`, `"nearest-exact"`, `"linear"`, ….
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// Element ⌊i / scale⌋ for element i of the result: the lower corner decides, as in PyTorch's `nearest`.
    #[default]
    Nearest,
    /// Element ⌊(i + ½) / scale⌋: the middle decides.
    NearestExact,
    /// The two neighbours of s on the axis of rows [N, C, L], weighted by their nearness.
    Linear,
    /// The same along both axes of pictures [N, C, H, W].
    Bilinear,
    /// The same along the three axes of volumes [N, C, D, H, W].
    Trilinear,
    /// Four neighbours along each axis of pictures [N, C, H, W], by Keys's kernel with a = −¾ (Cubic
    /// convolution interpolation for digital image processing, 1981). The result may overshoot the input's
    /// range.
    Bicubic,
    /// The mean of the window ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ of n elements into m: an adaptive average pooling.
    Area,
}

/// A number for each spatial axis, or one for all of them.
#[derive(Clone, Debug, PartialEq)]
enum PerAxis<V> {
    All(V),
    Each(SmallVec<[V; 3]>),
}

impl<V: Copy> PerAxis<V> {
    fn axis(&self, axis: usize) -> V {
        match self {
            Self::All(value) => *value,
            Self::Each(values) => values[axis],
        }
    }

    /// Whether there is one for each of `axes` axes, and how many there are.
    fn fits(&self, axes: usize) -> Result<(), usize> {
        match self {
            Self::Each(values) if values.len() != axes => Err(values.len()),
            _ => Ok(()),
        }
    }
}

/// A number for all spatial axes, or an array with one for each: what [`Interpolate::size`] and
/// [`Interpolate::scale_factor`] take.
#[derive(Clone, Debug, PartialEq)]
pub struct Extents<V>(PerAxis<V>);

impl<V> From<V> for Extents<V> {
    fn from(value: V) -> Self {
        Self(PerAxis::All(value))
    }
}

impl<V: Copy, const N: usize> From<[V; N]> for Extents<V> {
    fn from(values: [V; N]) -> Self {
        Self(PerAxis::Each(values.into_iter().collect()))
    }
}

impl<V: Serialize> Serialize for Extents<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            PerAxis::All(value) => value.serialize(serializer),
            PerAxis::Each(values) => values.as_slice().serialize(serializer),
        }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Extents<V> {
    fn deserialize<S: Deserializer<'de>>(deserializer: S) -> Result<Self, S::Error> {
        Ok(Self(match sizes::PerAxis::deserialize(deserializer)? {
            sizes::PerAxis::All(value) => PerAxis::All(value),
            sizes::PerAxis::Each(values) => PerAxis::Each(values.into_iter().collect()),
        }))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Target {
    Size(PerAxis<usize>),
    Scale(PerAxis<f64>),
}

/// To which size a tensor [N, C, …] is resampled, and how. It is linear in the tensor: its rule adds each
/// element of dy, with the same weights, to those it was made of.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([1, 1, 2], vec![0.0, 1.0]);
/// let linear = |to: Interpolate| x.interpolate(to.mode(Interpolation::Linear)).to_vec();
/// assert_eq!(linear(Interpolate::size(4)), [0.0, 0.25, 0.75, 1.0]);
/// assert_eq!(linear(Interpolate::size(3).align_corners(true)), [0.0, 0.5, 1.0]);
/// assert_eq!(x.interpolate(Interpolate::scale_factor(2.0)).to_vec(), [0.0, 0.0, 1.0, 1.0]);
/// ```
///
/// In a file it is a map of either `size` or `scale_factor`, and of the other fields, which may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub struct Interpolate {
    to: Target,
    mode: Interpolation,
    align_corners: bool,
    recompute_scale_factor: bool,
}

/// What a file says of a resampling.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<Extents<usize>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scale_factor: Option<Extents<f64>>,
    #[serde(default)]
    mode: Interpolation,
    #[serde(default)]
    align_corners: bool,
    #[serde(default)]
    recompute_scale_factor: bool,
}

impl TryFrom<Form> for Interpolate {
    type Error = ShapeError;

    fn try_from(form: Form) -> Result<Self, ShapeError> {
        let to = match (form.size, form.scale_factor) {
            (Some(size), None) => Target::Size(size.0),
            (None, Some(factor)) => Target::Scale(factor.0),
            _ => return Err(ShapeError::new("expected either a size or a scale_factor")),
        };
        let interpolate = Self {
            to,
            mode: form.mode,
            align_corners: form.align_corners,
            recompute_scale_factor: form.recompute_scale_factor,
        };
        interpolate.check()?;
        Ok(interpolate)
    }
}

impl From<Interpolate> for Form {
    fn from(interpolate: Interpolate) -> Self {
        let (size, scale_factor) = match interpolate.to {
            Target::Size(size) => (Some(Extents(size)), None),
            Target::Scale(factor) => (None, Some(Extents(factor))),
        };
        Self {
            size,
            scale_factor,
            mode: interpolate.mode,
            align_corners: interpolate.align_corners,
            recompute_scale_factor: interpolate.recompute_scale_factor,
        }
    }
}

impl Interpolate {
    /// To a size: one number for all axes after the second, or an array with one for each.
    pub fn size(size: impl Into<Extents<usize>>) -> Self {
        Self::to(Target::Size(size.into().0))
    }

    /// To ⌊n · factor⌋ elements along axes of n: one number for all axes after the second, or an array with
    /// one for each.
    pub fn scale_factor(factor: impl Into<Extents<f64>>) -> Self {
        Self::to(Target::Scale(factor.into().0))
    }

    fn to(to: Target) -> Self {
        Self { to, mode: Interpolation::Nearest, align_corners: false, recompute_scale_factor: false }
    }

    /// How (default: [`Interpolation::Nearest`]).
    pub const fn mode(mut self, mode: Interpolation) -> Self {
        self.mode = mode;
        self
    }

    /// Whether the middles of the first and last elements of input and result coincide, rather than their
    /// outer edges (default: no). For linear and cubic interpolation.
    pub const fn align_corners(mut self, align: bool) -> Self {
        self.align_corners = align;
        self
    }

    /// Whether coordinates follow from the sizes of the input and the result rather than from the scale
    /// factor (default: no); they differ where n · factor is not whole.
    pub const fn recompute_scale_factor(mut self, recompute: bool) -> Self {
        self.recompute_scale_factor = recompute;
        self
    }

    /// What must be true of the options, whatever the input.
    fn check(&self) -> Result<(), ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let modes = [
            Interpolation::Linear,
            Interpolation::Bilinear,
            Interpolation::Trilinear,
            Interpolation::Bicubic,
        ];
        if self.align_corners && !modes.contains(&self.mode) {
            return fail(format!("mode {:?} has no corners to align", self.mode));
        }
        if self.recompute_scale_factor && matches!(self.to, Target::Size(_)) {
            return fail("a size was given, and no scale factor to recompute".into());
        }
        let wrong = |factor: &f64| !(*factor > 0.0 && factor.is_finite());
        let wrong = match &self.to {
            Target::Scale(PerAxis::All(factor)) => Some(*factor).filter(wrong),
            Target::Scale(PerAxis::Each(factors)) => factors.iter().copied().find(wrong),
            Target::Size(_) => None,
        };
        match wrong {
            Some(factor) => fail(format!("the scale factor {factor} is not positive and finite")),
            None => Ok(()),
        }
    }

    /// The shape of the result.
    fn resized(&self, x: &[usize]) -> Result<Shape, ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let (layout, ranks) = match self.mode {
            Interpolation::Linear => ("[batch, channels, length]", 3..=3),
            Interpolation::Bilinear | Interpolation::Bicubic => ("[batch, channels, height, width]", 4..=4),
            Interpolation::Trilinear => ("[batch, channels, depth, height, width]", 5..=5),
            _ => ("[batch, channels, …] with one to three axes more", 3..=5),
        };
        if !ranks.contains(&x.len()) {
            return fail(format!("the input {x:?} of mode {:?} is not {layout}", self.mode));
        }
        self.check()?;
        let (what, fits) = match &self.to {
            Target::Size(sizes) => ("sizes", sizes.fits(x.len() - 2)),
            Target::Scale(factors) => ("scale factors", factors.fits(x.len() - 2)),
        };
        if let Err(count) = fits {
            return fail(format!("{count} {what} were given for {} axes", x.len() - 2));
        }
        let mut out = Shape::from_slice(x);
        for axis in 2..x.len() {
            let n = x[axis];
            if n == 0 {
                return fail(format!("axis {axis} is empty, and has nothing to interpolate"));
            }
            out[axis] = match &self.to {
                Target::Size(sizes) => sizes.axis(axis - 2),
                Target::Scale(factors) => (n as f64 * factors.axis(axis - 2)) as usize,
            };
            if out[axis] == 0 {
                return fail(format!("axis {axis} of {n} elements is to have none"));
            }
        }
        Ok(out)
    }

    /// What each element of the result is made of along one of the axes after the second.
    fn taps<T: Float>(&self, axis: usize, n: usize, m: usize) -> Taps<T> {
        let factor = match &self.to {
            Target::Scale(factors) if !self.recompute_scale_factor => Some(factors.axis(axis)),
            _ => None,
        };
        // Of the place i/2 on the result's axis: i/2 · n/m or i/2 / factor, with one rounding.
        let source = |half: usize| match factor {
            Some(factor) => half as f64 / 2.0 / factor,
            None => (half * n) as f64 / (2 * m) as f64,
        };
        let nearest = |half: usize| {
            let place = match factor {
                // Exact where the quotient is whole.
                Some(_) => source(half) as usize,
                None => half * n / (2 * m),
            };
            [(place.min(n - 1), 1.0)]
        };
        let coordinate = |i: usize| match self.align_corners {
            true if m > 1 => (i * (n - 1)) as f64 / (m - 1) as f64,
            true => 0.0,
            false => source(2 * i + 1) - 0.5,
        };
        match self.mode {
            Interpolation::Nearest => Taps::new(n, (0..m).map(|i| nearest(2 * i))),
            Interpolation::NearestExact => Taps::new(n, (0..m).map(|i| nearest(2 * i + 1))),
            Interpolation::Linear | Interpolation::Bilinear | Interpolation::Trilinear => {
                Taps::new(n, (0..m).map(|i| linear(n, coordinate(i))))
            }
            Interpolation::Bicubic => Taps::new(n, (0..m).map(|i| cubic(n, coordinate(i)))),
            Interpolation::Area => {
                let window = |i: usize| {
                    let inside = i * n / m..((i + 1) * n).div_ceil(m);
                    let weight = (inside.len() as f64).recip();
                    inside.map(move |place| (place, weight))
                };
                Taps::new(n, (0..m).map(window))
            }
        }
    }

    /// The input's shape `from` resampled to the shape `to`, or with `adjoint` what stands there added back.
    fn run<T: Float>(&self, from: &[usize], to: &[usize], x: &Value<T>, adjoint: bool) -> Value<T> {
        let x = x.contiguous();
        let taps = |axis: usize| {
            let taps = self.taps(axis - 2, from[axis], to[axis]);
            if adjoint { taps.transposed() } else { taps }
        };
        let (from, to) = if adjoint { (to, from) } else { (from, to) };
        let rank = from.len();
        let rows = if rank > 3 { taps(rank - 2) } else { Taps::identity(1) };
        let columns = taps(rank - 1);
        Value::build(to, |y| {
            let x = x.as_slice().expect("row-major");
            let planes = from[0] * from[1];
            let &[_, _, depth, _, _] = from else { return resample(planes, &rows, &columns, x, y) };
            // Slices first; then the volumes as planes with the depth as rows.
            let area = to[3] * to[4];
            let mut slices = Scratch::new(planes * depth * area);
            resample(planes * depth, &rows, &columns, x, &mut slices);
            resample(planes, &taps(2), &Taps::identity(area), &slices, y);
        })
    }
}

/// The two neighbours of a coordinate among n elements, the first and last repeated beyond the edges.
fn linear(n: usize, at: f64) -> [(usize, f64); 2] {
    let at = at.max(0.0);
    let place = (at as usize).min(n - 1);
    let right = (at - place as f64).min(1.0);
    [(place, 1.0 - right), ((place + 1).min(n - 1), right)]
}

/// The four neighbours of a coordinate among n elements, the first and last repeated beyond the edges.
fn cubic(n: usize, at: f64) -> [(usize, f64); 4] {
    const A: f64 = -0.75;
    let near = |t: f64| ((A + 2.0) * t - (A + 3.0)) * t * t + 1.0;
    let far = |t: f64| ((A * t - 5.0 * A) * t + 8.0 * A) * t - 4.0 * A;
    let floor = at.floor().min((n - 1) as f64);
    let t = (at - floor).min(1.0);
    let weights = [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)];
    let place = |i: usize| (floor + i as f64 - 1.0).clamp(0.0, (n - 1) as f64) as usize;
    array::from_fn(|i| (place(i), weights[i]))
}

impl<T: Float> Function<T> for Interpolate {
    fn name(&self) -> &'static str {
        "interpolate"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.resized(inputs[0])?])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let shape = inputs[0].shape();
        let to = self.resized(shape).expect("checked by output_shapes");
        self.run(shape, &to, inputs[0], false).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let shape = Shape::from_slice(cx.input_shape(0));
        single(apply_one(InterpolateBackward { interpolate: self.clone(), shape }, &[only(grads)]))
    }
}

/// The adjoint of [`Interpolate`].
#[derive(Clone, Debug)]
struct InterpolateBackward {
    interpolate: Interpolate,
    shape: Shape,
}

impl<T: Float> Function<T> for InterpolateBackward {
    fn name(&self) -> &'static str {
        "interpolate_backward"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        self.interpolate.run(&self.shape, inputs[0].shape(), inputs[0], true).into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(self.interpolate.clone(), &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// Rows [N, C, L], pictures [N, C, H, W] or volumes [N, C, D, H, W] resampled to a size or by a scale
    /// factor.
    ///
    /// Element i of the result has the source coordinate s = (i + ½) / scale − ½, where the scale is the factor
    /// given, or m/n for a size m of an axis of n; with `align_corners` s = i (n − 1)/(m − 1). What lies
    /// beyond the edges is like the elements there. Along each axis the result is a weighted sum of the
    /// elements near s, see [`Interpolation`]. An axis whose size and coordinates do not change is left alone.
    ///
    /// Coordinates are computed in `f64` for both element types, and nearest neighbours exactly: PyTorch
    /// computes those in `f32`, and takes the element before the right one where i / scale is whole and its
    /// product with the rounded 1 / scale is not (at i = 41 for a scale of 41, for example).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 1, 2], vec![0.0, 4.0]);
    /// let y = x.interpolate(Interpolate::size([1, 4]).mode(Interpolation::Bilinear));
    /// assert_eq!(y.to_vec(), [0.0, 1.0, 3.0, 4.0]);
    /// let y = x.interpolate(Interpolate::scale_factor([2.0, 1.0]));
    /// assert_eq!(y.to_vec(), [0.0, 4.0, 0.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the mode does not take a tensor of this rank, an axis after the second is empty or would be, there are
    /// not as many sizes or factors as axes, a factor is not positive, or `align_corners` or
    /// `recompute_scale_factor` is set where it means nothing.
    #[track_caller]
    pub fn interpolate(&self, to: Interpolate) -> Self {
        apply_one(to, &[self])
    }
}
