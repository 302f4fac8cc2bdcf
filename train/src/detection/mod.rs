//! Metrics of detectors: precision and recall, average precision as Pascal VOC and COCO have it.
//!
//! A [`DetectionEvaluator`] collects the objects and detections of pictures, in any order; from it come the
//! [`VocEvaluation`] at one threshold of IoU and the [`CocoEvaluation`] over ten of them.
//!
//! ```
//! use wengert::data::detection::{BoundingBox, Detection, Object};
//! use wengert::train::detection::{DetectionEvaluator, VocOptions};
//!
//! let square = |x| BoundingBox::from_corner(x, 0.0, 10.0, 10.0);
//! let mut evaluator = DetectionEvaluator::new(["cat", "dog"]);
//! let truth = [Object::new(square(0.0), 0), Object::new(square(50.0), 1)];
//! let found = [
//!     Detection::new(square(1.0), 0, 0.9),
//!     Detection::new(square(80.0), 1, 0.8), // no dog there
//!     Detection::new(square(52.0), 1, 0.7),
//! ];
//! evaluator.add(0, &truth, &found);
//!
//! assert_eq!(evaluator.mean_average_precision(0.5), Some(0.75));
//! assert_eq!(
//!     evaluator.voc(&VocOptions::new()).to_string(),
//!     "\
//! class  objects  detections  recall      AP
//!   cat        1           1  1.0000  1.0000
//!   dog        1           2  1.0000  0.5000
//!  mean        2           3  1.0000  0.7500
//! "
//! );
//! ```

mod coco;
mod coco_matching;
mod coco_summary;
mod curve;
mod evaluator;
mod voc;

pub use coco::{CocoEvaluation, CocoOptions};
pub use coco_summary::CocoSummary;
pub use curve::{ApMethod, PrecisionRecall};
pub use evaluator::DetectionEvaluator;
pub use voc::{VocClass, VocEvaluation, VocOptions};
