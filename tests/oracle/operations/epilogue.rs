//! Products with what follows them.

use wengert::prelude::*;

use super::convolution::convolved;
use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "linear_fused" => |o, x| x[0].linear_fused(&x[1], epilogue(o, x)),
        "conv1d_fused" => |o, x| x[0].conv1d_fused(&x[1], convolved(o), epilogue(o, x)),
        "conv2d_fused" => |o, x| x[0].conv2d_fused(&x[1], convolved(o), epilogue(o, x)),
        "conv3d_fused" => |o, x| x[0].conv3d_fused(&x[1], convolved(o), epilogue(o, x)),
    }
}

fn epilogue<'a, T: Float>(o: &Options, x: &'a [Tensor<T>]) -> Epilogue<'a, T> {
    let mut rest = x[2..].iter();
    let [scale, bias, residual] =
        ["scale", "bias", "residual"].map(|name| o.flag(name).then(|| rest.next().expect("an input for it")));
    Epilogue::new().scale(scale).bias(bias).residual(residual).slope(o.number("slope"))
}
