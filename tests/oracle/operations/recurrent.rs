//! Recurrent layers and their cells.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "rnn_tanh" => |o, x| one_state(o, x, Tensor::rnn_tanh),
        "rnn_relu" => |o, x| one_state(o, x, Tensor::rnn_relu),
        "gru" => |o, x| one_state(o, x, Tensor::gru),
        "lstm" => |o, x| lstm(o, x),
        "lstm_hidden" => |o, x| lstm(o, x).tensors.remove(1),
        "lstm_cell_state" => |o, x| lstm(o, x).tensors.remove(2),
        "rnn_tanh_cell" => |o, x| x[0].rnn_tanh_cell(&x[1], &weights(o, &x[2..])[0]),
        "rnn_relu_cell" => |o, x| x[0].rnn_relu_cell(&x[1], &weights(o, &x[2..])[0]),
        "gru_cell" => |o, x| x[0].gru_cell(&x[1], &weights(o, &x[2..])[0]),
        "gru_cell_reset_before" => |o, x| x[0].gru_cell_with(&x[1], &weights(o, &x[2..])[0], false),
        "lstm_cell" => |o, x| {
            let (h, c) = x[0].lstm_cell((&x[1], &x[2]), &weights(o, &x[3..])[0]);
            [h, c]
        },
    }
}

type Stack<T> =
    fn(&Tensor<T>, Option<&Tensor<T>>, &[RecurrentWeights<T>], RecurrentOptions) -> (Tensor<T>, Tensor<T>);

/// The inputs are x, h₀ if the option says so, and the parameters as PyTorch lists them.
fn one_state<T: Float>(o: &Options, x: &[Tensor<T>], run: Stack<T>) -> Results<T> {
    let states = usize::from(o.flag("state"));
    let (y, h) = run(&x[0], x[1..][..states].first(), &weights(o, &x[1 + states..]), options(o));
    [y, h].into()
}

/// The inputs are x, (h₀, c₀) if the option says so, and the parameters.
fn lstm<T: Float>(o: &Options, x: &[Tensor<T>]) -> Results<T> {
    let (state, rest) = if o.flag("state") { (Some((&x[1], &x[2])), &x[3..]) } else { (None, &x[1..]) };
    let (y, (h, c)) = x[0].lstm(state, &weights(o, rest), options(o));
    [y, h, c].into()
}

fn weights<T: Float>(o: &Options, x: &[Tensor<T>]) -> Vec<RecurrentWeights<T>> {
    let (bias, projection) = (o.flag("bias"), o.flag("projection"));
    let layer = |x: &[Tensor<T>]| {
        let mut weights = RecurrentWeights::new(x[0].clone(), x[1].clone());
        if bias {
            weights = weights.biases(x[2].clone(), x[3].clone());
        }
        if projection { weights.projection(x[x.len() - 1].clone()) } else { weights }
    };
    x.chunks_exact(2 + 2 * usize::from(bias) + usize::from(projection)).map(layer).collect()
}

fn options(o: &Options) -> RecurrentOptions {
    let options = RecurrentOptions::new()
        .bidirectional(o.flag("bidirectional"))
        .batch_first(o.flag("batch_first"))
        .reset_after(o.flag("reset_after"));
    match o.read::<Option<Vec<usize>>>("lengths") {
        Some(lengths) => options.lengths(lengths),
        None => options,
    }
}
