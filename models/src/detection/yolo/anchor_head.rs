//! The head of YOLOv2 and YOLOv3: what their maps mean.

use autodiff::{Float, Tensor};
use data::detection::{BoundingBox, Detection, Object};
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::anchor_loss::AnchorLoss;
use super::targets::AnchorTargets;
use crate::configured::{expect, positive, wrong};
use crate::detection::{DetectionHead, DetectionLoss};

/// How the class scores of a box are computed from its logits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassScores {
    /// Classes exclude each other (YOLOv2).
    #[default]
    Softmax,
    /// Each class by itself (YOLOv3).
    Logistic,
}

/// The head of YOLOv2 and YOLOv3, which predicts boxes relative to anchors at every cell of one or several maps.
///
/// A map of stride s divides pictures of W×H pixels into cells of s×s and has the shape
/// [batch, A·(5 + C), H/s, W/s] for A anchors and C classes: for each anchor t_x, t_y, t_w, t_h, t_o and a logit for
/// each class, Darknet's layout. At the cell in column c and row r, with an anchor of p_w×p_h, they mean
///
/// - the centre ((c + σ(t_x))·s, (r + σ(t_y))·s),
/// - the width p_w·e^t_w and the height p_h·e^t_h,
/// - the score σ(t_o)·P(class), where P is the softmax or the sigmoid of the logits.
///
/// Anchors are pairs of a width and a height in pixels of the network's input, like all boxes;
/// [`AnchorKMeans`](crate::detection::AnchorKMeans) finds such pairs. (Darknet's files give those of
/// YOLOv2 in cells of 32 pixels, those of YOLOv3 in pixels.) They stay the same when the size of the pictures
/// changes, which may be any multiple of the largest stride.
///
/// **Assignment.** Each object has one box to explain it: in the cell of its centre, of the anchor whose shape has the
/// highest intersection over union with the object's when both stand at the same place; of equal ones the first. All
/// maps take part in the choice. If two objects come to the same cell and anchor, the first of the list keeps it
/// and the other is left out. Objects without a positive finite width and height are left out too. One whose centre
/// lies outside the picture, a difficult one and a crowd are no targets, but boxes that cover them are not told that
/// there is nothing.
///
/// After Redmon and Farhadi, "YOLO9000: better, faster, stronger" (2016), and "YOLOv3: an incremental improvement"
/// (2018).
///
/// ```
/// use wengert::data::detection::{BoundingBox, Object};
/// use wengert::models::detection::{AnchorHead, DetectionHead};
/// use wengert::prelude::*;
///
/// let head = AnchorHead::v2(1, [(20.0, 10.0)]);
/// // One cell of 32×32 pixels: its centre, the anchor's size, and a sure box.
/// let map = Tensor::<f64>::from_vec([1, 6, 1, 1], vec![0.0, 0.0, 0.0, 0.0, 9.0, 0.0]);
/// let found = head.decode(&[map.clone()], 0.5);
/// assert_eq!(found[0][0].bounding_box, BoundingBox::new(6.0, 11.0, 26.0, 21.0));
///
/// let right = head.loss(&[map.clone()], &[vec![Object::new(found[0][0].bounding_box, 0)]]);
/// let wrong = head.loss(&[map], &[vec![]]);
/// assert!(right.total().item() < 1e-6 && wrong.total().item() > 0.49);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorHead {
    classes: usize,
    scales: Vec<AnchorScale>,
    #[serde(default)]
    class_scores: ClassScores,
    #[serde(default)]
    loss: AnchorLoss,
}

/// One map of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnchorScale {
    /// The side of a cell in pixels.
    stride: usize,
    /// Widths and heights in pixels.
    anchors: Vec<[f64; 2]>,
}

impl AnchorHead {
    /// No map yet; softmax and the loss of YOLOv2.
    pub fn new(classes: usize) -> Self {
        Self { classes, scales: Vec::new(), class_scores: ClassScores::Softmax, loss: AnchorLoss::v2() }
    }

    /// YOLOv2's: one map of stride 32, softmax, [`AnchorLoss::v2`].
    pub fn v2(classes: usize, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        Self::new(classes).map(32, anchors)
    }

    /// YOLOv3's scores and loss, without maps yet: independent classes, [`AnchorLoss::v3`].
    pub fn v3(classes: usize) -> Self {
        Self::new(classes).class_scores(ClassScores::Logistic).anchor_loss(AnchorLoss::v3())
    }

    /// One more map, with the side of a cell and the anchors, all in pixels.
    pub fn map(mut self, stride: usize, anchors: impl IntoIterator<Item = impl Into<[f64; 2]>>) -> Self {
        self.scales.push(AnchorScale { stride, anchors: anchors.into_iter().map(Into::into).collect() });
        self
    }

    /// How classes are scored (default: softmax).
    pub fn class_scores(mut self, class_scores: ClassScores) -> Self {
        self.class_scores = class_scores;
        self
    }

    /// The loss (default: that of YOLOv2).
    pub fn anchor_loss(mut self, loss: AnchorLoss) -> Self {
        self.loss = loss;
        self
    }

    /// Replaces the loss of a head that is in use: the pull towards the anchors ends, boxes weigh more.
    pub fn set_anchor_loss(&mut self, loss: AnchorLoss) {
        self.loss = loss;
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The side of a cell of each map, in pixels.
    pub fn strides(&self) -> Vec<usize> {
        self.scales.iter().map(|scale| scale.stride).collect()
    }

    /// The anchors of a map, (width, height) in pixels.
    ///
    /// # Panics
    /// If there is no such map.
    #[track_caller]
    pub fn anchors(&self, map: usize) -> &[[f64; 2]] {
        &self.scales[map].anchors
    }

    /// How many channels a map needs: its anchors times (5 + classes).
    ///
    /// # Panics
    /// If there is no such map.
    #[track_caller]
    pub fn channels(&self, map: usize) -> usize {
        self.scales[map].anchors.len() * self.entries()
    }

    /// The loss that is computed.
    pub(super) fn loss_options(&self) -> &AnchorLoss {
        &self.loss
    }

    pub(super) fn scores(&self) -> ClassScores {
        self.class_scores
    }

    /// Numbers of one box.
    pub(super) fn entries(&self) -> usize {
        5 + self.classes
    }

    /// Whether the head is one: there are classes, maps, anchors, and no number is absurd.
    ///
    /// # Errors
    /// The first field that is wrong, what was found and what was expected.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "AnchorHead";
        positive(NAME, [("classes", self.classes)])?;
        if self.scales.is_empty() {
            return wrong(NAME, "scales", "empty", "at least one map");
        }
        for scale in &self.scales {
            // Whose product with a number of cells is a number of pixels.
            if !(1..=1 << 16).contains(&scale.stride) {
                return wrong(NAME, "stride", scale.stride, "1 to 65536");
            }
            let right = |anchor: &[f64; 2]| anchor.iter().all(|side| *side > 0.0 && side.is_finite());
            if scale.anchors.is_empty() || !scale.anchors.iter().all(right) {
                let expected = "at least one pair of a width and a height in pixels, positive and finite";
                return wrong(NAME, "anchors", format_args!("{:?}", scale.anchors), expected);
            }
            let channels = self.classes.checked_add(5).and_then(|n| n.checked_mul(scale.anchors.len()));
            if channels.is_none() {
                return wrong(NAME, "classes", self.classes, "a number whose channels can be counted");
            }
        }
        self.loss.check()
    }

    /// The maps, which are looked at on the processor and by their numbers alone.
    #[track_caller]
    pub(super) fn view<'a, T: Float>(&'a self, maps: &[Tensor<T>]) -> Vec<Map<'a, T>> {
        expect(self.check());
        assert!(
            maps.len() == self.scales.len(),
            "AnchorHead: {} maps were given, the head has {}",
            maps.len(),
            self.scales.len()
        );
        let mut views = Vec::with_capacity(maps.len());
        for (at, (map, scale)) in maps.iter().zip(&self.scales).enumerate() {
            let &[batch, channels, rows, columns] = map.shape() else {
                panic!(
                    "AnchorHead: map {at} of shape {:?} is not [batch, channels, rows, columns]",
                    map.shape()
                )
            };
            let (anchors, entries) = (scale.anchors.len(), self.entries());
            assert!(
                channels == anchors * entries,
                "AnchorHead: map {at} of shape {:?} has {channels} channels, not those of {anchors} anchors with \
                 5 + {} numbers",
                map.shape(),
                self.classes
            );
            let values = map.value().contiguous();
            views.push(Map { values, scale, batch, entries, rows, columns });
        }
        if let Some(first) = views.first() {
            let same = |map: &Map<'_, T>| map.batch == first.batch && map.size() == first.size();
            assert!(
                views.iter().all(same),
                "AnchorHead: the maps {:?} are not of the same pictures at the strides {:?}",
                maps.iter().map(Tensor::shape).collect::<Vec<_>>(),
                self.strides()
            );
        }
        views
    }

    /// Which box is to explain which object, and which are to say that there is nothing, for these maps: what the loss
    /// compares the maps with. It depends on the maps' values by the overlap of boxes with objects alone.
    ///
    /// # Panics
    /// If the maps are not those of the head, there are not as many lists of objects as pictures, or an object's class
    /// is not one of the head's, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn assign<T: Float>(&self, maps: &[Tensor<T>], objects: &[Vec<Object>]) -> AnchorTargets {
        AnchorTargets::new(self, &self.view(maps), objects)
    }

    /// The loss of maps for targets that stay what they are, as the mean over the pictures.
    ///
    /// # Panics
    /// If the targets are those of maps of other shapes, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn loss_for<T: Float>(&self, maps: &[Tensor<T>], targets: &AnchorTargets) -> DetectionLoss<T> {
        expect(self.check());
        self.loss.compute(self, maps, targets)
    }
}

impl<T: Float> DetectionHead<T> for AnchorHead {
    fn loss(&self, maps: &[Tensor<T>], objects: &[Vec<Object>]) -> DetectionLoss<T> {
        self.loss_for(maps, &self.assign(maps, objects))
    }

    fn decode(&self, maps: &[Tensor<T>], score: f64) -> Vec<Vec<Detection>> {
        let views = self.view(maps);
        let batch = views.first().map_or(0, |map| map.batch);
        (0..batch)
            .map(|picture| {
                let mut found = Vec::new();
                for map in &views {
                    for at in map.places(picture) {
                        map.detections(at, self.class_scores, score, &mut found);
                    }
                }
                found
            })
            .collect()
    }
}

/// One map with its numbers.
pub(super) struct Map<'a, T: Float> {
    values: autodiff::Value<T>,
    scale: &'a AnchorScale,
    pub(super) batch: usize,
    entries: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Where a box stands in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) picture: usize,
    pub(super) anchor: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

impl<T: Float> Map<'_, T> {
    pub(super) fn anchors(&self) -> &[[f64; 2]] {
        &self.scale.anchors
    }

    pub(super) fn stride(&self) -> f64 {
        self.scale.stride as f64
    }

    /// Width and height of the pictures in pixels.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.columns * self.scale.stride, self.rows * self.scale.stride)
    }

    /// All boxes of a picture, in the order of [`index`](Self::index).
    pub(super) fn places(&self, picture: usize) -> impl Iterator<Item = Place> + use<T> {
        let (rows, columns) = (self.rows, self.columns);
        (0..self.scale.anchors.len()).flat_map(move |anchor| {
            (0..rows)
                .flat_map(move |row| (0..columns).map(move |column| Place { picture, anchor, row, column }))
        })
    }

    /// The number of a box, counted over [batch, anchors, rows, columns].
    pub(super) fn index(&self, at: Place) -> usize {
        let anchor = at.picture * self.scale.anchors.len() + at.anchor;
        (anchor * self.rows + at.row) * self.columns + at.column
    }

    /// Where one of the box's numbers stands in the map.
    pub(super) fn offset(&self, at: Place, entry: usize) -> usize {
        let channel = (at.picture * self.scale.anchors.len() + at.anchor) * self.entries + entry;
        (channel * self.rows + at.row) * self.columns + at.column
    }

    fn number(&self, at: Place, entry: usize) -> f64 {
        self.values.as_slice().expect("contiguous")[self.offset(at, entry)].to_f64()
    }

    /// The box that is predicted, in pixels.
    pub(super) fn bounding_box(&self, at: Place) -> BoundingBox {
        let [w, h] = self.scale.anchors[at.anchor];
        BoundingBox::from_center(
            (at.column as f64 + sigmoid(self.number(at, 0))) * self.stride(),
            (at.row as f64 + sigmoid(self.number(at, 1))) * self.stride(),
            w * self.number(at, 2).exp(),
            h * self.number(at, 3).exp(),
        )
    }

    /// The detections of one box: one for each class whose score is above the threshold.
    fn detections(&self, at: Place, scores: ClassScores, threshold: f64, found: &mut Vec<Detection>) {
        let objectness = sigmoid(self.number(at, 4));
        // Neither a box that cannot reach the threshold nor one that is NaN.
        if objectness.is_nan() || objectness <= threshold {
            return;
        }
        let logits: Vec<f64> = (5..self.entries).map(|entry| self.number(at, entry)).collect();
        let probabilities = match scores {
            ClassScores::Softmax => softmax(&logits),
            ClassScores::Logistic => logits.into_iter().map(sigmoid).collect(),
        };
        let bounding_box = self.bounding_box(at);
        if bounding_box.edges().iter().any(|edge| edge.is_nan()) {
            return;
        }
        let scored = probabilities.into_iter().map(|p| objectness * p).enumerate();
        let sure = scored.filter(|(_, score)| *score > threshold);
        found.extend(sure.map(|(class, score)| Detection::new(bounding_box, class, score)));
    }
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|x| (x - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / sum).collect()
}
