//! Normalization: by channel over the batch, by group, by trailing axes, and across neighbouring channels.

mod batch;
mod group;
mod layer;
mod local_response;
mod rows;

pub use batch::*;
pub use group::*;
pub use layer::*;
pub use local_response::*;
