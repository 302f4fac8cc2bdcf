//! Elements picked by their order.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "sort" => |o, x| x[0].sort(o.integer("axis"), o.flag("descending")),
        "argsort" => |o, x| x[0].argsort(o.integer("axis"), o.flag("descending")),
        "topk" => |o, x| x[0].topk(o.size("k"), o.integer("axis"), o.flag("largest"), o.flag("sorted")),
        "max_with_indices" => |o, x| x[0].max_with_indices(o.axes()),
        "min_with_indices" => |o, x| x[0].min_with_indices(o.axes()),
        "median_with_indices" => |o, x| x[0].median_with_indices(o.axes()),
        "median" => |o, x| x[0].median(o.axes()),
        "kthvalue" => |o, x| x[0].kthvalue(o.size("k"), o.axes()),
        "quantile" => |o, x| x[0].quantile(o.number("q"), o.axes()),
    }
}
