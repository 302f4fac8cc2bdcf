//! Optimizers and schedules against the values of other libraries, which the Python programs of this folder
//! wrote: PyTorch's, and optax's for what PyTorch lacks.

mod clipping;
mod optimizers;
mod packed;
mod schedules;
