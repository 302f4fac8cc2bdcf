//! Matrix products.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "matmul" => |_, x| x[0].matmul(&x[1]),
        "matmul_transposed" => |_, x| x[0].transpose(-1, -2).matmul(&x[1].transpose(-1, -2)),
        "matmul_self" => |_, x| x[0].matmul(&x[0]),
        "linear" => |_, x| x[0].linear(&x[1], x.get(2)),
    }
}
