//! Rows: losses of labels and of single elements, and dropout. The kinks of losses lie between the values that
//! [`pattern`] spreads: predictions stand within 0.2 of them.

use proptest::prelude::*;
use wengert::autodiff::check::Check;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, one_with, shape, size, some};

pub(crate) fn reduction() -> impl Strategy<Value = Reduction> {
    prop::sample::select(vec![Reduction::Mean, Reduction::Sum, Reduction::None])
}

/// A tensor of a shape in which some numbers take turns.
pub(crate) fn pattern<T: Float>(shape: &[usize], numbers: &[f64]) -> Tensor<T> {
    let n = shape.iter().product::<usize>();
    Tensor::from_vec(shape, (0..n).map(|i| T::from_f64(numbers[(i * 7 + i / 5) % numbers.len()])).collect())
}

/// A batch is empty only where its loss is defined.
pub(crate) fn sizes() -> impl Strategy<Value = (Vec<usize>, Reduction)> {
    (some(), size(), shape(0..=2), reduction()).prop_map(|(c, n, positions, reduction)| {
        let one = |&n: &usize| if reduction == Reduction::Mean { n.max(1) } else { n };
        let mut s = vec![one(&n), c];
        s.extend(positions.iter().map(one));
        (s, reduction)
    })
}

/// How class labels count.
#[derive(Clone, Debug)]
struct Classes {
    labels: Indices,
    weight: Option<Vec<f64>>,
    ignored: i64,
    smoothing: f64,
    reduction: Reduction,
}

impl Classes {
    fn cross_entropy(&self) -> CrossEntropyOptions {
        let options = CrossEntropyOptions::new()
            .ignore_index(self.ignored)
            .label_smoothing(self.smoothing)
            .reduction(self.reduction);
        match &self.weight {
            Some(weight) => options.weight(&weight[..]),
            None => options,
        }
    }

    fn nll(&self) -> NllOptions {
        let options = NllOptions::new().ignore_index(self.ignored).reduction(self.reduction);
        match &self.weight {
            Some(weight) => options.weight(&weight[..]),
            None => options,
        }
    }
}

/// Scores of classes with labels, some of them to be ignored, but not the first.
fn labelled() -> impl Strategy<Value = Plan<Classes>> {
    let extra = (
        any::<bool>(),
        prop::sample::select(vec![-100i64, -1, 0]),
        prop::sample::select(vec![0.0, 0.1, 1.0]),
    );
    (sizes(), extra, any::<bool>()).prop_flat_map(
        |((s, reduction), (weighted, ignored, smoothing), alone)| {
            let alone = alone && s.len() == 2;
            let mut of_labels = s.clone();
            let classes = of_labels.remove(1) as i64;
            let n = if alone { 1 } else { of_labels.iter().product::<usize>() };
            let (s, of_labels) = if alone { (vec![s[1]], vec![]) } else { (s, of_labels) };
            let drawn = prop::collection::vec((0..classes, prop::bool::weighted(0.2)), n);
            let classes = drawn.prop_map(move |drawn| {
                let label = |(i, (id, ignore)): (usize, (i64, bool))| match i {
                    0 if classes > 1 && id == ignored => 1,
                    0 => id,
                    _ if ignore => ignored,
                    _ => id,
                };
                // With one class, which may be the ignored one, none may be left to make a mean of.
                let ignored = if classes == 1 { -100 } else { ignored };
                let ids =
                    drawn.into_iter().enumerate().map(label).map(|id| if classes == 1 { 0 } else { id });
                Classes {
                    labels: Indices::from_vec(&of_labels, ids.collect()),
                    weight: weighted.then(|| (0..classes).map(|c| 0.5 + (c % 4) as f64 * 0.75).collect()),
                    ignored,
                    smoothing,
                    reduction,
                }
            });
            (Just(vec![s]), classes)
        },
    )
}

/// Batches that have a mean loss, under the methods that take it by default.
fn averaged() -> impl Strategy<Value = Plan<Indices>> {
    sizes().prop_filter_map("the loss is a mean", |(s, reduction)| {
        let mut of_labels = s.clone();
        let classes = of_labels.remove(1) as i64;
        let labels = (0..of_labels.iter().product::<usize>() as i64).map(|i| (i * 5 + 1) % classes).collect();
        (reduction == Reduction::Mean).then(|| (vec![s], Indices::from_vec(of_labels, labels)))
    })
}

fn predicted() -> impl Strategy<Value = Plan<Reduction>> {
    sizes().prop_map(|(s, reduction)| (vec![s.clone(), s], reduction))
}

fn predicted_with<O: Clone + std::fmt::Debug + 'static>(
    options: Vec<O>,
) -> impl Strategy<Value = Plan<(O, Reduction)>> {
    (predicted(), prop::sample::select(options)).prop_map(|((s, reduction), o)| (s, (o, reduction)))
}

/// Which factors and which mask: weight, positive weight, mask.
fn factors() -> impl Strategy<Value = Plan<([bool; 3], Reduction)>> {
    let some_of = (any::<bool>(), any::<bool>(), any::<bool>());
    (predicted(), some_of).prop_map(|((s, reduction), (a, b, c))| (s, ([a, b, c], reduction)))
}

/// All known but every third, beginning with the second.
fn known(shape: &[usize]) -> Mask {
    Mask::from_vec(shape, (0..shape.iter().product()).map(|i: usize| i % 3 != 1).collect())
}

/// The labels 1 and −1 in the shape of scores.
pub(crate) fn signs(shape: &[usize]) -> Indices {
    let n = shape.iter().product::<usize>();
    Indices::from_vec(shape, (0..n).map(|i| if (i * i + i / 3) % 2 == 0 { 1 } else { -1 }).collect())
}

row!(cross_entropy, cases(labelled(), -3.0..=3.0), |x, o: Classes| {
    x[0].cross_entropy_with(&o.labels, o.cross_entropy())
});
row!(nll_loss, cases(labelled(), -3.0..=0.0), |x, o: Classes| x[0].nll_loss_with(&o.labels, o.nll()));
row!(
    cross_entropy_of_probabilities,
    cases(predicted_with(vec![(0.0, false), (0.0, true), (0.25, false), (0.25, true)]), 0.05..=0.95),
    |x, o: ((f64, bool), Reduction)| {
        let ((smoothing, weighted), reduction) = *o;
        let options = CrossEntropyOptions::new().label_smoothing(smoothing).reduction(reduction);
        let classes = x[0].shape()[1];
        (&x[0] * 4.0).cross_entropy_with(
            &x[1],
            if weighted {
                options.weight((0..classes).map(|c| 0.5 + (c % 4) as f64).collect::<Vec<_>>())
            } else {
                options
            },
        )
    }
);
row!(binary_cross_entropy, cases(factors(), 0.05..=0.95), |x, o: ([bool; 3], Reduction)| {
    let ([weighted, _, masked], reduction) = *o;
    let mut options = BceOptions::new().reduction(reduction);
    if weighted {
        options = options.weight(&pattern(&x[0].shape()[1..], &[0.5, 2.0, 1.0]));
    }
    if masked {
        options = options.known(&known(x[0].shape()));
    }
    x[0].binary_cross_entropy_with(&x[1], options)
});
row!(binary_cross_entropy_with_logits, cases(factors(), 0.05..=0.95), |x, o: ([bool; 3], Reduction)| {
    let ([weighted, balanced, masked], reduction) = *o;
    let mut options = BceWithLogitsOptions::new().reduction(reduction);
    if weighted {
        options = options.weight(&pattern(&x[0].shape()[1..], &[0.5, 2.0, 1.0]));
    }
    if balanced {
        options = options.pos_weight(&pattern(&x[0].shape()[1..], &[3.0, 0.25]));
    }
    if masked {
        options = options.known(&known(x[0].shape()));
    }
    (&x[0] * 8.0 - 4.0).binary_cross_entropy_with_logits_and(&x[1], options)
});
row!(
    sigmoid_focal_loss,
    cases(
        predicted_with(vec![
            (Some(0.25), 2.0),
            (None, 2.0),
            (Some(0.75), 0.0),
            (Some(0.5), 1.0),
            (None, 2.5),
            (None, 0.5)
        ]),
        0.05..=0.95
    ),
    |x, o: ((Option<f64>, f64), Reduction)| {
        let ((alpha, gamma), reduction) = *o;
        let options = FocalOptions::new().alpha(alpha).gamma(gamma).reduction(reduction);
        (&x[0] * 8.0 - 4.0).sigmoid_focal_loss_with(&x[1], options)
    }
);
row!(
    softmax_focal_loss,
    cases(
        (averaged(), reduction(), prop::sample::select(vec![0.0, 1.0, 2.0, 2.5]))
            .prop_map(|((s, l), r, g)| (s, (l, r, g))),
        -3.0..=3.0
    ),
    |x, o: (Indices, Reduction, f64)| {
        let options = SoftmaxFocalOptions::new().gamma(o.2).reduction(o.1);
        x[0].softmax_focal_loss_with(&o.0, options)
    }
);
row!(mse_loss, cases(predicted(), -2.0..=2.0), |x, o: Reduction| x[0].mse_loss_with(&x[1], *o));
row!(l1_loss, cases(predicted(), -1.0..=1.0), |x, o: Reduction| {
    (&x[0] * 0.1 + pattern(x[0].shape(), &[1.0, -2.0, 3.0])).l1_loss_with(&(&x[1] * 0.1), *o)
});
row!(smooth_l1_loss, cases(predicted_with(vec![0.0, 0.5, 1.0]), -1.0..=1.0), |x, o: (f64, Reduction)| {
    let unit = if o.0 == 0.0 { 1.0 } else { o.0 };
    let at = if o.0 == 0.0 { &[1.0, -1.0][..] } else { &[0.5, -2.0, 0.0, 2.0, -0.5] };
    let predictions = (&x[0] * 0.1 + pattern(x[0].shape(), at)) * unit;
    predictions.smooth_l1_loss_with(&(&x[1] * 0.1 * unit), SmoothL1Options::new().beta(o.0).reduction(o.1))
});
row!(huber_loss, cases(predicted_with(vec![0.5, 1.0]), -1.0..=1.0), |x, o: (f64, Reduction)| {
    let predictions = (&x[0] * 0.1 + pattern(x[0].shape(), &[0.5, -2.0, 0.0, 2.0, -0.5])) * o.0;
    predictions.huber_loss_with(&(&x[1] * 0.1 * o.0), HuberOptions::new().delta(o.0).reduction(o.1))
});
row!(
    poisson_nll_loss,
    cases(predicted_with(vec![(true, false), (true, true), (false, false), (false, true)]), 0.05..=0.95),
    |x, o: ((bool, bool), Reduction)| {
        let ((log_input, full), reduction) = *o;
        let options = PoissonNllOptions::new().log_input(log_input).full(full).reduction(reduction);
        // Counts below and above 1, where the full form begins.
        let counts = &x[1] * 0.5 + pattern(x[1].shape(), &[0.25, 2.0]);
        (&x[0] + 0.25).poisson_nll_loss_with(&counts, options.eps(1e-3))
    }
);
row!(
    gaussian_nll_loss,
    cases(
        (predicted(), any::<[bool; 2]>()).prop_map(|((mut s, reduction), [full, narrow])| {
            let mut of_variance = s[0].clone();
            if narrow && of_variance.last() != Some(&0) {
                *of_variance.last_mut().unwrap() = 1;
            }
            s.push(of_variance);
            (s, (full, reduction))
        }),
        0.25..=1.25
    ),
    |x, o: (bool, Reduction)| {
        x[0].gaussian_nll_loss_with(&x[1], &x[2], GaussianNllOptions::new().full(o.0).reduction(o.1))
    }
);
row!(
    kl_div,
    cases(predicted_with(vec![(false, false), (true, false), (false, true), (true, true)]), 0.05..=0.95),
    |x, o: ((bool, bool), Reduction)| {
        let ((log_target, batch_mean), reduction) = *o;
        let options = KlDivOptions::new().log_target(log_target);
        let empty = x[0].is_empty();
        x[0].kl_div_with(&x[1], options.batch_mean(batch_mean && !empty).reduction(reduction))
    }
);
row!(mean_losses, cases(averaged(), 0.05..=0.95), |x, labels: Indices| {
    let (x, quarter) = (&x[0], Tensor::full(x[0].shape(), 0.25));
    let signs = signs(x.shape());
    let far = &(x + pattern(x.shape(), &[2.0, -2.0]));
    [
        x.cross_entropy(labels),
        x.cross_entropy(&quarter),
        x.nll_loss(labels),
        x.softmax_focal_loss(labels),
        x.binary_cross_entropy(&quarter),
        x.binary_cross_entropy_with_logits(&quarter),
        x.sigmoid_focal_loss(&quarter),
        x.mse_loss(&quarter),
        far.l1_loss(&quarter),
        far.smooth_l1_loss(&quarter),
        far.huber_loss(&quarter),
        x.poisson_nll_loss(&quarter),
        x.gaussian_nll_loss(&quarter, &(x + 0.5)),
        x.kl_div(&quarter),
        (far * 2.0).hinge_loss(&signs),
        (far * 2.0).hinge_embedding_loss(&signs),
    ]
});
row!(
    dropout,
    Check::new().order(2).training(7),
    cases(one_with(prop::sample::select(vec![0.0, 0.3, 0.5, 0.9, 1.0])), -2.0..=2.0),
    |x, p: f64| [x[0].dropout(*p), x[0].dropout(*p)]
);
