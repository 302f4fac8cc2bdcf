//! The heads in the middle of GoogLeNet.

use autodiff::{Float, Pool2d, Tensor};
use nn::{
    AdaptiveAvgPool2d, AvgPool2d, ConfigError, Conv2dConfig, Dropout, Init, Layer, Linear, LinearConfig,
    Module,
};
use rand::Rng;

use super::BasicConv2d;

/// An auxiliary head of [`GoogLeNet`](super::GoogLeNet): maps averaged to 4×4 places, a convolution 1×1 to 128 channels,
/// and two linear layers with a ReLU and dropout between.
///
/// The paper averages windows of 5×5 with stride 3, which of 14×14 places leave 4×4; so does the paper's form here, and
/// averages what is left of other sizes to 4×4. torchvision's form does only the latter.
#[derive(Clone, Debug, Module)]
pub struct InceptionAux<T: Float = f32> {
    /// Of 5×5 with stride 3, in the paper's form.
    pub avgpool: Option<AvgPool2d>,
    /// 1×1.
    pub conv: BasicConv2d<T>,
    /// From 128·4·4 features to 1024.
    pub fc1: Linear<T>,
    /// To the classes.
    pub fc2: Linear<T>,
    /// Before `fc2`.
    pub dropout: Dropout,
}

/// What the two heads of a network are built from.
pub(super) struct Auxiliary {
    pub(super) classes: usize,
    pub(super) batch_norm: bool,
    pub(super) weight_init: Init,
    pub(super) bias_init: Init,
    pub(super) dropout: Dropout,
}

impl Auxiliary {
    pub(super) fn try_init<T: Float>(
        &self,
        in_channels: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<InceptionAux<T>, ConfigError> {
        let Self { classes, batch_norm, weight_init, bias_init, dropout } = *self;
        let conv = Conv2dConfig::new(in_channels, 128, 1);
        let conv = BasicConv2d::try_init(conv, 128, batch_norm, weight_init, rng)?;
        let mut linear = |inputs, outputs| {
            LinearConfig::new(inputs, outputs).weight_init(weight_init).bias_init(bias_init).try_init(rng)
        };
        let (fc1, fc2) = (linear(128 * 4 * 4, 1024)?, linear(1024, classes)?);
        let avgpool = (!batch_norm).then(|| AvgPool2d::new(Pool2d::new(5).stride(3)));
        Ok(InceptionAux { avgpool, conv, fc1, fc2, dropout })
    }
}

impl<T: Float> Layer<T> for InceptionAux<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let x = match &self.avgpool {
            // Fewer places than a window leave nothing to slide over.
            Some(pool) if x.shape()[2..].iter().all(|&side| side >= 5) => pool.forward(x),
            _ => x.clone(),
        };
        let x = AdaptiveAvgPool2d::new(4).forward(&x);
        let x = self.conv.forward(&x).flatten_from(1);
        let x = self.dropout.forward(&self.fc1.forward_rectified(&x, None, 0.0));
        self.fc2.forward(&x)
    }
}
