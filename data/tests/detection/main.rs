//! Pictures with objects: made ones, and those that label files describe.

mod coco_labels;
mod dataset;
mod hostile;
mod round_trips;
mod scenes;
mod voc_labels;
mod yolo_labels;
