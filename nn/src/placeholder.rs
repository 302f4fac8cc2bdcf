//! Stand-ins for the tape's `Parameter` and this crate's `Buffer`, so that the derive macro could be built
//! and tested before them. Delete this file when the real ones are in.

use autodiff::Float;

/// Stand-in for a trained tensor: its elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter<T: Float>(pub Vec<T>);

/// Stand-in for a tensor that is saved but not trained: its elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Buffer<T: Float>(pub Vec<T>);
