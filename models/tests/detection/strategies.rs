//! Random boxes.

use proptest::prelude::*;
use wengert::prelude::*;

/// Two boxes by their edges none of whose coordinates tie or nearly do, so that no kink is near: on each axis the four
/// edges stand at four different ones of eight places, moved by less than a third of the distance between places.
pub(crate) fn pair() -> impl Strategy<Value = [[f64; 4]; 2]> {
    let axis = || {
        let places = prop::sample::subsequence((0..8).collect::<Vec<i32>>(), 4).prop_shuffle();
        (places, prop::array::uniform4(0.0..0.3)).prop_map(|(places, moves)| {
            let mut at: Vec<f64> = places.iter().zip(moves).map(|(&p, m)| f64::from(p) + m).collect();
            at[..2].sort_by(f64::total_cmp);
            at[2..].sort_by(f64::total_cmp);
            at
        })
    };
    (axis(), axis()).prop_map(|(x, y)| [[x[0], y[0], x[1], y[1]], [x[2], y[2], x[3], y[3]]])
}

/// Pairs of such boxes, as two tensors [n, 4] with their centres apart or not, at least `least` of them.
pub(crate) fn pairs(least: usize) -> impl Strategy<Value = [Tensor<f64>; 2]> {
    prop::collection::vec(pair(), least..5).prop_map(|pairs| {
        [0, 1].map(|side| {
            let edges = pairs.iter().flat_map(|pair| pair[side]).collect();
            Tensor::from_vec([pairs.len(), 4], edges)
        })
    })
}

/// Any box at all, on a coarse grid so that edges tie often: without area, empty, equal to others.
pub(crate) fn coarse() -> impl Strategy<Value = [f64; 4]> {
    prop::array::uniform4((0..7).prop_map(f64::from))
}
