//! Rows: losses and dropout.

use proptest::prelude::*;
use wengert::autodiff::check::Check;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, one_with, shape, size, some};

fn reduction() -> impl Strategy<Value = Reduction> {
    prop::sample::select(vec![Reduction::Mean, Reduction::Sum, Reduction::None])
}

/// A batch is empty only where its loss is defined.
fn sizes() -> impl Strategy<Value = (Vec<usize>, Reduction)> {
    (some(), size(), shape(0..=2), reduction()).prop_map(|(c, n, positions, reduction)| {
        let one = |&n: &usize| if reduction == Reduction::Mean { n.max(1) } else { n };
        let mut s = vec![one(&n), c];
        s.extend(positions.iter().map(one));
        (s, reduction)
    })
}

fn labelled() -> impl Strategy<Value = Plan<(Indices, Reduction)>> {
    sizes().prop_flat_map(|(s, reduction)| {
        let mut of_labels = s.clone();
        let classes = of_labels.remove(1) as i64;
        let labels = prop::collection::vec(0..classes, of_labels.iter().product::<usize>());
        let labels = labels.prop_map(move |ids| Indices::from_vec(&of_labels, ids));
        (Just(vec![s]), (labels, Just(reduction)))
    })
}

/// Batches that have a mean loss, under the methods that take it by default.
fn averaged() -> impl Strategy<Value = Plan<Indices>> {
    let mean = |(shapes, (labels, reduction))| (reduction == Reduction::Mean).then_some((shapes, labels));
    labelled().prop_filter_map("the loss is a mean", mean)
}

fn predicted() -> impl Strategy<Value = Plan<Reduction>> {
    sizes().prop_map(|(s, reduction)| (vec![s.clone(), s], reduction))
}

row!(cross_entropy, cases(labelled(), -3.0..=3.0), |x, o: (Indices, Reduction)| {
    x[0].cross_entropy_with(&o.0, o.1)
});
row!(cross_entropy_of_probabilities, cases(predicted(), 0.05..=0.95), |x, o: Reduction| {
    (&x[0] * 4.0).cross_entropy_with(&x[1], *o)
});
row!(binary_cross_entropy_with_logits, cases(predicted(), 0.05..=0.95), |x, o: Reduction| {
    (&x[0] * 8.0 - 4.0).binary_cross_entropy_with_logits_and(&x[1], *o)
});
row!(mse, cases(predicted(), -2.0..=2.0), |x, o: Reduction| x[0].mse_with(&x[1], *o));
row!(mean_losses, cases(averaged(), 0.05..=0.95), |x, labels: Indices| {
    let target = Tensor::full(x[0].shape(), 0.25);
    let probabilities = x[0].binary_cross_entropy_with_logits(&target);
    [x[0].cross_entropy(labels), x[0].cross_entropy(&target), x[0].mse(&target), probabilities]
});
row!(
    dropout,
    Check::new().order(2).training(7),
    cases(one_with(prop::sample::select(vec![0.0, 0.3, 0.5, 0.9, 1.0])), -2.0..=2.0),
    |x, p: f64| [x[0].dropout(*p), x[0].dropout(*p)]
);
