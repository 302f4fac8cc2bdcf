//! Pictures with several objects: boxes, labelled objects and detections.
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
mod object;
pub mod scenes;

pub use batch::DetectionBatch;
pub use bounding_box::BoundingBox;
pub use object::{Detection, Object};
pub use scenes::{Polarity, Scene, SceneBatches, SceneConfig, Scenes};
