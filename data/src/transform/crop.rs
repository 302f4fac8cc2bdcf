//! Parts of pictures, and pictures turned over.

use super::pad::{Border, pad};
use autodiff::Tensor;
use ndarray::{Array3, Array5, ArrayView3, ArrayView4, Axis, s};

/// Left and right change sides.
pub fn horizontal_flip(picture: ArrayView3<'_, f32>) -> Array3<f32> {
    picture.slice(s![.., .., ..;-1]).as_standard_layout().into_owned()
}

/// Top and bottom change sides.
pub fn vertical_flip(picture: ArrayView3<'_, f32>) -> Array3<f32> {
    picture.slice(s![.., ..;-1, ..]).as_standard_layout().into_owned()
}

/// The `height` rows from `top` on, and the `width` columns from `left` on.
///
/// # Panics
/// When they are not in the picture.
#[track_caller]
pub fn crop(
    picture: ArrayView3<'_, f32>,
    (top, left): (usize, usize),
    (height, width): (usize, usize),
) -> Array3<f32> {
    check_inside("crop", picture, (top, left), (height, width));
    picture.slice(s![.., top..top + height, left..left + width]).as_standard_layout().into_owned()
}

#[track_caller]
fn check_inside(
    operation: &str,
    picture: ArrayView3<'_, f32>,
    (top, left): (usize, usize),
    (height, width): (usize, usize),
) {
    let (_, h, w) = picture.dim();
    let inside = |start: usize, length, of| start.checked_add(length).is_some_and(|end| end <= of);
    assert!(
        inside(top, height, h) && inside(left, width, w),
        "{operation}: {height} × {width} pixels from ({top}, {left}) on are not in a picture of {h} × {w}"
    );
}

/// The middle of a picture; one that is smaller is framed with zeros first.
///
/// Half a pixel is rounded to the even side, as torchvision has it.
pub fn center_crop(picture: ArrayView3<'_, f32>, (height, width): (usize, usize)) -> Array3<f32> {
    let (_, h, w) = picture.dim();
    let missing = |size: usize, have: usize| {
        let missing = size.saturating_sub(have);
        (missing / 2, missing.div_ceil(2))
    };
    let (rows, columns) = (missing(height, h), missing(width, w));
    if rows == (0, 0) && columns == (0, 0) {
        return crop(picture, center(h, w, height, width), (height, width));
    }
    let framed = pad(picture, [columns.0, rows.0, columns.1, rows.1], Border::Constant(0.0));
    let (_, h, w) = framed.dim();
    crop(framed.view(), center(h, w, height, width), (height, width))
}

/// Top and left of the crop in the middle.
pub(crate) fn center(h: usize, w: usize, height: usize, width: usize) -> (usize, usize) {
    let place = |have: usize, size: usize| ((have - size) as f64 / 2.0).round_ties_even() as usize;
    (place(h, height), place(w, width))
}

/// A picture with `value` in the rectangle of `height` rows from `top` and `width` columns from `left` on.
///
/// # Panics
/// When the rectangle is not in the picture.
#[track_caller]
pub fn erase(
    picture: ArrayView3<'_, f32>,
    (top, left): (usize, usize),
    (height, width): (usize, usize),
    value: f32,
) -> Array3<f32> {
    check_inside("erase", picture, (top, left), (height, width));
    let mut erased = picture.as_standard_layout().into_owned();
    erased.slice_mut(s![.., top..top + height, left..left + width]).fill(value);
    erased
}

/// Five parts of each picture `[n, c, h, w]`, as `[5·n, c, height, width]`: the corners top left, top right,
/// bottom left, bottom right, and the middle. The five of the first picture come first.
///
/// ```
/// use wengert::data::{digits, transform};
/// use wengert::prelude::*;
///
/// let batch = digits().batch(&[0, 1]);
/// let crops = transform::five_crop(&batch.inputs, (6, 6));
/// assert_eq!(crops.shape(), [10, 1, 6, 6]);
/// ```
///
/// # Panics
/// When the pictures are not `[n, c, h, w]`, or smaller than the parts.
#[track_caller]
pub fn five_crop(pictures: &Tensor<f32>, size: (usize, usize)) -> Tensor<f32> {
    crops("five_crop", pictures, size, None)
}

/// Ten parts of each picture `[n, c, h, w]`, as `[10·n, c, height, width]`: those of [`five_crop`], and those
/// of the picture turned over, left to right or (`vertical`) top to bottom. The ten of the first picture
/// come first.
///
/// The answers of a model are averaged over the ten (Krizhevsky et al. 2012, section 4.1):
///
/// ```
/// use wengert::data::{digits, transform};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = Sequential::new().push(Flatten::new()).push(Linear::new(36, 10, &mut rng));
/// let batch = digits().batch(&[0, 1]);
/// let crops = transform::ten_crop(&batch.inputs, (6, 6), false);
/// let answers = model.forward(&crops).softmax(1).reshape([2, 10, 10]).mean(1);
/// assert_eq!(answers.shape(), [2, 10]);
/// ```
///
/// # Panics
/// When the pictures are not `[n, c, h, w]`, or smaller than the parts.
#[track_caller]
pub fn ten_crop(pictures: &Tensor<f32>, size: (usize, usize), vertical: bool) -> Tensor<f32> {
    crops("ten_crop", pictures, size, Some(vertical))
}

/// The crops of the pictures, and those of the pictures turned over top to bottom or left to right.
#[track_caller]
fn crops(
    operation: &str,
    pictures: &Tensor<f32>,
    (height, width): (usize, usize),
    flip: Option<bool>,
) -> Tensor<f32> {
    let pictures = super::pictures(operation, pictures.view());
    let (n, c, h, w) = pictures.dim();
    assert!(
        height <= h && width <= w,
        "{operation}: parts of {height} × {width} pixels are not in pictures of {h} × {w}"
    );
    let count = if flip.is_some() { 10 } else { 5 };
    let mut all = Array5::zeros((n, count, c, height, width));
    let five = |source: ArrayView4<'_, f32>, all: &mut Array5<f32>, first: usize| {
        let corners = [(0, 0), (0, w - width), (h - height, 0), (h - height, w - width)];
        for (i, (top, left)) in corners.into_iter().chain([center(h, w, height, width)]).enumerate() {
            let part = source.slice(s![.., .., top..top + height, left..left + width]);
            all.index_axis_mut(Axis(1), first + i).assign(&part);
        }
    };
    five(pictures, &mut all, 0);
    match flip {
        None => {}
        Some(false) => five(pictures.slice(s![.., .., .., ..;-1]), &mut all, 5),
        Some(true) => five(pictures.slice(s![.., .., ..;-1, ..]), &mut all, 5),
    }
    all.into_shape_with_order((n * count, c, height, width)).expect("the crops lie in order").into()
}
