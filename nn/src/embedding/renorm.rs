//! Rows that must not grow beyond a norm.

use autodiff::{Float, Indices, Parameter, Tape, Tensor, keepdim};

/// The p-norm that no row may exceed.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaxNorm {
    pub(super) norm: f64,
    pub(super) p: f64,
}

impl MaxNorm {
    /// What rows [.., features] are multiplied by: 1 where the norm is within the bound.
    fn factors<T: Float>(&self, rows: &Tensor<T>) -> Tensor<T> {
        let norms = rows.norm(self.p, keepdim(-1));
        let beyond = norms.gt(self.norm);
        let scaled = self.norm / (&norms + 1e-7);
        Tensor::where_(&beyond, &scaled, 1.0)
    }
}

/// The table on a tape or on none, after those of the rows that the ids name have been brought within the bound.
#[track_caller]
pub(super) fn table<T: Float>(
    weight: &Parameter<T>,
    bound: Option<MaxNorm>,
    ids: &Indices,
    tape: Option<&Tape>,
) -> Tensor<T> {
    if let Some(bound) = bound {
        shrink(weight, bound, ids);
    }
    match tape {
        Some(tape) => tape.watch(weight),
        None => weight.value(),
    }
}

/// Scales the rows that the ids name and that are beyond the bound.
fn shrink<T: Float>(weight: &Parameter<T>, bound: MaxNorm, ids: &Indices) {
    let table = weight.value();
    let (rows, width) = (table.shape()[0], table.shape()[1]);
    let mut named = ids.to_vec();
    named.sort_unstable();
    named.dedup();
    // Ids out of range are the lookup's to refuse.
    named.retain(|&id| (0..rows as i64).contains(&id));
    let factors = bound.factors(&table.index_select(0, &named.clone().into())).to_vec();
    // Shared with nobody, the table is changed in place.
    drop(table);
    if factors.iter().all(|&factor| factor == T::one()) {
        return;
    }
    weight.update(|table| {
        let table = table.as_slice_mut().expect("row-major");
        for (&id, &factor) in named.iter().zip(&factors) {
            let row = &mut table[id as usize * width..][..width];
            row.iter_mut().for_each(|x| *x *= factor);
        }
    });
}

/// Rows of a table within the bound. A tape that watched the table earlier keeps the values it saw, so that what is
/// beyond the bound there is brought within it here, as if the table had changed: the gradient is the same.
#[track_caller]
pub(super) fn corrected<T: Float>(rows: Tensor<T>, bound: Option<MaxNorm>) -> Tensor<T> {
    let Some(bound) = bound else { return rows };
    let seen = rows.detach();
    let factors = bound.factors(&seen);
    if factors.view().iter().all(|&factor| factor == T::one()) {
        return rows;
    }
    rows + seen * (factors - 1.0)
}
