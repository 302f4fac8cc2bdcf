//! What a file of weights holds of a layer.

use autodiff::{Float, Parameter, Tensor};
use nn::{BatchNorm2d, Buffer, Conv2d, Linear};

/// A layer whose numbers stand in a file of weights, as [`DarknetWeights`](super::DarknetWeights) lists them.
#[derive(Clone, Debug)]
pub struct DarknetLayer<'a, T: Float = f32> {
    pub(super) name: String,
    pub(super) number: Option<usize>,
    weight: &'a Parameter<T>,
    bias: Option<&'a Parameter<T>>,
    bn: Option<&'a BatchNorm2d<T>>,
    connected: bool,
    flipped: bool,
}

/// Numbers that stand in the file one after the other.
pub(super) struct Part<'a, T: Float> {
    /// What they are, in the plural.
    pub(super) what: &'static str,
    pub(super) target: Target<'a, T>,
    pub(super) len: usize,
    /// Whether they may stand transposed in the file.
    pub(super) turns: Turns,
}

/// Whether a matrix stands transposed in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turns {
    Never,
    /// In files of some versions.
    ByVersion,
    Always,
}

pub(super) enum Target<'a, T: Float> {
    Parameter(&'a Parameter<T>),
    Buffer(&'a Buffer<T>),
}

impl<T: Float> Target<'_, T> {
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Parameter(parameter) => parameter.shape(),
            Self::Buffer(buffer) => buffer.shape(),
        }
    }

    pub(super) fn value(&self) -> Tensor<T> {
        match self {
            Self::Parameter(parameter) => parameter.value(),
            Self::Buffer(buffer) => buffer.value(),
        }
    }

    pub(super) fn set(&self, value: &Tensor<T>) {
        match self {
            Self::Parameter(parameter) => parameter.set(value),
            Self::Buffer(buffer) => buffer.set(value),
        }
    }
}

impl<'a, T: Float> DarknetLayer<'a, T> {
    /// A convolution, with the batch normalization after it or with a bias; its name in the module is for errors.
    ///
    /// # Panics
    /// If it has both a bias and a normalization, or neither, or a normalization that is not affine or tracks no
    /// statistics.
    #[track_caller]
    pub fn convolutional(
        name: impl Into<String>,
        conv: &'a Conv2d<T>,
        bn: Option<&'a BatchNorm2d<T>>,
    ) -> Self {
        Self::new(name.into(), &conv.weight, conv.bias.as_ref(), bn, false)
    }

    /// A linear layer that Darknet has as a 1×1 convolution.
    ///
    /// # Panics
    /// If it has no bias.
    #[track_caller]
    pub fn pointwise(name: impl Into<String>, linear: &'a Linear<T>) -> Self {
        Self::new(name.into(), &linear.weight, linear.bias.as_ref(), None, false)
    }

    /// A connected layer, with the batch normalization after it or with a bias.
    ///
    /// # Panics
    /// As for [`convolutional`](Self::convolutional).
    #[track_caller]
    pub fn connected(name: impl Into<String>, linear: &'a Linear<T>, bn: Option<&'a BatchNorm2d<T>>) -> Self {
        Self::new(name.into(), &linear.weight, linear.bias.as_ref(), bn, true)
    }

    #[track_caller]
    fn new(
        name: String,
        weight: &'a Parameter<T>,
        bias: Option<&'a Parameter<T>>,
        bn: Option<&'a BatchNorm2d<T>>,
        connected: bool,
    ) -> Self {
        assert!(
            bias.is_some() != bn.is_some(),
            "DarknetLayer: `{name}` needs a bias or a batch normalization, and not both"
        );
        let complete = |bn: &BatchNorm2d<T>| {
            bn.weight.is_some() && bn.bias.is_some() && bn.running_mean.is_some() && bn.running_var.is_some()
        };
        assert!(
            bn.is_none_or(complete),
            "DarknetLayer: the batch normalization of `{name}` is not affine or tracks no statistics"
        );
        Self { name, number: None, weight, bias, bn, connected, flipped: false }
    }

    /// The layer with the number that cutoffs go by (default: its place among those with weights).
    pub fn number(mut self, number: usize) -> Self {
        self.number = Some(number);
        self
    }

    /// Whether the weights of this convolution stand transposed in the file (default: no).
    pub fn flipped(mut self, flipped: bool) -> Self {
        self.flipped = flipped;
        self
    }

    /// How many numbers the file holds of it.
    pub fn numbers(&self) -> u64 {
        self.parts().iter().map(|part| part.len as u64).sum()
    }

    /// Its numbers in the file's order.
    pub(super) fn parts(&self) -> Vec<Part<'a, T>> {
        let part = |what, target: Target<'a, T>| {
            let len = target.shape().iter().product();
            Part { what, target, len, turns: Turns::Never }
        };
        let parameter = |what, p: &'a Parameter<T>| part(what, Target::Parameter(p));
        let buffer = |what, b: &'a Buffer<T>| part(what, Target::Buffer(b));
        let statistics = self.bn.iter().flat_map(|bn| {
            [
                bn.weight.as_ref().map(|weight| parameter("scales", weight)),
                bn.running_mean.as_ref().map(|mean| buffer("means", mean)),
                bn.running_var.as_ref().map(|var| buffer(VARIANCES, var)),
            ]
        });
        let statistics = statistics.flatten();
        let bias = self.bias.or(self.bn.and_then(|bn| bn.bias.as_ref())).expect("it has one of them");
        let mut weights = parameter("weights", self.weight);
        weights.turns = match (self.connected, self.flipped) {
            (true, _) => Turns::ByVersion,
            (false, true) => Turns::Always,
            (false, false) => Turns::Never,
        };
        let mut parts = vec![parameter("biases", bias)];
        if self.connected {
            parts.push(weights);
            parts.extend(statistics);
        } else {
            parts.extend(statistics);
            parts.push(weights);
        }
        parts
    }
}

/// The part whose numbers are not negative.
pub(super) const VARIANCES: &str = "variances";

/// The matrix [columns, rows] of one [rows, columns].
pub(super) fn transposed<N: Copy>(numbers: &[N], rows: usize) -> Vec<N> {
    let columns = numbers.len().checked_div(rows).unwrap_or(0);
    (0..columns).flat_map(|column| (0..rows).map(move |row| numbers[row * columns + column])).collect()
}
