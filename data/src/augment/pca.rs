//! Colour noise along the colours that vary.

use super::{Sample, Transform};
use autodiff::Tensor;
use ndarray::{Axis, Ix4};
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;

/// Adds to all pixels of a picture Σᵢ αᵢ λᵢ pᵢ, with αᵢ normal of standard deviation σ, where pᵢ and λᵢ are the
/// eigenvectors and eigenvalues of the covariance of the training pictures' RGB values (Krizhevsky et al. 2012, section
/// 4.1). The sum is not cut to `0..=1`.
///
/// ```
/// use wengert::data::augment::{Compose, PcaNoise};
/// use wengert::prelude::*;
///
/// let seen = Compose::new().push(PcaNoise::imagenet(0.1)).apply(&Tensor::full([1, 3, 2, 2], 0.5), 0).to_vec();
/// assert!(seen[0] != 0.5 && seen[..4].iter().all(|&red| red == seen[0]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PcaNoise {
    sigma: f64,
    eigenvalues: [f64; 3],
    components: [[f64; 3]; 3],
}

impl PcaNoise {
    /// With the components of ImageNet (values in `0..=1`); the paper's σ is 0.1.
    ///
    /// # Panics
    /// If σ is negative or not finite.
    #[track_caller]
    pub fn imagenet(sigma: f64) -> Self {
        // Each row is a component.
        let components = [[-0.5675, -0.5808, -0.5836], [0.7192, -0.0045, -0.6948], [0.4009, -0.8140, 0.4203]];
        Self::new([0.2175, 0.0188, 0.0045], components, sigma)
    }

    /// With the components of pictures `[n, 3, h, w]`.
    ///
    /// # Panics
    /// If they have another shape or no pixels, or σ is negative or not finite.
    #[track_caller]
    pub fn fit(pictures: &Tensor<f32>, sigma: f64) -> Self {
        let view = match pictures.view().into_dimensionality::<Ix4>() {
            Ok(view) if view.dim().1 == 3 && !view.is_empty() => view,
            _ => panic!(
                "PcaNoise: expected pictures [n, 3, h, w] with pixels, found shape {:?}",
                pictures.shape()
            ),
        };
        let count = (view.len() / 3) as f64;
        let mut mean = [0.0; 3];
        let pixels = || view.lanes(Axis(1)).into_iter().map(|p| [p[0], p[1], p[2]].map(f64::from));
        pixels().for_each(|p| mean.iter_mut().zip(p).for_each(|(mean, x)| *mean += x / count));
        let mut covariance = [[0.0; 3]; 3];
        for pixel in pixels() {
            for (i, row) in covariance.iter_mut().enumerate() {
                for (j, entry) in row.iter_mut().enumerate() {
                    *entry += (pixel[i] - mean[i]) * (pixel[j] - mean[j]) / count;
                }
            }
        }
        let (eigenvalues, components) = eigen(covariance);
        Self::new(eigenvalues, components, sigma)
    }

    #[track_caller]
    fn new(eigenvalues: [f64; 3], components: [[f64; 3]; 3], sigma: f64) -> Self {
        assert!(sigma >= 0.0 && sigma.is_finite(), "PcaNoise: a sigma of {sigma}");
        Self { sigma, eigenvalues, components }
    }

    /// λ, the variances along the components, largest first.
    pub fn eigenvalues(&self) -> [f64; 3] {
        self.eigenvalues
    }

    /// p, the components, each red, green and blue, of length 1.
    pub fn components(&self) -> [[f64; 3]; 3] {
        self.components
    }
}

impl Transform for PcaNoise {
    /// # Panics
    /// When the picture has not 3 channels.
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let channels = sample.picture().dim().0;
        assert!(channels == 3, "PcaNoise: expected 3 channels, found {channels}");
        let mut shift = [0.0; 3];
        for (component, eigenvalue) in self.components.iter().zip(self.eigenvalues) {
            let alpha = self.sigma * rng.sample::<f64, _>(StandardNormal);
            shift.iter_mut().zip(component).for_each(|(shift, x)| *shift += alpha * eigenvalue * x);
        }
        sample.map_picture(|mut x| {
            for (mut plane, shift) in x.axis_iter_mut(Axis(0)).zip(shift) {
                plane.mapv_inplace(|x| x + shift as f32);
            }
            x
        })
    }
}

/// Eigenvalues of a symmetric matrix, largest first, and the eigenvectors as rows, by Jacobi's rotations.
fn eigen(mut a: [[f64; 3]; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
    let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // Each sweep squares what is beside the diagonal; a handful is enough for 53 bits.
    for _ in 0..12 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if a[p][q] == 0.0 {
                continue;
            }
            let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
            let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
            let (cos, sin) = (1.0 / (t * t + 1.0).sqrt(), t / (t * t + 1.0).sqrt());
            // Columns, then rows, of the matrix; rows of what was turned so far.
            for row in &mut a {
                (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
            }
            for matrix in [&mut a, &mut vectors] {
                let (x, y) = (matrix[p], matrix[q]);
                matrix[p] = std::array::from_fn(|k| cos * x[k] - sin * y[k]);
                matrix[q] = std::array::from_fn(|k| sin * x[k] + cos * y[k]);
            }
        }
    }
    let mut order = [0, 1, 2];
    order.sort_by(|&i, &j| a[j][j].total_cmp(&a[i][i]));
    (order.map(|i| a[i][i]), order.map(|i| vectors[i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn eigenvectors_are_only_stretched(entries: [i8; 6]) {
            let [a, b, c, d, e, f] = entries.map(|entry| f64::from(entry) / 16.0);
            let matrix = [[a, b, c], [b, d, e], [c, e, f]];
            let (values, vectors) = eigen(matrix);
            prop_assert!(values[0] >= values[1] && values[1] >= values[2]);
            for (value, vector) in values.into_iter().zip(vectors) {
                for (row, x) in matrix.iter().zip(vector) {
                    let product: f64 = row.iter().zip(vector).map(|(a, x)| a * x).sum();
                    prop_assert!((product - value * x).abs() < 1e-12);
                }
                prop_assert!((vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn pictures_of_one_colour_direction_have_one_component() {
        let values: Vec<f32> = (0..4).flat_map(|i| [1.0, 2.0, 2.0].map(|c| c * i as f32 / 8.0)).collect();
        let noise = PcaNoise::fit(&Tensor::from_vec([4, 3, 1, 1], values), 0.1);
        // Steps of 3/8 in the direction (1, 2, 2)/3.
        assert!((noise.eigenvalues()[0] - 9.0 / 64.0 * 1.25).abs() < 1e-9);
        assert!(noise.eigenvalues()[1].abs() < 1e-9);
        let first = noise.components()[0];
        assert!((first[0] * 2.0 - first[1]).abs() < 1e-9 && (first[1] - first[2]).abs() < 1e-9);
    }
}
