//! Which rows a layer goes through at each step, for sequences of one length and of several.

use std::ops::Range;

/// The rows of a sequence in the order in which a layer goes through them.
///
/// The gates have a row for each step of each entry. The states have the same rows and `batch` more for the
/// initial states, placed so that the states *before* all steps lie together where they can.
pub(crate) struct Schedule {
    pub(crate) batch: usize,
    /// The first row of the initial states among the states.
    pub(crate) initial: usize,
    /// What to add to a row of the gates for its row among the states.
    pub(crate) shift: usize,
    /// For each step the first of its rows among the gates, and how many entries take part: never more than in
    /// the step before.
    pub(crate) steps: Vec<(usize, usize)>,
}

impl Schedule {
    /// Sequences of the same length, [steps, batch].
    pub(crate) fn uniform(steps: usize, batch: usize, reverse: bool) -> Self {
        let step = |k: usize| (if reverse { steps - 1 - k } else { k } * batch, batch);
        let (initial, shift) = if reverse { (steps * batch, 0) } else { (0, batch) };
        Self { batch, initial, shift, steps: (0..steps).map(step).collect() }
    }

    /// The rows of the gates.
    pub(crate) fn rows(&self) -> usize {
        self.steps.iter().map(|step| step.1).sum()
    }

    /// The first row of the states that step `k` reads.
    pub(super) fn before(&self, k: usize) -> usize {
        if k == 0 { self.initial } else { self.steps[k - 1].0 + self.shift }
    }

    /// How many of some entries take part in step `k`: the first ones.
    pub(super) fn taking_part(&self, k: usize, entries: &Range<usize>) -> usize {
        self.steps[k].1.min(entries.end).saturating_sub(entries.start)
    }
}

/// Sequences of several lengths laid together: the first steps of all entries, then the second steps, …, with
/// the entries ordered by their lengths, longest first, so that those of one step come before those that have
/// ended.
#[derive(Debug)]
pub(crate) struct Packing {
    /// The entries, longest first.
    pub(crate) order: Vec<i64>,
    /// The place of each entry in that order.
    pub(crate) places: Vec<i64>,
    /// How many entries take part in each step.
    pub(crate) counts: Vec<usize>,
    /// The row of [steps, batch] that each packed row is.
    pub(crate) rows: Vec<i64>,
    /// Among the initial states in order and the packed rows after them: the state before each packed row, …
    pub(crate) before: Vec<i64>,
    /// … and the last state of each entry.
    pub(crate) last: Vec<i64>,
}

impl Packing {
    /// The packing of [steps, batch] with these lengths, of which none is above `steps`. In reverse, each entry
    /// begins at its own last step.
    pub(crate) fn new(steps: usize, batch: usize, lengths: Option<&[usize]>, reverse: bool) -> Self {
        let length = |n: usize| lengths.map_or(steps, |lengths| lengths[n]);
        let mut order: Vec<usize> = (0..batch).collect();
        order.sort_by_key(|&n| std::cmp::Reverse(length(n)));
        let most = order.first().map_or(0, |&n| length(n));
        let mut counts = Vec::with_capacity(most);
        let (mut rows, mut before) = (Vec::new(), Vec::new());
        let (mut places, mut last) = (vec![0; batch], vec![0; batch]);
        for (j, &n) in order.iter().enumerate() {
            (places[n], last[n]) = (j as i64, j as i64);
        }
        let mut start = 0;
        for k in 0..most {
            let count = order.partition_point(|&n| length(n) > k);
            let next = batch + rows.len();
            for (j, &n) in order[..count].iter().enumerate() {
                let t = if reverse { length(n) - 1 - k } else { k };
                rows.push((t * batch + n) as i64);
                before.push((start + j) as i64);
                last[n] = (next + j) as i64;
            }
            start = next;
            counts.push(count);
        }
        let order = order.into_iter().map(|n| n as i64).collect();
        Self { order, places, counts, rows, before, last }
    }

    /// The packed rows as a schedule.
    pub(crate) fn schedule(&self) -> Schedule {
        let batch = self.order.len();
        let mut start = 0;
        let step = |&count: &usize| {
            start += count;
            (start - count, count)
        };
        Schedule { batch, initial: 0, shift: batch, steps: self.counts.iter().map(step).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_in_any_order() {
        let packing = Packing::new(4, 3, Some(&[2, 3, 0]), false);
        assert_eq!(packing.order, [1, 0, 2]);
        assert_eq!(packing.places, [1, 0, 2]);
        assert_eq!(packing.counts, [2, 2, 1]);
        assert_eq!(packing.rows, [1, 0, 4, 3, 7]);
        assert_eq!(packing.before, [0, 1, 3, 4, 5]);
        assert_eq!(packing.last, [6, 7, 2]);
        assert_eq!(packing.schedule().steps, [(0, 2), (2, 2), (4, 1)]);
        assert_eq!(Packing::new(4, 3, Some(&[2, 3, 0]), true).rows, [7, 3, 4, 0, 1]);
    }

    #[test]
    fn one_length_needs_no_packing() {
        for reverse in [false, true] {
            let (packing, schedule) = (Packing::new(3, 2, None, reverse), Schedule::uniform(3, 2, reverse));
            let rows: Vec<i64> =
                schedule.steps.iter().flat_map(|&(start, n)| (start..start + n).map(|r| r as i64)).collect();
            assert_eq!(packing.rows, rows);
            // The states before all steps lie in the order of the rows.
            let first = if reverse { 2 } else { 0 };
            for (k, &(start, _)) in schedule.steps.iter().enumerate() {
                assert_eq!(schedule.before(k), start + first);
            }
        }
    }
}
