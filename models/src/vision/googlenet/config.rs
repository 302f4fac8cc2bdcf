//! What a GoogLeNet is built from.

use autodiff::{Float, Pool2d};
use nn::{AdaptiveAvgPool2d, ConfigError, Conv2dConfig, Init, LinearConfig, LocalResponseNorm, MaxPool2d};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::auxiliary::Auxiliary;
use super::{BasicConv2d, GoogLeNet, Inception, InceptionConfig, TransformInput};
use crate::configured::{dropout, expect, named, positive, thousand, three, wrong, yes};
use crate::vision::Preprocessing;

/// Whose GoogLeNet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Paper,
    Torchvision,
}

/// What a [`GoogLeNet`] is built from.
///
/// ```
/// use wengert::models::vision::GoogLeNetConfig;
/// use wengert::prelude::*;
///
/// let config: GoogLeNetConfig = serde_json::from_str(r#"{"form": "paper", "classes": 10, "aux_logits": false}"#)?;
/// assert_eq!(config, GoogLeNetConfig::paper().classes(10).aux_logits(false));
/// let model = config.init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// assert!(model.aux1.is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogLeNetConfig {
    form: Form,
    #[serde(default = "thousand")]
    classes: usize,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "yes")]
    aux_logits: bool,
    #[serde(default)]
    transform_input: bool,
    #[serde(default)]
    dropout: Option<f64>,
    #[serde(default = "dropout_aux")]
    dropout_aux: f64,
    #[serde(default)]
    weight_init: Option<Init>,
}

fn dropout_aux() -> f64 {
    0.7
}

named! { GoogLeNet, GoogLeNetConfig:
    paper, "GoogLeNet of Szegedy et al. (2014), table 1, with local response normalization" => Self::new(Form::Paper);
    torchvision, "GoogLeNet as torchvision has it, with batch normalization" => Self::new(Form::Torchvision);
}

impl GoogLeNetConfig {
    fn new(form: Form) -> Self {
        Self {
            form,
            classes: thousand(),
            in_channels: three(),
            aux_logits: true,
            transform_input: false,
            dropout: None,
            dropout_aux: dropout_aux(),
            weight_init: None,
        }
    }

    /// The number of classes (default: 1000).
    pub fn classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }

    /// The channels of the pictures (default: 3).
    pub fn in_channels(mut self, channels: usize) -> Self {
        self.in_channels = channels;
        self
    }

    /// Whether there are auxiliary heads (default: yes).
    pub fn aux_logits(mut self, aux_logits: bool) -> Self {
        self.aux_logits = aux_logits;
        self
    }

    /// Whether pictures that [`preprocessing`](Self::preprocessing) prepared are first brought to −1..=1, which
    /// torchvision's published weights expect (default: no).
    pub fn transform_input(mut self, transform: bool) -> Self {
        self.transform_input = transform;
        self
    }

    /// The probability of dropout before the linear layer (default: 0.4, in torchvision's form 0.2).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = Some(p);
        self
    }

    /// The probability of dropout in the auxiliary heads (default: 0.7).
    pub fn dropout_aux(mut self, p: f64) -> Self {
        self.dropout_aux = p;
        self
    }

    /// The first values of all weights of convolutions and linear layers. For a model that is loaded from a file,
    /// [`Init::zeros`] saves the draws.
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = Some(init);
        self
    }

    /// What is done to pictures before: torchvision's preparation for ImageNet. (The paper subtracts the mean.)
    pub fn preprocessing(&self) -> Preprocessing {
        Preprocessing::imagenet()
    }

    /// The model: draws layer by layer.
    ///
    /// # Panics
    /// If there are no classes or channels, a probability is not in 0..=1, inputs of other than three channels are to be
    /// transformed, or the initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> GoogLeNet<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<GoogLeNet<T>, ConfigError> {
        const NAME: &str = "GoogLeNetConfig";
        positive(NAME, [("classes", self.classes), ("in_channels", self.in_channels)])?;
        if self.transform_input && self.in_channels != 3 {
            return wrong(NAME, "in_channels", self.in_channels, "3 where the input is to be transformed");
        }
        let torchvision = self.form == Form::Torchvision;
        let p = self.dropout.unwrap_or(if torchvision { 0.2 } else { 0.4 });
        let dropout_aux = dropout(NAME, "dropout_aux", self.dropout_aux)?;
        let dropout = dropout(NAME, "dropout", p)?;
        let (weight_init, bias_init) = match self.form {
            Form::Paper => (Init::he_normal(), Init::zeros()),
            Form::Torchvision => (Init::truncated_normal(0.0, 0.01, -2.0, 2.0), Init::pytorch()),
        };
        let weight_init = self.weight_init.unwrap_or(weight_init);
        let conv = |inputs, outputs, kernel: usize, stride, rng: &mut _| {
            let config = Conv2dConfig::new(inputs, outputs, kernel).stride(stride).padding(kernel / 2);
            BasicConv2d::try_init(config, outputs, torchvision, weight_init, rng)
        };
        let halving = |window: usize| MaxPool2d::new(Pool2d::new(window).stride(2).ceil_mode(true));
        let norm = || (!torchvision).then(|| LocalResponseNorm::new(5));
        // A row of the paper's table 1: 1×1, 3×3 with its reduction, 5×5 with its, behind the maximum.
        let module = |inputs, ch1x1, ch3x3, ch5x5, pool, rng: &mut _| -> Result<Inception<T>, ConfigError> {
            InceptionConfig::reduced(inputs, ch1x1, ch3x3, ch5x5, pool)
                .branch3_kernel(if torchvision { 3 } else { 5 })
                .batch_norm(torchvision)
                .weight_init(weight_init)
                .try_init(rng)
        };
        let auxiliary = Auxiliary {
            classes: self.classes,
            batch_norm: torchvision,
            weight_init,
            bias_init,
            dropout: dropout_aux,
        };
        let head = |inputs, rng: &mut _| self.aux_logits.then(|| auxiliary.try_init(inputs, rng)).transpose();
        Ok(GoogLeNet {
            transform_input: self.transform_input.then_some(TransformInput),
            conv1: conv(self.in_channels, 64, 7, 2, rng)?,
            maxpool1: halving(3),
            norm1: norm(),
            conv2: conv(64, 64, 1, 1, rng)?,
            conv3: conv(64, 192, 3, 1, rng)?,
            norm2: norm(),
            maxpool2: halving(3),
            inception3a: module(192, 64, [96, 128], [16, 32], 32, rng)?,
            inception3b: module(256, 128, [128, 192], [32, 96], 64, rng)?,
            maxpool3: halving(3),
            inception4a: module(480, 192, [96, 208], [16, 48], 64, rng)?,
            inception4b: module(512, 160, [112, 224], [24, 64], 64, rng)?,
            inception4c: module(512, 128, [128, 256], [24, 64], 64, rng)?,
            inception4d: module(512, 112, [144, 288], [32, 64], 64, rng)?,
            inception4e: module(528, 256, [160, 320], [32, 128], 128, rng)?,
            maxpool4: halving(if torchvision { 2 } else { 3 }),
            inception5a: module(832, 256, [160, 320], [32, 128], 128, rng)?,
            inception5b: module(832, 384, [192, 384], [48, 128], 128, rng)?,
            aux1: head(512, rng)?,
            aux2: head(528, rng)?,
            avgpool: AdaptiveAvgPool2d::new(1),
            dropout,
            fc: LinearConfig::new(1024, self.classes)
                .weight_init(weight_init)
                .bias_init(bias_init)
                .try_init(rng)?,
        })
    }
}
