//! Convolution in one to three dimensions and its transpose.

mod filter;
mod function;
mod options;
mod window;

pub use function::{Convolution, ConvolutionTranspose, ConvolutionWeightGradient};
pub use options::{
    Conv1dOptions, Conv2dOptions, Conv3dOptions, ConvOptions, ConvTranspose1dOptions, ConvTranspose2dOptions,
    ConvTranspose3dOptions, ConvTransposeOptions, Padding,
};

use crate::Float;
use crate::function::Builtin;
use crate::ops::Epilogue;
use crate::tensor::{Tensor, apply_one};

/// Applies a function of x, w and perhaps b.
#[track_caller]
fn with_bias<T: Float>(
    function: impl Builtin,
    x: &Tensor<T>,
    weight: &Tensor<T>,
    bias: Option<&Tensor<T>>,
) -> Tensor<T> {
    match bias {
        Some(bias) => apply_one(function, &[x, weight, bias]),
        None => apply_one(function, &[x, weight]),
    }
}

impl<T: Float> Tensor<T> {
    /// Convolution of sequences [N, C, L] or of one, [C, L], with a weight [K, C / groups, R] and perhaps a bias
    /// \[K\], as cross-correlation: the kernel is not flipped. The result is [N, K, P] with
    /// P = ⌊(L + 2·padding − dilation·(R − 1) − 1) / stride⌋ + 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::from_vec([1, 5], vec![1.0, 2.0, 4.0, 8.0, 16.0]);
    /// let difference = Tensor::from_vec([1, 1, 2], vec![-1.0, 1.0]);
    /// assert_eq!(x.conv1d(&difference, None, ()).to_vec(), [1.0, 2.0, 4.0, 8.0]);
    /// let same = Conv1dOptions::new().padding(Padding::Same);
    /// assert_eq!(x.conv1d(&difference, None, same).to_vec(), [1.0, 2.0, 4.0, 8.0, -16.0]);
    /// ```
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    #[track_caller]
    pub fn conv1d(&self, weight: &Self, bias: Option<&Self>, options: impl Into<Conv1dOptions>) -> Self {
        with_bias(Convolution::new(options), self, weight, bias)
    }

    /// [`conv1d`](Self::conv1d) without its bias, and what follows it, while the results are in the cache.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::from_vec([1, 3], vec![1.0, 3.0, 2.0]);
    /// let difference = Tensor::from_vec([1, 1, 2], vec![-1.0, 1.0]);
    /// assert_eq!(x.conv1d_fused(&difference, (), Epilogue::new().slope(0.0)).to_vec(), [2.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// As `conv1d`; if scale or bias are not \[K\] or the residual has another shape than the result, or the slope is
    /// negative or not finite.
    #[track_caller]
    pub fn conv1d_fused(
        &self,
        weight: &Self,
        options: impl Into<Conv1dOptions>,
        epilogue: Epilogue<'_, T>,
    ) -> Self {
        epilogue.apply(Convolution::new(options), self, weight)
    }

    /// Convolution of pictures [N, C, H, W] or of one, [C, H, W], with a weight [K, C / groups, R, S] and perhaps
    /// a bias \[K\], as cross-correlation: the kernel is not flipped. The result is [N, K, P, Q] with
    /// P = ⌊(H + 2·padding − dilation·(R − 1) − 1) / stride⌋ + 1, and Q likewise.
    ///
    /// In `f32`, kernels of 3×3 with stride 1 and many channels are computed as in Lavin and Gray, "Fast algorithms for
    /// convolutional neural networks" (2015), where the processor has AVX-512, AVX2 or NEON: of uniform data the error
    /// is about twice that of direct sums, 2·10⁻⁶ of the results' root mean square; next to an element larger by many
    /// orders of magnitude it is in proportion to that one.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::ones([1, 1, 3, 3]);
    /// let w = Tensor::ones([1, 1, 2, 2]);
    /// assert_eq!(x.conv2d(&w, None, ()).to_vec(), [4.0; 4]);
    /// let padded = Conv2dOptions::new().padding(1);
    /// assert_eq!(x.conv2d(&Tensor::ones([1, 1, 3, 3]), None, padded).shape(), [1, 1, 3, 3]);
    /// ```
    ///
    /// # Panics
    /// If the shapes are not these, the channels do not divide into the groups, the kernel is larger than
    /// the padded picture, stride, dilation or groups is 0, or the padding is [`Padding::Same`] and a stride is
    /// not 1.
    #[track_caller]
    pub fn conv2d(&self, weight: &Self, bias: Option<&Self>, options: impl Into<Conv2dOptions>) -> Self {
        with_bias(Convolution::new(options), self, weight, bias)
    }

    /// [`conv2d`](Self::conv2d) without its bias, and what follows it, while the results are in the cache.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, w, b) = (Tensor::<f32>::ones([1, 2, 4, 4]), Tensor::ones([2, 2, 1, 1]), Tensor::full([2], -3.0));
    /// let y = x.conv2d_fused(&w, (), Epilogue::new().bias(&b).residual(&x).slope(0.0));
    /// assert_eq!(y.to_vec(), (x.conv2d(&w, Some(&b), ()) + &x).relu().to_vec());
    /// ```
    ///
    /// # Panics
    /// As `conv2d`; if scale or bias are not \[K\] or the residual has another shape than the result, or the slope is
    /// negative or not finite.
    #[track_caller]
    pub fn conv2d_fused(
        &self,
        weight: &Self,
        options: impl Into<Conv2dOptions>,
        epilogue: Epilogue<'_, T>,
    ) -> Self {
        epilogue.apply(Convolution::new(options), self, weight)
    }

    /// Convolution of volumes [N, C, D, H, W] or of one, [C, D, H, W], with a weight [K, C / groups, Q, R, S] and
    /// perhaps a bias \[K\], as cross-correlation: the kernel is not flipped. The sizes of the result are those of
    /// [`conv2d`](Self::conv2d).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::ones([2, 3, 8, 9, 9]);
    /// let w = Tensor::ones([4, 3, 1, 3, 3]);
    /// let options = Conv3dOptions::new().stride((2, 1, 1)).padding([0, 1, 1]);
    /// assert_eq!(x.conv3d(&w, None, options).shape(), [2, 4, 4, 9, 9]);
    /// ```
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    #[track_caller]
    pub fn conv3d(&self, weight: &Self, bias: Option<&Self>, options: impl Into<Conv3dOptions>) -> Self {
        with_bias(Convolution::new(options), self, weight, bias)
    }

    /// [`conv3d`](Self::conv3d) without its bias, and what follows it, while the results are in the cache.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, w) = (Tensor::<f32>::ones([1, 2, 3, 4, 4]), Tensor::ones([2, 2, 1, 1, 1]));
    /// let half = Tensor::full([2], 0.5);
    /// assert_eq!(x.conv3d_fused(&w, (), Epilogue::new().scale(&half)).to_vec(), x.to_vec());
    /// ```
    ///
    /// # Panics
    /// As `conv3d`; if scale or bias are not \[K\] or the residual has another shape than the result, or the slope is
    /// negative or not finite.
    #[track_caller]
    pub fn conv3d_fused(
        &self,
        weight: &Self,
        options: impl Into<Conv3dOptions>,
        epilogue: Epilogue<'_, T>,
    ) -> Self {
        epilogue.apply(Convolution::new(options), self, weight)
    }

    /// Transposed convolution of sequences [N, C, L] or of one, [C, L], with a weight [C, K / groups, R] and perhaps
    /// a bias \[K\]: each element adds its multiple of the kernel to the result, [N, K, P] with
    /// P = (L − 1)·stride − 2·padding + dilation·(R − 1) + output_padding + 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::from_vec([1, 3], vec![1.0, 2.0, 3.0]);
    /// let w = Tensor::from_vec([1, 1, 2], vec![1.0, 10.0]);
    /// assert_eq!(x.conv_transpose1d(&w, None, ()).to_vec(), [1.0, 12.0, 23.0, 30.0]);
    /// let apart = ConvTranspose1dOptions::new().stride(2);
    /// assert_eq!(x.conv_transpose1d(&w, None, apart).to_vec(), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
    /// ```
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d).
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: impl Into<ConvTranspose1dOptions>,
    ) -> Self {
        with_bias(ConvolutionTranspose::new(options), self, weight, bias)
    }

    /// Transposed convolution of pictures [N, C, H, W] or of one, [C, H, W], with a weight [C, K / groups, R, S] and
    /// perhaps a bias \[K\]: each pixel adds its multiple of the kernel to the result, [N, K, P, Q] with
    /// P = (H − 1)·stride − 2·padding + dilation·(R − 1) + output_padding + 1, and Q likewise.
    ///
    /// It is the gradient of a convolution with the same options from [N, K, P, Q] to [N, C, H, W]
    /// (Zeiler et al. 2010, *Deconvolutional networks*).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::ones([1, 2, 2, 2]);
    /// let w = Tensor::ones([2, 3, 4, 4]);
    /// let twice = ConvTranspose2dOptions::new().stride(2).padding(1);
    /// assert_eq!(x.conv_transpose2d(&w, Some(&Tensor::ones([3])), twice).shape(), [1, 3, 4, 4]);
    /// ```
    ///
    /// # Panics
    /// If the shapes are not these, the channels do not divide into the groups, nothing is left between the
    /// paddings, stride, dilation or groups is 0, or an output padding is below neither stride nor dilation.
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: impl Into<ConvTranspose2dOptions>,
    ) -> Self {
        with_bias(ConvolutionTranspose::new(options), self, weight, bias)
    }

    /// Transposed convolution of volumes [N, C, D, H, W] or of one, [C, D, H, W], with a weight
    /// [C, K / groups, Q, R, S] and perhaps a bias \[K\]. The sizes of the result are those of
    /// [`conv_transpose2d`](Self::conv_transpose2d).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::ones([1, 2, 3, 4, 4]);
    /// let w = Tensor::ones([2, 5, 2, 2, 2]);
    /// let twice = ConvTranspose3dOptions::new().stride(2);
    /// assert_eq!(x.conv_transpose3d(&w, None, twice).shape(), [1, 5, 6, 8, 8]);
    /// ```
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d).
    #[track_caller]
    pub fn conv_transpose3d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: impl Into<ConvTranspose3dOptions>,
    ) -> Self {
        with_bias(ConvolutionTranspose::new(options), self, weight, bias)
    }
}
