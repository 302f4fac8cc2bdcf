//! Detection: label encoding, boxes, and the detectors.

mod anchor_head;
mod scenes;
mod tiny_yolo;
