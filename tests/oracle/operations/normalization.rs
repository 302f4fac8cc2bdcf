//! Normalizations.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "batch_norm" => |o, x| {
            let (y, mean, var) = x[0].batch_norm(&x[1], &x[2], o.number("eps"));
            [y, mean, var]
        },
        "batch_norm_output" => |o, x| x[0].batch_norm(&x[1], &x[2], o.number("eps")).0,
    }
}
