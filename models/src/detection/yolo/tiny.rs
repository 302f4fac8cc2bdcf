//! The small YOLO.

use autodiff::{Float, PadMode, Pool2d, Tensor};
use nn::{ConfigError, Conv2d, Conv2dConfig, Layer, MaxPool2d, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::anchor_head::{AnchorHead, ClassScores};
use super::anchor_loss::AnchorLoss;
use crate::configured::{expect, three, wrong};
use crate::detection::{DetectionHead, Detector};
use crate::vision::{ConvBnLeaky, ConvBnLeakyConfig};
use crate::{Stage, Stages};

/// A small YOLOv2: blocks of convolution, batch normalization and leaky ReLU with the maxima of 2×2 between them, and
/// an [`AnchorHead`]. Pictures [batch, 3, height, width] to a map [batch, anchors·(5 + classes), height/32, width/32].
///
/// | | blocks (channels, kernel) | output at 416² |
/// | --- | --- | --- |
/// | features | 16 3×3, and each after a maximum of 2×2: 32, 64, 128, 256, 512 | 512×13×13 |
/// | neck | 512 3×3, 512 3×3 | 512×13×13 |
/// | output | convolution 1×1 with bias | 125×13×13 for 20 classes and 5 anchors |
///
/// The channels are configurable, so that a model for small pictures trains in minutes: n feature blocks have the
/// stride 2ⁿ⁻¹. Any size that is a multiple of the stride does, and may change from batch to batch. The network takes
/// the channels red, green, blue, in 0..=1.
///
/// [`TinyYoloConfig::voc`] and [`TinyYoloConfig::coco`] are Darknet's `yolov2-tiny-voc` with 15,867,885 numbers in its
/// file and `yolov2-tiny` with 11,237,145, running statistics included.
///
/// After Redmon and Farhadi, "YOLO9000: better, faster, stronger" (2016).
///
/// ```
/// use wengert::models::detection::{Detector, TinyYoloConfig};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let anchors = [(12.0, 12.0), (20.0, 28.0)];
/// let model = TinyYoloConfig::new(10, anchors).in_channels(1).widths([8, 16, 32]).neck([32]).init::<f32>(&mut rng);
/// assert_eq!(model.forward(&Tensor::zeros([2, 1, 32, 48])).shape(), [2, 2 * (5 + 10), 8, 12]);
/// assert_eq!(model.detect(&Tensor::zeros([2, 1, 32, 48]), 0.9, 0.5).len(), 2);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels, or a height or width that is no multiple of the
/// stride.
#[derive(Clone, Debug, Module)]
pub struct TinyYolo<T: Float = f32> {
    /// The blocks with maxima between them.
    pub features: Vec<ConvBnLeaky<T>>,
    /// The blocks after them.
    pub neck: Vec<ConvBnLeaky<T>>,
    /// The 1×1 convolution to the map, with bias.
    pub output: Conv2d<T>,
    pool: MaxPool2d,
    same_pool: Option<SamePool>,
    /// What the map means, and the loss, which may change while training.
    #[module(skip)]
    pub head: AnchorHead,
}

impl<T: Float> TinyYolo<T> {
    /// The side of a cell in pixels, of which the pictures' sides are multiples.
    pub fn stride(&self) -> usize {
        self.head.strides()[0]
    }
}

impl<T: Float> Layer<T> for TinyYolo<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        check_size("TinyYolo", x.shape(), self.stride());
        self.chain(x)
    }
}

/// `features.0`, `pool1`, `features.1`, …, `neck.0`, …, `output`.
impl<T: Float> Stages<T> for TinyYolo<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        let mut stages = Vec::new();
        for (i, block) in self.features.iter().enumerate() {
            if i > 0 {
                stages.push(Stage::new(format!("pool{i}"), &self.pool));
            }
            stages.push(Stage::new(format!("features.{i}"), block));
        }
        if let Some(pool) = &self.same_pool {
            stages.push(Stage::new("same_pool", pool));
        }
        stages.extend(self.neck.iter().enumerate().map(|(i, block)| Stage::new(format!("neck.{i}"), block)));
        stages.push(Stage::new("output", &self.output));
        stages
    }
}

impl<T: Float> Detector<T> for TinyYolo<T> {
    fn maps(&self, x: &Tensor<T>) -> Vec<Tensor<T>> {
        vec![self.forward(x)]
    }

    fn head(&self) -> &dyn DetectionHead<T> {
        &self.head
    }
}

/// The maximum of windows of 2×2 with stride 1 that keeps the size: at the right and lower edge the windows are cut,
/// as Darknet does it.
#[derive(Clone, Copy, Debug, Module)]
pub(super) struct SamePool;

impl<T: Float> Layer<T> for SamePool {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        // A cut window has the same maximum as one with its last elements repeated.
        x.pad([(0, 0), (0, 0), (0, 1), (0, 1)], PadMode::Replicate).max_pool2d(Pool2d::new(2).stride(1))
    }
}

/// Pictures must divide into cells.
#[track_caller]
pub(super) fn check_size(model: &str, shape: &[usize], stride: usize) {
    let &[_, _, height, width] = shape else {
        panic!("{model}: the pictures {shape:?} are not [batch, channels, height, width]")
    };
    let divides = |side: usize| side > 0 && side.is_multiple_of(stride);
    assert!(
        divides(height) && divides(width),
        "{model}: height and width of the pictures {shape:?} are not multiples of {stride}, the side of a cell"
    );
}

/// What a [`TinyYolo`] is built from.
///
/// ```
/// use wengert::models::detection::TinyYoloConfig;
///
/// let config: TinyYoloConfig = serde_json::from_str(r#"{"classes": 2, "anchors": [[16, 16]], "widths": [8, 16]}"#)?;
/// assert_eq!(config, TinyYoloConfig::new(2, [(16.0, 16.0)]).widths([8, 16]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TinyYoloConfig {
    classes: usize,
    anchors: Vec<[f64; 2]>,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "default_widths")]
    widths: Vec<usize>,
    #[serde(default = "default_neck")]
    neck: Vec<usize>,
    #[serde(default)]
    same_pool: bool,
    #[serde(default)]
    class_scores: ClassScores,
    #[serde(default)]
    loss: AnchorLoss,
}

fn default_widths() -> Vec<usize> {
    vec![16, 32, 64, 128, 256, 512]
}

fn default_neck() -> Vec<usize> {
    vec![512, 512]
}

impl TinyYoloConfig {
    /// For a number of classes, with anchors (width, height) in pixels of the input.
    pub fn new(classes: usize, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        Self {
            classes,
            anchors: anchors.into_iter().map(Into::into).collect(),
            in_channels: three(),
            widths: default_widths(),
            neck: default_neck(),
            same_pool: false,
            class_scores: ClassScores::Softmax,
            loss: AnchorLoss::v2(),
        }
    }

    /// Darknet's `yolov2-tiny-voc`: 20 classes, its five anchors, a neck of 1024 and 1024 channels.
    pub fn voc() -> Self {
        let cells = [(1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52)];
        Self::new(20, pixels(&cells)).neck([1024, 1024]).same_pool(true)
    }

    /// Darknet's `yolov2-tiny`: COCO's 80 classes, its five anchors, a neck of 1024 and 512 channels.
    pub fn coco() -> Self {
        Self::new(80, pixels(&COCO_ANCHORS)).neck([1024, 512]).same_pool(true)
    }

    /// The channels of the pictures (default: 3).
    pub fn in_channels(mut self, channels: usize) -> Self {
        self.in_channels = channels;
        self
    }

    /// The channels of the blocks that have maxima of 2×2 between them (default: 16, 32, 64, 128, 256, 512).
    pub fn widths(mut self, widths: impl Into<Vec<usize>>) -> Self {
        self.widths = widths.into();
        self
    }

    /// The channels of the blocks after those; there may be none (default: 512, 512).
    pub fn neck(mut self, neck: impl Into<Vec<usize>>) -> Self {
        self.neck = neck.into();
        self
    }

    /// Whether a maximum of 2×2 with stride 1, which keeps the size, stands before the neck, as in Darknet's files
    /// (default: no).
    pub fn same_pool(mut self, same_pool: bool) -> Self {
        self.same_pool = same_pool;
        self
    }

    /// How classes are scored (default: softmax).
    pub fn class_scores(mut self, class_scores: ClassScores) -> Self {
        self.class_scores = class_scores;
        self
    }

    /// The loss (default: that of YOLOv2).
    pub fn loss(mut self, loss: AnchorLoss) -> Self {
        self.loss = loss;
        self
    }

    /// The model: draws block by block, the output last.
    ///
    /// # Panics
    /// If there are no classes, channels, feature blocks or anchors, a number of channels is 0, or an anchor or a weight
    /// of the loss is absurd.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> TinyYolo<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<TinyYolo<T>, ConfigError> {
        let blocks = self.widths.len();
        if !(1..=16).contains(&blocks) {
            let expected = "1 to 16 numbers of channels";
            return wrong("TinyYoloConfig", "widths", format_args!("{:?}", self.widths), expected);
        }
        let head = AnchorHead::new(self.classes)
            .map(1 << (blocks - 1), self.anchors.clone())
            .class_scores(self.class_scores)
            .anchor_loss(self.loss.clone());
        head.check()?;
        let mut channels = self.in_channels;
        let mut block = |&out: &usize| {
            let before = std::mem::replace(&mut channels, out);
            ConvBnLeakyConfig::new(before, out, 3).try_init(rng)
        };
        let features = self.widths.iter().map(&mut block).collect::<Result<_, _>>()?;
        let neck = self.neck.iter().map(&mut block).collect::<Result<_, _>>()?;
        Ok(TinyYolo {
            features,
            neck,
            output: Conv2dConfig::new(channels, head.channels(0), 1).try_init(rng)?,
            pool: MaxPool2d::new(2),
            same_pool: self.same_pool.then_some(SamePool),
            head,
        })
    }
}

/// The anchors that Darknet has for YOLOv2 on COCO, in cells of 32 pixels.
pub(super) const COCO_ANCHORS: [(f64, f64); 5] =
    [(0.57273, 0.677385), (1.87446, 2.06253), (3.33843, 5.47434), (7.88282, 3.52778), (9.77052, 9.16828)];

/// From cells of 32 pixels.
pub(super) fn pixels(cells: &[(f64, f64)]) -> Vec<[f64; 2]> {
    cells.iter().map(|(w, h)| [w * 32.0, h * 32.0]).collect()
}
