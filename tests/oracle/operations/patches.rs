//! Sliding windows and patches.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

fn patches(o: &Options) -> Patches {
    let pair = |name| o.read::<[usize; 2]>(name);
    Patches::new(pair("kernel_size"))
        .dilation(pair("dilation"))
        .padding(pair("padding"))
        .stride(pair("stride"))
}

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "unfold" => |o, x| x[0].unfold(patches(o)),
        "fold" => |o, x| x[0].fold(o.read::<[usize; 2]>("output_size"), patches(o)),
        "windows" => |o, x| x[0].windows(o.integer("axis"), o.size("size"), o.size("step")),
    }
}
