//! One form of a recurrent network in terms of another.

use wengert::nn::recurrent::{Cell, Kind, Recurrent, RecurrentConfig, kind};
use wengert::prelude::*;

use super::{near, run, score};
use crate::{ramp, rng};

/// A cell that shares the parameters of one layer gives what the layer gives, and the same gradients.
fn steps<K: Kind, T: Float>(layer: &Recurrent<K, T>, mut cell: Cell<K, T>) {
    cell.parameters = layer.entries[0].clone();
    let x = ramp([5, 3, 2], 3);
    let (whole, single) = (Tape::new(), Tape::new());

    let at_once = whole.variable(&x);
    let outputs = run(layer, &at_once, None, None);
    let expected = score(&outputs).backward();

    let step_by_step = single.variable(&x);
    let mut states: Vec<K::State<T>> = Vec::new();
    for t in 0..5 {
        states.push(cell.forward(&step_by_step.select(0, t), states.last()));
    }
    let hidden: Vec<&Tensor<T>> = states.iter().filter_map(|state| K::tensors(state).next()).collect();
    let mut found = vec![Tensor::stack(&hidden, 0)];
    found.extend(K::tensors(&states[4]).map(|last| last.unsqueeze(0)));
    assert_eq!(found.len(), outputs.len());
    found.iter().zip(&outputs).for_each(|(found, expected)| near(found, expected));
    let grads = score(&found).backward();
    near(grads.get(&step_by_step).unwrap(), expected.get(&at_once).unwrap());
    for parameter in layer.parameters() {
        near(grads.get(&parameter).unwrap(), expected.get(&parameter).unwrap());
    }
}

#[test]
fn a_cell_step_by_step_is_the_layer() {
    let rng = &mut rng();
    let (relu, before) = (Nonlinearity::Relu, false);
    steps(&Rnn::<f64>::new(2, 4, rng), RnnCell::new(2, 4, rng));
    steps(&Rnn::<f32>::new(2, 4, rng), RnnCell::new(2, 4, rng));
    let (layer, cell) =
        (RnnConfig::new(2, 4).nonlinearity(relu), RnnCellConfig::new(2, 4).nonlinearity(relu));
    steps::<_, f64>(&layer.init(rng), cell.init(rng));
    steps(&Gru::<f64>::new(2, 4, rng), GruCell::new(2, 4, rng));
    let (layer, cell) =
        (GruConfig::new(2, 4).reset_after(before), GruCellConfig::new(2, 4).reset_after(before));
    steps::<_, f64>(&layer.bias(false).init(rng), cell.bias(false).init(rng));
    steps(&Lstm::<f64>::new(2, 4, rng), LstmCell::new(2, 4, rng));
    steps(&Lstm::<f32>::new(2, 4, rng), LstmCell::new(2, 4, rng));
}

/// Both directions are one forward run, and one over the sequence from its end.
fn directions<K: Kind>(config: RecurrentConfig<K>) {
    let both = config.clone().bidirectional(true).init::<f64>(&mut rng());
    let one = |entry: usize| {
        let mut layer = config.init::<f64>(&mut rng());
        layer.entries = vec![both.entries[entry].clone()];
        layer
    };
    let x = ramp([4, 3, 2], 3);
    let found = run(&both, &x, None, None);
    let (ahead, back) = (run(&one(0), &x, None, None), run(&one(1), &x.flip(0), None, None));
    near(&found[0], &Tensor::concat(&[&ahead[0], &back[0].flip(0)], 2));
    for (i, last) in found.iter().enumerate().skip(1) {
        near(last, &Tensor::concat(&[&ahead[i], &back[i]], 0));
    }
}

#[test]
fn both_directions_are_two_runs() {
    directions::<kind::Rnn>(RecurrentConfig::new(2, 3));
    directions::<kind::Gru>(RecurrentConfig::new(2, 3));
    directions(LstmConfig::new(2, 3).proj_size(2));
}

/// Γ_u = σ(W_u [a, x] + b_u), Γ_r = σ(W_r [a, x] + b_r), ã = tanh(W_a [Γ_r⊙a, x] + b_a), a ← Γ_u⊙ã + (1 − Γ_u)⊙a.
#[test]
fn the_unit_of_update_and_relevance_gates_is_a_gru() {
    let (units, features) = (4, 2);
    let gru = GruConfig::new(features, units).reset_after(false).init::<f64>(&mut rng());
    let weights = |k: usize| ramp::<f64>([units, units + features], k + 2);
    let biases = |k: usize| ramp::<f64>([units], k + 5);
    let (update, relevance, candidate) = (0, 1, 2);
    // In the order r z n, the rows of z with the other sign.
    let joined = |of: &dyn Fn(usize) -> Tensor<f64>| {
        Tensor::concat(&[&of(relevance), &-of(update), &of(candidate)], 0)
    };
    let entry = &gru.entries[0];
    let all = joined(&weights);
    entry.weight_hh.set(&all.slice(1, ..units as isize));
    entry.weight_ih.set(&all.slice(1, units as isize..));
    let (bias_ih, bias_hh) = entry.biases.as_ref().unwrap();
    bias_ih.set(&joined(&biases));
    bias_hh.set(&Tensor::zeros([3 * units]));

    let x = ramp([6, 3, features], 3);
    let (y, _) = gru.forward_with(&x, None, None);
    let mut a = Tensor::zeros([3, units]);
    for t in 0..6 {
        let x = x.select(0, t);
        let dense =
            |k: usize, a: &Tensor<f64>| Tensor::concat(&[a, &x], 1).linear(&weights(k), Some(&biases(k)));
        let (gamma_u, gamma_r) = (dense(update, &a).sigmoid(), dense(relevance, &a).sigmoid());
        let candidate = dense(candidate, &(gamma_r * &a)).tanh();
        a = &gamma_u * candidate + (1.0 - &gamma_u) * a;
        near(&y.select(0, t), &a);
    }
}

#[test]
fn dense_layers_above_are_those_of_each_step() {
    let rng = &mut rng();
    let below = LstmConfig::new(2, 3).num_layers(2).init::<f64>(rng);
    let above = Sequential::new().push(Linear::new(3, 4, rng)).push(Tanh).push(Linear::new(4, 2, rng));
    let net = DeepRnn::new(below.clone(), above.clone());
    let chain = Sequential::new().push_named("recurrent", below.clone()).push_named("dense", above.clone());
    let names = |module: &dyn Module<f64>| {
        module.named_parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(&net), names(&chain));
    let x = ramp([4, 3, 2], 3);
    let y = net.forward(&x);
    near(&y, &chain.forward(&x));
    let (states, _) = below.forward_with(&x, None, None);
    for t in 0..4 {
        near(&y.select(0, t), &above.forward(&states.select(0, t)));
    }
    // One sequence without a batch, and its state.
    let (alone, (h, c)) = net.forward_with(&x.select(1, 2), None, None);
    near(&alone, &y.select(1, 2));
    assert_eq!((h.shape(), c.shape()), (&[2, 3][..], &[2, 3][..]));
}

#[test]
fn dense_layers_above_do_not_see_the_padding() {
    for batch_first in [false, true] {
        let below = GruConfig::new(2, 3).batch_first(batch_first).init::<f64>(&mut rng());
        let norm = BatchNorm1d::new(3);
        let net = DeepRnn::new(below.clone(), Sequential::new().push(norm.clone()));
        let (axis, lengths) = (if batch_first { 0 } else { 1 }, [2, 4, 0, 1]);
        let x = ramp([4, 4, 2], 3);
        let tape = Tape::training(0);
        let (y, _) = net.forward_with(&tape.constant(&x), None, Some(&lengths));
        let (states, _) = below.forward_with(&x, None, Some(&lengths));
        let rows = unpad_sequence(&states, &lengths, batch_first);
        let rows = Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0);
        near(&norm.running_mean.as_ref().unwrap().value(), &(rows.mean(0) * 0.1));
        let expected = (&rows - rows.mean(0)) / (rows.var(0, 0) + 1e-5).sqrt();
        let found = unpad_sequence(&y, &lengths, batch_first);
        near(&Tensor::concat(&found.iter().collect::<Vec<_>>(), 0), &expected);
        assert_eq!(y.select(axis, 0).slice(0, 2..).to_vec(), [0.0; 6]);
        assert_eq!(y.select(axis, 2).to_vec(), [0.0; 12]);
    }
}
