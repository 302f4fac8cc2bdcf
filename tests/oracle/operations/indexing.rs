//! Parts of a tensor, joined tensors, and lookups.

use ndarray::Slice;
use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "slice" => |o, x| x[0].slice(
            o.integer("axis"),
            Slice::new(o.integer("start"), o.integer_or_none("end"), o.integer("step")),
        ),
        "select" => |o, x| x[0].select(o.integer("axis"), o.integer("index")),
        "concat" => |o, x| Tensor::concat(&x.iter().collect::<Vec<_>>(), o.integer("axis")),
        "stack" => |o, x| Tensor::stack(&x.iter().collect::<Vec<_>>(), o.integer("axis")),
        "pad" => |o, x| x[0].pad(o.read::<Vec<(isize, isize)>>("widths"), o.number("value")),
        "index_select" => |o, x| x[0].index_select(o.integer("axis"), &o.indices("indices")),
        "gather" => |o, x| x[0].gather(o.integer("axis"), &o.indices("indices")),
        "scatter_add" => |o, x| x[0].scatter_add(o.integer("axis"), &o.indices("indices"), &x[1]),
    }
}
