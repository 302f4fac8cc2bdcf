//! Widths and heights that boxes of a data set like to have, found by k-means.

use data::detection::BoundingBox;
use nn::ConfigError;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Intersection over union of two widths and heights, put on one place.
///
/// ```
/// use wengert::models::detection::shape_iou;
///
/// assert_eq!(shape_iou([2.0, 2.0], [4.0, 1.0]), 2.0 / 6.0);
/// ```
pub fn shape_iou(a: [f64; 2], b: [f64; 2]) -> f64 {
    let shape = |[width, height]: [f64; 2]| BoundingBox::new(0.0, 0.0, width, height);
    shape(a).iou(&shape(b))
}

/// What stands for the boxes of a group. In a file it is written in small letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnchorCenter {
    /// The mean of the widths and of the heights.
    #[default]
    Mean,
    /// Their medians, which a few huge boxes do not move.
    Median,
}

/// Finds the widths and heights of anchor boxes by k-means with the distance 1 − IoU, so that large boxes err by no more
/// than small ones.
///
/// The first anchors are drawn as k-means++ has it: one box at random, each further one with a probability proportional
/// to its distance from the nearest of those before it. Then boxes are assigned to the anchor of the highest IoU, the
/// first of equals, and each anchor becomes the centre of its boxes, until the assignment stays as it is. An anchor
/// that got no box takes the one that is farthest from its own anchor. Since neither centre is the one of least
/// distance, a step can make things worse; the best anchors of all steps are kept.
///
/// Redmon and Farhadi, "YOLO9000: better, faster, stronger" (2017), section 2; Arthur and Vassilvitskii, "k-means++: the
/// advantages of careful seeding" (2007).
///
/// ```
/// use wengert::models::detection::AnchorKMeans;
/// use wengert::prelude::*;
///
/// let sizes = [[10.0, 12.0], [12.0, 10.0], [90.0, 30.0], [110.0, 30.0]];
/// let anchors = AnchorKMeans::new(2).fit(&sizes, &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
/// assert_eq!(anchors.assignment, [0, 0, 1, 1]);
/// assert!(anchors.average_iou > 0.85);
/// let [small, wide] = anchors.sizes[..] else { panic!("two were wanted") };
/// assert!(small[0] <= 12.0 && wide[0] >= 90.0 && wide[1] == 30.0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorKMeans {
    anchors: usize,
    #[serde(default)]
    center: AnchorCenter,
    #[serde(default = "three_hundred")]
    max_iterations: usize,
}

fn three_hundred() -> usize {
    300
}

/// What [`AnchorKMeans`] found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anchors {
    /// Widths and heights, the smallest area first.
    pub sizes: Vec<[f64; 2]>,
    /// The mean over the boxes of the IoU with their anchor.
    pub average_iou: f64,
    /// The index of the anchor of each box.
    pub assignment: Vec<usize>,
    /// How often the anchors were moved.
    pub iterations: usize,
    /// Whether the assignment came to rest, before the greatest number of iterations.
    pub converged: bool,
}

/// Why there are no anchors.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnchorError {
    /// The options make no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A box has no area.
    #[error("box {at} is {width} wide and {height} high, expected positive numbers")]
    Size {
        /// Its position.
        at: usize,
        /// Its width.
        width: f64,
        /// Its height.
        height: f64,
    },
    /// There are too few boxes.
    #[error("{anchors} anchors need as many boxes of different sizes, found {distinct}")]
    TooFew {
        /// The anchors wanted.
        anchors: usize,
        /// The different sizes there are.
        distinct: usize,
    },
}

impl AnchorKMeans {
    /// For a number of anchors.
    pub const fn new(anchors: usize) -> Self {
        Self { anchors, center: AnchorCenter::Mean, max_iterations: 300 }
    }

    /// What stands for the boxes of an anchor (default: their mean).
    pub const fn center(mut self, center: AnchorCenter) -> Self {
        self.center = center;
        self
    }

    /// How often anchors are moved at most (default: 300).
    pub const fn max_iterations(mut self, n: usize) -> Self {
        self.max_iterations = n;
        self
    }

    /// The anchors of boxes of these widths and heights, in any unit.
    ///
    /// # Errors
    /// If no anchors are wanted, a size is not positive and finite, or there are fewer different sizes than anchors.
    pub fn fit(&self, sizes: &[[f64; 2]], rng: &mut (impl Rng + ?Sized)) -> Result<Anchors, AnchorError> {
        if self.anchors == 0 {
            return Err(ConfigError::new("AnchorKMeans", "anchors", 0, "at least 1").into());
        }
        let good = |side: f64| side > 0.0 && side.is_finite();
        if let Some(at) = sizes.iter().position(|size| !size.iter().all(|&side| good(side))) {
            let [width, height] = sizes[at];
            return Err(AnchorError::Size { at, width, height });
        }
        let distinct = count_distinct(sizes);
        if distinct < self.anchors {
            return Err(AnchorError::TooFew { anchors: self.anchors, distinct });
        }
        let mut anchors = self.first(sizes, rng);
        let mut groups = Groups::new(sizes, &anchors);
        let mut best = (groups.average_iou(), anchors.clone());
        let (mut iterations, mut converged) = (0, false);
        while iterations < self.max_iterations && !converged {
            groups.fill_empty_ones(anchors.len());
            anchors = (0..anchors.len()).map(|group| self.center_of(&groups.members(sizes, group))).collect();
            iterations += 1;
            let moved = Groups::new(sizes, &anchors);
            converged = moved.of == groups.of;
            groups = moved;
            if groups.average_iou() > best.0 {
                best = (groups.average_iou(), anchors.clone());
            }
        }
        let mut sizes_found = best.1;
        sizes_found.sort_by(|a, b| (a[0] * a[1]).total_cmp(&(b[0] * b[1])).then(a[0].total_cmp(&b[0])));
        let groups = Groups::new(sizes, &sizes_found);
        let average_iou = groups.average_iou();
        Ok(Anchors { sizes: sizes_found, average_iou, assignment: groups.of, iterations, converged })
    }

    /// k-means++.
    fn first(&self, sizes: &[[f64; 2]], rng: &mut (impl Rng + ?Sized)) -> Vec<[f64; 2]> {
        let mut anchors = vec![sizes[rng.random_range(0..sizes.len())]];
        let mut distances: Vec<f64> = sizes.iter().map(|&size| distance(size, anchors[0])).collect();
        while anchors.len() < self.anchors {
            let drawn = rng.random::<f64>() * distances.iter().sum::<f64>();
            let mut sum = 0.0;
            let passes = |distance: &f64| {
                sum += distance;
                *distance > 0.0 && sum > drawn
            };
            // Rounding may keep the sum from passing the last time.
            let at = distances
                .iter()
                .position(passes)
                .or_else(|| distances.iter().rposition(|&distance| distance > 0.0))
                .expect("there are more sizes than anchors");
            anchors.push(sizes[at]);
            for (nearest, &size) in distances.iter_mut().zip(sizes) {
                *nearest = nearest.min(distance(size, sizes[at]));
            }
        }
        anchors
    }

    fn center_of(&self, members: &[[f64; 2]]) -> [f64; 2] {
        [0, 1].map(|axis| {
            let mut sides: Vec<f64> = members.iter().map(|size| size[axis]).collect();
            match self.center {
                // Each divided first, so that no sum overflows.
                AnchorCenter::Mean => sides.iter().map(|side| side / members.len() as f64).sum(),
                AnchorCenter::Median => {
                    sides.sort_by(f64::total_cmp);
                    let middle = sides.len() / 2;
                    if sides.len() % 2 == 1 {
                        sides[middle]
                    } else {
                        sides[middle - 1] / 2.0 + sides[middle] / 2.0
                    }
                }
            }
        })
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    // Not 0 for sizes that differ by less than IoU can tell.
    if a == b { 0.0 } else { (1.0 - shape_iou(a, b)).max(f64::MIN_POSITIVE) }
}

fn count_distinct(sizes: &[[f64; 2]]) -> usize {
    let mut sizes = sizes.to_vec();
    sizes.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sizes.dedup();
    sizes.len()
}

/// Which anchor each box belongs to, and by what IoU.
struct Groups {
    of: Vec<usize>,
    ious: Vec<f64>,
}

impl Groups {
    fn new(sizes: &[[f64; 2]], anchors: &[[f64; 2]]) -> Self {
        let (of, ious) = sizes.iter().map(|&size| best(anchors, |&anchor| shape_iou(size, anchor))).unzip();
        Self { of, ious }
    }

    fn average_iou(&self) -> f64 {
        self.ious.iter().sum::<f64>() / self.ious.len() as f64
    }

    fn members(&self, sizes: &[[f64; 2]], group: usize) -> Vec<[f64; 2]> {
        sizes.iter().zip(&self.of).filter(|&(_, &of)| of == group).map(|(&size, _)| size).collect()
    }

    /// Gives each anchor without a box the one that is farthest from its own and not the last there.
    fn fill_empty_ones(&mut self, anchors: usize) {
        let mut counts = vec![0; anchors];
        self.of.iter().for_each(|&of| counts[of] += 1);
        for empty in 0..anchors {
            if counts[empty] > 0 {
                continue;
            }
            let can_go = (0..self.of.len()).filter(|&at| counts[self.of[at]] > 1);
            let farthest = can_go
                .min_by(|&a, &b| self.ious[a].total_cmp(&self.ious[b]))
                .expect("there are more boxes than anchors");
            counts[self.of[farthest]] -= 1;
            counts[empty] = 1;
            self.of[farthest] = empty;
            self.ious[farthest] = 1.0;
        }
    }
}

/// The position of the highest value, the first of equals, and the value.
pub(super) fn best<A>(among: &[A], value: impl Fn(&A) -> f64) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (at, candidate) in among.iter().enumerate() {
        let value = value(candidate);
        if value > best.1 {
            best = (at, value);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_without_boxes_takes_the_farthest() {
        let sizes = [[1.0, 1.0], [1.0, 1.0], [9.0, 9.0], [10.0, 10.0]];
        // The second anchor is nobody's.
        let anchors = [[1.0, 1.0], [1000.0, 0.001], [10.0, 10.0]];
        let mut groups = Groups::new(&sizes, &anchors);
        assert_eq!(groups.of, [0, 0, 2, 2]);
        groups.fill_empty_ones(3);
        assert_eq!(groups.of, [0, 0, 1, 2]);
        // None is left alone by it.
        let mut groups = Groups::new(&sizes[1..], &anchors);
        assert_eq!(groups.of, [0, 2, 2]);
        groups.fill_empty_ones(3);
        assert_eq!(groups.of, [0, 1, 2]);
    }
}
