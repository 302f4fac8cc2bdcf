//! Rectifiers: x where it is positive, some slope times x elsewhere.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::layer;
use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

layer! {
    /// The rectified linear unit: max(x, 0), in 0..∞.
    ///
    /// After Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!(Relu.forward(&Tensor::<f32>::from_vec([2], vec![-1.0, 2.0])).to_vec(), [0.0, 2.0]);
    /// ```
    Relu => |x| x.relu()
}

layer! {
    /// The leaky rectifier: x where x > 0, negative_slope·x elsewhere.
    ///
    /// After Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![-1.0, 2.0]);
    /// assert_eq!(LeakyRelu::default().forward(&x).to_vec(), [-0.01, 2.0]);
    /// assert_eq!(LeakyRelu::new(0.2).forward(&x).to_vec(), [-0.2, 2.0]);
    /// ```
    LeakyRelu {
        /// The slope for negative x (default: 0.01).
        negative_slope: f64 = 0.01,
    } => |x| x.leaky_relu(negative_slope)
}

layer! {
    /// The randomized leaky rectifier: x where x > 0, elsewhere a·x, where a is drawn for each element from
    /// lower..upper on training tapes, and is (lower + upper)/2 on others.
    ///
    /// What is drawn follows from the tape's seed. After Xu, Wang, Chen and Li, "Empirical evaluation of rectified
    /// activations in convolutional network" (2015).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let (layer, x) = (Rrelu::new(0.25, 0.75), Tensor::<f64>::full([100], -1.0));
    /// assert_eq!(layer.forward(&x).to_vec(), [-0.5; 100]);
    /// let y = layer.forward(&Tape::training(0).constant(&x)).to_vec();
    /// assert!(y.iter().all(|y| (-0.75..=-0.25).contains(y)) && y[0] != y[1]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if lower > upper, or one of them is not finite.
    Rrelu {
        /// The least slope for negative x (default: 1/8).
        lower: f64 = 1.0 / 8.0,
        /// The greatest slope for negative x (default: 1/3).
        upper: f64 = 1.0 / 3.0,
    } => |x| x.rrelu(lower, upper)
}

/// The rectifier with a learned slope: x where x > 0, w·x elsewhere. PyTorch's `PReLU`.
///
/// There is one slope for all elements, or one for each channel, axis 1. Weight decay would draw the slopes to 0 and
/// is not meant for them.
///
/// After He, Zhang, Ren and Sun, "Delving deep into rectifiers: surpassing human-level performance on ImageNet
/// classification" (2015).
///
/// ```
/// use wengert::prelude::*;
///
/// let layer = Prelu::<f64>::new();
/// assert_eq!(layer.forward(&Tensor::from_vec([2], vec![-1.0, 2.0])).to_vec(), [-0.25, 2.0]);
/// let by_channel = PreluConfig::new().num_parameters(3).slope(0.1).init::<f64>();
/// assert_eq!(by_channel.forward(&Tensor::ones([4, 3, 5, 5])).shape(), [4, 3, 5, 5]);
/// ```
///
/// # Panics
/// In `forward`, if there are several slopes but not one for each channel.
#[derive(Clone, Debug, Module)]
pub struct Prelu<T: Float = f32> {
    /// w \[1\] or \[channels\].
    pub weight: Parameter<T>,
}

impl<T: Float> Prelu<T> {
    /// The layer with PyTorch's defaults: one slope, first 0.25.
    #[expect(clippy::new_without_default, reason = "two default layers would be two parameters")]
    pub fn new() -> Self {
        PreluConfig::new().init()
    }
}

impl<T: Float> Layer<T> for Prelu<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.prelu(&self.weight.on_tape_of(x))
    }
}

/// What a [`Prelu`] layer is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let error = PreluConfig::new().num_parameters(0).try_init::<f32>().unwrap_err();
/// assert_eq!(error.to_string(), "PreluConfig: num_parameters is 0, expected at least 1");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreluConfig {
    num_parameters: usize,
    slope: f64,
}

impl Default for PreluConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl PreluConfig {
    /// With PyTorch's defaults: one slope, first 0.25.
    pub fn new() -> Self {
        Self { num_parameters: 1, slope: 0.25 }
    }

    /// The number of slopes: 1 (the default), or the number of channels.
    pub fn num_parameters(mut self, n: usize) -> Self {
        self.num_parameters = n;
        self
    }

    /// The slopes' first value (default: 0.25), PyTorch's `init`.
    pub fn slope(mut self, slope: f64) -> Self {
        self.slope = slope;
        self
    }

    /// The layer.
    ///
    /// # Panics
    /// If there are no slopes or the first value is not finite.
    #[track_caller]
    pub fn init<T: Float>(&self) -> Prelu<T> {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self) -> Result<Prelu<T>, ConfigError> {
        let check = Check("PreluConfig");
        check.positive("num_parameters", self.num_parameters)?;
        check.fits("weight", &[self.num_parameters])?;
        check.that(self.slope.is_finite(), "slope", self.slope, "a finite number")?;
        Ok(Prelu { weight: Parameter::new(Tensor::full([self.num_parameters], self.slope)) })
    }
}
