//! All patches of pictures as columns, and back, plane by plane.

use super::conv2d::{Conv2dGeometry, fold as fold_rows, unfold as unfold_rows};
use super::parallel::{CHUNK, Shared, each, worthwhile};
use crate::Float;

/// Calls `f(plane)` for each plane of the geometry, where a plane's patches have `patches` elements.
fn for_each_plane(planes: usize, patches: usize, f: impl Fn(usize) + Sync) {
    if worthwhile(planes * patches) {
        each(planes, (CHUNK / patches.max(1)).max(1), &f);
    } else {
        (0..planes).for_each(f);
    }
}

/// columns `[planes, R·S, P·Q]` ← the patches of x `[planes, H, W]`.
pub(crate) fn unfold<T: Float>(g: &Conv2dGeometry, x: &[T], columns: &mut [T]) {
    let (plane, patches) = sizes(g);
    assert!(x.len() == g.in_channels * plane && columns.len() == g.in_channels * patches);
    let rows = g.output[0];
    let target = Shared::new(columns);
    for_each_plane(g.in_channels, patches, |i| {
        // SAFETY: each plane has its own columns.
        let columns = unsafe { target.slice(i * patches, patches) };
        unfold_rows(g, &x[i * plane..(i + 1) * plane], 0..rows, columns);
    });
}

/// dx `[planes, H, W]` ← the sums of the patches that hold each element.
pub(crate) fn fold<T: Float>(g: &Conv2dGeometry, columns: &[T], dx: &mut [T]) {
    let (plane, patches) = sizes(g);
    assert!(dx.len() == g.in_channels * plane && columns.len() == g.in_channels * patches);
    let rows = g.output[0];
    let target = Shared::new(dx);
    for_each_plane(g.in_channels, patches, |i| {
        // SAFETY: each plane is written by one task.
        let dx = unsafe { target.slice(i * plane, plane) };
        dx.fill(T::zero());
        fold_rows(g, &columns[i * patches..(i + 1) * patches], 0..rows, dx);
    });
}

/// The elements of one plane, and of its patches.
fn sizes(g: &Conv2dGeometry) -> (usize, usize) {
    let [p, q] = g.output;
    (g.height * g.width, g.taps() * p * q)
}
