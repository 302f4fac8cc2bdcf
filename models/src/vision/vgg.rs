//! The networks of the Visual Geometry Group.

use autodiff::{Float, Tensor};
use nn::init::{Fan, gain};
use nn::{
    AdaptiveAvgPool2d, BatchNormConfig, ConfigError, Conv2dConfig, Init, Layer, Linear, LinearConfig,
    MaxPool2d, Module, Relu, Sequential,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Preprocessing;
use super::alexnet::{convolutions_then_linear, hidden};
use crate::configured::{dropout, expect, half, named, positive, thousand, three, wrong};
use crate::{Stage, Stages};

/// A VGG network, for pictures of 224×224 and others of at least 32×32: [batch, channels, height, width] to logits
/// [batch, classes].
///
/// Five blocks of convolutions 3×3, of 64, 128, 256, 512 and 512 channels, each closed by maxima of 2×2; three linear
/// layers with dropout, to which the maps are averaged to 7×7, which they are already for pictures of 224×224.
///
/// | network | convolutions of each block | parameters | with batch norm | multiply-adds, 224×224 |
/// | --- | --- | --- | --- | --- |
/// | VGG-11 (A) | 1, 1, 2, 2, 2 | 132,863,336 | 132,868,840 | 7.609·10⁹ |
/// | VGG-13 (B) | 2, 2, 2, 2, 2 | 133,047,848 | 133,053,736 | 11.308·10⁹ |
/// | VGG-16 (D) | 2, 2, 3, 3, 3 | 138,357,544 | 138,365,992 | 15.470·10⁹ |
/// | VGG-19 (E) | 2, 2, 4, 4, 4 | 143,667,240 | 143,678,248 | 19.632·10⁹ |
///
/// For 1000 classes. Its parameters have torchvision's names and torchvision's first values: N(0, 2/fan_out) in
/// convolutions, N(0, 0.01²) in linear layers, biases 0.
///
/// After Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014), table 1.
/// Batch normalization is later than the paper: it makes the first values matter less.
///
/// ```
/// use wengert::models::vision::VggConfig;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = VggConfig::vgg11_bn().classes(5).hidden(32).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([1, 3, 32, 32])).shape(), [1, 5]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures are smaller or have another number of channels.
#[derive(Clone, Debug, Module)]
pub struct Vgg<T: Float = f32> {
    /// The convolutions, with what follows them, by number.
    pub features: Sequential<T>,
    /// To 7×7.
    pub avgpool: AdaptiveAvgPool2d,
    /// The linear layers, with what stands between them, by number: the last one, `6`, gives the logits.
    pub classifier: Sequential<T>,
}

impl<T: Float> Layer<T> for Vgg<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// `features.0`, `features.1`, …, `avgpool`, `flatten`, `classifier.0`, `classifier.1`, ….
impl<T: Float> Stages<T> for Vgg<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        convolutions_then_linear(&self.features, &self.avgpool, &self.classifier)
    }
}

/// What a [`Vgg`] is built from: a row of the table, and options.
///
/// ```
/// use wengert::models::vision::VggConfig;
///
/// let config: VggConfig = serde_json::from_str(r#"{"convolutions": [2, 2, 3, 3, 3], "classes": 10}"#)?;
/// assert_eq!(config, VggConfig::vgg16().classes(10));
/// assert_eq!(config.batch_norm(true).depth(), 16);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VggConfig {
    convolutions: [usize; 5],
    #[serde(default)]
    batch_norm: bool,
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

/// More than any network had, and few enough to be built.
const MOST_CONVOLUTIONS: usize = 1000;

named! { Vgg, VggConfig:
    vgg11, "VGG-11, configuration A of Simonyan and Zisserman (2014)" => Self::new([1, 1, 2, 2, 2]);
    vgg13, "VGG-13, configuration B of Simonyan and Zisserman (2014)" => Self::new([2, 2, 2, 2, 2]);
    vgg16, "VGG-16, configuration D of Simonyan and Zisserman (2014)" => Self::new([2, 2, 3, 3, 3]);
    vgg19, "VGG-19, configuration E of Simonyan and Zisserman (2014)" => Self::new([2, 2, 4, 4, 4]);
    vgg11_bn, "VGG-11 with batch normalization" => Self::vgg11().batch_norm(true);
    vgg13_bn, "VGG-13 with batch normalization" => Self::vgg13().batch_norm(true);
    vgg16_bn, "VGG-16 with batch normalization" => Self::vgg16().batch_norm(true);
    vgg19_bn, "VGG-19 with batch normalization" => Self::vgg19().batch_norm(true);
}

impl VggConfig {
    /// A network with so many convolutions in each block.
    pub fn new(convolutions: [usize; 5]) -> Self {
        Self {
            convolutions,
            batch_norm: false,
            classes: thousand(),
            in_channels: three(),
            hidden: hidden(),
            dropout: half(),
            weight_init: None,
        }
    }

    /// Whether batch normalization stands between each convolution and its ReLU (default: no).
    pub fn batch_norm(mut self, batch_norm: bool) -> Self {
        self.batch_norm = batch_norm;
        self
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

    /// The probability of dropout behind the first two linear layers (default: ½).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// The first values of all weights of convolutions and linear layers. For a model that is loaded from a file,
    /// [`Init::zeros`] saves the draws.
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = Some(init);
        self
    }

    /// How many convolutions and linear layers there are: the number in its name.
    pub fn depth(&self) -> usize {
        self.convolutions.iter().fold(3usize, |sum, n| sum.saturating_add(*n))
    }

    /// What is done to pictures before: torchvision's preparation for ImageNet. (The paper subtracts the mean colour.)
    pub fn preprocessing(&self) -> Preprocessing {
        Preprocessing::imagenet()
    }

    /// The model: draws layer by layer.
    ///
    /// # Panics
    /// If there are no classes, channels, hidden features, or convolutions in a block, or more than 1000 in all; if the
    /// probability is not in 0..=1, or the initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Vgg<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Vgg<T>, ConfigError> {
        const NAME: &str = "VggConfig";
        positive(
            NAME,
            [("classes", self.classes), ("in_channels", self.in_channels), ("hidden", self.hidden)],
        )?;
        if self.convolutions.contains(&0) || self.depth() > MOST_CONVOLUTIONS + 3 {
            let expected = format_args!("at least 1 in each block, together at most {MOST_CONVOLUTIONS}");
            return wrong(NAME, "convolutions", format_args!("{:?}", self.convolutions), expected);
        }
        let dropout = dropout(NAME, "dropout", self.dropout)?;
        let features = self.features(rng)?;
        let linear = |inputs, outputs, rng: &mut _| {
            LinearConfig::new(inputs, outputs)
                .weight_init(self.weight_init.unwrap_or(Init::normal(0.0, 0.01)))
                .bias_init(Init::zeros())
                .try_init(rng)
        };
        let first: Linear<T> = linear(512 * 7 * 7, self.hidden, rng)?;
        let second: Linear<T> = linear(self.hidden, self.hidden, rng)?;
        let last: Linear<T> = linear(self.hidden, self.classes, rng)?;
        let classifier = Sequential::new()
            .push(first)
            .push(Relu)
            .push(dropout)
            .push(second)
            .push(Relu)
            .push(dropout)
            .push(last);
        Ok(Vgg { features, avgpool: AdaptiveAvgPool2d::new(7), classifier })
    }

    fn features<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Sequential<T>, ConfigError> {
        let weight_init = self.weight_init.unwrap_or(Init::kaiming_normal(Fan::Out, gain::RELU));
        let mut inputs = self.in_channels;
        let mut features = Sequential::new();
        for (convolutions, outputs) in self.convolutions.into_iter().zip([64, 128, 256, 512, 512]) {
            for _ in 0..convolutions {
                let conv = Conv2dConfig::new(inputs, outputs, 3).padding(1);
                let conv = conv.weight_init(weight_init).bias_init(Init::zeros());
                features = features.push(conv.try_init(rng)?);
                if self.batch_norm {
                    features = features.push(BatchNormConfig::new(outputs).try_init::<2, T>()?);
                }
                features = features.push(Relu);
                inputs = outputs;
            }
            features = features.push(MaxPool2d::new(2));
        }
        Ok(features)
    }
}
