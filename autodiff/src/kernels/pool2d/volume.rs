//! Maxima of windows of volumes.

use super::geometry::Windows2d;
use super::max::{NOWHERE, max, planes_per_task};
use crate::Float;
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// y `[volumes, E, P, Q]` ← the greatest element of each window of x `[volumes, D, H, W]`; indices ← its place
/// (d·H + h)·W + w in the volume.
///
/// `slices` are the windows of the D slices of each volume, `depth` those of the planes of D rows and P·Q
/// columns that they give. The second pass goes through maxima in the order of the slices, so the first of
/// equal elements and the last NaN win here as they do in one pass over all three axes.
#[track_caller]
pub(crate) fn max_of_volumes<T: Float>(
    slices: &Windows2d,
    depth: &Windows2d,
    x: &[T],
    y: &mut [T],
    indices: &mut [i64],
) {
    let len = slices.planes() * slices.output_plane();
    let (mut values, mut places) = (Scratch::new(len), vec![0; len]);
    max(slices, x, &mut values, &mut places);
    max(depth, &values, y, indices);

    let (area, column) = (slices.input_plane() as i64, slices.output_plane());
    let (volumes, source, result) = (depth.planes(), depth.input_plane(), depth.output_plane());
    let per_task = planes_per_task(result);
    let shared = SharedMut::new(indices);
    tasks::run(volumes.div_ceil(per_task), 8 * volumes * result, |task| {
        for i in task * per_task..((task + 1) * per_task).min(volumes) {
            let places = &places[i * source..][..source];
            // SAFETY: each task has volumes of its own.
            for index in unsafe { shared.part(i * result, result) } {
                if *index != NOWHERE {
                    let (slice, place) = (*index as usize / column, places[*index as usize]);
                    *index = if place == NOWHERE { NOWHERE } else { slice as i64 * area + place };
                }
            }
        }
    });
}
