//! Losses.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "cross_entropy" => |o, x| x[0].cross_entropy_with(&o.indices("labels"), o.reduction()),
        "cross_entropy_probabilities" => |o, x| x[0].cross_entropy_with(&x[1], o.reduction()),
        "binary_cross_entropy_with_logits" => |o, x| {
            x[0].binary_cross_entropy_with_logits_and(&x[1], o.reduction())
        },
        "mse" => |o, x| x[0].mse_with(&x[1], o.reduction()),
    }
}
