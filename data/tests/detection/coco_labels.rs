//! COCO's labels.

use serde_json::{Value, json};
use std::path::Path;
use wengert::data::detection::{AnnotatedPicture, BoundingBox, Detection, DetectionDataset, coco};

/// Two pictures, ids that are no indices, lists in an unusual order, and fields that are passed over.
pub(crate) fn file() -> Value {
    json!({
        "info": {"year": 2017, "deep": [[[[{}]]]]},
        "annotations": [
            {"id": 900, "image_id": 139, "category_id": 72, "bbox": [10.5, 20, 30, 40.25], "area": 531.8, "iscrowd": 0,
             "segmentation": [[1.0, 2.0, 3.5, 4.5]]},
            {"id": 5, "image_id": 7, "category_id": 1, "bbox": [0, 0, 64, 48], "area": 100, "iscrowd": 1,
             "segmentation": {"counts": [1, 2, 3], "size": [48, 64]}},
            {"id": 6, "image_id": 139, "category_id": 1, "bbox": [1, 2, 3, 4]},
        ],
        "categories": [{"id": 72, "name": "tv", "supercategory": "electronic"}, {"id": 1, "name": "person"}],
        "images": [
            {"id": 139, "file_name": "val2017/000000000139.jpg", "width": 640, "height": 426, "license": 2},
            {"id": 7, "file_name": "b.png", "width": 64, "height": 48},
        ],
    })
}

#[test]
fn pictures_objects_and_classes_find_each_other() {
    let labels = coco::parse(file().to_string().as_bytes()).unwrap();
    assert_eq!(labels.image_ids(), [139, 7]);
    assert_eq!(labels.category_ids(), [1, 72]);
    let dataset = labels.dataset();
    assert_eq!(dataset.class_names(), ["person", "tv"]);
    assert_eq!(dataset.counts(), [2, 1]);
    let [first, second] = dataset.pictures() else { panic!("{dataset:?}") };
    assert_eq!(first.path().unwrap().to_str(), Some("val2017/000000000139.jpg"));
    assert_eq!((first.width, first.height), (640, 426));
    let [tv, person] = &first.objects[..] else { panic!("{first:?}") };
    assert_eq!(tv.bounding_box, BoundingBox::new(10.5, 20.0, 40.5, 60.25));
    assert_eq!((tv.class, tv.outline_area, tv.crowd), (1, Some(531.8), false));
    assert_eq!((person.class, person.area()), (0, 12.0));
    assert!(second.objects[0].crowd);
    let moved = labels.into_dataset().in_folder("pictures");
    assert_eq!(moved.pictures()[1].path(), Some(Path::new("pictures/b.png")));
}

#[test]
fn marks_gzip_and_line_ends_change_nothing() {
    let text = serde_json::to_string_pretty(&file()).unwrap().replace('\n', "\r\n");
    let read = |bytes: &[u8]| coco::encode(coco::parse(bytes).unwrap().dataset(), "").unwrap();
    let plain = read(file().to_string().as_bytes());
    assert_eq!(read(text.as_bytes()), plain);
    assert_eq!(read(format!("\u{feff}{text}").as_bytes()), plain);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("instances.json.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    std::fs::write(&path, packed.finish().unwrap()).unwrap();
    assert_eq!(coco::encode(coco::read(&path).unwrap().dataset(), "").unwrap(), plain);
}

#[test]
fn results_are_written_with_the_ids_of_the_file() {
    let labels = coco::parse(file().to_string().as_bytes()).unwrap();
    let found = Detection::new(BoundingBox::new(1.0, 2.0, 4.0, 6.0), 1, 0.75);
    let results: Value = serde_json::from_str(&labels.encode_detections(&[vec![], vec![found]])).unwrap();
    let expected = json!([{"image_id": 7, "category_id": 72, "bbox": [1.0, 2.0, 3.0, 4.0], "score": 0.75}]);
    assert_eq!(results, expected);
}

#[test]
#[should_panic(expected = "encode_detections: 1 lists of detections for 2 pictures")]
fn results_for_other_pictures_panic() {
    coco::parse(file().to_string().as_bytes()).unwrap().encode_detections(&[vec![]]);
}

#[test]
fn empty_boxes_are_left_out_on_request_only() {
    let mut file = file();
    file["annotations"][1]["bbox"] = json!([3, 4, 5, 0]);
    let text = file.to_string();
    let error = coco::parse(text.as_bytes()).unwrap_err().to_string();
    let expected =
        "bytes, annotations[1]: bbox: expected a box with a width and a height above 0, found x from 3 to 8";
    assert!(error.starts_with(expected), "{error}");
    let labels = coco::Reader::new().skip_empty_boxes(true).parse(text.as_bytes()).unwrap();
    assert_eq!(labels.dataset().counts(), [1, 1]);
}

#[test]
fn files_are_named_by_their_paths_below_the_folder() {
    let at = |path: &str| {
        let picture = AnnotatedPicture::in_file(path, 8, 8, vec![]);
        DetectionDataset::new(vec![picture], ["a"]).unwrap()
    };
    let root = std::env::temp_dir();
    let absolute = at("train/a.png").in_folder(&root);
    let read = coco::parse(coco::encode(&absolute, &root).unwrap().as_bytes()).unwrap().into_dataset();
    assert_eq!(read.pictures()[0].path(), Some(Path::new("train/a.png")));
    assert_eq!(read.in_folder(&root).pictures()[0].path(), absolute.pictures()[0].path());
    // Names that the reader would refuse are not written.
    for (dataset, folder) in
        [(&absolute, ""), (&at("../a.png"), ""), (&at("train/a.png"), "val"), (&at("a"), "a")]
    {
        let error = coco::encode(dataset, folder).unwrap_err().to_string();
        let expected = format!(
            "data set, picture 0: file: expected a path in UTF-8 below the folder `{folder}`, found `"
        );
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
#[should_panic(expected = "encode_detections: Detection {")]
fn results_that_json_cannot_hold_panic() {
    let found = Detection::new(BoundingBox::new(1.0, 2.0, 4.0, 6.0), 1, f64::NAN);
    coco::parse(file().to_string().as_bytes()).unwrap().encode_detections(&[vec![], vec![found]]);
}
