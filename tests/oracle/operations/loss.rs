//! Losses of labels and of single elements.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::{Array, Options};

/// An option that is a tensor, or none.
fn tensor<T: Float>(o: &Options, name: &str) -> Option<Tensor<T>> {
    let array = o.read::<Option<Array>>(name)?;
    Some(Tensor::from_vec(&array.shape, array.numbers().into_iter().map(T::from_f64).collect()))
}

fn known(o: &Options) -> Option<Mask> {
    let array = o.read::<Option<Array>>("known")?;
    Some(Mask::from_vec(&array.shape, array.numbers().into_iter().map(|x| x != 0.0).collect()))
}

fn cross_entropy(o: &Options) -> CrossEntropyOptions {
    let options = CrossEntropyOptions::new().label_smoothing(o.number("smoothing")).reduction(o.reduction());
    match o.read::<Option<Vec<f64>>>("weight") {
        Some(weight) => options.weight(weight),
        None => options,
    }
}

fn nll(o: &Options) -> NllOptions {
    let options = NllOptions::new().ignore_index(o.read::<i64>("ignore_index")).reduction(o.reduction());
    match o.read::<Option<Vec<f64>>>("weight") {
        Some(weight) => options.weight(weight),
        None => options,
    }
}

fn bce<T: Float>(o: &Options) -> BceOptions<T> {
    let mut options = BceOptions::new().reduction(o.reduction());
    if let Some(weight) = tensor(o, "weight") {
        options = options.weight(&weight);
    }
    if let Some(known) = known(o) {
        options = options.known(&known);
    }
    options
}

fn bce_with_logits<T: Float>(o: &Options) -> BceWithLogitsOptions<T> {
    let mut options = BceWithLogitsOptions::new().reduction(o.reduction());
    if let Some(weight) = tensor(o, "weight") {
        options = options.weight(&weight);
    }
    if let Some(pos_weight) = tensor(o, "pos_weight") {
        options = options.pos_weight(&pos_weight);
    }
    if let Some(known) = known(o) {
        options = options.known(&known);
    }
    options
}

/// The option `target` as a constant.
fn target<T: Float>(o: &Options) -> Tensor<T> {
    let values = o.read::<Vec<f64>>("target");
    Tensor::from_vec([values.len()], values.into_iter().map(T::from_f64).collect())
}

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "cross_entropy" => |o, x| x[0].cross_entropy_with(&o.indices("labels"), o.reduction()),
        "cross_entropy_with" => |o, x| {
            let options = cross_entropy(o).ignore_index(o.read::<i64>("ignore_index"));
            x[0].cross_entropy_with(&o.indices("labels"), options)
        },
        "cross_entropy_probabilities" => |o, x| x[0].cross_entropy_with(&x[1], o.reduction()),
        "cross_entropy_probabilities_with" => |o, x| x[0].cross_entropy_with(&x[1], cross_entropy(o)),
        "nll_loss" => |o, x| x[0].nll_loss_with(&o.indices("labels"), nll(o)),
        "binary_cross_entropy" => |o, x| x[0].binary_cross_entropy_with(&x[1], bce(o)),
        "binary_cross_entropy_with_logits" => |o, x| {
            x[0].binary_cross_entropy_with_logits_and(&x[1], o.reduction())
        },
        "binary_cross_entropy_with_logits_and" => |o, x| {
            x[0].binary_cross_entropy_with_logits_and(&x[1], bce_with_logits(o))
        },
        "sigmoid_focal_loss" => |o, x| {
            let options = FocalOptions::new().alpha(o.number_or_none("alpha")).gamma(o.number("gamma"));
            x[0].sigmoid_focal_loss_with(&x[1], options.reduction(o.reduction()))
        },
        "softmax_focal_loss" => |o, x| {
            let options = SoftmaxFocalOptions::new().gamma(o.number("gamma")).reduction(o.reduction());
            x[0].softmax_focal_loss_with(&o.indices("labels"), options)
        },
        "mse_loss" => |o, x| x[0].mse_loss_with(&x[1], o.reduction()),
        "l1_loss" => |o, x| x[0].l1_loss_with(&x[1], o.reduction()),
        "smooth_l1_loss" => |o, x| {
            let options = SmoothL1Options::new().beta(o.number("beta")).reduction(o.reduction());
            x[0].smooth_l1_loss_with(&x[1], options)
        },
        "huber_loss" => |o, x| {
            let options = HuberOptions::new().delta(o.number("delta")).reduction(o.reduction());
            x[0].huber_loss_with(&x[1], options)
        },
        "poisson_nll_loss" => |o, x| {
            let options = PoissonNllOptions::new().log_input(o.flag("log_input")).full(o.flag("full"));
            x[0].poisson_nll_loss_with(&x[1], options.eps(o.number("eps")).reduction(o.reduction()))
        },
        "gaussian_nll_loss" => |o, x| {
            let options = GaussianNllOptions::new().full(o.flag("full")).eps(o.number("eps"));
            x[0].gaussian_nll_loss_with(&x[1], &x[2], options.reduction(o.reduction()))
        },
        "kl_div" => |o, x| {
            let options = KlDivOptions::new().log_target(o.flag("log_target"));
            let options = options.batch_mean(o.flag("batch_mean")).reduction(o.reduction());
            x[0].kl_div_with(&x[1], options)
        },
        "kl_div_of" => |o, x| x[0].kl_div_with(&target(o), Reduction::None),
    }
}
