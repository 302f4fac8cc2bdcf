//! Embeddings, and whole numbers as rows of zeros and ones.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "embedding" => |o, x| x[0].embedding(&o.indices("ids"), o.integer_or_none("padding_idx")),
        "embedding_squared" => |o, x| {
            x[0].embedding(&o.indices("ids"), o.integer_or_none("padding_idx")).square()
        },
        "embedding_bag" => |o, x| {
            let mode = match o.text("mode") {
                "sum" => BagMode::Sum,
                "mean" => BagMode::Mean,
                "max" => BagMode::Max,
                other => panic!("{other} is no mode"),
            };
            x[0].embedding_bag(&o.indices("ids"), mode, x.get(1), o.integer_or_none("padding_idx"))
        },
        "one_hot" => |o, x| &x[0] * o.indices("ids").one_hot(o.size("classes")),
        "multi_hot" => |o, x| &x[0] * o.indices("ids").multi_hot(o.size("classes")),
        "hardmax" => |o, x| &x[0] * x[0].hardmax(o.integer("axis")),
    }
}
