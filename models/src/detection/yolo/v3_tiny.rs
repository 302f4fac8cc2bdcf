//! The small YOLOv3.

use autodiff::{Float, Tensor};
use nn::{ConfigError, Conv2dConfig, Layer, MaxPool2d, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::anchor_head::AnchorHead;
use super::anchor_loss::AnchorLoss;
use super::tiny::{SamePool, check_size};
use super::v3::{YoloV3Branch, branch_out, head};
use crate::configured::{check_width, expect, full, three};
use crate::detection::{DetectionHead, Detector};
use crate::vision::{ConvBnLeaky, ConvBnLeakyConfig, widened};

/// Darknet's `yolov3-tiny`: pictures [batch, 3, height, width] to two maps [batch, anchors·(5 + classes), height/s,
/// width/s] of the strides s = 32 and 16, with half of the anchors each, the larger ones first.
///
/// | | blocks (channels, kernel) | output at 416² |
/// | --- | --- | --- |
/// | features | 16 3×3, and each after a maximum of 2×2: 32, 64, 128, 256, 512 3×3; a maximum that keeps the size, 1024 3×3 | 256×26×26 and 1024×13×13 |
/// | branches.0 | neck 256 1×1; last 512 3×3; output 1×1 | 255×13×13 |
/// | branches.1 | of the neck before, reduce 128 1×1 and each number four times, beside the finer map; last 256 3×3; output 1×1 | 255×26×26 |
///
/// With 80 classes there are 8,852,366 parameters, which are 8,858,734 numbers with the running means and variances:
/// those of Darknet's `yolov3-tiny.weights`. All else is as in [`YoloV3`](super::YoloV3).
///
/// ```
/// use wengert::models::detection::{Detector, YoloV3TinyConfig};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = YoloV3TinyConfig::new(2, [(15.0, 15.0), (40.0, 40.0)]).width(1.0 / 16.0).init::<f32>(&mut rng);
/// let maps = model.maps(&Tensor::zeros([1, 3, 64, 96]));
/// assert_eq!((maps[0].shape(), maps[1].shape()), (&[1, 7, 2, 3][..], &[1, 7, 4, 6][..]));
/// ```
///
/// # Panics
/// In `maps`, if the pictures have another number of channels, or a height or width that is no multiple of 32.
#[derive(Clone, Debug, Module)]
pub struct YoloV3Tiny<T: Float = f32> {
    /// The blocks with maxima between them.
    pub features: Vec<ConvBnLeaky<T>>,
    /// What follows, at strides 32 and 16.
    pub branches: Vec<YoloV3Branch<T>>,
    /// What the maps mean, and the loss, which may change while training.
    #[module(skip)]
    pub head: AnchorHead,
}

/// Which block's map the finer branch takes.
const FINE: usize = 4;

impl<T: Float> Detector<T> for YoloV3Tiny<T> {
    fn maps(&self, x: &Tensor<T>) -> Vec<Tensor<T>> {
        check_size("YoloV3Tiny", x.shape(), 32);
        let mut fine = None;
        let mut x = x.clone();
        for (i, block) in self.features.iter().enumerate() {
            x = match i {
                0 => x,
                6 => SamePool.forward_in("same_pool", &x),
                _ => MaxPool2d::new(2).forward_in(&format!("pool{i}"), &x),
            };
            x = block.forward_in(&format!("features.{i}"), &x);
            if i == FINE {
                fine = Some(x.clone());
            }
        }
        branch_out(&self.branches, &[x, fine.expect("there are seven blocks")])
    }

    fn head(&self) -> &dyn DetectionHead<T> {
        &self.head
    }
}

/// What a [`YoloV3Tiny`] is built from.
///
/// ```
/// use wengert::models::detection::YoloV3TinyConfig;
///
/// let file = r#"{"classes": 2, "anchors": [[15, 15], [40, 40]], "in_channels": 1}"#;
/// let config: YoloV3TinyConfig = serde_json::from_str(file)?;
/// assert_eq!(config, YoloV3TinyConfig::new(2, [(15.0, 15.0), (40.0, 40.0)]).in_channels(1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoloV3TinyConfig {
    classes: usize,
    anchors: Vec<[f64; 2]>,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "full")]
    width: f64,
    #[serde(default = "AnchorLoss::v3")]
    loss: AnchorLoss,
}

impl YoloV3TinyConfig {
    /// For a number of classes, with anchors (width, height) in pixels of the input: twice as many as each map has, the
    /// smallest first.
    pub fn new(classes: usize, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        let anchors = anchors.into_iter().map(Into::into).collect();
        Self { classes, anchors, in_channels: three(), width: full(), loss: AnchorLoss::v3() }
    }

    /// COCO's 80 classes and Darknet's six anchors.
    pub fn coco() -> Self {
        let small = [(10.0, 14.0), (23.0, 27.0), (37.0, 58.0)];
        let large = [(81.0, 82.0), (135.0, 169.0), (344.0, 319.0)];
        Self::new(80, [small, large].concat())
    }

    /// The channels of the pictures (default: 3).
    pub fn in_channels(mut self, channels: usize) -> Self {
        self.in_channels = channels;
        self
    }

    /// A factor of all numbers of channels inside, which are rounded to the nearest from 1 on (default: 1).
    pub fn width(mut self, width: f64) -> Self {
        self.width = width;
        self
    }

    /// The loss (default: [`AnchorLoss::v3`]).
    pub fn loss(mut self, loss: AnchorLoss) -> Self {
        self.loss = loss;
        self
    }

    /// The model: draws block by block, the outputs behind the blocks before them.
    ///
    /// # Panics
    /// If there are no classes, channels or anchors, the number of anchors is odd, the width is not a finite number
    /// above 0, or an anchor or a weight of the loss is absurd.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> YoloV3Tiny<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<YoloV3Tiny<T>, ConfigError> {
        const NAME: &str = "YoloV3TinyConfig";
        let head = head(NAME, self.classes, &self.anchors, &[32, 16], &self.loss)?;
        check_width(NAME, self.width)?;
        let channels = |n| widened(n, self.width);
        let mut from = self.in_channels;
        let features = [16, 32, 64, 128, 256, 512, 1024].map(|n| {
            let before = std::mem::replace(&mut from, channels(n));
            ConvBnLeakyConfig::new(before, from, 3).try_init(rng)
        });
        let features = features.into_iter().collect::<Result<_, _>>()?;
        let mut block = |from, to, kernel| ConvBnLeakyConfig::new(from, to, kernel).try_init(rng);
        let neck = vec![block(channels(1024), channels(256), 1)?];
        let last = block(channels(256), channels(512), 3)?;
        let output = Conv2dConfig::new(channels(512), head.channels(0), 1).try_init(rng)?;
        let coarse = YoloV3Branch { reduce: None, neck, last, output };
        let mut block = |from, to, kernel| ConvBnLeakyConfig::new(from, to, kernel).try_init(rng);
        let reduce = Some(block(channels(256), channels(128), 1)?);
        let last = block(channels(128) + channels(256), channels(256), 3)?;
        let output = Conv2dConfig::new(channels(256), head.channels(1), 1).try_init(rng)?;
        let fine = YoloV3Branch { reduce, neck: Vec::new(), last, output };
        Ok(YoloV3Tiny { features, branches: vec![coarse, fine], head })
    }
}
