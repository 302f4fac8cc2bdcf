//! Values that a module keeps beside its parameters: saved with it, but not learned by an optimizer.

use std::sync::{Arc, PoisonError, RwLock};

use autodiff::{Float, Tensor};

/// A value that belongs to a module but is not learned by an optimizer: running statistics, for example.
///
/// Like a parameter it is a shared handle: clones are the same buffer.
///
/// ```
/// use wengert::nn::Buffer;
/// use wengert::prelude::*;
///
/// let mean = Buffer::new(Tensor::<f32>::zeros([2]));
/// let same = mean.clone();
/// same.set(&Tensor::ones([2]));
/// assert_eq!(mean.value().to_vec(), [1.0, 1.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Buffer<T: Float = f32>(Arc<RwLock<Tensor<T>>>);

impl<T: Float> Buffer<T> {
    /// A buffer with a first value. It does not stay connected to the tensor's tape.
    pub fn new(value: Tensor<T>) -> Self {
        Self(Arc::new(RwLock::new(value.detach())))
    }

    /// The value now, as a tensor on no tape.
    pub fn value(&self) -> Tensor<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> Vec<usize> {
        self.value().shape().to_vec()
    }

    /// Replaces the value.
    ///
    /// # Panics
    /// If the shape is another.
    #[track_caller]
    pub fn set(&self, value: &Tensor<T>) {
        let mut guard = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let shape = guard.shape().to_vec();
        if shape != value.shape() {
            drop(guard);
            panic!("Buffer::set: the buffer has shape {shape:?}, the new value {:?}", value.shape());
        }
        *guard = value.detach();
    }

    /// Another buffer with the same value.
    pub fn deep_clone(&self) -> Self {
        Self::new(self.value())
    }
}
