//! The head of the first YOLO: what its map means, and its loss.

use autodiff::{Float, Indices, Tensor};
use data::detection::{BoundingBox, Detection, Object};
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::anchor_loss::constant;
use super::targets::check_classes;
use crate::configured::{expect, full, half, not_negative, two, wrong, yes};
use crate::detection::{BoxEncoding, DetectionHead, DetectionLoss};

/// The head of the first YOLO: a grid over the picture, in each cell B boxes and one distribution of the C classes.
///
/// The map [batch, rows, columns, B·5 + C] holds for each cell B times x, y, √w, √h and the confidence c, then the
/// class scores p. x and y are the centre in the cell, in 0..=1, w and h are shares of the picture; the network
/// predicts their square roots, as Darknet does it, so that none is negative and every number has a gradient. The
/// score of a box for a class is c·p. (Darknet's weights have another order: all classes, all confidences, all boxes.)
///
/// **Loss**, as in the paper, for each picture with the objects' x̂, ŷ, ŵ, ĥ:
///
/// L = coord_scale·Σ (x − x̂)² + (y − ŷ)² + (√w − √ŵ)² + (√h − √ĥ)² over the responsible boxes
/// \+ object_scale·Σ (c − IoU)² over the same \+ noobject_scale·Σ c² over the other boxes
/// \+ class_scale·Σ (p − p̂)² over all classes of the cells with an object.
///
/// An object belongs to the cell of its centre; of several in one cell the first of the list stays and the others are
/// left out, as [`BoxEncoding`] has it. Of the cell's boxes the one whose intersection over union with the object
/// is highest is responsible; where none overlaps the object, the one whose x, y, w, h are nearest. The IoU is constant:
/// no gradient flows through it. Without `rescore` the confidence should be 1 instead. The loss of a batch is the mean
/// over its pictures.
///
/// After Redmon, Divvala, Girshick and Farhadi, "You only look once: unified, real-time object detection" (2016),
/// section 2.2.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Object};
/// use wengert::models::detection::{DetectionHead, GridHead};
/// use wengert::prelude::*;
///
/// let head = GridHead::new(1, (10.0, 20.0)).grid(1, 1).boxes(1);
/// let map = Tensor::<f64>::from_vec([1, 1, 1, 6], vec![0.5, 0.5, 0.5, 1.0, 0.9, 1.0]);
/// let found = head.decode(&[map.clone()], 0.5);
/// assert_eq!(found[0][0].bounding_box, BoundingBox::new(3.75, 0.0, 6.25, 20.0));
/// let loss = head.loss(&[map], &[vec![Object::new(found[0][0].bounding_box, 0)]]);
/// assert!((loss.total().item() - 0.01).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridHead {
    classes: usize,
    size: (f64, f64),
    #[serde(default = "seven")]
    rows: usize,
    #[serde(default = "seven")]
    columns: usize,
    #[serde(default = "two")]
    boxes: usize,
    #[serde(default = "five")]
    coord_scale: f64,
    #[serde(default = "full")]
    object_scale: f64,
    #[serde(default = "half")]
    noobject_scale: f64,
    #[serde(default = "full")]
    class_scale: f64,
    #[serde(default = "yes")]
    rescore: bool,
}

fn seven() -> usize {
    7
}

fn five() -> f64 {
    5.0
}

/// What a map of a [`GridHead`] is compared with. Made by [`GridHead::assign`].
#[derive(Clone, Debug, PartialEq)]
pub struct GridTargets {
    shape: Vec<usize>,
    responsible: Vec<Responsible>,
}

/// A box and its object.
#[derive(Clone, Debug, PartialEq)]
struct Responsible {
    /// The number of its cell, counted over [batch, rows, columns], and its own in the cell.
    cell: usize,
    number: usize,
    /// x, y, √w, √h.
    truth: [f64; 4],
    confidence: f64,
    class: usize,
}

impl GridTargets {
    /// How many objects have a box that is to explain them.
    pub fn assigned(&self) -> usize {
        self.responsible.len()
    }
}

impl GridHead {
    /// For a number of classes and pictures of this width and height in pixels: 7×7 cells with 2 boxes, and the paper's
    /// weights 5 of the boxes and 0.5 of the confidence without an object.
    pub fn new(classes: usize, size: (f64, f64)) -> Self {
        Self {
            classes,
            size,
            rows: seven(),
            columns: seven(),
            boxes: two(),
            coord_scale: five(),
            object_scale: full(),
            noobject_scale: half(),
            class_scale: full(),
            rescore: yes(),
        }
    }

    /// The numbers of cells (default: 7 and 7).
    pub fn grid(mut self, rows: usize, columns: usize) -> Self {
        (self.rows, self.columns) = (rows, columns);
        self
    }

    /// The boxes of a cell (default: 2).
    pub fn boxes(mut self, boxes: usize) -> Self {
        self.boxes = boxes;
        self
    }

    /// The weight of the boxes' places and sizes, the paper's λ_coord (default: 5).
    pub fn coord_scale(mut self, scale: f64) -> Self {
        self.coord_scale = scale;
        self
    }

    /// The weight of the confidence of boxes with an object (default: 1).
    pub fn object_scale(mut self, scale: f64) -> Self {
        self.object_scale = scale;
        self
    }

    /// The weight of the confidence of boxes without one, the paper's λ_noobj (default: 0.5).
    pub fn noobject_scale(mut self, scale: f64) -> Self {
        self.noobject_scale = scale;
        self
    }

    /// The weight of the classes (default: 1).
    pub fn class_scale(mut self, scale: f64) -> Self {
        self.class_scale = scale;
        self
    }

    /// Whether the confidence of a responsible box should be its intersection over union with the object, instead of 1
    /// (default: yes).
    pub fn rescore(mut self, rescore: bool) -> Self {
        self.rescore = rescore;
        self
    }

    /// Width and height of the pictures in pixels.
    pub(super) fn size(&self) -> (f64, f64) {
        self.size
    }

    /// The numbers of one cell, B·5 + C.
    pub fn channels(&self) -> usize {
        self.boxes * 5 + self.classes
    }

    /// The shape of a map without its batch: [rows, columns, B·5 + C].
    pub fn map_shape(&self) -> [usize; 3] {
        [self.rows, self.columns, self.channels()]
    }

    /// Whether the head is one: there are cells, boxes and classes, and no number is absurd.
    ///
    /// # Errors
    /// The first field that is wrong, what was found and what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "GridHead";
        let counts = [
            ("classes", self.classes),
            ("rows", self.rows),
            ("columns", self.columns),
            ("boxes", self.boxes),
        ];
        for (field, n) in counts {
            if !(1..=1 << 20).contains(&n) {
                return wrong(NAME, field, n, "1 to 1048576");
            }
        }
        let positive = |x: f64| x > 0.0 && x.is_finite();
        if !(positive(self.size.0) && positive(self.size.1)) {
            let found = format_args!("{:?}", self.size);
            return wrong(NAME, "size", found, "a positive width and height in pixels");
        }
        let scales = [
            ("coord_scale", self.coord_scale),
            ("object_scale", self.object_scale),
            ("noobject_scale", self.noobject_scale),
            ("class_scale", self.class_scale),
        ];
        not_negative(NAME, scales)
    }

    #[track_caller]
    fn only<'a, T: Float>(&self, maps: &'a [Tensor<T>]) -> &'a Tensor<T> {
        expect(self.check());
        let [map] = maps else { panic!("GridHead: {} maps were given, the head has one", maps.len()) };
        assert!(
            map.ndim() == 4 && map.shape()[1..] == self.map_shape(),
            "GridHead: the map {:?} is not [batch, {}, {}, {}]",
            map.shape(),
            self.rows,
            self.columns,
            self.channels()
        );
        map
    }

    /// Where each of the cell's boxes is predicted, in pixels.
    fn predicted<'a, T: Float>(
        &'a self,
        numbers: &'a [T],
        row: usize,
        column: usize,
    ) -> impl Iterator<Item = BoundingBox> + 'a {
        let (width, height) = self.size;
        numbers[..self.boxes * 5].chunks_exact(5).map(move |numbers| {
            let [x, y, w, h] = [0, 1, 2, 3].map(|i| numbers[i].to_f64());
            BoundingBox::from_center(
                (column as f64 + x) * width / self.columns as f64,
                (row as f64 + y) * height / self.rows as f64,
                w * w * width,
                h * h * height,
            )
        })
    }

    /// Which boxes are responsible for which objects, for this map: what the loss compares the map with.
    ///
    /// # Panics
    /// If the map is not that of the head, there are not as many lists of objects as pictures, or an object's class is
    /// not one of the head's, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn assign<T: Float>(&self, map: &Tensor<T>, objects: &[Vec<Object>]) -> GridTargets {
        let shape = self.only(std::slice::from_ref(map)).shape().to_vec();
        assert!(
            objects.len() == shape[0],
            "GridHead: there are objects of {} pictures for a map of {}",
            objects.len(),
            shape[0]
        );
        let value = map.value().contiguous();
        let numbers = value.as_slice().expect("contiguous");
        let (width, height) = self.size;
        let encoding = BoxEncoding::new(self.classes, self.size).grid(self.rows, self.columns);
        let mut responsible = Vec::new();
        for (picture, objects) in objects.iter().enumerate() {
            check_classes("GridHead", self.classes, picture, objects);
            for (object, place) in objects.iter().zip(encoding.assign(objects)) {
                let Some((row, column, _)) = place else { continue };
                let cell = (picture * self.rows + row) * self.columns + column;
                let numbers = &numbers[cell * self.channels()..][..self.channels()];
                let truth = object.bounding_box;
                let predicted: Vec<BoundingBox> = self.predicted(numbers, row, column).collect();
                let number = nearest(&predicted, &truth, self.size);
                let (x, y) = truth.center();
                responsible.push(Responsible {
                    cell,
                    number,
                    truth: [
                        x * self.columns as f64 / width - column as f64,
                        y * self.rows as f64 / height - row as f64,
                        (truth.width() / width).sqrt(),
                        (truth.height() / height).sqrt(),
                    ],
                    confidence: if self.rescore { predicted[number].iou(&truth) } else { 1.0 },
                    class: object.class,
                });
            }
        }
        GridTargets { shape, responsible }
    }

    /// The loss of a map for targets that stay what they are, as the mean over the pictures.
    ///
    /// # Panics
    /// If the targets are those of a map of another shape, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn loss_for<T: Float>(&self, map: &Tensor<T>, targets: &GridTargets) -> DetectionLoss<T> {
        expect(self.check());
        let GridTargets { shape, responsible } = targets;
        assert!(
            map.shape() == shape,
            "GridHead: the map {:?} is not that of the targets, {shape:?}",
            map.shape()
        );
        let (n, channels) = (responsible.len(), self.channels());
        let numbers = map.reshape([map.len()]);
        let gather = |width: usize, start: &dyn Fn(&Responsible) -> usize| {
            let places = responsible.iter().flat_map(|one| {
                let start = one.cell * channels + start(one);
                (start..start + width).map(|place| place as i64)
            });
            numbers.index_select(0, &Indices::from_vec([n, width], places.collect()))
        };
        let boxes = gather(4, &|one| 5 * one.number);
        let truth = constant([n, 4], responsible.iter().flat_map(|one| one.truth));
        let classes = gather(self.classes, &|_| 5 * self.boxes);
        let labels = responsible.iter().map(|one| one.class as i64).collect();
        let labels = Indices::from_vec([n], labels).one_hot(self.classes);
        let cells = shape[0] * self.rows * self.columns;
        let confidence = map.reshape([cells, channels]).slice(1, 0..(5 * self.boxes) as isize);
        let confidence = confidence.reshape([cells, self.boxes, 5]).select(2, 4);
        let mut wanted = vec![0.0; cells * self.boxes];
        let mut weight = vec![self.noobject_scale; cells * self.boxes];
        for one in responsible {
            let at = one.cell * self.boxes + one.number;
            (wanted[at], weight[at]) = (one.confidence, self.object_scale);
        }
        let [wanted, weight] = [wanted, weight].map(|numbers| constant([cells, self.boxes], numbers));
        let pictures = shape[0].max(1) as f64;
        DetectionLoss {
            boxes: (boxes - truth).square().sum(..) * (self.coord_scale / pictures),
            objectness: ((confidence - wanted).square() * weight).sum(..) / pictures,
            classes: (classes - labels).square().sum(..) * (self.class_scale / pictures),
        }
    }
}

/// The box of the highest intersection over union; where all are 0, the one with the nearest centre and size, as shares
/// of the picture. Of equal ones the first.
fn nearest(predicted: &[BoundingBox], truth: &BoundingBox, (width, height): (f64, f64)) -> usize {
    let share = |b: &BoundingBox| {
        let (x, y) = b.center();
        [x / width, y / height, b.width() / width, b.height() / height]
    };
    let distance =
        |b: &BoundingBox| -> f64 { share(b).iter().zip(share(truth)).map(|(a, b)| (a - b) * (a - b)).sum() };
    let mut best = 0;
    for at in 1..predicted.len() {
        let [iou, most] = [at, best].map(|at| predicted[at].iou(truth));
        let nearer = iou == 0.0 && most == 0.0 && distance(&predicted[at]) < distance(&predicted[best]);
        if iou > most || nearer {
            best = at;
        }
    }
    best
}

impl<T: Float> DetectionHead<T> for GridHead {
    fn loss(&self, maps: &[Tensor<T>], objects: &[Vec<Object>]) -> DetectionLoss<T> {
        let map = self.only(maps);
        self.loss_for(map, &self.assign(map, objects))
    }

    fn decode(&self, maps: &[Tensor<T>], score: f64) -> Vec<Vec<Detection>> {
        let map = self.only(maps);
        let value = map.value().contiguous();
        let numbers = value.as_slice().expect("contiguous");
        let picture = self.rows * self.columns * self.channels();
        let mut all = vec![Vec::new(); map.shape()[0]];
        for (found, numbers) in all.iter_mut().zip(numbers.chunks_exact(picture)) {
            for (cell, numbers) in numbers.chunks_exact(self.channels()).enumerate() {
                let predicted = self.predicted(numbers, cell / self.columns, cell % self.columns);
                let classes = &numbers[5 * self.boxes..];
                for (number, bounding_box) in predicted.enumerate() {
                    if bounding_box.edges().iter().any(|edge| edge.is_nan()) {
                        continue;
                    }
                    let confidence = numbers[5 * number + 4].to_f64();
                    let scores = classes.iter().map(|&p| confidence * p.to_f64()).enumerate();
                    let sure = scores.filter(|(_, one)| *one > score);
                    found.extend(sure.map(|(class, one)| Detection::new(bounding_box, class, one)));
                }
            }
        }
        all
    }
}
