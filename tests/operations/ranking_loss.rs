//! Rows: losses of scores and of embeddings that are to keep a margin. The kinks lie between the values that
//! `pattern` spreads.

use proptest::prelude::*;
use wengert::autodiff::check::Check;
use wengert::prelude::*;

use crate::loss::{pattern, reduction, signs, sizes};
use crate::row;
use crate::strategies::{Plan, cases, size, some};

/// Some tensors of scores in one shape, and an option.
fn scores<O: Clone + std::fmt::Debug + 'static>(
    count: usize,
    options: Vec<O>,
) -> impl Strategy<Value = Plan<(O, Reduction)>> {
    (sizes(), prop::sample::select(options))
        .prop_map(move |((s, reduction), o)| (vec![s; count], (o, reduction)))
}

/// Some tensors of embeddings, [N, D] or [D], and an option.
fn embeddings<O: Clone + std::fmt::Debug + 'static>(
    count: usize,
    options: Vec<O>,
) -> impl Strategy<Value = Plan<(O, Reduction)>> {
    let options = prop::sample::select(options);
    (size(), some(), prop::bool::weighted(0.2), reduction(), options).prop_map(
        move |(n, d, alone, reduction, o)| {
            let n = if reduction == Reduction::Mean { n.max(1) } else { n };
            let s = if alone { vec![d] } else { vec![n, d] };
            (vec![s; count], (o, reduction))
        },
    )
}

/// One number for each embedding, the same along the last axis.
fn by_row<T: Float>(x: &Tensor<T>, numbers: &[f64]) -> Tensor<T> {
    let rows = &x.shape()[..x.ndim() - 1];
    pattern(rows, numbers).unsqueeze(-1).broadcast_to(x.shape())
}

/// 1 for the first element of each embedding, 0 for the others: a maximum that does not tie.
fn first<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    let d = x.shape()[x.ndim() - 1];
    let first = (0..d).map(|i| if i == 0 { T::one() } else { T::zero() }).collect();
    Tensor::from_vec([d], first).broadcast_to(x.shape())
}

row!(hinge_loss, cases(scores(1, vec![()]), -1.0..=1.0), |x, o: ((), Reduction)| {
    (&x[0] * 0.2 + pattern(x[0].shape(), &[0.0, 2.0, -2.0])).hinge_loss_with(&signs(x[0].shape()), o.1)
});
row!(hinge_embedding_loss, cases(scores(1, vec![1.0, 0.5]), -1.0..=1.0), |x, o: (f64, Reduction)| {
    let distances = (&x[0] * 0.2 + pattern(x[0].shape(), &[0.5, 1.5, 2.0])) * o.0;
    let options = HingeEmbeddingOptions::new().margin(o.0).reduction(o.1);
    distances.hinge_embedding_loss_with(&signs(x[0].shape()), options)
});
row!(margin_ranking_loss, cases(scores(2, vec![0.0, 0.5]), -1.0..=1.0), |x, o: (f64, Reduction)| {
    let a = &x[0] * 0.2 + pattern(x[0].shape(), &[1.5, -1.5]);
    let options = MarginRankingOptions::new().margin(o.0).reduction(o.1);
    a.margin_ranking_loss_with(&(&x[1] * 0.2), &signs(x[0].shape()), options)
});
row!(
    multi_margin_loss,
    cases(embeddings(1, vec![(1, 1.0, false), (2, 1.0, false), (1, 0.5, true), (2, 0.5, true)]), -1.0..=1.0),
    |x, o: ((i32, f64, bool), Reduction)| {
        let ((p, margin, weighted), reduction) = *o;
        let (rows, classes) = x[0].shape().split_at(x[0].ndim() - 1);
        let n = rows.iter().product::<usize>();
        let labels = (0..n).map(|i| ((i * 5 + 1) % classes[0]) as i64).collect();
        let options = MultiMarginOptions::new().p(p).margin(margin).reduction(reduction);
        let options = if weighted {
            options.weight((0..classes[0]).map(|c| 0.5 + (c % 4) as f64).collect::<Vec<_>>())
        } else {
            options
        };
        (&x[0] * 0.1 + pattern(x[0].shape(), &[0.0, 3.0]))
            .multi_margin_loss_with(&Indices::from_vec(rows, labels), options)
    }
);
row!(
    cosine_embedding_loss,
    cases(embeddings(2, vec![0.0, 0.5, -0.5]), -1.0..=1.0),
    |x, o: (f64, Reduction)| {
        let (a, b) = (&x[0] * 0.2 + 1.0, &x[1] * 0.2 + by_row(&x[1], &[1.0, -1.0, 2.0]));
        let options = CosineEmbeddingOptions::new().margin(o.0).reduction(o.1);
        a.cosine_embedding_loss_with(&b, &signs(&a.shape()[..a.ndim() - 1]), options)
    }
);
row!(contrastive_loss, cases(embeddings(2, vec![1.0, 1.25]), -1.0..=1.0), |x, o: (f64, Reduction)| {
    let d = x[0].shape()[x[0].ndim() - 1] as f64;
    let b = (&x[1] * 0.1 + by_row(&x[1], &[0.5, 2.0, -0.5, -2.0, 0.5])) / d.sqrt();
    let labels = signs(&b.shape()[..b.ndim() - 1]);
    let unlike = labels.as_slice().iter().map(|&s| (s + 1) / 2).collect();
    let options = ContrastiveOptions::new().margin(o.0).reduction(o.1);
    (&x[0] * 0.1 / d.sqrt()).contrastive_loss_with(&b, &Indices::from_vec(labels.shape(), unlike), options)
});
// The largest of several distances and sums of cubes bend sharply: differences there are less sharp.
row!(
    triplet_margin_loss,
    Check::new().order(2).tolerance(1e-6),
    cases(
        embeddings(
            3,
            vec![
                TripletOptions::new(),
                TripletOptions::new().swap(true).margin(0.5),
                TripletOptions::new().p(1.0),
                // A margin of 1 would put examples of one element at the kink.
                TripletOptions::new().p(3.0).eps(0.0).swap(true).margin(0.625),
                TripletOptions::new().p(f64::INFINITY),
                TripletOptions::facenet(),
                TripletOptions::facenet().swap(true),
                TripletOptions::norms(),
                TripletOptions::norms().margin(0.25),
            ]
        ),
        -1.0..=1.0
    ),
    |x, o: (TripletOptions, Reduction)| {
        let positive = &x[1] * 0.1 + by_row(&x[1], &[1.0, 4.0]) + first(&x[1]);
        let negative = &x[2] * 0.1 + by_row(&x[2], &[4.0, 1.0]) + first(&x[2]);
        (&x[0] * 0.1).triplet_margin_loss_with(&positive, &negative, o.0.reduction(o.1))
    }
);
row!(
    mean_losses_of_embeddings,
    cases(
        embeddings(3, vec![()]).prop_map(|(s, _)| (vec![s[0].iter().map(|&n| n.max(1)).collect(); 3], ())),
        -1.0..=1.0
    ),
    |x, _o: ()| {
        let a = &x[0] * 0.1;
        let (b, c) = (&x[1] * 0.1 + 1.5, &x[2] * 0.1 + by_row(&x[2], &[4.0, -6.0]));
        let rows = &a.shape()[..a.ndim() - 1];
        let labels = Indices::from_vec(rows, vec![0; rows.iter().product()]);
        let ones = Indices::from_vec(rows, vec![1; rows.iter().product()]);
        [
            a.margin_ranking_loss(&b, &signs(a.shape())),
            (&a * 5.0).multi_margin_loss(&labels),
            b.cosine_embedding_loss(&c, &ones),
            a.contrastive_loss(&b, &labels),
            a.triplet_margin_loss(&b, &c),
        ]
    }
);
