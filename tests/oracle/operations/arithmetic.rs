//! Sums, differences, products and quotients.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "add" => |_, x| &x[0] + &x[1],
        "sub" => |_, x| &x[0] - &x[1],
        "mul" => |_, x| &x[0] * &x[1],
        "div" => |_, x| &x[0] / &x[1],
        "add_number" => |o, x| &x[0] + o.number("c"),
        "sub_number" => |o, x| &x[0] - o.number("c"),
        "mul_number" => |o, x| &x[0] * o.number("c"),
        "div_number" => |o, x| &x[0] / o.number("c"),
        "number_add" => |o, x| o.number("c") + &x[0],
        "number_mul" => |o, x| o.number("c") * &x[0],
        "number_sub" => |o, x| o.number("c") - &x[0],
        "number_div" => |o, x| o.number("c") / &x[0],
        "neg" => |_, x| -&x[0],
        "mul_self" => |_, x| &x[0] * &x[0],
        "detach" => |_, x| x[0].detach() * &x[0],
    }
}
