//! Sequences of several lengths as one batch, and back.

use autodiff::{Float, Indices, Tensor};

/// What [`pad_sequence`] makes a batch of: tensors, filled up with a number, or indices, filled up with an id.
pub trait Sequence: sealed::Sealed + Sized {
    /// What is filled up with.
    type Element: Copy;

    #[doc(hidden)]
    fn axes(&self) -> &[usize];

    /// Sequences whose axes fit together as a batch of as many steps.
    #[doc(hidden)]
    fn batch(sequences: &[Self], steps: usize, batch_first: bool, padding: Self::Element) -> Self;
}

mod sealed {
    pub trait Sealed {}

    impl<T: autodiff::Float> Sealed for autodiff::Tensor<T> {}
    impl Sealed for autodiff::Indices {}
}

impl<T: Float> Sequence for Tensor<T> {
    type Element = f64;

    fn axes(&self) -> &[usize] {
        self.shape()
    }

    fn batch(sequences: &[Self], steps: usize, batch_first: bool, padding: f64) -> Self {
        let padded = sequences.iter().map(|sequence| {
            let mut widths = vec![(0, 0); sequence.ndim()];
            widths[0].1 = (steps - sequence.shape()[0]) as isize;
            if widths[0].1 == 0 { sequence.clone() } else { sequence.pad(&widths, padding) }
        });
        let padded: Vec<Self> = padded.collect();
        Self::stack(&padded.iter().collect::<Vec<_>>(), if batch_first { 0 } else { 1 })
    }
}

impl Sequence for Indices {
    type Element = i64;

    fn axes(&self) -> &[usize] {
        self.shape()
    }

    fn batch(sequences: &[Self], steps: usize, batch_first: bool, padding: i64) -> Self {
        let (batch, of_step) = (sequences.len(), &sequences[0].shape()[1..]);
        let row: usize = of_step.iter().product();
        let (outer, inner) = if batch_first { (batch, steps) } else { (steps, batch) };
        let mut values = Vec::with_capacity(batch * steps * row);
        for i in 0..outer {
            for j in 0..inner {
                let (n, t) = if batch_first { (i, j) } else { (j, i) };
                match sequences[n].as_slice().get(t * row..(t + 1) * row) {
                    Some(ids) => values.extend(ids),
                    None => values.extend(std::iter::repeat_n(padding, row)),
                }
            }
        }
        let ids = Self::from_vec([&[outer, inner], of_step].concat(), values);
        match sequences.iter().find_map(Self::tape) {
            Some(tape) => tape.indices(ids),
            None => ids,
        }
    }
}

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
/// Token ids are filled up with one too, which an embedding can leave out as its `padding_idx`:
///
/// ```
/// use wengert::nn::pad_sequence;
/// use wengert::prelude::*;
///
/// let (ids, lengths) = pad_sequence(&[Indices::from([5, 3]), Indices::from([4])], true, 0);
/// assert_eq!((ids.shape(), ids.to_vec(), lengths), (&[2, 2][..], vec![5, 3, 4, 0], vec![2, 1]));
/// ```
///
/// # Panics
/// If there are no sequences, one has no axis of steps, or they differ in more than their lengths.
#[track_caller]
pub fn pad_sequence<S: Sequence>(
    sequences: &[S],
    batch_first: bool,
    padding_value: S::Element,
) -> (S, Vec<usize>) {
    assert!(!sequences.is_empty(), "pad_sequence: there are no sequences");
    let mut lengths = Vec::with_capacity(sequences.len());
    for (i, sequence) in sequences.iter().enumerate() {
        let [steps, of_step @ ..] = sequence.axes() else {
            panic!("pad_sequence: sequence {i} has no axis of steps");
        };
        let first = &sequences[0].axes()[1..];
        assert!(
            of_step == first,
            "pad_sequence: a step of sequence {i} is {of_step:?}, one of sequence 0 {first:?}"
        );
        lengths.push(*steps);
    }
    let longest = lengths.iter().copied().max().unwrap_or(0);
    (S::batch(sequences, longest, batch_first, padding_value), lengths)
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
