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
        "exp2" => |_, x| x[0].exp2(),
        "expm1" => |_, x| x[0].expm1(),
        "log1p" => |_, x| x[0].log1p(),
        "log2" => |_, x| x[0].log2(),
        "log10" => |_, x| x[0].log10(),
        "rsqrt" => |_, x| x[0].rsqrt(),
        "recip" => |_, x| x[0].recip(),
        "erf" => |_, x| x[0].erf(),
        "erfc" => |_, x| x[0].erfc(),
        "sign" => |_, x| x[0].sign(),
        "floor" => |_, x| x[0].floor(),
        "ceil" => |_, x| x[0].ceil(),
        "round" => |_, x| x[0].round(),
        "trunc" => |_, x| x[0].trunc(),
        "frac" => |_, x| x[0].frac(),
        "round_to" => |o, x| x[0].round_to(o.integer("decimals") as i32),
        "lerp" => |o, x| match o.number_or_none("w") {
            None => x[0].lerp(&x[1], &x[2]),
            Some(w) => x[0].lerp(&x[1], w),
        },
        "relu_sqrt" => |_, x| x[0].relu().sqrt(),
        "clamp_sqrt" => |_, x| x[0].clamp(0.0, 9.0).sqrt(),
        "maximum_sqrt" => |_, x| x[0].maximum(&x[1]).sqrt() + x[0].minimum(&-&x[1]).abs().sqrt(),
    }
}
