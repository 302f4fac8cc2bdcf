//! Activations as layers.

mod choice;
mod exponential;
mod gated;
mod piecewise;
mod rectified;
mod smooth;
mod softmax;

pub use self::choice::Activation;
pub use self::exponential::{Celu, Elu, Selu};
pub use self::gated::Glu;
pub use self::piecewise::{Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Relu6, Softshrink, Threshold};
pub use self::rectified::{LeakyRelu, Prelu, PreluConfig, Relu, Rrelu};
pub use self::smooth::{
    Gelu, GeluApproximation, LogSigmoid, Mish, Sigmoid, Silu, Softplus, Softsign, Tanh, Tanhshrink,
};
pub use self::softmax::{LogSoftmax, Softmax, Softmax2d, Softmin};

/// Defines a layer without parameters: its documentation and name, its options with their defaults if it has any, and
/// its output for an input, in terms of the options.
macro_rules! layer {
    ($(#[$doc:meta])* $Name:ident => |$x:ident| $y:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, crate::Module, serde::Serialize, serde::Deserialize)]
        pub struct $Name;

        impl<T: autodiff::Float> crate::Layer<T> for $Name {
            fn forward(&self, $x: &autodiff::Tensor<T>) -> autodiff::Tensor<T> {
                $y
            }
        }
    };
    (
        $(#[$doc:meta])*
        $Name:ident { $($(#[$option_doc:meta])* $option:ident: $Type:ty = $default:expr),* $(,)? }
        => |$x:ident| $y:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, crate::Module, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $Name {
            $($(#[$option_doc])* #[module(skip)] pub $option: $Type,)*
        }

        impl $Name {
            /// The layer with these options.
            pub const fn new($($option: $Type),*) -> Self {
                Self { $($option),* }
            }
        }

        impl Default for $Name {
            fn default() -> Self {
                Self { $($option: $default),* }
            }
        }

        impl<T: autodiff::Float> crate::Layer<T> for $Name {
            fn forward(&self, $x: &autodiff::Tensor<T>) -> autodiff::Tensor<T> {
                let Self { $($option),* } = *self;
                $y
            }
        }
    };
}
use layer;
