//! Data sets that a program puts together.

use wengert::data::Batches;
use wengert::data::augment::{CenterCrop, Compose, LetterboxTo, RandomHorizontalFlip};
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
        (
            Object { outline_area: Some(f64::NAN), ..object(0.0, 0.0, 5.0, 5.0, 0) },
            "outline area: expected a number of pixels, 0 or more, found NaN",
        ),
        (
            Object { outline_area: Some(-1.0), ..object(0.0, 0.0, 5.0, 5.0, 0) },
            "outline area: expected a number",
        ),
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

#[test]
fn frames_move_boxes_and_outlines_alike() {
    let cat = Object { outline_area: Some(100.0), ..object(10.0, 0.0, 30.0, 20.0, 0) };
    let dataset = DetectionDataset::new(vec![picture(20, 40, vec![cat])], ["cat"]).unwrap();
    let batch = dataset.batch(&[0], (10, 20), &Reader::new()).unwrap();
    let expected = Object { outline_area: Some(25.0), ..object(5.0, 0.0, 15.0, 10.0, 0) };
    assert_eq!(batch.objects, [[expected]]);
    let none = dataset.batch(&[], (10, 20), &Reader::new()).unwrap();
    assert_eq!((none.pictures.shape(), none.len()), (&[0, 3, 10, 20][..], 0));
}

#[test]
fn of_several_pictures_that_cannot_be_read_the_first_is_told() {
    let missing = |i: usize| AnnotatedPicture::in_file(format!("nowhere/{i}.png"), 4, 4, vec![]);
    let dataset = DetectionDataset::new((0..64).map(missing).collect(), ["a"]).unwrap();
    let backwards: Vec<usize> = (0..64).rev().collect();
    for _ in 0..20 {
        let error = dataset.batch(&backwards, (8, 8), &Reader::new()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read nowhere/63.png"), "{error}");
    }
}

#[test]
fn pictures_of_other_channels_than_the_first_are_told() {
    let colour = AnnotatedPicture::in_memory(Tensor::zeros([3, 4, 4]), vec![]);
    let dataset = DetectionDataset::new(vec![picture(4, 4, vec![]), colour], ["a"]).unwrap();
    let error = dataset.batch(&[0, 1], (8, 8), &Reader::new()).unwrap_err().to_string();
    let expected = "shape: expected [1, 8, 8] as the first picture of the batch, found [3, 8, 8]";
    assert_eq!(error, format!("data set, picture 1: {expected}"));
}

#[test]
#[should_panic(expected = "batch: there is no picture 1 among 1")]
fn a_batch_beyond_the_end_panics() {
    let dataset = DetectionDataset::new(vec![picture(1, 1, vec![])], ["a"]).unwrap();
    let _ = dataset.batch(&[0, 1], (8, 8), &Reader::new());
}

#[test]
fn batches_are_shuffled_augmented_and_made_ahead() {
    let pictures = (0..5).map(|i| picture(20 + i, 40, vec![object(0.0, 0.0, 10.0, 20.0, i)])).collect();
    let dataset = DetectionDataset::new(pictures, ["a", "b", "c", "d", "e"]).unwrap();
    let flipped = Compose::new().push(RandomHorizontalFlip::new().p(1.0)).push(LetterboxTo::new(40, 40));
    let batches = Batches::new(&dataset, 2).shuffle(3).augment(flipped.min_visible(0.5), 0);
    let all: Vec<_> = batches.epoch(1).map(Result::unwrap).collect();
    let objects: Vec<&Object> = all.iter().flat_map(|batch| &batch.objects).flatten().collect();
    assert_eq!(objects.iter().map(|object| object.class).collect::<Vec<_>>(), batches.order(1));
    for object in objects {
        assert_eq!((object.bounding_box.x1, object.bounding_box.x2), (30.0, 40.0));
    }
    for (here, there) in all.iter().zip(batches.epoch(1).prefetch(2)) {
        assert_eq!(here.pictures.to_vec(), there.unwrap().pictures.to_vec());
    }
    // Without a frame they have no common shape.
    assert!(Batches::new(&dataset, 2).epoch(0).next().unwrap().is_err());
    let cut = Compose::new().push(CenterCrop::new(20, 25));
    let kept = |least| {
        let batches = Batches::new(&dataset, 5).augment(cut.clone().min_visible(least), 0);
        batches.epoch(0).next().unwrap().unwrap().objects.iter().flatten().count()
    };
    // The crop keeps two or three of ten columns.
    assert_eq!([0.0, 0.9].map(kept), [5, 0]);
}
