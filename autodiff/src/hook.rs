//! Callbacks on gradients as they arrive.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Float;
use crate::tape::{Place, WeakTape};
use crate::tensor::Tensor;

type Callback<T> = dyn Fn(&Tensor<T>) -> Option<Tensor<T>> + Send + Sync;

/// What is called when the gradient of a slot is complete.
#[derive(Clone)]
pub(crate) struct Hook<T: Float> {
    pub(crate) slot: u32,
    id: u64,
    pub(crate) call: Arc<Callback<T>>,
}

impl<T: Float> fmt::Debug for Hook<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook(slot {})", self.slot)
    }
}

/// What a callback on a gradient returns: nothing, or the gradient to go on with.
pub trait HookResult<T: Float> {
    #[doc(hidden)]
    fn replacement(self) -> Option<Tensor<T>>;
}

impl<T: Float> HookResult<T> for () {
    fn replacement(self) -> Option<Tensor<T>> {
        None
    }
}

impl<T: Float> HookResult<T> for Tensor<T> {
    fn replacement(self) -> Option<Tensor<T>> {
        Some(self)
    }
}

impl<T: Float> HookResult<T> for Option<Tensor<T>> {
    fn replacement(self) -> Option<Tensor<T>> {
        self
    }
}

/// The handle of a callback set with [`Tensor::on_gradient`]. Dropping it changes nothing.
#[derive(Clone, Debug)]
pub struct GradientHook {
    tape: WeakTape,
    id: u64,
}

impl GradientHook {
    /// Takes the callback off the record. A replay that has begun may still call it.
    pub fn remove(self) {
        if let Some(tape) = self.tape.upgrade() {
            // Dropped outside the lock: they may hold the last handle of anything.
            let single = take(&mut tape.lock::<f32>().hooks, self.id);
            let double = take(&mut tape.lock::<f64>().hooks, self.id);
            drop((single, double));
        }
    }
}

fn take<T: Float>(hooks: &mut Vec<Hook<T>>, id: u64) -> Option<Hook<T>> {
    hooks.iter().position(|hook| hook.id == id).map(|at| hooks.remove(at))
}

impl<T: Float> Tensor<T> {
    /// Calls `callback` with the gradient of this tensor when a replay has it complete. What the callback
    /// returns, if it returns a tensor, takes the gradient's place: it is what flows on, and what
    /// [`Gradients`](crate::Gradients) holds.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::from_vec([2], vec![3.0, 4.0]));
    /// let u = x.square();
    /// // One that looks on,
    /// let seen = Arc::new(Mutex::new(Vec::new()));
    /// let log = seen.clone();
    /// u.on_gradient(move |g| log.lock().unwrap().extend(g.to_vec()));
    /// // and one that limits what flows on.
    /// u.on_gradient(|g| g.clamp(-1.0, 1.0));
    /// let grads = (&u * 5.0).sum(..).backward();
    /// assert_eq!(*seen.lock().unwrap(), [5.0, 5.0]);
    /// assert_eq!(grads.get(&x).unwrap().to_vec(), [6.0, 8.0]);
    /// ```
    ///
    /// The order is that of the replay: results of operations from the last recorded to the first, then leaves
    /// (variables and parameters) from the last to the first. Several callbacks of one tensor are called in
    /// the order in which they were set, each with what the one before returned. A tensor to which no gradient
    /// flows has its callback not called.
    ///
    /// In a replay that records ([`Replay::create_graph`](crate::Replay::create_graph)) the gradient lies on
    /// the tape, and what the callback does with it can be differentiated; in any other it lies on none.
    ///
    /// The callback lives as long as the record, unless its handle removes it. One that holds a tensor of the
    /// same tape keeps that tape alive until it is drained.
    ///
    /// # Panics
    /// If the tensor wants no gradient or its tape is drained; in the replay, if the callback returns a tensor
    /// of another shape.
    #[track_caller]
    pub fn on_gradient<R: HookResult<T>>(
        &self,
        callback: impl Fn(&Tensor<T>) -> R + Send + Sync + 'static,
    ) -> GradientHook {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Some(Place { tape, slot: Some(slot) }) = &self.place else {
            panic!("on_gradient: the tensor of shape {:?} wants no gradient", self.shape());
        };
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let hook = Hook { slot: *slot, id, call: Arc::new(move |g| callback(g).replacement()) };
        let mut record = tape.lock::<T>();
        if record.drained {
            drop(record);
            panic!("on_gradient: the tape was drained by a backward pass; set the callback before it");
        }
        let at = record.hooks.partition_point(|h| h.slot <= *slot);
        record.hooks.insert(at, hook);
        GradientHook { tape: tape.downgrade(), id }
    }
}
