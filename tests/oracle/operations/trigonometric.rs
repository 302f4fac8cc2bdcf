//! Trigonometric and hyperbolic functions, angles and distances.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "sin" => |_, x| x[0].sin(),
        "cos" => |_, x| x[0].cos(),
        "tan" => |_, x| x[0].tan(),
        "asin" => |_, x| x[0].asin(),
        "acos" => |_, x| x[0].acos(),
        "atan" => |_, x| x[0].atan(),
        "sinh" => |_, x| x[0].sinh(),
        "cosh" => |_, x| x[0].cosh(),
        "asinh" => |_, x| x[0].asinh(),
        "acosh" => |_, x| x[0].acosh(),
        "atanh" => |_, x| x[0].atanh(),
        "atan2" => |_, x| x[0].atan2(&x[1]),
        "hypot" => |_, x| x[0].hypot(&x[1]),
    }
}
