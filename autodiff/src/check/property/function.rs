//! The battery for a [`Function`]: what only its trait shows.

use std::fmt::Debug;

use super::{Battery, Cases, Input, draw};
use crate::function::Function;
use crate::tensor::{Tensor, apply, try_apply};

impl Battery {
    /// Proves a function, made from the options that a case draws.
    ///
    /// Beside all that [`operation`](Self::operation) proves: whatever the shapes of the inputs, the function either
    /// refuses them in `output_shapes` or computes outputs of the shapes it said. Each case is tried again with axes
    /// that are missing, added, longer, shorter and empty.
    ///
    /// ```
    /// use wengert::autodiff::check::property::{Battery, cases, pair};
    /// use wengert::autodiff::ops::Maximum;
    ///
    /// Battery::new().cases(16).function("maximum", || cases(pair(), -2.0..=2.0), |()| Maximum);
    /// ```
    ///
    /// # Panics
    /// With the smallest case that fails, and what fails there.
    #[track_caller]
    pub fn function<O, F>(
        &self,
        name: &str,
        cases: impl Fn() -> Cases<O>,
        make: impl Fn(&O) -> F + Clone + Send + Sync + 'static,
    ) where
        O: Debug + Clone + Send + Sync + 'static,
        F: Function<f64> + Function<f32>,
    {
        let found = draw(name, self.seed, self.cases, &cases(), &|(inputs, options): &(Vec<Input>, O)| {
            refuses_or_computes(inputs, &|| make(options));
            Ok(())
        });
        if let Err(failure) = found {
            panic!("{failure}");
        }
        let (double, single) = (make.clone(), make);
        self.operation(
            name,
            cases,
            move |x, o| apply(double(o), &x.iter().collect::<Vec<_>>()).to_vec(),
            move |x, o| apply(single(o), &x.iter().collect::<Vec<_>>()).to_vec(),
        );
    }
}

/// Calls the function on inputs of other shapes. One that does not refuse them and cannot compute, or computes
/// other shapes than it said, panics here, which counts as a failed case.
fn refuses_or_computes<F: Function<f64>>(inputs: &[Input], make: &dyn Fn() -> F) {
    for i in 0..inputs.len() {
        for other in neighbours(&inputs[i].shape) {
            let shape =
                |(j, input): (usize, &Input)| Tensor::ones(if i == j { &other } else { &input.shape });
            let ones: Vec<Tensor<f64>> = inputs.iter().enumerate().map(shape).collect();
            let _ = try_apply(make(), &ones.iter().collect::<Vec<_>>());
        }
    }
}

/// Shapes with an axis less, an axis more, or one of another size.
fn neighbours(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![[shape, &[2]].concat()];
    for (axis, &n) in shape.iter().enumerate() {
        let mut without = shape.to_vec();
        without.remove(axis);
        all.push(without);
        for size in [n + 1, n.saturating_sub(1), 0] {
            let mut other = shape.to_vec();
            other[axis] = size;
            all.push(other);
        }
    }
    all
}
