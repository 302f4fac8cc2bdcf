//! Slices and elements replaced, or added to, where indices and masks say.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

fn mask(o: &Options) -> Mask {
    let held = o.indices("mask");
    Mask::from_vec(held.shape(), held.to_vec().into_iter().map(|held| held == 1).collect())
}

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "index_add" => |o, x| x[0].index_add(o.integer("axis"), &o.indices("indices"), &x[1], o.number("alpha")),
        "index_copy" => |o, x| x[0].index_copy(o.integer("axis"), &o.indices("indices"), &x[1]),
        "index_fill" => |o, x| x[0].index_fill(o.integer("axis"), &o.indices("indices"), o.number("value")),
        "masked_select" => |o, x| x[0].masked_select(&mask(o)),
        "masked_scatter" => |o, x| x[0].masked_scatter(&mask(o), &x[1]),
    }
}
