//! Anchors by k-means, and who has to find what.

use proptest::prelude::*;
use wengert::data::detection::BoundingBox;
use wengert::models::detection::{
    AnchorCenter, AnchorKMeans, AnchorMatch, Anchors, Matcher, assign_by_box, assign_by_shape, shape_iou,
};
use wengert::prelude::*;

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn sizes(least: usize) -> impl Strategy<Value = Vec<[f64; 2]>> {
    prop::collection::vec(prop::array::uniform2(1..40).prop_map(|size| size.map(f64::from)), least..40)
}

/// The mean of the highest IoUs.
fn average_iou(sizes: &[[f64; 2]], anchors: &[[f64; 2]]) -> f64 {
    let best = |&size: &[f64; 2]| anchors.iter().map(|&anchor| shape_iou(size, anchor)).fold(0.0, f64::max);
    sizes.iter().map(best).sum::<f64>() / sizes.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn what_is_reported_is_true(sizes in sizes(1), k in 1usize..7, median: bool, seed: u64) {
        let center = if median { AnchorCenter::Median } else { AnchorCenter::Mean };
        let means = AnchorKMeans::new(k).center(center);
        let mut distinct = sizes.clone();
        distinct.sort_by(|a, b| a.partial_cmp(b).unwrap());
        distinct.dedup();
        let found = means.fit(&sizes, &mut rng(seed));
        if distinct.len() < k {
            let expected = format!("{k} anchors need as many boxes of different sizes, found {}", distinct.len());
            prop_assert_eq!(found.unwrap_err().to_string(), expected);
            return Ok(());
        }
        let found = found.unwrap();
        prop_assert_eq!(found.sizes.len(), k);
        prop_assert!(found.sizes.is_sorted_by_key(|[w, h]| w * h));
        prop_assert!((found.average_iou - average_iou(&sizes, &found.sizes)).abs() < 1e-12);
        let objects: Vec<BoundingBox> = sizes.iter().map(|[w, h]| BoundingBox::from_corner(3.0, 4.0, *w, *h)).collect();
        prop_assert_eq!(&found.assignment, &assign_by_shape(&objects, &found.sizes));
        if k == distinct.len() {
            prop_assert!((found.average_iou - 1.0).abs() < 1e-12);
        }
        prop_assert_eq!(found, means.fit(&sizes, &mut rng(seed)).unwrap());
    }

    #[test]
    fn one_anchor_is_the_centre_or_what_it_began_with(sizes in sizes(1), seed: u64) {
        let n = sizes.len() as f64;
        let mean = [0, 1].map(|axis| sizes.iter().map(|size| size[axis] / n).sum::<f64>());
        let found = AnchorKMeans::new(1).fit(&sizes, &mut rng(seed)).unwrap();
        prop_assert!(found.average_iou >= average_iou(&sizes, &[mean]) - 1e-12);
        prop_assert!(sizes.contains(&found.sizes[0]) || found.sizes == [mean]);
    }

    #[test]
    fn the_unit_does_not_matter(sizes in sizes(8), seed: u64) {
        // A power of two, which rounds nothing.
        let scaled: Vec<[f64; 2]> = sizes.iter().map(|size| size.map(|side| side / 64.0)).collect();
        let fit = |sizes: &[[f64; 2]]| AnchorKMeans::new(3).fit(sizes, &mut rng(seed));
        if let (Ok(a), Ok(b)) = (fit(&sizes), fit(&scaled)) {
            prop_assert_eq!(a.assignment, b.assignment);
            prop_assert_eq!(a.average_iou, b.average_iou);
        }
    }

    #[test]
    fn the_best_anchor_is_the_first_of_the_highest_iou(sizes in sizes(1), anchors in sizes(1)) {
        let boxes = |sizes: &[[f64; 2]]| -> Vec<BoundingBox> {
            sizes.iter().map(|[w, h]| BoundingBox::from_corner(0.0, 0.0, *w, *h)).collect()
        };
        let by_shape = assign_by_shape(&boxes(&sizes), &anchors);
        prop_assert_eq!(&assign_by_box(&boxes(&sizes), &boxes(&anchors)), &by_shape);
        for (&size, &best) in sizes.iter().zip(&by_shape) {
            let iou = shape_iou(size, anchors[best]);
            for (at, &other) in anchors.iter().enumerate() {
                let other = shape_iou(size, other);
                prop_assert!(other < iou || (other == iou && at >= best));
            }
        }
    }
}

#[test]
fn groups_that_lie_apart_are_found() {
    let mut draw = rng(1);
    let centers = [[10.0, 13.0], [16.0, 30.0], [33.0, 23.0], [116.0, 90.0], [373.0, 326.0]];
    let sizes: Vec<[f64; 2]> =
        (0..1000).map(|at| centers[at % 5].map(|side| side * draw.random_range(0.9..1.1))).collect();
    let fit = |center, seed| AnchorKMeans::new(5).center(center).fit(&sizes, &mut rng(seed)).unwrap();
    for center in [AnchorCenter::Mean, AnchorCenter::Median] {
        // Some beginnings put two anchors into one group.
        let best: Anchors = (0..5)
            .map(|seed| fit(center, seed))
            .reduce(|a, b| if b.average_iou > a.average_iou { b } else { a })
            .expect("five");
        assert!(best.converged && best.average_iou > 0.88, "{best:?}");
        for (found, expected) in best.sizes.iter().zip(centers) {
            assert!((0..2).all(|axis| (found[axis] / expected[axis] - 1.0).abs() < 0.02), "{found:?}");
        }
    }
}

#[test]
fn it_comes_near_to_the_best_there_is() {
    // The best two of the boxes themselves, tried all.
    let mut draw = rng(2);
    let sizes: Vec<[f64; 2]> =
        (0..40).map(|_| [0, 1].map(|_| 2f64.powf(draw.random_range(0.0..6.0)))).collect();
    let best = sizes
        .iter()
        .flat_map(|&a| sizes.iter().map(move |&b| [a, b]))
        .map(|anchors| average_iou(&sizes, &anchors))
        .fold(0.0, f64::max);
    let found = (0..10)
        .map(|seed| {
            AnchorKMeans::new(2).center(AnchorCenter::Median).fit(&sizes, &mut rng(seed)).unwrap().average_iou
        })
        .fold(0.0, f64::max);
    assert!(found > 0.97 * best, "{found} {best}");
}

#[test]
fn a_median_is_not_moved_by_one_huge_box() {
    let sizes = [[10.0, 10.0], [11.0, 12.0], [12.0, 11.0], [900.0, 800.0]];
    let fit = |center| AnchorKMeans::new(1).center(center).fit(&sizes, &mut rng(0)).unwrap();
    assert!(fit(AnchorCenter::Median).average_iou > fit(AnchorCenter::Mean).average_iou - 1e-12);
    assert!(fit(AnchorCenter::Median).sizes[0][0] < 13.0);
}

#[test]
fn many_boxes_of_one_size_leave_no_anchor_empty() {
    let mut sizes = vec![[5.0, 5.0]; 500];
    sizes.extend([[6.0, 5.0], [50.0, 5.0]]);
    for seed in 0..20 {
        let found = AnchorKMeans::new(3).fit(&sizes, &mut rng(seed)).unwrap();
        assert_eq!(found.sizes, [[5.0, 5.0], [6.0, 5.0], [50.0, 5.0]]);
        assert_eq!(found.average_iou, 1.0);
    }
}

#[test]
fn steps_can_be_limited() {
    let sizes: Vec<[f64; 2]> = (1..200).map(|side| [f64::from(side), f64::from(side % 17 + 1)]).collect();
    let none = AnchorKMeans::new(4).max_iterations(0).fit(&sizes, &mut rng(0)).unwrap();
    assert!(!none.converged && none.iterations == 0 && none.sizes.iter().all(|size| sizes.contains(size)));
    let all = AnchorKMeans::new(4).fit(&sizes, &mut rng(0)).unwrap();
    assert!(all.average_iou > none.average_iou && all.iterations > 1);
}

#[test]
fn boxes_without_area_are_refused() {
    let fit = |sizes: &[[f64; 2]]| AnchorKMeans::new(1).fit(sizes, &mut rng(0)).unwrap_err().to_string();
    assert_eq!(fit(&[]), "1 anchors need as many boxes of different sizes, found 0");
    let expected = "box 1 is 3 wide and 0 high, expected positive numbers";
    assert_eq!(fit(&[[1.0, 1.0], [3.0, 0.0]]), expected);
    assert!(fit(&[[f64::NAN, 1.0]]).contains("box 0 is NaN wide"));
    assert!(fit(&[[1.0, f64::INFINITY]]).contains("inf high"));
    let none = AnchorKMeans::new(0).fit(&[[1.0, 1.0]], &mut rng(0)).unwrap_err();
    assert_eq!(none.to_string(), "AnchorKMeans: anchors is 0, expected at least 1");
}

#[test]
fn sizes_may_be_as_large_and_small_as_numbers_go() {
    let sizes = [[1e300, 1e300], [1e-300, 1e-300], [2e300, 1e300], [1e-300, 2e-300]];
    let found = AnchorKMeans::new(2).fit(&sizes, &mut rng(0)).unwrap();
    assert_eq!(found.assignment, [1, 0, 1, 0]);
    assert!(found.average_iou > 0.5 && found.average_iou < 1.0);
}

#[test]
fn an_object_that_no_anchor_fits_gets_the_best_one() {
    let anchors = [0.0, 4.0, 40.0].map(|x| BoundingBox::from_corner(x, 0.0, 10.0, 10.0));
    let object = |x| BoundingBox::from_corner(x, 0.0, 10.0, 10.0);
    use AnchorMatch::{Background, Ignored, Object};
    let strict = Matcher::new(0.6, 0.1);
    assert_eq!(strict.matches(&[object(7.0)], &anchors), [Ignored, Ignored, Background]);
    assert_eq!(
        strict.allow_low_quality(true).matches(&[object(7.0)], &anchors),
        [Ignored, Object(0), Background]
    );
    // Nothing touches it, so nothing has to find it.
    assert_eq!(Matcher::retina_net().matches(&[object(80.0)], &anchors), [Background; 3]);
    assert_eq!(Matcher::retina_net().matches(&[], &anchors), [Background; 3]);
    assert_eq!(Matcher::retina_net().matches(&[object(0.0)], &[]), []);
}

#[test]
fn options_are_checked() {
    let matcher: Matcher = serde_json::from_str(r#"{"foreground": 0.4, "background": 0.5}"#).unwrap();
    let expected = "Matcher: background is 0.5, expected a number in 0..=foreground, which is 0.4";
    assert_eq!(matcher.check().unwrap_err().to_string(), expected);
    let means: AnchorKMeans = serde_json::from_str(r#"{"anchors": 9, "center": "median"}"#).unwrap();
    assert_eq!(means, AnchorKMeans::new(9).center(AnchorCenter::Median));
}

#[test]
#[should_panic(expected = "Matcher: foreground is 50, expected a number in 0..=1")]
fn thresholds_are_shares() {
    Matcher::new(50.0, 40.0).matches(&[], &[]);
}

#[test]
#[should_panic(expected = "assign_by_shape: 1 objects and no anchors")]
fn there_must_be_an_anchor() {
    assert_eq!(assign_by_shape(&[], &[]), [0usize; 0]);
    assign_by_shape(&[BoundingBox::new(0.0, 0.0, 1.0, 1.0)], &[]);
}
