//! Pictures with a border.

use ndarray::{Array3, ArrayView3};

/// What stands beyond the edge of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Border {
    /// This value.
    Constant(f32),
    /// The outermost pixel goes on: a b c | c c.
    Edge,
    /// The picture is mirrored at its outermost pixel: a b c | b a.
    Reflect,
    /// The picture is mirrored at its edge: a b c | c b.
    Symmetric,
}

impl Border {
    /// The pixel that stands at `place`, counted from the first of `length`, or none for the constant. A mirror
    /// stands at each end, so that any place has a pixel.
    pub(crate) fn pixel(self, place: isize, length: usize) -> Option<usize> {
        let n = length as isize;
        let place = match self {
            _ if (0..n).contains(&place) => place,
            Border::Constant(_) => return None,
            Border::Edge => place.clamp(0, n - 1),
            Border::Reflect if n == 1 => 0,
            Border::Reflect => {
                let turned = place.rem_euclid(2 * (n - 1));
                turned.min(2 * (n - 1) - turned)
            }
            Border::Symmetric => {
                let turned = place.rem_euclid(2 * n);
                turned.min(2 * n - 1 - turned)
            }
        };
        Some(place as usize)
    }
}

/// A picture with a border of `[left, top, right, bottom]` pixels, in torchvision's order.
///
/// ```
/// use wengert::data::transform::{Border, pad};
/// use wengert::ndarray::array;
///
/// let padded = pad(array![[[1.0, 2.0, 3.0]]].view(), [2, 0, 1, 0], Border::Reflect);
/// assert_eq!(padded, array![[[3.0, 2.0, 1.0, 2.0, 3.0, 2.0]]]);
/// ```
///
/// # Panics
/// When a picture without pixels is to have a border made of its pixels.
#[track_caller]
pub fn pad(
    picture: ArrayView3<'_, f32>,
    [left, top, right, bottom]: [usize; 4],
    border: Border,
) -> Array3<f32> {
    let (c, h, w) = picture.dim();
    let constant = match border {
        Border::Constant(value) => value,
        _ => {
            assert!(h > 0 && w > 0, "pad: a picture of {h} × {w} pixels has no edge to repeat");
            0.0
        }
    };
    let places = |before: usize, length: usize, after: usize| -> Vec<Option<usize>> {
        let first = -(before as isize);
        (first..(length + after) as isize).map(|place| border.pixel(place, length)).collect()
    };
    let (rows, columns) = (places(top, h, bottom), places(left, w, right));
    let mut padded = Vec::with_capacity(c * rows.len() * columns.len());
    for plane in picture.outer_iter() {
        for row in &rows {
            padded.extend(columns.iter().map(|column| match (row, column) {
                (&Some(row), &Some(column)) => plane[[row, column]],
                _ => constant,
            }));
        }
    }
    Array3::from_shape_vec((c, rows.len(), columns.len()), padded).expect("every pixel was pushed once")
}
