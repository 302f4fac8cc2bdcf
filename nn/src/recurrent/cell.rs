//! One step of a recurrent layer.

use std::marker::PhantomData;

use autodiff::{Float, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::RecurrentParameters;
use super::config::kind_of;
use super::kind::{self, Kind, Nonlinearity};
use super::parameters::Sizes;
use super::stack::recorded;
use crate::config::{Check, expect, yes};
use crate::{ConfigError, Module, Visitor, VisitorMut};

/// One step of one recurrent layer: [`RnnCell`](crate::RnnCell), [`GruCell`](crate::GruCell) or
/// [`LstmCell`](crate::LstmCell).
///
/// The parameters have PyTorch's names: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`.
#[derive(Clone, Debug)]
pub struct Cell<K: Kind, T: Float = f32> {
    /// The parameters.
    pub parameters: RecurrentParameters<T>,
    pub(super) kind: K,
}

impl<K: Kind, T: Float> Cell<K, T> {
    /// The cell with PyTorch's defaults: with biases, all values uniform in ±1/√hidden.
    ///
    /// # Panics
    /// If a size is 0.
    #[track_caller]
    pub fn new(input_size: usize, hidden_size: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        CellConfig::new(input_size, hidden_size).init(rng)
    }

    /// The state after x, [batch, features] or \[features\], from a state [batch, units] or \[units\]; without one, from
    /// zeros. The state is h, and (h, c) of an LSTM.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: &Tensor<T>, state: Option<&K::State<T>>) -> K::State<T> {
        let weights = self.parameters.on_tape_of(recorded::<K, T>(x, state));
        if let Some(state) = state {
            return self.kind.step(x, state, &weights);
        }
        let mut shape = x.shape().to_vec();
        if let Some(features) = shape.last_mut() {
            *features = weights.weight_hh.shape()[1];
        }
        self.kind.step(x, &K::zeros(&shape), &weights)
    }
}

impl<K: Kind, T: Float> Module<T> for Cell<K, T> {
    fn kind(&self) -> &'static str {
        K::CELL_CONFIG.trim_end_matches("Config")
    }

    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        self.parameters.visit("", visitor);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        self.parameters.visit_mut("", visitor);
    }
}

/// What recurrent cells are built from: [`RnnCellConfig`](crate::RnnCellConfig),
/// [`GruCellConfig`](crate::GruCellConfig) or [`LstmCellConfig`](crate::LstmCellConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct CellConfig<K: Kind> {
    input_size: usize,
    hidden_size: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonlinearity: Option<Nonlinearity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset_after: Option<bool>,
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K: Kind> CellConfig<K> {
    /// From `input_size` features to `hidden_size` units.
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self { input_size, hidden_size, bias: true, nonlinearity: None, reset_after: None, kind: PhantomData }
    }

    /// Whether there are biases (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The cell: draws the parameters in the order of their names.
    ///
    /// # Panics
    /// If a size is 0.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Cell<K, T> {
        expect(self.try_init(rng))
    }

    /// The cell, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics, and if an option is given that cells of this kind do not have.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Cell<K, T>, ConfigError> {
        let (check, gates, hidden) = (Check(K::CELL_CONFIG), K::GATES, self.hidden_size);
        check.positive("input_size", self.input_size)?;
        check.positive("hidden_size", hidden)?;
        let kind = kind_of(&check, self.nonlinearity, self.reset_after)?;
        check.fits("weight_ih", &[gates, hidden, self.input_size])?;
        check.fits("weight_hh", &[gates, hidden, hidden])?;
        let sizes = Sizes { gates, features: self.input_size, hidden, projection: None, bias: self.bias };
        Ok(Cell { parameters: RecurrentParameters::draw(&sizes, rng), kind })
    }
}

impl CellConfig<kind::Rnn> {
    /// What is applied to the sums (default: [`Nonlinearity::Tanh`]).
    pub fn nonlinearity(mut self, nonlinearity: Nonlinearity) -> Self {
        self.nonlinearity = Some(nonlinearity);
        self
    }
}

impl CellConfig<kind::Gru> {
    /// Where the reset gate acts: after the product of the state, as in PyTorch and cuDNN (default), or before it, as
    /// in Cho et al.; see [`Gru`](crate::Gru).
    pub fn reset_after(mut self, reset_after: bool) -> Self {
        self.reset_after = Some(reset_after);
        self
    }
}
