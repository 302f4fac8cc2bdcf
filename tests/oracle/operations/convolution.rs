//! Convolution.

use serde::Deserialize;
use wengert::autodiff::ops::{ConvOptions, ConvTransposeOptions};
use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "conv1d" => |o, x| x[0].conv1d(&x[1], x.get(2), convolved(o)),
        "conv2d" => |o, x| x[0].conv2d(&x[1], x.get(2), convolved(o)),
        "conv3d" => |o, x| x[0].conv3d(&x[1], x.get(2), convolved(o)),
        "correlate2d" => |o, x| x[0].correlate2d(&x[1], convolved(o)),
        "convolve2d" => |o, x| x[0].convolve2d(&x[1], convolved(o)),
        "conv_transpose1d" => |o, x| x[0].conv_transpose1d(&x[1], x.get(2), transposed(o)),
        "conv_transpose2d" => |o, x| x[0].conv_transpose2d(&x[1], x.get(2), transposed(o)),
        "conv_transpose3d" => |o, x| x[0].conv_transpose3d(&x[1], x.get(2), transposed(o)),
    }
}

/// Padding as PyTorch takes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pads {
    Numbers(Vec<usize>),
    Name(Name),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Same,
    Valid,
}

/// A number for each axis.
fn sizes<const D: usize>(o: &Options, name: &str) -> [usize; D] {
    o.read::<Vec<usize>>(name).try_into().expect("a number for each axis")
}

pub(super) fn convolved<const D: usize>(o: &Options) -> ConvOptions<D> {
    let padding = match o.read("padding") {
        Pads::Numbers(numbers) => Padding::Zeros(numbers.try_into().expect("a number for each axis")),
        Pads::Name(Name::Same) => Padding::Same,
        Pads::Name(Name::Valid) => Padding::Valid,
    };
    let options = ConvOptions::new().stride(sizes(o, "stride")).padding(padding);
    options.dilation(sizes(o, "dilation")).groups(o.size("groups"))
}

fn transposed<const D: usize>(o: &Options) -> ConvTransposeOptions<D> {
    ConvTransposeOptions::new()
        .stride(sizes(o, "stride"))
        .padding(sizes(o, "padding"))
        .output_padding(sizes(o, "output_padding"))
        .dilation(sizes(o, "dilation"))
        .groups(o.size("groups"))
}
