//! Pooling of planes: maxima with their places, averages, and their adjoints. Rows are planes of height 1;
//! volumes are pooled slice by slice and then along their depth.

mod average;
mod geometry;
mod lines;
mod max;
mod split;
#[cfg(test)]
mod tests;
mod volume;

pub(crate) use average::{average, average_gradient};
pub(crate) use geometry::{Pool2dGeometry, Windows2d, output_extent};
pub(crate) use max::{gather_planes, last_writers, max, scatter_planes};
pub(crate) use volume::max_of_volumes;
