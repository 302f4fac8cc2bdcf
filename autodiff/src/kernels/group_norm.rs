//! Normalization of groups of neighbouring elements: layer, group and root-mean-square normalization.
//!
//! An array [batch, groups, channels, positions] is read row by row, a row being the channels × positions
//! elements of one group of one image, which lie together. Weights and offsets belong to the groups × channels.
//! Layer normalization has one group, and a channel for each element.
//!
//! A row is read into the cache once and passed over there. Its sums are taken in double precision. The mean is
//! kept as the sum of two numbers of the element's precision, so that x − μ does not lose what a mean far from 0
//! would cost it: the first subtraction is exact where it matters, the second adds what the first left out.
//!
//! The gradients of the weights are sums over the batch: blocks of images are summed apart and then folded in a
//! fixed tree. Work is cut by size only, so the bits do not depend on the number of threads.

use super::fold::{Sum, columns};
use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::scratch::Scratch;
use super::simd::vectorized;
use crate::Float;

/// The sizes of the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// Channels of one group.
    pub(crate) channels: usize,
    pub(crate) positions: usize,
}

/// What is kept of each row: the mean in two parts, 0 where it is not subtracted, and 1/√(σ² + ε).
#[derive(Clone, Copy)]
pub(crate) struct Statistics<'a, T> {
    pub(crate) high: &'a [T],
    pub(crate) low: &'a [T],
    pub(crate) inverse: &'a [T],
}

/// Partial sums side by side.
const LANES: usize = 32;
/// Elements that are summed without a tree.
const BLOCK: usize = 1 << 12;
/// Rows whose products are summed without a tree.
const ROWS: usize = 32;

impl Groups {
    /// The number of rows.
    pub(crate) fn rows(self) -> usize {
        self.batch * self.groups
    }

    /// The elements of a row.
    fn row(self) -> usize {
        self.channels * self.positions
    }

    /// The elements of the array.
    fn len(self) -> usize {
        self.rows() * self.row()
    }

    /// The channels of row r among all.
    fn channels_of(self, r: usize) -> std::ops::Range<usize> {
        let first = r % self.groups * self.channels;
        first..first + self.channels
    }
}

/// Σ f(x, y) over two rows of one length, in double precision.
#[inline(always)]
fn sum<T: Float>(x: &[T], y: &[T], f: impl Fn(T, T) -> f64 + Copy) -> f64 {
    let mut total = 0.0;
    for (x, y) in x.chunks(BLOCK).zip(y.chunks(BLOCK)) {
        let mut lanes = [0.0; LANES];
        let ((x, rest_x), (y, rest_y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in x.iter().zip(y) {
            for l in 0..LANES {
                lanes[l] += f(x[l], y[l]);
            }
        }
        for (lane, (&x, &y)) in lanes.iter_mut().zip(rest_x.iter().zip(rest_y)) {
            *lane += f(x, y);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for l in 0..width {
                lanes[l] += lanes[l + width];
            }
            width /= 2;
        }
        total += lanes[0];
    }
    total
}

/// The mean in two parts (0 if not `centred`), and 1/√(σ² + ε).
#[inline(always)]
fn row_statistics<T: Float>(x: &[T], eps: f64, centred: bool) -> (T, T, T) {
    let n = x.len() as f64;
    let (mut high, mut low) = (T::zero(), T::zero());
    let mut mean = 0.0;
    if centred {
        mean = sum(
            x,
            x,
            #[inline(always)]
            |x, _| x.to_f64(),
        ) / n;
        high = T::from_f64(mean);
        low = T::from_f64(mean - high.to_f64());
    }
    let square = sum(
        x,
        x,
        #[inline(always)]
        |x, _| {
            let d = x.to_f64() - mean;
            d * d
        },
    );
    (high, low, T::from_f64(1.0 / (square / n + eps).sqrt()))
}

/// y ← w·(x − μ)/√(σ² + ε) + b, and the statistics of each row; without centring μ is 0 and σ² the mean square.
#[allow(clippy::too_many_arguments)]
pub(crate) fn forward<T: Float>(
    g: Groups,
    x: &[T],
    weight: Option<&[T]>,
    bias: Option<&[T]>,
    eps: f64,
    centred: bool,
    y: &mut [T],
    [high, low, inverse]: [&mut [T]; 3],
) {
    assert!(x.len() == g.len() && y.len() == g.len(), "group_norm: wrong lengths");
    if g.len() == 0 {
        return;
    }
    let (y, high, low, inverse) = (Shared::new(y), Shared::new(high), Shared::new(low), Shared::new(inverse));
    let run = |r: usize| {
        let x = &x[r * g.row()..(r + 1) * g.row()];
        // SAFETY: each row is written by one task.
        let (y, [h, l, v]) =
            unsafe { (y.slice(r * g.row(), g.row()), [high, low, inverse].map(|s| &mut s.slice(r, 1)[0])) };
        let channels = g.channels_of(r);
        let (weight, bias) = (weight.map(|w| &w[channels.clone()]), bias.map(|b| &b[channels.clone()]));
        vectorized(
            #[inline(always)]
            || {
                (*h, *l, *v) = row_statistics(x, eps, centred);
                if g.positions == 1 {
                    affine_elements(x, [*h, *l, *v], weight, bias, y);
                } else {
                    affine_planes(x, [*h, *l, *v], g.positions, weight, bias, y);
                }
            },
        );
    };
    for_each(g.rows(), g.row(), run);
}

/// y ← w·((x − h) − l)·v + b with w and b by element.
#[inline(always)]
fn affine_elements<T: Float>(
    x: &[T],
    [h, l, v]: [T; 3],
    weight: Option<&[T]>,
    bias: Option<&[T]>,
    y: &mut [T],
) {
    match (weight, bias) {
        (Some(weight), Some(bias)) => {
            for ((y, &x), (&w, &b)) in y.iter_mut().zip(x).zip(weight.iter().zip(bias)) {
                *y = (x - h - l) * v * w + b;
            }
        }
        (Some(weight), None) => {
            for ((y, &x), &w) in y.iter_mut().zip(x).zip(weight) {
                *y = (x - h - l) * v * w;
            }
        }
        (None, Some(bias)) => {
            for ((y, &x), &b) in y.iter_mut().zip(x).zip(bias) {
                *y = (x - h - l) * v + b;
            }
        }
        (None, None) => {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = (x - h - l) * v;
            }
        }
    }
}

/// The same with w and b by channel.
#[inline(always)]
fn affine_planes<T: Float>(
    x: &[T],
    [h, l, v]: [T; 3],
    positions: usize,
    weight: Option<&[T]>,
    bias: Option<&[T]>,
    y: &mut [T],
) {
    for (c, (y, x)) in y.chunks_exact_mut(positions).zip(x.chunks_exact(positions)).enumerate() {
        let scale = weight.map_or(v, |w| v * w[c]);
        let offset = bias.map_or(T::zero(), |b| b[c]);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - h - l) * scale + offset;
        }
    }
}

/// dx for the gradient dy of y: with g = w·dy and x̂ = (x − μ)/√(σ² + ε) in each row of n elements
/// dx = (g − Σg/n − x̂·Σ(g·x̂)/n)/√(σ² + ε), without the first sum if the rows were not centred.
pub(crate) fn input_gradient<T: Float>(
    g: Groups,
    x: &[T],
    weight: Option<&[T]>,
    s: Statistics<'_, T>,
    dy: &[T],
    centred: bool,
    dx: &mut [T],
) {
    assert!(x.len() == g.len() && dy.len() == g.len() && dx.len() == g.len(), "group_norm: wrong lengths");
    if g.len() == 0 {
        return;
    }
    let dx = Shared::new(dx);
    let run = |r: usize| {
        let (x, dy) = (&x[r * g.row()..][..g.row()], &dy[r * g.row()..][..g.row()]);
        // SAFETY: each row is written by one task.
        let dx = unsafe { dx.slice(r * g.row(), g.row()) };
        let weight = weight.map(|w| &w[g.channels_of(r)]);
        let hlv = [s.high[r], s.low[r], s.inverse[r]];
        vectorized(
            #[inline(always)]
            || {
                if g.positions == 1 {
                    gradient_elements(x, hlv, weight, dy, centred, dx);
                } else {
                    gradient_planes(x, hlv, g.positions, weight, dy, centred, dx);
                }
            },
        );
    };
    for_each(g.rows(), g.row(), run);
}

#[inline(always)]
fn gradient_elements<T: Float>(
    x: &[T],
    [h, l, v]: [T; 3],
    weight: Option<&[T]>,
    dy: &[T],
    centred: bool,
    dx: &mut [T],
) {
    let n = x.len();
    // dx holds w·dy until it is known what to subtract.
    match weight {
        Some(weight) => {
            for ((dx, &dy), &w) in dx.iter_mut().zip(dy).zip(weight) {
                *dx = dy * w;
            }
        }
        None => dx.copy_from_slice(dy),
    }
    let mut plain = 0.0;
    if centred {
        plain = sum(
            dx,
            dx,
            #[inline(always)]
            |g, _| g.to_f64(),
        );
    }
    let product = sum(
        x,
        dx,
        #[inline(always)]
        |x, g| (g * ((x - h - l) * v)).to_f64(),
    );
    let plain = term!("layer_norm/plain", T::from_f64(plain / n as f64));
    let product = term!("layer_norm/product", T::from_f64(product / n as f64));
    for (dx, &x) in dx.iter_mut().zip(x) {
        *dx = (*dx - plain - (x - h - l) * v * product) * v;
    }
}

#[inline(always)]
fn gradient_planes<T: Float>(
    x: &[T],
    [h, l, v]: [T; 3],
    positions: usize,
    weight: Option<&[T]>,
    dy: &[T],
    centred: bool,
    dx: &mut [T],
) {
    let n = x.len() as f64;
    let (mut plain, mut product) = (0.0, 0.0);
    for (c, (x, dy)) in x.chunks_exact(positions).zip(dy.chunks_exact(positions)).enumerate() {
        let w = weight.map_or(1.0, |w| w[c].to_f64());
        let (a, b) = plane_sums(x, [h, l, v], dy);
        plain += w * a;
        product += w * b;
    }
    let plain = if centred { term!("group_norm/plain", T::from_f64(plain / n)) } else { T::zero() };
    let product = term!("group_norm/product", T::from_f64(product / n));
    let planes = x.chunks_exact(positions).zip(dy.chunks_exact(positions));
    for (c, (dx, (x, dy))) in dx.chunks_exact_mut(positions).zip(planes).enumerate() {
        let w = weight.map_or(T::one(), |w| w[c]);
        for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = (w * dy - plain - (x - h - l) * v * product) * v;
        }
    }
}

/// Σ dy and Σ dy·x̂ of a plane.
#[inline(always)]
fn plane_sums<T: Float>(x: &[T], [h, l, v]: [T; 3], dy: &[T]) -> (f64, f64) {
    let plain = sum(
        dy,
        dy,
        #[inline(always)]
        |dy, _| dy.to_f64(),
    );
    let product = sum(
        x,
        dy,
        #[inline(always)]
        |x, dy| (dy * ((x - h - l) * v)).to_f64(),
    );
    (plain, product)
}

/// dw ← Σ dy·x̂ and db ← Σ dy by channel, over the batch and positions.
pub(crate) fn weight_gradients<T: Float>(
    g: Groups,
    x: &[T],
    s: Statistics<'_, T>,
    dy: &[T],
    dw: &mut [T],
    db: &mut [T],
) {
    let all = g.groups * g.channels;
    assert!(x.len() == g.len() && dy.len() == g.len() && dw.len() == all && db.len() == all);
    if g.len() == 0 {
        dw.fill(T::zero());
        db.fill(T::zero());
        return;
    }
    let images = (CHUNK / (g.groups * g.row())).clamp(1, ROWS);
    let blocks = g.batch.div_ceil(images);
    let (mut weights, mut offsets) = (Scratch::new(blocks * all), Scratch::new(blocks * all));
    let (w, b) = (Shared::new(&mut weights), Shared::new(&mut offsets));
    let run = |task: usize| {
        let (block, group) = (task / g.groups, task % g.groups);
        let first = block * all + group * g.channels;
        // SAFETY: each block has its own sums, and each group its own channels there.
        let (dw, db) = unsafe { (w.slice(first, g.channels), b.slice(first, g.channels)) };
        dw.fill(T::zero());
        db.fill(T::zero());
        for n in block * images..((block + 1) * images).min(g.batch) {
            let r = n * g.groups + group;
            let (x, dy) = (&x[r * g.row()..][..g.row()], &dy[r * g.row()..][..g.row()]);
            let (h, l, v) = (s.high[r], s.low[r], s.inverse[r]);
            vectorized(
                #[inline(always)]
                || {
                    if g.positions == 1 {
                        let sums = dw.iter_mut().zip(&mut *db);
                        for ((dw, db), (&x, &dy)) in sums.zip(x.iter().zip(dy)) {
                            *dw += dy * ((x - h - l) * v);
                            *db += dy;
                        }
                    } else {
                        for c in 0..g.channels {
                            let plane = c * g.positions..(c + 1) * g.positions;
                            let (plain, product) = plane_sums(&x[plane.clone()], [h, l, v], &dy[plane]);
                            dw[c] += T::from_f64(product);
                            db[c] += T::from_f64(plain);
                        }
                    }
                },
            );
        }
    };
    let tasks = blocks * g.groups;
    if worthwhile(g.len()) {
        each(tasks, (CHUNK / (images * g.row())).max(1), &run);
    } else {
        (0..tasks).for_each(run);
    }
    columns(&weights, blocks, all, dw, Sum, |_, x| x);
    columns(&offsets, blocks, all, db, Sum, |_, x| x);
}

/// Calls `run` for each row.
fn for_each(rows: usize, row: usize, run: impl Fn(usize) + Sync) {
    if worthwhile(rows * row) {
        each(rows, CHUNK.div_ceil(row), &run);
    } else {
        (0..rows).for_each(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    const SIZES: [(usize, usize, usize, usize); 8] = [
        (3, 1, 7, 1),
        (70, 1, 512, 1),
        (2, 3, 4, 1),
        (4, 2, 3, 5),
        (2, 4, 5, 400),
        (1, 1, 2, 9000),
        (0, 2, 3, 4),
        (2, 2, 0, 3),
    ];

    fn waves<T: Float>(n: usize, step: usize) -> Vec<T> {
        (0..n).map(|i| T::from_f64(((i * step + 7) % 1009) as f64 / 300.0 - 1.5)).collect()
    }

    struct Found<T> {
        y: Vec<T>,
        dx: Vec<T>,
        dw: Vec<T>,
        db: Vec<T>,
    }

    fn run<T: Float>(g: Groups, x: &[T], centred: bool) -> Found<T> {
        let all = g.groups * g.channels;
        let (w, b, dy) = (waves::<T>(all, 3), waves::<T>(all, 11), waves::<T>(g.len(), 17));
        let zeros = |n| vec![T::zero(); n];
        let mut found = Found { y: zeros(g.len()), dx: zeros(g.len()), dw: zeros(all), db: zeros(all) };
        let [mut high, mut low, mut inverse] = [0; 3].map(|_| zeros(g.rows()));
        let statistics = [&mut high[..], &mut low[..], &mut inverse[..]];
        forward(g, x, Some(&w), Some(&b), 1e-3, centred, &mut found.y, statistics);
        let s = Statistics { high: &high, low: &low, inverse: &inverse };
        input_gradient(g, x, Some(&w), s, &dy, centred, &mut found.dx);
        weight_gradients(g, x, s, &dy, &mut found.dw, &mut found.db);
        found
    }

    /// The formulas, element by element.
    fn plain(g: Groups, x: &[f64], centred: bool) -> Found<f64> {
        let all = g.groups * g.channels;
        let (w, b, dy) = (waves::<f64>(all, 3), waves::<f64>(all, 11), waves::<f64>(g.len(), 17));
        let zeros = |n| vec![0.0; n];
        let mut found = Found { y: zeros(g.len()), dx: zeros(g.len()), dw: zeros(all), db: zeros(all) };
        let n = g.row() as f64;
        for r in 0..g.rows() {
            let at = |i: usize| r * g.row() + i;
            let channel = |i: usize| r % g.groups * g.channels + i / g.positions;
            let of = |f: &dyn Fn(usize) -> f64| (0..g.row()).map(f).sum::<f64>() / n;
            let mean = if centred { of(&|i| x[at(i)]) } else { 0.0 };
            let v = 1.0 / (of(&|i| (x[at(i)] - mean).powi(2)) + 1e-3).sqrt();
            let normal = |i: usize| (x[at(i)] - mean) * v;
            let a = if centred { of(&|i| w[channel(i)] * dy[at(i)]) } else { 0.0 };
            let c = of(&|i| w[channel(i)] * dy[at(i)] * normal(i));
            for i in 0..g.row() {
                found.y[at(i)] = w[channel(i)] * normal(i) + b[channel(i)];
                found.dx[at(i)] = v * (w[channel(i)] * dy[at(i)] - a - normal(i) * c);
                found.dw[channel(i)] += dy[at(i)] * normal(i);
                found.db[channel(i)] += dy[at(i)];
            }
        }
        found
    }

    fn close<T: Float>(found: &[T], exact: &[f64], tolerance: f64) {
        let scale = exact.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        for (i, (&found, exact)) in found.iter().zip(exact).enumerate() {
            assert!((Float::to_f64(found) - exact).abs() <= tolerance * scale, "{found} for {exact} at {i}");
        }
    }

    fn check<T: Float>(shift: f64, tolerance: f64) {
        for (batch, groups, channels, positions) in SIZES {
            let g = Groups { batch, groups, channels, positions };
            let x: Vec<T> = waves::<T>(g.len(), 5).into_iter().map(|x| x + T::from_f64(shift)).collect();
            let exact: Vec<f64> = x.iter().map(|&x| Float::to_f64(x)).collect();
            for centred in [true, false] {
                let bits = |x: &[T]| x.iter().map(|&x| Float::to_f64(x).to_bits()).collect::<Vec<_>>();
                let all = |f: &Found<T>| [bits(&f.y), bits(&f.dx), bits(&f.dw), bits(&f.db)];
                same_at_any_thread_count(|| all(&run(g, &x, centred)));
                let (found, exact) = (run(g, &x, centred), plain(g, &exact, centred));
                close(&found.y, &exact.y, tolerance);
                close(&found.dx, &exact.dx, tolerance);
                close(&found.dw, &exact.dw, tolerance);
                close(&found.db, &exact.db, tolerance);
            }
        }
    }

    #[test]
    fn the_formulas_at_every_size() {
        check::<f64>(0.0, 1e-12);
        check::<f32>(0.0, 3e-6);
    }

    #[test]
    fn a_mean_far_from_zero_costs_no_digits() {
        // Single precision holds these elements to 1/1024 only, but what it holds is normalized exactly.
        check::<f32>(10_000.0, 3e-6);
    }
}
