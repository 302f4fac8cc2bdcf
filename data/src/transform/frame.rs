//! Batches of pictures made larger, smaller, or framed.

use ndarray::{ArrayD, IxDyn, s};

/// Pictures `[n, c, h, w]` resized to `[n, c, height, width]` by bilinear interpolation.
///
/// Pixels are squares: pixel *i* of the result has its centre at (i + ½)·h/height − ½ of the picture, and
/// beyond the outermost centres the edge pixel goes on. This is PyTorch's `interpolate(mode="bilinear",
/// align_corners=False)`. No smoothing comes before it: shrinking by more than two skips pixels.
///
/// ```
/// use wengert::data::{digits, transform};
///
/// let enlarged = digits().map_inputs(|x| transform::resize_bilinear(x, 28, 28));
/// assert_eq!(enlarged.example_shape(), [1, 28, 28]);
/// ```
///
/// # Panics
/// When the pictures are not `[n, c, h, w]`, or a height or width, old or new, is 0.
#[track_caller]
pub fn resize_bilinear(pictures: &ArrayD<f32>, height: usize, width: usize) -> ArrayD<f32> {
    let pictures = super::pictures("resize_bilinear", pictures.view());
    let (n, c, h, w) = pictures.dim();
    assert!(
        height > 0 && width > 0 && h > 0 && w > 0,
        "resize_bilinear: cannot resize pictures of {h} × {w} pixels to {height} × {width}"
    );
    let rows = taps(h, height);
    let columns = taps(w, width);
    let mut resized = Vec::with_capacity(n * c * height * width);
    for picture in pictures.outer_iter().flat_map(|example| example.into_outer_iter()) {
        for row in &rows {
            let (above, below) = (picture.row(row.first), picture.row(row.second));
            resized.extend(columns.iter().map(|column| {
                let top = column.between(above[column.first], above[column.second]);
                let bottom = column.between(below[column.first], below[column.second]);
                row.between(top, bottom)
            }));
        }
    }
    ArrayD::from_shape_vec(IxDyn(&[n, c, height, width]), resized).expect("every pixel was pushed once")
}

/// Pictures `[n, c, h, w]` in the middle of a frame of zeros, `[n, c, height, width]`. Where the difference
/// is odd, the frame is one pixel wider below and to the right.
///
/// ```
/// use wengert::data::{digits, transform};
///
/// let enlarged = digits().map_inputs(|x| transform::pad_to(&transform::resize_bilinear(x, 28, 28), 32, 32));
/// assert_eq!(enlarged.example_shape(), [1, 32, 32]);
/// ```
///
/// # Panics
/// When the pictures are not `[n, c, h, w]`, or are larger than the frame.
#[track_caller]
pub fn pad_to(pictures: &ArrayD<f32>, height: usize, width: usize) -> ArrayD<f32> {
    let pictures = super::pictures("pad_to", pictures.view());
    let (n, c, h, w) = pictures.dim();
    assert!(
        h <= height && w <= width,
        "pad_to: pictures of {h} × {w} pixels do not fit into {height} × {width}"
    );
    let (top, left) = ((height - h) / 2, (width - w) / 2);
    let mut framed = ndarray::Array4::zeros((n, c, height, width));
    framed.slice_mut(s![.., .., top..top + h, left..left + w]).assign(&pictures);
    framed.into_dyn()
}

/// The two pixels that a pixel of the result lies between, and how far it is from the first to the second.
struct Tap {
    first: usize,
    second: usize,
    weight: f32,
}

impl Tap {
    fn between(&self, first: f32, second: f32) -> f32 {
        // Of two equal values exactly that value.
        first + self.weight * (second - first)
    }
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let last = from - 1;
    (0..to)
        .map(|i| {
            let place = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, last as f64);
            let first = place as usize;
            Tap { first, second: (first + 1).min(last), weight: (place - first as f64) as f32 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn enlarges_as_pytorch_does() {
        // interpolate([[1, 2], [3, 4]], size=(4, 4), mode="bilinear", align_corners=False): the centres lie
        // at −¼, ¼, ¾ and 1¼.
        let x = array![[[[1.0, 2.0], [3.0, 4.0]]]].into_dyn();
        let expected = array![[[
            [1.0, 1.25, 1.75, 2.0],
            [1.5, 1.75, 2.25, 2.5],
            [2.5, 2.75, 3.25, 3.5],
            [3.0, 3.25, 3.75, 4.0]
        ]]];
        assert_eq!(resize_bilinear(&x, 4, 4), expected.into_dyn());
    }

    #[test]
    fn halving_averages_pairs() {
        let x = array![[[[1.0, 3.0, 5.0, 9.0], [1.0, 3.0, 5.0, 9.0]]]].into_dyn();
        assert_eq!(resize_bilinear(&x, 1, 2), array![[[[2.0, 7.0]]]].into_dyn());
    }

    #[test]
    fn the_same_size_changes_nothing_and_planes_stay_flat() {
        let x = ArrayD::from_shape_fn(vec![2, 3, 5, 4], |i| (i[0] * 60 + i[1] * 20 + i[2] * 4 + i[3]) as f32);
        assert_eq!(resize_bilinear(&x, 5, 4), x);
        let flat = ArrayD::from_elem(vec![1, 1, 3, 3], 0.3);
        assert_eq!(resize_bilinear(&flat, 28, 7), ArrayD::from_elem(vec![1, 1, 28, 7], 0.3));
        // Pictures and channels do not mix.
        let large = resize_bilinear(&x, 10, 8);
        assert_eq!((large[[1, 2, 0, 0]], large[[1, 2, 9, 7]]), (x[[1, 2, 0, 0]], x[[1, 2, 4, 3]]));
    }

    #[test]
    fn frames_are_centred_and_zero() {
        let x = array![[[[1.0, 2.0]]]].into_dyn();
        let expected = array![[[[0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0, 0.0]]]].into_dyn();
        // One row to add: below. Three columns: one left, two right.
        let framed = pad_to(&x, 2, 5);
        assert_eq!(framed.slice(s![.., .., 0..1, ..]), expected.slice(s![.., .., 1..2, ..]));
        assert_eq!(framed.slice(s![.., .., 1..2, ..]), expected.slice(s![.., .., 0..1, ..]));
        assert_eq!(pad_to(&x, 1, 2), x);
    }

    #[test]
    #[should_panic(expected = "resize_bilinear: expected pictures [n, c, h, w], found shape [8, 8]")]
    fn pictures_without_channels_panic() {
        resize_bilinear(&ArrayD::zeros(vec![8, 8]), 28, 28);
    }

    #[test]
    #[should_panic(expected = "pad_to: pictures of 8 × 8 pixels do not fit into 4 × 9")]
    fn frames_that_are_too_small_panic() {
        pad_to(&ArrayD::zeros(vec![1, 1, 8, 8]), 4, 9);
    }
}
