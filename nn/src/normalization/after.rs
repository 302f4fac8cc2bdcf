//! Batch normalization in the convolution before it.

use autodiff::{Epilogue, Float, Tensor};

use super::BatchNorm;
use super::running::scale_and_shift;
use crate::layer::on_tape_of;
use crate::{Conv, Layer};

macro_rules! after {
    ($($D:literal),*) => {$(
        impl<T: Float> BatchNorm<$D, T> {
            /// [`forward_rectified`](Self::forward_rectified) of the result of a convolution.
            ///
            /// Without a tape and with running statistics it is a factor and a summand for each channel, which the
            /// convolution applies to its results while they are in the cache. Otherwise one comes after the other; where
            /// the convolution has a bias, the last bits may differ.
            ///
            /// ```
            /// use wengert::prelude::*;
            ///
            /// let mut rng = ChaCha8Rng::seed_from_u64(0);
            /// let conv = Conv2dConfig::new(3, 8, 3).bias(false).init::<f32>(&mut rng);
            /// let norm = BatchNorm2d::new(8);
            /// let x = Tensor::ones([1, 3, 5, 5]);
            /// let fused = norm.forward_after(&conv, &x, None, 0.0);
            /// assert_eq!(fused.to_vec(), norm.forward(&conv.forward(&x)).relu().to_vec());
            /// ```
            ///
            /// # Panics
            /// As both layers; if the residual has another shape than the result, or the slope is negative or not
            /// finite.
            #[track_caller]
            pub fn forward_after(
                &self,
                conv: &Conv<$D, T>,
                x: &Tensor<T>,
                residual: Option<&Tensor<T>>,
                slope: f64,
            ) -> Tensor<T> {
                let fits = x.ndim() == $D + 2 && conv.weight.shape()[0] == self.num_features();
                let (Some(running), true, true) = (self.running(), fits, x.tape().is_none()) else {
                    return self.forward_rectified(&conv.forward(x), residual, slope);
                };
                let [weight, bias] =
                    [&self.weight, &self.bias].map(|parameter| on_tape_of(parameter.as_ref(), x));
                let (scale, mut shift) = scale_and_shift(running.statistics(), weight, bias, self.eps());
                if let Some(bias) = on_tape_of(conv.bias.as_ref(), x) {
                    shift = shift + bias * &scale;
                }
                let epilogue = Epilogue::new().scale(&scale).bias(&shift).residual(residual).slope(slope);
                conv.followed(x, epilogue)
            }
        }
    )*};
}

after!(1, 2, 3);
