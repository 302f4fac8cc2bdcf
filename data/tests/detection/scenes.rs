//! Scenes of digits.

use proptest::prelude::*;
use wengert::data::detection::{BoundingBox, Polarity, Scene, SceneConfig, Scenes};
use wengert::data::{Dataset, digits};
use wengert::prelude::*;

/// A twentieth of the digits, of each class as many: few enough that a test starts quickly.
fn some_digits() -> Dataset {
    let [some, _] = digits().split([0.05, 0.95], &mut ChaCha8Rng::seed_from_u64(0));
    some
}

fn scenes(config: SceneConfig, seed: u64) -> Scenes {
    config.init(&some_digits(), seed)
}

/// Digits and nothing else, on a ground of one colour.
fn plain() -> SceneConfig {
    SceneConfig::new().texture(0.0).grain(0.0).distractors(0, 0)
}

#[test]
fn a_scene_is_a_function_of_seed_and_number() {
    let (a, b) = (scenes(SceneConfig::new(), 3), scenes(SceneConfig::new(), 3));
    let last: Vec<Scene> = [4, u64::MAX, 0].into_iter().map(|i| a.scene(i)).collect();
    assert_eq!(last, [4, u64::MAX, 0].map(|i| b.scene(i)));
    assert_ne!(last[0], last[1]);
    assert_ne!(a.scene(0), scenes(SceneConfig::new(), 4).scene(0));
}

#[test]
fn batches_have_the_same_bits_on_any_number_of_threads() {
    let scenes = scenes(SceneConfig::new(), 0);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let batch = pool.install(|| scenes.batch(5..16));
        (batch.pictures.to_vec(), batch.objects)
    };
    assert_eq!(on(1), on(3));
    assert_eq!(on(1).1[2], scenes.scene(7).objects);
    let pixels: Vec<f32> = (5..16).flat_map(|i| scenes.scene(i).picture).collect();
    assert_eq!(on(1).0, pixels);
}

#[test]
fn batches_go_on_where_they_were_left() {
    let scenes = scenes(SceneConfig::new().size(32, 40).object_size(8.0, 16.0), 0);
    let all: Vec<_> = scenes.batches(3).take(4).collect();
    assert!(all.iter().all(|batch| batch.len() == 3 && batch.pictures.shape() == [3, 3, 32, 40]));
    let resumed = scenes.batches(3).nth(3).unwrap();
    assert_eq!(resumed.pictures.to_vec(), all[3].pictures.to_vec());
    assert_eq!(resumed.objects, all[3].objects);
    // Beyond the last number there is nothing, rather than an overflow.
    assert!(scenes.batches(1 << 20).nth(usize::MAX).is_none());
    assert!(scenes.batch(9..9).is_empty());
}

#[test]
fn boxes_are_those_of_the_ink() {
    for (polarity, seed) in [(Polarity::Light, 0), (Polarity::Dark, 1), (Polarity::Both, 2)] {
        let config = plain().objects(1, 1).object_size(8.0, 60.0).polarity(polarity).saturation(0.0);
        let scenes = scenes(config, seed);
        for i in 0..60 {
            let Scene { picture, objects } = scenes.scene(i);
            let grey = picture.index_axis(ndarray::Axis(0), 0);
            // The strongest difference from the ground is that of a pixel full of ink. The ground is a gradient
            // between two equal colours.
            let ground = grey[[0, 0]];
            let strongest = grey.iter().map(|v| (v - ground).abs()).fold(0.0, f32::max);
            let ink: Vec<(usize, usize)> = grey
                .indexed_iter()
                .filter(|(_, v)| (**v - ground).abs() >= 0.5 * strongest)
                .map(|(at, _)| at)
                .collect();
            let edge =
                |values: Vec<usize>| (*values.iter().min().unwrap(), *values.iter().max().unwrap() + 1);
            let (top, bottom) = edge(ink.iter().map(|at| at.0).collect());
            let (left, right) = edge(ink.iter().map(|at| at.1).collect());
            let expected = BoundingBox::new(left as f64, top as f64, right as f64, bottom as f64);
            let found = objects[0].bounding_box;
            // Small strokes may have no pixel that is full: then a faint one counts as ink, and the box grows.
            let off = [
                found.x1 - expected.x1,
                found.y1 - expected.y1,
                found.x2 - expected.x2,
                found.y2 - expected.y2,
            ];
            assert!(off.iter().all(|v| v.abs() <= 1.0), "{i}: {found:?} but ink at {expected:?}");
            if found.height().max(found.width()) > 24.0 {
                assert_eq!(found, expected, "scene {i}");
            }
            let contrast = polarity_of(grey.iter().copied(), ground);
            assert!(polarity == Polarity::Both || contrast == polarity, "{i}");
        }
    }
}

fn polarity_of(mut pixels: impl Iterator<Item = f32>, ground: f32) -> Polarity {
    if pixels.any(|v| v > ground + 0.1) { Polarity::Light } else { Polarity::Dark }
}

#[test]
fn classes_come_equally_often_and_sizes_keep_their_range() {
    let scenes = scenes(SceneConfig::new().size(128, 96), 9);
    let mut counts = [0.0; 10];
    for object in (0..400).flat_map(|i| scenes.scene(i).objects) {
        counts[object.class] += 1.0;
        let longer = object.bounding_box.width().max(object.bounding_box.height());
        // Boxes have whole pixels.
        assert!((14.0..=46.5).contains(&longer), "{object:?}");
    }
    let sum: f64 = counts.iter().sum();
    assert!(sum > 1200.0, "{sum} objects");
    assert!(counts.iter().all(|count| (0.06..0.14).contains(&(count / sum))), "{counts:?}");
}

#[test]
fn only_the_digits_that_were_given_appear() {
    let digits = digits();
    let sevens: Vec<usize> = (0..digits.len()).filter(|&i| digits.labels()[i] == 7).collect();
    let scenes = SceneConfig::new().init(&digits.subset(&sevens), 0);
    assert!((0..50).flat_map(|i| scenes.scene(i).objects).all(|object| object.class == 7));
}

#[test]
fn wrong_options_are_refused_with_their_range() {
    let all = some_digits();
    let ok = SceneConfig::new;
    for (config, expected) in [
        (ok().objects(3, 2), "objects is 3..=2, expected from 0 to 1000, the first not above the second"),
        (ok().objects(0, 1001), "objects is 0..=1001"),
        (ok().distractors(9, 1), "distractors is 9..=1"),
        (ok().size(0, 96), "size is 0×96, expected height and width from 8 to 4096"),
        (ok().size(96, 1 << 40), "size is 96×1099511627776"),
        (ok().channels(2), "channels is 2, expected 1 or 3"),
        (ok().object_size(4.0, 20.0), "object_size is 4..=20"),
        (ok().object_size(30.0, 20.0), "object_size is 30..=20"),
        (ok().object_size(30.0, f64::NAN), "object_size is 30..=NaN"),
        (ok().object_size(30.0, 97.0), "object_size is 30..=97"),
        (ok().rotation(-1.0), "rotation is -1, expected 0..=180"),
        (ok().max_overlap(1.5), "max_overlap is 1.5, expected 0..=1"),
        (ok().min_visible(f64::NAN), "min_visible is NaN"),
        (ok().texture(-0.1), "texture is -0.1"),
        (ok().grain(f64::INFINITY), "grain is inf"),
        (ok().saturation(2.0), "saturation is 2"),
        (ok().contrast(-1.0), "contrast is -1"),
    ] {
        let error = config.try_init(&all, 0).unwrap_err().to_string();
        assert!(error.starts_with(&format!("SceneConfig: {expected}")), "{error}");
    }
    let error = ok().try_init(&all.subset(&[]), 0).unwrap_err().to_string();
    assert_eq!(error, "SceneConfig: glyphs is empty, expected at least one example");
}

#[test]
#[should_panic(expected = "SceneConfig: channels is 4, expected 1 or 3")]
fn init_panics_where_try_init_fails() {
    scenes(SceneConfig::new().channels(4), 0);
}

#[test]
fn the_configuration_reads_what_it_wrote_and_refuses_what_it_does_not_know() {
    let config = SceneConfig::new().size(64, 80).polarity(Polarity::Dark).object_size(9.5, 21.0);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<SceneConfig>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<SceneConfig>("{}").unwrap(), SceneConfig::new());
    assert!(serde_json::from_str::<SceneConfig>(r#"{"hieght": 3}"#).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_scene_keeps_to_its_configuration(
        (height, width) in (8usize..100, 8usize..100),
        sizes in (0.0..=1.0, 0.0..=1.0),
        grey: bool,
        objects in (0usize..5, 0usize..8),
        distractors in 0usize..5,
        (max_overlap, min_visible, rotation) in (0.0..=1.0, 0.0..=1.0, 0.0..=180.0),
        shares in prop::array::uniform4(0.0..=1.0),
        polarity in prop::sample::select(vec![Polarity::Light, Polarity::Dark, Polarity::Both]),
        (seed, index) in any::<(u64, u64)>(),
    ) {
        let range = height.min(width) as f64 - 8.0;
        let size = |share: f64| 8.0 + share * range;
        let channels = if grey { 1 } else { 3 };
        let config = SceneConfig::new()
            .size(height, width)
            .channels(channels)
            .objects(objects.0, objects.0 + objects.1)
            .object_size(size(f64::min(sizes.0, sizes.1)), size(f64::max(sizes.0, sizes.1)))
            .distractors(0, distractors)
            .max_overlap(max_overlap)
            .min_visible(min_visible)
            .rotation(rotation)
            .texture(shares[0])
            .grain(shares[1])
            .saturation(shares[2])
            .contrast(shares[3])
            .polarity(polarity);
        let Scene { picture, objects: found } = scenes(config, seed).scene(index);
        prop_assert_eq!(picture.dim(), (channels, height, width));
        prop_assert!(picture.iter().all(|v| (0.0..=1.0).contains(v)));
        prop_assert!(found.len() <= objects.0 + objects.1);
        prop_assert!(objects.0 == 0 || !found.is_empty());
        for (i, object) in found.iter().enumerate() {
            let b = object.bounding_box;
            prop_assert!(0.0 <= b.x1 && b.x1 < b.x2 && b.x2 <= width as f64, "{:?}", b);
            prop_assert!(0.0 <= b.y1 && b.y1 < b.y2 && b.y2 <= height as f64, "{:?}", b);
            for other in &found[..i] {
                prop_assert!(b.iou(&other.bounding_box) <= max_overlap);
            }
        }
    }
}
