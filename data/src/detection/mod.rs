//! Pictures with several objects: boxes, labelled objects and detections.
//!
//! * [`BoundingBox`], [`Object`], what stands in a picture, and [`Detection`], what was found there.
//! * [`DetectionDataset`]: pictures with objects, read from the labels of Pascal VOC ([`voc`]), COCO ([`coco`]) and YOLO
//!   ([`yolo`]), which also write them.
//! * [`Scenes`]: digits at random places, sizes and overlaps on textured backgrounds, as many as one likes.
//!
//! ```
//! use wengert::data::detection::BoundingBox;
//!
//! let (a, b) = (BoundingBox::new(0.0, 0.0, 2.0, 2.0), BoundingBox::from_center(2.0, 1.0, 2.0, 2.0));
//! assert_eq!(a.intersection(&b), 2.0);
//! assert_eq!(a.iou(&b), 2.0 / 6.0);
//! ```

mod batch;
mod bounding_box;
mod checks;
pub mod coco;
mod dataset;
mod letterboxed;
mod object;
mod scenes;
pub mod voc;
pub mod yolo;

pub use batch::DetectionBatch;
pub use bounding_box::BoundingBox;
pub use dataset::{AnnotatedPicture, DetectionDataset, PictureSource};
pub use object::{Detection, Object};
pub use scenes::{Polarity, Scene, SceneBatches, SceneConfig, Scenes};
