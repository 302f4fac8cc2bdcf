//! The outputs of a fused function: by its kernel, and by its composed form.

use crate::function::{Forward, Function};
use crate::replay::composed;
use crate::{Tape, Tensor};

/// Every fused function on the tape's record gives the outputs of its composed form.
///
/// A recorded replay compares their gradients; what a composed form computes last has no part in those. The
/// tolerance is relative to the largest output.
pub(super) fn agree_on(tape: &Tape, tolerance: f64) -> Result<(), String> {
    let nodes = tape.lock::<f64>().nodes.to_vec();
    for node in nodes.iter().filter(|node| node.function.fused().is_some()) {
        // A checkpoint wants a tape.
        let inputs: Vec<Tensor<f64>> = node.kept_inputs().map(|x| tape.constant(x)).collect();
        agree(&*node.function, &inputs, tolerance)
            .map_err(|error| format!("{}: {error}", node.function.name()))?;
    }
    Ok(())
}

fn agree(function: &dyn Function<f64>, inputs: &[Tensor<f64>], tolerance: f64) -> Result<(), String> {
    let expected = composed(function, inputs);
    let values: Vec<_> = inputs.iter().map(Tensor::value).collect();
    let outputs = function.forward(&values, &mut Forward::unrecorded()).values;
    if outputs.len() != expected.len() {
        return Err(format!("{} outputs, and {} of the composed form", outputs.len(), expected.len()));
    }
    for (i, (y, z)) in outputs.into_iter().map(Tensor::from).zip(&expected).enumerate() {
        if y.shape() != z.shape() {
            let (y, z) = (y.shape(), z.shape());
            return Err(format!("output {i} has shape {y:?}, that of the composed form {z:?}"));
        }
        let (y, z) = (y.to_vec(), z.to_vec());
        let scale = z.iter().filter(|z| z.is_finite()).fold(1.0, |m: f64, z| m.max(z.abs()));
        let apart = |(y, z): (&f64, &f64)| (y - z).abs() > tolerance * scale || y.is_nan() != z.is_nan();
        if let Some(at) = y.iter().zip(&z).position(apart) {
            let (y, z) = (y[at], z[at]);
            return Err(format!("element {at} of output {i} is {y}, that of the composed form {z}"));
        }
    }
    Ok(())
}
