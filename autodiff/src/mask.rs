//! Truth values: what comparisons give.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitXor, Not};
use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};

use crate::kernels::broadcast::map2_broadcast;
use crate::shape::{Axes, ShapeError, broadcast, checked_len, reduced, refuse};
use crate::{Float, Tensor};

/// An array of truth values: what a comparison of tensors gives.
///
/// Masks are combined by `&`, `|`, `^` and `!`, with broadcasting. They have no gradient. What they choose is taken
/// by [`Tensor::where_`] and [`Tensor::masked_fill`].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::from_vec([3], vec![-1.0, 0.5, 2.0]);
/// let positive = x.gt(0.0);
/// assert_eq!(positive.to_vec(), [false, true, true]);
/// assert_eq!((positive.clone() & x.lt(1.0)).to_vec(), [false, true, false]);
/// assert_eq!((!&positive).to_vec(), [true, false, false]);
/// assert_eq!(positive.count(), 2);
/// assert_eq!(positive.to_tensor::<f64>().sum(..).item(), 2.0);
/// ```
#[derive(Clone, PartialEq)]
pub struct Mask {
    values: Arc<ArrayD<bool>>,
}

impl Mask {
    /// A mask of a shape from its values in row-major order.
    ///
    /// # Panics
    /// If the number of values is not the shape's.
    #[track_caller]
    pub fn from_vec(shape: impl AsRef<[usize]>, values: Vec<bool>) -> Self {
        let (shape, len) = (shape.as_ref(), values.len());
        match ArrayD::from_shape_vec(IxDyn(shape), values) {
            Ok(array) => Self { values: Arc::new(array) },
            Err(_) => {
                refuse(ShapeError::new(format!("Mask::from_vec: shape {shape:?} does not hold {len} values")))
            }
        }
    }

    /// A mask of a shape whose elements are all `value`.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Mask::full([2, 3], true).count(), 6);
    /// ```
    #[track_caller]
    pub fn full(shape: impl AsRef<[usize]>, value: bool) -> Self {
        match checked_len(shape.as_ref()) {
            Ok(_) => Self { values: Arc::new(ArrayD::from_elem(shape.as_ref(), value)) },
            Err(error) => refuse(error),
        }
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        self.values.shape()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.values.ndim()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The elements as an ndarray view.
    pub fn view(&self) -> ArrayViewD<'_, bool> {
        self.values.view()
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<bool> {
        self.values.iter().copied().collect()
    }

    /// The only element.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert!(Tensor::<f32>::scalar(2.0).gt(1.0).item());
    /// ```
    ///
    /// # Panics
    /// If there are none or several.
    #[track_caller]
    pub fn item(&self) -> bool {
        match self.len() {
            1 => *self.values.iter().next().expect("one element"),
            n => panic!("item: a mask of shape {:?} has {n} elements, not one", self.shape()),
        }
    }

    /// The same values under another shape.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Mask::full([2, 3], true).reshape([6]).shape(), [6]);
    /// ```
    ///
    /// # Panics
    /// If the shape holds another number of elements.
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        match ArrayD::from_shape_vec(shape, self.to_vec()) {
            Ok(values) => Self { values: Arc::new(values) },
            Err(_) => {
                let text = format!("shape {shape:?} does not hold {} values", self.len());
                refuse(ShapeError::new(text).of("reshape", &[self.shape()]))
            }
        }
    }

    /// How many elements are true.
    pub fn count(&self) -> usize {
        self.values.iter().filter(|&&b| b).count()
    }

    /// Whether any element along some axes is true; no element gives false.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let mask = Mask::from_vec([2, 2], vec![false, true, false, false]);
    /// assert!(mask.any(..).item());
    /// assert_eq!(mask.any(1).to_vec(), [true, false]);
    /// assert_eq!(mask.any(keepdim(0)).shape(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn any(&self, axes: impl Into<Axes>) -> Self {
        self.fold("any", &axes.into(), false, |a, b| a | b)
    }

    /// Whether all elements along some axes are true; no element gives true.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let mask = Mask::from_vec([2, 2], vec![true, true, false, true]);
    /// assert!(!mask.all(..).item());
    /// assert_eq!(mask.all([-1]).to_vec(), [true, false]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn all(&self, axes: impl Into<Axes>) -> Self {
        self.fold("all", &axes.into(), true, |a, b| a & b)
    }

    #[track_caller]
    fn fold(&self, name: &'static str, axes: &Axes, start: bool, f: fn(bool, bool) -> bool) -> Self {
        let shape = self.shape();
        let over = match axes.resolve(shape.len()) {
            Ok(over) => over,
            Err(error) => refuse(error.of(name, &[shape])),
        };
        let reduced = reduced(shape, &over, axes.keeps_dims());
        let mut values = ArrayD::clone(&self.values);
        for &axis in over.iter().rev() {
            values = values.fold_axis(Axis(axis), start, |&a, &b| f(a, b));
        }
        Self { values: Arc::new(values.into_shape_with_order(&reduced[..]).expect("as many elements")) }
    }

    /// A tensor on no tape with 1 where the mask is true and 0 elsewhere.
    pub fn to_tensor<T: Float>(&self) -> Tensor<T> {
        Tensor::from(self.values.map(|&b| if b { T::one() } else { T::zero() }))
    }

    #[track_caller]
    fn combine(&self, name: &'static str, other: &Self, f: fn(bool, bool) -> bool) -> Self {
        let shape = match broadcast(self.shape(), other.shape()) {
            Ok(shape) => shape,
            Err(error) => refuse(error.of(name, &[self.shape(), other.shape()])),
        };
        let mut out = vec![false; shape.iter().product()];
        map2_broadcast(self.view(), other.view(), &shape, &mut out, f);
        Self::from_vec(&shape, out)
    }
}

/// An operator for masks, owned and borrowed, broadcast.
macro_rules! operator {
    ($trait:ident, $method:ident, $text:literal, $operator:tt) => {
        impl $trait<&Mask> for &Mask {
            type Output = Mask;
            #[track_caller]
            fn $method(self, other: &Mask) -> Mask {
                self.combine($text, other, |a, b| a $operator b)
            }
        }
        impl $trait<Mask> for &Mask {
            type Output = Mask;
            #[track_caller]
            fn $method(self, other: Mask) -> Mask {
                self $operator &other
            }
        }
        impl $trait<&Mask> for Mask {
            type Output = Mask;
            #[track_caller]
            fn $method(self, other: &Mask) -> Mask {
                &self $operator other
            }
        }
        impl $trait<Mask> for Mask {
            type Output = Mask;
            #[track_caller]
            fn $method(self, other: Mask) -> Mask {
                &self $operator &other
            }
        }
    };
}

operator!(BitAnd, bitand, "and", &);
operator!(BitOr, bitor, "or", |);
operator!(BitXor, bitxor, "xor", ^);

impl Not for &Mask {
    type Output = Mask;

    fn not(self) -> Mask {
        Mask { values: Arc::new(self.values.map(|&b| !b)) }
    }
}

impl Not for Mask {
    type Output = Mask;

    fn not(self) -> Mask {
        !&self
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mask({:?}, {})", self.shape(), self.values)
    }
}
