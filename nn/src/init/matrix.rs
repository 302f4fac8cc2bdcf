//! Initializations that are made as a whole, not element by element. All are row-major, in `f64`.

use rand::seq::index;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Ones on the diagonal.
pub(super) fn eye(rows: usize, columns: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; rows * columns];
    matrix.iter_mut().step_by(columns + 1).take(rows.min(columns)).for_each(|x| *x = 1.0);
    matrix
}

/// The kernel [out, in, …] that passes channel i of each group through to output i of the group.
pub(super) fn dirac(shape: &[usize], groups: usize) -> Vec<f64> {
    let [out, inputs, kernel @ ..] = shape else { unreachable!("the shape was checked") };
    let taps: usize = kernel.iter().product();
    let centre = kernel.iter().fold(0, |at, &size| at * size + size / 2);
    let mut weight = vec![0.0; out * inputs * taps];
    let each = out / groups;
    for (group, channel) in (0..groups).flat_map(|g| (0..each.min(*inputs)).map(move |c| (g, c))) {
        weight[((group * each + channel) * inputs + channel) * taps + centre] = 1.0;
    }
    weight
}

/// Normal numbers, of which each column has `zeros` in places of its own replaced by 0.
pub(super) fn sparse<R: Rng + ?Sized>(
    rows: usize,
    columns: usize,
    zeros: usize,
    std: f64,
    rng: &mut R,
) -> Vec<f64> {
    let mut matrix: Vec<f64> =
        (0..rows * columns).map(|_| std * rng.sample::<f64, _>(StandardNormal)).collect();
    for column in 0..columns {
        for row in index::sample(rng, rows, zeros) {
            matrix[row * columns + column] = 0.0;
        }
    }
    matrix
}

/// A matrix whose rows are orthonormal, or its columns if there are fewer of them: uniform among all of these.
///
/// It is the factor Q of a matrix of normal numbers whose R has a positive diagonal (Mezzadri, "How to generate
/// random matrices from the classical compact groups", 2007), by Householder's reflections.
pub(super) fn orthogonal<R: Rng + ?Sized>(rows: usize, columns: usize, rng: &mut R) -> Vec<f64> {
    let (n, m) = (rows.max(columns), rows.min(columns));
    // Drawn as `rows` × `columns`; held by the m vectors of length n that are made orthonormal.
    let drawn: Vec<f64> = (0..n * m).map(|_| rng.sample(StandardNormal)).collect();
    let element = |vector: usize, at: usize| match rows < columns {
        true => vector * columns + at,
        false => at * columns + vector,
    };
    let mut vectors: Vec<Vec<f64>> =
        (0..m).map(|vector| (0..n).map(|at| drawn[element(vector, at)]).collect()).collect();

    // Vector k becomes the reflection that makes all its elements after the k-th 0; the sign of R's diagonal is kept.
    let mut signs = vec![1.0; m];
    for k in 0..m {
        let (done, rest) = vectors.split_at_mut(k + 1);
        let mirror = &mut done[k];
        let length = mirror[k..].iter().map(|x| x * x).sum::<f64>().sqrt();
        // R's diagonal is minus the sign of the element, so that nothing cancels.
        signs[k] = if mirror[k] > 0.0 { -1.0 } else { 1.0 };
        mirror[k] -= signs[k] * length;
        let size = mirror[k..].iter().map(|x| x * x).sum::<f64>().sqrt();
        if size > 0.0 {
            mirror[k..].iter_mut().for_each(|x| *x /= size);
        }
        mirror[..k].fill(0.0);
        rest.iter_mut().for_each(|vector| reflect(&mirror[k..], &mut vector[k..]));
    }
    // Q's columns: the reflections, last first, of the unit vectors.
    let mut matrix = vec![0.0; n * m];
    for vector in 0..m {
        let mut column = vec![0.0; n];
        column[vector] = signs[vector];
        for (k, mirror) in vectors.iter().enumerate().take(vector + 1).rev() {
            reflect(&mirror[k..], &mut column[k..]);
        }
        column.iter().enumerate().for_each(|(at, &x)| matrix[element(vector, at)] = x);
    }
    matrix
}

/// x ← x − 2 (u·x) u for a unit vector u.
fn reflect(u: &[f64], x: &mut [f64]) {
    let twice = 2.0 * u.iter().zip(&*x).map(|(u, x)| u * x).sum::<f64>();
    x.iter_mut().zip(u).for_each(|(x, u)| *x -= twice * u);
}
