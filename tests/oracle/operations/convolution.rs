//! Convolution.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "conv2d" => |o, x| x[0].conv2d(
            &x[1],
            x.get(2),
            Conv2dOptions::new()
                .stride(o.read::<[usize; 2]>("stride"))
                .padding(o.read::<[usize; 2]>("padding"))
                .dilation(o.read::<[usize; 2]>("dilation"))
                .groups(o.size("groups")),
        ),
    }
}
