//! Activations that draw at random.

use crate::Float;
use crate::kernels::random;
use crate::shape::{ShapeError, refuse};
use crate::tensor::Tensor;
use crate::value::Value;

impl<T: Float> Tensor<T> {
    /// The randomized leaky rectifier: x where x > 0, a·x elsewhere. On a training tape a is drawn for each element
    /// from lower..upper; on an evaluating tape, or on none, it is (lower + upper)/2. The derivative at 0 is a. PyTorch's
    /// bounds are 1/8 and 1/3 by default.
    ///
    /// The tape's seed decides what is drawn: the same at any number of threads, in every replay, and, rounded, for
    /// `f32` and `f64`.
    ///
    /// After Xu, Wang, Chen and Li, "Empirical evaluation of rectified activations in convolutional network" (2015).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![-2.0, 3.0]);
    /// assert_eq!(x.rrelu(0.25, 0.75).to_vec(), [-1.0, 3.0]);
    /// let y = Tape::training(7).constant(&x).rrelu(0.25, 0.75).to_vec();
    /// assert!((-1.5..=-0.5).contains(&y[0]) && y[1] == 3.0);
    /// ```
    ///
    /// # Panics
    /// If lower > upper, or one of them is not finite.
    #[track_caller]
    pub fn rrelu(&self, lower: f64, upper: f64) -> Self {
        if !(lower.is_finite() && upper.is_finite() && lower <= upper) {
            let error = ShapeError::new(format!("the slopes {lower}..{upper} are no interval"));
            refuse(error.of("rrelu", &[self.shape()]));
        }
        let Some((tape, (seed, draw))) = self.tape().and_then(|tape| Some((tape, tape.draw()?))) else {
            return self.leaky_relu((lower + upper) / 2.0);
        };
        let x = self.value().contiguous();
        let slopes = Value::build(x.shape(), |out| {
            random::slopes(x.as_slice().expect("row-major"), lower, upper, seed, draw, out);
        });
        self * tape.constant(Self::from(slopes))
    }
}
