//! Darknet-19.

use autodiff::{Float, Pool2d, Tensor};
use nn::{AdaptiveAvgPool2d, ConfigError, Conv2d, Conv2dConfig, Init, Layer, MaxPool2d, Module};
use rand::Rng;

use super::{ConvBnLeaky, ConvBnLeakyConfig, FLATTEN, configuration, of_backbone, widened};
use crate::{Stage, Stages};

/// Channels and kernels of the blocks at each stride, 1 to 32.
const BLOCKS: [&[(usize, usize)]; 6] = [
    &[(32, 3)],
    &[(64, 3)],
    &[(128, 3), (64, 1), (128, 3)],
    &[(256, 3), (128, 1), (256, 3)],
    &[(512, 3), (256, 1), (512, 3), (256, 1), (512, 3)],
    &[(1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3)],
];

/// Darknet-19: [batch, 3, height, width] to logits [batch, classes], for pictures of 224² and of any other size. As in
/// Darknet a pooling of an odd side rounds up.
///
/// | stage | blocks (channels, kernel) | output at 224² | parameters |
/// | --- | --- | --- | --- |
/// | 0 | 32 3×3 | 32×224×224 | 928 |
/// | 1 | maximum of 2×2; 64 3×3 | 64×112×112 | 18,560 |
/// | 2 | maximum of 2×2; 128 3×3, 64 1×1, 128 3×3 | 128×56×56 | 156,288 |
/// | 3 | maximum of 2×2; 256 3×3, 128 1×1, 256 3×3 | 256×28×28 | 623,872 |
/// | 4 | maximum of 2×2; 512 3×3, 256 1×1, 512 3×3, 256 1×1, 512 3×3 | 512×14×14 | 3,805,184 |
/// | 5 | maximum of 2×2; 1024 3×3, 512 1×1, 1024 3×3, 512 1×1, 1024 3×3 | 1024×7×7 | 15,212,544 |
/// | classifier | convolution 1×1 with bias, average of each channel | 1000 | 1,025,000 |
///
/// Together 20,842,376 parameters for 1000 classes, and 2.79·10⁹ multiply-adds for a picture of 224²: the paper's
/// 5.58 billion operations count multiplications and additions.
///
/// After Redmon and Farhadi, "YOLO9000: better, faster, stronger" (2016), table 6. The softmax is left to the loss.
/// Networks with Darknet's weights take the channels red, green, blue, in 0..=1.
///
/// ```
/// use wengert::models::vision::Darknet19Config;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = Darknet19Config::new(10).width(0.125).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([2, 3, 64, 64])).shape(), [2, 10]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels or are empty.
#[derive(Clone, Debug, Module)]
pub struct Darknet19<T: Float = f32> {
    /// All up to the map of stride 32.
    pub backbone: Darknet19Backbone<T>,
    /// The 1×1 convolution to the classes, with bias.
    pub classifier: Conv2d<T>,
    avgpool: AdaptiveAvgPool2d,
}

impl<T: Float> Layer<T> for Darknet19<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// `backbone.stages.0.0`, `backbone.pool1`, `backbone.stages.1.0`, …, `classifier`, `avgpool`, `flatten`.
impl<T: Float> Stages<T> for Darknet19<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        let mut stages = of_backbone(&self.backbone);
        stages.push(Stage::new("classifier", &self.classifier));
        stages.push(Stage::new("avgpool", &self.avgpool));
        stages.push(Stage::new("flatten", &FLATTEN));
        stages
    }
}

/// [`Darknet19`] without its classifier: what YOLO v2 stands on. [batch, 3, height, width] to
/// [batch, 1024, height/32, width/32].
///
/// ```
/// use wengert::models::vision::Darknet19Config;
/// use wengert::prelude::*;
///
/// let config = Darknet19Config::new(10).width(0.125);
/// let backbone = config.init_backbone::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// let [passthrough, features] = backbone.taps(&Tensor::zeros([1, 3, 64, 64]));
/// assert_eq!((passthrough.shape(), features.shape()), (&[1, 64, 4, 4][..], &[1, 128, 2, 2][..]));
/// assert_eq!(backbone.tap_channels(), [64, 128]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels or are empty.
#[derive(Clone, Debug, Module)]
pub struct Darknet19Backbone<T: Float = f32> {
    /// The blocks at each stride, 1 to 32.
    pub stages: Vec<Vec<ConvBnLeaky<T>>>,
    pool: MaxPool2d,
}

impl<T: Float> Darknet19Backbone<T> {
    /// The maps at stride 16, before the last pooling (YOLO v2's passthrough: 512×26×26 of a picture of 416²), and at
    /// stride 32 (1024×13×13).
    ///
    /// # Panics
    /// As `forward`.
    #[track_caller]
    pub fn taps(&self, x: &Tensor<T>) -> [Tensor<T>; 2] {
        let features = self.features(x, &["stages.4.4", "stages.5.4"]);
        features.try_into().expect("two are asked for")
    }

    /// The channels of the [`taps`](Self::taps).
    pub fn tap_channels(&self) -> [usize; 2] {
        [4, 5].map(|stage| self.stages[stage].last().expect("each stage has blocks").out_channels())
    }
}

impl<T: Float> Layer<T> for Darknet19Backbone<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// `stages.0.0`, `pool1`, `stages.1.0`, …, `stages.5.4`.
impl<T: Float> Stages<T> for Darknet19Backbone<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        let mut stages = Vec::new();
        for (i, blocks) in self.stages.iter().enumerate() {
            if i > 0 {
                stages.push(Stage::new(format!("pool{i}"), &self.pool));
            }
            stages.extend(
                blocks.iter().enumerate().map(|(j, block)| Stage::new(format!("stages.{i}.{j}"), block)),
            );
        }
        stages
    }
}

configuration!(Darknet19Config, Darknet19, Darknet19Backbone);

impl Darknet19Config {
    fn backbone<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Darknet19Backbone<T>, ConfigError> {
        let Self { in_channels, width, .. } = *self;
        let mut channels = in_channels;
        let mut block = |&(out, kernel)| {
            let before = std::mem::replace(&mut channels, widened(out, width));
            ConvBnLeakyConfig::new(before, channels, kernel).try_init(rng)
        };
        let stages = BLOCKS.iter().map(|blocks| blocks.iter().map(&mut block).collect());
        Ok(Darknet19Backbone {
            stages: stages.collect::<Result<_, _>>()?,
            pool: MaxPool2d::new(Pool2d::new(2).ceil_mode(true)),
        })
    }

    fn with_classifier<T: Float>(
        &self,
        backbone: Darknet19Backbone<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Darknet19<T>, ConfigError> {
        let [_, channels] = backbone.tap_channels();
        let classifier = Conv2dConfig::new(channels, self.classes, 1)
            .weight_init(Init::he_normal())
            .bias_init(Init::zeros());
        Ok(Darknet19 { backbone, classifier: classifier.try_init(rng)?, avgpool: AdaptiveAvgPool2d::new(1) })
    }
}
