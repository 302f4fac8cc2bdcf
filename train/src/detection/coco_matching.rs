//! Which detection belongs to which object, as COCO has it.

use data::detection::{Detection, Object};

use super::coco::AreaRange;

/// What became of a detection at some threshold, for objects of some sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    Wrong,
    /// It counts neither way.
    Ignored,
}

/// Objects and detections of one class in one picture.
pub(super) struct Scene<'a> {
    truth: &'a [&'a Object],
    found: &'a [&'a Detection],
    /// Of each detection with each object; for a crowd, the share of the detection that lies in it.
    overlaps: Vec<Vec<f64>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(truth: &'a [&'a Object], found: &'a [&'a Detection]) -> Self {
        let overlap = |detection: &Detection, object: &Object| {
            let (d, o) = (detection.bounding_box, object.bounding_box);
            if !object.crowd {
                return d.iou(&o);
            }
            let area = d.area();
            if area > 0.0 { d.intersection(&o) / area } else { 0.0 }
        };
        let overlaps =
            found.iter().map(|d| truth.iter().map(|object| overlap(d, object)).collect()).collect();
        Self { truth, found, overlaps }
    }

    /// How many objects there are to be found of some sizes.
    pub(super) fn positives(&self, area: AreaRange) -> usize {
        self.truth.iter().filter(|object| !ignored(object, area)).count()
    }

    /// What becomes of each detection.
    ///
    /// From the surest on, a detection takes the object of the highest overlap that is not taken yet, the last of
    /// equals; one that is to be found goes before one that is ignored, and a crowd can be taken any number of times.
    /// Who takes an ignored object, or takes none and has itself another size, does not count.
    pub(super) fn outcomes(&self, threshold: f64, area: AreaRange) -> Vec<Outcome> {
        // So that a threshold of 1 can be reached in spite of rounding.
        let threshold = threshold.min(1.0 - 1e-10);
        // Those to be found first.
        let mut order: Vec<usize> = (0..self.truth.len()).collect();
        order.sort_by_key(|&at| ignored(self.truth[at], area));
        let mut taken = vec![false; self.truth.len()];
        let outcome = |(at, detection): (usize, &&Detection)| {
            let mut best: Option<usize> = None;
            let mut least = threshold;
            for &object in &order {
                if taken[object] && !self.truth[object].crowd {
                    continue;
                }
                let passes_on =
                    |best: usize| !ignored(self.truth[best], area) && ignored(self.truth[object], area);
                if best.is_some_and(passes_on) {
                    break;
                }
                if self.overlaps[at][object] >= least {
                    least = self.overlaps[at][object];
                    best = Some(object);
                }
            }
            match best {
                Some(object) => {
                    taken[object] = true;
                    if ignored(self.truth[object], area) { Outcome::Ignored } else { Outcome::Right }
                }
                None if area.contains(detection.bounding_box.area()) => Outcome::Wrong,
                None => Outcome::Ignored,
            }
        };
        self.found.iter().enumerate().map(outcome).collect()
    }
}

fn ignored(object: &Object, area: AreaRange) -> bool {
    object.crowd || object.difficult || !area.contains(object.area())
}
