//! Wengert.
pub use autodiff;
pub use data;
pub use models;
pub use nn;
pub use optim;
pub use train;
