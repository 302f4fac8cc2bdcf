//! Networks that say where the objects of a picture are.
//!
//! * Boxes in tensors: [`BoxFormat`] and [`box_convert`], [`box_area`], [`clip_boxes_to_image`].
//! * How well boxes agree: [`iou`], [`giou`], [`diou`] and [`ciou`] one by one, [`box_iou`] and its kin in pairs, and as
//!   losses ([`Overlap`]).
//! * Which of several boxes on one object stays: [`Nms`], [`nms`], [`batched_nms`]; [`SoftNms`].
//! * Anchors: their sizes by [`AnchorKMeans`], and which has to find what by [`assign_by_shape`] or a [`Matcher`].
//! * Labels of networks ([`BoxEncoding`]), the losses of one object and of landmarks ([`localization_loss`],
//!   [`landmark_loss`]).
//! * Classifiers as detectors: [`SlidingWindows`], and their form in one pass ([`ToConvolutional`]).
//! * Networks that find objects ([`Detector`]): [`YoloV1`], [`YoloV2`], [`YoloV3`], [`TinyYolo`] and [`YoloV3Tiny`], with
//!   the heads that say what their maps mean ([`GridHead`], [`AnchorHead`]).
//! * Darknet's networks and weights out of its files: [`darknet`].

mod anchors;
mod box_format;
mod convolutional;
pub mod darknet;
mod detector;
mod encoding;
mod localization;
mod matching;
mod neighbourhood;
mod nms;
mod overlap;
mod sliding;
mod soft_nms;
mod yolo;

pub use anchors::{AnchorCenter, AnchorError, AnchorKMeans, Anchors, shape_iou};
pub use box_format::{
    BoxFormat, box_area, box_convert, boxes_to_tensor, clip_boxes_to_image, tensor_to_boxes,
};
pub use convolutional::{ConvolutionalError, ToConvolutional};
pub use detector::{DetectionHead, DetectionLoss, Detector};
pub use encoding::BoxEncoding;
pub use localization::{
    LocalizationLoss, decode_landmarks, landmark_label, landmark_loss, localization_loss,
};
pub use matching::{AnchorMatch, Matcher, assign_by_box, assign_by_shape};
pub use nms::{Nms, batched_nms, nms};
pub use overlap::{
    Overlap, box_iou, box_iou_loss, ciou, complete_box_iou, complete_box_iou_loss, diou, distance_box_iou,
    distance_box_iou_loss, generalized_box_iou, generalized_box_iou_loss, giou, iou,
};
pub use sliding::SlidingWindows;
pub use soft_nms::{SoftNms, SoftNmsDecay};
pub use yolo::{
    AnchorHead, AnchorLoss, AnchorTargets, BoxLoss, ClassScores, GridHead, GridTargets, ObjectnessLoss,
    Reorg, TinyYolo, TinyYoloConfig, YoloV1, YoloV1Config, YoloV1Layer, YoloV2, YoloV2Config, YoloV3,
    YoloV3Branch, YoloV3Config, YoloV3Tiny, YoloV3TinyConfig,
};
