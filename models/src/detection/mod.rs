//! Networks that say where the objects of a picture are.

mod detector;
mod nms;
mod yolo;

pub use detector::{DetectionHead, DetectionLoss, Detector};
pub use yolo::{
    AnchorHead, AnchorLoss, AnchorTargets, BoxLoss, ClassScores, ObjectnessLoss, TinyYolo, TinyYoloConfig,
};
