//! Recurrent layers.

use autodiff::{Float, Parameter, RecurrentOptions, RecurrentWeights, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::init::Init;
use crate::{ConfigError, Layer, Module, Visitor, VisitorMut};

/// Long short-term memory layers over sequences [steps, batch, features], or [batch, steps, features] where
/// the layer is batch-first.
///
/// For each step i, f, o = σ(·) and g = tanh(·) of W_ih x + b_ih + W_hh h + b_hh, then c ← f·c + i·g and
/// h ← o·tanh c; each layer runs over the hidden states of the one below. The parameters have PyTorch's names:
/// `weight_ih_l0` [4H, I], `weight_hh_l0` [4H, H], `bias_ih_l0` \[4H\], `bias_hh_l0` \[4H\], and so on for `l1`, …,
/// their gates in the order i f g o.
///
/// After Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers et al.
/// (2000).
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let lstm = LstmConfig::new(10, 20).layers(2).init::<f32>(&mut rng);
/// let (y, (h, c)) = lstm.forward_with(&Tensor::zeros([5, 3, 10]), None);
/// assert_eq!((y.shape(), h.shape(), c.shape()), (&[5, 3, 20][..], &[2, 3, 20][..], &[2, 3, 20][..]));
/// let (more, _) = lstm.forward_with(&Tensor::zeros([1, 3, 10]), Some((&h, &c)));
/// assert_eq!(more.shape(), [1, 3, 20]);
/// ```
#[derive(Clone, Debug)]
pub struct Lstm<T: Float = f32> {
    layers: Vec<Weights<T>>,
    batch_first: bool,
    dropout: f64,
}

#[derive(Clone, Debug)]
struct Weights<T: Float> {
    input: Parameter<T>,
    hidden: Parameter<T>,
    biases: Option<(Parameter<T>, Parameter<T>)>,
}

impl<T: Float> Lstm<T> {
    /// One layer with PyTorch's defaults: steps first, with biases, all values uniform in ±1/√hidden.
    ///
    /// # Panics
    /// If a size is 0.
    #[track_caller]
    pub fn new(input: usize, hidden: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        LstmConfig::new(input, hidden).init(rng)
    }

    /// The hidden states of the last layer at all steps, and the last (h, c) of all layers,
    /// [layers, batch, hidden] each, from the state (h₀, c₀) of that shape; without one, from zeros.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward_with(
        &self,
        x: &Tensor<T>,
        state: Option<(&Tensor<T>, &Tensor<T>)>,
    ) -> (Tensor<T>, (Tensor<T>, Tensor<T>)) {
        assert!(
            x.ndim() == 3,
            "lstm: the input {:?} does not have the 3 axes of a batch of sequences",
            x.shape()
        );
        let mut layers = Vec::with_capacity(self.layers.len());
        // Not in a closure, which would hide the caller's line.
        for layer in &self.layers {
            let mut weights = RecurrentWeights::new(layer.input.on_tape_of(x), layer.hidden.on_tape_of(x));
            if let Some((ih, hh)) = &layer.biases {
                weights = weights.biases(ih.on_tape_of(x), hh.on_tape_of(x));
            }
            layers.push(weights);
        }
        let options = RecurrentOptions::new().batch_first(self.batch_first).dropout(self.dropout);
        x.lstm(state, &layers, options)
    }
}

impl<T: Float> Module<T> for Lstm<T> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        for (l, layer) in self.layers.iter().enumerate() {
            visitor.child(&format!("weight_ih_l{l}"), &layer.input);
            visitor.child(&format!("weight_hh_l{l}"), &layer.hidden);
            if let Some((ih, hh)) = &layer.biases {
                visitor.child(&format!("bias_ih_l{l}"), ih);
                visitor.child(&format!("bias_hh_l{l}"), hh);
            }
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        for (l, layer) in self.layers.iter_mut().enumerate() {
            visitor.child(&format!("weight_ih_l{l}"), &mut layer.input);
            visitor.child(&format!("weight_hh_l{l}"), &mut layer.hidden);
            if let Some((ih, hh)) = &mut layer.biases {
                visitor.child(&format!("bias_ih_l{l}"), ih);
                visitor.child(&format!("bias_hh_l{l}"), hh);
            }
        }
    }
}

/// The hidden states of the last layer at all steps, from a state of zeros.
impl<T: Float> Layer<T> for Lstm<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.forward_with(x, None).0
    }
}

/// What an [`Lstm`] is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmConfig {
    input: usize,
    hidden: usize,
    #[serde(default = "one")]
    layers: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default)]
    batch_first: bool,
    #[serde(default)]
    dropout: f64,
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

impl LstmConfig {
    /// From `input` features to `hidden` ones.
    pub fn new(input: usize, hidden: usize) -> Self {
        Self { input, hidden, layers: 1, bias: true, batch_first: false, dropout: 0.0 }
    }

    /// How many layers run one over the other (default: 1).
    pub fn layers(mut self, layers: usize) -> Self {
        self.layers = layers;
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

    /// The layers: draws the parameters in the order of their names.
    ///
    /// # Panics
    /// If a size is 0 or the probability is not in 0..=1.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Lstm<T> {
        expect(self.try_init(rng))
    }

    /// The layers, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Lstm<T>, ConfigError> {
        let check = Check("LstmConfig");
        check.positive("input", self.input)?;
        check.positive("hidden", self.hidden)?;
        check.positive("layers", self.layers)?;
        check.probability("dropout", self.dropout)?;
        check.fits("weight_ih_l0", &[4, self.hidden, self.input])?;
        check.fits("weight_hh", &[self.layers, 4, self.hidden, self.hidden])?;
        let bound = 1.0 / (self.hidden as f64).sqrt();
        let gates = 4 * self.hidden;
        let mut draw = |shape: &[usize]| Parameter::new(Init::uniform(-bound, bound).tensor(shape, rng));
        let layers = (0..self.layers)
            .map(|l| Weights {
                input: draw(&[gates, if l == 0 { self.input } else { self.hidden }]),
                hidden: draw(&[gates, self.hidden]),
                biases: self.bias.then(|| (draw(&[gates]), draw(&[gates]))),
            })
            .collect();
        Ok(Lstm { layers, batch_first: self.batch_first, dropout: self.dropout })
    }
}
