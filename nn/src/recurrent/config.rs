//! What recurrent layers are built from.

use std::marker::PhantomData;

use autodiff::Float;
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::kind::{self, Kind, Nonlinearity};
use super::parameters::Sizes;
use super::{Recurrent, RecurrentParameters};
use crate::ConfigError;
use crate::config::{Check, expect, one, yes};

/// What recurrent layers are built from: [`RnnConfig`](crate::RnnConfig), [`GruConfig`](crate::GruConfig) or
/// [`LstmConfig`](crate::LstmConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct RecurrentConfig<K: Kind> {
    input_size: usize,
    hidden_size: usize,
    #[serde(default = "one")]
    num_layers: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default)]
    batch_first: bool,
    #[serde(default)]
    dropout: f64,
    #[serde(default)]
    bidirectional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonlinearity: Option<Nonlinearity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset_after: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proj_size: Option<usize>,
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K: Kind> RecurrentConfig<K> {
    /// From `input_size` features to `hidden_size` units.
    pub fn new(input_size: usize, hidden_size: usize) -> Self {
        Self {
            input_size,
            hidden_size,
            num_layers: 1,
            bias: true,
            batch_first: false,
            dropout: 0.0,
            bidirectional: false,
            nonlinearity: None,
            reset_after: None,
            proj_size: None,
            kind: PhantomData,
        }
    }

    /// How many layers run one over the other (default: 1).
    pub fn num_layers(mut self, num_layers: usize) -> Self {
        self.num_layers = num_layers;
        self
    }

    /// Whether there are biases (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Whether sequences are [batch, steps, features] (default: no). States are not concerned.
    pub fn batch_first(mut self, batch_first: bool) -> Self {
        self.batch_first = batch_first;
        self
    }

    /// The probability of dropout between two layers, on training tapes (default: 0).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// Whether each layer also runs from the sequences' ends, with parameters of its own (default: no).
    pub fn bidirectional(mut self, bidirectional: bool) -> Self {
        self.bidirectional = bidirectional;
        self
    }

    /// The layers: draws the parameters in the order of their names.
    ///
    /// # Panics
    /// If a size is 0, the projection is not smaller than the hidden state, or the probability is not in 0..=1.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Recurrent<K, T> {
        expect(self.try_init(rng))
    }

    /// The layers, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics, and if an option is given that layers of this kind do not have.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Recurrent<K, T>, ConfigError> {
        let (check, gates, hidden) = (Check(K::CONFIG), K::GATES, self.hidden_size);
        check.positive("input_size", self.input_size)?;
        check.positive("hidden_size", hidden)?;
        check.positive("num_layers", self.num_layers)?;
        check.probability("dropout", self.dropout)?;
        let kind = kind_of(&check, self.nonlinearity, self.reset_after)?;
        let given = self.proj_size.filter(|&size| size > 0);
        check.that(
            K::HAS_PROJ_SIZE || given.is_none(),
            "proj_size",
            given.unwrap_or(0),
            "0: only an LSTM has a projection",
        )?;
        if let Some(size) = given {
            check.that(
                size < hidden,
                "proj_size",
                size,
                format_args!("less than hidden_size, which is {hidden}"),
            )?;
        }
        let width = given.unwrap_or(hidden);
        let directions = if self.bidirectional { 2 } else { 1 };
        check.fits("weight_ih_l0", &[directions, gates, hidden, self.input_size])?;
        check.fits("weight_ih", &[self.num_layers, directions, gates, hidden, directions, width])?;
        let entries = (0..self.num_layers * directions).map(|entry| {
            let features = if entry < directions { self.input_size } else { directions * width };
            let sizes = Sizes { gates, features, hidden, projection: given, bias: self.bias };
            RecurrentParameters::draw(&sizes, rng)
        });
        Ok(Recurrent {
            entries: entries.collect(),
            kind,
            batch_first: self.batch_first,
            dropout: self.dropout,
            bidirectional: self.bidirectional,
        })
    }
}

/// The kind with the options that are given, which it must have.
pub(super) fn kind_of<K: Kind>(
    check: &Check,
    nonlinearity: Option<Nonlinearity>,
    reset_after: Option<bool>,
) -> Result<K, ConfigError> {
    let absent = |field, has: bool, given: bool, whose: &str| {
        check.that(has || !given, field, "given", format_args!("none: only {whose} has one"))
    };
    absent("nonlinearity", K::HAS_NONLINEARITY, nonlinearity.is_some(), "a plain layer")?;
    absent("reset_after", K::HAS_RESET_AFTER, reset_after.is_some(), "a GRU")?;
    Ok(K::of(nonlinearity.unwrap_or_default(), reset_after.unwrap_or(true)))
}

impl RecurrentConfig<kind::Rnn> {
    /// What is applied to the sums (default: [`Nonlinearity::Tanh`]).
    pub fn nonlinearity(mut self, nonlinearity: Nonlinearity) -> Self {
        self.nonlinearity = Some(nonlinearity);
        self
    }
}

impl RecurrentConfig<kind::Gru> {
    /// Where the reset gate acts: after the product of the state, as in PyTorch and cuDNN (default), or before it, as
    /// in Cho et al.; see [`Gru`](crate::Gru).
    pub fn reset_after(mut self, reset_after: bool) -> Self {
        self.reset_after = Some(reset_after);
        self
    }
}

impl RecurrentConfig<kind::Lstm> {
    /// To how many units the hidden state is projected, h ← W_hr (o⊙tanh c); 0 for no projection (default).
    pub fn proj_size(mut self, proj_size: usize) -> Self {
        self.proj_size = Some(proj_size);
        self
    }
}
