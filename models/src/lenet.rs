//! LeNet-5.

use autodiff::{Float, Tensor};
use nn::{ConfigError, Conv2d, Conv2dConfig, Layer, Linear, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::configured::{expect, positive, wrong};

/// LeNet-5, for grey pictures of 28×28 or 32×32: [batch, 1, height, width] to logits [batch, classes].
///
/// | layer | | output | parameters |
/// | --- | --- | --- | --- |
/// | c1 | convolution 5×5, tanh | 6×28×28 | 156 |
/// | s2 | average of 2×2 | 6×14×14 | |
/// | c3 | convolution 5×5, tanh | 16×10×10 | 2,416 |
/// | s4 | average of 2×2 | 16×5×5 | |
/// | c5 | fully connected, tanh | 120 | 48,120 |
/// | f6 | fully connected, tanh | 84 | 10,164 |
/// | output | fully connected | 10 | 850 |
///
/// Together 61,706 parameters for 10 classes. Pictures of 28×28 get two rows and columns of zeros on each side,
/// pictures of 32×32 none.
///
/// After LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).
/// As is usual today it differs from the paper: c3 sees all six maps of s2, not a chosen subset; the
/// subsampling layers are plain averages, without coefficients, biases and sigmoids of their own; tanh is not
/// scaled; the output is a linear layer to logits, not distances to drawn characters (RBF); the first values
/// are PyTorch's.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = LeNet5::<f32>::new(10, &mut rng);
/// assert_eq!(model.parameter_count(), 61_706);
/// assert_eq!(model.forward(&Tensor::zeros([2, 1, 28, 28])).shape(), [2, 10]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another size or number of channels.
#[derive(Clone, Debug, Module)]
pub struct LeNet5<T: Float = f32> {
    /// The first convolution, 1 to 6 channels.
    pub c1: Conv2d<T>,
    /// The second convolution, 6 to 16 channels.
    pub c3: Conv2d<T>,
    /// From 16·5·5 features to 120.
    pub c5: Linear<T>,
    /// From 120 features to 84.
    pub f6: Linear<T>,
    /// From 84 features to the classes.
    pub output: Linear<T>,
}

impl<T: Float> LeNet5<T> {
    /// For pictures of 28×28.
    ///
    /// # Panics
    /// If there are no classes.
    #[track_caller]
    pub fn new(classes: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        LeNet5Config::new(classes).init(rng)
    }
}

impl<T: Float> Layer<T> for LeNet5<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let x = self.c1.forward(x).tanh().avg_pool2d(2);
        let x = self.c3.forward(&x).tanh().avg_pool2d(2);
        let x = self.c5.forward(&x.flatten_from(1)).tanh();
        self.output.forward(&self.f6.forward(&x).tanh())
    }
}

/// What a [`LeNet5`] is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = LeNet5Config::new(10).input_size(32).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([2, 1, 32, 32])).shape(), [2, 10]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeNet5Config {
    classes: usize,
    #[serde(default = "mnist")]
    input_size: usize,
}

fn mnist() -> usize {
    28
}

impl LeNet5Config {
    /// For a number of classes.
    pub fn new(classes: usize) -> Self {
        Self { classes, input_size: mnist() }
    }

    /// Height and width of the pictures: 28, which are padded, or 32 (default: 28).
    pub fn input_size(mut self, size: usize) -> Self {
        self.input_size = size;
        self
    }

    /// The model: draws layer by layer.
    ///
    /// # Panics
    /// If there are no classes, or the pictures' size is neither 28 nor 32.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> LeNet5<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<LeNet5<T>, ConfigError> {
        const NAME: &str = "LeNet5Config";
        let padding = match self.input_size {
            28 => 2,
            32 => 0,
            other => return wrong(NAME, "input_size", other, "28 or 32"),
        };
        positive(NAME, [("classes", self.classes)])?;
        let linear = |inputs, outputs, rng: &mut _| nn::LinearConfig::new(inputs, outputs).try_init(rng);
        Ok(LeNet5 {
            c1: Conv2dConfig::new(1, 6, 5).padding(padding).try_init(rng)?,
            c3: Conv2dConfig::new(6, 16, 5).try_init(rng)?,
            c5: linear(16 * 5 * 5, 120, rng)?,
            f6: linear(120, 84, rng)?,
            output: linear(84, self.classes, rng)?,
        })
    }
}
