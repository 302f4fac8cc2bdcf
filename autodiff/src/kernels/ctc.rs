//! Connectionist temporal classification: the probability that a sequence of distributions spells a target,
//! summed over all alignments (Graves et al. 2006).
//!
//! The target's labels with blanks between and around them are 2S + 1 states. At each step an alignment stays,
//! goes on by one state, or by two over a blank between unlike labels. Forward, α_t(s) is the logarithm of the
//! probability of all ways to state s at step t; backward, β_t(s) that of all ways from there to the end, without
//! step t itself. Both are kept relative to their largest state of the step, so that precision does not fall
//! with the length, and the posterior of the states of a step is the softmax of α_t + β_t. Examples run in
//! parallel, one to a task; the loops over states vectorize.

use super::parallel::{Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// The sizes of a batch: the input is [steps, batch, classes].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) steps: usize,
    pub(crate) batch: usize,
    pub(crate) classes: usize,
    /// The states of the longest target, 2S + 1: the width of the α that are kept.
    pub(crate) states: usize,
}

/// One example: the class of its blank, its labels, and how many of the steps are its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Example<'a> {
    pub(crate) blank: usize,
    pub(crate) labels: &'a [i64],
    pub(crate) steps: usize,
}

impl Example<'_> {
    /// The states: the class of each.
    fn classes(&self) -> Vec<usize> {
        let mut classes = vec![self.blank; 2 * self.labels.len() + 1];
        for (i, &label) in self.labels.iter().enumerate() {
            classes[2 * i + 1] = label as usize;
        }
        classes
    }

    /// 0 where a state may be entered from two states before, −∞ elsewhere, and two −∞ more.
    fn skips<T: Float>(&self) -> Vec<T> {
        let mut skips = vec![T::neg_infinity(); 2 * self.labels.len() + 3];
        for i in 1..self.labels.len() {
            if self.labels[i] != self.labels[i - 1] {
                skips[2 * i + 1] = T::zero();
            }
        }
        skips
    }
}

/// ln(eᵃ + eᵇ + eᶜ).
#[inline(always)]
fn ln_of_three<T: Float>(a: T, b: T, c: T) -> T {
    let max = if b > a { b } else { a };
    let max = if c > max { c } else { max };
    let shift = if max == T::neg_infinity() { T::zero() } else { max };
    shift + ((a - shift).vexp() + (b - shift).vexp() + (c - shift).vexp()).vln()
}

/// out\[s\] ← ln(e^same + e^one + e^(two + skip)) at s: one step of all states.
#[inline(always)]
fn step<T: Float>([same, one, two, skip]: [&[T]; 4], out: &mut [T]) {
    let ways = same.iter().zip(one).zip(two).zip(skip);
    for (out, (((&same, &one), &two), &skip)) in out.iter_mut().zip(ways) {
        *out = ln_of_three(same, one, two + skip);
    }
}

/// The largest of some numbers, 0 if none is above −∞.
fn largest<T: Float>(x: &[T]) -> T {
    let max = x.iter().fold(T::neg_infinity(), |max, &x| if x > max { x } else { max });
    if max == T::neg_infinity() { T::zero() } else { max }
}

/// Gathers the log-probabilities of the states.
fn gather<T: Float>(x: &[T], classes: &[usize], out: &mut [T]) {
    for (out, &class) in out.iter_mut().zip(classes) {
        *out = x[class];
    }
}

/// Calls `task` for each example, on the pool if there is much to do.
fn for_each_example(size: Sizes, task: &(dyn Fn(usize) + Sync)) {
    /// What a state costs at a step, counted in elements of a simple kernel.
    const COST: usize = 16;
    if worthwhile(size.steps * size.batch * size.states * COST) {
        each(size.batch, 1, task);
    } else {
        (0..size.batch).for_each(task);
    }
}

/// losses\[n\] ← −ln P(target n | x), ∞ where no alignment is possible; and the α of all examples, in rows of
/// `size.states` by example and step, if `alphas` is not empty.
pub(crate) fn forward<T: Float>(
    x: &[T],
    size: Sizes,
    examples: &[Example<'_>],
    losses: &mut [T],
    alphas: &mut [T],
) {
    let Sizes { steps, batch, classes, states } = size;
    assert_eq!((x.len(), losses.len(), examples.len()), (steps * batch * classes, batch, batch));
    assert!(alphas.is_empty() || alphas.len() == batch * steps * states);
    let of_example = if alphas.is_empty() { 0 } else { steps * states };
    let (losses, alphas) = (Shared::new(losses), Shared::new(alphas));
    for_each_example(size, &|n| {
        // SAFETY: each example has its own loss and its own block of α.
        let (loss, alphas) = unsafe { (losses.slice(n, 1), alphas.slice(n * of_example, of_example)) };
        loss[0] = forward_one(x, size, n, &examples[n], alphas);
    });
}

fn forward_one<T: Float>(x: &[T], size: Sizes, n: usize, example: &Example<'_>, alphas: &mut [T]) -> T {
    let (classes, skips) = (example.classes(), example.skips::<T>());
    let states = classes.len();
    // Two states before the first that are never reached; and before the first step, all is on the first.
    let mut before = vec![T::neg_infinity(); states + 2];
    before[2] = T::zero();
    let mut alpha = before.clone();
    let mut emitted = vec![T::zero(); states];
    let mut shift = 0.0;
    for t in 0..example.steps {
        gather(&x[(t * size.batch + n) * size.classes..][..size.classes], &classes, &mut emitted);
        let ways = [&before[2..], &before[1..][..states], &before[..states], &skips[..states]];
        let out = &mut alpha[2..];
        vectorized(
            #[inline(always)]
            || step(ways, out),
        );
        for (out, &emitted) in out.iter_mut().zip(&emitted) {
            *out += emitted;
        }
        let max = largest(out);
        for alpha in &mut *out {
            *alpha -= max;
        }
        shift += max.to_f64();
        if !alphas.is_empty() {
            alphas[t * size.states..][..states].copy_from_slice(out);
        }
        std::mem::swap(&mut before, &mut alpha);
    }
    // An alignment ends on the last blank or on the last label.
    let end = ln_of_three(before[states + 1], before[states], T::neg_infinity());
    let end = if states == 1 { before[2] } else { end };
    T::from_f64(-(shift + end.to_f64()))
}

/// dx\[t, n, c\] ← −scale\[n\]·P(class c at step t | target n, x), given the α of [`forward`].
///
/// An example without a possible alignment has no such probability: NaN, or 0 if `zero_infinity`. One whose scale
/// is 0 is 0.
pub(crate) fn backward<T: Float>(
    x: &[T],
    size: Sizes,
    examples: &[Example<'_>],
    alphas: &[T],
    scale: &[T],
    zero_infinity: bool,
    dx: &mut [T],
) {
    let Sizes { steps, batch, classes, states } = size;
    assert_eq!((x.len(), dx.len()), (steps * batch * classes, steps * batch * classes));
    assert_eq!((scale.len(), examples.len(), alphas.len()), (batch, batch, batch * steps * states));
    let dx = Shared::new(dx);
    for_each_example(size, &|n| {
        // SAFETY: the rows [t, n] of an example are its own.
        let row = |t: usize| unsafe { dx.slice((t * batch + n) * classes, classes) };
        for t in 0..steps {
            row(t).fill(T::zero());
        }
        if scale[n] != T::zero() {
            let alphas = &alphas[n * steps * states..][..steps * states];
            backward_one(x, size, n, &examples[n], alphas, scale[n], zero_infinity, row);
        }
    });
}

#[allow(clippy::too_many_arguments)]
fn backward_one<'a, T: Float>(
    x: &[T],
    size: Sizes,
    n: usize,
    example: &Example<'_>,
    alphas: &[T],
    scale: T,
    zero_infinity: bool,
    row: impl Fn(usize) -> &'a mut [T],
) {
    let (classes, skips) = (example.classes(), example.skips::<T>());
    let states = classes.len();
    let (mut beta, mut emitted) = (vec![T::zero(); states], vec![T::zero(); states]);
    let mut posterior = beta.clone();
    // β with its own step: two states after the last that are never reached; after the last step, all must be
    // on the last.
    let mut after = vec![T::neg_infinity(); states + 2];
    after[states - 1] = T::zero();
    for t in (0..example.steps).rev() {
        let alpha = &alphas[t * size.states..][..states];
        let ways = [&after[..states], &after[1..][..states], &after[2..], &skips[2..]];
        let out = &mut beta[..];
        vectorized(
            #[inline(always)]
            || step(ways, out),
        );
        let max = largest(&beta);
        for ((posterior, beta), &alpha) in posterior.iter_mut().zip(&mut beta).zip(alpha) {
            *beta -= max;
            *posterior = alpha + *beta;
        }
        let max = posterior.iter().fold(T::neg_infinity(), |max, &x| if x > max { x } else { max });
        if max == T::neg_infinity() && zero_infinity && posterior.iter().all(|x| *x == max) {
            return;
        }
        let posterior = &mut posterior[..];
        vectorized(
            #[inline(always)]
            || {
                for p in &mut *posterior {
                    *p = (*p - max).vexp();
                }
            },
        );
        let factor = scale / posterior.iter().fold(T::zero(), |sum, &p| sum + p);
        let dx = row(t);
        for (&class, &p) in classes.iter().zip(&*posterior) {
            dx[class] -= p * factor;
        }
        gather(&x[(t * size.batch + n) * size.classes..][..size.classes], &classes, &mut emitted);
        for ((after, &beta), &emitted) in after.iter_mut().zip(&beta).zip(&emitted) {
            *after = beta + emitted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    /// The log-probabilities of `rows` distributions.
    fn distributions(rows: usize, classes: usize, seed: usize) -> Vec<f64> {
        let mut x: Vec<f64> =
            (0..rows * classes).map(|i| ((i * 7919 + seed * 31 + 13) % 1009) as f64 / 300.0).collect();
        for row in x.chunks_exact_mut(classes) {
            let ln = row.iter().map(|x| x.exp()).sum::<f64>().ln();
            row.iter_mut().for_each(|x| *x -= ln);
        }
        x
    }

    /// What a path spells: repeats joined, then blanks dropped.
    fn spelled(path: &[usize], blank: usize) -> Vec<i64> {
        let mut spelled = Vec::new();
        for (t, &class) in path.iter().enumerate() {
            if class != blank && (t == 0 || path[t - 1] != class) {
                spelled.push(class as i64);
            }
        }
        spelled
    }

    /// The loss and its gradient for one example, by all paths of classes.
    fn by_all_paths(x: &[f64], classes: usize, example: &Example<'_>) -> (f64, Vec<f64>) {
        let (mut total, mut of_class) = (0.0, vec![0.0; x.len()]);
        for number in 0..classes.pow(example.steps as u32) {
            let digit = |t: usize| number / classes.pow(t as u32) % classes;
            let path: Vec<usize> = (0..example.steps).map(digit).collect();
            if spelled(&path, example.blank) != example.labels {
                continue;
            }
            let p = path.iter().enumerate().map(|(t, &c)| x[t * classes + c]).sum::<f64>().exp();
            total += p;
            for (t, &c) in path.iter().enumerate() {
                of_class[t * classes + c] += p;
            }
        }
        (-total.ln(), of_class.iter().map(|p| -p / total).collect())
    }

    #[test]
    fn all_alignments_are_counted() {
        let targets: [&[i64]; 12] = [
            &[],
            &[0],
            &[2],
            &[0, 0],
            &[0, 2],
            &[2, 0, 2],
            &[2, 2, 0],
            &[0, 0, 0],
            &[0, 2, 2, 0],
            &[2, 2, 2],
            &[0, 2, 0, 2, 0],
            &[0, 2, 0, 2],
        ];
        let (classes, blank) = (3, 1);
        for steps in 0..=6 {
            let x = distributions(steps * targets.len(), classes, steps);
            for own in 0..=steps {
                let examples = targets.map(|labels| Example { blank, labels, steps: own });
                let batch = targets.len();
                let size = Sizes { steps, batch, classes, states: 11 };
                let scale: Vec<f64> = (0..batch).map(|n| n as f64 - 3.5).collect();
                let (losses, dx) = same_at_any_thread_count(|| {
                    let mut losses = vec![f64::NAN; batch];
                    let mut alphas = vec![f64::NAN; batch * steps * 11];
                    let mut dx = vec![f64::NAN; x.len()];
                    let mut alone = losses.clone();
                    forward(&x, size, &examples, &mut alone, &mut []);
                    forward(&x, size, &examples, &mut losses, &mut alphas);
                    assert_eq!(losses, alone);
                    backward(&x, size, &examples, &alphas, &scale, true, &mut dx);
                    (losses, dx)
                });
                for (n, example) in examples.iter().enumerate() {
                    let of_example = |x: &[f64]| -> Vec<f64> {
                        (0..steps).flat_map(|t| x[(t * batch + n) * classes..][..classes].to_vec()).collect()
                    };
                    let (loss, gradient) = by_all_paths(&of_example(&x), classes, example);
                    let close = |a: f64, b: f64| a == b || (a - b).abs() < 1e-12 * (1.0 + b.abs());
                    assert!(close(losses[n], loss), "{example:?}: {} not {loss}", losses[n]);
                    for (i, (ours, &theirs)) in of_example(&dx).into_iter().zip(&gradient).enumerate() {
                        let theirs = if theirs.is_nan() { 0.0 } else { theirs * scale[n] };
                        assert!(close(ours, theirs), "{example:?}, element {i}: {ours} not {theirs}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_long_sequence_keeps_the_digits_of_single_precision() {
        let (steps, classes) = (2000, 5);
        let x = distributions(steps, classes, 3);
        let labels: Vec<i64> = (0..300).map(|i| 1 + (i * i % 4) as i64).collect();
        let examples = [Example { blank: 0, labels: &labels, steps }];
        let size = Sizes { steps, batch: 1, classes, states: 601 };
        fn run<T: Float>(x: &[T], size: Sizes, examples: &[Example<'_>]) -> (f64, Vec<f64>) {
            let mut losses = [T::zero()];
            let mut alphas = vec![T::zero(); size.steps * size.states];
            let mut dx = vec![T::zero(); x.len()];
            forward(x, size, examples, &mut losses, &mut alphas);
            backward(x, size, examples, &alphas, &[T::one()], false, &mut dx);
            (losses[0].to_f64(), dx.into_iter().map(Float::to_f64).collect())
        }
        let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| f64::from(x)).collect();
        let ((loss, dx), (loss32, dx32)) = (run(&wide, size, &examples), run(&narrow, size, &examples));
        assert!((loss - loss32).abs() < 1e-6 * loss, "{loss} and {loss32}");
        for (a, b) in dx.iter().zip(&dx32) {
            assert!((a - b).abs() < 2e-4, "{a} and {b}");
        }
        for row in dx.chunks_exact(classes) {
            assert!((row.iter().sum::<f64>() + 1.0).abs() < 1e-12, "posteriors add up to 1");
        }
    }
}
