//! Two-dimensional pooling of planes: maxima with their places, averages, and their adjoints.

mod average;
mod geometry;
mod max;
mod split;
#[cfg(test)]
mod tests;

pub(crate) use average::{average, average_gradient};
pub(crate) use geometry::{Pool2dGeometry, output_extent};
pub(crate) use max::{gather_planes, max, scatter_planes};
