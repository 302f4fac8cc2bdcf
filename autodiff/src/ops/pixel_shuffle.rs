//! Channels as the pixels of larger planes, and back: the sub-pixel convolution's arrangement.

use crate::Float;
use crate::shape::{ShapeError, refuse};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// [.., C·r², H, W] → [.., C, H·r, W·r]: r² channels become the squares of r by r pixels of one.
    ///
    /// y\[c, h·r + i, w·r + j\] = x\[c·r² + i·r + j, h, w\]. After Shi et al., "Real-time single image and video
    /// super-resolution using an efficient sub-pixel convolutional neural network" (2016).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4, 1, 1], vec![1.0, 2.0, 3.0, 4.0]);
    /// let y = x.pixel_shuffle(2);
    /// assert_eq!((y.shape(), y.to_vec()), (&[1, 2, 2][..], vec![1.0, 2.0, 3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than three axes, the factor is 0, or its square does not divide the channels.
    #[track_caller]
    pub fn pixel_shuffle(&self, factor: usize) -> Self {
        let squares = factor.checked_mul(factor).filter(|&squares| squares > 0);
        let (outer, [channels, height, width], squares) = match (self.shape(), squares) {
            (&[ref outer @ .., c, h, w], Some(squares)) if c % squares == 0 => (outer, [c, h, w], squares),
            _ => refuse(
                ShapeError::new(format!("the tensor is not [.., C·{factor}², H, W]"))
                    .of("pixel_shuffle", &[self.shape()]),
            ),
        };
        let apart = [outer, &[channels / squares, factor, factor, height, width]].concat();
        let joined = [outer, &[channels / squares, height * factor, width * factor]].concat();
        // [C, i, j, H, W] → [C, H, i, W, j]
        self.reshape(apart).permute(with_outer(outer.len(), [0, 3, 1, 4, 2])).reshape(joined)
    }

    /// [.., C, H·r, W·r] → [.., C·r², H, W]: the inverse of [`pixel_shuffle`](Self::pixel_shuffle).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.pixel_unshuffle(2).shape(), [4, 1, 1]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than three axes, the factor is 0, or it does not divide height and width.
    #[track_caller]
    pub fn pixel_unshuffle(&self, factor: usize) -> Self {
        let (outer, [channels, height, width]) = match self.shape() {
            &[ref outer @ .., c, h, w] if factor > 0 && h % factor == 0 && w % factor == 0 => {
                (outer, [c, h / factor, w / factor])
            }
            _ => refuse(
                ShapeError::new(format!("the tensor is not [.., C, H·{factor}, W·{factor}]"))
                    .of("pixel_unshuffle", &[self.shape()]),
            ),
        };
        let apart = [outer, &[channels, height, factor, width, factor]].concat();
        let joined =
            [outer, &[channels.saturating_mul(factor).saturating_mul(factor), height, width]].concat();
        // [C, H, i, W, j] → [C, i, j, H, W]
        self.reshape(apart).permute(with_outer(outer.len(), [0, 2, 4, 1, 3])).reshape(joined)
    }
}

/// The outer axes as they are, and five more in an order.
fn with_outer(outer: usize, order: [usize; 5]) -> Vec<isize> {
    (0..outer).chain(order.map(|axis| axis + outer)).map(|axis| axis as isize).collect()
}
