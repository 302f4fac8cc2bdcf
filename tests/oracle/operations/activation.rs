//! Activations.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "relu" => |_, x| x[0].relu(),
        "rrelu" => |o, x| x[0].rrelu(o.number("lower"), o.number("upper")),
        "leaky_relu" => |o, x| x[0].leaky_relu(o.number("slope")),
        "tanh" => |_, x| x[0].tanh(),
        "sigmoid" => |_, x| x[0].sigmoid(),
        "softplus" => |_, x| x[0].softplus(),
        "softplus_with" => |o, x| x[0].softplus_with(o.number("beta"), o.number("threshold")),
        "log_sigmoid" => |_, x| x[0].log_sigmoid(),
        "silu" => |_, x| x[0].silu(),
        "mish" => |_, x| x[0].mish(),
        "gelu" => |_, x| x[0].gelu(),
        "gelu_tanh" => |_, x| x[0].gelu_tanh(),
        "softsign" => |_, x| x[0].softsign(),
        "tanhshrink" => |_, x| x[0].tanhshrink(),
        "selu" => |_, x| x[0].selu(),
        "relu6" => |_, x| x[0].relu6(),
        "hardsigmoid" => |_, x| x[0].hardsigmoid(),
        "hardswish" => |_, x| x[0].hardswish(),
        "elu" => |o, x| x[0].elu(o.number("alpha")),
        "celu" => |o, x| x[0].celu(o.number("alpha")),
        "hardtanh" => |o, x| x[0].hardtanh(o.number("lo"), o.number("hi")),
        "hardshrink" => |o, x| x[0].hardshrink(o.number("lambda")),
        "softshrink" => |o, x| x[0].softshrink(o.number("lambda")),
        "threshold" => |o, x| x[0].threshold(o.number("threshold"), o.number("value")),
        "prelu" => |_, x| x[0].prelu(&x[1]),
        "glu" => |o, x| x[0].glu(o.integer("axis")),
    }
}
