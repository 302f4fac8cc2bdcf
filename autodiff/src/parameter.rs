//! Values that an optimizer learns: shared handles with identity.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ndarray::ArrayViewMutD;

use crate::shape::{ShapeError, refuse};
use crate::value::Value;
use crate::{Float, Tensor};

/// The identity of a parameter, unique in the process. Ordered by creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(u64);

/// A learned value: a shared handle whose clones are the same parameter.
///
/// A tape that watched the parameter keeps the value it saw; a change made afterwards is seen by the next
/// tape. When no tape and no tensor shares the value, a change is made in place.
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::from_vec([2], vec![1.0, 2.0]));
/// let tape = Tape::new();
/// let loss = tape.watch(&w).square().sum(..);
/// let grads = loss.backward();
/// w.update(|values| values.scaled_add(-0.1, &grads.get(&w).unwrap().view()));
/// assert_eq!(w.value().to_vec(), [0.8, 1.6]);
/// ```
#[derive(Clone)]
pub struct Parameter<T: Float = f32>(Arc<Inner<T>>);

struct Inner<T: Float> {
    id: ParameterId,
    value: RwLock<Value<T>>,
    frozen: AtomicBool,
}

impl<T: Float> Parameter<T> {
    /// A parameter with a first value. It does not stay connected to the tensor's tape.
    pub fn new(value: Tensor<T>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Inner {
            id: ParameterId(NEXT.fetch_add(1, Ordering::Relaxed)),
            value: RwLock::new(value.value.contiguous()),
            frozen: AtomicBool::new(false),
        }))
    }

    /// The parameter's identity.
    pub fn id(&self) -> ParameterId {
        self.0.id
    }

    /// The value now, as a tensor on no tape.
    pub fn value(&self) -> Tensor<T> {
        Tensor::from(self.read())
    }

    /// The value as a layer uses it beside its input `x`: watched by the tape that `x` lies on, or on no tape
    /// where `x` is on none.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let w = Parameter::new(Tensor::<f32>::scalar(3.0));
    /// let square = |x: &Tensor<f32>| (x * w.on_tape_of(x)).square();
    /// assert_eq!(square(&Tensor::scalar(2.0)).item(), 36.0);
    /// let grads = square(&Tape::new().constant(Tensor::scalar(2.0))).backward();
    /// assert_eq!(grads.get(&w).unwrap().item(), 24.0);
    /// ```
    ///
    /// # Panics
    /// If the tape was drained by a backward pass.
    #[track_caller]
    pub fn on_tape_of(&self, x: &Tensor<T>) -> Tensor<T> {
        match x.tape() {
            Some(tape) => tape.watch(self),
            None => self.value(),
        }
    }

    pub(crate) fn read(&self) -> Value<T> {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> Vec<usize> {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner).shape().to_vec()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces the value.
    ///
    /// # Panics
    /// If the shape is another.
    #[track_caller]
    pub fn set(&self, value: &Tensor<T>) {
        let mut guard = self.0.value.write().unwrap_or_else(PoisonError::into_inner);
        if guard.shape() != value.shape() {
            let shape = guard.shape().to_vec();
            drop(guard);
            refuse(ShapeError::new(format!(
                "Parameter::set: the parameter has shape {shape:?}, the new value {:?}",
                value.shape()
            )));
        }
        *guard = value.value.contiguous();
    }

    /// Changes the elements: in place if no tape or tensor shares them, otherwise in a copy that replaces
    /// them. The view is row-major.
    ///
    /// The parameter is locked while `change` runs, which must therefore not ask for its value: not through
    /// any of its handles, nor through a layer that holds one.
    pub fn update<R>(&self, change: impl FnOnce(&mut ArrayViewMutD<'_, T>) -> R) -> R {
        let mut guard = self.0.value.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut guard.view_mut())
    }

    /// Takes the parameter out of training: tapes watch it as a constant from now on.
    pub fn freeze(&self) {
        self.0.frozen.store(true, Ordering::Relaxed);
    }

    /// Puts the parameter back into training.
    pub fn unfreeze(&self) {
        self.0.frozen.store(false, Ordering::Relaxed);
    }

    /// Whether tapes watch the parameter as a constant.
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.load(Ordering::Relaxed)
    }

    /// Another parameter with the same value and an identity of its own.
    pub fn deep_clone(&self) -> Self {
        let copy = Self::new(self.value());
        if self.is_frozen() {
            copy.freeze();
        }
        copy
    }
}

impl<T: Float> fmt::Debug for Parameter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frozen = if self.is_frozen() { ", frozen" } else { "" };
        write!(f, "Parameter(#{}, {:?}, {}{frozen})", self.0.id.0, self.shape(), T::NAME)
    }
}
