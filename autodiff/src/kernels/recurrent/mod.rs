//! Recurrent layers: one layer in one direction over a whole sequence.
//!
//! The products with the inputs stand outside, one for all gates of all steps. Here is what has to go step by
//! step: the product of the state before with the recurrent weight, and the cell, in one vector pass a row.
//!
//! The entries of a batch do not know of each other. So a batch is cut into pieces of a few entries, and each
//! piece goes through all steps on its own, with no waiting for others at each step. Where the weight is too
//! large to be read by each thread for itself, the whole batch is one piece and its products are cut instead.

mod gru;
mod lstm;
mod panels;
mod rnn;
mod rows;
mod schedule;

use std::ops::Range;

use super::parallel::{Shared, each};
use super::product::Matrices;
use super::scratch::Scratch;
use super::vector;
use crate::Float;

use panels::Panels;
pub(crate) use schedule::{Packing, Schedule};

/// What a recurrent layer does at each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// h = tanh(a).
    RnnTanh,
    /// h = max(a, 0).
    RnnRelu,
    /// Gated recurrent unit.
    Gru {
        /// Whether the reset gate multiplies the candidate's product with the state, as in PyTorch and cuDNN, or
        /// the state before the product.
        reset_after: bool,
    },
    /// Long short-term memory.
    Lstm,
}

impl Cell {
    /// How many gates, or candidates, have rows in the weights.
    pub(crate) fn gates(self) -> usize {
        match self {
            Self::RnnTanh | Self::RnnRelu => 1,
            Self::Gru { .. } => 3,
            Self::Lstm => 4,
        }
    }
}

/// Entries of a batch in one piece.
const ENTRIES: usize = 16;
/// Weights of at most this many elements are read by each thread for itself.
const SHARED_WEIGHT: usize = 1 << 19;

/// Calls `run` for pieces of the batch, and says whether its products may use several threads.
fn for_pieces(batch: usize, weight: usize, run: &(dyn Fn(Range<usize>, bool) + Sync)) {
    let pieces = batch.div_ceil(ENTRIES);
    if pieces <= 1 || weight > SHARED_WEIGHT {
        run(0..batch, true);
    } else {
        each(pieces, 1, &|i| run(i * batch / pieces..(i + 1) * batch / pieces, false));
    }
}

/// Rows of a buffer that pieces share, each for rows of its own.
#[derive(Clone, Copy)]
struct Rows<T> {
    first: Shared<T>,
    count: usize,
    width: usize,
}

impl<T> Rows<T> {
    fn new(buffer: &mut [T], width: usize) -> Self {
        Self { count: buffer.len().checked_div(width).unwrap_or(0), first: Shared::new(buffer), width }
    }

    /// `count` rows from `row` on; none of a buffer that is empty.
    ///
    /// # Safety
    /// Nothing else writes to these rows while the result lives, and nothing reads them if it is written to.
    unsafe fn get<'a>(self, row: usize, count: usize) -> &'a mut [T] {
        if self.count == 0 {
            return &mut [];
        }
        assert!(row + count <= self.count, "a recurrent layer leaves its buffer");
        // SAFETY: the rows lie in the buffer; the caller vouches for their use.
        unsafe { self.first.slice(row * self.width, count * self.width) }
    }
}

/// `count` rows of `width` elements from `row` on.
fn rows<T>(buffer: &[T], width: usize, row: usize, count: usize) -> &[T] {
    &buffer[row * width..(row + count) * width]
}

/// The weights of a layer and the sizes that follow from them.
#[derive(Clone, Copy)]
pub(crate) struct Layer<'a, T> {
    pub(crate) cell: Cell,
    pub(crate) schedule: &'a Schedule,
    /// Units, H.
    pub(crate) hidden: usize,
    /// Elements of a hidden state: H, or what it is projected to.
    pub(crate) width: usize,
    /// [gates·H, width].
    pub(crate) weight_hh: &'a [T],
    /// [width, H].
    pub(crate) weight_hr: Option<&'a [T]>,
}

/// What a pass through the steps reads and writes: a row for each step of each entry.
pub(crate) struct Pass<'a, T> {
    /// [rows, gates·H]: the inputs' share, which becomes the activated gates.
    pub(crate) gates: &'a mut [T],
    /// The cell states of an LSTM, [batch + rows, H], the initial ones filled in; of a GRU the product inside the
    /// reset, [rows, H].
    pub(crate) carry: &'a mut [T],
    /// [batch + rows, width], the initial ones filled in.
    pub(crate) states: &'a mut [T],
}

impl<T: Float> Layer<'_, T> {
    /// Goes through the steps. `bias` is added to the gates, `bias_n` to a GRU's product inside the reset.
    pub(crate) fn forward(&self, bias: &[T], bias_n: &[T], pass: Pass<T>) {
        let Self { cell, schedule, hidden, width, .. } = *self;
        let wide = cell.gates() * hidden;
        let gates = Rows::new(pass.gates, wide);
        let (carry, states) = (Rows::new(pass.carry, hidden), Rows::new(pass.states, width));
        let steps = schedule.steps.len();
        // Transposed: rows `from` to `to` of the weight are columns.
        let columns = |from: usize, to: usize| {
            let rows = &self.weight_hh[from * width..to * width];
            Panels::new(steps, Matrices::row_major(rows, to - from, width).transposed(), width, to - from)
        };
        // With the reset before the product, that of the candidate goes by itself.
        let first = if cell == (Cell::Gru { reset_after: false }) { 2 * hidden } else { wide };
        let (of_state, of_reset) = (columns(0, first), columns(first, wide));
        let projection = self
            .weight_hr
            .map(|w| Panels::new(steps, Matrices::row_major(w, width, hidden).transposed(), hidden, width));
        for_pieces(schedule.batch, self.weight_hh.len(), &|entries, threads| {
            let mut scratch = Scratch::new(4 * entries.len() * hidden);
            for (k, &(start, _)) in schedule.steps.iter().enumerate() {
                let n = schedule.taking_part(k, &entries);
                if n == 0 {
                    break;
                }
                let (row, before) = (start + entries.start, schedule.before(k) + entries.start);
                let after = row + schedule.shift;
                // SAFETY: these rows are this piece's, and a step reads other states than it writes.
                let (gates, h_before, h) =
                    unsafe { (gates.get(row, n), &*states.get(before, n), states.get(after, n)) };
                let state = Matrices::row_major(h_before, n, width);
                match cell {
                    Cell::RnnTanh | Cell::RnnRelu => {
                        of_state.product(threads, n, state, gates, true);
                        rnn::forward(cell == Cell::RnnRelu, bias, gates, h);
                    }
                    Cell::Lstm => {
                        // SAFETY: as above.
                        let (c_before, c) = unsafe { (&*carry.get(before, n), carry.get(after, n)) };
                        of_state.product(threads, n, state, gates, true);
                        if let Some(projection) = &projection {
                            let output = &mut scratch[..n * hidden];
                            lstm::forward(hidden, bias, gates, c_before, c, output);
                            let output = Matrices::row_major(&*output, n, hidden);
                            projection.product(threads, n, output, h, false);
                        } else {
                            lstm::forward(hidden, bias, gates, c_before, c, h);
                        }
                    }
                    Cell::Gru { reset_after: true } => {
                        let products = &mut scratch[..n * wide];
                        of_state.product(threads, n, state, products, false);
                        // SAFETY: as above.
                        let u = unsafe { carry.get(row, n) };
                        gru::forward(hidden, bias, bias_n, gates, products, h_before, u, h);
                    }
                    Cell::Gru { reset_after: false } => {
                        let (products, kept) = scratch.split_at_mut(2 * entries.len() * hidden);
                        let kept = &mut kept[..n * hidden];
                        let of_two = &mut products[..n * 2 * hidden];
                        of_state.product(threads, n, state, of_two, false);
                        gru::reset(hidden, bias, gates, of_two, h_before, kept);
                        let of_n = &mut products[..n * hidden];
                        let kept = Matrices::row_major(&*kept, n, hidden);
                        of_reset.product(threads, n, kept, of_n, false);
                        gru::candidate(hidden, bias, bias_n, gates, of_n, h_before, h);
                    }
                }
            }
        });
    }

    /// Goes back through the steps. `dy` is the gradient of the states after each step, [rows, width].
    pub(crate) fn backward(&self, kept: Kept<T>, dy: Option<&[T]>, found: Found<T>) {
        let Self { cell, schedule, hidden, width, weight_hh, weight_hr, .. } = *self;
        let wide = cell.gates() * hidden;
        let gates = |row, n| rows(kept.gates, wide, row, n);
        let carry = |row, n| rows(kept.carry, hidden, row, n);
        let states = |row, n| rows(kept.states, width, row, n);
        let (dh, dc) = (Rows::new(found.dh, width), Rows::new(found.dc, hidden));
        let d_gates = Rows::new(found.d_gates, wide);
        let (d_products, d_states) = (Rows::new(found.d_products, wide), Rows::new(found.d_states, width));
        let inner = Rows::new(found.inner, hidden);
        let steps = schedule.steps.len();
        let rows_of_weight = |from: usize, to: usize| {
            let rows = Matrices::row_major(&weight_hh[from * width..to * width], to - from, width);
            Panels::new(steps, rows, to - from, width)
        };
        let first = if cell == (Cell::Gru { reset_after: false }) { 2 * hidden } else { wide };
        let (of_state, of_reset) = (rows_of_weight(0, first), rows_of_weight(first, wide));
        let projection =
            weight_hr.map(|w| Panels::new(steps, Matrices::row_major(w, width, hidden), width, hidden));
        for_pieces(schedule.batch, weight_hh.len(), &|entries, threads| {
            let mut scratch = Scratch::new(entries.len() * hidden);
            for (k, &(start, _)) in schedule.steps.iter().enumerate().rev() {
                let n = schedule.taking_part(k, &entries);
                if n == 0 {
                    continue;
                }
                let (row, before) = (start + entries.start, schedule.before(k) + entries.start);
                let after = row + schedule.shift;
                let h_before = states(before, n);
                // SAFETY: these rows are this piece's.
                let (d_gates, dh) = unsafe { (d_gates.get(row, n), dh.get(entries.start, n)) };
                if let Some(dy) = dy {
                    vector::accumulate(dh, rows(dy, width, row, n));
                }
                let scratch = &mut scratch[..n * hidden];
                match cell {
                    Cell::RnnTanh | Cell::RnnRelu => {
                        rnn::backward(cell == Cell::RnnRelu, states(after, n), dh, d_gates);
                        let d_gates = Matrices::row_major(&*d_gates, n, wide);
                        of_state.product(threads, n, d_gates, dh, false);
                    }
                    Cell::Lstm => {
                        let (c_before, c) = (carry(before, n), carry(after, n));
                        // SAFETY: as above.
                        let dc = unsafe { dc.get(entries.start, n) };
                        if let Some(projection) = &projection {
                            // SAFETY: as above.
                            let (d_state, output) = unsafe { (d_states.get(row, n), inner.get(row, n)) };
                            d_state.copy_from_slice(dh);
                            lstm::output(hidden, gates(row, n), c, output);
                            let d_state = Matrices::row_major(&*d_state, n, width);
                            projection.product(threads, n, d_state, scratch, false);
                            lstm::backward(hidden, gates(row, n), c_before, c, scratch, dc, d_gates);
                        } else {
                            lstm::backward(hidden, gates(row, n), c_before, c, dh, dc, d_gates);
                        }
                        let d_gates = Matrices::row_major(&*d_gates, n, wide);
                        of_state.product(threads, n, d_gates, dh, false);
                    }
                    Cell::Gru { reset_after: true } => {
                        // SAFETY: as above.
                        let d_products = unsafe { d_products.get(row, n) };
                        gru::backward(
                            hidden,
                            gates(row, n),
                            carry(row, n),
                            h_before,
                            dh,
                            d_gates,
                            d_products,
                        );
                        let d_products = Matrices::row_major(&*d_products, n, wide);
                        of_state.product(threads, n, d_products, dh, true);
                    }
                    Cell::Gru { reset_after: false } => {
                        // SAFETY: as above.
                        let kept = unsafe { inner.get(row, n) };
                        gru::candidate_backward(hidden, gates(row, n), h_before, dh, d_gates, kept);
                        let of_two = 2 * hidden;
                        let dn = Matrices::row_major(&d_gates[of_two.min(d_gates.len())..], n, wide);
                        of_reset.product(threads, n, dn, scratch, false);
                        gru::reset_backward(hidden, gates(row, n), h_before, scratch, dh, d_gates);
                        let d_gates = Matrices::row_major(&*d_gates, n, wide);
                        of_state.product(threads, n, d_gates, dh, true);
                    }
                }
            }
        });
    }
}

/// What the forward pass left.
#[derive(Clone, Copy)]
pub(crate) struct Kept<'a, T> {
    pub(crate) gates: &'a [T],
    pub(crate) carry: &'a [T],
    pub(crate) states: &'a [T],
}

/// What a backward pass writes. Buffers that a cell has no use for are empty.
pub(crate) struct Found<'a, T> {
    /// [batch, width]: the gradient of the last states, which becomes that of the initial ones.
    pub(crate) dh: &'a mut [T],
    /// [batch, H]: of an LSTM's cell states.
    pub(crate) dc: &'a mut [T],
    /// [rows, gates·H].
    pub(crate) d_gates: &'a mut [T],
    /// [rows, gates·H]: of a GRU's products with the state, inside the reset.
    pub(crate) d_products: &'a mut [T],
    /// [rows, width]: of the states, where they are projected.
    pub(crate) d_states: &'a mut [T],
    /// [rows, H]: what is projected, or r·h of a GRU that resets before the product.
    pub(crate) inner: &'a mut [T],
}
