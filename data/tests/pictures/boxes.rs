//! Boxes that go where their objects go.

use ndarray::{Array3, s};
use proptest::prelude::*;
use wengert::data::augment::{
    CenterCrop, Compose, ElasticTransform, LetterboxTo, Pad, RandomAffine, RandomCrop, RandomHorizontalFlip,
    RandomPerspective, RandomResizedCrop, RandomRotation, RandomVerticalFlip, Resize, Sample, Transform,
};
use wengert::data::detection::{BoundingBox, Object};
use wengert::data::transform::{Interpolation, letterbox};
use wengert::prelude::*;

/// A dark picture with a bright rectangle, and its box.
fn scene(size: (usize, usize), place: [usize; 4]) -> Sample {
    let [top, left, height, width] = place;
    let mut picture = Array3::zeros((1, size.0, size.1));
    picture.slice_mut(s![.., top..top + height, left..left + width]).fill(1.0);
    let b = BoundingBox::from_corner(left as f64, top as f64, width as f64, height as f64);
    Sample::new(picture).objects([Object::new(b, 3)]).min_visible(0.0)
}

/// The box around everything bright.
fn bright(picture: &Array3<f32>) -> Option<BoundingBox> {
    let mut around: Option<BoundingBox> = None;
    for ((_, r, c), &v) in picture.indexed_iter() {
        if v > 0.5 {
            let pixel = BoundingBox::from_corner(c as f64, r as f64, 1.0, 1.0);
            around = Some(around.map_or(pixel, |b| {
                let (x1, y1) = (b.x1.min(pixel.x1), b.y1.min(pixel.y1));
                BoundingBox::new(x1, y1, b.x2.max(pixel.x2), b.y2.max(pixel.y2))
            }));
        }
    }
    around
}

fn place() -> impl Strategy<Value = [usize; 4]> {
    (0usize..20, 0usize..24, 8usize..20, 8usize..20).prop_map(|(top, left, h, w)| [top, left, h, w])
}

/// What the box says and what the picture shows, at most `tolerance` pixels apart at each edge.
fn agree(sample: Sample, tolerance: f64) -> Result<(), TestCaseError> {
    let (picture, objects) = sample.into_parts();
    let seen = bright(&picture);
    let Some(object) = objects.first() else {
        // Less than half a pixel may be left, which is not bright.
        prop_assert!(seen.is_none_or(|b| b.area() < 3.0 * tolerance * (b.width() + b.height())));
        return Ok(());
    };
    let b = object.bounding_box;
    let Some(seen) = seen else {
        prop_assert!(b.width().min(b.height()) <= 1.0 + tolerance, "nothing is seen of {b:?}");
        return Ok(());
    };
    let apart = [b.x1 - seen.x1, b.y1 - seen.y1, b.x2 - seen.x2, b.y2 - seen.y2];
    prop_assert!(apart.iter().all(|edge| edge.abs() <= tolerance), "{b:?}, but {seen:?} is seen");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn boxes_stay_around_their_objects(place in place(), seed: u64) {
        let size = (40, 44);
        let transforms: [(Compose, f64); 10] = [
            (Compose::new().push(RandomHorizontalFlip::new()).push(RandomVerticalFlip::new()), 1e-9),
            (Compose::new().push(RandomCrop::new(30, 28)), 1e-9),
            (Compose::new().push(RandomCrop::new(48, 50).padding(5)), 1e-9),
            (Compose::new().push(CenterCrop::new(31, 50)), 1e-9),
            (Compose::new().push(Pad::new([1, 2, 3, 4])), 1e-9),
            (Compose::new().push(Resize::new(80, 22)), 1.01),
            (Compose::new().push(LetterboxTo::new(60, 60).fill(0.0)), 1.01),
            (Compose::new().push(RandomResizedCrop::new(50, 50).scale(0.5, 1.0)), 1.7),
            (Compose::new().push(RandomAffine::new().scale(0.2).translate(0.2)), 1.01),
            (Compose::new().push(RandomHorizontalFlip::new()).push(Resize::new(55, 60)).push(CenterCrop::new(41, 39)), 1.01),
        ];
        for (pipeline, tolerance) in transforms {
            agree(pipeline.sample(scene(size, place), seed, 0, 0), tolerance)?;
        }
    }

    #[test]
    fn turned_objects_are_inside_their_boxes(place in place(), seed: u64) {
        let transforms: [Box<dyn Transform>; 4] = [
            Box::new(RandomRotation::new(45.0).interpolation(Interpolation::Nearest)),
            Box::new(RandomAffine::new().degrees(20.0).shear(15.0).shear_y(10.0).scale(0.2).translate(0.1)),
            Box::new(RandomPerspective::new().p(1.0)),
            Box::new(ElasticTransform::new().alpha(20.0).sigma(6.0)),
        ];
        for transform in transforms {
            let sample = transform.transform(scene((40, 44), place), &mut ChaCha8Rng::seed_from_u64(seed));
            let (picture, objects) = sample.into_parts();
            let Some(seen) = bright(&picture) else { continue };
            prop_assert!(objects.len() == 1, "{transform:?} lost {seen:?}");
            let b = objects[0].bounding_box;
            let slack = 2.0;
            let inside = seen.x1 >= b.x1 - slack && seen.y1 >= b.y1 - slack
                && seen.x2 <= b.x2 + slack && seen.y2 <= b.y2 + slack;
            prop_assert!(inside, "{transform:?}: {seen:?} is seen beyond {b:?}");
        }
    }

    #[test]
    fn boxes_of_turned_and_sheared_objects_are_no_larger_than_they(place in place(), seed: u64) {
        let transforms: [Compose; 2] = [
            Compose::new().push(RandomRotation::new(45.0)),
            Compose::new().push(RandomAffine::new().degrees(20.0).shear(15.0).shear_y(10.0).translate(0.1)),
        ];
        for pipeline in transforms {
            let sample = pipeline.sample(scene((40, 44), place), seed, 0, 0);
            let (_, objects) = sample.clone().into_parts();
            // Where a corner is cut off, the box is the rest of the one around all that was there.
            let whole = objects.first().is_some_and(|object| {
                let b = object.bounding_box;
                0.0 < b.x1 && 0.0 < b.y1 && b.x2 < 44.0 && b.y2 < 40.0
            });
            if whole {
                agree(sample, 2.0)?;
            }
        }
    }

    #[test]
    fn letterboxes_bring_boxes_forth_and_back(
        h in 1usize..50, w in 1usize..50, height in 1usize..50, width in 1usize..50,
        corner in (0f64..1.0, 0f64..1.0), size in (0.01f64..1.0, 0.01f64..1.0),
    ) {
        let x = Array3::ones((2, h, w));
        let (framed, place) = letterbox(x.view(), (height, width), 0.0);
        prop_assert_eq!(framed.dim(), (2, height, width));
        let b = BoundingBox::from_corner(corner.0 * w as f64, corner.1 * h as f64, size.0 * w as f64, size.1 * h as f64)
            .clipped(w as f64, h as f64);
        let there = place.place(&b);
        let frame = BoundingBox::new(-1e-9, -1e-9, width as f64 + 1e-9, height as f64 + 1e-9);
        prop_assert!((there.intersection(&frame) - there.area()).abs() < 1e-6);
        let back = place.undo(&there);
        for (a, b) in [(back.x1, b.x1), (back.y1, b.y1), (back.x2, b.x2), (back.y2, b.y2)] {
            prop_assert!((a - b).abs() < 1e-9);
        }
        // The picture touches two opposite edges of the frame.
        let bright = framed.iter().filter(|&&v| v > 0.5).count() / 2;
        let whole = place.place(&BoundingBox::new(0.0, 0.0, w as f64, h as f64));
        prop_assert!((whole.area() - bright as f64).abs() < 1e-6);
        prop_assert!((whole.width() - width as f64).abs() < 1e-9 || (whole.height() - height as f64).abs() < 1e-9);
    }
}

#[test]
fn objects_that_are_hardly_seen_are_dropped_by_all_cuts_together() {
    let objects = || {
        let b = |x1, x2| Object::new(BoundingBox::new(x1, 0.0, x2, 10.0), 0);
        [b(0.0, 10.0), b(10.0, 20.0), b(0.0, 20.0)]
    };
    let halves = Compose::new().push(CenterCrop::new(10, 10));
    let kept = |pipeline: &Compose, least| {
        let sample = Sample::new(Array3::zeros((1, 10, 20))).objects(objects()).min_visible(least);
        pipeline.sample(sample, 0, 0, 0).into_parts().1.len()
    };
    assert_eq!([0.0, 0.4, 0.5, 0.51].map(|least| kept(&halves, least)), [3, 3, 3, 0]);
    // A pipeline that asks for a part is heard before the sample, for itself alone.
    let asks = |least| Compose::new().push(halves.clone().min_visible(least)).push(Pad::new([5, 0, 5, 0]));
    assert_eq!([0.5, 0.51].map(|least| kept(&asks(least), 0.0)), [3, 0]);
    assert_eq!([0.5, 0.51].map(|least| kept(&asks(0.2), least)), [3, 0]);
    // What was cut off does not come back with a border.
    let and_back = halves.clone().push(Pad::new([5, 0, 5, 0]));
    assert_eq!([0.5, 0.51].map(|least| kept(&and_back, least)), [3, 0]);
    // Half of a half: the third keeps 6 of 20 columns.
    let twice = halves.push(CenterCrop::new(10, 6));
    assert_eq!([0.29, 0.3, 0.31].map(|least| kept(&twice, least)), [3, 3, 0]);
}

#[test]
fn batches_of_scenes_keep_their_objects_in_order_and_come_ahead_of_time() {
    use wengert::data::detection::{DetectionBatch, SceneConfig};
    use wengert::data::{Prefetch, digits};
    let scenes = SceneConfig::new().size(64, 64).init(&digits(), 3);
    let pipeline = Compose::new().push(RandomHorizontalFlip::new().p(1.0)).push(Resize::new(32, 128));
    let indices: Vec<usize> = (0..4).collect();
    let change = move |batch: DetectionBatch| pipeline.apply_with_objects(&batch, 0, 0, &indices);
    let here: Vec<DetectionBatch> = scenes.batches(4).take(3).map(&change).collect();
    for (i, batch) in here.iter().enumerate() {
        assert_eq!(batch.pictures.shape(), [4, 3, 32, 128]);
        let old = scenes.batch(4 * i as u64..4 * i as u64 + 4);
        for (new, old) in batch.objects.iter().flatten().zip(old.objects.iter().flatten()) {
            let (a, b) = (new.bounding_box, old.bounding_box);
            let expected = BoundingBox::new(64.0 - b.x2, b.y1, 64.0 - b.x1, b.y2).scaled(2.0, 0.5);
            assert_eq!((a, new.class), (expected, old.class));
        }
        assert_eq!(batch.objects.iter().flatten().count(), old.objects.iter().flatten().count());
    }
    let there = Prefetch::new(scenes.batches(4).take(3).map(change), 2);
    for (here, there) in here.iter().zip(there) {
        assert_eq!((here.pictures.to_vec(), &here.objects), (there.pictures.to_vec(), &there.objects));
    }
    let none = Compose::new().push(Resize::new(5, 6)).apply_with_objects(&scenes.batch(0..0), 0, 0, &[]);
    assert_eq!((none.pictures.shape(), none.len()), (&[0, 3, 5, 6][..], 0));
}

#[test]
fn everything_else_about_an_object_is_kept() {
    let object = Object {
        difficult: true,
        crowd: true,
        outline_area: Some(30.0),
        ..Object::new(BoundingBox::new(2.0, 2.0, 8.0, 8.0), 5)
    };
    let sample = Sample::new(Array3::zeros((3, 10, 10))).objects([object]);
    let (_, objects) = Compose::new().push(Resize::new(20, 30)).sample(sample, 0, 0, 0).into_parts();
    let expected = Object {
        difficult: true,
        crowd: true,
        outline_area: Some(180.0),
        ..Object::new(BoundingBox::new(6.0, 4.0, 24.0, 16.0), 5)
    };
    assert_eq!(objects, [expected]);
}

#[test]
fn outlines_keep_their_area_where_only_the_box_around_them_grows() {
    let object =
        Object { outline_area: Some(60.0), ..Object::new(BoundingBox::new(15.0, 15.0, 25.0, 25.0), 0) };
    let area = |transform: &dyn Transform| {
        let sample = Sample::new(Array3::zeros((1, 40, 40))).objects([object.clone()]);
        let (_, objects) = transform.transform(sample, &mut ChaCha8Rng::seed_from_u64(5)).into_parts();
        (objects[0].bounding_box.area(), objects[0].outline_area.unwrap())
    };
    // Neither turning nor shearing along one axis changes an area.
    for turned in [RandomAffine::new().degrees(80.0), RandomAffine::new().shear(40.0)] {
        let (around, outline) = area(&turned);
        assert!(around > 110.0, "the seed turns by little: {around}");
        assert!((outline - 60.0).abs() < 1e-9, "{turned:?}: {outline}");
    }
    let (_, outline) = area(&LetterboxTo::new(20, 60));
    assert_eq!(outline, 15.0);
    // Half of what is seen is cut off.
    assert_eq!(area(&CenterCrop::new(40, 10)).1, 60.0);
    assert_eq!(area(&CenterCrop::new(5, 40)).1, 30.0);
}
