//! Scenes in batches.

use super::{Scene, Scenes};
use crate::detection::DetectionBatch;
use autodiff::Tensor;
use rayon::prelude::*;
use std::ops::Range;

impl Scenes {
    /// The scenes of the given numbers, painted in parallel.
    pub fn batch(&self, indices: Range<u64>) -> DetectionBatch {
        let count = indices.end.saturating_sub(indices.start) as usize;
        let scenes: Vec<Scene> =
            (0..count).into_par_iter().map(|i| self.scene(indices.start + i as u64)).collect();
        let mut pixels = Vec::with_capacity(scenes.iter().map(|scene| scene.picture.len()).sum());
        let mut objects = Vec::with_capacity(count);
        for scene in scenes {
            pixels.extend(scene.picture);
            objects.push(scene.objects);
        }
        let shape = [count, self.config.channels, self.config.height, self.config.width];
        DetectionBatch { pictures: Tensor::from_vec(shape, pixels), objects }
    }

    /// The scenes from number 0 on, `size` at a time, without end: `take` as many as are wanted, `skip` those that an
    /// interrupted run has seen (it costs nothing). In a [`Prefetch`](crate::Prefetch) they are painted ahead of time.
    ///
    /// ```
    /// use wengert::data::{Prefetch, detection::SceneConfig, digits};
    ///
    /// let scenes = SceneConfig::new().init(&digits(), 0);
    /// let mut later = Prefetch::new(scenes.batches(4).skip(250_000), 2);
    /// assert_eq!(later.next().unwrap().objects[0], scenes.scene(1_000_000).objects);
    /// ```
    ///
    /// # Panics
    /// When `size` is 0.
    #[track_caller]
    pub fn batches(&self, size: usize) -> SceneBatches {
        assert!(size > 0, "Scenes::batches: a batch of 0 scenes");
        SceneBatches { scenes: self.clone(), size: size as u64, next: 0 }
    }
}

/// An iterator over batches of scenes: [`Scenes::batches`].
#[derive(Clone, Debug)]
pub struct SceneBatches {
    scenes: Scenes,
    size: u64,
    next: u64,
}

impl Iterator for SceneBatches {
    type Item = DetectionBatch;

    fn next(&mut self) -> Option<DetectionBatch> {
        self.nth(0)
    }

    fn nth(&mut self, n: usize) -> Option<DetectionBatch> {
        // Numbers beyond the last u64 do not exist.
        let begin = (n as u64).checked_mul(self.size).and_then(|skipped| self.next.checked_add(skipped))?;
        let end = begin.checked_add(self.size)?;
        self.next = end;
        Some(self.scenes.batch(begin..end))
    }
}
