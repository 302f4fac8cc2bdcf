//! Detection: boxes and their overlaps, suppression, anchors, networks.

mod anchors;
mod formats;
mod nms;
mod overlap;
mod soft_nms;
mod strategies;
mod torchvision;
