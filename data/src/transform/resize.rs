//! Pictures made larger and smaller.

use ndarray::{Array3, ArrayView3};

/// How the pixels of a resized picture come from the old ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resampling {
    /// A triangle around the place that a pixel comes from, one pixel to either side, wider by the factor
    /// of shrinking: no pixel is skipped. What PIL does, and torchvision with `antialias=True`.
    #[default]
    Antialiased,
    /// Between the two nearest pixels either way, also when shrinking: torchvision with `antialias=False`.
    Bilinear,
    /// The pixel ⌊i·old/new⌋.
    Nearest,
}

/// What the rows or columns of the result are made of: the weights of some old ones from `first` on.
struct Taps {
    first: Vec<usize>,
    /// As many for each as the longest needs, those that are not needed 0, one after the other.
    weights: Vec<f32>,
    count: usize,
}

impl Taps {
    fn new(from: usize, all: Vec<(usize, Vec<f32>)>) -> Self {
        let count = all.iter().map(|(_, weights)| weights.len()).max().unwrap_or(0);
        let mut taps = Self { first: Vec::with_capacity(all.len()), weights: Vec::new(), count };
        for (first, weights) in all {
            let begin = first.min(from - count);
            let end = taps.weights.len() + count;
            taps.first.push(begin);
            taps.weights.resize(taps.weights.len() + first - begin, 0.0);
            taps.weights.extend(weights);
            taps.weights.resize(end, 0.0);
        }
        taps
    }

    fn len(&self) -> usize {
        self.first.len()
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        self.first.iter().copied().zip(self.weights.chunks_exact(self.count))
    }
}

impl Resampling {
    fn taps(self, from: usize, to: usize) -> Taps {
        let scale = from as f64 / to as f64;
        let taps = |i: usize| match self {
            // In whole numbers: 49·(2/98) in floating point is less than 1.
            Resampling::Nearest => ((i as u128 * from as u128 / to as u128) as usize, vec![1.0]),
            Resampling::Bilinear => {
                let place = ((i as f64 + 0.5) * scale - 0.5).clamp(0.0, (from - 1) as f64);
                let first = place as usize;
                let weight = (place - first as f64) as f32;
                let weights = if first + 1 < from { vec![1.0 - weight, weight] } else { vec![1.0] };
                (first, weights)
            }
            Resampling::Antialiased => {
                let center = (i as f64 + 0.5) * scale;
                let reach = scale.max(1.0);
                let first = (center - reach + 0.5).max(0.0) as usize;
                let end = ((center + reach + 0.5) as usize).min(from);
                let weight = |j: usize| (1.0 - ((j as f64 + 0.5 - center) / reach).abs()).max(0.0);
                let sum: f64 = (first..end).map(weight).sum();
                (first, (first..end).map(|j| (weight(j) / sum) as f32).collect())
            }
        };
        Taps::new(from, (0..to).map(taps).collect())
    }
}

/// A picture of `height` × `width` pixels.
///
/// ```
/// use wengert::data::transform::{Resampling, resize};
/// use wengert::ndarray::array;
///
/// let row = array![[[0.0, 0.0, 0.0, 8.0]]];
/// assert_eq!(resize(row.view(), (1, 2), Resampling::Nearest), array![[[0.0, 0.0]]]);
/// assert_eq!(resize(row.view(), (1, 2), Resampling::Bilinear), array![[[0.0, 4.0]]]);
/// // (0, 0, 0, 8) with the weights 5, 7, 7, 5 of 24.
/// assert!((resize(row.view(), (1, 1), Resampling::Antialiased)[[0, 0, 0]] - 5.0 / 3.0).abs() < 1e-6);
/// ```
///
/// # Panics
/// When a height or width, old or new, is 0.
#[track_caller]
pub fn resize(
    picture: ArrayView3<'_, f32>,
    (height, width): (usize, usize),
    resampling: Resampling,
) -> Array3<f32> {
    let (c, h, w) = picture.dim();
    assert!(
        height > 0 && width > 0 && h > 0 && w > 0,
        "resize: cannot resize a picture of {h} × {w} pixels to {height} × {width}"
    );
    if (h, w) == (height, width) {
        return picture.as_standard_layout().into_owned();
    }
    let picture = picture.as_standard_layout();
    let old = picture.as_slice().expect("standard layout");
    let (rows, columns) = (resampling.taps(h, height), resampling.taps(w, width));
    // What stands between the two steps must not be large where a long, narrow picture becomes a square one.
    let resized = if h.saturating_mul(width) <= height.saturating_mul(w) {
        down(&across(old, w, &columns), h, width, &rows)
    } else {
        across(&down(old, h, w, &rows), w, &columns)
    };
    Array3::from_shape_vec((c, height, width), resized).expect("a value a pixel")
}

/// Rows of `w` pixels with new columns.
fn across(old: &[f32], w: usize, columns: &Taps) -> Vec<f32> {
    let mut new = Vec::with_capacity(old.len() / w * columns.len());
    for row in old.chunks_exact(w) {
        new.extend(columns.iter().map(|(first, weights)| {
            row[first..].iter().zip(weights).map(|(x, weight)| x * weight).sum::<f32>()
        }));
    }
    new
}

/// Planes of `h` rows of `w` pixels with new rows.
fn down(old: &[f32], h: usize, w: usize, rows: &Taps) -> Vec<f32> {
    let mut new = vec![0.0; old.len() / h * rows.len()];
    for (old, new) in old.chunks_exact(h * w).zip(new.chunks_exact_mut(rows.len() * w)) {
        for ((first, weights), new) in rows.iter().zip(new.chunks_exact_mut(w)) {
            for (row, weight) in old[first * w..].chunks_exact(w).zip(weights) {
                new.iter_mut().zip(row).for_each(|(new, x)| *new += x * weight);
            }
        }
    }
    new
}

/// Height and width of a picture of `height` × `width` pixels whose shorter side becomes `size` and whose longer
/// one keeps the ratio, rounded down, as torchvision's `Resize(size)` has it.
///
/// ```
/// use wengert::data::transform::shorter_side;
///
/// assert_eq!(shorter_side((480, 640), 256), (256, 341));
/// ```
///
/// # Panics
/// When the picture has no pixels.
#[track_caller]
pub fn shorter_side((height, width): (usize, usize), size: usize) -> (usize, usize) {
    assert!(height > 0 && width > 0, "shorter_side: a picture of {height} × {width} pixels");
    let long = |long: usize, short: usize| (size as f64 * long as f64 / short as f64) as usize;
    if width <= height { (long(height, width), size) } else { (size, long(width, height)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_pixel_is_the_one_of_the_formula_whatever_the_sizes() {
        for (from, to) in (1..40).flat_map(|from| (1..200).map(move |to| (from, to))) {
            let row = Array3::from_shape_fn((1, 1, from), |(.., i)| i as f32);
            let resized = resize(row.view(), (1, to), Resampling::Nearest);
            let expected = Array3::from_shape_fn((1, 1, to), |(.., i)| (i * from / to) as f32);
            assert_eq!(resized, expected, "{from} to {to}");
        }
    }
}
