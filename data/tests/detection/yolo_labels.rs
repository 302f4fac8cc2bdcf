//! YOLO's labels: a file, and a folder of them beside their pictures.

use std::fs;
use wengert::data::detection::{BoundingBox, yolo};
use wengert::data::picture;
use wengert::prelude::*;

#[test]
fn lines_become_objects() {
    let text = "\u{feff}1 0.5 0.5 1 1\r\n\r\n  0\t0.25 0.75 0.5 5e-1  \r\n";
    let objects = yolo::parse(text.as_bytes(), 2, (200, 100)).unwrap();
    let found: Vec<_> = objects.iter().map(|object| (object.class, object.bounding_box)).collect();
    let expected =
        [(1, BoundingBox::new(0.0, 0.0, 200.0, 100.0)), (0, BoundingBox::new(0.0, 50.0, 100.0, 100.0))];
    assert_eq!(found, expected);
    assert!(yolo::parse(b"", 2, (200, 100)).unwrap().is_empty());
    // A third of a pixel too far to the left, as rounded files have it.
    let cut = yolo::parse(b"0 0.1 0.5 0.2033 0.5", 1, (200, 100)).unwrap();
    assert_eq!(cut[0].bounding_box.x1, 0.0);
}

#[test]
fn a_folder_of_pictures_finds_its_labels() {
    let folder = tempfile::tempdir().unwrap();
    let (pictures, labels) = (folder.path().join("images"), folder.path().join("labels"));
    fs::create_dir_all(&pictures).unwrap();
    fs::create_dir_all(&labels).unwrap();
    for (name, height, width) in [("b.1.png", 10, 20), ("a.PNG", 4, 4), ("c.png", 6, 8)] {
        picture::write(pictures.join(name), &Tensor::zeros([3, height, width])).unwrap();
    }
    fs::write(pictures.join("readme.md"), "no picture").unwrap();
    fs::write(labels.join("b.1.txt"), "1 0.5 0.5 0.5 0.5\n").unwrap();
    fs::write(labels.join("c.txt"), "").unwrap();
    fs::write(folder.path().join("classes.txt"), "cat\r\ndog\r\n\r\n").unwrap();
    let names = yolo::read_names(folder.path().join("classes.txt")).unwrap();
    assert_eq!(names, ["cat", "dog"]);
    let read = || yolo::read_folder(&pictures, &labels, &names);
    let dataset = read().unwrap();
    let counts: Vec<_> = dataset.pictures().iter().map(|p| (p.width, p.height, p.objects.len())).collect();
    assert_eq!(counts, [(4, 4, 0), (20, 10, 1), (8, 6, 0)]);
    assert_eq!(dataset.pictures()[1].objects[0].bounding_box, BoundingBox::new(5.0, 2.5, 15.0, 7.5));

    fs::write(labels.join("lost.txt"), "").unwrap();
    let error = read().unwrap_err().to_string();
    assert!(error.contains("lost.txt: there is no picture `lost` of this label in "), "{error}");
    fs::remove_file(labels.join("lost.txt")).unwrap();
    fs::write(labels.join("c.txt"), "0 0.5 0.5 0.5 0.5\n2 0.5 0.5 0.5 0.5").unwrap();
    let error = read().unwrap_err().to_string();
    assert!(error.ends_with("c.txt, line 2: class: expected an index below 2, found `2`"), "{error}");
    fs::write(labels.join("c.txt"), "").unwrap();
    fs::write(pictures.join("d.jpg"), "not a picture").unwrap();
    let error = read().unwrap_err().to_string();
    assert!(error.contains("d.jpg: neither PNG nor JPEG"), "{error}");
    fs::remove_file(pictures.join("d.jpg")).unwrap();
    picture::write(pictures.join("c.jpg"), &Tensor::zeros([3, 6, 8])).unwrap();
    let error = read().unwrap_err().to_string();
    assert!(error.contains("c.png: the picture `c` is there twice, first in "), "{error}");
}

#[test]
fn endings_in_capitals_fit_and_hidden_files_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    picture::write(at("a.PNG"), &Tensor::zeros([3, 4, 4])).unwrap();
    fs::write(at("a.TXT"), "0 0.5 0.5 1 1").unwrap();
    // What a file system of another maker leaves beside each file.
    fs::write(at("._a.png"), "no picture").unwrap();
    fs::write(at("._a.txt"), "no label").unwrap();
    let read = || yolo::read_folder(folder.path(), folder.path(), ["cat"]);
    assert_eq!(read().unwrap().counts(), [1]);
    fs::write(at("a.txt"), "").unwrap();
    let error = read().unwrap_err().to_string();
    assert!(
        error.contains("a.txt: the label `a` is there twice, first in ") && error.ends_with("a.TXT"),
        "{error}"
    );
}

#[test]
fn a_picture_without_an_end_is_an_error_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless.jpg");
    fs::write(&path, b"\xff\xd8\xff\xe0").unwrap();
    // It has no blocks on the disk.
    fs::File::options().append(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let error = yolo::read_folder(folder.path(), folder.path(), ["cat"]).unwrap_err().to_string();
    assert!(error.ends_with("endless.jpg: longer than the 536870912 bytes this reader accepts"), "{error}");
}

#[test]
fn names_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classes.txt");
    for (text, expected) in [
        (&b""[..], "there is no name of a class"),
        (b"\n\n", "there is no name of a class"),
        (b"a\n\nb", "line 2: name: expected the name of a class, found an empty line"),
        (b"a\nb\na", "line 3: the class `a` is there twice, first in line 1"),
        (b"a\n\xff", "expected UTF-8, found 0xff at byte 2"),
    ] {
        fs::write(&path, text).unwrap();
        let error = yolo::read_names(&path).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}
