//! Transforms one after the other, and the same for every picture of a batch.

use super::{Sample, Transform, check_probability};
use autodiff::Tensor;
use ndarray::{Array3, Array4, Axis, Ix4};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rayon::prelude::*;
use std::sync::Arc;

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
#[derive(Clone, Debug, Default)]
pub struct Compose {
    transforms: Vec<Arc<dyn Transform>>,
}

impl Compose {
    /// Nothing yet: pictures stay as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another transform at the end.
    pub fn push(mut self, transform: impl Transform + 'static) -> Self {
        self.transforms.push(Arc::new(transform));
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
        let Ok(pictures) = pictures.view().into_dimensionality::<Ix4>() else {
            panic!("Compose: expected pictures [n, c, h, w], found shape {:?}", pictures.shape());
        };
        let (n, c, h, w) = pictures.dim();
        assert!(indices.len() == n, "Compose: {} indices for {n} pictures", indices.len());
        let change = |picture: Array3<f32>, index| {
            self.sample(Sample::new(picture), seed, epoch, index).into_parts().0
        };
        if n == 0 {
            // A picture that is not there shows the shape it would have had.
            let (c, h, w) = change(Array3::zeros((c, h, w)), 0).dim();
            return Array4::zeros((0, c, h, w)).into();
        }
        let changed: Vec<Array3<f32>> = indices
            .par_iter()
            .enumerate()
            .map(|(i, &index)| change(pictures.index_axis(Axis(0), i).to_owned(), index))
            .collect();
        match stack(&changed) {
            Ok(batch) => batch.into(),
            Err(i) => panic!(
                "Compose: the pictures have different shapes in the end, {:?} and {:?}; let the last transform \
                 give them one size",
                changed[0].shape(),
                changed[i].shape()
            ),
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
        self.transforms.iter().fold(sample, |sample, transform| transform.transform(sample, rng))
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
