//! What tells plain layers, gated recurrent units and long short-term memory apart.

use std::fmt::Debug;

use autodiff::{Float, RecurrentOptions, RecurrentWeights, Tensor};
use serde::{Deserialize, Serialize};

/// A kind of recurrent layer: [`Rnn`], [`Gru`] or [`Lstm`]. There are no others.
pub trait Kind: Copy + Debug + PartialEq + Send + Sync + 'static + sealed::Sealed {
    /// What is carried from step to step: h, and for an LSTM (h, c).
    type State<T: Float>: Clone + Debug + Send + Sync;

    /// The names of the configurations, for their errors.
    #[doc(hidden)]
    const CONFIG: &'static str;
    #[doc(hidden)]
    const CELL_CONFIG: &'static str;

    /// How many gates, or candidates, have rows in the weights.
    #[doc(hidden)]
    const GATES: usize;

    /// Which options there are.
    #[doc(hidden)]
    const HAS_NONLINEARITY: bool = false;
    #[doc(hidden)]
    const HAS_RESET_AFTER: bool = false;
    #[doc(hidden)]
    const HAS_PROJ_SIZE: bool = false;

    /// From the options that this kind has.
    #[doc(hidden)]
    fn of(nonlinearity: Nonlinearity, reset_after: bool) -> Self;

    /// The tensors of a state: h, and for an LSTM h and c.
    fn tensors<T: Float>(state: &Self::State<T>) -> impl Iterator<Item = &Tensor<T>>;

    #[doc(hidden)]
    fn zeros<T: Float>(shape: &[usize]) -> Self::State<T>;

    /// The operation over sequences.
    #[doc(hidden)]
    #[track_caller]
    fn run<T: Float>(
        self,
        x: &Tensor<T>,
        state: Option<&Self::State<T>>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Tensor<T>, Self::State<T>);

    /// The operation of one step.
    #[doc(hidden)]
    #[track_caller]
    fn step<T: Float>(
        self,
        x: &Tensor<T>,
        state: &Self::State<T>,
        weights: &RecurrentWeights<T>,
    ) -> Self::State<T>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::Rnn {}
    impl Sealed for super::Gru {}
    impl Sealed for super::Lstm {}
}

/// Plain layers and cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rnn {
    nonlinearity: Nonlinearity,
}

/// Gated recurrent units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gru {
    reset_after: bool,
}

/// Long short-term memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lstm;

/// What a plain recurrent layer applies to its sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nonlinearity {
    /// tanh.
    #[default]
    Tanh,
    /// max(·, 0).
    Relu,
}

impl Kind for Rnn {
    type State<T: Float> = Tensor<T>;

    const CONFIG: &'static str = "RnnConfig";
    const CELL_CONFIG: &'static str = "RnnCellConfig";
    const GATES: usize = 1;
    const HAS_NONLINEARITY: bool = true;

    fn of(nonlinearity: Nonlinearity, _: bool) -> Self {
        Self { nonlinearity }
    }

    fn tensors<T: Float>(h: &Tensor<T>) -> impl Iterator<Item = &Tensor<T>> {
        [h].into_iter()
    }

    fn zeros<T: Float>(shape: &[usize]) -> Tensor<T> {
        Tensor::zeros(shape)
    }

    fn run<T: Float>(
        self,
        x: &Tensor<T>,
        state: Option<&Tensor<T>>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Tensor<T>, Tensor<T>) {
        match self.nonlinearity {
            Nonlinearity::Tanh => x.rnn_tanh(state, weights, options),
            Nonlinearity::Relu => x.rnn_relu(state, weights, options),
        }
    }

    fn step<T: Float>(self, x: &Tensor<T>, h: &Tensor<T>, weights: &RecurrentWeights<T>) -> Tensor<T> {
        match self.nonlinearity {
            Nonlinearity::Tanh => x.rnn_tanh_cell(h, weights),
            Nonlinearity::Relu => x.rnn_relu_cell(h, weights),
        }
    }
}

impl Kind for Gru {
    type State<T: Float> = Tensor<T>;

    const CONFIG: &'static str = "GruConfig";
    const CELL_CONFIG: &'static str = "GruCellConfig";
    const GATES: usize = 3;
    const HAS_RESET_AFTER: bool = true;

    fn of(_: Nonlinearity, reset_after: bool) -> Self {
        Self { reset_after }
    }

    fn tensors<T: Float>(h: &Tensor<T>) -> impl Iterator<Item = &Tensor<T>> {
        [h].into_iter()
    }

    fn zeros<T: Float>(shape: &[usize]) -> Tensor<T> {
        Tensor::zeros(shape)
    }

    fn run<T: Float>(
        self,
        x: &Tensor<T>,
        state: Option<&Tensor<T>>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Tensor<T>, Tensor<T>) {
        x.gru(state, weights, options.reset_after(self.reset_after))
    }

    fn step<T: Float>(self, x: &Tensor<T>, h: &Tensor<T>, weights: &RecurrentWeights<T>) -> Tensor<T> {
        x.gru_cell_with(h, weights, self.reset_after)
    }
}

impl Kind for Lstm {
    type State<T: Float> = (Tensor<T>, Tensor<T>);

    const CONFIG: &'static str = "LstmConfig";
    const CELL_CONFIG: &'static str = "LstmCellConfig";
    const GATES: usize = 4;
    const HAS_PROJ_SIZE: bool = true;

    fn of(_: Nonlinearity, _: bool) -> Self {
        Self
    }

    fn tensors<T: Float>((h, c): &Self::State<T>) -> impl Iterator<Item = &Tensor<T>> {
        [h, c].into_iter()
    }

    fn zeros<T: Float>(shape: &[usize]) -> Self::State<T> {
        (Tensor::zeros(shape), Tensor::zeros(shape))
    }

    fn run<T: Float>(
        self,
        x: &Tensor<T>,
        state: Option<&Self::State<T>>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Tensor<T>, Self::State<T>) {
        let state = state.map(|(h, c)| (h, c));
        x.lstm(state, weights, options)
    }

    fn step<T: Float>(
        self,
        x: &Tensor<T>,
        (h, c): &Self::State<T>,
        weights: &RecurrentWeights<T>,
    ) -> Self::State<T> {
        x.lstm_cell((h, c), weights)
    }
}
