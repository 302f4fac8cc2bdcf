//! The first YOLO.

use autodiff::{Float, Tensor};
use nn::{ConfigError, Dropout, Layer, Linear, LinearConfig, MaxPool2d, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::grid_head::GridHead;
use crate::configured::{dropout, expect, half, three, two, wrong};
use crate::detection::{DetectionHead, Detector};
use crate::vision::{ConvBnLeaky, ConvBnLeakyConfig, SLOPE};

/// A step of the backbone of [`YoloV1`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YoloV1Layer {
    /// Convolution, batch normalization, leaky ReLU: channels, extent of the kernel, stride.
    Conv(usize, usize, usize),
    /// The maximum of 2×2.
    MaxPool,
}

/// The first YOLO: pictures [batch, 3, 448, 448] to a map [batch, 7, 7, 30] for 20 classes.
///
/// | | | output |
/// | --- | --- | --- |
/// | backbone | 64 7×7 of stride 2; maximum | 64×112×112 |
/// | | 192 3×3; maximum | 192×56×56 |
/// | | 128 1×1, 256 3×3, 256 1×1, 512 3×3; maximum | 512×28×28 |
/// | | four times 256 1×1, 512 3×3; 512 1×1, 1024 3×3; maximum | 1024×14×14 |
/// | | twice 512 1×1, 1024 3×3; 1024 3×3, 1024 3×3 of stride 2 | 1024×7×7 |
/// | | 1024 3×3, 1024 3×3 | 1024×7×7 |
/// | hidden | fully connected, leaky ReLU, dropout 0.5 | 4096 |
/// | output | fully connected | 1470 = 7·7·(2·5 + 20) |
///
/// Together 271,716,734 parameters, of which 205,524,992 are in the first fully connected layer. The backbone, the
/// hidden features, the grid and the size of the pictures are configurable. As in Darknet's `yolov1.cfg` the
/// convolutions are batch-normalized, which the paper's were not. What the map means and what it is trained with says
/// [`GridHead`]. The network takes the channels red, green, blue, in 0..=1.
///
/// After Redmon, Divvala, Girshick and Farhadi, "You only look once: unified, real-time object detection" (2016).
///
/// ```
/// use wengert::models::detection::{Detector, YoloV1Config, YoloV1Layer};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let backbone = [YoloV1Layer::Conv(8, 3, 2), YoloV1Layer::MaxPool, YoloV1Layer::Conv(16, 3, 1)];
/// let config = YoloV1Config::new(2).input_size(32).backbone(backbone).hidden(64);
/// let model = config.init::<f32>(&mut rng);
/// assert_eq!(model.maps(&Tensor::zeros([1, 3, 32, 32]))[0].shape(), [1, 8, 8, 2 * 5 + 2]);
/// ```
///
/// # Panics
/// In `maps`, if the pictures have another size or number of channels.
#[derive(Clone, Debug, Module)]
pub struct YoloV1<T: Float = f32> {
    /// The blocks of the backbone.
    pub backbone: Vec<ConvBnLeaky<T>>,
    /// The first fully connected layer.
    pub hidden: Linear<T>,
    /// The second.
    pub output: Linear<T>,
    dropout: Dropout,
    #[module(skip)]
    layers: Vec<YoloV1Layer>,
    /// What the map means, and the loss.
    #[module(skip)]
    pub head: GridHead,
}

impl<T: Float> Detector<T> for YoloV1<T> {
    fn maps(&self, x: &Tensor<T>) -> Vec<Tensor<T>> {
        let (width, height) = self.head.size();
        assert!(
            matches!(*x.shape(), [_, _, h, w] if (w as f64, h as f64) == (width, height)),
            "YoloV1: the pictures {:?} are not [batch, channels, {height}, {width}]",
            x.shape()
        );
        let mut blocks = self.backbone.iter().enumerate();
        let mut y = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            y = match layer {
                YoloV1Layer::MaxPool => MaxPool2d::new(2).forward_in(&format!("pool{i}"), &y),
                YoloV1Layer::Conv(..) => {
                    let (at, block) = blocks.next().expect("as many blocks as convolutions");
                    block.forward_in(&format!("backbone.{at}"), &y)
                }
            };
        }
        let y = self.dropout.forward(&self.hidden.forward(&y.flatten_from(1)).leaky_relu(SLOPE));
        let [rows, columns, channels] = self.head.map_shape();
        vec![self.output.forward(&y).reshape([x.shape()[0], rows, columns, channels])]
    }

    fn head(&self) -> &dyn DetectionHead<T> {
        &self.head
    }
}

/// What a [`YoloV1`] is built from.
///
/// ```
/// use wengert::models::detection::{YoloV1Config, YoloV1Layer};
///
/// let file = r#"{"classes": 2, "input_size": 32, "backbone": [{"conv": [8, 3, 2]}, "max_pool"], "hidden": 64}"#;
/// let config: YoloV1Config = serde_json::from_str(file)?;
/// let layers = [YoloV1Layer::Conv(8, 3, 2), YoloV1Layer::MaxPool];
/// assert_eq!(config, YoloV1Config::new(2).input_size(32).backbone(layers).hidden(64));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoloV1Config {
    classes: usize,
    #[serde(default = "paper_size")]
    input_size: usize,
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "paper_backbone")]
    backbone: Vec<YoloV1Layer>,
    #[serde(default = "paper_hidden")]
    hidden: usize,
    #[serde(default = "half")]
    dropout: f64,
    #[serde(default = "two")]
    boxes: usize,
}

fn paper_size() -> usize {
    448
}

fn paper_hidden() -> usize {
    4096
}

fn paper_backbone() -> Vec<YoloV1Layer> {
    use YoloV1Layer::{Conv, MaxPool};
    let mut layers = vec![Conv(64, 7, 2), MaxPool, Conv(192, 3, 1), MaxPool];
    layers.extend([Conv(128, 1, 1), Conv(256, 3, 1), Conv(256, 1, 1), Conv(512, 3, 1), MaxPool]);
    layers.extend([Conv(256, 1, 1), Conv(512, 3, 1)].repeat(4));
    layers.extend([Conv(512, 1, 1), Conv(1024, 3, 1), MaxPool]);
    layers.extend([Conv(512, 1, 1), Conv(1024, 3, 1)].repeat(2));
    layers.extend([Conv(1024, 3, 1), Conv(1024, 3, 2), Conv(1024, 3, 1), Conv(1024, 3, 1)]);
    layers
}

const NAME: &str = "YoloV1Config";

impl YoloV1Config {
    /// The paper's, for a number of classes.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            input_size: paper_size(),
            in_channels: three(),
            backbone: paper_backbone(),
            hidden: paper_hidden(),
            dropout: half(),
            boxes: two(),
        }
    }

    /// Height and width of the pictures in pixels (default: 448). Divided by the strides of the backbone, rounded as
    /// these do, it is the number of cells in a row and in a column.
    pub fn input_size(mut self, size: usize) -> Self {
        self.input_size = size;
        self
    }

    /// The channels of the pictures (default: 3).
    pub fn in_channels(mut self, channels: usize) -> Self {
        self.in_channels = channels;
        self
    }

    /// The backbone (default: the paper's 24 convolutions).
    pub fn backbone(mut self, layers: impl Into<Vec<YoloV1Layer>>) -> Self {
        self.backbone = layers.into();
        self
    }

    /// The features between the fully connected layers (default: 4096).
    pub fn hidden(mut self, features: usize) -> Self {
        self.hidden = features;
        self
    }

    /// The probability of dropout after the first fully connected layer (default: 0.5).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// The boxes of a cell (default: 2).
    pub fn boxes(mut self, boxes: usize) -> Self {
        self.boxes = boxes;
        self
    }

    /// How many parameters the model has, without building it: the paper's take a gigabyte.
    ///
    /// # Errors
    /// As [`try_init`](Self::try_init), but for an absurd kernel or number of features.
    pub fn parameter_count(&self) -> Result<usize, ConfigError> {
        let too_many = || ConfigError::new(NAME, "backbone", "too large", "countable parameters");
        let (cells, channels) = self.walk()?;
        let head = self.grid_head(cells)?;
        let count = || {
            let mut from = self.in_channels;
            let mut sum = 0usize;
            for layer in &self.backbone {
                if let YoloV1Layer::Conv(to, kernel, _) = *layer {
                    let taps = kernel.checked_mul(kernel)?.checked_mul(from)?.checked_add(2)?;
                    sum = sum.checked_add(taps.checked_mul(to)?)?;
                    from = to;
                }
            }
            let flat = channels.checked_mul(cells)?.checked_mul(cells)?;
            let outputs = head.map_shape().iter().try_fold(1usize, |n, &m| n.checked_mul(m))?;
            sum = sum.checked_add(flat.checked_add(1)?.checked_mul(self.hidden)?)?;
            sum.checked_add(self.hidden.checked_add(1)?.checked_mul(outputs)?)
        };
        count().ok_or_else(too_many)
    }

    /// The cells in a row, and the channels of the backbone's map.
    fn walk(&self) -> Result<(usize, usize), ConfigError> {
        let (mut size, mut channels) = (self.input_size, self.in_channels);
        for layer in &self.backbone {
            size = match *layer {
                YoloV1Layer::MaxPool => size / 2,
                YoloV1Layer::Conv(to, kernel, stride) => {
                    if stride == 0 || kernel == 0 || kernel > 1 << 16 || size == 0 {
                        break;
                    }
                    channels = to;
                    (size + 2 * (kernel / 2)).saturating_sub(kernel) / stride + 1
                }
            };
            if size == 0 {
                break;
            }
        }
        if !(1..=1 << 16).contains(&self.input_size) || size == 0 {
            let expected = "1 to 65536 pixels, of which the backbone leaves some";
            return wrong(NAME, "input_size", self.input_size, expected);
        }
        if self.backbone.is_empty() {
            return wrong(NAME, "backbone", "empty", "at least one layer");
        }
        Ok((size, channels))
    }

    fn grid_head(&self, cells: usize) -> Result<GridHead, ConfigError> {
        let size = self.input_size as f64;
        let head = GridHead::new(self.classes, (size, size)).grid(cells, cells).boxes(self.boxes);
        head.check()?;
        Ok(head)
    }

    /// The model: draws block by block, then the fully connected layers.
    ///
    /// # Panics
    /// If there are no classes, channels, boxes or features, a kernel or stride is 0, the pictures are too small for the
    /// backbone, or the probability is not in 0..=1.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> YoloV1<T> {
        expect(self.try_init(rng))
    }

    /// The model, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<YoloV1<T>, ConfigError> {
        let (cells, channels) = self.walk()?;
        let head = self.grid_head(cells)?;
        self.parameter_count()?;
        let dropout = dropout(NAME, "dropout", self.dropout)?;
        let mut from = self.in_channels;
        let mut backbone = Vec::new();
        for layer in &self.backbone {
            if let YoloV1Layer::Conv(to, kernel, stride) = *layer {
                backbone.push(ConvBnLeakyConfig::new(from, to, kernel).stride(stride).try_init(rng)?);
                from = to;
            }
        }
        Ok(YoloV1 {
            backbone,
            hidden: LinearConfig::new(channels * cells * cells, self.hidden).try_init(rng)?,
            output: LinearConfig::new(self.hidden, head.map_shape().iter().product()).try_init(rng)?,
            dropout,
            layers: self.backbone.clone(),
            head,
        })
    }
}
