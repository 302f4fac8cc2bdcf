//! The battery for a [`Function`]: what only its trait shows.

use std::fmt::Debug;

use super::{Battery, Cases, Input, draw};
use crate::function::{Forward, Function};
use crate::tensor::{Tensor, apply, try_apply};

impl Battery {
    /// Proves a function, made from the options that a case draws.
    ///
    /// Beside all that [`operation`](Self::operation) proves: a fused function's outputs are those of its composed
    /// form; and whatever the shapes of the inputs, the function either refuses them in `output_shapes` or computes
    /// outputs of the shapes it said: each case is tried again with axes that are missing, added, longer, shorter
    /// and empty.
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
            composed_gives_the_same(inputs, &make(options))?;
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

/// A fused function's outputs by its kernel and by operations agree.
fn composed_gives_the_same(inputs: &[Input], function: &dyn Function<f64>) -> Result<(), String> {
    let Some(composed) = function.fused() else { return Ok(()) };
    let inputs: Vec<Tensor<f64>> = inputs.iter().map(Input::tensor).collect();
    let expected = composed.composed(&inputs);
    let values: Vec<_> = inputs.iter().map(Tensor::value).collect();
    let outputs = function.forward(&values, &mut Forward::unrecorded()).values;
    if outputs.len() != expected.len() {
        return Err(format!("{} outputs, and {} of the composed form", outputs.len(), expected.len()));
    }
    for (i, (y, z)) in outputs.into_iter().map(Tensor::from).zip(&expected).enumerate() {
        if y.shape() != z.shape() {
            return Err(format!(
                "output {i} has shape {:?}, that of the composed form {:?}",
                y.shape(),
                z.shape()
            ));
        }
        let (y, z) = (y.to_vec(), z.to_vec());
        let scale = z.iter().fold(1.0, |m: f64, z| m.max(z.abs()));
        let apart = |(y, z): (&f64, &f64)| (y - z).abs() > 1e-11 * scale || y.is_nan() != z.is_nan();
        if let Some(at) = y.iter().zip(&z).position(apart) {
            return Err(format!(
                "element {at} of output {i} is {}, that of the composed form {}",
                y[at], z[at]
            ));
        }
    }
    Ok(())
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
