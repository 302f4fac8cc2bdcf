//! Shapes and the order of axes.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "reshape" => |o, x| x[0].reshape(o.read::<Vec<usize>>("shape")),
        "flatten_from" => |o, x| x[0].flatten_from(o.size("axis")),
        "permute" => |o, x| x[0].permute(o.read::<Vec<isize>>("axes")),
        "permute_then_square" => |o, x| x[0].permute(o.read::<Vec<isize>>("axes")).square(),
        "transpose" => |o, x| x[0].transpose(o.integer("a"), o.integer("b")),
        "squeeze" => |o, x| x[0].squeeze(o.integer("axis")),
        "unsqueeze" => |o, x| x[0].unsqueeze(o.integer("axis")),
        "broadcast_to" => |o, x| x[0].broadcast_to(o.read::<Vec<usize>>("shape")),
    }
}
