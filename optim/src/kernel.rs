//! A rule run over a whole tensor.

use autodiff::Float;

use crate::rule::{Rule, Step};

/// Elements that one thread updates at a time. Updates are elementwise, so the cut does not show in the
/// result.
const CHUNK: usize = 1 << 14;
/// Elements whose gradient is negated at a time: they stay in the nearest cache.
const NEGATED: usize = 1 << 10;

/// Updates a tensor of any length in one pass, in parallel if it is long; by the negated gradient to
/// `maximize`.
pub(crate) fn update<R: Rule, T: Float>(
    rule: &R,
    step: &Step,
    maximize: bool,
    x: &mut [T],
    gradient: &[T],
    mut state: Vec<&mut [T]>,
) {
    let n = x.len();
    if maximize && n <= NEGATED {
        let mut negated = [T::zero(); NEGATED];
        for (negated, &g) in negated.iter_mut().zip(gradient) {
            *negated = -g;
        }
        run(rule, step, x, &negated[..n], &mut state);
    } else if !maximize && n <= CHUNK {
        run(rule, step, x, gradient, &mut state);
    } else {
        let unit = if n > CHUNK { CHUNK } else { NEGATED };
        let middle = n.div_ceil(2 * unit) * unit;
        let (x_left, x_right) = x.split_at_mut(middle);
        let (gradient_left, gradient_right) = gradient.split_at(middle);
        let (state_left, state_right) = state.into_iter().map(|s| s.split_at_mut(middle)).unzip();
        let left = || update(rule, step, maximize, x_left, gradient_left, state_left);
        let right = || update(rule, step, maximize, x_right, gradient_right, state_right);
        if n > CHUNK {
            rayon::join(left, right);
        } else {
            left();
            right();
        }
    }
}

fn run<R: Rule, T: Float>(rule: &R, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
    autodiff::vectorized(
        #[inline(always)]
        || rule.update(step, x, gradient, state),
    );
}
