//! Group normalization.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::{affine, check_eps, default_eps};
use crate::config::{Check, expect, yes};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// Group normalization of [batch, channels, …]: neighbouring channels make groups, and y = w·(x − μ)/√(σ² + ε) + b
/// with the mean μ and the biased variance σ² of each image's groups, and w and b by channel.
///
/// What one image gives does not depend on the others of its batch. One group is a layer normalization of the whole
/// image; as many groups as channels are an instance normalization.
///
/// After Wu and He, "Group normalization" (2018).
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = GroupNorm::<f64>::new(2, 6);
/// let y = norm.forward(&Tensor::from_vec([1, 6], vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0]));
/// let apart = y.reshape([2, 3]).mean(1).abs().max(..).item();
/// assert!(apart < 1e-12);
/// assert_eq!(norm.weight.as_ref().unwrap().shape(), [6]);
/// ```
///
/// # Panics
/// In `forward`, if the input has fewer than two axes, another number of channels or no positions, or all of it is
/// one value to a group.
#[derive(Clone, Debug, Module)]
pub struct GroupNorm<T: Float = f32> {
    /// w \[channels\], if the layer is affine.
    pub weight: Option<Parameter<T>>,
    /// b \[channels\], if the layer is affine and has one.
    pub bias: Option<Parameter<T>>,
    num_groups: usize,
    num_channels: usize,
    eps: f64,
}

impl<T: Float> GroupNorm<T> {
    /// The layer with PyTorch's defaults: ε = 1e-5, affine with a bias.
    ///
    /// # Panics
    /// If there are no groups or channels, or the groups do not divide the channels.
    #[track_caller]
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        GroupNormConfig::new(num_groups, num_channels).init()
    }

    #[track_caller]
    fn check_input(&self, shape: &[usize]) {
        let &[batch, channels, ref positions @ ..] = shape else {
            panic!("GroupNorm: the input {shape:?} is not [batch, channels, …]")
        };
        assert!(
            channels == self.num_channels,
            "GroupNorm: axis 1 of the input {shape:?} has {channels} channels, the layer {}",
            self.num_channels
        );
        let values = positions.iter().product::<usize>() * (channels / self.num_groups);
        assert!(values > 0, "GroupNorm: the input {shape:?} has no positions");
        assert!(
            batch * values != 1,
            "GroupNorm: the input {shape:?} has one value to a group; its variance needs at least two"
        );
    }
}

impl<T: Float> Layer<T> for GroupNorm<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.check_input(x.shape());
        let (weight, bias) = (on_tape_of(self.weight.as_ref(), x), on_tape_of(self.bias.as_ref(), x));
        x.group_norm(self.num_groups, weight.as_ref(), bias.as_ref(), self.eps)
    }
}

/// What a [`GroupNorm`] layer is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = GroupNormConfig::new(4, 8).eps(1e-6).bias(false).init::<f32>();
/// assert_eq!(norm.parameter_count(), 8);
/// let error = GroupNormConfig::new(3, 8).try_init::<f32>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "GroupNormConfig: num_channels is 8, expected a multiple of num_groups, which is 3"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupNormConfig {
    num_groups: usize,
    num_channels: usize,
    #[serde(default = "default_eps")]
    eps: f64,
    #[serde(default = "yes")]
    affine: bool,
    #[serde(default = "yes")]
    bias: bool,
}

impl GroupNormConfig {
    /// For a number of groups and of channels.
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        Self { num_groups, num_channels, eps: default_eps(), affine: true, bias: true }
    }

    /// What is added to the variance, ε (default: 1e-5).
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Whether the layer has a weight, first 1, and a bias, first 0, for each channel (default: yes).
    pub fn affine(mut self, affine: bool) -> Self {
        self.affine = affine;
        self
    }

    /// Whether an affine layer has a bias (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The layer.
    ///
    /// # Panics
    /// If there are no groups or channels, the groups do not divide the channels, or ε is negative or not finite.
    #[track_caller]
    pub fn init<T: Float>(&self) -> GroupNorm<T> {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self) -> Result<GroupNorm<T>, ConfigError> {
        let check = Check("GroupNormConfig");
        let Self { num_groups, num_channels, eps, .. } = *self;
        check.positive("num_groups", num_groups)?;
        check.positive("num_channels", num_channels)?;
        let expected = format_args!("a multiple of num_groups, which is {num_groups}");
        check.that(num_channels.is_multiple_of(num_groups), "num_channels", num_channels, expected)?;
        check.fits("weight", &[num_channels])?;
        check_eps(&check, eps)?;
        let (weight, bias) = affine(&[num_channels], self.affine, self.bias);
        Ok(GroupNorm { weight, bias, num_groups, num_channels, eps })
    }
}
