//! Softmax and its logarithm.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "softmax" => |o, x| x[0].softmax(o.integer("axis")),
        "log_softmax" => |o, x| x[0].log_softmax(o.integer("axis")),
        "logsumexp" => |o, x| x[0].logsumexp(o.axes()),
    }
}
