//! A function of one's own: written with its kernels, proved by the battery, used in a model.
//!
//! ```text
//! cargo run --release --example custom_function
//! ```
//!
//! The function squashes vectors, as capsules do (S. Sabour, N. Frosst and G. Hinton, "Dynamic routing between
//! capsules", 2017): it keeps the direction of s and gives it a length below 1,
//!
//! v = s·n / (1 + n²),  n = √(‖s‖² + ε),
//!
//! along the last axis. It is fused: one pass over the vectors forward and one backward. Then a network of ten
//! capsules learns to read the digits: the capsule that makes the longest vector names the digit.

use proptest::strategy::Strategy;
use wengert::autodiff::check::property::{Battery, cases, full_shape};
use wengert::autodiff::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use wengert::autodiff::{Shape, ShapeError, Shapes, Value, apply};
use wengert::data::{Batches, digits};
use wengert::ndarray::{ArrayD, Axis, Zip};
use wengert::prelude::*;

/// What is added to ‖s‖², so that a vector of length 0 has a gradient.
const EPS: f64 = 1e-9;

/// v = s·n / (1 + n²) along the last axis. Rule: ds = f·dv + s·(s·dv)·f′/n, with f = n/(1 + n²).
#[derive(Clone, Copy, Debug)]
struct Squash;

impl<T: Float> Function<T> for Squash {
    fn name(&self) -> &'static str {
        "squash"
    }

    /// All that can be wrong with a call is found here: there must be vectors.
    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if inputs[0].is_empty() {
            return Err(ShapeError::new("a number has no last axis to squash"));
        }
        Ok([Shape::from_slice(inputs[0])].into_iter().collect())
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        let last = Axis(inputs[0].shape().len() - 1);
        let mut v = inputs[0].view().to_owned();
        for mut vector in v.lanes_mut(last) {
            let factor = Factor::of(vector.iter().copied());
            vector.mapv_inplace(|s| s * factor.f);
        }
        v.into()
    }

    /// The first order, on plain arrays.
    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let s = cx.input(0);
        let dv = grads[0].as_ref().expect("the only output has a gradient");
        let mut ds = ArrayD::from_elem(s.shape(), T::zero());
        let last = Axis(s.ndim() - 1);
        Zip::from(ds.lanes_mut(last)).and(s.view().lanes(last)).and(dv.view().lanes(last)).for_each(
            |mut ds, s, dv| {
                let factor = Factor::of(s.iter().copied());
                let along = s.iter().zip(&dv).map(|(&s, &dv)| s * dv).sum::<T>() * factor.slope;
                Zip::from(&mut ds).and(&s).and(&dv).for_each(|ds, &s, &dv| *ds = factor.f * dv + s * along);
            },
        );
        [Some(ds.into())].into_iter().collect()
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

/// The same in operations of tensors, which is what is differentiated again.
impl<T: Float> Composed<T> for Squash {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let s = &inputs[0];
        let squared = s.square().sum(keepdim(-1)) + EPS;
        [s * squared.sqrt() / (squared + 1.0)].into_iter().collect()
    }
}

/// f = n/(1 + n²) and f′/n = (1 − n²)/(n·(1 + n²)²) of one vector.
struct Factor<T> {
    f: T,
    slope: T,
}

impl<T: Float> Factor<T> {
    fn of(vector: impl Iterator<Item = T>) -> Self {
        let squared = vector.map(|s| s * s).sum::<T>() + T::from_f64(EPS);
        let (n, one) = (squared.sqrt(), T::one());
        let whole = one + squared;
        Self { f: n / whole, slope: (one - squared) / (n * whole * whole) }
    }
}

/// Squashes the vectors along the last axis.
#[track_caller]
fn squash<T: Float>(s: &Tensor<T>) -> Tensor<T> {
    apply(Squash, &[s]).remove(0)
}

/// Ten capsules of 8 numbers on pictures of 8 by 8.
#[derive(Clone, Module)]
struct Capsules {
    hidden: Linear,
    capsules: Linear,
}

impl Layer<f32> for Capsules {
    /// The length of each capsule's vector.
    fn forward(&self, x: &Tensor) -> Tensor {
        let h = self.hidden.forward(&x.flatten_from(1)).relu();
        let s = self.capsules.forward(&h).reshape([x.shape()[0], 10, 8]);
        (squash(&s).square().sum(-1) + EPS).sqrt()
    }
}

/// The right capsule's vector should be longer than 0.9, the others' shorter than 0.1.
fn margin_loss(lengths: &Tensor, labels: &Indices) -> Tensor {
    let right = labels.one_hot(10);
    let short = (0.9 - lengths).relu().square();
    let long = (lengths - 0.1).relu().square();
    (&right * short + 0.5 * (1.0 - &right) * long).sum(1).mean(..)
}

fn main() {
    let shapes = || cases(full_shape(1..=3).prop_map(|shape| (vec![shape], ())), -2.0..=2.0);
    Battery::new().function("squash", shapes, |()| Squash);
    println!("squash is proved: both orders, both precisions, on views, at one thread and three");

    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let [train, test] = digits().split([0.8, 0.2], &mut rng);
    let model = Capsules {
        hidden: Linear::new(train.example_shape().iter().product(), 64, &mut rng),
        capsules: Linear::new(64, 80, &mut rng),
    };
    let mut adam = Adam::new(model.parameters(), 2e-3);
    let batches = Batches::new(&train, 32).shuffle(0);
    for epoch in 0..10 {
        let mut sum = 0.0;
        for batch in batches.epoch(epoch) {
            let tape = Tape::training(rng.random());
            let loss = margin_loss(&model.forward(&tape.constant(batch.inputs)), &batch.labels);
            sum += f64::from(loss.item());
            adam.step(&loss.backward());
        }
        println!("epoch {:>2}  loss {:.4}", epoch + 1, sum / batches.len() as f64);
    }

    let all = test.to_batch();
    let named = model.forward(&all.inputs).argmax(1).to_vec();
    let right = named.iter().zip(all.labels.to_vec()).filter(|(a, b)| *a == b).count();
    println!("test accuracy: {:.2} %", 100.0 * right as f64 / test.len() as f64);
}
