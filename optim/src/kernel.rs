//! A rule run over a whole tensor.

use autodiff::Float;

use crate::rule::{Rule, Step};

/// Elements that one thread updates at a time. Updates are elementwise, so the cut does not show in the
/// result.
const CHUNK: usize = 1 << 14;

/// Updates a tensor of any length in one pass, in parallel if it is long.
pub(crate) fn update<R: Rule, T: Float>(
    rule: &R,
    step: &Step,
    x: &mut [T],
    gradient: &[T],
    mut state: Vec<&mut [T]>,
) {
    if x.len() <= CHUNK {
        autodiff::vectorized(
            #[inline(always)]
            || rule.update(step, x, gradient, &mut state),
        );
        return;
    }
    let middle = x.len().div_ceil(2 * CHUNK) * CHUNK;
    let (x_left, x_right) = x.split_at_mut(middle);
    let (gradient_left, gradient_right) = gradient.split_at(middle);
    let (state_left, state_right) = state.into_iter().map(|s| s.split_at_mut(middle)).unzip();
    rayon::join(
        || update(rule, step, x_left, gradient_left, state_left),
        || update(rule, step, x_right, gradient_right, state_right),
    );
}
