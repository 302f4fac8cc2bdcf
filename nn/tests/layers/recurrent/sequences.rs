//! States carried from one part of a sequence to the next, and sequences of unusual sizes.

use wengert::nn::recurrent::{Kind, Recurrent, RecurrentConfig, kind};
use wengert::prelude::*;

use super::{near, run, score};
use crate::{ramp, rng};

/// Two parts of a sequence give what the whole gives.
fn in_parts<K: Kind>(layers: &Recurrent<K, f64>) {
    let x = ramp([5, 3, 2], 3);
    let whole = run(layers, &x, None, None);
    let (first, state) = layers.forward_with(&x.slice(0, ..2), None, None);
    let second = run(layers, &x.slice(0, 2..), Some(&state), None);
    near(&Tensor::concat(&[&first, &second[0]], 0), &whole[0]);
    whole[1..].iter().zip(&second[1..]).for_each(|(a, b)| near(a, b));
}

#[test]
fn the_returned_state_goes_on() {
    let rng = &mut rng();
    in_parts(&RnnConfig::new(2, 3).num_layers(2).init(rng));
    in_parts(&GruConfig::new(2, 3).num_layers(2).init(rng));
    in_parts(&LstmConfig::new(2, 3).num_layers(2).proj_size(2).init(rng));
}

#[test]
fn a_detached_state_carries_no_gradient_back() {
    let gru = Gru::<f64>::new(2, 3, &mut rng());
    let tape = Tape::new();
    let (before, after) = (tape.variable(ramp([4, 1, 2], 3)), tape.variable(ramp([4, 1, 2], 7)));
    let (_, state) = gru.forward_with(&before, None, None);
    let (cut, _) = gru.forward_with(&after, Some(&state.detach()), None);
    let (uncut, _) = gru.forward_with(&after, Some(&state), None);
    assert_eq!(cut.to_vec(), uncut.to_vec());
    let replay = || Replay::new().retain(true);
    let (short, full) = (cut.sum(..).backward_with(replay()), uncut.sum(..).backward_with(replay()));
    assert!(short.get(&before).is_none());
    assert!(full.get(&before).unwrap().to_vec().iter().all(|&d| d != 0.0));
    // Within the last part the gradients are the same; the parameters lack what came through the first.
    assert_eq!(short.get(&after).unwrap().to_vec(), full.get(&after).unwrap().to_vec());
    let weight = &gru.entries[0].weight_ih;
    assert_ne!(short.get(weight).unwrap().to_vec(), full.get(weight).unwrap().to_vec());
}

/// The input of a decoder may be on no tape when its state is.
#[test]
fn parameters_are_put_on_the_tape_of_the_state() {
    let rng = &mut rng();
    let (lstm, cell) = (Lstm::<f64>::new(2, 3, rng), LstmCell::<f64>::new(2, 3, rng));
    let tape = Tape::new();
    let c = tape.variable(ramp([1, 1, 3], 3));
    let (y, _) = lstm.forward_with(&ramp([4, 1, 2], 3), Some(&(Tensor::zeros([1, 1, 3]), c.clone())), None);
    let state = (Tensor::zeros([1, 3]), c.select(0, 0));
    let (h, _) = cell.forward(&ramp([1, 2], 3), Some(&state));
    let grads = (y.sum(..) + h.sum(..)).backward();
    for parameter in [lstm.parameters(), cell.parameters()].concat() {
        assert!(grads.get(&parameter).is_some());
    }
}

/// Nothing in the batch, one step, and no steps.
fn unusual<K: Kind, T: Float>(config: &RecurrentConfig<K>) {
    let layers = config.clone().bidirectional(true).num_layers(2).init::<T>(&mut rng());
    for (steps, batch) in [(3, 0), (1, 1), (0, 2), (1, 4)] {
        let tape = Tape::new();
        let x = tape.variable(ramp([steps, batch, 2], 3));
        for lengths in [None, Some(vec![steps; batch])] {
            let found = run(&layers, &x, None, lengths.as_deref());
            assert_eq!(found[0].shape(), [steps, batch, 6]);
            assert!(found[1..].iter().all(|last| last.shape() == [4, batch, 3]));
            if steps == 0 {
                assert!(found[1..].iter().all(|last| last.to_vec().iter().all(|&h| h == T::zero())));
            }
            if steps == 1 {
                // Both directions see the one step.
                let last = found[1].slice(0, 2..).transpose(0, 1).reshape([batch, 6]);
                assert_eq!(found[0].select(0, 0).to_vec(), last.to_vec());
            }
            let grads = score(&found).backward_with(Replay::new().retain(true));
            assert_eq!(grads.get(&x).unwrap().shape(), x.shape());
        }
    }
}

#[test]
fn nothing_and_one_step_are_sequences() {
    unusual::<kind::Rnn, f32>(&RecurrentConfig::new(2, 3));
    unusual::<kind::Gru, f64>(&RecurrentConfig::new(2, 3));
    unusual::<kind::Lstm, f32>(&RecurrentConfig::new(2, 3));
}
