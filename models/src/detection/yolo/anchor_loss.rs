//! The loss of YOLOv2 and YOLOv3.

use autodiff::{BceWithLogitsOptions, Float, Indices, Reduction, Tensor};
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::anchor_head::{AnchorHead, ClassScores};
use super::targets::{AnchorTargets, Assigned, MapTargets};
use crate::configured::{not_negative, wrong};
use crate::detection::{DetectionLoss, Overlap};

/// How far a predicted box is from its object's.
///
/// x̂ and ŷ are the object's centre in its cell, in 0..1; t̂_w = ln(w/p_w) and t̂_h = ln(h/p_h) its size by the anchor's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoxLoss {
    /// ½[(σ(t_x) − x̂)² + (σ(t_y) − ŷ)² + (t_w − t̂_w)² + (t_h − t̂_h)²] (YOLOv2).
    #[default]
    SquaredError,
    /// −x̂ ln σ(t_x) − (1 − x̂) ln(1 − σ(t_x)), the same of y, and ½[(t_w − t̂_w)² + (t_h − t̂_h)²]: by each t its
    /// gradient is what is predicted minus what is true, which is what YOLOv3 asks for.
    CrossEntropy,
    /// 1 minus a measure of how well the boxes overlap: GIoU, DIoU, CIoU, or IoU itself. In a file it is written
    /// `{"overlap": "ciou"}`.
    Overlap(Overlap),
}

/// How far the objectness σ(t_o) is from what it should be, t.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectnessLoss {
    /// ½(σ(t_o) − t)² (YOLOv2).
    #[default]
    SquaredError,
    /// −t ln σ(t_o) − (1 − t) ln(1 − σ(t_o)) (YOLOv3).
    CrossEntropy,
}

/// What an [`AnchorHead`] is trained with.
///
/// For each picture, with the boxes that explain an object as [`AnchorHead`] assigns them, L is the sum of
///
/// - coord_scale·(2 − w·h)·[`BoxLoss`] over the boxes that explain an object of the shares w and h of the picture's
///   sides: small ones count more (the factor is 1 without `small_boxes`, and where w·h is above 1),
/// - class_scale·(cross-entropy of the softmax, or of each class by itself: [`ClassScores`]) over the same,
/// - object_scale·[`ObjectnessLoss`] over the same, where the objectness should be 1, or with `rescore` the
///   intersection over union of the box, as it is predicted now, with the object,
/// - noobject_scale·[`ObjectnessLoss`] over the other boxes, which should be 0, but for those whose intersection over
///   union with any object is above `ignore_threshold`,
/// - with a `prior_scale`, prior_scale·[`BoxLoss::SquaredError`] over the boxes that explain nothing, from their anchor
///   in the middle of the cell: Darknet has 0.01 for the first 12,800 pictures, so that the boxes start from the anchors.
///
/// The loss of a batch is the mean over its pictures. What the boxes should be is constant: no gradient flows through
/// the assignment or the overlap.
///
/// ```
/// use wengert::models::detection::{AnchorLoss, BoxLoss};
///
/// let config: AnchorLoss = serde_json::from_str(r#"{"box_loss": "cross_entropy", "rescore": false}"#)?;
/// assert_eq!(config, AnchorLoss::v2().box_loss(BoxLoss::CrossEntropy).rescore(false));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnchorLoss {
    pub(super) box_loss: BoxLoss,
    pub(super) objectness: ObjectnessLoss,
    pub(super) rescore: bool,
    pub(super) small_boxes: bool,
    pub(super) ignore_threshold: f64,
    pub(super) coord_scale: f64,
    pub(super) object_scale: f64,
    pub(super) noobject_scale: f64,
    pub(super) class_scale: f64,
    pub(super) prior_scale: f64,
}

impl Default for AnchorLoss {
    /// [`v2`](Self::v2).
    fn default() -> Self {
        Self::v2()
    }
}

impl AnchorLoss {
    /// YOLOv2's, as Darknet's files have it: squared errors, object_scale 5, the others 1, rescored, nothing ignored
    /// up to an intersection over union of 0.6, no prior.
    pub const fn v2() -> Self {
        Self {
            box_loss: BoxLoss::SquaredError,
            objectness: ObjectnessLoss::SquaredError,
            rescore: true,
            small_boxes: true,
            ignore_threshold: 0.6,
            coord_scale: 1.0,
            object_scale: 5.0,
            noobject_scale: 1.0,
            class_scale: 1.0,
            prior_scale: 0.0,
        }
    }

    /// YOLOv3's: cross-entropies, all scales 1, not rescored, nothing ignored up to an intersection over union of 0.5,
    /// the paper's (Darknet's `yolov3.cfg` has 0.7).
    pub const fn v3() -> Self {
        Self {
            box_loss: BoxLoss::CrossEntropy,
            objectness: ObjectnessLoss::CrossEntropy,
            rescore: false,
            ignore_threshold: 0.5,
            object_scale: 1.0,
            ..Self::v2()
        }
    }

    /// The loss of the boxes.
    pub const fn box_loss(mut self, loss: BoxLoss) -> Self {
        self.box_loss = loss;
        self
    }

    /// The loss of the objectness.
    pub const fn objectness(mut self, loss: ObjectnessLoss) -> Self {
        self.objectness = loss;
        self
    }

    /// Whether the objectness of a box with an object should be their intersection over union, instead of 1.
    pub const fn rescore(mut self, rescore: bool) -> Self {
        self.rescore = rescore;
        self
    }

    /// Whether the boxes of small objects count up to twice (default: yes).
    pub const fn small_boxes(mut self, small_boxes: bool) -> Self {
        self.small_boxes = small_boxes;
        self
    }

    /// The intersection over union with an object from which on a box need not say that there is nothing.
    pub const fn ignore_threshold(mut self, iou: f64) -> Self {
        self.ignore_threshold = iou;
        self
    }

    /// The weight of the boxes' places and sizes.
    pub const fn coord_scale(mut self, scale: f64) -> Self {
        self.coord_scale = scale;
        self
    }

    /// The weight of the objectness of boxes with an object.
    pub const fn object_scale(mut self, scale: f64) -> Self {
        self.object_scale = scale;
        self
    }

    /// The weight of the objectness of boxes without one.
    pub const fn noobject_scale(mut self, scale: f64) -> Self {
        self.noobject_scale = scale;
        self
    }

    /// The weight of the classes.
    pub const fn class_scale(mut self, scale: f64) -> Self {
        self.class_scale = scale;
        self
    }

    /// The weight of the pull of boxes without an object towards their anchors (default: 0).
    pub const fn prior_scale(mut self, scale: f64) -> Self {
        self.prior_scale = scale;
        self
    }

    /// Whether the numbers make sense.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let scales = [
            ("coord_scale", self.coord_scale),
            ("object_scale", self.object_scale),
            ("noobject_scale", self.noobject_scale),
            ("class_scale", self.class_scale),
            ("prior_scale", self.prior_scale),
        ];
        not_negative("AnchorLoss", scales)?;
        if self.ignore_threshold.is_nan() {
            return wrong("AnchorLoss", "ignore_threshold", "NaN", "a number");
        }
        Ok(())
    }

    #[track_caller]
    pub(super) fn compute<T: Float>(
        &self,
        head: &AnchorHead,
        maps: &[Tensor<T>],
        targets: &AnchorTargets,
    ) -> DetectionLoss<T> {
        let shapes: Vec<&[usize]> = maps.iter().map(Tensor::shape).collect();
        let expected: Vec<&[usize]> = targets.maps.iter().map(|map| &map.shape[..]).collect();
        assert!(
            shapes == expected,
            "AnchorHead: the maps {shapes:?} are not those of the targets, {expected:?}"
        );
        let zero = Tensor::scalar(0.0);
        let mut loss = DetectionLoss { boxes: zero.clone(), objectness: zero.clone(), classes: zero };
        for (at, (map, targets)) in maps.iter().zip(&targets.maps).enumerate() {
            let part = self.of_map(head, at, map, targets);
            loss.boxes = loss.boxes + part.boxes;
            loss.objectness = loss.objectness + part.objectness;
            loss.classes = loss.classes + part.classes;
        }
        let pictures = targets.pictures.max(1) as f64;
        DetectionLoss {
            boxes: loss.boxes / pictures,
            objectness: loss.objectness / pictures,
            classes: loss.classes / pictures,
        }
    }

    /// The sum over the pictures.
    #[track_caller]
    fn of_map<T: Float>(
        &self,
        head: &AnchorHead,
        at: usize,
        map: &Tensor<T>,
        targets: &MapTargets,
    ) -> DetectionLoss<T> {
        let [batch, _, rows, columns] = targets.shape;
        let anchors = head.anchors(at).len();
        let by_entry = map.reshape([batch, anchors, head.entries(), rows * columns]);
        let mut boxes = Tensor::scalar(0.0);
        let mut classes = Tensor::scalar(0.0);
        if !targets.assigned.is_empty() {
            let offsets = targets.assigned.iter().flat_map(|one| &one.offsets);
            let offsets: Vec<i64> = offsets.map(|&offset| offset as i64).collect();
            let found = Indices::from_vec([targets.assigned.len(), head.entries()], offsets);
            let found = map.reshape([map.len()]).index_select(0, &found);
            boxes = self.of_boxes(head.strides()[at] as f64, &found.slice(1, 0..4), &targets.assigned);
            let logits = found.slice(1, 5..);
            classes = of_classes(head.scores(), &logits, &targets.assigned) * self.class_scale;
        }
        if self.prior_scale > 0.0 {
            boxes = boxes + self.of_priors(&by_entry.slice(2, 0..4), targets) * self.prior_scale;
        }
        let objectness = self.of_objectness(&by_entry.select(2, 4), targets);
        DetectionLoss { boxes, objectness, classes }
    }

    /// Of t_x, t_y, t_w, t_h [objects, 4].
    #[track_caller]
    fn of_boxes<T: Float>(&self, stride: f64, t: &Tensor<T>, assigned: &[Assigned]) -> Tensor<T> {
        let n = assigned.len();
        let weight = |one: &Assigned| self.coord_scale * if self.small_boxes { 2.0 - one.share } else { 1.0 };
        let weight = constant([n, 1], assigned.iter().map(weight));
        let truth = constant([n, 4], assigned.iter().flat_map(|one| one.t));
        let (xy, wh) = (t.slice(1, 0..2), t.slice(1, 2..4));
        let (true_xy, true_wh) = (truth.slice(1, 0..2), truth.slice(1, 2..4));
        let centres = match self.box_loss {
            BoxLoss::SquaredError => ((xy.sigmoid() - true_xy).square() * &weight).sum(..) * 0.5,
            BoxLoss::CrossEntropy => {
                let options = BceWithLogitsOptions::new().weight(&weight).reduction(Reduction::Sum);
                xy.binary_cross_entropy_with_logits_and(&true_xy, options)
            }
            BoxLoss::Overlap(overlap) => {
                let truth = constant([n, 4], assigned.iter().flat_map(|one| one.truth.edges()));
                let losses = overlap.loss(&predicted(t, stride, assigned), &truth, Reduction::None);
                return (losses * weight.squeeze(1)).sum(..);
            }
        };
        centres + ((wh - true_wh).square() * weight).sum(..) * 0.5
    }

    /// Of t_x, t_y, t_w, t_h [batch, anchors, 4, cells].
    #[track_caller]
    fn of_priors<T: Float>(&self, t: &Tensor<T>, targets: &MapTargets) -> Tensor<T> {
        let &[batch, anchors, _, cells] = t.shape() else { unreachable!("the map was reshaped") };
        let mut free = vec![1.0; targets.objectness.len()];
        targets.assigned.iter().for_each(|one| free[one.index] = 0.0);
        let free = constant([batch, anchors, 1, cells], free);
        let centres = (t.slice(2, 0..2).sigmoid() - 0.5).square() * &free;
        let sizes = t.slice(2, 2..4).square() * free;
        (centres.sum(..) + sizes.sum(..)) * 0.5
    }

    /// Of t_o [batch, anchors, cells].
    #[track_caller]
    fn of_objectness<T: Float>(&self, t: &Tensor<T>, targets: &MapTargets) -> Tensor<T> {
        let truth = constant(t.shape(), targets.objectness.iter().copied());
        let weight = constant(t.shape(), targets.weight.iter().copied());
        match self.objectness {
            ObjectnessLoss::SquaredError => ((t.sigmoid() - truth).square() * weight).sum(..) * 0.5,
            ObjectnessLoss::CrossEntropy => {
                let options = BceWithLogitsOptions::new().weight(&weight).reduction(Reduction::Sum);
                t.binary_cross_entropy_with_logits_and(&truth, options)
            }
        }
    }
}

/// The edges [objects, 4] of the boxes that t_x, t_y, t_w, t_h [objects, 4] mean, in pixels.
#[track_caller]
fn predicted<T: Float>(t: &Tensor<T>, stride: f64, assigned: &[Assigned]) -> Tensor<T> {
    let n = assigned.len();
    let cells = constant([n, 2], assigned.iter().flat_map(|one| [one.column as f64, one.row as f64]));
    let anchors = constant([n, 2], assigned.iter().flat_map(|one| one.anchor));
    let centres = (t.slice(1, 0..2).sigmoid() + cells) * stride;
    let half = t.slice(1, 2..4).exp() * anchors * 0.5;
    Tensor::concat(&[&(&centres - &half), &(&centres + &half)], 1)
}

/// Of logits [objects, classes].
#[track_caller]
fn of_classes<T: Float>(scores: ClassScores, logits: &Tensor<T>, assigned: &[Assigned]) -> Tensor<T> {
    let labels = Indices::from_vec([assigned.len()], assigned.iter().map(|one| one.class as i64).collect());
    match scores {
        ClassScores::Softmax => logits.cross_entropy_with(&labels, Reduction::Sum),
        ClassScores::Logistic => {
            let truth = labels.one_hot(logits.shape()[1]);
            logits.binary_cross_entropy_with_logits_and(&truth, Reduction::Sum)
        }
    }
}

pub(super) fn constant<T: Float>(
    shape: impl AsRef<[usize]>,
    numbers: impl IntoIterator<Item = f64>,
) -> Tensor<T> {
    Tensor::from_vec(shape, numbers.into_iter().map(T::from_f64).collect())
}
