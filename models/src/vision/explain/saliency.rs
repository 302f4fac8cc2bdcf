//! Which pixels move a score most.

use autodiff::{Float, Indices, Tensor};
use nn::{ConfigError, Init, Layer};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{checked, sum_of_scores, tape_of_constants};
use crate::configured::{expect, not_negative, positive};

/// ∂score/∂x [batch, channels, height, width]: the gradient of each picture's score for its class, before softmax, with
/// respect to the picture. The model evaluates, and its parameters get no gradients.
///
/// Models that join the pictures of a batch are not meant: each score is taken to depend on its own picture.
///
/// # Panics
/// If the pictures are not [batch, channels, height, width], there are not as many classes, one is not among the
/// model's, or the model does not give [batch, classes].
#[track_caller]
pub fn input_gradient<T: Float, M: Layer<T> + ?Sized>(
    model: &M,
    pictures: &Tensor<T>,
    classes: &Indices,
) -> Tensor<T> {
    checked("input_gradient", pictures, classes);
    let tape = tape_of_constants(model);
    let x = tape.variable(pictures.detach());
    let score = sum_of_scores("input_gradient", &model.forward(&x), classes);
    // A model may give scores that do not depend on the picture.
    let found = if score.requires_grad() { score.backward().get(&x).cloned() } else { None };
    found.unwrap_or_else(|| Tensor::zeros(pictures.shape()))
}

/// The saliency map [batch, height, width] of each picture for a class: at each place the largest |∂score/∂x| among the
/// channels.
///
/// After Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks: visualising image classification models
/// and saliency maps" (2013), section 3.
///
/// ```
/// use wengert::models::vision::explain::saliency;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = LeNet5::<f32>::new(10, &mut rng);
/// let pictures = Init::uniform(0.0, 1.0).tensor([3, 1, 28, 28], &mut rng);
/// let map = saliency(&model, &pictures, &Indices::from_vec([3], vec![7, 7, 2]));
/// assert_eq!(map.shape(), [3, 28, 28]);
/// ```
///
/// # Panics
/// As [`input_gradient`], or if the pictures have no channels.
#[track_caller]
pub fn saliency<T: Float, M: Layer<T> + ?Sized>(
    model: &M,
    pictures: &Tensor<T>,
    classes: &Indices,
) -> Tensor<T> {
    input_gradient(model, pictures, classes).abs().max(1)
}

/// Saliency with less noise: the gradient is averaged over copies of the picture with a little noise added.
///
/// At each place the largest |mean over the copies of ∂score/∂x| among the channels. The noise is normal, with a
/// deviation in parts of the picture's own range, from its darkest value to its lightest.
///
/// After Smilkov, Thorat, Kim, Viégas and Wattenberg, "SmoothGrad: removing noise by adding noise" (2017).
///
/// ```
/// use wengert::models::vision::explain::SmoothGrad;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = LeNet5::<f32>::new(10, &mut rng);
/// let pictures = Init::uniform(0.0, 1.0).tensor([2, 1, 28, 28], &mut rng);
/// let map = SmoothGrad::new().samples(8).saliency(&model, &pictures, &Indices::from_vec([2], vec![7, 2]), &mut rng);
/// assert_eq!(map.shape(), [2, 28, 28]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmoothGrad {
    samples: usize,
    noise: f64,
}

impl Default for SmoothGrad {
    fn default() -> Self {
        Self::new()
    }
}

impl SmoothGrad {
    /// 50 copies with a noise of 0.15, which is in the middle of what the paper recommends.
    pub const fn new() -> Self {
        Self { samples: 50, noise: 0.15 }
    }

    /// How many copies are averaged (default: 50).
    pub const fn samples(mut self, samples: usize) -> Self {
        self.samples = samples;
        self
    }

    /// The deviation of the noise, in parts of the picture's range (default: 0.15).
    pub const fn noise(mut self, noise: f64) -> Self {
        self.noise = noise;
        self
    }

    /// Whether the options are ones, where they come from outside the program.
    ///
    /// # Errors
    /// There are no copies, or the noise is negative or not finite.
    pub fn check(&self) -> Result<(), ConfigError> {
        positive("SmoothGrad", [("samples", self.samples)])?;
        not_negative("SmoothGrad", [("noise", self.noise)])
    }

    /// The maps [batch, height, width]. One copy of the whole batch is computed at a time.
    ///
    /// # Panics
    /// As [`saliency`], or if the options are none ([`check`](Self::check)).
    #[track_caller]
    pub fn saliency<T: Float, M: Layer<T> + ?Sized>(
        &self,
        model: &M,
        pictures: &Tensor<T>,
        classes: &Indices,
        rng: &mut (impl Rng + ?Sized),
    ) -> Tensor<T> {
        expect(self.check());
        let [n, c, h, w] = checked("SmoothGrad", pictures, classes);
        let pictures = pictures.detach();
        let mut sum = Tensor::zeros(pictures.shape());
        let deviation = if pictures.is_empty() {
            Tensor::zeros([n, 1])
        } else {
            let flat = pictures.reshape([n, c * h * w]);
            (flat.max(1) - flat.min(1)) * self.noise
        };
        let deviation = deviation.reshape([n, 1, 1, 1]);
        for _ in 0..self.samples {
            let noise: Tensor<T> = Init::normal(0.0, 1.0).tensor(pictures.shape(), rng);
            sum = sum + input_gradient(model, &(&pictures + noise * &deviation), classes);
        }
        (sum / self.samples as f64).abs().max(1)
    }
}
