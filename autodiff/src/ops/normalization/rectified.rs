//! What fused normalizations have after their sums: a residual, and a rectifier.

use crate::Float;
use crate::function::Backward;
use crate::kernels::epilogue::{Rectifier, rectifier_gradient};
use crate::shape::ShapeError;
use crate::tensor::Tensor;
use crate::value::Value;

/// How many channels x [N, C, …] has, where the others have one number for each.
pub(super) fn channels(x: &[usize], others: [(&str, &[usize]); 2]) -> Result<usize, ShapeError> {
    let &[_, channels, ..] = x else {
        return Err(ShapeError::new("the input is not [batch, channels, …]"));
    };
    for (name, shape) in others {
        if shape != [channels] {
            return Err(ShapeError::new(format!(
                "the {name} {shape:?} is not [{channels}], one number for each channel"
            )));
        }
    }
    Ok(channels)
}

/// A residual must have the shape of x, and a slope leave the sign.
pub(super) fn check_rectified(slope: f64, x: &[usize], residual: Option<&[usize]>) -> Result<(), ShapeError> {
    if !(slope.is_finite() && slope >= 0.0) {
        return Err(ShapeError::new(format!("the slope {slope} is negative or not finite")));
    }
    match residual {
        Some(residual) if residual != x => {
            Err(ShapeError::new(format!("the residual {residual:?} has not the shape of the input")))
        }
        _ => Ok(()),
    }
}

/// dz from dy, by the sign of output 0.
pub(super) fn residual_gradient<T: Float>(cx: &Backward<'_, T>, slope: f64, dy: &Value<T>) -> Value<T> {
    let y = cx.output(0).value.contiguous();
    Value::build(y.shape(), |dz| rectifier_gradient(Rectifier::new(slope), rows(&y), rows(dy), dz))
}

/// The residual and the rectifier in tensor operations.
pub(super) fn composed_rectified<T: Float>(
    z: Tensor<T>,
    residual: Option<&Tensor<T>>,
    slope: f64,
) -> Tensor<T> {
    let z = match residual {
        Some(residual) => z + residual,
        None => z,
    };
    if slope == 1.0 { z } else { z.leaky_relu(slope) }
}

pub(super) fn rows<T: Float>(value: &Value<T>) -> &[T] {
    value.as_slice().expect("row-major")
}
