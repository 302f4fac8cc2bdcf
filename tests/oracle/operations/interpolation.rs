//! Interpolation.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "interpolate" => |o, x| x[0].interpolate(interpolate(o)),
    }
}

fn interpolate(o: &Options) -> Interpolate {
    let (sizes, factors) = (o.read::<Option<Vec<usize>>>("size"), o.read::<Option<Vec<f64>>>("scale_factor"));
    let to = match (sizes.as_deref(), factors.as_deref()) {
        (Some(&[length]), None) => Interpolate::size([length]),
        (Some(&[height, width]), None) => Interpolate::size([height, width]),
        (Some(&[depth, height, width]), None) => Interpolate::size([depth, height, width]),
        (None, Some(&[length])) => Interpolate::scale_factor([length]),
        (None, Some(&[height, width])) => Interpolate::scale_factor([height, width]),
        (None, Some(&[depth, height, width])) => Interpolate::scale_factor([depth, height, width]),
        other => panic!("{other:?} is no size"),
    };
    let mode = match o.text("mode") {
        "nearest" => Interpolation::Nearest,
        "nearest-exact" => Interpolation::NearestExact,
        "linear" => Interpolation::Linear,
        "bilinear" => Interpolation::Bilinear,
        "trilinear" => Interpolation::Trilinear,
        "bicubic" => Interpolation::Bicubic,
        "area" => Interpolation::Area,
        other => panic!("{other} is no mode"),
    };
    let (align, recompute) = (o.flag("align_corners"), o.flag("recompute_scale_factor"));
    to.mode(mode).align_corners(align).recompute_scale_factor(recompute)
}
