//! Boxes as labels: P_c, b_x, b_y, b_h, b_w and the classes.

use autodiff::{Float, Tensor};
use data::detection::{BoundingBox, Detection, Object};
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::anchors::best;
use super::shape_iou;
use crate::configured::{expect, positive, wrong};

/// How the objects of a picture become the label y = [P_c, b_x, b_y, b_h, b_w, c₁, …, c_C] of a network, and back.
///
/// There is one y for the whole picture ([`new`](Self::new): localization of a single object), for each cell of a grid
/// ([`grid`](Self::grid)), or for each cell and anchor ([`anchors`](Self::anchors)):
///
/// | | shape of the label |
/// | --- | --- |
/// | picture | [5 + C] |
/// | grid | [rows, columns, 5 + C] |
/// | grid with A anchors | [rows, columns, A, 5 + C] |
///
/// P_c is 1 where an object is and 0 elsewhere, with zeros behind it. b_x and b_y are the object's centre in its cell,
/// (0, 0) being the upper left corner and (1, 1) the lower right one; b_h and b_w, the height first, are its height
/// and width by the cell's, which may exceed 1. Without a grid the picture is the cell. Exactly one of the classes is 1.
///
/// An object belongs to the cell of its centre, and there to the anchor whose shape has the highest intersection over
/// union with its own when both stand at the same place; of equal ones to the first. **Where two objects come
/// to the same y, the first of the list has it and the other is left out**; [`assign`](Self::assign) tells which. Objects
/// without a positive finite width and height, those whose centre lies outside the picture, difficult ones and crowds
/// are left out as well.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Object};
/// use wengert::models::detection::BoxEncoding;
/// use wengert::prelude::*;
///
/// let car = Object::new(BoundingBox::from_center(50.0, 70.0, 40.0, 30.0), 1);
/// let label: Tensor<f64> = BoxEncoding::new(3, (100.0, 100.0)).encode(&[car.clone()]);
/// assert_eq!(label.to_vec(), [1.0, 0.5, 0.7, 0.3, 0.4, 0.0, 1.0, 0.0]);
///
/// let grid = BoxEncoding::new(3, (100.0, 100.0)).grid(4, 4).anchors([(20.0, 60.0), (60.0, 20.0)]);
/// let label: Tensor<f64> = grid.encode(&[car.clone()]);
/// assert_eq!(label.shape(), [4, 4, 2, 8]);
/// assert_eq!(grid.assign(&[car.clone()]), [Some((2, 2, 1))]);
/// let found = grid.decode(&label, 0.5);
/// assert!(found[0].bounding_box.iou(&car.bounding_box) > 0.999 && found[0].class == 1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxEncoding {
    classes: usize,
    size: (f64, f64),
    #[serde(default)]
    grid: Option<(usize, usize)>,
    #[serde(default)]
    anchors: Vec<[f64; 2]>,
}

impl BoxEncoding {
    /// One y for pictures of this width and height, in the unit of the boxes.
    pub fn new(classes: usize, size: (f64, f64)) -> Self {
        Self { classes, size, grid: None, anchors: Vec::new() }
    }

    /// One y for each cell of a grid of so many rows and columns.
    pub fn grid(mut self, rows: usize, columns: usize) -> Self {
        self.grid = Some((rows, columns));
        self
    }

    /// One y for each cell and anchor, (width, height) in the unit of the boxes. Without a grid there is one cell.
    pub fn anchors(mut self, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        self.anchors = anchors.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the encoding is one, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// If there are no classes or cells, or the size or an anchor is not positive and finite.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "BoxEncoding";
        let sides_are_positive = |sides: &[f64; 2]| sides.iter().all(|side| *side > 0.0 && side.is_finite());
        let (rows, columns) = self.cells();
        positive(NAME, [("classes", self.classes)])?;
        if !sides_are_positive(&self.size.into()) {
            return wrong(NAME, "size", format_args!("{:?}", self.size), "a positive width and height");
        }
        if rows == 0 || columns == 0 {
            return wrong(NAME, "grid", format_args!("{:?}", (rows, columns)), "at least one row and column");
        }
        if !self.anchors.iter().all(sides_are_positive) {
            return wrong(NAME, "anchors", format_args!("{:?}", self.anchors), "positive widths and heights");
        }
        let entries = [rows, columns, self.anchors.len().max(1), self.classes.saturating_add(5), 8];
        let bytes = entries.iter().try_fold(1usize, |n, &m| n.checked_mul(m));
        if bytes.is_none_or(|bytes| bytes > isize::MAX as usize) {
            let found = format_args!("{:?}", (rows, columns));
            return wrong(NAME, "grid", found, "a label that fits into the address space");
        }
        Ok(())
    }

    fn cells(&self) -> (usize, usize) {
        self.grid.unwrap_or((1, 1))
    }

    /// The shape of a picture's label.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn shape(&self) -> Vec<usize> {
        expect(self.check());
        let mut shape = Vec::new();
        if self.grid.is_some() || !self.anchors.is_empty() {
            let (rows, columns) = self.cells();
            shape.extend([rows, columns]);
        }
        if !self.anchors.is_empty() {
            shape.push(self.anchors.len());
        }
        shape.push(5 + self.classes);
        shape
    }

    /// Row, column and anchor of each object, or None for one that is left out. Without anchors the anchor is 0.
    ///
    /// # Panics
    /// If an object's class is not one of the encoding's, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn assign(&self, objects: &[Object]) -> Vec<Option<(usize, usize, usize)>> {
        expect(self.check());
        let mut taken = Vec::with_capacity(objects.len());
        for (number, object) in objects.iter().enumerate() {
            assert!(
                object.class < self.classes,
                "BoxEncoding: object {number} has class {}, there are {} classes",
                object.class,
                self.classes
            );
            let place = self.place(object).filter(|place| !taken.contains(&Some(*place)));
            taken.push(place);
        }
        taken
    }

    fn place(&self, object: &Object) -> Option<(usize, usize, usize)> {
        let truth = &object.bounding_box;
        if object.difficult || object.crowd || !truth.has_size() {
            return None;
        }
        let ((width, height), (rows, columns)) = (self.size, self.cells());
        let (x, y) = truth.center();
        // The quotient of a centre just before the edge may round up to the edge.
        let cell = |x: f64, side: f64, cells: usize| {
            let inside = x >= 0.0 && x < side;
            inside.then(|| ((x / side * cells as f64) as usize).min(cells - 1))
        };
        let (row, column) = (cell(y, height, rows)?, cell(x, width, columns)?);
        let shape = [truth.width(), truth.height()];
        let (anchor, _) = best(&self.anchors, |&anchor| shape_iou(anchor, shape));
        Some((row, column, anchor))
    }

    /// The label of a picture.
    ///
    /// # Panics
    /// If an object's class is not one of the encoding's, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn encode<T: Float>(&self, objects: &[Object]) -> Tensor<T> {
        let shape = self.shape();
        let mut label = vec![T::zero(); shape.iter().product()];
        self.write(objects, &mut label);
        Tensor::from_vec(shape, label)
    }

    /// The labels of several pictures: the shape of one behind the batch.
    ///
    /// # Panics
    /// If an object's class is not one of the encoding's, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn encode_batch<T: Float>(&self, pictures: &[Vec<Object>]) -> Tensor<T> {
        let mut shape = self.shape();
        let one: usize = shape.iter().product();
        let mut labels = vec![T::zero(); one * pictures.len()];
        for (objects, label) in pictures.iter().zip(labels.chunks_mut(one.max(1))) {
            self.write(objects, label);
        }
        shape.insert(0, pictures.len());
        Tensor::from_vec(shape, labels)
    }

    #[track_caller]
    fn write<T: Float>(&self, objects: &[Object], label: &mut [T]) {
        let ((width, height), (rows, columns)) = (self.size, self.cells());
        for (object, place) in objects.iter().zip(self.assign(objects)) {
            let Some((row, column, anchor)) = place else { continue };
            let at = (row * columns + column) * self.anchors.len().max(1) + anchor;
            let y = &mut label[at * (5 + self.classes)..][..5 + self.classes];
            let truth = object.bounding_box;
            let (bx, by) = truth.center();
            let numbers = [
                1.0,
                bx / width * columns as f64 - column as f64,
                by / height * rows as f64 - row as f64,
                truth.height() / height * rows as f64,
                truth.width() / width * columns as f64,
            ];
            for (slot, number) in y.iter_mut().zip(numbers) {
                *slot = T::from_f64(number);
            }
            y[5 + object.class] = T::one();
        }
    }

    /// What a label of one picture says, or a network's output of that shape: where P_c is above the threshold, the box
    /// with its most probable class (of equal ones the first), and P_c for its score. In the order of the label; boxes
    /// that are not finite are left out.
    ///
    /// # Panics
    /// If the shape is not that of a label, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn decode<T: Float>(&self, label: &Tensor<T>, threshold: f64) -> Vec<Detection> {
        let shape = self.shape();
        assert!(
            label.shape() == shape,
            "BoxEncoding: the shape {:?} is not that of a label, {shape:?}",
            label.shape()
        );
        let ((width, height), (rows, columns)) = (self.size, self.cells());
        let anchors = self.anchors.len().max(1);
        let numbers: Vec<f64> = label.to_vec().into_iter().map(Float::to_f64).collect();
        let mut found = Vec::new();
        for (at, y) in numbers.chunks(5 + self.classes).enumerate() {
            let cell = at / anchors;
            let (row, column) = (cell / columns, cell % columns);
            let (cell_width, cell_height) = (width / columns as f64, height / rows as f64);
            let bounding_box = BoundingBox::from_center(
                (column as f64 + y[1]) * cell_width,
                (row as f64 + y[2]) * cell_height,
                y[4] * cell_width,
                y[3] * cell_height,
            );
            if y[0] > threshold && y[1..5].iter().all(|number| number.is_finite()) {
                let (class, _) = best(&y[5..], |&p| p);
                found.push(Detection::new(bounding_box, class, y[0]));
            }
        }
        found
    }
}
