//! YOLOv3.

use autodiff::{Float, Interpolate, Tensor};
use nn::{ConfigError, Conv2d, Conv2dConfig, Layer, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::anchor_head::AnchorHead;
use super::anchor_loss::AnchorLoss;
use super::tiny::check_size;
use crate::configured::{expect, full, three, wrong};
use crate::detection::{DetectionHead, Detector};
use crate::vision::{ConvBnLeaky, ConvBnLeakyConfig, Darknet53Backbone, Darknet53Config, widened};

/// YOLOv3: pictures [batch, 3, height, width] to three maps [batch, anchors·(5 + classes), height/s, width/s] of the
/// strides s = 32, 16 and 8, with a third of the anchors each, the largest first.
///
/// | | | output at 416² |
/// | --- | --- | --- |
/// | backbone | Darknet-53 without its classifier | 256×52×52, 512×26×26, 1024×13×13 |
/// | branches.0 | neck 512 1×1, 1024 3×3, 512 1×1, 1024 3×3, 512 1×1; last 1024 3×3; output 1×1 | 255×13×13 |
/// | branches.1 | of the neck before, reduce 256 1×1 and each number four times, beside the backbone's map; then the same with half the channels | 255×26×26 |
/// | branches.2 | once more, with a quarter | 255×52×52 |
///
/// With 80 classes there are 61,949,149 parameters, which are 62,001,757 numbers with the running means and variances:
/// those of Darknet's `yolov3.weights`. What the maps mean and what they are trained with says [`AnchorHead::v3`]. Any
/// size that is a multiple of 32 does, and may change from batch to batch. The network takes the channels red, green,
/// blue, in 0..=1.
///
/// After Redmon and Farhadi, "YOLOv3: an incremental improvement" (2018), and Darknet's `yolov3.cfg`.
///
/// ```
/// use wengert::models::detection::{Detector, YoloV3Config};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let anchors = [(10.0, 10.0), (30.0, 30.0), (60.0, 60.0)];
/// let model = YoloV3Config::new(2, anchors).width(1.0 / 32.0).init::<f32>(&mut rng);
/// let maps = model.maps(&Tensor::zeros([1, 3, 64, 96]));
/// let shapes: Vec<&[usize]> = maps.iter().map(Tensor::shape).collect();
/// assert_eq!(shapes, [[1, 7, 2, 3], [1, 7, 4, 6], [1, 7, 8, 12]]);
/// ```
///
/// # Panics
/// In `maps`, if the pictures have another number of channels, or a height or width that is no multiple of 32.
#[derive(Clone, Debug, Module)]
pub struct YoloV3<T: Float = f32> {
    /// Darknet-53.
    pub backbone: Darknet53Backbone<T>,
    /// What follows, at strides 32, 16 and 8.
    pub branches: Vec<YoloV3Branch<T>>,
    /// What the maps mean, and the loss, which may change while training.
    #[module(skip)]
    pub head: AnchorHead,
}

/// What [`YoloV3`] and [`YoloV3Tiny`](super::YoloV3Tiny) have at one stride.
#[derive(Clone, Debug, Module)]
pub struct YoloV3Branch<T: Float = f32> {
    /// The block on the neck of the coarser branch, before it is made finer; none in the first branch.
    pub reduce: Option<ConvBnLeaky<T>>,
    /// The blocks from which the next branch starts too.
    pub neck: Vec<ConvBnLeaky<T>>,
    /// The block before the output.
    pub last: ConvBnLeaky<T>,
    /// The 1×1 convolution to the map, with bias.
    pub output: Conv2d<T>,
}

/// The maps of branches, coarse to fine, on the backbone's maps in the same order.
pub(super) fn branch_out<T: Float>(branches: &[YoloV3Branch<T>], taps: &[Tensor<T>]) -> Vec<Tensor<T>> {
    let mut coarser: Option<Tensor<T>> = None;
    let mut maps = Vec::with_capacity(branches.len());
    for (i, (branch, tap)) in branches.iter().zip(taps).enumerate() {
        let _scope = tap.tape().map(|tape| tape.scope(&format!("branches.{i}")));
        let x = match (&branch.reduce, &coarser) {
            (Some(reduce), Some(coarser)) => {
                let finer = reduce.forward(coarser).interpolate(Interpolate::scale_factor(2.0));
                Tensor::concat(&[&finer, tap], 1)
            }
            _ => tap.clone(),
        };
        let x = branch.neck.iter().fold(x, |x, block| block.forward(&x));
        maps.push(branch.output.forward(&branch.last.forward(&x)));
        coarser = Some(x);
    }
    maps
}

impl<T: Float> Detector<T> for YoloV3<T> {
    fn maps(&self, x: &Tensor<T>) -> Vec<Tensor<T>> {
        check_size("YoloV3", x.shape(), 32);
        let [fine, middle, coarse] = self.backbone.taps(x);
        branch_out(&self.branches, &[coarse, middle, fine])
    }

    fn head(&self) -> &dyn DetectionHead<T> {
        &self.head
    }
}

/// What a [`YoloV3`] is built from.
///
/// ```
/// use wengert::models::detection::YoloV3Config;
///
/// let file = r#"{"classes": 2, "anchors": [[10, 10], [30, 30], [60, 60]], "width": 0.25}"#;
/// let config: YoloV3Config = serde_json::from_str(file)?;
/// assert_eq!(config, YoloV3Config::new(2, [(10.0, 10.0), (30.0, 30.0), (60.0, 60.0)]).width(0.25));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoloV3Config {
    classes: usize,
    anchors: Vec<[f64; 2]>,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "full")]
    width: f64,
    #[serde(default = "AnchorLoss::v3")]
    loss: AnchorLoss,
}

impl YoloV3Config {
    /// For a number of classes, with anchors (width, height) in pixels of the input: three times as many as each map
    /// has, the smallest first, as Darknet lists them.
    pub fn new(classes: usize, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        let anchors = anchors.into_iter().map(Into::into).collect();
        Self { classes, anchors, in_channels: three(), width: full(), loss: AnchorLoss::v3() }
    }

    /// Darknet's `yolov3`: COCO's 80 classes and its nine anchors.
    pub fn coco() -> Self {
        let small = [(10.0, 13.0), (16.0, 30.0), (33.0, 23.0)];
        let middle = [(30.0, 61.0), (62.0, 45.0), (59.0, 119.0)];
        let large = [(116.0, 90.0), (156.0, 198.0), (373.0, 326.0)];
        Self::new(80, [small, middle, large].concat())
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
    /// If there are no classes, channels or anchors, the anchors are no multiple of three, the width is not a finite
    /// number above 0, or an anchor or a weight of the loss is absurd.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> YoloV3<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<YoloV3<T>, ConfigError> {
        let head = head("YoloV3Config", self.classes, &self.anchors, &[32, 16, 8], &self.loss)?;
        let backbone: Darknet53Backbone<T> = Darknet53Config::new(self.classes)
            .in_channels(self.in_channels)
            .width(self.width)
            .try_init_backbone(rng)?;
        let [fine, middle, coarse] = backbone.tap_channels();
        let mut before = None;
        let mut branches = Vec::new();
        for (i, (tap, channels)) in [(coarse, 512), (middle, 256), (fine, 128)].into_iter().enumerate() {
            let (narrow, wide) = (widened(channels, self.width), widened(2 * channels, self.width));
            let mut block = |from, to, kernel| ConvBnLeakyConfig::new(from, to, kernel).try_init(rng);
            let reduce = before.map(|before| block(before, narrow, 1)).transpose()?;
            let from = tap + reduce.as_ref().map_or(0, ConvBnLeaky::out_channels);
            let neck = vec![
                block(from, narrow, 1)?,
                block(narrow, wide, 3)?,
                block(wide, narrow, 1)?,
                block(narrow, wide, 3)?,
                block(wide, narrow, 1)?,
            ];
            let last = block(narrow, wide, 3)?;
            let output = Conv2dConfig::new(wide, head.channels(i), 1).try_init(rng)?;
            branches.push(YoloV3Branch { reduce, neck, last, output });
            before = Some(narrow);
        }
        Ok(YoloV3 { backbone, branches, head })
    }
}

/// The head of maps of these strides that share the anchors, the coarsest having the last of them.
pub(super) fn head(
    configuration: &'static str,
    classes: usize,
    anchors: &[[f64; 2]],
    strides: &[usize],
    loss: &AnchorLoss,
) -> Result<AnchorHead, ConfigError> {
    let (maps, n) = (strides.len(), anchors.len());
    if n == 0 || !n.is_multiple_of(maps) {
        let expected = format_args!("some for each of {maps} maps, equally many");
        return wrong(configuration, "anchors", format_args!("{n} pairs"), expected);
    }
    let parts = anchors.chunks(n / maps).rev();
    let head = AnchorHead::v3(classes).anchor_loss(loss.clone());
    let head =
        strides.iter().zip(parts).fold(head, |head, (&stride, part)| head.map(stride, part.iter().copied()));
    head.check()?;
    Ok(head)
}
