//! What keeps weights small: penalties on them as terms of the loss, limits to their norms, and weights that are
//! learned as a direction and a length.
//!
//! Which parameters are meant is said with [`Module::parameters_matching`](crate::Module::parameters_matching) and
//! [`Module::parameters_where`](crate::Module::parameters_where): biases are usually exempt. Weight decay, which
//! shrinks weights at each step whatever the loss, is the optimizers' affair.

mod max_norm;
mod penalty;
mod weight_norm;

pub use max_norm::MaxNorm;
pub use penalty::Penalty;
pub use weight_norm::WeightNorm;
