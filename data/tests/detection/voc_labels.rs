//! Pascal VOC's labels, one by one and as a folder.

use std::fs;
use std::path::Path;
use wengert::data::detection::{BoundingBox, voc};

/// As VOC 2007 has them, with elements that are passed over.
pub(crate) const FILE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<annotation>
	<folder>VOC2007</folder>
	<filename>000019.jpg</filename>
	<source><database>The VOC2007 Database</database><image>flickr</image></source>
	<size>
		<width>500</width>
		<height>375</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
	<object>
		<name>person</name>
		<pose>Unspecified</pose>
		<truncated>1</truncated>
		<difficult>1</difficult>
		<bndbox>
			<xmin>1</xmin>
			<ymin>8</ymin>
			<xmax>500</xmax>
			<ymax>247.5</ymax>
		</bndbox>
		<part>
			<name>head</name>
			<bndbox><xmin>10</xmin><ymin>10</ymin><xmax>20</xmax><ymax>20</ymax></bndbox>
		</part>
	</object>
	<object>
		<bndbox><ymax>3</ymax><xmax> 4 </xmax><ymin>2</ymin><xmin>4</xmin></bndbox>
		<name>cat &amp; <![CDATA[dog]]></name>
		<occluded>1</occluded>
	</object>
</annotation>
"#;

#[test]
fn a_label_is_read_with_all_that_it_says() {
    let annotation = voc::parse(FILE.as_bytes()).unwrap();
    assert_eq!(annotation.file_name, "000019.jpg");
    assert_eq!((annotation.width, annotation.height), (500, 375));
    let [person, pet] = &annotation.objects[..] else { panic!("{annotation:?}") };
    // The first pixel is number 1 in the file and begins at 0 here; the last one ends where the picture does.
    assert_eq!(person.bounding_box, BoundingBox::new(0.0, 7.0, 500.0, 247.5));
    assert_eq!(
        (person.name.as_str(), person.difficult, person.truncated, person.occluded),
        ("person", true, true, false)
    );
    // An object of one column and two rows.
    assert_eq!(pet.bounding_box, BoundingBox::new(3.0, 1.0, 4.0, 3.0));
    assert_eq!(
        (pet.name.as_str(), pet.difficult, pet.truncated, pet.occluded),
        ("cat & dog", false, false, true)
    );
}

#[test]
fn editors_marks_and_line_ends_change_nothing() {
    let plain = voc::parse(FILE.as_bytes()).unwrap();
    let marked = format!("\u{feff}{}", FILE.replace('\n', "\r\n"));
    assert_eq!(voc::parse(marked.as_bytes()).unwrap(), plain);
}

#[test]
fn a_pixel_over_the_edge_is_cut() {
    // Files that count from 0 have xmin 0.
    let file = FILE.replace("<xmin>1<", "<xmin>0<").replace("<xmax>500<", "<xmax>501<");
    let annotation = voc::parse(file.as_bytes()).unwrap();
    assert_eq!(annotation.objects[0].bounding_box, BoundingBox::new(0.0, 7.0, 500.0, 247.5));
}

fn label(root: &Path, name: &str, picture: &str, class: &str) {
    let file = FILE.replace("000019.jpg", picture).replace("<name>person<", &format!("<name>{class}<"));
    fs::write(root.join("Annotations").join(name), file).unwrap();
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("Annotations")).unwrap();
    fs::create_dir_all(folder.path().join("ImageSets/Main")).unwrap();
    label(folder.path(), "b.xml", "b.jpg", "dog");
    label(folder.path(), "a.xml", "a.jpg", "zebra");
    fs::write(folder.path().join("Annotations/notes.txt"), "not a label").unwrap();
    fs::write(folder.path().join("ImageSets/Main/val.txt"), "b  1\r\n\r\na -1\r\n").unwrap();
    folder
}

#[test]
fn a_folder_is_read_in_order_with_its_own_classes_or_given_ones() {
    let folder = folder();
    let all = voc::Folder::new(folder.path()).read().unwrap();
    assert_eq!(all.class_names(), ["cat & dog", "dog", "zebra"]);
    let files: Vec<_> = all.pictures().iter().map(|picture| picture.path().unwrap().to_owned()).collect();
    assert_eq!(files, ["a.jpg", "b.jpg"].map(|name| folder.path().join("JPEGImages").join(name)));
    assert_eq!(all.pictures()[0].objects[0].class, 2);
    assert!(all.pictures()[0].objects[0].difficult && !all.pictures()[0].objects[1].difficult);

    let given =
        voc::Folder::new(folder.path()).split("val").classes(["zebra", "dog", "cat & dog"]).read().unwrap();
    assert_eq!(given.pictures()[0].path(), Some(files[1].as_path()));
    assert_eq!(given.pictures()[0].objects[0].class, 1);
    assert_eq!(given.counts(), [1, 1, 2]);
}

#[test]
fn what_is_wrong_with_a_folder_is_said_with_the_file() {
    let folder = folder();
    let read = || voc::Folder::new(folder.path());
    let error = |folder: voc::Folder| folder.read().unwrap_err().to_string();
    let text = error(read().classes(["zebra", "dog"]));
    assert!(
        text.ends_with("a.xml, object 1: name: expected one of 2 classes (zebra, …), found `cat & dog`"),
        "{text}"
    );
    let text = error(read().classes(["dog", "dog"]));
    assert_eq!(text, "classes: the class `dog` is there twice");
    let text = error(read().split("train"));
    assert!(text.starts_with("cannot read ") && text.contains("train.txt"), "{text}");
    fs::write(folder.path().join("ImageSets/Main/bad.txt"), "a\n../../a\n").unwrap();
    let text = error(read().split("bad"));
    assert!(text.contains("bad.txt, line 2: name: expected the name of a file below the folder"), "{text}");
    label(folder.path(), "c.xml", "a.jpg", "dog");
    let text = error(read());
    assert!(
        text.contains("c.xml: the picture `a.jpg` is there twice, first in ") && text.ends_with("a.xml"),
        "{text}"
    );
    let text = voc::Folder::new(folder.path().join("nowhere")).read().unwrap_err().to_string();
    assert!(text.starts_with("cannot read "), "{text}");
}
