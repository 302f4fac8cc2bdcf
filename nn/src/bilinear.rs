//! The bilinear layer.

use autodiff::{Float, Parameter, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect, yes};
use crate::init::{Fans, Init, WeightAndBias};
use crate::layer::on_tape_of;
use crate::{ConfigError, Module};

/// A bilinear layer of two inputs: yₖ = x₁ᵀ·Wₖ·x₂ + bₖ on the last axes of x₁ [.., in1] and x₂ [.., in2], whose other
/// axes are the same.
///
/// ```
/// use wengert::prelude::*;
///
/// let layer = Bilinear::<f32>::new(20, 30, 40, &mut ChaCha8Rng::seed_from_u64(0));
/// let y = layer.forward(&Tensor::zeros([128, 20]), &Tensor::zeros([128, 30]));
/// assert_eq!(y.shape(), [128, 40]);
/// assert_eq!(layer.weight.shape(), [40, 20, 30]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Bilinear<T: Float = f32> {
    /// W [out, in1, in2].
    pub weight: Parameter<T>,
    /// b \[out\].
    pub bias: Option<Parameter<T>>,
}

impl<T: Float> Bilinear<T> {
    /// The layer with PyTorch's defaults: with a bias, all values uniform in ±1/√in1.
    ///
    /// # Panics
    /// If a number of features is 0.
    #[track_caller]
    pub fn new(
        in1_features: usize,
        in2_features: usize,
        out_features: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        BilinearConfig::new(in1_features, in2_features, out_features).init(rng)
    }

    /// The output [.., out] for two inputs.
    ///
    /// # Panics
    /// If the last axes are not of in1 and in2 elements, or the other axes differ.
    #[track_caller]
    pub fn forward(&self, x1: &Tensor<T>, x2: &Tensor<T>) -> Tensor<T> {
        let weight = self.weight.on_tape_of(if x1.tape().is_some() { x1 } else { x2 });
        let &[out, in1, in2] = weight.shape() else { unreachable!("the weight has three axes") };
        let (a, b) = (x1.shape(), x2.shape());
        let (Some((&last1, rows1)), Some((&last2, rows2))) = (a.split_last(), b.split_last()) else {
            panic!("Bilinear: the inputs {a:?} and {b:?} are not [.., {in1}] and [.., {in2}]")
        };
        assert!(
            (last1, last2) == (in1, in2) && rows1 == rows2,
            "Bilinear: the inputs {a:?} and {b:?} are not [.., {in1}] and [.., {in2}] with the same axes before"
        );
        let n = rows1.iter().product();
        // Row by row: x₁·W is [out, in2], and that times x₂ the output.
        let flat = weight.movedim([1], [0]).reshape([in1, out * in2]);
        let rows = x1.reshape([n, in1]).matmul(&flat).reshape([n, out, in2]);
        let y = rows.matmul(&x2.reshape([n, in2, 1])).reshape([rows1, &[out]].concat());
        match on_tape_of(self.bias.as_ref(), &y) {
            Some(bias) => y + bias,
            None => y,
        }
    }
}

/// What a [`Bilinear`] layer is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BilinearConfig {
    in1_features: usize,
    in2_features: usize,
    out_features: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "Init::pytorch")]
    weight_init: Init,
    #[serde(default = "Init::pytorch")]
    bias_init: Init,
}

impl BilinearConfig {
    /// From `in1_features` and `in2_features` to `out_features`.
    pub fn new(in1_features: usize, in2_features: usize, out_features: usize) -> Self {
        Self {
            in1_features,
            in2_features,
            out_features,
            bias: true,
            weight_init: Init::pytorch(),
            bias_init: Init::pytorch(),
        }
    }

    /// Whether there is a bias (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The weight's first values (default: [`Init::pytorch`]). As in PyTorch the fan-in is in1.
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = init;
        self
    }

    /// The bias's first values (default: [`Init::pytorch`], with the weight's fans).
    pub fn bias_init(mut self, init: Init) -> Self {
        self.bias_init = init;
        self
    }

    /// The layer: draws the weight, then the bias.
    ///
    /// # Panics
    /// If a number of features is 0 or an initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Bilinear<T> {
        expect(self.try_init(rng))
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// A number of features is 0 or an initialization is none.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Bilinear<T>, ConfigError> {
        let check = Check("BilinearConfig");
        check.positive("in1_features", self.in1_features)?;
        check.positive("in2_features", self.in2_features)?;
        check.positive("out_features", self.out_features)?;
        let shape = [self.out_features, self.in1_features, self.in2_features];
        let fans = |shape: &[usize]| Some(Fans { fan_in: shape[1], fan_out: shape[0] });
        let Self { bias, weight_init, bias_init, .. } = *self;
        let parameters =
            WeightAndBias { shape: &shape, outputs: self.out_features, fans, weight_init, bias_init, bias };
        let (weight, bias) = parameters.draw(&check, rng)?;
        Ok(Bilinear { weight, bias })
    }
}
