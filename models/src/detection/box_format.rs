//! How four numbers say where a box is.

use autodiff::{Float, Tensor};
use data::detection::BoundingBox;
use serde::{Deserialize, Serialize};

/// What the four numbers of a box are. In a file it is written in small letters: `"xyxy"`.
///
/// The functions of this module that name no format want [`Xyxy`](Self::Xyxy).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BoxFormat {
    /// The left, top, right and bottom edge, (x1, y1, x2, y2).
    #[default]
    Xyxy,
    /// The left and top edge, width and height, (x, y, w, h), as COCO's files have it.
    Xywh,
    /// The centre, width and height, (cx, cy, w, h), as YOLO has it.
    Cxcywh,
}

/// Boxes of shape [..., 4] in another format. Differentiable.
///
/// torchvision's `box_convert`.
///
/// ```
/// use wengert::models::detection::{BoxFormat, box_convert};
/// use wengert::prelude::*;
///
/// let boxes = Tensor::<f32>::from_vec([2, 4], vec![10.0, 20.0, 40.0, 60.0, 0.0, 0.0, 1.0, 3.0]);
/// let centers = box_convert(&boxes, BoxFormat::Xyxy, BoxFormat::Cxcywh);
/// assert_eq!(centers.to_vec(), [25.0, 40.0, 30.0, 40.0, 0.5, 1.5, 1.0, 3.0]);
/// assert_eq!(box_convert(&centers, BoxFormat::Cxcywh, BoxFormat::Xyxy).to_vec(), boxes.to_vec());
/// ```
///
/// # Panics
/// If the last axis has not four elements.
#[track_caller]
pub fn box_convert<T: Float>(boxes: &Tensor<T>, from: BoxFormat, to: BoxFormat) -> Tensor<T> {
    check_boxes("box_convert", boxes);
    let (first, second) = (boxes.narrow(-1, 0, 2), boxes.narrow(-1, 2, 2));
    let (first, second) = match (from, to) {
        (BoxFormat::Xyxy, BoxFormat::Xywh) => (first.clone(), second - first),
        (BoxFormat::Xyxy, BoxFormat::Cxcywh) => ((&first + &second) * 0.5, second - first),
        (BoxFormat::Xywh, BoxFormat::Xyxy) => (first.clone(), first + second),
        (BoxFormat::Xywh, BoxFormat::Cxcywh) => (first + &second * 0.5, second),
        (BoxFormat::Cxcywh, BoxFormat::Xyxy) => {
            let half = second * 0.5;
            (&first - &half, first + half)
        }
        (BoxFormat::Cxcywh, BoxFormat::Xywh) => (first - &second * 0.5, second),
        _ => return boxes.clone(),
    };
    Tensor::concat(&[&first, &second], -1)
}

/// The areas of boxes of shape [..., 4], of the batch's shape [...]: width times height, and 0 where an edge is beyond
/// the opposite one. Differentiable.
///
/// torchvision's `box_area`, which gives such boxes an area that is negative, or positive where both sides are.
///
/// ```
/// use wengert::models::detection::box_area;
/// use wengert::prelude::*;
///
/// let boxes = Tensor::<f32>::from_vec([2, 4], vec![1.0, 1.0, 4.0, 3.0, 5.0, 5.0, 2.0, 2.0]);
/// assert_eq!(box_area(&boxes).to_vec(), [6.0, 0.0]);
/// ```
///
/// # Panics
/// If the last axis has not four elements.
#[track_caller]
pub fn box_area<T: Float>(boxes: &Tensor<T>) -> Tensor<T> {
    check_boxes("box_area", boxes);
    let side = |axis| (boxes.select(-1, axis + 2) - boxes.select(-1, axis)).relu();
    side(0) * side(1)
}

/// The parts of boxes of shape [..., 4] that lie inside a picture of (height, width). Differentiable: an edge that was
/// moved, or lay on the border, gets no gradient.
///
/// torchvision's `clip_boxes_to_image`.
///
/// ```
/// use wengert::models::detection::clip_boxes_to_image;
/// use wengert::prelude::*;
///
/// let boxes = Tensor::<f32>::from_vec([1, 4], vec![-5.0, 10.0, 30.0, 80.0]);
/// assert_eq!(clip_boxes_to_image(&boxes, (48.0, 64.0)).to_vec(), [0.0, 10.0, 30.0, 48.0]);
/// ```
///
/// # Panics
/// If the last axis has not four elements, or a size is negative or NaN.
#[track_caller]
pub fn clip_boxes_to_image<T: Float>(boxes: &Tensor<T>, (height, width): (f64, f64)) -> Tensor<T> {
    check_boxes("clip_boxes_to_image", boxes);
    assert!(
        height >= 0.0 && width >= 0.0,
        "clip_boxes_to_image: a picture of height {height} and width {width} has no inside"
    );
    let edge = |axis, size| boxes.select(-1, axis).clamp(0.0, size);
    Tensor::stack(&[&edge(0, width), &edge(1, height), &edge(2, width), &edge(3, height)], -1)
}

/// Boxes as a tensor of shape [n, 4], by their edges.
///
/// ```
/// use wengert::data::detection::BoundingBox;
/// use wengert::models::detection::{boxes_to_tensor, tensor_to_boxes};
/// use wengert::prelude::*;
///
/// let boxes = [BoundingBox::new(1.0, 2.0, 3.0, 4.0)];
/// let tensor: Tensor<f32> = boxes_to_tensor(&boxes);
/// assert_eq!((tensor.shape(), tensor.to_vec()), ([1, 4].as_slice(), vec![1.0, 2.0, 3.0, 4.0]));
/// assert_eq!(tensor_to_boxes(&tensor), boxes);
/// ```
pub fn boxes_to_tensor<T: Float>(boxes: &[BoundingBox]) -> Tensor<T> {
    let edges = boxes.iter().flat_map(BoundingBox::edges).map(T::from_f64);
    Tensor::from_vec([boxes.len(), 4], edges.collect())
}

/// The boxes of a tensor of shape [n, 4] in the format [`BoxFormat::Xyxy`].
///
/// # Panics
/// If the tensor has another shape.
#[track_caller]
pub fn tensor_to_boxes<T: Float>(boxes: &Tensor<T>) -> Vec<BoundingBox> {
    let edges = rows("tensor_to_boxes", boxes);
    edges
        .into_iter()
        .map(|edges| edges.map(Float::to_f64))
        .map(|[x1, y1, x2, y2]| BoundingBox::new(x1, y1, x2, y2))
        .collect()
}

/// The rows of a tensor of shape [n, 4].
#[track_caller]
pub(super) fn rows<T: Float>(operation: &str, boxes: &Tensor<T>) -> Vec<[T; 4]> {
    let shape = boxes.shape();
    assert!(
        shape.len() == 2 && shape[1] == 4,
        "{operation}: boxes must have the shape [n, 4], not {shape:?}"
    );
    boxes.to_vec().as_chunks::<4>().0.to_vec()
}

#[track_caller]
pub(super) fn check_boxes<T: Float>(operation: &str, boxes: &Tensor<T>) {
    let shape = boxes.shape();
    assert!(shape.last() == Some(&4), "{operation}: boxes must have the shape [..., 4], not {shape:?}");
}
