//! Convolutions in one to three dimensions.

mod convolved;
mod filter;
mod padding;
mod transposed;

pub(super) use convolved::convolved;
use proptest::prelude::*;
use wengert::autodiff::ops::Padding;

use crate::strategies::up_to;

/// What happens along one axis.
#[derive(Clone, Copy, Debug)]
struct Along {
    size: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
    /// Picks one of the output paddings there can be.
    more: usize,
}

/// What happens along D axes whose sizes go up to `n`, or `most` in a large case.
fn along<const D: usize>(n: usize, most: usize) -> impl Strategy<Value = [Along; D]> {
    let axis = || {
        (up_to(n, most), 1..=3usize, 1..=3usize, 0..=2usize, 1..=2usize, 0..=2usize).prop_map(
            |(size, kernel, stride, padding, dilation, more)| Along {
                size,
                kernel,
                stride,
                padding,
                dilation,
                more,
            },
        )
    };
    [axis(), axis(), axis()].prop_map(|axes| std::array::from_fn(|i| axes[i]))
}

/// A batch, which may be empty, or none.
fn batch() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![6 => (1..=2usize).prop_map(Some), 1 => Just(Some(0)), 2 => Just(None)]
}

/// Groups, and the channels of one in the input and in the output.
fn channels() -> impl Strategy<Value = (usize, usize, usize)> {
    (1..=3usize, up_to(2, 24), up_to(2, 24))
}

/// A batch, if there is one, channels and spatial axes.
fn shape(
    batch: Option<usize>,
    channels: impl IntoIterator<Item = usize>,
    axes: impl IntoIterator<Item = usize>,
) -> Vec<usize> {
    batch.into_iter().chain(channels).chain(axes).collect()
}

/// Numbers, or one of the paddings that have a name.
fn padding<const D: usize>(axes: &[Along; D], name: u8) -> Padding<D> {
    match name {
        0 => Padding::Valid,
        1 if axes.iter().all(|a| a.stride == 1) => Padding::Same,
        _ => Padding::Zeros(axes.map(|a| a.padding)),
    }
}
