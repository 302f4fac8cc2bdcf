use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    match case.layer.as_str() {
        "Linear" => layer(case.read::<LinearConfig>().init(rng)),
        other => panic!("no layer {other}"),
    }
}
