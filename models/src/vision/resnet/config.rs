//! The table of residual networks, and what one is built from.

use autodiff::{Float, Pool2d};
use nn::{AdaptiveAvgPool2d, BatchNormConfig, ConfigError, Conv2dConfig, Init, LinearConfig, MaxPool2d};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::ResNet;
use super::block::{Block, BlockForm, HE_FAN_OUT, Shortcut};
use crate::configured::{expect, named, one, positive, three, wrong};
use crate::vision::Preprocessing;

/// What stands before the first stage of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stem {
    /// For large pictures: a convolution 7×7 with stride 2, and the maximum of 3×3 with stride 2.
    Large,
    /// For small ones: a convolution 3×3.
    Small,
}

/// What a [`ResNet`] is built from: a row of the table, and options.
///
/// ```
/// use wengert::models::vision::{ResNetConfig, Shortcut};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let config = ResNetConfig::resnet18().classes(5).in_channels(1);
/// let model = config.init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([1, 1, 64, 64])).shape(), [1, 5]);
///
/// let plain = ResNetConfig::resnet56().shortcut(Shortcut::None);
/// assert_eq!(plain, ResNetConfig::plain56());
/// assert_eq!(plain.depth(), 56);
///
/// // One that is in no paper, from a file.
/// let file = r#"{"block": "basic", "blocks": [1, 1], "stem": "small", "width": 8, "classes": 10}"#;
/// let small: ResNetConfig = serde_json::from_str(file)?;
/// assert_eq!(small.depth(), 6);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNetConfig {
    block: BlockForm,
    blocks: Vec<usize>,
    stem: Stem,
    width: usize,
    #[serde(default = "one")]
    groups: usize,
    #[serde(default = "base_width")]
    width_per_group: usize,
    #[serde(default)]
    shortcut: Shortcut,
    #[serde(default)]
    zero_init_residual: bool,
    classes: usize,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default)]
    weight_init: Option<Init>,
}

/// The width of a stage at which a bottleneck's convolution 3×3 has `groups` times `width_per_group` channels.
fn base_width() -> usize {
    64
}

/// More than any network had, and few enough to be built.
const MOST_BLOCKS: usize = 10_000;

use BlockForm::{Basic, Bottleneck};

named! { ResNet, ResNetConfig:
    resnet18, "ResNet-18 of He et al. (2015), table 1, with projections" => Self::imagenet(Basic, [2, 2, 2, 2]);
    resnet34, "ResNet-34 of He et al. (2015), table 1, with projections" => Self::imagenet(Basic, [3, 4, 6, 3]);
    resnet50, "ResNet-50 of He et al. (2015), table 1" => Self::imagenet(Bottleneck, [3, 4, 6, 3]);
    resnet101, "ResNet-101 of He et al. (2015), table 1" => Self::imagenet(Bottleneck, [3, 4, 23, 3]);
    resnet152, "ResNet-152 of He et al. (2015), table 1" => Self::imagenet(Bottleneck, [3, 8, 36, 3]);
    resnext50_32x4d, "ResNeXt-50 (32×4d) of Xie et al. (2016), table 1"
        => Self::resnet50().groups(32).width_per_group(4);
    resnext101_32x8d, "ResNeXt-101 (32×8d) after Xie et al. (2016)"
        => Self::resnet101().groups(32).width_per_group(8);
    resnext101_64x4d, "ResNeXt-101 (64×4d) of Xie et al. (2016), table 4"
        => Self::resnet101().groups(64).width_per_group(4);
    wide_resnet50_2, "Wide ResNet-50-2 of Zagoruyko and Komodakis (2016), table 8"
        => Self::resnet50().width_per_group(128);
    wide_resnet101_2, "Wide ResNet-101-2 after Zagoruyko and Komodakis (2016)"
        => Self::resnet101().width_per_group(128);
    plain18, "The plain network of 18 layers, without shortcuts, of He et al. (2015), figure 4"
        => Self::resnet18().shortcut(Shortcut::None);
    plain34, "The plain network of 34 layers, without shortcuts, of He et al. (2015), figures 3 and 4"
        => Self::resnet34().shortcut(Shortcut::None);
    resnet20, "ResNet-20 for CIFAR-10 of He et al. (2015), section 4.2" => Self::cifar(3);
    resnet32, "ResNet-32 for CIFAR-10 of He et al. (2015), section 4.2" => Self::cifar(5);
    resnet44, "ResNet-44 for CIFAR-10 of He et al. (2015), section 4.2" => Self::cifar(7);
    resnet56, "ResNet-56 for CIFAR-10 of He et al. (2015), section 4.2" => Self::cifar(9);
    resnet110, "ResNet-110 for CIFAR-10 of He et al. (2015), section 4.2" => Self::cifar(18);
    plain20, "The plain network of 20 layers, without shortcuts, of He et al. (2015), figure 6"
        => Self::resnet20().shortcut(Shortcut::None);
    plain32, "The plain network of 32 layers, without shortcuts, of He et al. (2015), figure 6"
        => Self::resnet32().shortcut(Shortcut::None);
    plain44, "The plain network of 44 layers, without shortcuts, of He et al. (2015), figure 6"
        => Self::resnet44().shortcut(Shortcut::None);
    plain56, "The plain network of 56 layers, without shortcuts, of He et al. (2015), figure 6"
        => Self::resnet56().shortcut(Shortcut::None);
    plain110, "The plain network of 110 layers, without shortcuts, which He et al. (2015) mention in figure 6"
        => Self::resnet110().shortcut(Shortcut::None);
}

impl ResNetConfig {
    /// A network with so many blocks in each stage, the first of this width, for 1000 classes of colour pictures:
    /// without groups, with projections.
    pub fn new(stem: Stem, block: BlockForm, width: usize, blocks: impl AsRef<[usize]>) -> Self {
        Self {
            block,
            blocks: blocks.as_ref().to_vec(),
            stem,
            width,
            groups: one(),
            width_per_group: base_width(),
            shortcut: Shortcut::Projection,
            zero_init_residual: false,
            classes: 1000,
            in_channels: three(),
            weight_init: None,
        }
    }

    fn imagenet(block: BlockForm, blocks: [usize; 4]) -> Self {
        Self::new(Stem::Large, block, 64, blocks)
    }

    /// The network of 6n + 2 layers for pictures of 32×32, 10 classes of them: three stages of n basic blocks, of 16, 32
    /// and 64 channels, with shortcuts by padding. He et al. (2015), section 4.2.
    pub fn cifar(n: usize) -> Self {
        Self::new(Stem::Small, Basic, 16, [n; 3]).shortcut(Shortcut::Padding).classes(10)
    }

    /// The number of classes.
    pub fn classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }

    /// The channels of the pictures (default: 3).
    pub fn in_channels(mut self, channels: usize) -> Self {
        self.in_channels = channels;
        self
    }

    /// Into how many groups the channels of a bottleneck's convolution 3×3 are divided (default: 1).
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// How many channels each group of a bottleneck's convolution 3×3 has where the stage's width is 64; elsewhere in
    /// proportion (default: 64).
    pub fn width_per_group(mut self, width: usize) -> Self {
        self.width_per_group = width;
        self
    }

    /// The channels of the first stage of blocks; of a bottleneck's output a quarter (default: that of the paper).
    pub fn width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }

    /// What is added to a block's output (default: projections, and padding in the networks for CIFAR-10).
    pub fn shortcut(mut self, shortcut: Shortcut) -> Self {
        self.shortcut = shortcut;
        self
    }

    /// Whether the weight of the last normalization of each block starts as 0, so that the block is at first its
    /// shortcut (default: no). After Goyal et al., "Accurate, large minibatch SGD" (2017).
    pub fn zero_init_residual(mut self, zero: bool) -> Self {
        self.zero_init_residual = zero;
        self
    }

    /// The first values of all weights of convolutions and of the linear layer, in place of torchvision's, which are
    /// N(0, 2/fan_out) and U(±1/√in). For a model that is loaded from a file, [`Init::zeros`] saves the draws.
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = Some(init);
        self
    }

    /// How many convolutions and linear layers are on the longest way through it: the number in its name.
    pub fn depth(&self) -> usize {
        let blocks = self.blocks.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
        blocks.saturating_mul(self.block.convolutions()).saturating_add(2)
    }

    /// What is done to pictures before: torchvision's preparation for ImageNet, or, behind the stem for small pictures,
    /// that of CIFAR-10.
    pub fn preprocessing(&self) -> Preprocessing {
        match self.stem {
            Stem::Large => Preprocessing::imagenet(),
            Stem::Small => Preprocessing::cifar10(),
        }
    }

    /// The model: draws layer by layer.
    ///
    /// # Panics
    /// If there are no classes, channels, stages or blocks, or more than 10,000 blocks; if the groups do not divide the
    /// channels, or a basic block is asked for groups; or if blocks without shortcuts are to start as zeros.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> ResNet<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<ResNet<T>, ConfigError> {
        let widths = self.checked_widths()?;
        let weight_init = self.weight_init.unwrap_or(HE_FAN_OUT);
        let conv1 = match self.stem {
            Stem::Large => Conv2dConfig::new(self.in_channels, self.width, 7).stride(2).padding(3),
            Stem::Small => Conv2dConfig::new(self.in_channels, self.width, 3).padding(1),
        };
        let conv1 = conv1.bias(false).weight_init(weight_init).try_init(rng)?;
        let bn1 = BatchNormConfig::new(self.width).try_init()?;
        let maxpool = match self.stem {
            Stem::Large => Some(MaxPool2d::new(Pool2d::new(3).stride(2).padding(1))),
            Stem::Small => None,
        };
        let mut in_channels = self.width;
        let mut layers = Vec::with_capacity(widths.len());
        for (at, (&blocks, &(width, out_channels))) in self.blocks.iter().zip(&widths).enumerate() {
            let layer = (0..blocks).map(|i| {
                let block = Block {
                    form: self.block,
                    shortcut: self.shortcut,
                    in_channels,
                    width,
                    out_channels,
                    stride: if at > 0 && i == 0 { 2 } else { 1 },
                    groups: self.groups,
                    zero_init_residual: self.zero_init_residual,
                    weight_init,
                };
                in_channels = out_channels;
                block.try_init(rng)
            });
            layers.push(layer.collect::<Result<_, _>>()?);
        }
        let fc = LinearConfig::new(in_channels, self.classes);
        let fc = fc.weight_init(self.weight_init.unwrap_or_else(Init::pytorch)).try_init(rng)?;
        Ok(ResNet { conv1, bn1, maxpool, layers, avgpool: AdaptiveAvgPool2d::new(1), fc })
    }

    /// The channels inside and behind the blocks of each stage.
    fn checked_widths(&self) -> Result<Vec<(usize, usize)>, ConfigError> {
        const NAME: &str = "ResNetConfig";
        let Self { block, groups, width_per_group, width, ref blocks, .. } = *self;
        let counts = [
            ("classes", self.classes),
            ("in_channels", self.in_channels),
            ("width", width),
            ("groups", groups),
        ];
        positive(NAME, counts)?;
        let total = blocks.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
        if blocks.is_empty() || blocks.contains(&0) || total > MOST_BLOCKS {
            let expected = format_args!("one number or more, none of them 0, together at most {MOST_BLOCKS}");
            return wrong(NAME, "blocks", format_args!("{blocks:?}"), expected);
        }
        if block == Basic && (groups, width_per_group) != (1, base_width()) {
            let found = format_args!("{groups} of width {width_per_group}");
            return wrong(NAME, "groups", found, "1 of width 64 in basic blocks");
        }
        if self.shortcut == Shortcut::None && self.zero_init_residual {
            return wrong(NAME, "zero_init_residual", true, "false where there are no shortcuts");
        }
        let stage = |at: usize| {
            let width = width.checked_mul(1usize.checked_shl(u32::try_from(at).ok()?)?)?;
            let inside = match block {
                Basic => width,
                Bottleneck => (width.checked_mul(width_per_group)? / base_width()).checked_mul(groups)?,
            };
            let outside = width.checked_mul(block.expansion())?;
            (inside > 0 && outside <= isize::MAX as usize).then_some((inside, outside))
        };
        let widths: Option<Vec<_>> = (0..blocks.len()).map(stage).collect();
        match widths {
            Some(widths) => Ok(widths),
            None => {
                let found = format_args!("{width} with groups of {width_per_group}");
                wrong(NAME, "width", found, "one of which each stage has channels that can be counted")
            }
        }
    }
}
