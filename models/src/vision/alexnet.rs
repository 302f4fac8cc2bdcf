//! AlexNet.

use autodiff::{Float, Pool2d, Tensor};
use nn::{
    AdaptiveAvgPool2d, ConfigError, Conv2dConfig, Flatten, Init, Layer, Linear, LinearConfig,
    LocalResponseNormConfig, MaxPool2d, Module, Relu, Sequential,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Preprocessing;
use crate::configured::{dropout, expect, half, named, positive, thousand, three};
use crate::{Stage, Stages};

/// AlexNet, for pictures of 224×224 and others of at least 63×63: [batch, channels, height, width] to logits
/// [batch, classes].
///
/// | form | convolutions' channels | parameters | multiply-adds, 224×224 |
/// | --- | --- | --- | --- |
/// | one column, torchvision's | 64, 192, 384, 256, 256 | 61,100,840 | 0.714·10⁹ |
/// | two groups, the paper's | 96, 256, 384, 384, 256 | 60,965,224 | 0.724·10⁹ |
///
/// For 1000 classes. Both have convolutions 11×11 with stride 4, 5×5 and three of 3×3, overlapping maxima of 3×3 with
/// stride 2 after the first two and the last, and three linear layers with dropout; to the linear layers the maps are
/// averaged to 6×6, which they are already for pictures of 224×224.
///
/// The one column is that of Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014), and
/// has torchvision's names, and PyTorch's first values.
///
/// The two groups are those of Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
/// networks" (2012): the second, fourth and fifth convolution see half of the channels each, as these lay on two
/// processors, and the first two are followed by local response normalization (5 channels, α = 10⁻⁴, β = ¾, k = 2, α not
/// divided by the 5). Weights start in N(0, 0.01²), biases as 1 in the three convolutions named and in the hidden linear
/// layers, elsewhere as 0. A border of 2 makes its pictures of 224×224 give the 55×55 places that it speaks of.
///
/// ```
/// use wengert::models::vision::AlexNetConfig;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = AlexNetConfig::two_groups().classes(5).hidden(32).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([1, 3, 64, 64])).shape(), [1, 5]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures are smaller or have another number of channels.
#[derive(Clone, Debug, Module)]
pub struct AlexNet<T: Float = f32> {
    /// The convolutions, with what follows them, by number.
    pub features: Sequential<T>,
    /// To 6×6.
    pub avgpool: AdaptiveAvgPool2d,
    /// The linear layers, with what stands between them, by number: the last one, `6`, gives the logits.
    pub classifier: Sequential<T>,
}

impl<T: Float> Layer<T> for AlexNet<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// `features.0`, `features.1`, …, `avgpool`, `flatten`, `classifier.0`, `classifier.1`, ….
impl<T: Float> Stages<T> for AlexNet<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        convolutions_then_linear(&self.features, &self.avgpool, &self.classifier)
    }
}

/// The chain that AlexNet and VGG are.
pub(super) fn convolutions_then_linear<'a, T: Float>(
    features: &'a Sequential<T>,
    avgpool: &'a AdaptiveAvgPool2d,
    classifier: &'a Sequential<T>,
) -> Vec<Stage<'a, T>> {
    const FLATTEN: Flatten = Flatten::new();
    let numbered = |prefix: &'static str, layers: &'a Sequential<T>| {
        layers.iter().map(move |(name, layer)| Stage::new(format!("{prefix}.{name}"), layer))
    };
    let mut stages: Vec<_> = numbered("features", features).collect();
    stages.push(Stage::new("avgpool", avgpool));
    stages.push(Stage::new("flatten", &FLATTEN));
    stages.extend(numbered("classifier", classifier));
    stages
}

/// Whose AlexNet it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    OneColumn,
    TwoGroups,
}

/// What an [`AlexNet`] is built from.
///
/// ```
/// use wengert::models::vision::AlexNetConfig;
///
/// let config: AlexNetConfig = serde_json::from_str(r#"{"form": "two_groups", "classes": 10, "dropout": 0.2}"#)?;
/// assert_eq!(config, AlexNetConfig::two_groups().classes(10).dropout(0.2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlexNetConfig {
    form: Form,
    #[serde(default = "thousand")]
    classes: usize,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "hidden")]
    hidden: usize,
    #[serde(default = "half")]
    dropout: f64,
    #[serde(default)]
    weight_init: Option<Init>,
}

pub(super) fn hidden() -> usize {
    4096
}

named! { AlexNet, AlexNetConfig:
    one_column, "AlexNet in one column, as torchvision has it, of Krizhevsky (2014)" => Self::new(Form::OneColumn);
    two_groups, "AlexNet in two groups, of Krizhevsky et al. (2012), section 3.5" => Self::new(Form::TwoGroups);
}

impl AlexNetConfig {
    fn new(form: Form) -> Self {
        Self {
            form,
            classes: thousand(),
            in_channels: three(),
            hidden: hidden(),
            dropout: half(),
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

    /// The features of the two hidden linear layers (default: 4096).
    pub fn hidden(mut self, features: usize) -> Self {
        self.hidden = features;
        self
    }

    /// The probability of dropout before the first two linear layers or, with two groups, behind them (default: ½).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// The first values of all weights. For a model that is loaded from a file, [`Init::zeros`] saves the draws.
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = Some(init);
        self
    }

    /// What is done to pictures before: torchvision's preparation for ImageNet. (The paper subtracts a mean picture.)
    pub fn preprocessing(&self) -> Preprocessing {
        Preprocessing::imagenet()
    }

    /// The model: draws layer by layer.
    ///
    /// # Panics
    /// If there are no classes, channels or hidden features, the probability is not in 0..=1, or the initialization is
    /// none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> AlexNet<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<AlexNet<T>, ConfigError> {
        const NAME: &str = "AlexNetConfig";
        positive(
            NAME,
            [("classes", self.classes), ("in_channels", self.in_channels), ("hidden", self.hidden)],
        )?;
        let dropout = dropout(NAME, "dropout", self.dropout)?;
        let features = self.features(rng)?;
        let linear = |inputs, outputs, bias, rng: &mut _| {
            let (weight_init, bias_init) = self.inits(bias);
            LinearConfig::new(inputs, outputs).weight_init(weight_init).bias_init(bias_init).try_init(rng)
        };
        let fc6: Linear<T> = linear(256 * 6 * 6, self.hidden, 1.0, rng)?;
        let fc7: Linear<T> = linear(self.hidden, self.hidden, 1.0, rng)?;
        let fc8: Linear<T> = linear(self.hidden, self.classes, 0.0, rng)?;
        let layers = Sequential::new();
        let classifier = match self.form {
            Form::OneColumn => {
                layers.push(dropout).push(fc6).push(Relu).push(dropout).push(fc7).push(Relu).push(fc8)
            }
            Form::TwoGroups => {
                layers.push(fc6).push(Relu).push(dropout).push(fc7).push(Relu).push(dropout).push(fc8)
            }
        };
        Ok(AlexNet { features, avgpool: AdaptiveAvgPool2d::new(6), classifier })
    }

    /// The first values of a layer's weight and bias, the paper's bias being given.
    fn inits(&self, bias: f64) -> (Init, Init) {
        let (weight, bias) = match self.form {
            Form::OneColumn => (Init::pytorch(), Init::pytorch()),
            Form::TwoGroups => (Init::normal(0.0, 0.01), Init::constant(bias)),
        };
        (self.weight_init.unwrap_or(weight), bias)
    }

    fn features<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Sequential<T>, ConfigError> {
        let two = self.form == Form::TwoGroups;
        let channels = if two { [96, 256, 384, 384, 256] } else { [64, 192, 384, 256, 256] };
        // Kernel, stride, padding; in the paper, groups and the first value of the biases.
        let table =
            [(11, 4, 2, 1, 0.0), (5, 1, 2, 2, 1.0), (3, 1, 1, 1, 0.0), (3, 1, 1, 2, 1.0), (3, 1, 1, 2, 1.0)];
        let mut inputs = self.in_channels;
        let mut features = Sequential::new();
        for (at, (outputs, (kernel, stride, padding, groups, bias))) in
            channels.into_iter().zip(table).enumerate()
        {
            let (weight_init, bias_init) = self.inits(bias);
            let conv = Conv2dConfig::new(inputs, outputs, kernel)
                .stride(stride)
                .padding(padding)
                .groups(if two { groups } else { 1 })
                .weight_init(weight_init)
                .bias_init(bias_init);
            features = features.push(conv.try_init(rng)?).push(Relu);
            if two && at < 2 {
                // Five times the paper's α: here it is divided by the size.
                features = features.push(LocalResponseNormConfig::new(5).alpha(5e-4).k(2.0).init());
            }
            if matches!(at, 0 | 1 | 4) {
                features = features.push(MaxPool2d::new(Pool2d::new(3).stride(2)));
            }
            inputs = outputs;
        }
        Ok(features)
    }
}
