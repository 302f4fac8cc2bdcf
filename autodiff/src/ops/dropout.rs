//! Dropout.

use super::{one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::random;
use crate::shape::{ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Dropout);

/// Each element set to 0 with probability p, the others divided by 1 − p. Which ones follows from the seed,
/// the number of the draw and the element's position alone, so that the rule draws the same ones again:
/// dx = the same function of dy.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// The probability with which an element is dropped.
    pub p: f64,
    /// The seed of the tape.
    pub seed: u64,
    /// The number of the draw on that tape.
    pub draw: u64,
}

impl<T: Float> Function<T> for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check(self.p)?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        Value::build(x.shape(), |out| {
            random::dropout(x.as_slice().expect("row-major"), self.p, self.seed, self.draw, out);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(*self, &[only(grads)]))
    }
}

fn check(p: f64) -> Result<(), ShapeError> {
    if (0.0..=1.0).contains(&p) {
        Ok(())
    } else {
        Err(ShapeError::new(format!("the probability {p} is not in 0..=1")))
    }
}

impl<T: Float> Tensor<T> {
    /// Inverted dropout: on a training tape each element is set to 0 with probability `p` and the others
    /// are divided by 1 − p, so that the expected value stays; on an evaluating tape, or on none, the tensor
    /// stays as it is.
    ///
    /// The tape's seed decides which elements are dropped: the same at any number of threads, and in every
    /// replay.
    ///
    /// After Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::ones([1000]);
    /// assert_eq!(x.dropout(0.5).to_vec(), x.to_vec());
    /// let dropped = Tape::training(7).constant(&x).dropout(0.5);
    /// assert!(dropped.view().iter().all(|&y| y == 0.0 || y == 2.0));
    /// ```
    ///
    /// # Panics
    /// If `p` is not in 0..=1.
    #[track_caller]
    pub fn dropout(&self, p: f64) -> Self {
        if let Err(error) = check(p) {
            refuse(error.of("dropout", &[self.shape()]));
        }
        match self.tape().filter(|_| p > 0.0).and_then(|tape| tape.draw()) {
            Some((seed, draw)) => apply_one(Dropout { p, seed, draw }, &[self]),
            None => self.clone(),
        }
    }
}
