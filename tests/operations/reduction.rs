//! Rows: reductions over every set of axes.

use proptest::prelude::*;
use wengert::autodiff::Axes;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, shape, with_zeros};

/// One input, a set of its axes in any order, and what is told of the axes reduced by their sizes.
pub(crate) fn over_axes(accept: fn(&[usize], &[usize]) -> bool) -> impl Strategy<Value = Plan<Axes>> {
    let axes_of = |s: Vec<usize>| {
        let rank = s.len();
        let some = prop::sample::subsequence((0..rank).collect::<Vec<_>>(), 0..=rank).prop_shuffle();
        let axes = prop_oneof![1 => Just(None), 4 => some.prop_map(Some)];
        (axes, prop::collection::vec(any::<bool>(), rank), any::<bool>(), Just(s))
    };
    let plan = move |(axes, from_end, keep, s): (Option<Vec<usize>>, Vec<bool>, bool, Vec<usize>)| {
        let (over, kept): (Vec<usize>, Vec<usize>) = match &axes {
            None => ((0..s.len()).collect(), vec![]),
            Some(axes) => (axes.clone(), (0..s.len()).filter(|a| !axes.contains(a)).collect()),
        };
        let sizes = |axes: &[usize]| axes.iter().map(|&a| s[a]).collect::<Vec<_>>();
        if !accept(&sizes(&over), &sizes(&kept)) {
            return None;
        }
        let named = |axes: &Vec<usize>| {
            let name = |&a: &usize| if from_end[a] { a as isize - s.len() as isize } else { a as isize };
            Axes::from(&axes.iter().map(name).collect::<Vec<_>>()[..])
        };
        let axes = axes.as_ref().map_or(Axes::from(..), named);
        Some((vec![s], if keep { keepdim(axes) } else { axes }))
    };
    shape(0..=3).prop_flat_map(axes_of).prop_filter_map("the reduction is defined", plan)
}

/// Every result is made of at least one element.
pub(crate) fn not_of_nothing(over: &[usize], kept: &[usize]) -> bool {
    !over.contains(&0) || kept.contains(&0)
}

/// Every result is made of at least two elements.
pub(crate) fn of_several(over: &[usize], kept: &[usize]) -> bool {
    over.iter().product::<usize>() > 1 || kept.contains(&0)
}

row!(sum, cases(over_axes(|_, _| true), -2.0..=2.0), |x, axes: Axes| x[0].sum(axes.clone()));
row!(mean, cases(over_axes(not_of_nothing), -2.0..=2.0), |x, axes: Axes| x[0].mean(axes.clone()));
row!(max, cases(over_axes(not_of_nothing), -2.0..=2.0), |x, axes: Axes| x[0].max(axes.clone()));
row!(min, cases(over_axes(not_of_nothing), -2.0..=2.0), |x, axes: Axes| x[0].min(axes.clone()));
row!(var, cases(over_axes(of_several), -2.0..=2.0), |x, axes: Axes| {
    [x[0].var(axes.clone(), 0), x[0].var(axes.clone(), 1)]
});
/// Products of not too many numbers, which neither vanish nor overflow.
fn of_some(over: &[usize], _: &[usize]) -> bool {
    over.iter().product::<usize>() <= 2000
}

row!(prod, with_zeros(cases(over_axes(of_some), 0.875..=1.125)), |x, axes: Axes| x[0].prod(axes.clone()));
row!(logsumexp, cases(over_axes(not_of_nothing), -3.0..=3.0), |x, axes: Axes| x[0].logsumexp(axes.clone()));
