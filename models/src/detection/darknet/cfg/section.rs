//! What the sections of a `.cfg` file say, typed.

use nn::Activation;

/// The first section, `[net]`. The options of a training stand here so that it can be done as Darknet does it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NetOptions {
    /// The width of the pictures.
    pub width: usize,
    /// The height of the pictures.
    pub height: usize,
    /// The channels of the pictures.
    pub channels: usize,
    /// Pictures to a step (Darknet's default: 1).
    pub batch: usize,
    /// Into how many parts a step is cut (1).
    pub subdivisions: usize,
    /// The learning rate (0.001).
    pub learning_rate: f64,
    /// The momentum of the gradient (0.9).
    pub momentum: f64,
    /// The weight decay (0.0001).
    pub decay: f64,
    /// Over how many steps the learning rate rises (0).
    pub burn_in: usize,
    /// The number of steps (0: not said).
    pub max_batches: usize,
    /// Where the policy `steps` multiplies the learning rate, and by what.
    pub steps: Vec<(usize, f64)>,
}

/// A layer's section.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Section {
    /// `[convolutional]`
    Convolutional(ConvolutionalOptions),
    /// `[connected]`
    Connected(ConnectedOptions),
    /// `[maxpool]`
    MaxPool(MaxPoolOptions),
    /// `[avgpool]`, the mean of each channel.
    AvgPool,
    /// `[route]`
    Route(RouteOptions),
    /// `[shortcut]`
    Shortcut(ShortcutOptions),
    /// `[upsample]`
    Upsample(UpsampleOptions),
    /// `[reorg]`
    Reorg(ReorgOptions),
    /// `[dropout]`
    Dropout(DropoutOptions),
    /// `[softmax]`
    Softmax(SoftmaxOptions),
    /// `[cost]`, a loss: in a forward pass it does nothing.
    Cost,
    /// `[region]`, the head of YOLO v2.
    Region(RegionOptions),
    /// `[yolo]`, a head of YOLO v3.
    Yolo(YoloOptions),
    /// `[detection]`, the head of YOLO v1.
    Detection(DetectionOptions),
}

/// A convolution, with batch normalization or with a bias, and an activation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConvolutionalOptions {
    /// The channels of the output.
    pub filters: usize,
    /// The extent of the square kernel (default: 1).
    pub size: usize,
    /// The step (1).
    pub stride: usize,
    /// The border of zeros on each side: `padding` (0), or with `pad=1` half the size.
    pub padding: usize,
    /// Into how many groups the channels are divided (1).
    pub groups: usize,
    /// Whether the output is normalized before the activation (no).
    pub batch_normalize: bool,
    /// Whether the file of weights has them transposed (no).
    pub flipped: bool,
    /// The activation (Darknet's default: the logistic function).
    pub activation: Activation,
}

/// A fully connected layer, of all that the layer before gives.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ConnectedOptions {
    /// The number of outputs.
    pub output: usize,
    /// Whether the output is normalized before the activation (no).
    pub batch_normalize: bool,
    /// The activation (Darknet's default: the logistic function).
    pub activation: Activation,
}

/// The maximum of each window. An axis of n elements becomes one of (n + padding − size) / stride + 1, rounded down;
/// padding / 2 of the padding, rounded down, stands before the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaxPoolOptions {
    /// The extent of the square window (default: the stride).
    pub size: usize,
    /// The step (1).
    pub stride: usize,
    /// The sum of the borders on both sides (size − 1).
    pub padding: usize,
}

/// The channels of other layers, one after the other, or one group of them each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteOptions {
    /// The layers, counted from the first, 0.
    pub layers: Vec<usize>,
    /// Into how many groups the channels of each layer are divided (1).
    pub groups: usize,
    /// Which of the groups is taken (0).
    pub group_id: usize,
}

/// The sum of the layer before and another one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ShortcutOptions {
    /// The other layer, counted from the first, 0.
    pub from: usize,
    /// The activation of the sum (linear).
    pub activation: Activation,
}

/// Each pixel as a square of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct UpsampleOptions {
    /// The side of the square (default: 2).
    pub stride: usize,
    /// A factor of all values (1).
    pub scale: f64,
}

/// Squares of pixels as channels: see [`reorg`](super::super::reorg()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReorgOptions {
    /// The side of the square (default: 1).
    pub stride: usize,
    /// Whether it is the other way round (no).
    pub reverse: bool,
}

/// Dropout, which does nothing but in training.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DropoutOptions {
    /// The probability of a zero (default: 0.2).
    pub probability: f64,
}

/// The softmax of all values, or of each group of them.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SoftmaxOptions {
    /// Into how many groups the values are divided (default: 1).
    pub groups: usize,
    /// What the values are divided by before (1).
    pub temperature: f64,
}

/// The head of YOLO v2, `[region]`: the map has (4 + 1 + classes) channels for each of `num` anchors.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegionOptions {
    /// The number of classes (default: 20).
    pub classes: usize,
    /// The number of anchors (1).
    pub num: usize,
    /// Width and height of each anchor, in cells.
    pub anchors: Vec<(f64, f64)>,
    /// Whether the classes exclude each other (no).
    pub softmax: bool,
    /// Whether the objectness learns the IoU (no).
    pub rescore: bool,
    /// Whether anchors are matched by their own size (no).
    pub bias_match: bool,
    /// The IoU from which on a box that was assigned to no object is no mistake (0.5).
    pub thresh: f64,
    /// The weight of the coordinates' loss (1).
    pub coord_scale: f64,
    /// The weight of the objectness's loss where there is an object (1).
    pub object_scale: f64,
    /// The weight of the objectness's loss where there is none (1).
    pub noobject_scale: f64,
    /// The weight of the classes' loss (1).
    pub class_scale: f64,
}

/// A head of YOLO v3, `[yolo]`: the map has (4 + 1 + classes) channels for each anchor of its mask.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct YoloOptions {
    /// The number of classes (default: 20).
    pub classes: usize,
    /// Which of the anchors are this head's (all).
    pub mask: Vec<usize>,
    /// Width and height of each anchor of all heads, in pixels of the network's input.
    pub anchors: Vec<(f64, f64)>,
    /// The IoU from which on a box that was assigned to no object is no mistake (0.5).
    pub ignore_thresh: f64,
    /// The IoU from which on a box counts as assigned (1).
    pub truth_thresh: f64,
}

impl YoloOptions {
    /// The anchors that are this head's, in the order of the mask.
    pub fn own_anchors(&self) -> Vec<(f64, f64)> {
        self.mask.iter().map(|&at| self.anchors[at]).collect()
    }
}

/// The head of YOLO v1, `[detection]`: side² cells of classes, then of `num` confidences, then of `num` boxes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DetectionOptions {
    /// The number of classes (default: 1).
    pub classes: usize,
    /// The number of cells on each axis (7).
    pub side: usize,
    /// The number of boxes of a cell (1).
    pub num: usize,
    /// Whether the classes go through a softmax (no).
    pub softmax: bool,
    /// Whether the roots of width and height are predicted (no).
    pub sqrt: bool,
    /// Whether the confidence learns the IoU (no).
    pub rescore: bool,
    /// The weight of the coordinates' loss (1).
    pub coord_scale: f64,
    /// The weight of the confidence's loss where there is an object (1).
    pub object_scale: f64,
    /// The weight of the confidence's loss where there is none (1).
    pub noobject_scale: f64,
    /// The weight of the classes' loss (1).
    pub class_scale: f64,
}

impl Section {
    /// Whether it is the head of a detector, whose output no other layer may take.
    pub fn is_head(&self) -> bool {
        matches!(self, Self::Region(_) | Self::Yolo(_) | Self::Detection(_))
    }
}
