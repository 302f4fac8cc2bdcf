//! Transforms one after the other, and the same for every picture of a batch.

use super::{Sample, Transform, check_probability};
use crate::{
    detection::{DetectionBatch, Object},
    transform,
};
use autodiff::Tensor;
use ndarray::{Array3, Array4, ArrayView4, Axis};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rayon::prelude::*;
use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

/// Transforms that are applied one after the other, each picture drawing numbers of its own.
///
/// What is drawn for a picture is a function of a seed, an epoch and the picture's index, so that it depends neither on
/// the number of threads nor on what else is in the batch. Clones share the transforms.
///
/// ```
/// use wengert::data::augment::{Compose, GaussianNoise, RandomRotation};
/// use wengert::data::digits;
///
/// let pipeline = Compose::new().push(RandomRotation::new(15.0)).push(GaussianNoise::new());
/// let batch = digits().batch(&[0, 1, 2]);
/// let seen = pipeline.apply(&batch.inputs, 7);
/// assert_eq!(seen.shape(), batch.inputs.shape());
/// assert_eq!(seen.to_vec(), pipeline.apply(&batch.inputs, 7).to_vec());
/// ```
#[derive(Clone, Debug)]
pub struct Compose {
    transforms: Vec<Arc<dyn Transform>>,
    /// What it asks for in the place of the sample.
    min_visible: Option<f64>,
}

impl Default for Compose {
    fn default() -> Self {
        Self::new()
    }
}

impl Compose {
    /// Nothing yet: pictures stay as they are.
    pub const fn new() -> Self {
        Self { transforms: Vec::new(), min_visible: None }
    }

    /// With another transform at the end.
    pub fn push(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Arc::new(transform));
        self
    }

    /// How much of an object must stay in its picture for the label to keep it, whatever the sample itself asks for
    /// ([`Sample::min_visible`]).
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn min_visible(mut self, fraction: f64) -> Self {
        super::check_visible(fraction);
        self.min_visible = Some(fraction);
        self
    }

    /// How many transforms there are.
    pub fn len(&self) -> usize {
        self.transforms.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.transforms.is_empty()
    }

    /// Changes pictures `[n, c, h, w]` in parallel; picture i draws as index i of epoch 0.
    ///
    /// # Panics
    /// As [`apply_at`](Self::apply_at).
    #[track_caller]
    pub fn apply(&self, pictures: &Tensor<f32>, seed: u64) -> Tensor<f32> {
        let indices: Vec<usize> = (0..pictures.shape().first().copied().unwrap_or(0)).collect();
        self.apply_at(pictures, seed, 0, &indices)
    }

    /// Changes pictures `[n, c, h, w]` in parallel; the i-th draws as `indices[i]` of this epoch.
    ///
    /// # Panics
    /// If they have another rank, if there are not as many indices, if a transform does not take them, and if the
    /// results have different shapes.
    #[track_caller]
    pub fn apply_at(&self, pictures: &Tensor<f32>, seed: u64, epoch: u64, indices: &[usize]) -> Tensor<f32> {
        let pictures = transform::pictures("Compose", pictures.view());
        let (_, c, h, w) = pictures.dim();
        if indices.is_empty() && pictures.len_of(Axis(0)) == 0 {
            // A picture that is not there shows the shape it would have had.
            let sample = Sample::new(Array3::zeros((c, h, w)));
            let (c, h, w) = self.sample(sample, seed, epoch, 0).picture().dim();
            return Array4::zeros((0, c, h, w)).into();
        }
        let changed = self.change(pictures, |_| Vec::new(), seed, epoch, indices);
        batch(&changed.into_iter().map(|sample| sample.into_parts().0).collect::<Vec<_>>())
    }

    /// Changes pictures with their objects in parallel; the i-th draws as `indices[i]` of this epoch.
    ///
    /// ```
    /// use wengert::data::augment::{Compose, RandomAffine, RandomHorizontalFlip};
    /// use wengert::data::{detection::SceneConfig, digits};
    ///
    /// let pipeline = Compose::new()
    ///     .push(RandomHorizontalFlip::new())
    ///     .push(RandomAffine::new().scale(0.2).translate(0.1))
    ///     .min_visible(0.5);
    /// let batch = SceneConfig::new().init(&digits(), 0).batch(0..4);
    /// let seen = pipeline.apply_with_objects(&batch, 0, 0, &[0, 1, 2, 3]);
    /// assert_eq!(seen.pictures.shape(), batch.pictures.shape());
    /// ```
    ///
    /// # Panics
    /// As [`apply_at`](Self::apply_at), and if there are not as many lists of objects as pictures.
    #[track_caller]
    pub fn apply_with_objects(
        &self,
        pictures: &DetectionBatch,
        seed: u64,
        epoch: u64,
        indices: &[usize],
    ) -> DetectionBatch {
        let view = transform::pictures("Compose", pictures.pictures.view());
        let (lists, n) = (pictures.len(), view.len_of(Axis(0)));
        assert!(lists == n, "Compose: {lists} lists of objects for {n} pictures");
        if pictures.is_empty() {
            let pictures = self.apply_at(&pictures.pictures, seed, epoch, indices);
            return DetectionBatch { pictures, objects: Vec::new() };
        }
        let changed = self.change(view, |i| pictures.objects[i].clone(), seed, epoch, indices);
        let (arrays, objects): (Vec<_>, _) = changed.into_iter().map(Sample::into_parts).unzip();
        DetectionBatch { pictures: batch(&arrays), objects }
    }

    #[track_caller]
    fn change(
        &self,
        pictures: ArrayView4<'_, f32>,
        objects: impl Fn(usize) -> Vec<Object> + Sync,
        seed: u64,
        epoch: u64,
        indices: &[usize],
    ) -> Vec<Sample> {
        let n = pictures.len_of(Axis(0));
        assert!(indices.len() == n, "Compose: {} indices for {n} pictures", indices.len());
        let change = |(i, &index): (usize, &usize)| {
            let sample = Sample::new(pictures.index_axis(Axis(0), i).to_owned()).objects(objects(i));
            self.sample(sample, seed, epoch, index)
        };
        let all = || indices.par_iter().enumerate().map(change).collect();
        // A picture that a transform does not take is a mistake of the caller, whose line a thread of the pool does not
        // know.
        match catch_unwind(AssertUnwindSafe(all)) {
            Ok(changed) => changed,
            Err(reason) => match reason.downcast::<String>() {
                Ok(message) => panic!("{message}"),
                Err(reason) => resume_unwind(reason),
            },
        }
    }

    /// Changes one picture with its objects, drawing as this index of this epoch.
    pub fn sample(&self, sample: Sample, seed: u64, epoch: u64, index: usize) -> Sample {
        let mut rng = stream(seed, epoch, index as u64);
        self.transform(sample, &mut rng)
    }
}

impl Transform for Compose {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let outside = sample.least_visible();
        let sample = sample.min_visible(self.min_visible.unwrap_or(outside));
        let sample =
            self.transforms.iter().fold(sample, |sample, transform| transform.transform(sample, rng));
        sample.min_visible(outside)
    }
}

#[track_caller]
fn batch(changed: &[Array3<f32>]) -> Tensor<f32> {
    match stack(changed) {
        Ok(batch) => batch.into(),
        Err(i) => panic!(
            "Compose: the pictures have different shapes in the end, {:?} and {:?}; let the last transform give \
             them one size",
            changed[0].shape(),
            changed[i].shape()
        ),
    }
}

/// The numbers of one picture: all three are the generator's key, so that no two streams meet.
fn stream(seed: u64, epoch: u64, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (part, number) in key.chunks_exact_mut(8).zip([seed, epoch, index, u64::from_le_bytes(*b"pictures")])
    {
        part.copy_from_slice(&number.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Pictures of one shape as a batch, or the first that has another.
pub(crate) fn stack(pictures: &[Array3<f32>]) -> Result<Array4<f32>, usize> {
    let shape = pictures.first().map_or((0, 0, 0), Array3::dim);
    if let Some(other) = pictures.iter().position(|picture| picture.dim() != shape) {
        return Err(other);
    }
    let mut elements = Vec::with_capacity(pictures.iter().map(Array3::len).sum());
    for picture in pictures {
        match picture.as_slice() {
            Some(slice) => elements.extend_from_slice(slice),
            None => elements.extend(picture.iter()),
        }
    }
    let (c, h, w) = shape;
    Ok(Array4::from_shape_vec((pictures.len(), c, h, w), elements).expect("pictures of one shape"))
}

/// Applies a transform, or a [`Compose`] of several, to some of the pictures.
///
/// ```
/// use wengert::data::augment::{ColorJitter, Compose, RandomApply};
///
/// let pipeline = Compose::new().push(RandomApply::new(ColorJitter::new().brightness(0.5)).p(0.8));
/// # assert_eq!(pipeline.len(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct RandomApply {
    transform: Arc<dyn Transform>,
    p: f64,
}

impl RandomApply {
    /// With probability ½.
    pub fn new(transform: impl Transform + 'static) -> Self {
        Self { transform: Arc::new(transform), p: 0.5 }
    }

    /// With this probability.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        check_probability("RandomApply", p);
        self.p = p;
        self
    }
}

impl Transform for RandomApply {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        if rng.random::<f64>() < self.p { self.transform.transform(sample, rng) } else { sample }
    }
}
