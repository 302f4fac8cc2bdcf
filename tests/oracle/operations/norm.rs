//! Products, norms, deviations, and what is measured with them.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::{Number, Options};

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "prod" => |o, x| x[0].prod(o.axes()),
        "norm" => |o, x| x[0].norm(p(o), o.axes()),
        "std" => |o, x| x[0].std(o.axes(), o.size("correction")),
        "std_mean" => |o, x| <[_; 2]>::from(x[0].std_mean(o.axes(), o.size("correction"))),
        "var_mean" => |o, x| <[_; 2]>::from(x[0].var_mean(o.axes(), o.size("correction"))),
        "cosine_similarity" => |o, x| x[0].cosine_similarity(&x[1], o.integer("axis"), o.number("eps")),
        "pairwise_distance" => |o, x| x[0].pairwise_distance(&x[1], p(o), o.number("eps"), o.flag("keepdim")),
        "normalize" => |o, x| x[0].normalize(p(o), o.integer("axis"), o.number("eps")),
    }
}

/// The exponent of a norm, which may be infinite.
fn p(o: &Options) -> f64 {
    o.read::<Number>("p").0
}
