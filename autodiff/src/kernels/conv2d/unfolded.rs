//! Convolution by matrix products with the unfolded input, a block of output rows at a time.
//!
//! The kernels for every element type and processor. A pointwise convolution (1×1, stride 1, no padding)
//! is a product as it stands and copies nothing.

use std::ops::Range;

use super::geometry::Conv2dGeometry;
use super::unfold::{fold, unfold};
use crate::Float;
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, PIECES, SharedMut};

/// Elements of an unfolded block: it should stay in the second-level cache until its product has read it.
const BLOCK: usize = 1 << 17;

/// `0..len` in blocks of `size`.
fn blocks(len: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..len).step_by(size.max(1)).map(move |start| start..(start + size).min(len))
}

/// Output rows to unfold at once for `channels` channels.
fn block_rows(g: &Conv2dGeometry, channels: usize) -> usize {
    let [p_len, q_len] = g.output;
    let line = channels * g.taps() * q_len;
    if g.is_pointwise() { p_len } else { (BLOCK / line.max(1)).clamp(1, p_len) }
}

/// y ← w ⋆ x (+ bias).
pub(super) fn forward<T: Float>(g: &Conv2dGeometry, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let [p_len, q_len] = g.output;
    let (plane, source) = (p_len * q_len, g.height * g.width);
    let (channels, outputs, depth) = (g.in_group(), g.out_group(), g.in_group() * g.taps());
    let height = block_rows(g, channels);
    let cuts = p_len.div_ceil(height);
    let planes = SharedMut::new(y);
    tasks::run(g.batch * g.groups * cuts, g.operations(), |task| {
        let (cut, image_group) = (task % cuts, task / cuts);
        let group = image_group % g.groups;
        let rows = cut * height..((cut + 1) * height).min(p_len);
        let pixels = rows.len() * q_len;
        let start = image_group * outputs * plane + rows.start * q_len;
        for k in 0..outputs {
            // SAFETY: a task has the rows `rows` of the output planes of its image and group to itself.
            let y = unsafe { planes.part(start + k * plane, pixels) };
            y.fill(bias.map_or(T::zero(), |bias| bias[group * outputs + k]));
        }
        let x = &x[image_group * channels * source..][..channels * source];
        let w = &w[group * outputs * depth..][..outputs * depth];
        if depth == 0 || outputs == 0 {
            return;
        }
        let product = |columns: *const T, stride: usize| {
            // SAFETY: w is outputs×depth, columns is depth×pixels with rows `stride` apart (unfolded, or x
            // itself with its planes for rows), and y has `outputs` rows a plane apart.
            unsafe {
                T::product(
                    outputs,
                    depth,
                    pixels,
                    w.as_ptr(),
                    (depth as isize, 1),
                    columns,
                    (stride as isize, 1),
                    planes.pointer().add(start),
                    (plane as isize, 1),
                    true,
                    false,
                );
            }
        };
        if g.is_pointwise() {
            product(x[rows.start * q_len..].as_ptr(), plane);
        } else {
            let mut columns = Scratch::new(depth * pixels);
            unfold(g, x, rows, &mut columns);
            product(columns.as_ptr(), pixels);
        }
    });
}

/// dx ← the gradient of x (+ bias).
pub(super) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) {
    let [p_len, q_len] = g.output;
    let (plane, source, taps) = (p_len * q_len, g.height * g.width, g.taps());
    let (channels, outputs, depth) = (g.in_group(), g.out_group(), g.in_group() * g.taps());
    // Few images: some channels of one to a piece.
    let pieces = PIECES.div_ceil((g.batch * g.groups).max(1)).min(channels);
    let share = channels.div_ceil(pieces.max(1)).max(1);
    let cuts = channels.div_ceil(share);
    let height = block_rows(g, share);
    let planes = SharedMut::new(dx);
    tasks::run(g.batch * g.groups * cuts, g.operations(), |task| {
        let (cut, image_group) = (task % cuts, task / cuts);
        let group = image_group % g.groups;
        let own = cut * share..((cut + 1) * share).min(channels);
        // SAFETY: each task has the planes of its own channels of one image.
        let dx = unsafe { planes.part((image_group * channels + own.start) * source, own.len() * source) };
        match bias {
            Some(bias) if source > 0 => {
                let bias = &bias[group * channels..][own.clone()];
                dx.chunks_exact_mut(source).zip(bias).for_each(|(dx, &bias)| dx.fill(bias));
            }
            _ => dx.fill(T::zero()),
        }
        if outputs == 0 {
            return;
        }
        let dy = &dy[image_group * outputs * plane..][..outputs * plane];
        let w = &w[group * outputs * depth..][..outputs * depth];
        let lines = own.len() * taps;
        let product = |columns: &mut [T], pixels: Range<usize>, accumulate: bool| {
            // SAFETY: wᵀ of the own channels is lines×outputs (a column of w to a row), dy from the first
            // pixel is outputs×pixels with rows a plane apart, and columns has lines×pixels elements.
            unsafe {
                T::product(
                    lines,
                    outputs,
                    pixels.len(),
                    w[own.start * taps..].as_ptr(),
                    (1, depth as isize),
                    dy[pixels.start..].as_ptr(),
                    (plane as isize, 1),
                    columns.as_mut_ptr(),
                    (pixels.len() as isize, 1),
                    accumulate,
                    false,
                );
            }
        };
        if g.is_pointwise() {
            product(dx, 0..plane, bias.is_some());
            return;
        }
        let mut columns = Scratch::new(lines * height * q_len);
        for rows in blocks(p_len, height) {
            let columns = &mut columns[..lines * rows.len() * q_len];
            product(columns, rows.start * q_len..rows.end * q_len, false);
            fold(g, columns, rows, dx);
        }
    });
}

/// dw ← the gradient of w, summed over fixed runs of images and then over the runs in their order.
pub(super) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let [p_len, q_len] = g.output;
    let (plane, source, taps) = (p_len * q_len, g.height * g.width, g.taps());
    let (channels, outputs, depth) = (g.in_group(), g.out_group(), g.in_group() * g.taps());
    dw.fill(T::zero());
    if dw.is_empty() || g.batch == 0 {
        return;
    }
    let images = g.batch.div_ceil(PIECES);
    let runs = g.batch.div_ceil(images);
    let share = channels.div_ceil(PIECES.div_ceil(runs * g.groups).min(channels));
    let cuts = channels.div_ceil(share);
    let height = block_rows(g, share);
    let mut partial = Scratch::new(if runs > 1 { runs * dw.len() } else { 0 });
    let len = dw.len();
    let sums = SharedMut::new(if runs > 1 { &mut partial } else { &mut *dw });
    tasks::run(runs * g.groups * cuts, g.operations(), |task| {
        let (cut, group, run) = (task % cuts, task / cuts % g.groups, task / cuts / g.groups);
        let own = cut * share..((cut + 1) * share).min(channels);
        let lines = own.len() * taps;
        let mut columns = Scratch::new(if g.is_pointwise() { 0 } else { lines * height * q_len });
        let start = run * len + group * outputs * depth + own.start * taps;
        let mut accumulate = false;
        for n in run * images..((run + 1) * images).min(g.batch) {
            let x = &x[(n * g.in_channels + group * channels + own.start) * source..][..own.len() * source];
            let dy = &dy[(n * g.groups + group) * outputs * plane..][..outputs * plane];
            for rows in blocks(p_len, height) {
                let pixels = rows.len() * q_len;
                let first = rows.start * q_len;
                let (columns, stride) = if g.is_pointwise() {
                    (&x[first..], plane)
                } else {
                    unfold(g, x, rows, &mut columns[..lines * pixels]);
                    (&columns[..], pixels)
                };
                // SAFETY: dy from the first pixel is outputs×pixels with rows a plane apart, the transposed
                // columns are pixels×lines, and the task has columns own of its group and run to itself.
                unsafe {
                    T::product(
                        outputs,
                        pixels,
                        lines,
                        dy[first..].as_ptr(),
                        (plane as isize, 1),
                        columns.as_ptr(),
                        (1, stride as isize),
                        sums.pointer().add(start),
                        (depth as isize, 1),
                        accumulate,
                        false,
                    );
                }
                accumulate = true;
            }
        }
    });
    if runs > 1 {
        add_in_order(&partial, dw);
    }
}

/// sums ← the sum of the parts of `partial`, in their order; each is as long as `sums`.
pub(super) fn add_in_order<T: Float>(partial: &[T], sums: &mut [T]) {
    let mut parts = partial.chunks_exact(sums.len());
    if let Some(first) = parts.next() {
        sums.copy_from_slice(first);
    }
    for part in parts {
        for (sum, &x) in sums.iter_mut().zip(part) {
            *sum += x;
        }
    }
}
