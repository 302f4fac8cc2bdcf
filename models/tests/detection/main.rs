//! Detection: boxes and their overlaps, suppression, anchors, networks.

mod anchor_head;
mod anchors;
mod callers;
mod encoding;
mod formats;
mod localization;
mod nms;
mod oracle;
mod overlap;
mod scenes;
mod sliding;
mod soft_nms;
mod strategies;
mod tiny_yolo;
mod torchvision;
mod yolo;
mod yolo_v1;
