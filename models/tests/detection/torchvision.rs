//! Boxes against torchvision: the values in `boxes.json.gz`, which `boxes.py` wrote.

use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;

use flate2::read::GzDecoder;
use wengert::data::detection::BoundingBox;
use wengert::models::detection::{AnchorMatch, Matcher, Overlap, batched_nms, boxes_to_tensor, nms};
use wengert::prelude::*;

#[derive(serde::Deserialize)]
struct File {
    overlaps: BTreeMap<String, HashMap<Overlap, [Vec<f64>; 3]>>,
    suppression: Vec<[Vec<i64>; 2]>,
    matches: Vec<Vec<i64>>,
}

fn read() -> File {
    let packed = &include_bytes!("boxes.json.gz")[..];
    serde_json::from_reader(BufReader::new(GzDecoder::new(packed))).expect("well formed")
}

/// The upper 31 bits of a linear congruential generator modulo 2⁶⁴ (Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % n
    }

    fn boxes(&mut self, n: u64, place: u64, side: u64) -> Vec<BoundingBox> {
        let mut one = || {
            let (x, y) = (self.below(place), self.below(place));
            let (w, h) = (1 + self.below(side), 1 + self.below(side));
            BoundingBox::from_corner(x as f64, y as f64, w as f64, h as f64)
        };
        (0..n).map(|_| one()).collect()
    }
}

fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1e-3), "{what}, element {at}: {a} instead of {b}");
    }
}

/// Compares the values and the gradients of their weighted sum with torchvision's.
fn compare(
    what: &str,
    [a, b]: [&Tensor<f64>; 2],
    expected: &[Vec<f64>; 3],
    tolerance: f64,
    f: impl Fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>,
) {
    let tape = Tape::new();
    let (a, b) = (tape.variable(a), tape.variable(b));
    let y = f(&a, &b);
    let weights = (0..y.len()).map(|k| (k * 7 % 11) as f64 / 4.0 - 1.125).collect();
    let grads = (&y * Tensor::from_vec(y.shape(), weights)).sum(..).backward();
    assert_close(&format!("{what} values"), &y.to_vec(), &expected[0], tolerance);
    for (side, (x, expected)) in [(&a, &expected[1]), (&b, &expected[2])].into_iter().enumerate() {
        let what = format!("{what} gradient by argument {side}");
        assert_close(&what, &grads.get(x).unwrap().to_vec(), expected, tolerance);
    }
}

#[test]
fn overlaps_and_their_gradients() {
    let file = read();
    let mut rng = Random(1);
    let a: Tensor<f64> = boxes_to_tensor(&rng.boxes(40, 60, 50));
    let sevenths = Tensor::from_vec([4], vec![1.0, 2.0, 3.0, 4.0]) / 7.0;
    // torchvision divided integers, which gives numbers of f32.
    let b = boxes_to_tensor::<f64>(&rng.boxes(40, 60, 50)) + sevenths.cast::<f32>().cast::<f64>();
    let losses = &file.overlaps["losses"];
    assert_eq!(losses.len(), 3);
    for (&overlap, expected) in losses {
        // The loss of CIoU has an ε there that cannot be switched off.
        let tolerance = if overlap == Overlap::Ciou { 1e-7 } else { 1e-11 };
        compare(&format!("{overlap:?} loss"), [&a, &b], expected, tolerance, |a, b| {
            overlap.loss(a, b, Reduction::None)
        });
    }
    let pairwise = &file.overlaps["pairwise"];
    assert_eq!(pairwise.len(), 4);
    for (&overlap, expected) in pairwise {
        let parts = [&a.narrow(0, 0, 6), &b.narrow(0, 33, 7)];
        compare(&format!("{overlap:?}"), parts, expected, 1e-11, |a, b| overlap.pairwise(a, b));
    }
}

#[test]
fn what_1000_sets_keep() {
    fn kept<T: Float>(seed: u64) -> [Vec<i64>; 2] {
        let mut rng = Random(seed);
        let n = 1 + rng.below(if seed.is_multiple_of(50) { 400 } else { 60 });
        let boxes: Tensor<T> = boxes_to_tensor(&rng.boxes(n, 60, 50));
        let n = n as usize;
        let scores = (0..n).map(|_| T::from_f64(rng.below(32) as f64 / 32.0)).collect();
        let scores = Tensor::from_vec([n], scores);
        let classes = Indices::from_vec([n], (0..n).map(|_| rng.below(3) as i64).collect());
        let threshold = [0.5, 0.3, 0.7, 0.25, 1.0 / 3.0][rng.below(5) as usize];
        [nms(&boxes, &scores, threshold).to_vec(), batched_nms(&boxes, &scores, &classes, threshold).to_vec()]
    }
    let expected = read().suppression;
    assert_eq!(expected.len(), 1000);
    for (seed, expected) in (0u64..).zip(&expected) {
        let found = if seed.is_multiple_of(2) { kept::<f64>(seed) } else { kept::<f32>(seed) };
        assert_eq!(&found, expected, "set {seed}");
    }
}

#[test]
fn the_matches_of_retina_net() {
    let expected = read().matches;
    assert_eq!(expected.len(), 60);
    for (seed, expected) in (0u64..).zip(&expected) {
        let mut rng = Random(seed);
        let count = 1 + rng.below(4);
        let objects = rng.boxes(count, 50, 40);
        let mut anchors = vec![BoundingBox::new(0.0, 0.0, 100.0, 100.0)];
        let count = 1 + rng.below(30);
        anchors.extend(rng.boxes(count, 50, 40));
        let matcher = Matcher::new(0.5, 0.4).allow_low_quality(seed.is_multiple_of(2));
        let found: Vec<i64> = matcher
            .matches(&objects, &anchors)
            .into_iter()
            .map(|found| match found {
                AnchorMatch::Object(object) => object as i64,
                AnchorMatch::Background => -1,
                AnchorMatch::Ignored => -2,
            })
            .collect();
        assert_eq!(&found, expected, "set {seed}");
    }
}
