//! The multi-layer perceptron.

use autodiff::{Float, Tensor};
use nn::{Activation, ConfigError, Dropout, Init, Layer, Linear, LinearConfig, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::configured::{dropout, expect, wrong};

/// A multi-layer perceptron: fully connected layers with an activation between each two, none after the last.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = Mlp::<f32>::new([64, 32, 10], &mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([5, 64])).shape(), [5, 10]);
/// assert_eq!(model.parameter_count(), 64 * 32 + 32 + 32 * 10 + 10);
///
/// let tanh = MlpConfig::new([2, 16, 16, 1]).activation(Activation::Tanh).dropout(0.1).init::<f64>(&mut rng);
/// assert_eq!(tanh.layers.len(), 3);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Mlp<T: Float = f32> {
    /// The fully connected layers.
    pub layers: Vec<Linear<T>>,
    activation: Activation,
    dropout: Dropout,
}

impl<T: Float> Mlp<T> {
    /// With the numbers of features from the input to the output, ReLU between the layers, and PyTorch's
    /// initialization.
    ///
    /// # Panics
    /// If fewer than two numbers are given, or one is 0.
    #[track_caller]
    pub fn new(features: impl AsRef<[usize]>, rng: &mut (impl Rng + ?Sized)) -> Self {
        MlpConfig::new(features).init(rng)
    }
}

impl<T: Float> Layer<T> for Mlp<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        let slope = self.activation.rectifier_slope();
        let hidden = hidden.iter().fold(x.clone(), |x, layer| {
            self.dropout.forward(&match slope {
                Some(slope) => layer.forward_rectified(&x, None, slope),
                None => self.activation.forward(&layer.forward(&x)),
            })
        });
        last.forward(&hidden)
    }
}

/// What an [`Mlp`] is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MlpConfig {
    features: Vec<usize>,
    #[serde(default)]
    activation: Activation,
    #[serde(default)]
    dropout: f64,
    #[serde(default = "Init::pytorch")]
    weight_init: Init,
    #[serde(default = "Init::pytorch")]
    bias_init: Init,
}

impl MlpConfig {
    /// With the numbers of features from the input to the output.
    pub fn new(features: impl AsRef<[usize]>) -> Self {
        Self {
            features: features.as_ref().to_vec(),
            activation: Activation::default(),
            dropout: 0.0,
            weight_init: Init::pytorch(),
            bias_init: Init::pytorch(),
        }
    }

    /// The activation between two layers (default: ReLU).
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// The probability of dropout after each activation (default: 0).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// The weights' first values (default: [`Init::pytorch`]).
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = init;
        self
    }

    /// The biases' first values (default: [`Init::pytorch`]).
    pub fn bias_init(mut self, init: Init) -> Self {
        self.bias_init = init;
        self
    }

    /// The model: draws layer by layer.
    ///
    /// # Panics
    /// If fewer than two numbers of features are given, one is 0, the probability is not in 0..=1, or an
    /// initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Mlp<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Mlp<T>, ConfigError> {
        const NAME: &str = "MlpConfig";
        if self.features.len() < 2 || self.features.contains(&0) {
            let expected = "at least two numbers, the input's and the output's, none of them 0";
            return wrong(NAME, "features", format_args!("{:?}", self.features), expected);
        }
        let dropout = dropout(NAME, "dropout", self.dropout)?;
        let layers = self
            .features
            .windows(2)
            .map(|pair| {
                LinearConfig::new(pair[0], pair[1])
                    .weight_init(self.weight_init)
                    .bias_init(self.bias_init)
                    .try_init(rng)
            })
            .collect::<Result<_, _>>()?;
        Ok(Mlp { layers, activation: self.activation, dropout })
    }
}
