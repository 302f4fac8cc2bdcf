//! Values that a module keeps beside its parameters: saved with it, but not learned by an optimizer.

use std::array;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

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
pub struct Buffer<T: Float = f32>(Arc<Inner<T>>);

#[derive(Debug)]
struct Inner<T: Float> {
    value: RwLock<Tensor<T>>,
    frozen: AtomicBool,
    count: bool,
    /// Whether statistics that are counted here are to be plain averages, whatever the layer's momentum.
    plain: AtomicBool,
}

impl<T: Float> Buffer<T> {
    /// A buffer with a first value. It does not stay connected to the tensor's tape.
    pub fn new(value: Tensor<T>) -> Self {
        Self::with(value, false)
    }

    /// A buffer of shape \[\] that counts, from 0 on: training batches, for example. Files keep it as an integer. At 2²⁴
    /// in `f32`, and 2⁵³ in `f64`, one more is the same number, and it stops.
    ///
    /// ```
    /// use wengert::nn::Buffer;
    ///
    /// let batches = Buffer::<f32>::count();
    /// batches.set(&(batches.value() + 1.0));
    /// assert!(batches.is_count() && batches.value().item() == 1.0);
    /// ```
    pub fn count() -> Self {
        Self::with(Tensor::scalar(0.0), true)
    }

    fn with(value: Tensor<T>, count: bool) -> Self {
        let value = RwLock::new(value.detach());
        Self(Arc::new(Inner { value, frozen: AtomicBool::new(false), count, plain: AtomicBool::new(false) }))
    }

    /// The value now, as a tensor on no tape.
    pub fn value(&self) -> Tensor<T> {
        self.0.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The values of several buffers at one moment: all as they were before an [`update`](Self::update) of them, or
    /// all as they are after it.
    ///
    /// ```
    /// use wengert::nn::Buffer;
    /// use wengert::prelude::*;
    ///
    /// let (sum, count) = (Buffer::new(Tensor::<f64>::zeros([2])), Buffer::count());
    /// Buffer::update([&sum, &count], |[s, n]| [Tensor::from_vec([2], vec![3.0, 5.0]), n + 1.0]);
    /// let [s, n] = Buffer::values([&sum, &count]);
    /// assert_eq!((s / n).to_vec(), [3.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If a buffer is given twice.
    #[track_caller]
    pub fn values<const N: usize>(buffers: [&Self; N]) -> [Tensor<T>; N] {
        let mut guards = [const { None }; N];
        for at in Self::lock_order("Buffer::values", &buffers) {
            guards[at] = Some(buffers[at].0.value.read().unwrap_or_else(PoisonError::into_inner));
        }
        guards.map(|guard| guard.expect("all are locked").clone())
    }

    /// Replaces the values of several buffers at once by what the function makes of them. Nobody sees some old and
    /// some new who reads them with [`values`](Self::values), and no update of another thread gets lost.
    ///
    /// The function runs while the buffers are locked: it must not use them, nor wait for other threads, which
    /// might. Operations on big tensors do wait.
    ///
    /// # Panics
    /// If a buffer is given twice, or a new value has another shape than its buffer; then none changes.
    #[track_caller]
    pub fn update<const N: usize>(
        buffers: [&Self; N],
        change: impl FnOnce([Tensor<T>; N]) -> [Tensor<T>; N],
    ) {
        let mut guards: [Option<RwLockWriteGuard<'_, Tensor<T>>>; N] = [const { None }; N];
        for at in Self::lock_order("Buffer::update", &buffers) {
            guards[at] = Some(buffers[at].0.value.write().unwrap_or_else(PoisonError::into_inner));
        }
        let mut guards = guards.map(|guard| guard.expect("all are locked"));
        let values = change(array::from_fn(|i| guards[i].clone()));
        let differs = |(guard, value): (&RwLockWriteGuard<'_, Tensor<T>>, &Tensor<T>)| {
            (guard.shape() != value.shape()).then(|| (guard.shape().to_vec(), value.shape().to_vec()))
        };
        if let Some((shape, new)) = guards.iter().zip(&values).find_map(differs) {
            drop(guards);
            panic!("Buffer::update: the buffer has shape {shape:?}, the new value {new:?}");
        }
        for (guard, value) in guards.iter_mut().zip(values) {
            **guard = value.detach();
        }
    }

    /// The order in which everyone locks these buffers, so that nobody waits for one who waits for him.
    #[track_caller]
    fn lock_order<const N: usize>(operation: &str, buffers: &[&Self; N]) -> [usize; N] {
        let mut order = array::from_fn(|i| i);
        order.sort_unstable_by_key(|&i: &usize| buffers[i].address());
        assert!(
            order.windows(2).all(|pair| !buffers[pair[0]].is(buffers[pair[1]])),
            "{operation}: a buffer is given twice"
        );
        order
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
        let mut guard = self.0.value.write().unwrap_or_else(PoisonError::into_inner);
        let shape = guard.shape().to_vec();
        if shape != value.shape() {
            drop(guard);
            panic!("Buffer::set: the buffer has shape {shape:?}, the new value {:?}", value.shape());
        }
        *guard = value.detach();
    }

    /// Asks the layer to leave the value as it is: a frozen batch normalization uses its running statistics
    /// even on a training tape. [`set`](Self::set) and loading still replace it.
    pub fn freeze(&self) {
        self.0.frozen.store(true, Ordering::Relaxed);
    }

    /// Lets the layer change the value again.
    pub fn unfreeze(&self) {
        self.0.frozen.store(false, Ordering::Relaxed);
    }

    /// Whether layers leave the value as it is.
    pub fn is_frozen(&self) -> bool {
        self.0.frozen.load(Ordering::Relaxed)
    }

    /// Whether it was made by [`count`](Self::count).
    pub fn is_count(&self) -> bool {
        self.0.count
    }

    /// Makes the statistics that are counted here plain averages for a while.
    pub(crate) fn average_plainly(&self, plain: bool) {
        self.0.plain.store(plain, Ordering::Relaxed);
    }

    pub(crate) fn averages_plainly(&self) -> bool {
        self.0.plain.load(Ordering::Relaxed)
    }

    /// Whether both handles are the same buffer.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Another buffer with the same value.
    pub fn deep_clone(&self) -> Self {
        let copy = Self::with(self.value(), self.is_count());
        if self.is_frozen() {
            copy.freeze();
        }
        copy
    }

    /// Where the buffer lies: its identity while a handle of it lives.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}
