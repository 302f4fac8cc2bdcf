//! Darknet's rearrangement of pixels as channels.

use autodiff::{Float, Tensor};

/// Darknet's `[reorg]` of stride s: [batch, channels, height, width] to [batch, channels·s², height/s, width/s].
///
/// It is not what the name suggests, a stack of the s² pixels of each square: Darknet takes the map's numbers, row by
/// row and channel by channel, for a map of [channels/s², height·s, width·s]; stacks the squares of that one, the
/// offset in the square slowest, so that there are `channels` maps of height×width; and takes the numbers of these for
/// the result. Its published weights (YOLO v2) were trained with that, so it stays.
///
/// ```
/// use wengert::models::detection::darknet::{reorg, reorg_reverse};
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([1, 4, 2, 2], (0..16).map(f64::from).collect());
/// let y = reorg(&x, 2);
/// assert_eq!(y.shape(), [1, 16, 1, 1]);
/// assert_eq!(y.to_vec()[..8], [0.0, 2.0, 8.0, 10.0, 1.0, 3.0, 9.0, 11.0]);
/// let back = reorg_reverse(&Tensor::<f64>::from_vec([1, 4, 1, 1], vec![0.0, 1.0, 2.0, 3.0]), 2);
/// assert_eq!((back.shape(), back.to_vec()), (&[1, 1, 2, 2][..], vec![0.0, 1.0, 2.0, 3.0]));
/// ```
///
/// # Panics
/// If the tensor has not four axes, the stride is 0, its square does not divide the channels, or it does not divide
/// height and width.
#[track_caller]
pub fn reorg<T: Float>(x: &Tensor<T>, stride: usize) -> Tensor<T> {
    let [batch, channels, height, width] = checked("reorg", x, stride);
    assert!(
        height % stride == 0 && width % stride == 0,
        "reorg: the stride {stride} does not divide the height and the width of {:?}",
        x.shape()
    );
    let squares = stride * stride;
    // [c/s², h, s, w, s] → [s, s, c/s², h, w]
    x.reshape([batch, channels / squares, height, stride, width, stride])
        .permute([0, 3, 5, 1, 2, 4])
        .reshape([batch, channels * squares, height / stride, width / stride])
}

/// Darknet's `[reorg]` with `reverse=1`: [batch, channels, height, width] to
/// [batch, channels/s², height·s, width·s]. The s² parts of the channels, one after the other, become the pixels of
/// squares. It is not the inverse of [`reorg`].
///
/// # Panics
/// If the tensor has not four axes, the stride is 0, or its square does not divide the channels.
#[track_caller]
pub fn reorg_reverse<T: Float>(x: &Tensor<T>, stride: usize) -> Tensor<T> {
    let [batch, channels, height, width] = checked("reorg_reverse", x, stride);
    let channels = channels / (stride * stride);
    // [s, s, c/s², h, w] → [c/s², h, s, w, s]
    x.reshape([batch, stride, stride, channels, height, width]).permute([0, 3, 4, 1, 5, 2]).reshape([
        batch,
        channels,
        height * stride,
        width * stride,
    ])
}

#[track_caller]
fn checked<T: Float>(operation: &str, x: &Tensor<T>, stride: usize) -> [usize; 4] {
    let Ok(shape) = <[usize; 4]>::try_from(x.shape()) else {
        panic!("{operation}: the tensor {:?} is not [batch, channels, height, width]", x.shape());
    };
    let squares = stride.checked_mul(stride);
    assert!(
        squares.is_some_and(|squares| squares > 0 && shape[1].is_multiple_of(squares)),
        "{operation}: the square of the stride {stride} does not divide the channels of {shape:?}"
    );
    shape
}
