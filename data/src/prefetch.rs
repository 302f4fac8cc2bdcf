//! Batches made ahead of time.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

/// An iterator whose items are made on a thread of its own before they are asked for, in their order.
///
/// A panic over there comes out of `next` here. When it is dropped early, the thread stops after the item it is at, and
/// the drop waits for that.
///
/// ```
/// use wengert::data::Prefetch;
///
/// let squares = Prefetch::new((0..1000).map(|i| i * i), 4);
/// assert_eq!(squares.take(3).collect::<Vec<_>>(), [0, 1, 4]);
/// ```
#[derive(Debug)]
pub struct Prefetch<T> {
    // None once there is nothing more to come.
    running: Option<(Receiver<T>, JoinHandle<()>)>,
    left: (usize, Option<usize>),
}

impl<T: Send + 'static> Prefetch<T> {
    /// Items of an iterator, of which up to `ahead` wait.
    ///
    /// # Panics
    /// When `ahead` is 0, and when the system has no thread to give.
    #[track_caller]
    pub fn new(items: impl Iterator<Item = T> + Send + 'static, ahead: usize) -> Self {
        assert!(ahead > 0, "Prefetch: 0 items ahead of time");
        let left = items.size_hint();
        // One more waits in the hands of the thread.
        let (sender, receiver) = sync_channel(ahead - 1);
        let work = move || {
            for item in items {
                if sender.send(item).is_err() {
                    break;
                }
            }
        };
        let thread = Builder::new().name("wengert-prefetch".into()).spawn(work);
        let thread = thread.unwrap_or_else(|error| panic!("Prefetch: no thread could be started: {error}"));
        Self { running: Some((receiver, thread)), left }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let (receiver, _) = self.running.as_ref()?;
        if let Ok(item) = receiver.recv() {
            self.left = (self.left.0.saturating_sub(1), self.left.1.map(|left| left.saturating_sub(1)));
            return Some(item);
        }
        let (_, thread) = self.running.take()?;
        self.left = (0, Some(0));
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left
    }
}

impl<T> std::iter::FusedIterator for Prefetch<T> {}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        if let Some((receiver, thread)) = self.running.take() {
            // The thread's next item finds nobody.
            drop(receiver);
            // A panic that nobody asked for the item of is said on the standard error already.
            let _ = thread.join();
        }
    }
}
