//! Elements picked by their order along an axis: extrema, medians, quantiles, the largest few, all sorted.

use smallvec::smallvec;

use super::{ScatterAdd, check_axis, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::layout::Along;
use crate::kernels::{index, order, reduce, scan};
use crate::shape::{Axes, Shape, ShapeError, Shapes, reduced, refuse};
use crate::tensor::{Tensor, apply_one, apply_with_indices};
use crate::value::Value;

builtin!(Pick);

/// Which elements of an axis are picked. NaN counts as larger than all numbers, unless said otherwise; equal
/// elements are taken in the order of their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The first of the largest; NaN before all.
    Max,
    /// The first of the smallest; NaN before all.
    Min,
    /// The one with as many before it in order as after it, the lower of two; the first NaN if there is one.
    Median,
    /// The `k`-th smallest, counted from 1.
    Kth {
        /// Which one.
        k: usize,
    },
    /// The `k` largest or smallest.
    TopK {
        /// How many.
        k: usize,
        /// Whether the largest are taken, not the smallest.
        largest: bool,
        /// Whether they come in order, the largest (or smallest) first; else in the order of their positions.
        sorted: bool,
    },
    /// All of them, in order.
    Sort {
        /// Whether the largest comes first.
        descending: bool,
    },
    /// For each element the largest up to it, the last of equal ones; NaN before all.
    CumMax,
    /// For each element the smallest up to it, the last of equal ones; NaN before all.
    CumMin,
}

/// Elements of an axis picked by their order, and their positions. Rule: dx = dy added where they came from.
#[derive(Clone, Copy, Debug)]
pub struct Pick {
    /// The axis.
    pub axis: usize,
    /// Which elements.
    pub choice: Choice,
}

impl Pick {
    /// The shape of the picked elements: the axis stays, with as many elements as are picked.
    fn picked_shape(&self, shape: &[usize]) -> Result<Shape, ShapeError> {
        check_axis(self.axis, shape)?;
        let n = shape[self.axis];
        let mut picked = Shape::from_slice(shape);
        match self.choice {
            Choice::Sort { .. } | Choice::CumMax | Choice::CumMin => {}
            Choice::TopK { k, .. } => {
                if k > n {
                    return Err(ShapeError::new(format!("axis {} of {n} elements has no {k}", self.axis)));
                }
                picked[self.axis] = k;
            }
            Choice::Kth { k } => {
                if k == 0 || k > n {
                    return Err(ShapeError::new(format!(
                        "axis {} of {n} elements has no smallest element number {k}, counted from 1",
                        self.axis
                    )));
                }
                picked[self.axis] = 1;
            }
            Choice::Max | Choice::Min | Choice::Median => {
                picked[self.axis] = 1;
                if n == 0 && !picked.contains(&0) {
                    return Err(ShapeError::new(format!("axis {} is empty", self.axis)));
                }
            }
        }
        Ok(picked)
    }

    /// The positions of the picked elements.
    fn positions<T: Float>(&self, x: &Value<T>, ids: &mut [i64]) {
        let along = Along::axis(x.shape(), self.axis);
        let elements = x.as_slice().expect("row-major");
        match self.choice {
            _ if ids.is_empty() => {}
            Choice::Max => reduce::argmax(x.view(), self.axis, ids),
            Choice::Min => reduce::argmin(x.view(), self.axis, ids),
            Choice::Median => order::kth(elements, along, (along.n - 1) / 2, true, ids),
            Choice::Kth { k } => order::kth(elements, along, k - 1, false, ids),
            Choice::TopK { k, largest, sorted } => order::topk(elements, along, k, largest, sorted, ids),
            Choice::Sort { descending } => order::sort(elements, along, descending, ids),
            Choice::CumMax => scan::extremum(elements, along, true, ids),
            Choice::CumMin => scan::extremum(elements, along, false, ids),
        }
    }

    /// The picked elements of a tensor and their positions.
    #[track_caller]
    pub(super) fn of<T: Float>(self, x: &Tensor<T>) -> (Tensor<T>, Indices) {
        let (mut values, positions) = apply_with_indices(self, &[x]);
        (values.pop().expect("one output"), positions.expect("positions"))
    }
}

impl<T: Float> Function<T> for Pick {
    fn name(&self) -> &'static str {
        match self.choice {
            Choice::Max => "max",
            Choice::Min => "min",
            Choice::Median => "median",
            Choice::Kth { .. } => "kthvalue",
            Choice::TopK { .. } => "topk",
            Choice::Sort { .. } => "sort",
            Choice::CumMax => "cummax",
            Choice::CumMin => "cummin",
        }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.picked_shape(inputs[0])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let shape = self.picked_shape(x.shape()).expect("checked by output_shapes");
        let mut ids = vec![0; shape.iter().product()];
        self.positions(&x, &mut ids);
        let values = Value::build(&shape, |out| {
            index::gather(x.as_slice().expect("row-major"), x.shape(), self.axis, &ids, &shape, out);
        });
        let positions = Indices::from_vec(&shape, ids);
        cx.save_indices(positions.clone());
        Outputs::from(values).with_indices(positions)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let add = ScatterAdd { axis: self.axis, indices: cx.indices(0) };
        single(apply_one(add, &[&Tensor::zeros(cx.input_shape(0)), only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The element of each slice along one axis that a choice picks, and its position.
    #[track_caller]
    fn pick_one(&self, operation: &'static str, axis: impl Into<Axes>, choice: Choice) -> (Self, Indices) {
        let axes: Axes = axis.into();
        let axis = match axes.resolve(self.ndim()).map(|found| (found.len(), found.first().copied())) {
            Ok((1, Some(axis))) => axis,
            Ok((count, _)) => {
                let error = ShapeError::new(format!("positions lie along one axis, not along {count}"));
                refuse(error.of(operation, &[self.shape()]))
            }
            Err(error) => refuse(error.of(operation, &[self.shape()])),
        };
        let (values, positions) = Pick { axis, choice }.of(self);
        let shape = reduced(self.shape(), &[axis], axes.keeps_dims());
        (values.reshape(&shape), positions.reshape(&shape))
    }

    /// The largest elements along an axis, or [`keepdim`](crate::keepdim) of it, and their positions. The first
    /// of equal elements is taken, NaN before all, and the whole gradient goes to it. Positions have no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![1.0, 5.0, 5.0, 4.0, 3.0, 0.0]);
    /// let (largest, positions) = x.max_with_indices(1);
    /// assert_eq!((largest.to_vec(), positions.to_vec()), (vec![5.0, 4.0], vec![1, 0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or empty, or it is not one axis.
    #[track_caller]
    pub fn max_with_indices(&self, axis: impl Into<Axes>) -> (Self, Indices) {
        self.pick_one("max", axis, Choice::Max)
    }

    /// The smallest elements along an axis, or [`keepdim`](crate::keepdim) of it, and their positions. The first
    /// of equal elements is taken, NaN before all, and the whole gradient goes to it. Positions have no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![1.0, 5.0, 5.0, 4.0, 3.0, 0.0]);
    /// let (smallest, positions) = x.min_with_indices(keepdim(0));
    /// assert_eq!((smallest.shape(), positions.to_vec()), (&[1, 3][..], vec![0, 1, 1]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or empty, or it is not one axis.
    #[track_caller]
    pub fn min_with_indices(&self, axis: impl Into<Axes>) -> (Self, Indices) {
        self.pick_one("min", axis, Choice::Min)
    }

    /// The medians over a set of axes: the element in the middle of their order, the lower of the two where their
    /// number is even; NaN if one is NaN. The gradient goes to that element.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.median(..).item(), 2.0);
    /// assert_eq!(x.median(1).to_vec(), [1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice, or nothing has a median.
    #[track_caller]
    pub fn median(&self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let rows = self.rows_over("median", &axes);
        let resolved = axes.resolve(self.ndim()).expect("checked by rows_over");
        Pick { axis: 1, choice: Choice::Median }.of(&rows).0.reshape(reduced(
            self.shape(),
            &resolved,
            axes.keeps_dims(),
        ))
    }

    /// The medians along an axis, or [`keepdim`](crate::keepdim) of it, and their positions: the element in the
    /// middle of the order, the lower of the two where their number is even; the first NaN if there is one. The
    /// gradient goes to that element. Positions have no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![4.0, 1.0, 3.0, 2.0]);
    /// let (median, position) = x.median_with_indices(0);
    /// assert_eq!((median.item(), position.to_vec()), (2.0, vec![3]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or empty, or it is not one axis.
    #[track_caller]
    pub fn median_with_indices(&self, axis: impl Into<Axes>) -> (Self, Indices) {
        self.pick_one("median", axis, Choice::Median)
    }

    /// The `k`-th smallest elements along an axis, or [`keepdim`](crate::keepdim) of it, counted from 1, and their
    /// positions. NaN counts as the largest. The gradient goes to that element; positions have none.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.kthvalue(3, 0).0.item(), 3.0);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, it is not one axis, or it has fewer than `k` elements, or `k` is 0.
    #[track_caller]
    pub fn kthvalue(&self, k: usize, axis: impl Into<Axes>) -> (Self, Indices) {
        self.pick_one("kthvalue", axis, Choice::Kth { k })
    }

    /// The `k` largest elements along an axis (the smallest if not `largest`), and their positions: the largest
    /// (or smallest) first if `sorted`, else in the order of their positions. NaN counts as the largest; of equal
    /// elements the first are taken. Each element's gradient goes to where it came from; positions have none.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let scores = Tensor::<f64>::from_vec([4], vec![0.1, 0.4, 0.2, 0.3]);
    /// let (best, classes) = scores.topk(2, -1, true, true);
    /// assert_eq!((best.to_vec(), classes.to_vec()), (vec![0.4, 0.3], vec![1, 3]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or has fewer than `k` elements.
    #[track_caller]
    pub fn topk(&self, k: usize, axis: isize, largest: bool, sorted: bool) -> (Self, Indices) {
        Pick { axis: self.axis("topk", axis), choice: Choice::TopK { k, largest, sorted } }.of(self)
    }

    /// The elements along an axis in order, the smallest first (the largest if `descending`), and the positions
    /// they come from. Equal elements keep their order: the sort is always stable. NaN counts as the largest.
    /// Each element's gradient goes to where it came from; positions have none.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![2.0, 1.0, 3.0, 1.0]);
    /// let (sorted, positions) = x.sort(0, false);
    /// assert_eq!((sorted.to_vec(), positions.to_vec()), (vec![1.0, 1.0, 2.0, 3.0], vec![1, 3, 0, 2]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> (Self, Indices) {
        Pick { axis: self.axis("sort", axis), choice: Choice::Sort { descending } }.of(self)
    }

    /// The positions that put the elements along an axis in order, as [`sort`](Self::sort) gives them. They have
    /// no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![2.0, 1.0, 3.0, 1.0]);
    /// assert_eq!(x.argsort(0, true).to_vec(), [2, 0, 1, 3]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn argsort(&self, axis: isize, descending: bool) -> Indices {
        let axis = self.axis("argsort", axis);
        self.cut("argsort");
        let x = self.value.contiguous();
        let mut ids = vec![0; x.len()];
        Pick { axis, choice: Choice::Sort { descending } }.positions(&x, &mut ids);
        Indices::from_vec(self.shape(), ids)
    }

    /// The `q`-quantiles over a set of axes: of the n elements in order, number q·(n − 1), counted from 0 and
    /// interpolated linearly between its neighbours; NaN if one element is NaN. The gradient goes to the
    /// neighbours.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!(x.quantile(0.5, ..).item(), 2.5);
    /// assert_eq!(x.quantile(1.0, ..).item(), 4.0);
    /// ```
    ///
    /// # Panics
    /// If q is not in 0..=1, an axis is out of range or named twice, or nothing has a quantile.
    #[track_caller]
    pub fn quantile(&self, q: f64, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let rows = self.rows_over("quantile", &axes);
        let resolved = axes.resolve(self.ndim()).expect("checked by rows_over");
        let n = rows.shape()[1];
        let problem = if !(0.0..=1.0).contains(&q) {
            Some(format!("q = {q} is not in 0..=1"))
        } else if n == 0 && rows.shape()[0] > 0 {
            Some("nothing has no quantile".to_owned())
        } else {
            None
        };
        if let Some(problem) = problem {
            refuse(ShapeError::new(problem).of("quantile", &[self.shape()]));
        }
        let shape = reduced(self.shape(), &resolved, axes.keeps_dims());
        if rows.is_empty() {
            return rows.sum(1).reshape(shape);
        }
        let (sorted, _) = Pick { axis: 1, choice: Choice::Sort { descending: false } }.of(&rows);
        let place = q * (n - 1) as f64;
        let (low, share) = (place.floor(), place.fract());
        // Where there is a NaN it comes last, and it is the result.
        let last: Vec<bool> = sorted.view().outer_iter().map(|row| row[n - 1].is_nan()).collect();
        let neighbour = |place: f64| {
            let ids = last.iter().map(|&nan| if nan { n as i64 - 1 } else { place as i64 }).collect();
            sorted.gather(1, &Indices::from_vec([last.len(), 1], ids))
        };
        let low_element = neighbour(low);
        let quantile = if share == 0.0 {
            low_element
        } else {
            let difference = neighbour(low + 1.0) - &low_element;
            low_element + difference * share
        };
        quantile.reshape(shape)
    }
}
