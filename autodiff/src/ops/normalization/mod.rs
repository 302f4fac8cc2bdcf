//! Normalization: by channel over the batch, by group, by trailing axes, and across neighbouring channels.

mod batch;
mod channel_affine;
mod group;
mod layer;
mod local_response;
mod rectified;
mod rows;

pub use batch::*;
pub use channel_affine::*;
pub use group::*;
pub use layer::*;
pub use local_response::*;
