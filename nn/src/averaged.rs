//! The average of a model over its training.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::module::leaves::{Leaf, LeafId, leaves};
use crate::{Buffer, ConfigError, Layer, Module};

/// How the states of a model are averaged: after n states have gone in, the next goes in with the share
///
/// | | |
/// | --- | --- |
/// | [`Equal`](Self::Equal) | 1 / (n + 1) |
/// | [`Exponential`](Self::Exponential) | 1 − β, the first state being the first average |
/// | [`BiasCorrected`](Self::BiasCorrected) | (1 − β) / (1 − βⁿ⁺¹) |
/// | [`WarmUp`](Self::WarmUp) | 1 − min(β, (1 + n) / (10 + n)), the first state being the first average |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Averaging {
    /// All states count alike: stochastic weight averaging. After Izmailov et al., "Averaging weights leads to wider
    /// optima and better generalization" (2018).
    Equal,
    /// average ← β·average + (1 − β)·state, PyTorch's `get_ema_multi_avg_fn`, with the decay β. The first state keeps
    /// the share βⁿ.
    Exponential(f64),
    /// The exponential average as if it had begun at 0, divided by 1 − βⁿ⁺¹: the first state counts no more than its
    /// turn.
    BiasCorrected(f64),
    /// The exponential average, whose decay grows to β over the first states, as TensorFlow's with `num_updates`.
    WarmUp(f64),
}

impl Averaging {
    /// The share with which the next state goes in, after `n`.
    pub fn share(self, n: u64) -> f64 {
        let n = n as f64;
        match self {
            _ if n == 0.0 => 1.0,
            Self::Equal => 1.0 / (n + 1.0),
            Self::Exponential(decay) => 1.0 - decay,
            // At a decay of 1, its limit.
            Self::BiasCorrected(1.0) => 1.0 / (n + 1.0),
            Self::BiasCorrected(decay) => (1.0 - decay) / (1.0 - decay.powf(n + 1.0)),
            Self::WarmUp(decay) => 1.0 - decay.min((1.0 + n) / (10.0 + n)),
        }
    }

    /// Whether the decay is one.
    ///
    /// # Errors
    /// It is not in 0..=1.
    pub fn check(&self) -> Result<(), ConfigError> {
        match *self {
            Self::Equal => Ok(()),
            Self::Exponential(decay) | Self::BiasCorrected(decay) | Self::WarmUp(decay) => {
                let valid = (0.0..=1.0).contains(&decay);
                Check("Averaging").that(valid, "decay", decay, "a number in 0..=1")
            }
        }
    }
}

/// A copy of a model whose parameters are an average over the model's training, as `torch.optim.swa_utils` has it.
///
/// [`update`](Self::update) after a step, or after an epoch, takes in the model as it is then. Buffers, like the running
/// statistics of batch normalization, are copied from the model each time, or averaged too with
/// [`use_buffers`](Self::use_buffers); for an average of weights far apart they are best computed anew, by
/// [`update_bn`](crate::update_bn).
///
/// Saved and loaded as any module: the parameters as `module.…`, and how many states went in as `n_averaged`.
///
/// ```
/// use wengert::nn::{AveragedModel, Averaging};
/// use wengert::prelude::*;
///
/// let model = Linear::<f32>::new(4, 1, &mut ChaCha8Rng::seed_from_u64(0));
/// let average = AveragedModel::new(&model, Averaging::Exponential(0.999));
/// let mut sgd = Sgd::new(model.parameters(), 0.1);
/// for step in 0..3 {
///     let tape = Tape::training(step);
///     let loss = model.forward(&tape.constant(Tensor::ones([8, 4]))).square().mean(..);
///     sgd.step(&loss.backward());
///     average.update(&model);
/// }
/// assert_eq!(average.count(), 3);
/// assert_eq!(average.forward(&Tensor::ones([2, 4])).shape(), [2, 1]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct AveragedModel<M, T: Float = f32> {
    /// The average.
    pub module: M,
    n_averaged: Buffer<T>,
    #[module(skip)]
    averaging: Averaging,
    use_buffers: bool,
}

impl<T: Float, M: Module<T> + Clone> AveragedModel<M, T> {
    /// For a model, none of whose states has gone in yet. Until the first [`update`](Self::update) it is a copy of the
    /// model as it is now.
    ///
    /// # Panics
    /// If the decay is not in 0..=1.
    #[track_caller]
    pub fn new(model: &M, averaging: Averaging) -> Self {
        expect(averaging.check());
        let n_averaged = Buffer::count();
        Self { module: model.deep_clone(), n_averaged, averaging, use_buffers: false }
    }
}

impl<T: Float, M: Module<T>> AveragedModel<M, T> {
    /// Whether buffers are averaged as parameters are (default: no, they are copied, as counts always are).
    pub fn use_buffers(mut self, average: bool) -> Self {
        self.use_buffers = average;
        self
    }

    /// How many states of the model went in.
    pub fn count(&self) -> u64 {
        Float::to_f64(self.n_averaged.value().item()) as u64
    }

    /// Takes in the model as it is now.
    ///
    /// # Panics
    /// If the model has other parameters or buffers than the average.
    #[track_caller]
    pub fn update(&self, model: &M) {
        let (averages, states) = (leaves(&self.module), leaves(model));
        for pair in averages.iter().zip(&states) {
            let ((path, average), (other, state)) = pair;
            let (shape, found) = (average.value().shape().to_vec(), state.value().shape().to_vec());
            if path != other || shape != found {
                panic!(
                    "AveragedModel: the model has `{other}` {found:?} where the average has `{path}` {shape:?}"
                );
            }
        }
        if averages.len() != states.len() {
            let (n, expected) = (states.len(), averages.len());
            panic!("AveragedModel: the model has {n} parameters and buffers, the average {expected}");
        }
        let n = self.count();
        let share = self.averaging.share(n);
        let mut seen: std::collections::HashSet<LeafId> = Default::default();
        for ((_, average), (_, state)) in averages.iter().zip(&states) {
            if seen.insert(average.id()) {
                self.take_in(average, state, share);
            }
        }
        self.n_averaged.set(&Tensor::scalar((n + 1) as f64));
    }

    fn take_in(&self, average: &Leaf<T>, state: &Leaf<T>, share: f64) {
        match (average, state) {
            (Leaf::Parameter(average), state) if share != 1.0 => {
                let (state, share) = (state.value(), T::from_f64(share));
                average.update(|values| values.zip_mut_with(&state.view(), |a, &x| *a += (x - *a) * share));
            }
            (Leaf::Buffer(average), state) if self.use_buffers && !average.is_count() => {
                average.set(&average.value().lerp(&state.value(), share));
            }
            (average, state) => average.set(&state.value()),
        }
    }
}

impl<T: Float, M: Layer<T>> Layer<T> for AveragedModel<M, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.module.forward(x)
    }
}
