//! Binary cross-entropy, of probabilities and of logits.

use smallvec::smallvec;

use super::pointwise::pointwise;
use super::{
    Reduction, check_broadcasts, keep, known_of, refuse_empty, refuse_nan, refuse_where, same_shape, weighted,
};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::mask::Mask;
use crate::ops::{map2, one, only};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(BinaryCrossEntropy, Slope);

/// The least value of a logarithm of a probability.
const LEAST_LN: f64 = -100.0;
/// The least p(1 − p) that a gradient is divided by.
const LEAST_VARIANCE: f64 = 1e-12;

/// −(y·max(ln p, −100) + (1 − y)·max(ln(1 − p), −100)) for a probability p and a target y.
///
/// Rule: dp = (p − y)/max(p(1 − p), 10⁻¹²)·dl, which is finite where a sure prediction is wrong;
/// dy = (max(ln(1 − p), −100) − max(ln p, −100))·dl.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinaryCrossEntropy;

/// max(x, least); NaN stays.
#[inline(always)]
fn at_least<T: Float>(x: T, least: f64) -> T {
    let least = T::from_f64(least);
    if x < least { least } else { x }
}

impl<T: Float> Function<T> for BinaryCrossEntropy {
    fn name(&self) -> &'static str {
        "binary_cross_entropy"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        super::pointwise::output_shapes(inputs)
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |p, y| -(y * at_least(p.vln(), LEAST_LN) + (T::one() - y) * at_least((-p).vln_1p(), LEAST_LN)),
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (p, y, dl) = (cx.input(0), cx.input(1), only(grads));
        let ln = |p: &Tensor<T>| p.ln().clamp(LEAST_LN, f64::INFINITY);
        smallvec![
            cx.needs(0).then(|| dl * apply_one(Slope, &[&p, &y])),
            cx.needs(1).then(|| dl * (ln(&(1.0 - &p)) - ln(&p)))
        ]
    }
}

/// (p − y)/max(p(1 − p), 10⁻¹²), the slope of [`BinaryCrossEntropy`]. Rule: with d the divisor and s the slope,
/// dp = (1 − s·(1 − 2p))/d·ds where the bound does not bind and 1/d·ds where it does, dy = −1/d·ds.
#[derive(Clone, Copy, Debug)]
struct Slope;

impl<T: Float> Function<T> for Slope {
    fn name(&self) -> &'static str {
        "binary_cross_entropy_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |p, y| (p - y) / at_least(p * (T::one() - p), LEAST_VARIANCE),
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (p, y) = (cx.input(0), cx.input(1));
        let variance = &p * (1.0 - &p);
        let free = variance.gt(LEAST_VARIANCE).to_tensor();
        let divisor = variance.clamp(LEAST_VARIANCE, f64::INFINITY);
        let ds = only(grads) / &divisor;
        let dp = cx.needs(0).then(|| {
            let slope = (&p - &y) / &divisor;
            &ds - keep(&(&ds * slope * (1.0 - &p * 2.0)), &free)
        });
        smallvec![dp, cx.needs(1).then(|| -&ds)]
    }
}

/// (e^(−|x|)/(1 + e^(−|x|)), 1/(1 + e^(−|x|))) in the order σ(−x), σ(x): both to the last places.
#[inline(always)]
pub(super) fn sigmoids<T: Float>(x: T) -> (T, T) {
    let small = (-x.abs()).vsigmoid();
    let large = T::one() - small;
    if x < T::zero() { (large, small) } else { (small, large) }
}

/// (ln(1 + e⁻ˣ), ln(1 + eˣ)): −ln σ(x) and −ln σ(−x), from one logarithm.
#[inline(always)]
pub(super) fn softpluses<T: Float>(x: T) -> (T, T) {
    let tail = (-x.abs()).vsoftplus();
    let positive = if x > T::zero() { x } else { T::zero() };
    let negative = if x < T::zero() { -x } else { T::zero() };
    (negative + tail, positive + tail)
}

pointwise! {
    /// −(y ln σ(x) + (1 − y) ln(1 − σ(x))) for a logit x and a target y; fused. Rule: dx = (σ(x) − y)·dl,
    /// dy = −x·dl.
    ///
    /// It is y·ln(1 + e⁻ˣ) + (1 − y)·ln(1 + eˣ), whose terms are not negative. The shorter ln(1 + eˣ) − x·y is a
    /// small difference of large numbers where a logit is large and right, and so is σ(x) − y.
    BinaryCrossEntropyWithLogits {}, "binary_cross_entropy_with_logits",
    loss |_s, x, y| {
        let (of_one, of_zero) = softpluses(x);
        y * of_one + (T::one() - y) * of_zero
    },
    slope {
        let (of_zero, of_one) = sigmoids(x);
        (T::one() - y) * of_one - y * of_zero
    },
    target -x,
    composed y * (-x).softplus() + (1.0 - y) * x.softplus()
}

/// Options of [`Tensor::binary_cross_entropy_with`].
#[derive(Clone, Debug, Default)]
pub struct BceOptions<T: Float> {
    weight: Option<Tensor<T>>,
    known: Option<Mask>,
    reduction: Reduction,
}

/// Options of [`Tensor::binary_cross_entropy_with_logits_and`].
#[derive(Clone, Debug, Default)]
pub struct BceWithLogitsOptions<T: Float> {
    common: BceOptions<T>,
    pos_weight: Option<Tensor<T>>,
}

impl<T: Float> BceOptions<T> {
    /// No weights, all targets known, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// Factors of the losses, which broadcast to them; constants. The mean divides by the number of losses, not
    /// by the sum of the weights.
    pub fn weight(mut self, weight: &Tensor<T>) -> Self {
        self.weight = Some(weight.detach());
        self
    }

    /// Which targets are known, in their shape (default: all). Where the mask is false the target may be
    /// anything, NaN too; the loss and its gradient are 0, and the mean does not count it. With nothing known the
    /// mean is NaN.
    pub fn known(mut self, known: &Mask) -> Self {
        self.known = Some(known.clone());
        self
    }

    /// What becomes of the losses (default: their mean).
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// Predictions and targets, in which zeros stand for what is not known.
    #[track_caller]
    fn inputs(
        &self,
        name: &'static str,
        x: &Tensor<T>,
        y: &Tensor<T>,
    ) -> (Tensor<T>, Tensor<T>, Option<Tensor<T>>) {
        same_shape(name, x, y);
        refuse_empty(name, x, self.reduction);
        let Some(known) = &self.known else { return (x.clone(), y.clone(), None) };
        let known = known_of(name, known, x.shape());
        (keep(x, &known), keep(y, &known), Some(known))
    }

    #[track_caller]
    fn reduce(&self, name: &'static str, mut losses: Tensor<T>, known: Option<Tensor<T>>) -> Tensor<T> {
        let mut count = None;
        if let Some(known) = known {
            losses = keep(&losses, &known);
            count = self.known.as_ref().map(|known| known.count() as f64);
        }
        self.reduction.reduce_by(weighted(name, losses, self.weight.as_ref()), count)
    }
}

impl<T: Float> BceWithLogitsOptions<T> {
    /// No weights, all targets known, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// Factors of the losses, which broadcast to them; constants. The mean divides by the number of losses, not
    /// by the sum of the weights.
    pub fn weight(mut self, weight: &Tensor<T>) -> Self {
        self.common = self.common.weight(weight);
        self
    }

    /// Factors of the terms of positive targets, which broadcast to the logits: above 1 for more recall, below
    /// for more precision; constants.
    pub fn pos_weight(mut self, pos_weight: &Tensor<T>) -> Self {
        self.pos_weight = Some(pos_weight.detach());
        self
    }

    /// Which targets are known, in their shape (default: all): labels of several tasks of which each example has
    /// some. Where the mask is false the target may be anything, NaN too; the loss and its gradient are 0, and
    /// the mean does not count it. With nothing known the mean is NaN.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let labels = Tensor::<f64>::from_vec([2, 2], vec![1.0, f64::NAN, f64::NAN, 0.0]);
    /// let known = Mask::from_vec([2, 2], vec![true, false, false, true]);
    /// let options = BceWithLogitsOptions::new().known(&known);
    /// let loss = Tensor::zeros([2, 2]).binary_cross_entropy_with_logits_and(&labels, options);
    /// assert_eq!(loss.item(), 2f64.ln());
    /// ```
    pub fn known(mut self, known: &Mask) -> Self {
        self.common = self.common.known(known);
        self
    }

    /// What becomes of the losses (default: their mean).
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.common.reduction = reduction;
        self
    }
}

impl<T: Float> From<Reduction> for BceOptions<T> {
    fn from(reduction: Reduction) -> Self {
        Self::new().reduction(reduction)
    }
}

impl<T: Float> From<Reduction> for BceWithLogitsOptions<T> {
    fn from(reduction: Reduction) -> Self {
        Self::new().reduction(reduction)
    }
}

impl<T: Float> Tensor<T> {
    /// The mean binary cross-entropy of probabilities p and targets y in 0..=1 of the same shape:
    /// L = −(y ln p + (1 − y) ln(1 − p)).
    ///
    /// The logarithms are at least −100, so that a sure prediction that is wrong costs 100 and not ∞; the
    /// gradient is (p − y)/max(p(1 − p), 10⁻¹²). Of a model that ends in logits,
    /// [`binary_cross_entropy_with_logits`](Self::binary_cross_entropy_with_logits) is exact.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let p = Tensor::<f64>::from_vec([2], vec![0.5, 1.0]);
    /// let loss = p.binary_cross_entropy(&Tensor::from_vec([2], vec![1.0, 0.0]));
    /// assert_eq!(loss.item(), (2f64.ln() + 100.0) / 2.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, a prediction is not in 0..=1 (NaN goes through), or a target
    /// is NaN.
    #[track_caller]
    pub fn binary_cross_entropy(&self, target: &Self) -> Self {
        self.binary_cross_entropy_with(target, BceOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`binary_cross_entropy`](Self::binary_cross_entropy), an empty batch only for the mean; or if the
    /// weight does not broadcast or the mask has another shape.
    #[track_caller]
    pub fn binary_cross_entropy_with(&self, target: &Self, options: impl Into<BceOptions<T>>) -> Self {
        const NAME: &str = "binary_cross_entropy";
        let options = options.into();
        let (p, y, known) = options.inputs(NAME, self, target);
        refuse_nan(NAME, &y);
        let says = |p: T, at: usize| format!("the probability {p} at position {at} is not in 0..=1");
        refuse_where(NAME, &p, |p| p < T::zero() || p > T::one(), says);
        options.reduce(NAME, apply_one(BinaryCrossEntropy, &[&p, &y]), known)
    }

    /// The mean binary cross-entropy of logits and targets in 0..=1 of the same shape:
    /// L = −(y ln σ(x) + (1 − y) ln(1 − σ(x))) = ln(1 + eˣ) − x·y, which is stable at any size of x.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::from_vec([2], vec![0.0, 1000.0]);
    /// let loss = logits.binary_cross_entropy_with_logits(&Tensor::from_vec([2], vec![0.0, 1.0]));
    /// assert_eq!(loss.item(), 2f64.ln() / 2.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits(&self, target: &Self) -> Self {
        self.binary_cross_entropy_with_logits_and(target, BceWithLogitsOptions::new())
    }

    /// The same with options: weights, weights of positive targets, a mask of the targets that are known.
    ///
    /// # Panics
    /// As [`binary_cross_entropy_with_logits`](Self::binary_cross_entropy_with_logits), an empty batch only
    /// for the mean; or if a weight does not broadcast or the mask has another shape.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits_and(
        &self,
        target: &Self,
        options: impl Into<BceWithLogitsOptions<T>>,
    ) -> Self {
        const NAME: &str = "binary_cross_entropy_with_logits";
        let BceWithLogitsOptions { common, pos_weight } = options.into();
        let (x, y, known) = common.inputs(NAME, self, target);
        refuse_nan(NAME, &y);
        let losses = match &pos_weight {
            None => apply_one(BinaryCrossEntropyWithLogits {}, &[&x, &y]),
            Some(pos_weight) => {
                check_broadcasts(NAME, "pos_weight", pos_weight, x.shape());
                &y * pos_weight * (-&x).softplus() + (1.0 - &y) * x.softplus()
            }
        };
        common.reduce(NAME, losses, known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn logits_that_are_surely_right_keep_their_small_losses_and_gradients() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f32>::from_vec([4], vec![-20.0, 20.0, -10.0, 10.0]));
        let y = Tensor::from_vec([4], vec![0.0, 1.0, 0.0, 1.0]);
        let losses = x.binary_cross_entropy_with_logits_and(&y, Reduction::None);
        let gradients = losses.sum(..).backward().get(&x).unwrap().to_vec();
        for i in 0..4 {
            // ln(1 + e⁻ᵃ) and ∓σ(−a) at a = |x|.
            let odds = (-x.view()[i].abs() as f64).exp();
            let (loss, slope) = (odds.ln_1p(), odds / (1.0 + odds));
            let gradient = if y.view()[i] == 0.0 { slope } else { -slope };
            assert!((losses.view()[i] as f64 / loss - 1.0).abs() < 1e-5, "{losses}");
            assert!((gradients[i] as f64 / gradient - 1.0).abs() < 1e-5, "{gradients:?}");
        }
    }

    #[test]
    fn what_is_not_known_leaves_no_trace() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::from_vec([3], vec![1.0, f64::NAN, f64::INFINITY]));
        let y = Tensor::from_vec([3], vec![1.0, 0.0, f64::NAN]);
        let options = BceWithLogitsOptions::new().known(&Mask::from_vec([3], vec![true, false, false]));
        let loss = x.binary_cross_entropy_with_logits_and(&y, options);
        assert!((loss.item() - (-1f64).exp().ln_1p()).abs() < 1e-15);
        let gradient = loss.backward().get(&x).unwrap().to_vec();
        assert!((gradient[0] + 1.0 / (1.0 + 1f64.exp())).abs() < 1e-15 && gradient[1..] == [0.0, 0.0]);
    }
}
