//! Convolution in up to three dimensions and its two gradients.
//!
//! A slice of the output at one depth is a convolution in two dimensions of the slices of the input that its
//! window reads, which can be stacked like channels: with the taps of a kernel along the depth next to each
//! other, a weight `[K, C, S, R, Q]` is one of C·S channels as it lies in memory. So the slices are copied
//! together, all of those with the same taps at once, and go through the kernels in two dimensions. Taps that
//! would read padding are left out, and no product with it is ever taken.
//!
//! The gradient of the input is the same with the roles changed: a slice of it is the gradient, in two
//! dimensions, of the slices of dy that read it.

mod geometry;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub(crate) use geometry::{Conv3dGeometry, output_extent, window_extent};

use crate::Float;
use crate::kernels::channels::Channels;
use crate::kernels::conv2d;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// Elements of the slices that are copied together at once: they should be in the third-level cache when the
/// kernels read them.
const STACK: usize = 1 << 20;
/// Pixels of the result that are computed together at the least: every stack has the weights packed anew, which
/// should cost little beside their products.
const PIXELS: usize = 1 << 11;

/// y ← w ⋆ x (+ bias), finished: cross-correlation.
pub(crate) fn forward<T: Float>(
    g: &Conv3dGeometry,
    x: &[T],
    w: &[T],
    bias: Option<&[T]>,
    epilogue: &Epilogue<'_, T>,
    y: &mut [T],
) {
    if let Some(flat) = g.flat() {
        return conv2d::forward(&flat, x, w, bias, epilogue, y);
    }
    by_slices(g, x, w, bias, y);
    let positions = g.output.iter().product();
    epilogue.finish_all(Channels { batch: g.batch, channels: g.out_channels, positions }, y);
}

/// y ← w ⋆ x (+ bias), slice by slice.
fn by_slices<T: Float>(g: &Conv3dGeometry, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let [from, to, tap] = g.planes();
    let (inputs, outputs) =
        (Planes::new(g.in_channels, g.input[0], from), Planes::new(g.out_channels, g.output[0], to));
    let y = SharedMut::new(y);
    for class in classes(g.output[0], g.kernel[0], |p, t| input_slice(g, p, t)) {
        if class.taps.is_empty() {
            outputs.fill(&class, g.batch, bias, &y);
            continue;
        }
        let channels = g.in_channels * class.taps.len();
        let w = class.weights(g, w, tap);
        class.stacks(g.batch, to, channels * from + g.out_channels * to, |units| {
            let mut stack = Scratch::new(units.len() * channels * from);
            inputs.gather(&class, &units, x, &mut stack);
            let mut result = Scratch::new(units.len() * g.out_channels * to);
            let flat = g.of_slices(units.len(), channels, g.out_channels);
            conv2d::forward(&flat, &stack, &w, bias, &Epilogue::NONE, &mut result);
            outputs.scatter(&class, &units, &result, &y);
        });
    }
}

/// dx ← the gradient of x for the gradient dy of y: the transposed convolution of dy with w (+ bias `[C]`).
pub(crate) fn input_gradient<T: Float>(
    g: &Conv3dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) {
    if let Some(flat) = g.flat() {
        return conv2d::input_gradient(&flat, dy, w, bias, dx);
    }
    let [to, from, tap] = g.planes();
    let (inputs, outputs) =
        (Planes::new(g.out_channels, g.output[0], from), Planes::new(g.in_channels, g.input[0], to));
    let dx = SharedMut::new(dx);
    for class in classes(g.input[0], g.kernel[0], |d, t| output_slice(g, d, t)) {
        if class.taps.is_empty() {
            outputs.fill(&class, g.batch, bias, &dx);
            continue;
        }
        let channels = g.out_channels * class.taps.len();
        let w = class.transposed_weights(g, w, tap);
        class.stacks(g.batch, to, channels * from + g.in_channels * to, |units| {
            let mut stack = Scratch::new(units.len() * channels * from);
            inputs.gather(&class, &units, dy, &mut stack);
            let mut result = Scratch::new(units.len() * g.in_channels * to);
            let flat = g.of_slices(units.len(), g.in_channels, channels);
            conv2d::input_gradient(&flat, &stack, &w, bias, &mut result);
            outputs.scatter(&class, &units, &result, &dx);
        });
    }
}

/// dw ← the gradient of w for the gradient dy of y.
pub(crate) fn weight_gradient<T: Float>(g: &Conv3dGeometry, x: &[T], dy: &[T], dw: &mut [T]) {
    if let Some(flat) = g.flat() {
        return conv2d::weight_gradient(&flat, x, dy, dw);
    }
    let [from, to, tap] = g.planes();
    let (inputs, outputs) =
        (Planes::new(g.in_channels, g.input[0], from), Planes::new(g.out_channels, g.output[0], to));
    dw.fill(T::zero());
    for class in classes(g.output[0], g.kernel[0], |p, t| input_slice(g, p, t)) {
        if class.taps.is_empty() {
            continue;
        }
        let channels = g.in_channels * class.taps.len();
        let mut sums = Scratch::new(g.out_channels * g.in_group() * class.taps.len() * tap);
        class.stacks(g.batch, to, channels * from + g.out_channels * to, |units| {
            let mut stack = Scratch::new(units.len() * channels * from);
            inputs.gather(&class, &units, x, &mut stack);
            let mut gradient = Scratch::new(units.len() * g.out_channels * to);
            outputs.gather(&class.itself(), &units, dy, &mut gradient);
            let flat = g.of_slices(units.len(), channels, g.out_channels);
            conv2d::weight_gradient(&flat, &stack, &gradient, &mut sums);
            class.add_weights(g, &sums, tap, dw);
        });
    }
}

/// The input slice that output slice `p` reads through tap `t`, unless it is padding.
fn input_slice(g: &Conv3dGeometry, p: usize, t: usize) -> Option<usize> {
    let slice = (p * g.stride[0] + t * g.dilation[0]).checked_sub(g.padding[0])?;
    (slice < g.input[0]).then_some(slice)
}

/// The output slice that reads input slice `d` through tap `t`, if there is one.
fn output_slice(g: &Conv3dGeometry, d: usize, t: usize) -> Option<usize> {
    let distance = (d + g.padding[0]).checked_sub(t * g.dilation[0])?;
    let slice = distance / g.stride[0];
    (distance % g.stride[0] == 0 && slice < g.output[0]).then_some(slice)
}

/// The slices of a result that are computed through the same taps.
struct Class {
    taps: Vec<usize>,
    slices: Vec<usize>,
    /// The slices that each of them reads, `[slices][taps]`.
    sources: Vec<usize>,
}

/// Divides the slices `0..count` of a result into classes; `source(slice, tap)` is what is read.
fn classes(count: usize, kernel: usize, source: impl Fn(usize, usize) -> Option<usize>) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for slice in 0..count {
        let read: Vec<(usize, usize)> = (0..kernel).filter_map(|t| Some((t, source(slice, t)?))).collect();
        let same = |class: &&mut Class| class.taps.iter().eq(read.iter().map(|(t, _)| t));
        let class = match classes.iter_mut().find(same) {
            Some(class) => class,
            None => {
                let taps = read.iter().map(|&(t, _)| t).collect();
                classes.push(Class { taps, slices: Vec::new(), sources: Vec::new() });
                classes.last_mut().expect("just pushed")
            }
        };
        class.slices.push(slice);
        class.sources.extend(read.iter().map(|&(_, source)| source));
    }
    classes
}

impl Class {
    /// The same slices, each read as it is.
    fn itself(&self) -> Self {
        Self { taps: vec![0], slices: self.slices.clone(), sources: self.slices.clone() }
    }

    /// Calls `stack` with runs of units, which are the slices of the class for each image, such that the copies
    /// of a run, `len` elements for a unit of `pixels`, stay in the cache.
    fn stacks(&self, batch: usize, pixels: usize, len: usize, mut stack: impl FnMut(Range<usize>)) {
        let units = batch * self.slices.len();
        let most = (STACK / len.max(1)).max(PIXELS.div_ceil(pixels.max(1)));
        let size = units.div_ceil(units.div_ceil(most).max(1)).max(1);
        (0..units).step_by(size).for_each(|start| stack(start..(start + size).min(units)));
    }

    /// The image and the position in the class of a unit.
    fn place(&self, unit: usize) -> (usize, usize) {
        (unit / self.slices.len(), unit % self.slices.len())
    }

    /// The taps of the class of a weight, `[K, C/groups, taps, R, S]`.
    fn weights<'w, T: Float>(&self, g: &Conv3dGeometry, w: &'w [T], tap: usize) -> Cow<'w, [T]> {
        if self.taps.len() == g.kernel[0] {
            return Cow::Borrowed(w);
        }
        let mut own = Vec::with_capacity(w.len() / g.kernel[0] * self.taps.len());
        for kernel in w.chunks_exact(g.kernel[0] * tap) {
            self.taps.iter().for_each(|t| own.extend_from_slice(&kernel[t * tap..][..tap]));
        }
        Cow::Owned(own)
    }

    /// The same as `[K, taps, C/groups, R, S]`.
    fn transposed_weights<T: Float>(&self, g: &Conv3dGeometry, w: &[T], tap: usize) -> Vec<T> {
        let kernel = g.kernel[0] * tap;
        let mut own = Vec::with_capacity(w.len() / g.kernel[0] * self.taps.len());
        for filter in w.chunks_exact((g.in_group() * kernel).max(1)) {
            for t in &self.taps {
                filter.chunks_exact(kernel).for_each(|w| own.extend_from_slice(&w[t * tap..][..tap]));
            }
        }
        own
    }

    /// Adds sums `[K, C/groups, taps, R, S]` to the gradient of a weight.
    fn add_weights<T: Float>(&self, g: &Conv3dGeometry, sums: &[T], tap: usize, dw: &mut [T]) {
        let own = sums.chunks_exact(self.taps.len() * tap);
        for (dw, sums) in dw.chunks_exact_mut(g.kernel[0] * tap).zip(own) {
            for (t, sums) in self.taps.iter().zip(sums.chunks_exact(tap)) {
                dw[t * tap..][..tap].iter_mut().zip(sums).for_each(|(dw, &sum)| *dw += sum);
            }
        }
    }
}

/// How an array `[N, channels, depth, plane]` lies.
struct Planes {
    channels: usize,
    depth: usize,
    plane: usize,
}

impl Planes {
    fn new(channels: usize, depth: usize, plane: usize) -> Self {
        Self { channels, depth, plane }
    }

    /// Where a plane begins.
    fn at(&self, image: usize, channel: usize, slice: usize) -> usize {
        ((image * self.channels + channel) * self.depth + slice) * self.plane
    }

    /// Calls `each(unit, channel)` for all of them, some to a task.
    fn for_each(&self, units: &Range<usize>, taps: usize, each: &(dyn Fn(usize, usize) + Sync)) {
        let (count, operations) =
            (units.len() * self.channels, 4 * units.len() * self.channels * taps * self.plane);
        let own = tasks::pieces_per_task(count, operations);
        tasks::run(count.div_ceil(own), operations, |task| {
            for i in task * own..((task + 1) * own).min(count) {
                each(i / self.channels, i % self.channels);
            }
        });
    }

    /// stack `[units, channels, taps, plane]` ← the planes that the units read.
    fn gather<T: Float>(&self, class: &Class, units: &Range<usize>, from: &[T], stack: &mut [T]) {
        let (taps, plane) = (class.taps.len(), self.plane);
        let stack = SharedMut::new(stack);
        self.for_each(units, taps, &|i, channel| {
            let (image, position) = class.place(units.start + i);
            // SAFETY: each unit and channel has planes of its own.
            let to = unsafe { stack.part((i * self.channels + channel) * taps * plane, taps * plane) };
            for (t, &slice) in class.sources[position * taps..][..taps].iter().enumerate() {
                to[t * plane..][..plane].copy_from_slice(&from[self.at(image, channel, slice)..][..plane]);
            }
        });
    }

    /// The planes of the units ← stack `[units, channels, plane]`.
    fn scatter<T: Float>(&self, class: &Class, units: &Range<usize>, stack: &[T], to: &SharedMut<T>) {
        self.for_each(units, 1, &|i, channel| {
            let (image, position) = class.place(units.start + i);
            // SAFETY: each unit and channel has a plane of its own.
            let to = unsafe { to.part(self.at(image, channel, class.slices[position]), self.plane) };
            to.copy_from_slice(&stack[(i * self.channels + channel) * self.plane..][..self.plane]);
        });
    }

    /// The planes of the class ← the bias of their channel, or zeros.
    fn fill<T: Float>(&self, class: &Class, batch: usize, bias: Option<&[T]>, to: &SharedMut<T>) {
        self.for_each(&(0..batch * class.slices.len()), 1, &|unit, channel| {
            let (image, position) = class.place(unit);
            // SAFETY: each unit and channel has a plane of its own.
            let to = unsafe { to.part(self.at(image, channel, class.slices[position]), self.plane) };
            to.fill(bias.map_or(T::zero(), |bias| bias[channel]));
        });
    }
}
