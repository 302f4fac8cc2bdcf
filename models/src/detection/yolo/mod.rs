//! "You only look once": one network from the picture to the boxes.

mod anchor_head;
mod anchor_loss;
mod grid_head;
mod reorg;
mod targets;
mod tiny;
mod v1;
mod v2;
mod v3;
mod v3_tiny;

pub use anchor_head::{AnchorHead, ClassScores};
pub use anchor_loss::{AnchorLoss, BoxLoss, ObjectnessLoss};
pub use grid_head::{GridHead, GridTargets};
pub use reorg::Reorg;
pub use targets::AnchorTargets;
pub use tiny::{TinyYolo, TinyYoloConfig};
pub use v1::{YoloV1, YoloV1Config, YoloV1Layer};
pub use v2::{YoloV2, YoloV2Config};
pub use v3::{YoloV3, YoloV3Branch, YoloV3Config};
pub use v3_tiny::{YoloV3Tiny, YoloV3TinyConfig};
