//! Connectionist temporal classification.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "ctc_loss_of_log_softmax" => |o, x| {
            let options = CtcOptions::new()
                .blank(o.size("blank"))
                .zero_infinity(o.flag("zero_infinity"))
                .reduction(o.reduction());
            let [targets, input_lengths, target_lengths] =
                ["targets", "input_lengths", "target_lengths"].map(|name| o.indices(name));
            x[0].log_softmax(-1).ctc_loss_with(&targets, &input_lengths, &target_lengths, options)
        },
    }
}
