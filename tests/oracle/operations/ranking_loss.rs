//! Losses of scores and of embeddings that are to keep a margin.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

fn triplet(o: &Options) -> TripletOptions {
    TripletOptions::new()
        .margin(o.number("margin"))
        .p(o.number_or_none("p").unwrap_or(f64::INFINITY))
        .eps(o.number("eps"))
        .swap(o.flag("swap"))
        .squared(o.flag("squared"))
        .reduction(o.reduction())
}

fn multi_margin(o: &Options) -> MultiMarginOptions {
    let options = MultiMarginOptions::new().p(o.read("p")).margin(o.number("margin"));
    match o.read::<Option<Vec<f64>>>("weight") {
        Some(weight) => options.weight(weight),
        None => options,
    }
    .reduction(o.reduction())
}

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "hinge_loss" => |o, x| x[0].hinge_loss_with(&o.indices("labels"), o.reduction()),
        "hinge_embedding_loss" => |o, x| {
            let options = HingeEmbeddingOptions::new().margin(o.number("margin"));
            x[0].hinge_embedding_loss_with(&o.indices("labels"), options.reduction(o.reduction()))
        },
        "margin_ranking_loss" => |o, x| {
            let options = MarginRankingOptions::new().margin(o.number("margin"));
            x[0].margin_ranking_loss_with(&x[1], &o.indices("labels"), options.reduction(o.reduction()))
        },
        "multi_margin_loss" => |o, x| x[0].multi_margin_loss_with(&o.indices("labels"), multi_margin(o)),
        "cosine_embedding_loss" => |o, x| {
            let options = CosineEmbeddingOptions::new().margin(o.number("margin"));
            x[0].cosine_embedding_loss_with(&x[1], &o.indices("labels"), options.reduction(o.reduction()))
        },
        "contrastive_loss" => |o, x| {
            let options = ContrastiveOptions::new().margin(o.number("margin"));
            x[0].contrastive_loss_with(&x[1], &o.indices("labels"), options.reduction(o.reduction()))
        },
        "triplet_margin_loss" => |o, x| x[0].triplet_margin_loss_with(&x[1], &x[2], triplet(o)),
    }
}
