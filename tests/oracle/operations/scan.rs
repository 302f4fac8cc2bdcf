//! Running totals along an axis.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "cumsum" => |o, x| x[0].cumsum(o.integer("axis")),
        "cumprod" => |o, x| x[0].cumprod(o.integer("axis")),
        "logcumsumexp" => |o, x| x[0].logcumsumexp(o.integer("axis")),
        "cummax" => |o, x| x[0].cummax(o.integer("axis")),
        "cummin" => |o, x| x[0].cummin(o.integer("axis")),
    }
}
