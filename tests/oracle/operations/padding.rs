//! Padding by what the tensor holds.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "pad_mode" => |o, x| x[0].pad(o.read::<Vec<(isize, isize)>>("widths"), match o.text("mode") {
            "reflect" => PadMode::Reflect,
            "replicate" => PadMode::Replicate,
            "circular" => PadMode::Circular,
            other => panic!("{other} is no mode"),
        }),
    }
}
