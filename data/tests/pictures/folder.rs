//! Folders of pictures, one for each class.

use crate::reading::{jpeg, photograph};
use std::fs;
use std::path::Path;
use wengert::data::augment::{Compose, RandomHorizontalFlip, Resize};
use wengert::data::picture::{self, Color, Reader};
use wengert::data::{Batches, Error, ImageFolder, PictureProblem};
use wengert::prelude::*;

/// Two classes: cats of three pictures, one of them deeper, and dogs of one; and much that is not to be seen.
fn zoo() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    picture::write(at("cats/b.png"), &Tensor::full([1, 4, 6], 0.2)).unwrap();
    fs::write(at("cats/a.JPG"), jpeg(&photograph(5, 3), 90)).unwrap();
    picture::write(at("cats/more/c.png"), &Tensor::full([3, 2, 2], 0.6)).unwrap();
    fs::write(at("dogs/d.jpeg"), jpeg(&photograph(8, 8), 90)).unwrap();
    fs::write(at("README.txt"), "no class").unwrap();
    fs::write(at("cats/notes.txt"), "no picture").unwrap();
    fs::write(at("cats/.hidden.png"), "no picture").unwrap();
    fs::write(at(".thumbnails/x.png"), "no class").unwrap();
    dir
}

fn message(root: &Path) -> String {
    ImageFolder::open(root).unwrap_err().to_string()
}

#[test]
fn classes_and_pictures_are_sorted_and_hidden_ones_left_out() {
    let dir = zoo();
    let zoo = ImageFolder::open(dir.path()).unwrap();
    assert_eq!(zoo.class_names(), ["cats", "dogs"]);
    let found: Vec<(String, i64)> = zoo
        .samples()
        .iter()
        .map(|s| (s.path.strip_prefix(dir.path()).unwrap().display().to_string(), s.label))
        .collect();
    let expected = [("cats/a.JPG", 0), ("cats/b.png", 0), ("cats/more/c.png", 0), ("dogs/d.jpeg", 1)];
    assert_eq!(found, expected.map(|(path, label)| (path.to_owned(), label)));
    let (x, label) = zoo.read(1).unwrap();
    assert_eq!((x.shape(), label, x.to_vec()[0]), (&[3, 4, 6][..], 0, 0.2));
    let gray = zoo.clone().reader(Reader::new().color(Color::Gray));
    assert_eq!(gray.read(2).unwrap().0.shape(), [1, 2, 2]);
}

#[test]
fn in_memory_all_have_one_size() {
    let dir = zoo();
    let data = ImageFolder::open(dir.path()).unwrap().to_dataset(3, 5).unwrap();
    assert_eq!(data.inputs().shape(), [4, 3, 3, 5]);
    assert_eq!(
        (data.labels(), data.class_names()),
        (&[0, 0, 0, 1][..], &["cats".to_owned(), "dogs".to_owned()][..])
    );
    assert!(data.inputs().index_axis(ndarray::Axis(0), 2).iter().all(|v| (v - 0.6).abs() < 1e-6));
    // More than any memory holds is an error, before anything is read.
    let error = ImageFolder::open(dir.path()).unwrap().to_dataset(1 << 30, 1 << 30).unwrap_err();
    assert!(error.to_string().contains("do not fit into memory"), "{error}");
}

#[test]
fn batches_are_read_when_they_are_asked_for() {
    let dir = zoo();
    let zoo = ImageFolder::open(dir.path()).unwrap();
    let pipeline = Compose::new().push(RandomHorizontalFlip::new()).push(Resize::new(4, 4));
    let batches = Batches::new(&zoo, 3).shuffle(1).augment(pipeline, 2);
    let all: Vec<_> = batches.epoch(0).map(|batch| batch.unwrap()).collect();
    assert_eq!(all.iter().map(|b| b.inputs.shape()[0]).collect::<Vec<_>>(), [3, 1]);
    let labels: Vec<i64> = all.iter().flat_map(|b| b.labels.to_vec()).collect();
    assert_eq!(labels, batches.order(0).iter().map(|&i| zoo.samples()[i].label).collect::<Vec<_>>());
    for (here, there) in all.iter().zip(batches.epoch(0).prefetch(1)) {
        assert_eq!(here.inputs.to_vec(), there.unwrap().inputs.to_vec());
    }
    // One that is gone, or broken, by then is an error of its batch alone.
    fs::remove_file(&zoo.samples()[3].path).unwrap();
    let in_order = Batches::new(&zoo, 3).augment(Compose::new().push(Resize::new(4, 4)), 2);
    let results: Vec<_> = in_order.epoch(0).collect();
    assert!(results[0].is_ok());
    let error = results[1].as_ref().unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot read {}: ", zoo.samples()[3].path.display())), "{error}");
    fs::write(&zoo.samples()[0].path, "GIF89a").unwrap();
    let error = in_order.epoch(0).next().unwrap().unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: neither PNG nor JPEG", zoo.samples()[0].path.display())),
        "{error}"
    );
}

#[test]
fn pictures_of_different_sizes_are_an_error_that_names_the_first() {
    let dir = zoo();
    let zoo = ImageFolder::open(dir.path()).unwrap().subset(&[1, 2]);
    let error = Batches::new(&zoo, 2).epoch(0).next().unwrap().unwrap_err();
    let Error::Picture { origin, problem: PictureProblem::Shape { expected, found } } = error else {
        panic!("{error}")
    };
    assert_eq!((expected, found), ([3, 4, 6], [3, 2, 2]));
    assert_eq!(origin, zoo.samples()[1].path.display().to_string());
}

#[test]
fn parts_keep_the_classes() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["x", "y"] {
        fs::create_dir(dir.path().join(class)).unwrap();
        for i in 0..10 {
            picture::write(dir.path().join(format!("{class}/{i}.png")), &Tensor::zeros([1, 1, 1])).unwrap();
        }
    }
    let [a, b] = ImageFolder::open(dir.path()).unwrap().split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(0));
    assert_eq!((a.len(), b.len(), a.classes(), b.classes()), (16, 4, 2, 2));
    assert_eq!(b.samples().iter().filter(|s| s.label == 1).count(), 2);
}

#[test]
fn folders_that_are_no_data_set_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none");
    assert!(message(&none).starts_with(&format!("cannot read {}: ", none.display())));
    let expected = format!("{}: there is no file named */*.png or */*.jpg or */*.jpeg", dir.path().display());
    assert_eq!(message(dir.path()), expected);
    fs::write(dir.path().join("lone.png"), "").unwrap();
    assert_eq!(message(dir.path()), expected);
    let class = dir.path().join("class");
    fs::create_dir(&class).unwrap();
    let expected = format!("{}: there is no file named *.png or *.jpg or *.jpeg", class.display());
    assert_eq!(message(dir.path()), expected);
    assert!(message(&dir.path().join("lone.png")).starts_with("cannot read "));
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_circles_are_errors() {
    use std::os::unix::fs::symlink;
    let dir = zoo();
    let link = |from: &str, to: &str| symlink(dir.path().join(to), dir.path().join(from)).unwrap();
    // A class that is a link, and a picture that is one.
    link("more_cats", "cats");
    link("dogs/cat.png", "cats/b.png");
    let found = ImageFolder::open(dir.path()).unwrap();
    assert_eq!((found.class_names().len(), found.len()), (3, 8));
    link("dogs/up", ".");
    let error = message(dir.path());
    assert!(error.contains("links lead to this folder a second time"), "{error}");
    fs::remove_file(dir.path().join("dogs/up")).unwrap();
    link("dogs/gone.png", "nowhere");
    let gone = dir.path().join("dogs/gone.png");
    assert!(message(dir.path()).starts_with(&format!("cannot read {}: ", gone.display())));
    // A link to itself.
    fs::remove_file(&gone).unwrap();
    symlink(&gone, &gone).unwrap();
    assert!(message(dir.path()).starts_with(&format!("cannot read {}: ", gone.display())));
}
