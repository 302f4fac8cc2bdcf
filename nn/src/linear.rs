//! The fully connected layer.

use autodiff::{Epilogue, Float, Parameter, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect, yes};
use crate::init::{Fans, Init, WeightAndBias};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// A fully connected layer: y = x·Wᵀ + b on the last axis of x [.., in].
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let layer = Linear::<f32>::new(20, 30, &mut rng);
/// assert_eq!(layer.forward(&Tensor::zeros([128, 20])).shape(), [128, 30]);
/// let without_bias = LinearConfig::new(20, 30).bias(false).init::<f32>(&mut rng);
/// assert_eq!(without_bias.parameter_count(), 600);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Linear<T: Float = f32> {
    /// W [out, in].
    pub weight: Parameter<T>,
    /// b \[out\].
    pub bias: Option<Parameter<T>>,
}

impl<T: Float> Linear<T> {
    /// The layer with PyTorch's defaults: with a bias, all values uniform in ±1/√in.
    ///
    /// # Panics
    /// If a number of features is 0.
    #[track_caller]
    pub fn new(in_features: usize, out_features: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        LinearConfig::new(in_features, out_features).init(rng)
    }
}

impl<T: Float> Linear<T> {
    /// [`forward`](Layer::forward), plus a residual like the result where there is one, with negative values multiplied
    /// by `slope`: 0 for a ReLU after the layer, 0.1 for a leaky one, 1 for none. As one operation.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let layer = Linear::<f32>::new(4, 4, &mut ChaCha8Rng::seed_from_u64(0));
    /// let x = Tensor::ones([2, 4]);
    /// let fused = layer.forward_rectified(&x, Some(&x), 0.0);
    /// assert_eq!(fused.to_vec(), (layer.forward(&x) + &x).relu().to_vec());
    /// ```
    ///
    /// # Panics
    /// As `forward`; if the residual has another shape, or the slope is negative or not finite.
    #[track_caller]
    pub fn forward_rectified(&self, x: &Tensor<T>, residual: Option<&Tensor<T>>, slope: f64) -> Tensor<T> {
        let bias = on_tape_of(self.bias.as_ref(), x);
        let epilogue = Epilogue::new().bias(bias.as_ref()).residual(residual).slope(slope);
        x.linear_fused(&self.weight.on_tape_of(x), epilogue)
    }
}

impl<T: Float> Layer<T> for Linear<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.forward_rectified(x, None, 1.0)
    }
}

/// What a [`Linear`] layer is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearConfig {
    in_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "Init::pytorch")]
    weight_init: Init,
    #[serde(default = "Init::pytorch")]
    bias_init: Init,
}

impl LinearConfig {
    /// From `in_features` to `out_features`.
    pub fn new(in_features: usize, out_features: usize) -> Self {
        Self {
            in_features,
            out_features,
            bias: true,
            weight_init: Init::pytorch(),
            bias_init: Init::pytorch(),
        }
    }

    /// Whether there is a bias (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The weight's first values (default: [`Init::pytorch`]).
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = init;
        self
    }

    /// The bias's first values (default: [`Init::pytorch`], with the weight's fans).
    pub fn bias_init(mut self, init: Init) -> Self {
        self.bias_init = init;
        self
    }

    /// The layer: draws the weight, then the bias.
    ///
    /// # Panics
    /// If a number of features is 0 or an initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Linear<T> {
        expect(self.try_init(rng))
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// A number of features is 0 or an initialization is none.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Linear<T>, ConfigError> {
        let check = Check("LinearConfig");
        check.positive("in_features", self.in_features)?;
        check.positive("out_features", self.out_features)?;
        let shape = [self.out_features, self.in_features];
        let fans = Fans::of;
        let Self { bias, weight_init, bias_init, .. } = *self;
        let parameters =
            WeightAndBias { shape: &shape, outputs: self.out_features, fans, weight_init, bias_init, bias };
        let (weight, bias) = parameters.draw(&check, rng)?;
        Ok(Linear { weight, bias })
    }
}
