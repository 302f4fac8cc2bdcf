//! The parameters of [`Lbfgs`] as one vector.

use std::ops::Range;

use autodiff::{Float, Gradients, Parameter};

use crate::descent::check_gradients;
use crate::lbfgs::vector::add_scaled;
use crate::lbfgs::{Lbfgs, NAME};

impl<T: Float> Lbfgs<T> {
    /// The gradient of all parameters' elements, in their order.
    #[track_caller]
    pub(super) fn flatten(&self, gradients: &Gradients<T>) -> Vec<T> {
        check_gradients(NAME, self.parameters.iter().zip(&self.shapes), gradients);
        let mut flat = Vec::with_capacity(self.len());
        for (parameter, shape) in self.parameters.iter().zip(&self.shapes) {
            let from = flat.len();
            match gradients.parameter(parameter.id()).filter(|_| !parameter.is_frozen()) {
                Some(gradient) => {
                    flat.extend_from_slice(gradient.value().contiguous().as_slice().expect("row-major"))
                }
                None => flat.resize(from + shape.iter().product::<usize>(), T::zero()),
            }
            if self.maximize {
                flat[from..].iter_mut().for_each(|g| *g = -*g);
            }
        }
        flat
    }

    /// How many elements the parameters have.
    pub(super) fn len(&self) -> usize {
        self.shapes.iter().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// The parameters with where their elements begin.
    fn placed(&self) -> impl Iterator<Item = (&Parameter<T>, Range<usize>)> {
        let mut from = 0;
        self.parameters.iter().zip(&self.shapes).map(move |(parameter, shape)| {
            let range = from..from + shape.iter().product::<usize>();
            from = range.end;
            (parameter, range)
        })
    }

    /// All parameters' elements.
    pub(super) fn position(&self) -> Vec<T> {
        self.parameters.iter().flat_map(|parameter| parameter.value().to_vec()).collect()
    }

    /// x ← origin + t·d.
    pub(super) fn place(&self, origin: &[T], t: f64) {
        for (parameter, range) in self.placed().filter(|(parameter, _)| !parameter.is_frozen()) {
            parameter.update(|x| {
                let x = x.as_slice_mut().expect("row-major");
                x.copy_from_slice(&origin[range.clone()]);
                add_scaled(x, t, &self.memory.direction[range]);
            });
        }
    }

    /// x ← x + t·d.
    pub(super) fn go(&self, t: f64) {
        for (parameter, range) in self.placed().filter(|(parameter, _)| !parameter.is_frozen()) {
            parameter.update(|x| {
                add_scaled(x.as_slice_mut().expect("row-major"), t, &self.memory.direction[range]);
            });
        }
    }

    /// Takes parameters that were frozen since they took part out of the direction.
    pub(super) fn leave_frozen(&mut self) {
        let frozen = self.placed().filter(|(parameter, _)| parameter.is_frozen());
        let ranges: Vec<_> = frozen.map(|(_, range)| range).collect();
        for range in ranges {
            self.memory.direction[range].fill(T::zero());
        }
    }
}
