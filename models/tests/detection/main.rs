//! Detection: boxes and their overlaps, suppression, anchors, networks.

mod anchor_head;
mod anchors;
mod formats;
mod nms;
mod overlap;
mod scenes;
mod soft_nms;
mod strategies;
mod tiny_yolo;
mod torchvision;
mod yolo;
