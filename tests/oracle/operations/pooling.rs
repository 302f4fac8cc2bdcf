//! Pooling.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "max_pool2d" => |o, x| x[0].max_pool2d(max_window(o)),
        "max_pool2d_with_indices" => |o, x| {
            let (y, positions) = x[0].max_pool2d_with_indices(max_window(o));
            Results { tensors: vec![y], ..positions.into() }
        },
        "avg_pool2d" => |o, x| x[0].avg_pool2d(average_window(o)),
    }
}

fn max_window(o: &Options) -> Pool2d {
    Pool2d::new(o.read::<[usize; 2]>("kernel"))
        .stride(o.read::<[usize; 2]>("stride"))
        .padding(o.read::<[usize; 2]>("padding"))
        .dilation(o.read::<[usize; 2]>("dilation"))
        .ceil_mode(o.flag("ceil_mode"))
}

fn average_window(o: &Options) -> Pool2d {
    let window = Pool2d::new(o.read::<[usize; 2]>("kernel"))
        .stride(o.read::<[usize; 2]>("stride"))
        .padding(o.read::<[usize; 2]>("padding"))
        .ceil_mode(o.flag("ceil_mode"))
        .count_include_pad(o.flag("count_include_pad"));
    match o.integer_or_none("divisor_override") {
        Some(divisor) => window.divisor_override(usize::try_from(divisor).expect("positive")),
        None => window,
    }
}
