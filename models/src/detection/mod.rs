//! Networks that say where the objects of a picture are.
//!
//! * Boxes in tensors: [`BoxFormat`] and [`box_convert`], [`box_area`], [`clip_boxes_to_image`].
//! * How well boxes agree: [`iou`], [`giou`], [`diou`] and [`ciou`] one by one, [`box_iou`] and its kin in pairs, and as
//!   losses ([`Overlap`]).
//! * Which of several boxes on one object stays: [`Nms`], [`nms`], [`batched_nms`].
//! * Networks ([`Detector`]): [`TinyYolo`], and the head of YOLOv2 and YOLOv3 ([`AnchorHead`]).

mod box_format;
mod detector;
mod neighbourhood;
mod nms;
mod overlap;
mod yolo;

pub use box_format::{
    BoxFormat, box_area, box_convert, boxes_to_tensor, clip_boxes_to_image, tensor_to_boxes,
};
pub use detector::{DetectionHead, DetectionLoss, Detector};
pub use nms::{Nms, batched_nms, nms};
pub use overlap::{
    Overlap, box_iou, box_iou_loss, ciou, complete_box_iou, complete_box_iou_loss, diou, distance_box_iou,
    distance_box_iou_loss, generalized_box_iou, generalized_box_iou_loss, giou, iou,
};
pub use yolo::{
    AnchorHead, AnchorLoss, AnchorTargets, BoxLoss, ClassScores, ObjectnessLoss, Reorg, TinyYolo,
    TinyYoloConfig, YoloV2, YoloV2Config, YoloV3, YoloV3Branch, YoloV3Config, YoloV3Tiny, YoloV3TinyConfig,
};
