//! Dropout.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "dropout" => |o, x| {
            // The only random operation: PyTorch says what it does where nothing is random.
            assert_eq!(x[0].tape().is_some_and(Tape::is_training), o.flag("training"));
            x[0].dropout(o.number("p"))
        },
    }
}
