//! Labels: encoding and decoding them.

use proptest::prelude::*;
use wengert::data::detection::{BoundingBox, Detection, Object};
use wengert::models::detection::BoxEncoding;
use wengert::prelude::{Float, Tensor};

const CLASSES: usize = 4;

/// An encoding and objects whose centres lie inside the picture.
fn scenes() -> impl Strategy<Value = (BoxEncoding, Vec<Object>)> {
    let size = (1.0..500.0f64, 1.0..500.0f64);
    let grid = prop::option::of((1..8usize, 1..8usize));
    let anchors = prop::collection::vec((0.5..300.0f64, 0.5..300.0f64), 0..4);
    let object = (0.0..1.0f64, 0.0..1.0f64, 0.01..2.0f64, 0.01..2.0f64, 0..CLASSES);
    (size, grid, anchors, prop::collection::vec(object, 0..8)).prop_map(|(size, grid, anchors, objects)| {
        let encoding = BoxEncoding::new(CLASSES, size).anchors(anchors);
        let encoding =
            grid.into_iter().fold(encoding, |encoding, (rows, columns)| encoding.grid(rows, columns));
        let object = |(x, y, w, h, class): (f64, f64, f64, f64, usize)| {
            let of = |share: f64, side: f64| share * side;
            let center = (of(x, size.0), of(y, size.1));
            Object::new(BoundingBox::from_center(center.0, center.1, of(w, size.0), of(h, size.1)), class)
        };
        (encoding, objects.into_iter().map(object).collect())
    })
}

fn near(a: &BoundingBox, b: &BoundingBox, tolerance: f64) -> bool {
    a.edges().iter().zip(b.edges()).all(|(a, b)| (a - b).abs() <= tolerance)
}

fn round_trip<T: Float>(
    encoding: &BoxEncoding,
    objects: &[Object],
    tolerance: f64,
) -> Result<(), TestCaseError> {
    let label: Tensor<T> = encoding.encode(objects);
    prop_assert_eq!(label.shape(), encoding.shape());
    let places = encoding.assign(objects);
    let kept: Vec<&Object> =
        objects.iter().zip(&places).filter(|(_, place)| place.is_some()).map(|(o, _)| o).collect();
    let found = encoding.decode(&label, 0.5);
    prop_assert_eq!(found.len(), kept.len());
    for object in kept {
        let same = |d: &&Detection| {
            d.class == object.class && near(&d.bounding_box, &object.bounding_box, tolerance)
        };
        prop_assert!(found.iter().any(|d| same(&d) && d.score == 1.0), "{:?} of {:?}", object, found);
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded((encoding, objects) in scenes()) {
        prop_assert!(encoding.check().is_ok());
        round_trip::<f64>(&encoding, &objects, 1e-9)?;
        round_trip::<f32>(&encoding, &objects, 1e-3)?;
    }

    #[test]
    fn each_place_is_taken_once_by_the_first((encoding, objects) in scenes()) {
        let places = encoding.assign(&objects);
        for (at, place) in places.iter().enumerate() {
            // Alone each has a place: its centre is inside.
            let alone = encoding.assign(&objects[at..=at])[0];
            let taken = places[..at].contains(&alone);
            prop_assert!(alone.is_some());
            prop_assert_eq!(*place, if taken { None } else { alone });
        }
    }

    #[test]
    fn centres_lie_in_their_cells_and_sides_are_positive((encoding, objects) in scenes()) {
        let numbers = encoding.encode::<f64>(&objects).to_vec();
        for y in numbers.chunks(5 + CLASSES) {
            if y[0] == 1.0 {
                prop_assert!(y[1..3].iter().all(|b| (-1e-12..=1.0 + 1e-12).contains(b)), "{:?}", y);
                prop_assert!(y[3] > 0.0 && y[4] > 0.0 && y[5..].iter().sum::<f64>() == 1.0);
            } else {
                prop_assert!(y.iter().all(|entry| *entry == 0.0));
            }
        }
    }
}

#[test]
fn the_notes_order_is_height_before_width() {
    let object = Object::new(BoundingBox::from_center(150.0, 50.0, 60.0, 40.0), 0);
    let encoding = BoxEncoding::new(1, (200.0, 100.0)).grid(2, 2);
    let label: Tensor<f64> = encoding.encode(&[object]);
    // The centre is on the corner of the lower right cell of 100×50; the sides may exceed a cell's.
    assert_eq!(label.select(0, 1).select(0, 1).to_vec(), [1.0, 0.5, 0.0, 0.8, 0.6, 1.0]);
    let large = Object::new(BoundingBox::from_center(20.0, 20.0, 250.0, 100.0), 0);
    let label: Tensor<f64> = encoding.encode(&[large]);
    assert_eq!(label.select(0, 0).select(0, 0).to_vec()[3..5], [2.0, 2.5]);
}

#[test]
fn a_batch_holds_the_labels_of_its_pictures() {
    let encoding = BoxEncoding::new(2, (10.0, 10.0)).grid(2, 3);
    let object = |x, class| Object::new(BoundingBox::from_center(x, 5.0, 2.0, 2.0), class);
    let pictures = vec![vec![object(1.0, 0)], vec![], vec![object(9.0, 1), object(4.0, 0)]];
    let batch: Tensor<f32> = encoding.encode_batch(&pictures);
    assert_eq!(batch.shape(), [3, 2, 3, 7]);
    for (at, objects) in pictures.iter().enumerate() {
        assert_eq!(batch.select(0, at as isize).to_vec(), encoding.encode::<f32>(objects).to_vec());
    }
    assert_eq!(encoding.encode_batch::<f32>(&[]).shape(), [0, 2, 3, 7]);
}

#[test]
fn what_is_no_target_is_left_out() {
    let encoding = BoxEncoding::new(1, (10.0, 10.0)).grid(3, 3);
    let new = |x, y, w, h| Object::new(BoundingBox::from_center(x, y, w, h), 0);
    let objects = [
        new(-0.1, 5.0, 2.0, 2.0),
        new(5.0, 10.0, 2.0, 2.0),
        new(5.0, 5.0, 0.0, 2.0),
        new(5.0, 5.0, 2.0, f64::NAN),
        Object { crowd: true, ..new(5.0, 5.0, 2.0, 2.0) },
        Object { difficult: true, ..new(5.0, 5.0, 2.0, 2.0) },
        new(5.0, 5.0, 2.0, 2.0),
    ];
    let places = encoding.assign(&objects);
    assert_eq!(places, [None, None, None, None, None, None, Some((1, 1, 0))]);
}

#[test]
#[should_panic(expected = "BoxEncoding: object 0 has class 1, there are 1 classes")]
fn a_class_that_is_none_is_refused() {
    BoxEncoding::new(1, (9.0, 9.0)).assign(&[Object::new(BoundingBox::new(0.0, 0.0, 1.0, 1.0), 1)]);
}

#[test]
#[should_panic(expected = "BoxEncoding: the shape [7] is not that of a label, [2, 2, 7]")]
fn a_label_of_another_shape_is_refused() {
    BoxEncoding::new(2, (9.0, 9.0)).grid(2, 2).decode(&Tensor::<f32>::zeros([7]), 0.5);
}

#[test]
fn absurd_encodings_are_errors() {
    let new = || BoxEncoding::new(1, (9.0, 9.0));
    let cases = [
        (BoxEncoding::new(0, (9.0, 9.0)), "BoxEncoding: classes is 0"),
        (BoxEncoding::new(1, (9.0, -9.0)), "BoxEncoding: size is (9.0, -9.0)"),
        (new().grid(0, 2), "BoxEncoding: grid is (0, 2)"),
        (new().anchors([(1.0, 0.0)]), "BoxEncoding: anchors is [[1.0, 0.0]]"),
        (new().grid(usize::MAX, 2), "BoxEncoding: grid is ("),
        (BoxEncoding::new(usize::MAX, (9.0, 9.0)), "BoxEncoding: grid is ("),
    ];
    for (encoding, expected) in cases {
        let error = encoding.check().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
#[should_panic(expected = "BoxEncoding: size is (9.0, NaN), expected a positive width and height")]
fn an_encoding_that_is_none_is_refused_where_objects_are_assigned() {
    BoxEncoding::new(1, (9.0, f64::NAN)).assign(&[]);
}

#[test]
#[should_panic(expected = "BoxEncoding: size is (-9.0, 9.0), expected a positive width and height")]
fn an_encoding_that_is_none_is_refused_where_a_label_is_decoded() {
    BoxEncoding::new(1, (-9.0, 9.0)).decode(&Tensor::<f32>::zeros([6]), 0.5);
}

#[test]
#[should_panic(expected = "BoxEncoding: grid is (1, 1), expected a label that fits into the address space")]
fn a_label_that_cannot_be_has_no_shape() {
    BoxEncoding::new(usize::MAX, (9.0, 9.0)).shape();
}
