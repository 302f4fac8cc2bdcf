//! Masks: elements chosen by them, their logic, and what they say of numbers.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "where" => |_, x| Tensor::where_(&x[0].gt(&x[1]), &x[0], &x[1]),
        "where_number" => |_, x| {
            let positive = x[0].gt(0.0);
            Tensor::where_(&positive, &x[0], 0.5) * Tensor::where_(&positive, 2.0, &x[0])
        },
        "where_shut" => |_, x| Tensor::where_(&x[0].gt(0.0), f64::NAN, &x[0] * 3.0),
        "masked_fill" => |o, x| {
            let c: f64 = o.text("c").parse().expect("a number");
            x[0].masked_fill(&x[0].gt(0.25), c).clamp(-9.0, 9.0)
        },
        "masked_fill_by" => |_, x| x[0].masked_fill(&x[1].gt(0.0), -1.0),
        "isnan" => |_, x| x[0].isnan(),
        "isinf" => |_, x| x[0].isinf(),
        "isfinite" => |_, x| x[0].isfinite(),
        "mask_and" => |_, x| x[0].gt(0.0) & x[1].gt(0.0),
        "mask_or" => |_, x| x[0].gt(0.0) | x[1].gt(0.0),
        "mask_xor" => |_, x| x[0].gt(0.0) ^ x[1].gt(0.0),
        "mask_not" => |_, x| !x[0].gt(0.0),
        "any" => |o, x| x[0].gt(-0.5).any(o.axes()),
        "all" => |o, x| x[0].gt(-0.5).all(o.axes()),
        "count" => |_, x| Indices::from_vec([], vec![x[0].gt(0.0).count() as i64]),
    }
}
