//! The random transforms: what stays the same, what changes, what depends on what.

use ndarray::{Array3, Array4};
use proptest::prelude::*;
use wengert::data::augment::{
    CenterCrop, ColorJitter, Compose, CutMix, Cutout, ElasticTransform, GaussianBlur, GaussianNoise,
    Grayscale, LetterboxTo, Mixup, Normalize, PcaNoise, RandomAffine, RandomApply, RandomCrop, RandomErasing,
    RandomGrayscale, RandomHorizontalFlip, RandomPerspective, RandomResizedCrop, RandomRotation,
    RandomVerticalFlip, Resize, SaltAndPepper, Sample, Transform,
};
use wengert::data::transform::{self, Affine, Border, Interpolation, affine};
use wengert::data::{Batch, detection::DetectionBatch, digits};
use wengert::prelude::*;

/// Every random transform by itself, with strong options.
fn all() -> Vec<(&'static str, Compose)> {
    fn one(transform: impl Transform + 'static) -> Compose {
        Compose::new().push(transform)
    }
    vec![
        ("RandomHorizontalFlip", one(RandomHorizontalFlip::new())),
        ("RandomVerticalFlip", one(RandomVerticalFlip::new())),
        ("RandomCrop", one(RandomCrop::new(9, 7).padding(2).border(Border::Reflect))),
        ("RandomResizedCrop", one(RandomResizedCrop::new(9, 12))),
        (
            "RandomAffine",
            one(RandomAffine::new().degrees(40.0).scale(0.3).translate(0.2).shear(20.0).shear_y(9.0)),
        ),
        ("RandomRotation", one(RandomRotation::new(90.0).interpolation(Interpolation::Nearest))),
        ("RandomPerspective", one(RandomPerspective::new().p(1.0))),
        ("ElasticTransform", one(ElasticTransform::new().alpha(30.0).sigma(2.0))),
        ("ColorJitter", one(ColorJitter::new().brightness(0.6).contrast(0.6).saturation(0.8).hue(0.4))),
        ("RandomGrayscale", one(RandomGrayscale::new().p(0.5))),
        ("GaussianBlur", one(GaussianBlur::new((5, 3)))),
        ("GaussianNoise", one(GaussianNoise::new())),
        ("SaltAndPepper", one(SaltAndPepper::new(0.3))),
        ("RandomErasing", one(RandomErasing::new().p(1.0).value(0.5))),
        ("Cutout", one(Cutout::new(5))),
        ("RandomApply", one(RandomApply::new(RandomVerticalFlip::new().p(1.0)))),
    ]
}

fn pictures(n: usize, c: usize, h: usize, w: usize, seed: u64) -> Tensor<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array4::from_shape_simple_fn((n, c, h, w), || rng.random::<f32>()).into()
}

fn bits(x: &Tensor<f32>) -> Vec<u32> {
    x.to_vec().into_iter().map(f32::to_bits).collect()
}

#[test]
fn each_changes_pictures_within_their_range_and_each_picture_its_own_way() {
    // Sixteen times the same picture.
    let one = pictures(1, 3, 11, 13, 0);
    let same = Tensor::concat(&[&one; 16], 0);
    for (name, pipeline) in all() {
        let y = pipeline.apply(&same, 1);
        assert_eq!(y.shape()[..2], [16, 3], "{name}");
        assert!(y.to_vec().iter().all(|v| (0.0..=1.0 + 1e-6).contains(v)), "{name}: out of range");
        let size = y.len() / 16;
        let values = y.to_vec();
        assert!(values.chunks(size).any(|picture| picture != &values[..size]), "{name}: all are alike");
        assert_ne!(bits(&y), bits(&pipeline.apply(&same, 2)), "{name}: the seed does not matter");
        assert_ne!(
            bits(&y),
            bits(&pipeline.apply_at(&same, 1, 1, &(0..16).collect::<Vec<_>>())),
            "{name}: epochs"
        );
    }
}

#[test]
fn a_picture_becomes_the_same_in_any_batch_and_at_any_number_of_threads() {
    let x = pictures(9, 3, 11, 13, 3);
    for (name, pipeline) in all() {
        let pipeline = Compose::new().push(pipeline).push(Resize::new(8, 8));
        let indices: Vec<usize> = (20..29).collect();
        let whole = pipeline.apply_at(&x, 5, 2, &indices);
        let backwards: Vec<usize> = (0..9).rev().collect();
        let reversed =
            x.index_select(0, &Indices::from(backwards.iter().map(|&i| i as i64).collect::<Vec<_>>()));
        let there: Vec<usize> = backwards.iter().map(|i| i + 20).collect();
        let other = pipeline.apply_at(&reversed, 5, 2, &there).to_vec();
        let size = whole.len() / 9;
        let expected: Vec<f32> = whole.to_vec().chunks(size).rev().flatten().copied().collect();
        assert_eq!(other, expected, "{name}: the batch matters");
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| pipeline.apply_at(&x, 5, 2, &indices));
            assert_eq!(bits(&again), bits(&whole), "{name} on {threads} threads");
        }
    }
}

#[test]
fn no_pictures_and_the_smallest_pictures_have_a_shape_too() {
    for (name, pipeline) in all() {
        let pipeline = Compose::new().push(Resize::new(12, 12)).push(pipeline).push(Resize::new(4, 5));
        assert_eq!(pipeline.apply(&Tensor::zeros([0, 3, 8, 8]), 0).shape(), [0, 3, 4, 5], "{name}");
        assert_eq!(pipeline.apply(&Tensor::zeros([2, 3, 1, 1]), 0).shape(), [2, 3, 4, 5], "{name}");
    }
    for (name, pipeline) in all().into_iter().filter(|(name, _)| *name != "RandomCrop") {
        assert_eq!(pipeline.apply(&pictures(3, 1, 1, 1, 0), 0).shape()[..2], [3, 1], "{name}");
    }
}

#[test]
fn probabilities_are_kept() {
    let x = pictures(2000, 1, 1, 2, 0);
    let count = |pipeline: Compose| {
        let y = pipeline.apply(&x, 0);
        y.to_vec().chunks(2).zip(x.to_vec().chunks(2)).filter(|(a, b)| a != b).count()
    };
    let one = |p| Compose::new().push(RandomHorizontalFlip::new().p(p));
    assert_eq!((count(one(0.0)), count(one(1.0))), (0, 2000));
    // Three standard deviations.
    assert!((count(one(0.3)) as f64 - 600.0).abs() < 62.0);
    let applied = RandomApply::new(RandomHorizontalFlip::new().p(1.0)).p(0.7);
    assert!((count(Compose::new().push(applied)) as f64 - 1400.0).abs() < 62.0);
    let x = Tensor::full([1, 3, 100, 100], 0.5);
    let spots = Compose::new().push(SaltAndPepper::new(0.2)).apply(&x, 0).to_vec();
    let share = |value| spots.iter().filter(|&&v| v == value).count() as f64 / 30_000.0;
    assert!((share(1.0) - 0.1).abs() < 0.01 && (share(0.0) - 0.1).abs() < 0.01);
    assert_eq!(spots[..10_000], spots[10_000..20_000]);
    let noisy =
        Compose::new().push(GaussianNoise::new().mean(0.1).sigma(0.2).clip(false)).apply(&x, 0).to_vec();
    let mean = noisy.iter().sum::<f32>() / 30_000.0;
    let variance = noisy.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 30_000.0;
    assert!((mean - 0.6).abs() < 0.005 && (variance.sqrt() - 0.2).abs() < 0.005);
}

#[test]
fn every_place_of_a_crop_is_seen() {
    let x: Tensor<f32> = Array4::from_shape_fn((400, 1, 4, 5), |(_, _, r, c)| (5 * r + c) as f32).into();
    let corners = |pipeline: Compose| {
        let y = pipeline.apply(&x, 0).to_vec();
        let mut first: Vec<i64> = y.chunks(4).map(|crop| crop[0] as i64).collect();
        first.sort_unstable();
        first.dedup();
        first
    };
    assert_eq!(corners(Compose::new().push(RandomCrop::new(2, 2))), [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]);
    // A border of edges adds no corner values but those of the picture.
    let with_border = Compose::new().push(RandomCrop::new(2, 2).padding(1).border(Border::Edge));
    assert_eq!(corners(with_border), (0..20).collect::<Vec<_>>());
    let needed = Compose::new().push(RandomCrop::new(6, 5).pad_if_needed(true));
    assert_eq!(needed.apply(&x, 0).shape(), [400, 1, 6, 5]);
}

#[test]
fn hidden_areas_are_as_large_as_asked_for() {
    let x = Tensor::ones([300, 1, 40, 40]);
    let hidden = |pipeline: Compose| -> Vec<usize> {
        let y = pipeline.apply(&x, 0).to_vec();
        y.chunks(1600).map(|picture| picture.iter().filter(|&&v| v == 0.0).count()).collect()
    };
    let areas = hidden(Compose::new().push(RandomErasing::new().p(1.0).scale(0.1, 0.2)));
    // Sides are rounded.
    assert!(areas.iter().all(|&area| (140..=345).contains(&area)), "{areas:?}");
    let areas = hidden(Compose::new().push(Cutout::new(10)));
    assert!(areas.iter().all(|&area| (25..=100).contains(&area)) && areas.contains(&100), "{areas:?}");
    let noise = Compose::new().push(RandomErasing::new().p(1.0).noise()).apply(&x, 0).to_vec();
    assert!(noise.iter().any(|&v| v < 0.0) && noise.iter().any(|&v| v > 1.0));
}

#[test]
fn normalized_channels_and_colours_taken_away() {
    let x = Tensor::from_vec([1, 3, 1, 1], vec![0.485, 0.5, 0.631]);
    let y = Compose::new().push(Normalize::imagenet()).apply(&x, 0).to_vec();
    assert!(y[0].abs() < 1e-6 && (y[1] - 0.044 / 0.224).abs() < 1e-6 && (y[2] - 1.0).abs() < 1e-6);
    let gray = Compose::new().push(Grayscale::new(3)).apply(&x, 0);
    assert_eq!(gray.shape(), [1, 3, 1, 1]);
    let one = Compose::new().push(Grayscale::new(1)).apply(&x, 0);
    assert_eq!(gray.to_vec(), [one.item(); 3]);
    // The same shift for all pixels of a picture, along the components.
    let noise = PcaNoise::imagenet(0.1);
    let y = Compose::new().push(noise).apply(&Tensor::zeros([2000, 3, 1, 1]), 0).to_vec();
    let along = noise.components()[0];
    let onto: Vec<f64> =
        y.chunks(3).map(|p| p.iter().zip(along).map(|(&x, c)| f64::from(x) * c).sum()).collect();
    let deviation = (onto.iter().map(|x| x * x).sum::<f64>() / 2000.0).sqrt();
    assert!((deviation / (0.1 * 0.2175) - 1.0).abs() < 0.06, "{deviation}");
}

#[test]
fn mixtures_keep_the_shares_of_pictures_and_classes() {
    let rng = &mut ChaCha8Rng::seed_from_u64(4);
    // Picture i is full of i.
    let inputs: Tensor<f32> = Array4::from_shape_fn((4, 1, 6, 6), |(i, ..)| i as f32).into();
    let batch = Batch { inputs, labels: vec![2, 0, 1, 1].into() };
    for _ in 0..20 {
        for (mixed, cut) in
            [(Mixup::new(1.0).apply(&batch, 3, rng), false), (CutMix::new(1.0).apply(&batch, 3, rng), true)]
        {
            let targets = mixed.targets.to_vec();
            assert!(targets.chunks(3).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-6));
            // Example 1 is mixed with example 0, so that its mean is its own share.
            let own = targets[3];
            let mean = mixed.inputs.to_vec()[36..72].iter().sum::<f32>() / 36.0;
            assert!((mean - own).abs() < 1e-5, "{mean} of the picture, {own} of the label");
            assert!((targets[5] - (1.0 - own)).abs() < 1e-6);
            let whole = mixed.inputs.to_vec()[36..72].iter().all(|&v| v == 0.0 || v == 1.0);
            assert!(whole || !cut);
        }
    }
    let empty = digits().batch(&[]);
    assert_eq!(Mixup::new(1.0).apply(&empty, 10, rng).targets.shape(), [0, 10]);
    assert_eq!(CutMix::new(1.0).apply(&empty, 10, rng).inputs.shape(), [0, 1, 8, 8]);
}

#[test]
#[should_panic(expected = "the pictures have different shapes in the end")]
fn pictures_of_different_shapes_are_no_batch() {
    /// Cuts at a random column.
    #[derive(Debug)]
    struct Ragged;
    impl Transform for Ragged {
        fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
            let width = rng.random_range(1..=sample.size().1);
            sample.map_picture(|x| transform::crop(x.view(), (0, 0), (1, width)))
        }
    }
    Compose::new().push(Ragged).apply(&Tensor::zeros([20, 1, 2, 9]), 0);
}

#[test]
#[should_panic(expected = "RandomCrop: 9 × 9 pixels are not in a picture of 4 × 4 with a border of 2")]
fn crops_that_are_too_large_panic() {
    Compose::new().push(RandomCrop::new(9, 9).padding(2)).apply(&Tensor::zeros([1, 1, 4, 4]), 0);
}

#[test]
#[should_panic(expected = "Normalize: 3 means for a picture of 1 channels")]
fn other_channels_than_the_means_panic() {
    Compose::new().push(Normalize::imagenet()).apply(&Tensor::zeros([1, 1, 4, 4]), 0);
}

#[test]
#[should_panic(expected = "Compose: 0 lists of objects for 2 pictures")]
fn objects_of_other_pictures_panic() {
    let batch = DetectionBatch { pictures: Tensor::zeros([2, 1, 4, 4]), objects: vec![] };
    Compose::new().apply_with_objects(&batch, 0, 0, &[0, 1]);
}

#[test]
#[should_panic(expected = "CutMix: 1 labels for 2 pictures")]
fn labels_of_other_pictures_panic() {
    let batch = Batch { inputs: Tensor::zeros([2, 1, 4, 4]), labels: vec![0].into() };
    CutMix::new(1.0).apply(&batch, 3, &mut ChaCha8Rng::seed_from_u64(0));
}

#[test]
#[should_panic(
    expected = "erase: 1 × 18446744073709551615 pixels from (0, 2) on are not in a picture of 2 × 3"
)]
fn a_rectangle_that_ends_beyond_all_numbers_panics() {
    transform::erase(Array3::zeros((1, 2, 3)).view(), (0, 2), (1, usize::MAX), 0.0);
}

fn picture() -> impl Strategy<Value = Array3<f32>> {
    (1usize..4, 1usize..9, 1usize..9, any::<u64>()).prop_map(|(c, h, w, seed)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array3::from_shape_simple_fn((c, h, w), || rng.random::<f32>())
    })
}

fn close(a: &Array3<f32>, b: &Array3<f32>, tolerance: f32) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn two_flips_are_none(x in picture()) {
        let twice = transform::horizontal_flip(transform::horizontal_flip(x.view()).view());
        prop_assert_eq!(&twice, &x);
        prop_assert_eq!(transform::vertical_flip(transform::vertical_flip(x.view()).view()), x);
    }

    #[test]
    fn turning_by_nothing_changes_nothing(x in picture(), nearest: bool, fill in 0f32..1.0) {
        let interpolation = if nearest { Interpolation::Nearest } else { Interpolation::Bilinear };
        prop_assert_eq!(&affine(x.view(), &Affine::default(), interpolation, fill), &x);
    }

    #[test]
    fn four_quarter_turns_of_a_square_are_none(side in 1usize..9, seed: u64, nearest: bool) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x = Array3::from_shape_simple_fn((2, side, side), || rng.random::<f32>());
        let interpolation = if nearest { Interpolation::Nearest } else { Interpolation::Bilinear };
        let quarter = Affine { angle: 90.0, ..Affine::default() };
        let once = affine(x.view(), &quarter, interpolation, 0.0);
        let mut expected = x.clone();
        expected.swap_axes(1, 2);
        prop_assert!(close(&once, &transform::horizontal_flip(expected.view()), 1e-5));
        let full = (1..4).fold(once, |x, _| affine(x.view(), &quarter, interpolation, 0.0));
        prop_assert!(close(&full, &x, 1e-4));
    }

    #[test]
    fn resizing_keeps_flat_pictures_and_the_range(x in picture(), height in 1usize..20, width in 1usize..20) {
        use transform::Resampling::{Antialiased, Bilinear, Nearest};
        for how in [Antialiased, Bilinear, Nearest] {
            let y = transform::resize(x.view(), (height, width), how);
            prop_assert_eq!(y.dim(), (x.dim().0, height, width));
            let (low, high) = x.iter().fold((1f32, 0f32), |(low, high), &v| (low.min(v), high.max(v)));
            prop_assert!(y.iter().all(|v| (low - 1e-6..=high + 1e-6).contains(v)));
        }
        // Where nothing shrinks, antialiasing has nothing to do.
        let larger = (x.dim().1 + height, x.dim().2 + width);
        let [a, b] = [Antialiased, Bilinear].map(|how| transform::resize(x.view(), larger, how));
        prop_assert!(close(&a, &b, 1e-5));
    }

    #[test]
    fn blur_keeps_the_range_and_the_sum_of_what_is_inside(x in picture(), kx in 0usize..4, ky in 0usize..4, sigma in 0.1f64..3.0) {
        let blurred = transform::gaussian_blur(x.view(), (2 * kx + 1, 2 * ky + 1), (sigma, sigma));
        let (low, high) = x.iter().fold((1f32, 0f32), |(low, high), &v| (low.min(v), high.max(v)));
        prop_assert!(blurred.iter().all(|v| (low - 1e-6..=high + 1e-6).contains(v)));
        if (kx, ky) == (0, 0) {
            prop_assert!(close(&blurred, &x, 1e-6));
        }
        // Nothing comes back from the edge of a frame that is wider than the kernel reaches.
        let framed = transform::pad(x.view(), [4; 4], Border::Constant(0.0));
        let spread = transform::gaussian_blur(framed.view(), (2 * kx + 1, 2 * ky + 1), (sigma, sigma));
        prop_assert!((spread.sum() - x.sum()).abs() < 1e-4 * x.sum().max(1.0));
    }

    #[test]
    fn a_turn_of_the_colour_circle_and_back_is_none(seed: u64, shift in -0.5f64..0.5) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let x = Array3::from_shape_simple_fn((3, 3, 3), || rng.random::<f32>());
        let back = transform::adjust_hue(transform::adjust_hue(x.view(), shift).view(), -shift);
        prop_assert!(close(&back, &x, 1e-5));
        let factor = 1.0;
        prop_assert!(close(&transform::adjust_contrast(x.view(), factor), &x, 1e-6));
        prop_assert!(close(&transform::adjust_saturation(x.view(), factor), &x, 1e-6));
    }

    #[test]
    fn whatever_the_pixels_nothing_panics(
        shape in (1usize..4, 1usize..7, 1usize..7),
        values in prop::collection::vec(prop::num::f32::ANY, 108),
        seed: u64,
    ) {
        let (c, h, w) = shape;
        let c = if c == 2 { 3 } else { c };
        let x = Tensor::from_vec([1, c, h, w], values[..c * h * w].to_vec());
        for (name, pipeline) in all() {
            if name != "RandomCrop" || h >= 5 && w >= 3 {
                pipeline.apply(&x, seed);
            }
        }
        Compose::new().push(LetterboxTo::new(5, 6)).push(CenterCrop::new(3, 9)).apply(&x, seed);
    }
}
