//! Functions of each element.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "exp" => |_, x| x[0].exp(),
        "ln" => |_, x| x[0].ln(),
        "sqrt" => |_, x| x[0].sqrt(),
        "square" => |_, x| x[0].square(),
        "abs" => |_, x| x[0].abs(),
        "pow" => |_, x| x[0].pow(&x[1]),
        "pow_integer" => |o, x| x[0].pow(o.integer("p") as i32),
        "pow_number" => |o, x| x[0].pow(o.number("p")),
        "maximum" => |_, x| x[0].maximum(&x[1]),
        "minimum" => |_, x| x[0].minimum(&x[1]),
        "clamp" => |o, x| x[0].clamp(o.number("lo"), o.number("hi")),
        "relu_sqrt" => |_, x| x[0].relu().sqrt(),
        "clamp_sqrt" => |_, x| x[0].clamp(0.0, 9.0).sqrt(),
        "maximum_sqrt" => |_, x| x[0].maximum(&x[1]).sqrt() + x[0].minimum(&-&x[1]).abs().sqrt(),
    }
}
