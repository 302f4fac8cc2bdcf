//! What stands beyond a sequence's length.

use wengert::nn::recurrent::{Kind, Recurrent, RecurrentConfig, kind};
use wengert::prelude::*;

use super::{near, run, score};
use crate::{ramp, rng};

const LENGTHS: [usize; 4] = [2, 5, 0, 3];

/// The outputs, the last state and the gradients by parameters, and the gradient by the input.
fn all<K: Kind>(layers: &Recurrent<K, f64>, x: &Tensor<f64>) -> (Vec<Vec<u64>>, Tensor<f64>) {
    let tape = Tape::new();
    let x = tape.variable(x);
    let outputs = run(layers, &x, None, Some(&LENGTHS));
    let grads = score(&outputs).backward();
    let found =
        outputs.into_iter().chain(layers.parameters().into_iter().map(|p| grads.get(&p).unwrap().clone()));
    let bits = |x: Tensor<f64>| x.to_vec().into_iter().map(f64::to_bits).collect();
    (found.map(bits).collect(), grads.get(&x).unwrap().clone())
}

fn does_not_matter<K: Kind>(config: RecurrentConfig<K>) {
    for batch_first in [false, true] {
        let config = config.clone().num_layers(2).bidirectional(true).batch_first(batch_first);
        let layers = config.init::<f64>(&mut rng());
        let x = ramp::<f64>([6, 4, 2], 3);
        let within = |t: usize, n: usize| t < LENGTHS[n];
        let mask = (0..6 * 4 * 2).map(|i| !within(i / 8, i / 2 % 4)).collect();
        let mask = Mask::from_vec([6, 4, 2], mask);
        let mut results = Vec::new();
        for padding in [0.0, 1e30, f64::NAN] {
            let x = x.masked_fill(&mask, padding);
            let (found, dx) = all(&layers, &if batch_first { x.transpose(0, 1) } else { x });
            let dx = if batch_first { dx.transpose(0, 1) } else { dx };
            for ((t, n, _), &d) in
                dx.view().into_dimensionality::<wengert::ndarray::Ix3>().unwrap().indexed_iter()
            {
                assert_eq!(d == 0.0, !within(t, n), "the gradient of step {t} of sequence {n} is {d}");
            }
            results.push((found, dx.to_vec()));
        }
        assert!(results[0] == results[1] && results[0] == results[2]);
    }
}

#[test]
fn padding_does_not_matter_and_gets_no_gradient() {
    does_not_matter::<kind::Rnn>(RecurrentConfig::new(2, 3));
    does_not_matter::<kind::Gru>(RecurrentConfig::new(2, 3));
    does_not_matter(GruConfig::new(2, 3).reset_after(false));
    does_not_matter(LstmConfig::new(2, 3).proj_size(2));
}

/// A batch of several lengths is its sequences one by one.
fn one_by_one<K: Kind>(config: RecurrentConfig<K>) {
    let layers = config.num_layers(2).bidirectional(true).init::<f64>(&mut rng());
    let sequences: Vec<Tensor<f64>> = [3, 1, 4].iter().map(|&n| ramp([n, 2], n + 2)).collect();
    let (x, lengths) = pad_sequence(&sequences, false, 7.0);
    assert_eq!(lengths, [3, 1, 4]);
    let batch = run(&layers, &x, None, Some(&lengths));
    let outputs = unpad_sequence(&batch[0], &lengths, false);
    for (n, sequence) in sequences.iter().enumerate() {
        let alone = run(&layers, sequence, None, None);
        near(&outputs[n], &alone[0]);
        for (last, alone) in batch[1..].iter().zip(&alone[1..]) {
            near(&last.select(1, n as isize), alone);
        }
    }
}

#[test]
fn a_batch_of_several_lengths_is_its_sequences() {
    one_by_one::<kind::Rnn>(RecurrentConfig::new(2, 3));
    one_by_one::<kind::Gru>(RecurrentConfig::new(2, 3));
    one_by_one::<kind::Lstm>(RecurrentConfig::new(2, 3));
}

#[test]
fn sequences_are_padded_and_cut_with_their_gradients() {
    for batch_first in [false, true] {
        let tape = Tape::new();
        let sequences: Vec<Tensor<f64>> = [2, 0, 4].map(|n| tape.variable(ramp([n, 1, 2], 3))).into();
        let (x, lengths) = pad_sequence(&sequences, batch_first, -1.5);
        assert_eq!(x.shape(), if batch_first { [3, 4, 1, 2] } else { [4, 3, 1, 2] });
        let first = x.select(if batch_first { 0 } else { 1 }, 0).to_vec();
        assert_eq!(first, [sequences[0].to_vec(), vec![-1.5; 4]].concat());
        let back = unpad_sequence(&x, &lengths, batch_first);
        for (found, sequence) in back.iter().zip(&sequences) {
            assert_eq!((found.shape(), found.to_vec()), (sequence.shape(), sequence.to_vec()));
        }
        let grads = (x.square().sum(..) + back[2].sum(..)).backward();
        near(grads.get(&sequences[0]).unwrap(), &(sequences[0].detach() * 2.0));
        near(grads.get(&sequences[2]).unwrap(), &(sequences[2].detach() * 2.0 + 1.0));
    }
}

#[test]
fn ids_are_padded() {
    let tape = Tape::new();
    let sequences = [Indices::from([5, 3]), tape.indices([4]), Indices::from(vec![])];
    let (ids, lengths) = pad_sequence(&sequences, true, -1);
    assert_eq!((ids.shape(), ids.to_vec()), (&[3, 2][..], vec![5, 3, 4, -1, -1, -1]));
    assert!(ids.tape().is_some());
    assert_eq!(lengths, [2, 1, 0]);
    let (ids, _) = pad_sequence(&sequences, false, -1);
    assert_eq!((ids.shape(), ids.to_vec()), (&[2, 3][..], vec![5, 4, -1, 3, -1, -1]));
    let pairs = [Indices::from_vec([1, 2], vec![1, 2]), Indices::from_vec([2, 2], vec![3, 4, 5, 6])];
    let (ids, _) = pad_sequence(&pairs, false, 0);
    assert_eq!((ids.shape(), ids.to_vec()), (&[2, 2, 2][..], vec![1, 2, 3, 4, 0, 0, 5, 6]));
    assert!(ids.tape().is_none());
}
