//! The four-point difference.

use super::CheckError;
use crate::Tensor;

/// (8·(f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h, element by element.
pub(super) fn of_vector(
    f: impl Fn(f64) -> Result<Vec<f64>, CheckError>,
    h: f64,
) -> Result<Vec<f64>, CheckError> {
    let (near, far) = ([f(h)?, f(-h)?], [f(2.0 * h)?, f(-2.0 * h)?]);
    let at = |i: usize| (8.0 * (near[0][i] - near[1][i]) - (far[0][i] - far[1][i])) / (12.0 * h);
    Ok((0..near[0].len()).map(at).collect())
}

/// The same for the weighted sum of all outputs. The differences are taken before the sum: an output that
/// does not move adds no rounding error, however large it is.
pub(super) fn of_weighted(
    f: impl Fn(f64) -> Result<Vec<Tensor<f64>>, CheckError>,
    weights: &[Tensor<f64>],
    h: f64,
) -> Result<f64, CheckError> {
    let flat = |t: f64| Ok(f(t)?.iter().flat_map(Tensor::to_vec).collect::<Vec<f64>>());
    let slopes = of_vector(flat, h)?;
    Ok(weights.iter().flat_map(Tensor::to_vec).zip(slopes).map(|(w, slope)| w * slope).sum())
}
