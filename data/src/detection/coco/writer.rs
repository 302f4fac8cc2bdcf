//! Files as COCO has them.

use super::{
    super::{BoundingBox, Detection, DetectionDataset, PictureSource},
    Labels,
};
use serde_json::{Value, json};

/// The text of a file of labels: what [`parse`](super::parse) reads.
///
/// Pictures, objects and classes are numbered from 1, in their order; a picture in memory is named by its number. Whether
/// an object is difficult is not a field of COCO's, and is lost.
///
/// ```
/// use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object, coco};
///
/// let dog = Object::new(BoundingBox::new(1.0, 2.0, 3.0, 4.0), 0);
/// let dataset = DetectionDataset::new(vec![AnnotatedPicture::in_file("a.png", 8, 8, vec![dog.clone()])], ["dog"])?;
/// let read = coco::parse(coco::encode(&dataset).as_bytes())?;
/// assert_eq!(read.dataset().pictures()[0].objects[0].bounding_box, dog.bounding_box);
/// # Ok::<(), wengert::data::Error>(())
/// ```
pub fn encode(dataset: &DetectionDataset) -> String {
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (i, picture) in dataset.pictures().iter().enumerate() {
        let file_name = match &picture.source {
            PictureSource::File(path) => path.display().to_string(),
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
    json!({"images": images, "annotations": annotations, "categories": categories}).to_string()
}

impl Labels {
    /// The text of a file of results, as COCO's evaluation takes it: what was found in each of the pictures.
    ///
    /// # Panics
    /// When there are not as many lists as pictures, or a class is none of the data set's.
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
