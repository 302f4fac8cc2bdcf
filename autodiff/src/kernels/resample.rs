//! Linear resampling of planes along their rows and columns.
//!
//! Along an axis each element of the result is a weighted sum of some elements of the input: the taps, a
//! sparse matrix that is made once for an axis. Its transpose is of the same kind, so the adjoint of a
//! resampling is a resampling again, and adds what comes together in a fixed order.
//!
//! Columns are combined element by element, rows as whole vectors. Where an axis of rows grows the columns
//! are resampled first, and the rows that this gives are reused; where it shrinks the rows go first.

use std::ops::Range;

use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::scratch::Scratch;
use super::simd::vectorized;
use crate::Float;

/// Which elements of an axis of the input each element of the result is made of.
pub(crate) struct Taps<T> {
    /// Elements of the input's axis.
    input: usize,
    /// Where the taps of each element of the result begin, and the end.
    starts: Vec<usize>,
    /// For each tap an element of the input, ascending, and its weight.
    places: Vec<usize>,
    weights: Vec<T>,
    /// Neighbouring elements of the result with equally many taps, and how many.
    runs: Vec<(Range<usize>, usize)>,
    /// Whether the result is the input.
    identity: bool,
}

impl<T: Float> Taps<T> {
    /// From the taps of each element of the result.
    pub(crate) fn new<R>(input: usize, rows: impl ExactSizeIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item = (usize, f64)>,
    {
        let mut starts = Vec::with_capacity(rows.len() + 1);
        let (mut places, mut weights) = (Vec::new(), Vec::new());
        let mut identity = rows.len() == input;
        for (o, row) in rows.enumerate() {
            starts.push(places.len());
            let mut ones = 0;
            for (place, weight) in row {
                assert!(place < input, "resample: tap {place} of {input}");
                identity &= weight == 0.0 || (weight == 1.0 && place == o);
                ones += usize::from(weight == 1.0);
                places.push(place);
                weights.push(T::from_f64(weight));
            }
            identity &= ones == 1;
        }
        starts.push(places.len());
        Self::from_parts(input, starts, places, weights, identity)
    }

    /// A result that is the input.
    pub(crate) fn identity(n: usize) -> Self {
        Self::from_parts(n, vec![0; n + 1], Vec::new(), Vec::new(), true)
    }

    fn from_parts(
        input: usize,
        starts: Vec<usize>,
        places: Vec<usize>,
        weights: Vec<T>,
        identity: bool,
    ) -> Self {
        let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
        for (o, bounds) in starts.windows(2).enumerate() {
            let count = bounds[1] - bounds[0];
            match runs.last_mut() {
                Some((range, same)) if *same == count => range.end = o + 1,
                _ => runs.push((o..o + 1, count)),
            }
        }
        Self { input, starts, places, weights, runs, identity }
    }

    /// The adjoint: each element of the result adds to those it was made of.
    pub(crate) fn transposed(&self) -> Self {
        let mut starts = vec![0; self.input + 1];
        for &place in &self.places {
            starts[place + 1] += 1;
        }
        for i in 0..self.input {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let (mut places, mut weights) = (vec![0; self.places.len()], vec![T::zero(); self.places.len()]);
        for o in 0..self.output() {
            for tap in self.range(o) {
                let to = &mut next[self.places[tap]];
                (places[*to], weights[*to]) = (o, self.weights[tap]);
                *to += 1;
            }
        }
        Self::from_parts(self.output(), starts, places, weights, self.identity)
    }

    /// Elements of the result.
    fn output(&self) -> usize {
        self.starts.len() - 1
    }

    fn range(&self, o: usize) -> Range<usize> {
        self.starts[o]..self.starts[o + 1]
    }

    /// The elements of the input that a part of the result is made of lie in this range.
    fn sources(&self, part: Range<usize>) -> Range<usize> {
        let places = &self.places[self.starts[part.start]..self.starts[part.end]];
        match (places.iter().min(), places.iter().max()) {
            (Some(&first), Some(&last)) => first..last + 1,
            _ => 0..0,
        }
    }

    /// One row of the result from a row of the input.
    #[inline(always)]
    fn along(&self, x: &[T], y: &mut [T]) {
        for (part, count) in &self.runs {
            let taps = self.starts[part.start]..self.starts[part.end];
            let (places, weights) = (&self.places[taps.clone()], &self.weights[taps]);
            let y = &mut y[part.clone()];
            match count {
                0 => y.fill(T::zero()),
                1 => gather::<T, 1>(places, weights, x, y),
                2 => gather::<T, 2>(places, weights, x, y),
                3 => gather::<T, 3>(places, weights, x, y),
                4 => gather::<T, 4>(places, weights, x, y),
                _ => {
                    let taps = places.chunks_exact(*count).zip(weights.chunks_exact(*count));
                    for (y, (places, weights)) in y.iter_mut().zip(taps) {
                        let first = x[places[0]] * weights[0];
                        let rest = places[1..].iter().zip(&weights[1..]);
                        *y = rest.fold(first, |sum, (&place, &weight)| sum + x[place] * weight);
                    }
                }
            }
        }
    }

    /// Row `o` of the result from the rows of the input, `y.len()` elements each, of which `x` holds those
    /// from `first` on.
    #[inline(always)]
    fn across(&self, o: usize, x: &[T], first: usize, y: &mut [T]) {
        let width = y.len();
        let row = |tap: usize| &x[(self.places[tap] - first) * width..][..width];
        let weight = |tap: usize| self.weights[tap];
        let Range { start, end } = self.range(o);
        let mut tap = start;
        match end - start {
            0 => y.fill(T::zero()),
            1 => {
                add::<T, 1, false>([row(tap)], [weight(tap)], y);
                tap += 1;
            }
            2 | 3 => {
                add::<T, 2, false>([row(tap), row(tap + 1)], [weight(tap), weight(tap + 1)], y);
                tap += 2;
            }
            _ => {
                let taps = [tap, tap + 1, tap + 2, tap + 3];
                add::<T, 4, false>(taps.map(row), taps.map(weight), y);
                tap += 4;
            }
        }
        while tap + 1 < end {
            add::<T, 2, true>([row(tap), row(tap + 1)], [weight(tap), weight(tap + 1)], y);
            tap += 2;
        }
        if tap < end {
            add::<T, 1, true>([row(tap)], [weight(tap)], y);
        }
    }
}

/// y\[i\] ← Σ x\[places\[K·i + k\]\] · weights\[K·i + k\] over k.
#[inline(always)]
fn gather<T: Float, const K: usize>(places: &[usize], weights: &[T], x: &[T], y: &mut [T]) {
    let taps = places.as_chunks::<K>().0.iter().zip(weights.as_chunks::<K>().0);
    for (y, (places, weights)) in y.iter_mut().zip(taps) {
        let mut sum = x[places[0]] * weights[0];
        for k in 1..K {
            sum += x[places[k]] * weights[k];
        }
        *y = sum;
    }
}

/// y ← Σ weights\[k\] · rows\[k\] over k, added to y if `ADD`.
#[inline(always)]
fn add<T: Float, const K: usize, const ADD: bool>(rows: [&[T]; K], weights: [T; K], y: &mut [T]) {
    let n = y.len();
    let rows = rows.map(|row| &row[..n]);
    for (i, y) in y.iter_mut().enumerate() {
        let first = rows[0][i] * weights[0];
        let mut sum = if ADD { *y + first } else { first };
        for k in 1..K {
            sum += rows[k][i] * weights[k];
        }
        *y = sum;
    }
}

/// y `[planes, P, Q]` ← x `[planes, H, W]`, resampled from H to P rows and from W to Q columns.
pub(crate) fn resample<T: Float>(planes: usize, rows: &Taps<T>, columns: &Taps<T>, x: &[T], y: &mut [T]) {
    let (source, (height, width)) = (rows.input * columns.input, (rows.output(), columns.output()));
    assert!(
        x.len() == planes * source && y.len() == planes * height * width,
        "resample: elements of the input and the output"
    );
    if y.is_empty() {
        return;
    }
    let per_piece = CHUNK.div_ceil(width);
    let room = room(rows, columns, per_piece.min(height));
    let work = y.len() + x.len();
    let target = Shared::new(y);
    // A piece is some rows of the result, perhaps of several planes.
    let piece = |i: usize| {
        let (mut row, end) = (i * per_piece, ((i + 1) * per_piece).min(planes * height));
        let mut scratch = Scratch::new(room);
        while row < end {
            let (plane, first) = (row / height, row % height);
            let part = first..height.min(first + end - row);
            let x = &x[plane * source..][..source];
            // SAFETY: the rows of the pieces do not overlap.
            let y = unsafe { target.slice(row * width, part.len() * width) };
            row += part.len();
            vectorized(
                #[inline(always)]
                || resample_rows(rows, columns, part.clone(), x, y, &mut scratch),
            );
        }
    };
    let pieces = (planes * height).div_ceil(per_piece);
    if worthwhile(work) {
        each(pieces, 1, &piece);
    } else {
        (0..pieces).for_each(piece);
    }
}

/// Whether the columns go before the rows.
fn columns_first<T: Float>(rows: &Taps<T>) -> bool {
    rows.output() >= rows.input
}

/// Elements that [`resample_rows`] has to keep for a part of at most `most` rows.
fn room<T: Float>(rows: &Taps<T>, columns: &Taps<T>, most: usize) -> usize {
    if rows.identity || columns.identity {
        return 0;
    }
    if !columns_first(rows) {
        return columns.input;
    }
    let parts = (0..rows.output()).map(|o| rows.sources(o..(o + most).min(rows.output())).len());
    parts.max().unwrap_or(0) * columns.output()
}

/// Some rows of one plane of the result.
#[inline(always)]
fn resample_rows<T: Float>(
    rows: &Taps<T>,
    columns: &Taps<T>,
    part: Range<usize>,
    x: &[T],
    y: &mut [T],
    scratch: &mut [T],
) {
    let (from, to) = (columns.input, columns.output());
    if rows.identity {
        let x = &x[part.start * from..part.end * from];
        if columns.identity {
            y.copy_from_slice(x);
        } else {
            for (x, y) in x.chunks_exact(from).zip(y.chunks_exact_mut(to)) {
                columns.along(x, y);
            }
        }
    } else if columns.identity {
        for (o, y) in part.zip(y.chunks_exact_mut(to)) {
            rows.across(o, x, 0, y);
        }
    } else if columns_first(rows) {
        let sources = rows.sources(part.clone());
        let lines = x[sources.start * from..sources.end * from].chunks_exact(from);
        for (x, line) in lines.zip(scratch.chunks_exact_mut(to)) {
            columns.along(x, line);
        }
        for (o, y) in part.zip(y.chunks_exact_mut(to)) {
            rows.across(o, scratch, sources.start, y);
        }
    } else {
        for (o, y) in part.zip(y.chunks_exact_mut(to)) {
            rows.across(o, x, 0, scratch);
            columns.along(scratch, y);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    /// Rows of a sparse matrix with whole weights, whose sums are exact.
    fn matrix(output: usize, input: usize) -> impl Strategy<Value = Vec<Vec<(usize, f64)>>> {
        let tap = (0..input, (-3..4i32).prop_map(f64::from));
        vec(vec(tap, 0..7), output)
    }

    fn taps(input: usize, rows: &[Vec<(usize, f64)>]) -> Taps<f64> {
        Taps::new(input, rows.iter().cloned())
    }

    fn whole(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919 + 13) % 19) as f64 - 9.0).collect()
    }

    fn check(planes: usize, [h, w]: [usize; 2], rows: &[Vec<(usize, f64)>], columns: &[Vec<(usize, f64)>]) {
        let (p, q) = (rows.len(), columns.len());
        let (x, dy) = (whole(planes * h * w), whole(planes * p * q));
        let (row_taps, column_taps) = (taps(h, rows), taps(w, columns));
        let (y, dx) = same_at_any_thread_count(|| {
            let (mut y, mut dx) = (vec![1.0; dy.len()], vec![1.0; x.len()]);
            resample(planes, &row_taps, &column_taps, &x, &mut y);
            resample(planes, &row_taps.transposed(), &column_taps.transposed(), &dy, &mut dx);
            (y, dx)
        });
        let (mut sums, mut spread) = (vec![0.0; y.len()], vec![0.0; x.len()]);
        for i in 0..planes {
            for (o, row) in rows.iter().enumerate() {
                for (c, column) in columns.iter().enumerate() {
                    for (r, a) in row {
                        for (s, b) in column {
                            let (from, to) = ((i * h + r) * w + s, (i * p + o) * q + c);
                            sums[to] += a * b * x[from];
                            spread[from] += a * b * dy[to];
                        }
                    }
                }
            }
        }
        assert_eq!(y, sums);
        assert_eq!(dx, spread);
    }

    proptest! {
        #[test]
        fn any_resampling((planes, size, rows, columns) in
            (0usize..4, [1usize..7, 1usize..7], 1usize..9, 1usize..9).prop_flat_map(|(planes, [h, w], p, q)| {
                (Just(planes), Just([h, w]), matrix(p, h), matrix(q, w))
            })
        ) {
            check(planes, size, &rows, &columns);
        }
    }

    #[test]
    fn large_planes_and_many() {
        let spread = |n: usize, m: usize| -> Vec<Vec<(usize, f64)>> {
            let taps = |o: usize| vec![(o * n / m, 1.0), ((o * n / m + 1).min(n - 1), 2.0)];
            (0..m).map(taps).collect()
        };
        let same = |n: usize| -> Vec<Vec<(usize, f64)>> { (0..n).map(|o| vec![(o, 1.0)]).collect() };
        for (planes, [h, w], [p, q]) in [
            (1, [100, 150], [230, 310]),
            (2, [230, 310], [100, 150]),
            (300, [9, 7], [18, 14]),
            (3, [7, 40_000], [9, 40_000]),
            (2, [200, 100], [200, 90]),
        ] {
            let rows = if h == p { same(h) } else { spread(h, p) };
            let columns = if w == q { same(w) } else { spread(w, q) };
            check(planes, [h, w], &rows, &columns);
        }
    }

    #[test]
    fn a_result_that_is_the_input_is_known() {
        assert!(taps(2, &[vec![(0, 1.0), (1, 0.0)], vec![(1, 1.0)]]).identity);
        assert!(!taps(2, &[vec![(0, 1.0)], vec![(1, 2.0)]]).identity);
        assert!(!taps(2, &[vec![(1, 1.0)], vec![(0, 1.0)]]).identity);
        assert!(!taps(1, &[vec![(0, 1.0), (0, 1.0)]]).identity);
        assert!(!taps(1, &[vec![(0, 0.0)]]).identity);
        assert!(!taps(3, &[vec![(0, 1.0)], vec![(1, 1.0)]]).identity);
    }
}
