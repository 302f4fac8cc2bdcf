//! Recurrent layers.

use wengert::autodiff::ops::LstmWeights;
use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "lstm" => |o, x| {
            let (y, (h, c)) = lstm(o, x);
            [y, h, c]
        },
        "lstm_hidden" => |o, x| lstm(o, x).1.0,
        "lstm_cell" => |o, x| lstm(o, x).1.1,
    }
}

/// The inputs are x, h₀, c₀, and w_ih, w_hh (b_ih, b_hh) of each layer, as PyTorch lists its parameters.
fn lstm<T: Float>(o: &Options, x: &[Tensor<T>]) -> (Tensor<T>, (Tensor<T>, Tensor<T>)) {
    let bias = o.flag("bias");
    let layers: Vec<LstmWeights<T>> = x[3..]
        .chunks_exact(if bias { 4 } else { 2 })
        .map(|layer| LstmWeights {
            input: layer[0].clone(),
            hidden: layer[1].clone(),
            biases: bias.then(|| (layer[2].clone(), layer[3].clone())),
        })
        .collect();
    assert_eq!(layers.len(), o.size("layers"));
    x[0].lstm((&x[1], &x[2]), &layers)
}
