//! Dropout as a layer.

use autodiff::{Float, Tensor};

use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

/// Sets each element to 0 with probability p and divides the others by 1 − p, on training tapes only.
///
/// Which elements follows from the tape's seed. After Srivastava et al., "Dropout: a simple way to prevent
/// neural networks from overfitting" (2014).
///
/// ```
/// use wengert::prelude::*;
///
/// let (dropout, x) = (Dropout::new(0.5), Tensor::<f32>::ones([100]));
/// assert_eq!(dropout.forward(&x).to_vec(), x.to_vec());
/// assert_ne!(dropout.forward(&Tape::training(0).constant(&x)).to_vec(), x.to_vec());
/// ```
#[derive(Clone, Copy, Debug, Module)]
pub struct Dropout {
    p: f64,
}

impl Dropout {
    /// With the probability that an element is dropped.
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
        Check("Dropout").probability("p", p)?;
        Ok(Self { p })
    }

    /// The probability that an element is dropped.
    pub fn p(&self) -> f64 {
        self.p
    }
}

impl<T: Float> Layer<T> for Dropout {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.dropout(self.p)
    }
}
