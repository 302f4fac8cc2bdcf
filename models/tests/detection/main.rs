//! Detection: boxes and their overlaps, suppression, anchors, networks.

mod anchor_head;
mod formats;
mod nms;
mod overlap;
mod scenes;
mod strategies;
mod tiny_yolo;
mod yolo;
