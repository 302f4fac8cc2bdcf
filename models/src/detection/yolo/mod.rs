//! "You only look once": one network from the picture to the boxes.

mod anchor_head;
mod anchor_loss;
mod targets;
mod tiny;

pub use anchor_head::{AnchorHead, ClassScores};
pub use anchor_loss::{AnchorLoss, BoxLoss, ObjectnessLoss};
pub use targets::AnchorTargets;
pub use tiny::{TinyYolo, TinyYoloConfig};
