//! Sequences of several lengths as one batch, and back.

use autodiff::{Float, Tensor};

/// Sequences [steps, …] of several lengths as one batch [steps, batch, …], or [batch, steps, …] where it is to be
/// batch-first, filled up to the longest with `padding_value`; and their lengths, as
/// [`forward_with`](crate::recurrent::Recurrent::forward_with) takes them.
///
/// ```
/// use wengert::nn::{pad_sequence, unpad_sequence};
/// use wengert::prelude::*;
///
/// let sentences = [Tensor::ones([2, 3]), Tensor::ones([4, 3])];
/// let (x, lengths) = pad_sequence(&sentences, true, 0.0);
/// assert_eq!((x.shape(), &lengths[..]), (&[2, 4, 3][..], &[2, 4][..]));
///
/// let lstm = LstmConfig::new(3, 5).batch_first(true).init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// let (y, _) = lstm.forward_with(&x, None, Some(&lengths));
/// let states = unpad_sequence(&y, &lengths, true);
/// assert_eq!((states[0].shape(), states[1].shape()), (&[2, 5][..], &[4, 5][..]));
/// ```
///
/// # Panics
/// If there are no sequences, one has no axis of steps, or they differ in more than their lengths.
#[track_caller]
pub fn pad_sequence<T: Float>(
    sequences: &[Tensor<T>],
    batch_first: bool,
    padding_value: f64,
) -> (Tensor<T>, Vec<usize>) {
    assert!(!sequences.is_empty(), "pad_sequence: there are no sequences");
    let mut lengths = Vec::with_capacity(sequences.len());
    for (i, sequence) in sequences.iter().enumerate() {
        let [steps, features @ ..] = sequence.shape() else {
            panic!("pad_sequence: sequence {i} has no axis of steps")
        };
        let first = &sequences[0].shape()[1..];
        assert!(
            features == first,
            "pad_sequence: a step of sequence {i} is {features:?}, one of sequence 0 {first:?}"
        );
        lengths.push(*steps);
    }
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let mut padded = Vec::with_capacity(sequences.len());
    for (sequence, &steps) in sequences.iter().zip(&lengths) {
        let mut widths = vec![(0, 0); sequence.ndim()];
        widths[0].1 = (longest - steps) as isize;
        padded.push(if steps == longest { sequence.clone() } else { sequence.pad(&widths, padding_value) });
    }
    let padded: Vec<&Tensor<T>> = padded.iter().collect();
    (Tensor::stack(&padded, if batch_first { 0 } else { 1 }), lengths)
}

/// The sequences [steps, …] of a batch [steps, batch, …], or [batch, steps, …] where it is batch-first, each cut to its
/// length: what [`pad_sequence`] was given.
///
/// # Panics
/// If the batch does not have these two axes, there is not a length for each of its sequences, or one is more than
/// its steps.
#[track_caller]
pub fn unpad_sequence<T: Float>(padded: &Tensor<T>, lengths: &[usize], batch_first: bool) -> Vec<Tensor<T>> {
    let shape = padded.shape();
    assert!(shape.len() >= 2, "unpad_sequence: {shape:?} does not have axes of steps and of a batch");
    let (axis, steps, batch) = if batch_first { (0, shape[1], shape[0]) } else { (1, shape[0], shape[1]) };
    assert!(
        lengths.len() == batch,
        "unpad_sequence: {} lengths were given for a batch of {batch}",
        lengths.len()
    );
    if let Some(i) = lengths.iter().position(|&length| length > steps) {
        panic!("unpad_sequence: the length {} of sequence {i} is more than the {steps} steps", lengths[i]);
    }
    let mut sequences = Vec::with_capacity(batch);
    for (i, &length) in lengths.iter().enumerate() {
        sequences.push(padded.select(axis, i as isize).slice(0, ..length as isize));
    }
    sequences
}
