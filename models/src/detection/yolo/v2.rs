//! YOLOv2.

use autodiff::{Float, Tensor};
use nn::{ConfigError, Conv2d, Conv2dConfig, Layer, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::anchor_head::AnchorHead;
use super::anchor_loss::AnchorLoss;
use super::reorg::Reorg;
use super::tiny::{COCO_ANCHORS, check_size, pixels};
use crate::configured::{expect, full, three};
use crate::detection::{DetectionHead, Detector};
use crate::vision::{ConvBnLeaky, ConvBnLeakyConfig, Darknet19Backbone, Darknet19Config, widened};

/// YOLOv2: pictures [batch, 3, height, width] to a map [batch, anchors·(5 + classes), height/32, width/32].
///
/// | | | output at 416² |
/// | --- | --- | --- |
/// | backbone | Darknet-19 without its classifier | 1024×13×13; before its last pooling 512×26×26 |
/// | neck | 1024 3×3, 1024 3×3 | 1024×13×13 |
/// | passthrough | of the finer map 64 1×1, [`Reorg`] | 256×13×13 |
/// | fusion | of the passthrough and the neck 1024 3×3 | 1024×13×13 |
/// | output | convolution 1×1 with bias | 425×13×13 for 80 classes and 5 anchors |
///
/// With 80 classes there are 50,962,889 parameters, which are 50,983,561 numbers with the running means and variances:
/// those of Darknet's `yolov2.weights`. What the map means and what it is trained with says [`AnchorHead::v2`]. Any
/// size that is a multiple of 32 does, and may change from batch to batch. The network takes the channels red, green,
/// blue, in 0..=1.
///
/// After Redmon and Farhadi, "YOLO9000: better, faster, stronger" (2016), and Darknet's `yolov2.cfg`.
///
/// ```
/// use wengert::models::detection::{Detector, YoloV2Config};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = YoloV2Config::new(2, [(30.0, 60.0)]).width(1.0 / 32.0).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([1, 3, 64, 96])).shape(), [1, 7, 2, 3]);
/// assert!(model.detect(&Tensor::zeros([1, 3, 64, 96]), 0.9, 0.5)[0].is_empty());
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels, or a height or width that is no multiple of 32.
#[derive(Clone, Debug, Module)]
pub struct YoloV2<T: Float = f32> {
    /// Darknet-19.
    pub backbone: Darknet19Backbone<T>,
    /// The blocks on the coarse map.
    pub neck: Vec<ConvBnLeaky<T>>,
    /// The block on the fine map, before it is made coarse.
    pub passthrough: ConvBnLeaky<T>,
    /// The block on both.
    pub fusion: ConvBnLeaky<T>,
    /// The 1×1 convolution to the map, with bias.
    pub output: Conv2d<T>,
    /// What the map means, and the loss, which may change while training.
    #[module(skip)]
    pub head: AnchorHead,
}

impl<T: Float> Layer<T> for YoloV2<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        check_size("YoloV2", x.shape(), 32);
        let [fine, coarse] = self.backbone.taps(x);
        let coarse = self.neck.iter().fold(coarse, |x, block| block.forward(&x));
        let fine = Reorg.forward(&self.passthrough.forward(&fine));
        self.output.forward(&self.fusion.forward(&Tensor::concat(&[&fine, &coarse], 1)))
    }
}

impl<T: Float> Detector<T> for YoloV2<T> {
    fn maps(&self, x: &Tensor<T>) -> Vec<Tensor<T>> {
        vec![self.forward(x)]
    }

    fn head(&self) -> &dyn DetectionHead<T> {
        &self.head
    }
}

/// What a [`YoloV2`] is built from.
///
/// ```
/// use wengert::models::detection::YoloV2Config;
///
/// let config: YoloV2Config = serde_json::from_str(r#"{"classes": 2, "anchors": [[30, 60]], "width": 0.25}"#)?;
/// assert_eq!(config, YoloV2Config::new(2, [(30.0, 60.0)]).width(0.25));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoloV2Config {
    classes: usize,
    anchors: Vec<[f64; 2]>,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "full")]
    width: f64,
    #[serde(default)]
    loss: AnchorLoss,
}

impl YoloV2Config {
    /// For a number of classes, with anchors (width, height) in pixels of the input.
    pub fn new(classes: usize, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        let anchors = anchors.into_iter().map(Into::into).collect();
        Self { classes, anchors, in_channels: three(), width: full(), loss: AnchorLoss::v2() }
    }

    /// Darknet's `yolov2-voc`: 20 classes and its five anchors.
    pub fn voc() -> Self {
        let cells = [
            (1.3221, 1.73145),
            (3.19275, 4.00944),
            (5.05587, 8.09892),
            (9.47112, 4.84053),
            (11.2364, 10.0071),
        ];
        Self::new(20, pixels(&cells))
    }

    /// Darknet's `yolov2`: COCO's 80 classes and its five anchors.
    pub fn coco() -> Self {
        Self::new(80, pixels(&COCO_ANCHORS))
    }

    /// The channels of the pictures (default: 3).
    pub fn in_channels(mut self, channels: usize) -> Self {
        self.in_channels = channels;
        self
    }

    /// A factor of all numbers of channels inside, which are rounded to the nearest from 1 on, those of the passthrough
    /// to a multiple of 4 (default: 1).
    pub fn width(mut self, width: f64) -> Self {
        self.width = width;
        self
    }

    /// The loss (default: [`AnchorLoss::v2`]).
    pub fn loss(mut self, loss: AnchorLoss) -> Self {
        self.loss = loss;
        self
    }

    /// The model: draws block by block, the output last.
    ///
    /// # Panics
    /// If there are no classes, channels or anchors, the width is not a finite number above 0, or an anchor or a weight
    /// of the loss is absurd.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> YoloV2<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<YoloV2<T>, ConfigError> {
        let head = AnchorHead::v2(self.classes, self.anchors.clone()).anchor_loss(self.loss.clone());
        head.check()?;
        let backbone: Darknet19Backbone<T> = Darknet19Config::new(self.classes)
            .in_channels(self.in_channels)
            .width(self.width)
            .try_init_backbone(rng)?;
        let [fine, coarse] = backbone.tap_channels();
        let wide = widened(1024, self.width);
        let passthrough = widened(16, self.width) * 4;
        let mut block = |from, to, kernel| ConvBnLeakyConfig::new(from, to, kernel).try_init(rng);
        Ok(YoloV2 {
            neck: vec![block(coarse, wide, 3)?, block(wide, wide, 3)?],
            passthrough: block(fine, passthrough, 1)?,
            fusion: block(4 * passthrough + wide, wide, 3)?,
            output: Conv2dConfig::new(wide, head.channels(0), 1).try_init(rng)?,
            backbone,
            head,
        })
    }
}
