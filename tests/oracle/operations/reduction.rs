//! Reductions over axes.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "sum" => |o, x| x[0].sum(o.axes()),
        "mean" => |o, x| x[0].mean(o.axes()),
        "max" => |o, x| x[0].max(o.axes()),
        "min" => |o, x| x[0].min(o.axes()),
        "var" => |o, x| x[0].var(o.axes(), o.size("correction")),
        "argmax" => |o, x| x[0].argmax(o.integer("axis")),
    }
}
