//! Zero mean and unit variance, fitted on the training part.

use ndarray::{ArrayD, IxDyn, Zip};

/// Subtracts a mean and divides by a standard deviation: x ↦ (x − μ)/σ.
///
/// Fit it on the training part and apply the same μ and σ to dev and test parts and to whatever the model
/// will see later; fitted on each part anew, equal examples would become different ones. σ² is the mean of (x
/// − μ)², divided by the count itself, not the count less one. Where all values are equal, σ is taken as 1:
/// the values become 0.
///
/// ```
/// use ndarray::array;
/// use wengert::data::Normalizer;
///
/// let train = array![[1.0, 10.0, 7.0], [3.0, 30.0, 7.0]].into_dyn();
/// let normalizer = Normalizer::per_feature(&train);
/// assert_eq!(normalizer.apply(&train), array![[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]].into_dyn());
/// let test = array![[2.0, 40.0, 8.0]].into_dyn();
/// assert_eq!(normalizer.apply(&test), array![[0.0, 2.0, 1.0]].into_dyn());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Normalizer {
    // Of the inputs' rank, with length 1 along the axes that share a mean.
    mean: ArrayD<f64>,
    std: ArrayD<f64>,
}

impl Normalizer {
    /// A mean and a standard deviation for each position of an example, over the examples: for measurements.
    ///
    /// # Panics
    /// When `inputs` is empty, has fewer than two axes, or holds NaN or an infinity.
    #[track_caller]
    pub fn per_feature(inputs: &ArrayD<f32>) -> Self {
        check_axes("Normalizer::per_feature", inputs);
        let mut shape = inputs.shape().to_vec();
        shape[0] = 1;
        Self::fit("Normalizer::per_feature", inputs, &shape, 1)
    }

    /// A mean and a standard deviation for each channel of `[n, c, …]`, over examples and places: for colour
    /// pictures.
    ///
    /// # Panics
    /// When `inputs` is empty, has fewer than two axes, or holds NaN or an infinity.
    #[track_caller]
    pub fn per_channel(inputs: &ArrayD<f32>) -> Self {
        check_axes("Normalizer::per_channel", inputs);
        let mut shape = vec![1; inputs.ndim()];
        shape[1] = inputs.shape()[1];
        Self::fit("Normalizer::per_channel", inputs, &shape, inputs.shape()[2..].iter().product())
    }

    /// One mean and one standard deviation of all values.
    ///
    /// # Panics
    /// When `inputs` is empty, or holds NaN or an infinity.
    #[track_caller]
    pub fn global(inputs: &ArrayD<f32>) -> Self {
        Self::fit("Normalizer::global", inputs, &vec![1; inputs.ndim()], inputs.len())
    }

    /// Statistics of the shape `shape`; runs of `run` consecutive values belong to the same one.
    #[track_caller]
    fn fit(operation: &str, inputs: &ArrayD<f32>, shape: &[usize], run: usize) -> Self {
        assert!(
            !inputs.is_empty(),
            "{operation}: there are no values in inputs of shape {:?}",
            inputs.shape()
        );
        let slots: usize = shape.iter().product();
        if let Some((place, x)) = inputs.iter().enumerate().find(|(_, x)| !x.is_finite()) {
            panic!("{operation}: value {place} of inputs of shape {:?} is {x}", inputs.shape());
        }
        let count = (inputs.len() / slots) as f64;

        let inputs = inputs.as_standard_layout();
        let elements = inputs.as_slice().expect("the layout is standard");
        let runs = || elements.chunks(run).zip((0..slots).cycle());

        let mut mean = vec![0.0; slots];
        let mut range = vec![(f32::INFINITY, f32::NEG_INFINITY); slots];
        for (values, slot) in runs() {
            for &x in values {
                mean[slot] += f64::from(x);
                range[slot] = (range[slot].0.min(x), range[slot].1.max(x));
            }
        }
        for (mean, (least, greatest)) in mean.iter_mut().zip(&range) {
            // Of equal values the mean is that value, without the rounding of a sum.
            *mean = if least == greatest { f64::from(*least) } else { *mean / count };
        }
        let mut variance = vec![0.0; slots];
        for (values, slot) in runs() {
            for &x in values {
                variance[slot] += (f64::from(x) - mean[slot]).powi(2);
            }
        }
        let std = variance.iter().map(|&v| if v == 0.0 { 1.0 } else { (v / count).sqrt() }).collect();
        let array = |values| ArrayD::from_shape_vec(IxDyn(shape), values).expect("one value a slot");
        Normalizer { mean: array(mean), std: array(std) }
    }

    /// μ, of the inputs' rank, with length 1 along the axes that share it.
    pub fn mean(&self) -> &ArrayD<f64> {
        &self.mean
    }

    /// σ, in the shape of μ; 1 where all values were equal.
    pub fn std(&self) -> &ArrayD<f64> {
        &self.std
    }

    /// (x − μ)/σ, computed in `f64` and rounded once.
    ///
    /// # Panics
    /// When the inputs have another rank, or other features or channels, than those that were fitted.
    #[track_caller]
    pub fn apply(&self, inputs: &ArrayD<f32>) -> ArrayD<f32> {
        self.map("Normalizer::apply", inputs, |x, mean, std| (x - mean) / std)
    }

    /// The inverse of [`apply`](Self::apply): σx + μ.
    ///
    /// # Panics
    /// As [`apply`](Self::apply).
    #[track_caller]
    pub fn invert(&self, inputs: &ArrayD<f32>) -> ArrayD<f32> {
        self.map("Normalizer::invert", inputs, |x, mean, std| x * std + mean)
    }

    #[track_caller]
    fn map(&self, operation: &str, inputs: &ArrayD<f32>, f: impl Fn(f64, f64, f64) -> f64) -> ArrayD<f32> {
        let (shape, fitted) = (inputs.shape(), self.mean.shape());
        let fits =
            shape.len() == fitted.len() && shape.iter().zip(fitted).all(|(&n, &kept)| kept == 1 || n == kept);
        assert!(fits, "{operation}: inputs of shape {shape:?} do not fit statistics of shape {fitted:?}");
        let mean = self.mean.broadcast(inputs.raw_dim()).expect("the shapes were compared");
        let std = self.std.broadcast(inputs.raw_dim()).expect("the shapes were compared");
        Zip::from(inputs)
            .and(&mean)
            .and(&std)
            .map_collect(|&x, &mean, &std| f(f64::from(x), mean, std) as f32)
    }
}

#[track_caller]
fn check_axes(operation: &str, inputs: &ArrayD<f32>) {
    assert!(inputs.ndim() >= 2, "{operation}: expected inputs [n, c, …], found shape {:?}", inputs.shape());
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};
    use proptest::prelude::*;

    #[test]
    fn statistics_per_channel_and_global() {
        // Two examples, two channels, three places.
        let x = array![[[1.0, 2.0, 3.0], [0.0, 0.0, 6.0]], [[4.0, 5.0, 6.0], [6.0, 6.0, 0.0]]].into_dyn();
        let channels = Normalizer::per_channel(&x);
        assert_eq!(channels.mean(), &array![[[3.5], [3.0]]].into_dyn());
        let variance = channels.std().mapv(|s| s * s);
        assert!((variance[[0, 0, 0]] - 35.0 / 12.0).abs() < 1e-12);
        assert!((variance[[0, 1, 0]] - 9.0).abs() < 1e-12);
        let all = Normalizer::global(&x);
        assert_eq!(all.mean(), &array![[[3.25]]].into_dyn());
        assert!((all.std()[[0, 0, 0]].powi(2) - (199.0 / 12.0 - 3.25 * 3.25)).abs() < 1e-12);
        // Other numbers of examples and places share them.
        assert_eq!(channels.apply(&ArrayD::zeros(vec![1, 2, 5])).shape(), [1, 2, 5]);
    }

    #[test]
    fn constant_columns_become_exactly_zero() {
        // 0.1 in f32, summed a thousand times, has a mean that differs from it.
        let x = ArrayD::from_elem(vec![1000, 3], 0.1f32);
        let normalizer = Normalizer::per_feature(&x);
        assert!(normalizer.std().iter().all(|&s| s == 1.0));
        assert!(normalizer.apply(&x).iter().all(|&v| v == 0.0));
    }

    #[test]
    fn a_large_mean_does_not_drown_a_small_deviation() {
        let x = ArrayD::from_shape_fn(vec![1000, 1], |i| 10_000.0 + (i[0] % 2) as f32);
        let y = Normalizer::per_feature(&x).apply(&x);
        assert!(y.iter().all(|&v| v == 1.0 || v == -1.0));
    }

    #[test]
    #[should_panic(
        expected = "Normalizer::apply: inputs of shape [4, 3] do not fit statistics of shape [1, 2]"
    )]
    fn other_features_than_the_fitted_ones_panic() {
        Normalizer::per_feature(&array![[1.0, 2.0]].into_dyn()).apply(&ArrayD::zeros(vec![4, 3]));
    }

    #[test]
    #[should_panic(expected = "Normalizer::global: value 1 of inputs of shape [2] is NaN")]
    fn fitting_to_nan_panics() {
        Normalizer::global(&array![1.0, f32::NAN].into_dyn());
    }

    #[test]
    #[should_panic(expected = "Normalizer::per_feature: there are no values in inputs of shape [0, 4]")]
    fn fitting_to_nothing_panics() {
        Normalizer::per_feature(&ArrayD::zeros(vec![0, 4]));
    }

    proptest! {
        #[test]
        fn the_fitted_part_gets_mean_zero_and_variance_one(
            values in prop::collection::vec(-1e3f32..1e3, 8..64), columns in 1usize..4,
        ) {
            let rows = values.len() / columns;
            let x = ArrayD::from_shape_vec(vec![rows, columns], values[..rows * columns].to_vec()).unwrap();
            let normalizer = Normalizer::per_feature(&x);
            let y = normalizer.apply(&x);
            for column in y.axis_iter(Axis(1)) {
                let mean = column.iter().map(|&v| f64::from(v)).sum::<f64>() / rows as f64;
                let variance = column.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / rows as f64;
                prop_assert!(mean.abs() < 1e-5);
                prop_assert!(variance == 0.0 || (variance - 1.0).abs() < 1e-4);
            }
            for (back, &x) in normalizer.invert(&y).iter().zip(&x) {
                prop_assert!((back - x).abs() < 1e-2);
            }
        }
    }
}
