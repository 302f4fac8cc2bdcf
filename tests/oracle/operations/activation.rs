//! Activations.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "relu" => |_, x| x[0].relu(),
        "leaky_relu" => |o, x| x[0].leaky_relu(o.number("slope")),
        "tanh" => |_, x| x[0].tanh(),
        "sigmoid" => |_, x| x[0].sigmoid(),
        "softplus" => |_, x| x[0].softplus(),
    }
}
