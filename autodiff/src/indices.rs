//! Whole numbers: labels, token ids, positions.

use std::fmt;
use std::sync::Arc;

use ndarray::{ArrayBase, ArrayD, ArrayViewD, Dimension, IxDyn, OwnedRepr};

use crate::shape::ShapeError;
use crate::tape::Tape;

/// An array of whole numbers (`i64`): class labels, token ids, positions.
///
/// Indices have no gradient. They can be carried by a tape ([`Tape::indices`]), from which an embedding
/// learns where to record.
///
/// ```
/// use wengert::prelude::*;
///
/// let labels = Indices::from(vec![2, 0, 1]);
/// assert_eq!(labels.shape(), [3]);
/// assert_eq!(labels.to_vec(), [2, 0, 1]);
/// ```
#[derive(Clone)]
pub struct Indices {
    /// Always row-major.
    values: Arc<ArrayD<i64>>,
    pub(crate) tape: Option<Tape>,
}

impl Indices {
    /// Indices of a shape from their values in row-major order.
    ///
    /// # Panics
    /// If the number of values is not the shape's.
    #[track_caller]
    pub fn from_vec(shape: impl AsRef<[usize]>, values: Vec<i64>) -> Self {
        let shape = shape.as_ref();
        let len = values.len();
        match ArrayD::from_shape_vec(IxDyn(shape), values) {
            Ok(array) => Self { values: Arc::new(array), tape: None },
            Err(_) => panic!("Indices::from_vec: shape {shape:?} does not hold {len} values"),
        }
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        self.values.shape()
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
    pub fn view(&self) -> ArrayViewD<'_, i64> {
        self.values.view()
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[i64] {
        self.values.as_slice().expect("indices are row-major")
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<i64> {
        self.as_slice().to_vec()
    }

    /// The tape that carries the indices, if one does.
    pub fn tape(&self) -> Option<&Tape> {
        self.tape.as_ref()
    }

    /// The same numbers under another shape.
    ///
    /// # Panics
    /// If the shape holds another number of elements.
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Self {
        let mut out = Self::from_vec(shape, self.to_vec());
        out.tape.clone_from(&self.tape);
        out
    }

    /// The first element that is not in `0..bound`, with its position in row-major order.
    pub(crate) fn outside(&self, bound: usize) -> Option<(usize, i64)> {
        self.as_slice().iter().copied().enumerate().find(|&(_, id)| id < 0 || id >= bound as i64)
    }

    /// An error that names the first element outside `0..bound`.
    pub(crate) fn check(&self, bound: usize, what: &str) -> Result<(), ShapeError> {
        match self.outside(bound) {
            None => Ok(()),
            Some((at, id)) => {
                Err(ShapeError::new(format!("{what} {id} at position {at} is not in 0..{bound}")))
            }
        }
    }

    /// The same numbers on no tape: what a function keeps, which would otherwise keep its own tape alive.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let carried = Tape::new().indices([2, 0]);
    /// assert!(carried.tape().is_some() && carried.detach().tape().is_none());
    /// ```
    pub fn detach(&self) -> Self {
        Self { values: Arc::clone(&self.values), tape: None }
    }

    pub(crate) fn on(mut self, tape: &Tape) -> Self {
        self.tape = Some(tape.clone());
        self
    }
}

impl From<Vec<i64>> for Indices {
    fn from(values: Vec<i64>) -> Self {
        let n = values.len();
        Self::from_vec([n], values)
    }
}

impl<const N: usize> From<[i64; N]> for Indices {
    fn from(values: [i64; N]) -> Self {
        Self::from(values.to_vec())
    }
}

impl<D: Dimension> From<ArrayBase<OwnedRepr<i64>, D>> for Indices {
    fn from(array: ArrayBase<OwnedRepr<i64>, D>) -> Self {
        // Owned arrays may lie in any order; `iter` goes through them row by row.
        let array = if array.is_standard_layout() {
            array.into_dyn()
        } else {
            let dim = array.raw_dim();
            ArrayBase::from_shape_vec(dim, array.iter().copied().collect()).expect("as many").into_dyn()
        };
        Self { values: Arc::new(array), tape: None }
    }
}

impl AsRef<[i64]> for Indices {
    fn as_ref(&self) -> &[i64] {
        self.as_slice()
    }
}

impl fmt::Debug for Indices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Indices({:?}, {})", self.shape(), self.values)
    }
}

impl PartialEq for Indices {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}
