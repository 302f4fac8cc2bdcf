//! Dropout: of elements, of whole channels, and for self-normalizing networks.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

/// Defines a dropout layer: its documentation and name, and its output for an input and a probability.
macro_rules! dropout {
    ($(#[$doc:meta])* $Name:ident => |$x:ident, $p:ident| $y:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Module, Serialize, Deserialize)]
        #[serde(try_from = "Options")]
        pub struct $Name {
            p: f64,
        }

        impl $Name {
            /// With the probability of being dropped.
            ///
            /// # Panics
            /// If `p` is not in 0..=1.
            #[track_caller]
            pub fn new(p: f64) -> Self {
                expect(Self::try_new(p))
            }

            /// The same for a probability that comes from outside the program.
            ///
            /// # Errors
            /// `p` is not in 0..=1.
            pub fn try_new(p: f64) -> Result<Self, ConfigError> {
                Check(stringify!($Name)).probability("p", p)?;
                Ok(Self { p })
            }

            /// The probability of being dropped.
            pub fn p(&self) -> f64 {
                self.p
            }
        }

        /// p = ½.
        impl Default for $Name {
            fn default() -> Self {
                Self { p: half() }
            }
        }

        impl TryFrom<Options> for $Name {
            type Error = ConfigError;

            fn try_from(options: Options) -> Result<Self, ConfigError> {
                Self::try_new(options.p)
            }
        }

        impl<T: Float> Layer<T> for $Name {
            fn forward(&self, $x: &Tensor<T>) -> Tensor<T> {
                let $p = self.p;
                $y
            }
        }
    };
}

/// What a configuration file says of a dropout layer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default = "half")]
    p: f64,
}

fn half() -> f64 {
    0.5
}

dropout! {
    /// Sets each element to 0 with probability p and divides the others by 1 − p, on training tapes only.
    ///
    /// The expected value stays. Which elements are dropped follows from the tape's seed. After Srivastava et al.,
    /// "Dropout: a simple way to prevent neural networks from overfitting" (2014).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let (dropout, x) = (Dropout::new(0.5), Tensor::<f32>::ones([100]));
    /// assert_eq!(dropout.forward(&x).to_vec(), x.to_vec());
    /// assert_ne!(dropout.forward(&Tape::training(0).constant(&x)).to_vec(), x.to_vec());
    /// assert!(serde_json::from_str::<Dropout>(r#"{"p": 1.5}"#).is_err());
    /// ```
    Dropout => |x, p| x.dropout(p)
}

dropout! {
    /// Sets each channel of [batch, channels, length] or [channels, length] to 0 with probability p and divides the
    /// others by 1 − p, on training tapes only.
    ///
    /// Neighbours in a channel are alike, so that one tells what a dropped one was; channels do not. Which ones are
    /// dropped follows from the tape's seed. After Tompson, Goroshin, Jain, LeCun and Bregler, "Efficient object
    /// localization using convolutional networks" (2015).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tape::training(0).constant(Tensor::<f32>::ones([4, 8, 3]));
    /// for channel in Dropout1d::new(0.5).forward(&x).to_vec().chunks(3) {
    ///     assert!(channel == [0.0; 3] || channel == [2.0; 3]);
    /// }
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the input has other axes.
    Dropout1d => |x, p| {
        let channels = channel_axes("Dropout1d", x, 3, "[batch, channels, length] or [channels, length]");
        dropped(x, channels, p)
    }
}

dropout! {
    /// Sets each channel of pictures [batch, channels, height, width] to 0 with probability p and divides the others by
    /// 1 − p, on training tapes only.
    ///
    /// Three axes are [batch, channels, length], as in PyTorch, and not one picture. See [`Dropout1d`] for reason and
    /// paper.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tape::training(0).constant(Tensor::<f32>::ones([4, 8, 3, 3]));
    /// for channel in Dropout2d::new(0.5).forward(&x).to_vec().chunks(9) {
    ///     assert!(channel == [0.0; 9] || channel == [2.0; 9]);
    /// }
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the input has other axes.
    Dropout2d => |x, p| {
        assert!(
            matches!(x.ndim(), 3 | 4),
            "Dropout2d: the input {:?} is not [batch, channels, height, width] or [batch, channels, length]",
            x.shape()
        );
        dropped(x, 2, p)
    }
}

dropout! {
    /// Sets each channel of volumes [batch, channels, depth, height, width], or of one without a batch, to 0 with
    /// probability p and divides the others by 1 − p, on training tapes only.
    ///
    /// See [`Dropout1d`] for reason and paper.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tape::training(0).constant(Tensor::<f32>::ones([8, 2, 2, 2]));
    /// for channel in Dropout3d::new(0.5).forward(&x).to_vec().chunks(8) {
    ///     assert!(channel == [0.0; 8] || channel == [2.0; 8]);
    /// }
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the input has other axes.
    Dropout3d => |x, p| {
        let axes = "[batch, channels, depth, height, width] or [channels, depth, height, width]";
        dropped(x, channel_axes("Dropout3d", x, 5, axes), p)
    }
}

dropout! {
    /// Dropout that keeps mean 0 and variance 1, for networks of [`Selu`](crate::Selu): with probability p an element
    /// becomes α′ = −λα ≈ −1.758, what SELU falls to, and all are then scaled and shifted, on training tapes only.
    ///
    /// y = a·x + b for a kept element and a·α′ + b for a dropped one, with a = 1/√((1 − p)(1 + p·α′²)) and b = −a·p·α′.
    /// With p = 1 all become 0. Which elements are dropped follows from the tape's seed. After Klambauer, Unterthiner,
    /// Mayr and Hochreiter, "Self-normalizing neural networks" (2017).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tape::training(0).constant(Tensor::<f64>::zeros([1000]));
    /// let y = AlphaDropout::new(0.2).forward(&x);
    /// assert_eq!(AlphaDropout::new(0.2).forward(&x.detach()).to_vec(), [0.0; 1000]);
    /// assert!(y.mean(..).item().abs() < 0.1);
    /// ```
    AlphaDropout => |x, p| self_normalizing(x, x.ndim(), p)
}

dropout! {
    /// [`AlphaDropout`] of whole channels of [batch, channels, …]: all elements of a channel are dropped, or none.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tape::training(0).constant(Tensor::<f32>::ones([4, 8, 3]));
    /// for channel in FeatureAlphaDropout::new(0.5).forward(&x).to_vec().chunks(3) {
    ///     assert!(channel.iter().all(|y| y == &channel[0]));
    /// }
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the input has fewer than two axes.
    FeatureAlphaDropout => |x, p| {
        assert!(
            x.ndim() >= 2,
            "FeatureAlphaDropout: the input {:?} is not [batch, channels, …]",
            x.shape()
        );
        self_normalizing(x, 2, p)
    }
}

/// How many axes of an input of `batched` axes, or one fewer without a batch, tell a channel.
#[track_caller]
fn channel_axes<T: Float>(layer: &str, x: &Tensor<T>, batched: usize, axes: &str) -> usize {
    let shape = x.shape();
    assert!(
        shape.len() == batched || shape.len() + 1 == batched,
        "{layer}: the input {shape:?} is not {axes}"
    );
    shape.len() + 2 - batched
}

/// Dropout of slices that share their place on the first axes.
#[track_caller]
fn dropped<T: Float>(x: &Tensor<T>, axes: usize, p: f64) -> Tensor<T> {
    let Some(tape) = x.tape().filter(|tape| tape.is_training() && axes < x.ndim() && p > 0.0) else {
        return x.dropout(p);
    };
    let mut slices = vec![1; x.ndim()];
    slices[..axes].copy_from_slice(&x.shape()[..axes]);
    x * tape.constant(Tensor::ones(slices)).dropout(p)
}

/// α′ of the self-normalizing network, −λα.
const FLOOR: f64 = -1.758_099_340_847_376_6;

/// Alpha dropout of slices that share their place on the first axes.
#[track_caller]
fn self_normalizing<T: Float>(x: &Tensor<T>, axes: usize, p: f64) -> Tensor<T> {
    let trains = x.tape().is_some_and(|tape| tape.is_training());
    if !trains || p == 0.0 {
        return x.clone();
    }
    if p == 1.0 {
        return dropped(x, axes, p);
    }
    // Seen from α′, what is dropped becomes 0 and what is kept is divided by 1 − p: a plain dropout.
    let scale = (1.0 - p) / ((1.0 - p) * (1.0 + p * FLOOR * FLOOR)).sqrt();
    (dropped(&(x - FLOOR), axes, p) + FLOOR) * scale
}
