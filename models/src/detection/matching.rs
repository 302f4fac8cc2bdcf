//! Which anchor has to find which object.

use data::detection::BoundingBox;
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::anchors::best;
use super::shape_iou;
use crate::configured::{expect, wrong};

/// For each object the index of the anchor whose width and height fit it best, wherever it stands: of the highest IoU,
/// the first of equals. It is how YOLO since its second version chooses the anchor of a cell.
///
/// ```
/// use wengert::data::detection::BoundingBox;
/// use wengert::models::detection::assign_by_shape;
///
/// let objects = [BoundingBox::from_corner(70.0, 80.0, 20.0, 9.0), BoundingBox::from_corner(0.0, 0.0, 5.0, 5.0)];
/// assert_eq!(assign_by_shape(&objects, &[[4.0, 6.0], [20.0, 10.0]]), [1, 0]);
/// ```
///
/// # Panics
/// If there are objects but no anchors.
#[track_caller]
pub fn assign_by_shape(objects: &[BoundingBox], anchors: &[[f64; 2]]) -> Vec<usize> {
    check_anchors("assign_by_shape", objects, anchors.len());
    let fits = |object: &BoundingBox| {
        best(anchors, |&anchor| shape_iou([object.width(), object.height()], anchor)).0
    };
    objects.iter().map(fits).collect()
}

/// For each object the index of the anchor box of the highest IoU, the first of equals.
///
/// # Panics
/// If there are objects but no anchors.
#[track_caller]
pub fn assign_by_box(objects: &[BoundingBox], anchors: &[BoundingBox]) -> Vec<usize> {
    check_anchors("assign_by_box", objects, anchors.len());
    objects.iter().map(|object| best(anchors, |anchor| object.iou(anchor)).0).collect()
}

#[track_caller]
fn check_anchors(operation: &str, objects: &[BoundingBox], anchors: usize) {
    let n = objects.len();
    assert!(n == 0 || anchors > 0, "{operation}: {n} objects and no anchors");
}

/// What an anchor has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnchorMatch {
    /// The object of this index.
    Object(usize),
    /// Nothing: it is an example of background.
    Background,
    /// It is neither, and has no part in the loss.
    Ignored,
}

/// Matches anchors with objects by thresholds of IoU, as RetinaNet and Faster R-CNN do.
///
/// An anchor has to find the object of the highest IoU if that is at least the foreground threshold, nothing if it is
/// below the background threshold, and is ignored between. [`allow_low_quality`](Self::allow_low_quality) gives
/// objects that no anchor fits well theirs too: the anchors of the highest IoU with such an object, several if they
/// tie, have to find what they overlap most, be it ever so little.
///
/// torchvision's `Matcher`, but that an object which no anchor touches gets none (there: all that do not touch it).
/// Lin et al., "Focal loss for dense object detection" (2017), section 4.
///
/// ```
/// use wengert::data::detection::BoundingBox;
/// use wengert::models::detection::{AnchorMatch, Matcher};
///
/// let anchors = [0.0, 2.0, 4.5, 30.0].map(|x| BoundingBox::from_corner(x, 0.0, 10.0, 10.0));
/// let matches = Matcher::retina_net().matches(&[anchors[0]], &anchors);
/// use AnchorMatch::{Background, Object};
/// assert_eq!(matches, [Object(0), Object(0), Background, Background]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    foreground: f64,
    background: f64,
    #[serde(default)]
    allow_low_quality: bool,
}

impl Matcher {
    /// With the least IoU of foreground and the one that background stays below.
    pub const fn new(foreground: f64, background: f64) -> Self {
        Self { foreground, background, allow_low_quality: false }
    }

    /// RetinaNet's: 0.5 and 0.4, low quality allowed.
    pub const fn retina_net() -> Self {
        Self::new(0.5, 0.4).allow_low_quality(true)
    }

    /// Whether an object that no anchor fits well gets those that fit it best (default: false).
    pub const fn allow_low_quality(mut self, allow: bool) -> Self {
        self.allow_low_quality = allow;
        self
    }

    /// Whether the thresholds make sense, for those that come from outside the program.
    ///
    /// # Errors
    /// If a threshold is not in 0..=1, or that of the background is above that of the foreground.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "Matcher";
        let Self { foreground, background, .. } = *self;
        if !(0.0..=1.0).contains(&foreground) {
            return wrong(NAME, "foreground", foreground, "a number in 0..=1");
        }
        if !(0.0..=foreground).contains(&background) {
            let expected = format_args!("a number in 0..=foreground, which is {foreground}");
            return wrong(NAME, "background", background, expected);
        }
        Ok(())
    }

    /// What each anchor has to find.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn matches(&self, objects: &[BoundingBox], anchors: &[BoundingBox]) -> Vec<AnchorMatch> {
        expect(self.check());
        if objects.is_empty() {
            return vec![AnchorMatch::Background; anchors.len()];
        }
        let nearest: Vec<(usize, f64)> =
            anchors.iter().map(|anchor| best(objects, |object| object.iou(anchor))).collect();
        let mut matches: Vec<AnchorMatch> = nearest
            .iter()
            .map(|&(object, iou)| {
                if iou >= self.foreground {
                    AnchorMatch::Object(object)
                } else if iou < self.background {
                    AnchorMatch::Background
                } else {
                    AnchorMatch::Ignored
                }
            })
            .collect();
        if self.allow_low_quality {
            for object in objects {
                let ious: Vec<f64> = anchors.iter().map(|anchor| object.iou(anchor)).collect();
                let highest = ious.iter().copied().fold(0.0, f64::max);
                for (at, _) in ious.iter().enumerate().filter(|&(_, &iou)| iou == highest && iou > 0.0) {
                    matches[at] = AnchorMatch::Object(nearest[at].0);
                }
            }
        }
        matches
    }
}
