//! What L-BFGS knows about the curvature.

use std::collections::VecDeque;

use autodiff::Float;

use crate::lbfgs::vector::{add_scaled, dot, set_scaled, subtract_from};

/// The last steps with the changes of the gradient along them, and where the last step began.
///
/// The fields have the names of their tensors in PyTorch and in a saved state in brackets.
#[derive(Clone, Debug)]
pub(super) struct Memory<T> {
    /// Steps s (`old_stps`), changes y of the gradient (`old_dirs`) and 1/(y·s) (`ro`), the oldest first.
    pub(super) pairs: VecDeque<Pair<T>>,
    /// The scale of the inverse Hessian before the pairs are applied (`H_diag`).
    pub(super) scale: f64,
    /// The last direction (`d`), step length along it (`t`) and gradient before it (`prev_flat_grad`); empty
    /// before the first iteration.
    pub(super) direction: Vec<T>,
    pub(super) length: f64,
    pub(super) gradient: Vec<T>,
}

#[derive(Clone, Debug)]
pub(super) struct Pair<T> {
    pub(super) step: Vec<T>,
    pub(super) change: Vec<T>,
    pub(super) ro: f64,
}

impl<T: Float> Memory<T> {
    pub(super) fn new() -> Self {
        Self { pairs: VecDeque::new(), scale: 1.0, direction: Vec::new(), length: 0.0, gradient: Vec::new() }
    }

    /// Whether there was no iteration yet.
    pub(super) fn is_empty(&self) -> bool {
        self.direction.is_empty()
    }

    /// Goes on to the next iteration, which begins at this gradient: learns from the last step and finds the
    /// next direction, −H·g by the two-loop recursion.
    pub(super) fn advance(&mut self, gradient: &[T], size: usize) {
        if self.is_empty() {
            self.direction = gradient.iter().map(|&g| -g).collect();
            self.gradient = gradient.to_vec();
            return;
        }
        // The two buffers become the pair: s = t·d, y = g − the gradient before.
        let mut step = std::mem::take(&mut self.direction);
        step.iter_mut().for_each(|d| *d *= T::from_f64(self.length));
        let mut change = std::mem::replace(&mut self.gradient, gradient.to_vec());
        subtract_from(&mut change, gradient);
        let product = dot(&change, &step);
        let mut direction = if product > 1e-10 {
            self.scale = product / dot(&change, &change);
            self.pairs.push_back(Pair { step, change, ro: 1.0 / product });
            let oldest = if self.pairs.len() > size { self.pairs.pop_front() } else { None };
            oldest.map_or_else(|| vec![T::zero(); gradient.len()], |pair| pair.step)
        } else {
            step
        };
        set_scaled(&mut direction, -1.0, gradient);
        let mut along = vec![0.0; self.pairs.len()];
        for (pair, along) in self.pairs.iter().zip(&mut along).rev() {
            *along = dot(&pair.step, &direction) * pair.ro;
            add_scaled(&mut direction, -*along, &pair.change);
        }
        let scale = T::from_f64(self.scale);
        direction.iter_mut().for_each(|d| *d *= scale);
        for (pair, along) in self.pairs.iter().zip(&along) {
            let back = dot(&pair.change, &direction) * pair.ro;
            add_scaled(&mut direction, along - back, &pair.step);
        }
        self.direction = direction;
    }
}
