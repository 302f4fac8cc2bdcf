//! Products by name, diagonals, and Einstein's summation.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "dot" => |_, x| x[0].dot(&x[1]),
        "mv" => |_, x| x[0].mv(&x[1]),
        "outer" => |_, x| x[0].outer(&x[1]),
        "trace" => |_, x| x[0].trace(),
        "bmm" => |_, x| x[0].bmm(&x[1]),
        "addmm" => |o, x| x[0].addmm(&x[1], &x[2], o.number("beta"), o.number("alpha")),
        "baddbmm" => |o, x| x[0].baddbmm(&x[1], &x[2], o.number("beta"), o.number("alpha")),
        "gram_matrix" => |_, x| x[0].gram_matrix(),
        "diagonal" => |o, x| x[0].diagonal(o.integer("offset"), o.integer("a"), o.integer("b")),
        "diag_embed" => |o, x| x[0].diag_embed(o.integer("offset"), o.integer("a"), o.integer("b")),
        "einsum" => |o, x| Tensor::einsum(o.text("equation"), &x.iter().collect::<Vec<_>>()),
    }
}
