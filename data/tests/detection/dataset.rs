//! Data sets that a program puts together.

use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object};
use wengert::data::picture::{self, Reader};
use wengert::prelude::*;

fn picture(height: usize, width: usize, objects: Vec<Object>) -> AnnotatedPicture {
    AnnotatedPicture::in_memory(Tensor::zeros([1, height, width]), objects)
}

fn object(x1: f64, y1: f64, x2: f64, y2: f64, class: usize) -> Object {
    Object::new(BoundingBox::new(x1, y1, x2, y2), class)
}

#[test]
fn objects_outside_their_picture_or_without_class_are_refused() {
    let with = |object| {
        DetectionDataset::new(vec![picture(1, 1, vec![]), picture(10, 20, vec![object])], ["a", "b"])
    };
    assert_eq!(with(object(0.0, 0.0, 20.0, 10.0, 1)).unwrap().counts(), [0, 1]);
    for (wrong, expected) in [
        (object(0.0, 0.0, 5.0, 5.0, 2), "class: expected an index below 2, found 2"),
        (
            object(5.0, 0.0, 5.0, 5.0, 0),
            "bounding box: expected a box with a width and a height above 0, found x from 5",
        ),
        (object(0.0, 6.0, 5.0, 5.0, 0), "bounding box: expected a box with a width"),
        (object(0.0, 0.0, f64::NAN, 5.0, 0), "bounding box: expected a box with a width"),
        (
            object(0.0, 0.0, 5.0, f64::INFINITY, 0),
            "bounding box: expected a box inside the picture of 20 × 10 pixels",
        ),
        (object(-0.5, 0.0, 5.0, 5.0, 0), "bounding box: expected a box inside"),
    ] {
        let error = with(wrong).unwrap_err().to_string();
        assert!(error.starts_with(&format!("data set, picture 1, object 0: {expected}")), "{error}");
    }
    let error = DetectionDataset::new(vec![], ["a", "a"]).unwrap_err().to_string();
    assert_eq!(error, "data set: the class `a` is there twice");
    let error = DetectionDataset::new(vec![picture(0, 3, vec![])], ["a"]).unwrap_err().to_string();
    assert!(error.starts_with("data set, picture 0: height: expected a whole number from 1"), "{error}");
}

#[test]
fn a_picture_of_another_size_than_its_label_says_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    picture::write(&path, &Tensor::ones([3, 2, 4])).unwrap();
    let right = AnnotatedPicture::in_file(&path, 4, 2, vec![]);
    assert_eq!(right.read(&Reader::new()).unwrap().to_vec(), vec![1.0; 24]);
    let error = AnnotatedPicture::in_file(&path, 2, 4, vec![]).read(&Reader::new()).unwrap_err().to_string();
    assert!(error.ends_with("a.png: size: expected 2 × 4 pixels as its label says, found 4 × 2"), "{error}");
}

#[test]
fn subsets_keep_their_order_and_may_repeat() {
    let dataset = DetectionDataset::new(vec![picture(1, 1, vec![]), picture(2, 2, vec![])], ["a"]).unwrap();
    let heights: Vec<_> =
        dataset.subset(&[1, 0, 1]).pictures().iter().map(|picture| picture.height).collect();
    assert_eq!(heights, [2, 1, 2]);
    assert!(dataset.subset(&[]).is_empty());
}

#[test]
#[should_panic(expected = "subset: there is no picture 2 among 2")]
fn a_subset_beyond_the_end_panics() {
    let dataset = DetectionDataset::new(vec![picture(1, 1, vec![]), picture(2, 2, vec![])], ["a"]).unwrap();
    dataset.subset(&[0, 2]);
}
