//! Rows: norms and what is measured with them.

use proptest::prelude::*;
use wengert::autodiff::Axes;
use wengert::autodiff::check::Check;
use wengert::prelude::*;

use crate::reduction::{not_of_nothing, of_several, over_axes};
use crate::row;
use crate::strategies::{Plan, axis, broadcastable, cases, shape, some};

const INF: f64 = f64::INFINITY;

/// Exponents; 0 apart, whose norm has no gradient.
fn exponent() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![2.0, 1.0, INF, -INF, 3.0, 1.5, 0.5, -1.0, 4.0, 2.5])
}

fn normed() -> impl Strategy<Value = Plan<(f64, Axes)>> {
    (over_axes(not_of_nothing), exponent()).prop_map(|((s, axes), p)| (s, (p, axes)))
}

/// Two shapes that broadcast to one whose axis is not empty.
fn vectors(last: bool) -> impl Strategy<Value = Plan<isize>> {
    let whole = shape(0..=2).prop_flat_map(|s| (axis(s.len() + 1), some(), Just(s)));
    let pair = move |(axis, n, mut s): (isize, usize, Vec<usize>)| {
        let axis = if last { -1 } else { axis };
        s.insert(axis.rem_euclid(s.len() as isize + 1) as usize, n);
        let rank = s.len();
        let other = broadcastable(s.clone());
        (Just(s), other, any::<bool>()).prop_map(move |(a, b, swap)| {
            // Counted from the end, the axis is the same in both.
            let axis = axis.rem_euclid(rank as isize) - rank as isize;
            (if swap { vec![b, a] } else { vec![a, b] }, axis)
        })
    };
    whole.prop_flat_map(pair)
}

fn along() -> impl Strategy<Value = Plan<(isize, f64)>> {
    let p = prop::sample::select(vec![2.0, 1.0, 3.0, INF]);
    (vectors(false), p)
        .prop_map(|((s, axis), p)| (vec![s.into_iter().max_by_key(Vec::len).unwrap()], (axis, p)))
}

row!(norm, cases(normed(), 0.25..=2.5), |x, o: (f64, Axes)| {
    // Of both signs, and none near the others' size.
    let signs = (0..x[0].len()).map(|i| T::from_f64([1.0, -1.0, -1.0][i % 3])).collect();
    [(&x[0] * Tensor::from_vec(x[0].shape(), signs)).norm(o.0, o.1.clone()), x[0].norm(o.0, o.1.clone())]
});
row!(std, cases(over_axes(of_several), -2.0..=2.0), |x, axes: Axes| {
    [x[0].std(axes.clone(), 0), x[0].std(axes.clone(), 1)]
});
row!(std_mean, cases(over_axes(of_several), -2.0..=2.0), |x, axes: Axes| {
    <[_; 2]>::from(x[0].std_mean(axes.clone(), 1))
});
row!(var_mean, cases(over_axes(of_several), -2.0..=2.0), |x, axes: Axes| {
    <[_; 2]>::from(x[0].var_mean(axes.clone(), 1))
});
// Vectors of one element, or along each other, have no gradient: what is measured there is rounding.
row!(
    cosine_similarity,
    Check::new().order(2).tolerance(2e-6),
    cases(vectors(false), -2.0..=2.0),
    |x, axis: isize| {
        [x[0].cosine_similarity(&x[1], *axis, 1e-8), x[0].cosine_similarity(&x[1], *axis, 0.712345)]
    }
);
row!(
    pairwise_distance,
    cases(
        (vectors(true), prop::sample::select(vec![2.0, 1.0, 3.0]), any::<bool>())
            .prop_map(|((s, _), p, keep)| (s, (p, keep))),
        -2.0..=2.0
    ),
    |x, o: (f64, bool)| x[0].pairwise_distance(&x[1], o.0, 1e-6, o.1)
);
row!(normalize, cases(along(), 0.25..=2.5), |x, o: (isize, f64)| {
    [x[0].normalize(o.1, o.0, 1e-12), x[0].normalize(o.1, o.0, 8.0)]
});

/// What rows cannot have: a norm without a gradient, the zero vector, and sizes whose squares overflow.
#[test]
fn norms_at_the_edges() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::from_vec([2, 2], vec![0.0, 0.0, 3.0, 4.0]));
    assert_eq!(x.norm(0.0, 1).to_vec(), [0.0, 2.0]);
    assert!(!x.norm(0.0, 1).requires_grad());
    for p in [0.5, 1.5, 2.0, 3.0, -1.0] {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::zeros([3]));
        let grads = x.norm(p, ..).backward_with(Replay::new().create_graph(true));
        let first = grads.get(&x).unwrap().clone();
        assert_eq!(first.to_vec(), [0.0; 3], "p = {p}");
        assert_eq!(first.sum(..).backward().get(&x).unwrap().to_vec(), [0.0; 3], "p = {p}, second order");
    }
    // An element 0 beside others: the subgradient 0, and the others' gradients as without it.
    for p in [0.5, 1.5, 2.0, 3.0] {
        let gradient = |x: &[f64]| {
            let x = Tape::new().variable(Tensor::<f64>::from_vec([x.len()], x.to_vec()));
            x.norm(p, ..).backward().get(&x).unwrap().to_vec()
        };
        assert_eq!(gradient(&[0.0, 1.0, -2.0]), [&[0.0], &gradient(&[1.0, -2.0])[..]].concat(), "p = {p}");
    }
    for scale in [1e300, 1e-300] {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::from_vec([2], vec![3.0, 4.0]) * scale);
        let y = x.norm(2.0, ..);
        assert!((y.item() / scale - 5.0).abs() < 1e-15 * 5.0, "{y}");
        let g = y.backward().get(&x).unwrap().to_vec();
        assert!((g[0] - 0.6).abs() < 1e-15 && (g[1] - 0.8).abs() < 1e-15, "{g:?}");
    }
    // No deviation is a kink like the zero vector.
    let x = tape.variable(Tensor::<f64>::full([3], 7.0));
    assert_eq!(x.std(.., 1).backward().get(&x).unwrap().to_vec(), [0.0; 3]);
}
