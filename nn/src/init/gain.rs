//! By how much a weight's standard deviation is enlarged for the nonlinearity that follows it, as PyTorch's
//! `calculate_gain` has it.
//!
//! | nonlinearity | gain |
//! | --- | --- |
//! | none, linear, convolution, sigmoid | 1 |
//! | tanh | 5/3 |
//! | ReLU | √2 |
//! | leaky ReLU | √(2 / (1 + slope²)) |
//! | SELU | 3/4 |
//!
//! ```
//! use wengert::nn::init::{Fan, Init, gain};
//!
//! assert_eq!(Init::kaiming_normal(Fan::In, gain::RELU), Init::he_normal());
//! assert_eq!(gain::leaky_relu(0.0), gain::RELU);
//! ```

/// No nonlinearity: 1. Also of convolutions, which are linear.
pub const LINEAR: f64 = 1.0;

/// The logistic function: 1.
pub const SIGMOID: f64 = 1.0;

/// The hyperbolic tangent: 5/3.
pub const TANH: f64 = 5.0 / 3.0;

/// max(x, 0): √2.
pub const RELU: f64 = std::f64::consts::SQRT_2;

/// The scaled exponential linear unit: 3/4. (For a network that normalizes itself, as its paper has it, the gain
/// is [`LINEAR`].)
pub const SELU: f64 = 0.75;

/// Leaky ReLU with its slope for negative numbers, PyTorch's default being 0.01: √(2 / (1 + slope²)).
pub fn leaky_relu(slope: f64) -> f64 {
    (2.0 / (1.0 + slope * slope)).sqrt()
}
