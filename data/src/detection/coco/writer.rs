//! Files as COCO has them.

use super::{
    super::{
        BoundingBox, Detection, DetectionDataset, PictureSource,
        checks::{self, Located, wrong},
    },
    Labels,
};
use crate::{Error, LabelProblem};
use serde_json::{Value, json};
use std::{ffi::OsStr, path::Path};

/// The text of a file of labels: what [`parse`](super::parse) reads.
///
/// The file names pictures by their paths below `folder`, so that [`DetectionDataset::in_folder`] with it finds them
/// again; `""` leaves relative paths as they are. A picture in memory is named by its number. Pictures, objects and
/// classes are numbered from 1, in their order. Whether an object is difficult is not a field of COCO's, and is lost.
///
/// ```
/// use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object, coco};
///
/// let dog = Object::new(BoundingBox::new(1.0, 2.0, 3.0, 4.0), 0);
/// let dataset = DetectionDataset::new(vec![AnnotatedPicture::in_file("a.png", 8, 8, vec![dog.clone()])], ["dog"])?;
/// let read = coco::parse(coco::encode(&dataset, "")?.as_bytes())?;
/// assert_eq!(read.dataset().pictures()[0].objects[0].bounding_box, dog.bounding_box);
/// # Ok::<(), wengert::data::Error>(())
/// ```
///
/// # Errors
/// When the file of a picture is not below the folder, or its name is not UTF-8.
pub fn encode(dataset: &DetectionDataset, folder: impl AsRef<Path>) -> Result<String, Error> {
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (i, picture) in dataset.pictures().iter().enumerate() {
        let file_name = match &picture.source {
            PictureSource::File(path) => file_name(path, folder.as_ref())
                .map_err(|problem| Located::at(format!("picture {i}"), problem).in_file("data set"))?,
            PictureSource::Memory(_) => format!("{}.png", i + 1),
        };
        images.push(json!({
            "id": i + 1, "file_name": file_name, "width": picture.width, "height": picture.height,
        }));
        for object in &picture.objects {
            annotations.push(json!({
                "id": annotations.len() + 1,
                "image_id": i + 1,
                "category_id": object.class + 1,
                "bbox": corner(&object.bounding_box),
                "area": object.area(),
                "iscrowd": u8::from(object.crowd),
            }));
        }
    }
    let categories: Vec<Value> = dataset
        .class_names()
        .iter()
        .enumerate()
        .map(|(i, name)| json!({"id": i + 1, "name": name}))
        .collect();
    Ok(json!({"images": images, "annotations": annotations, "categories": categories}).to_string())
}

/// The name of a picture in the file, with the strokes of any system.
fn file_name(path: &Path, folder: &Path) -> Result<String, LabelProblem> {
    let below = path.strip_prefix(folder).ok();
    let parts = below.and_then(|path| path.iter().map(OsStr::to_str).collect::<Option<Vec<_>>>());
    let name = parts.map(|parts| parts.join("/")).filter(|name| checks::file_name("file", name).is_ok());
    name.ok_or_else(|| {
        let expected = format!("a path in UTF-8 below the folder `{}`", folder.display());
        wrong("file", expected, format!("`{}`", path.display()))
    })
}

impl Labels {
    /// The text of a file of results, as COCO's evaluation takes it: what was found in each of the pictures.
    ///
    /// # Panics
    /// When there are not as many lists as pictures, a class is none of the data set's, or a score or an edge of a box is
    /// not finite, which no JSON has.
    #[track_caller]
    pub fn encode_detections(&self, detections: &[Vec<Detection>]) -> String {
        let (found, expected) = (detections.len(), self.image_ids.len());
        assert!(found == expected, "encode_detections: {found} lists of detections for {expected} pictures");
        let mut results = Vec::new();
        for (image, detections) in self.image_ids.iter().zip(detections) {
            for detection in detections {
                let (class, classes) = (detection.class, self.category_ids.len());
                let Some(category) = self.category_ids.get(class) else {
                    panic!("encode_detections: there is no class {class} among {classes}");
                };
                let BoundingBox { x1, y1, x2, y2 } = detection.bounding_box;
                assert!(
                    [detection.score, x1, y1, x2, y2].iter().all(|number| number.is_finite()),
                    "encode_detections: {detection:?} is not finite"
                );
                results.push(json!({
                    "image_id": image,
                    "category_id": category,
                    "bbox": corner(&detection.bounding_box),
                    "score": detection.score,
                }));
            }
        }
        Value::Array(results).to_string()
    }
}

/// Left, top, width, height.
fn corner(b: &BoundingBox) -> [f64; 4] {
    [b.x1, b.y1, b.width(), b.height()]
}
