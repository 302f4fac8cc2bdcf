//! Darknet-53.

use autodiff::{Float, Tensor};
use nn::{AdaptiveAvgPool2d, ConfigError, Init, Layer, Linear, LinearConfig, Module};
use rand::Rng;

use super::{ConvBnLeaky, ConvBnLeakyConfig, FLATTEN, configuration, of_backbone, widened};
use crate::{Stage, Stages};

/// The channels of the stem, and of each stage with its number of residual blocks.
const STEM: usize = 32;
const STAGES: [(usize, usize); 5] = [(64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)];

/// Darknet-53: [batch, 3, height, width] to logits [batch, classes], for pictures of 256² and of any other size.
///
/// | stage | | output at 256² | parameters |
/// | --- | --- | --- | --- |
/// | stem | 32 3×3 | 32×256×256 | 928 |
/// | 0 | 64 3×3 of stride 2; 1 × (32 1×1, 64 3×3, added) | 64×128×128 | 39,232 |
/// | 1 | 128 3×3 of stride 2; 2 × (64 1×1, 128 3×3, added) | 128×64×64 | 238,592 |
/// | 2 | 256 3×3 of stride 2; 8 × (128 1×1, 256 3×3, added) | 256×32×32 | 2,923,008 |
/// | 3 | 512 3×3 of stride 2; 8 × (256 1×1, 512 3×3, added) | 512×16×16 | 11,678,720 |
/// | 4 | 1024 3×3 of stride 2; 4 × (512 1×1, 1024 3×3, added) | 1024×8×8 | 25,704,448 |
/// | classifier | average of each channel, fully connected | 1000 | 1,025,000 |
///
/// Together 41,609,928 parameters for 1000 classes, and 9.29·10⁹ multiply-adds for a picture of 256²: the 18.57 billion
/// operations that Darknet counts, multiplications and additions (the paper prints 18.7).
///
/// After Redmon and Farhadi, "YOLOv3: an incremental improvement" (2018), table 1. The softmax is left to the loss.
/// Networks with Darknet's weights take the channels red, green, blue, in 0..=1.
///
/// ```
/// use wengert::models::vision::Darknet53Config;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = Darknet53Config::new(10).width(0.125).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([2, 3, 64, 64])).shape(), [2, 10]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels or are empty.
#[derive(Clone, Debug, Module)]
pub struct Darknet53<T: Float = f32> {
    /// All up to the map of stride 32.
    pub backbone: Darknet53Backbone<T>,
    /// The fully connected layer to the classes. Darknet's file has it as a 1×1 convolution, which is the same.
    pub classifier: Linear<T>,
    avgpool: AdaptiveAvgPool2d,
}

impl<T: Float> Layer<T> for Darknet53<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// `backbone.stem`, `backbone.stages.0.down`, `backbone.stages.0.blocks.0`, …, `avgpool`, `flatten`, `classifier`.
impl<T: Float> Stages<T> for Darknet53<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        let mut stages = of_backbone(&self.backbone);
        stages.push(Stage::new("avgpool", &self.avgpool));
        stages.push(Stage::new("flatten", &FLATTEN));
        stages.push(Stage::new("classifier", &self.classifier));
        stages
    }
}

/// [`Darknet53`] without its classifier: what YOLO v3 stands on. [batch, 3, height, width] to
/// [batch, 1024, height/32, width/32].
///
/// ```
/// use wengert::models::vision::Darknet53Config;
/// use wengert::prelude::*;
///
/// let config = Darknet53Config::new(10).width(0.125);
/// let backbone = config.init_backbone::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// let maps = backbone.taps(&Tensor::zeros([1, 3, 64, 64]));
/// let shapes = maps.each_ref().map(|map| map.shape());
/// assert_eq!(shapes, [[1, 32, 8, 8], [1, 64, 4, 4], [1, 128, 2, 2]]);
/// assert_eq!(backbone.tap_channels(), [32, 64, 128]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels or are empty.
#[derive(Clone, Debug, Module)]
pub struct Darknet53Backbone<T: Float = f32> {
    /// The first block.
    pub stem: ConvBnLeaky<T>,
    /// What follows it, at strides 2 to 32.
    pub stages: Vec<DarknetStage<T>>,
}

impl<T: Float> Darknet53Backbone<T> {
    /// The maps at strides 8, 16 and 32: for a picture of 416² 256×52×52, 512×26×26 and 1024×13×13.
    ///
    /// # Panics
    /// As `forward`.
    #[track_caller]
    pub fn taps(&self, x: &Tensor<T>) -> [Tensor<T>; 3] {
        let features = self.features(x, &["stages.2.blocks.7", "stages.3.blocks.7", "stages.4.blocks.3"]);
        features.try_into().expect("three are asked for")
    }

    /// The channels of the [`taps`](Self::taps).
    pub fn tap_channels(&self) -> [usize; 3] {
        [2, 3, 4].map(|stage| self.stages[stage].down.out_channels())
    }
}

impl<T: Float> Layer<T> for Darknet53Backbone<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// `stem`, `stages.0.down`, `stages.0.blocks.0`, …, `stages.4.blocks.3`.
impl<T: Float> Stages<T> for Darknet53Backbone<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        let mut stages = vec![Stage::new("stem", &self.stem)];
        for (i, stage) in self.stages.iter().enumerate() {
            stages.push(Stage::new(format!("stages.{i}.down"), &stage.down));
            for (j, block) in stage.blocks.iter().enumerate() {
                stages.push(Stage::new(format!("stages.{i}.blocks.{j}"), block));
            }
        }
        stages
    }
}

/// A stage of [`Darknet53`]: a block of stride 2, and residual blocks.
#[derive(Clone, Debug, Module)]
pub struct DarknetStage<T: Float = f32> {
    /// The block that halves height and width.
    pub down: ConvBnLeaky<T>,
    /// The residual blocks.
    pub blocks: Vec<DarknetResidual<T>>,
}

impl<T: Float> Layer<T> for DarknetStage<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.blocks.iter().fold(self.down.forward(x), |x, block| block.forward(&x))
    }
}

/// A residual block of [`Darknet53`]: x + f(x), f being a 1×1 block to half the channels and a 3×3 one back. Nothing
/// follows the sum.
#[derive(Clone, Debug, Module)]
pub struct DarknetResidual<T: Float = f32> {
    /// 1×1, to half the channels.
    pub conv1: ConvBnLeaky<T>,
    /// 3×3, back to all.
    pub conv2: ConvBnLeaky<T>,
}

impl<T: Float> Layer<T> for DarknetResidual<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x + self.conv2.forward(&self.conv1.forward(x))
    }
}

configuration!(Darknet53Config, Darknet53, Darknet53Backbone);

impl Darknet53Config {
    fn backbone<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Darknet53Backbone<T>, ConfigError> {
        let Self { in_channels, width, .. } = *self;
        let mut channels = widened(STEM, width);
        let stem = ConvBnLeakyConfig::new(in_channels, channels, 3).try_init(rng)?;
        let mut stages = Vec::with_capacity(STAGES.len());
        for (out, blocks) in STAGES {
            let before = std::mem::replace(&mut channels, widened(out, width));
            let half = widened(out / 2, width);
            let down = ConvBnLeakyConfig::new(before, channels, 3).stride(2).try_init(rng)?;
            let mut residual = || {
                let conv1 = ConvBnLeakyConfig::new(channels, half, 1).try_init(rng)?;
                let conv2 = ConvBnLeakyConfig::new(half, channels, 3).try_init(rng)?;
                Ok(DarknetResidual { conv1, conv2 })
            };
            let blocks = (0..blocks).map(|_| residual()).collect::<Result<_, ConfigError>>()?;
            stages.push(DarknetStage { down, blocks });
        }
        Ok(Darknet53Backbone { stem, stages })
    }

    fn with_classifier<T: Float>(
        &self,
        backbone: Darknet53Backbone<T>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Darknet53<T>, ConfigError> {
        let [.., channels] = backbone.tap_channels();
        let classifier =
            LinearConfig::new(channels, self.classes).weight_init(Init::he_normal()).bias_init(Init::zeros());
        Ok(Darknet53 { backbone, classifier: classifier.try_init(rng)?, avgpool: AdaptiveAvgPool2d::new(1) })
    }
}
