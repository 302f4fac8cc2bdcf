//! Detection: boxes and their overlaps, suppression, anchors, networks.

mod formats;
mod nms;
mod overlap;
mod strategies;
