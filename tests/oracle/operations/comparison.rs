//! Comparisons.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

/// Compares with the second input, or with the number `c`.
macro_rules! comparison {
    ($method:ident, $o:ident, $x:ident) => {
        match $o.number_or_none("c") {
            None => $x[0].$method(&$x[1]),
            Some(c) => $x[0].$method(c),
        }
    };
}

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "eq" => |o, x| comparison!(eq, o, x),
        "ne" => |o, x| comparison!(ne, o, x),
        "lt" => |o, x| comparison!(lt, o, x),
        "le" => |o, x| comparison!(le, o, x),
        "gt" => |o, x| comparison!(gt, o, x),
        "ge" => |o, x| comparison!(ge, o, x),
    }
}
