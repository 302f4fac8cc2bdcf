use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    match case.layer.as_str() {
        "Conv1d" => layer(case.read::<Conv1dConfig>().init(rng)),
        "Conv2d" => layer(case.read::<Conv2dConfig>().init(rng)),
        "Conv3d" => layer(case.read::<Conv3dConfig>().init(rng)),
        other => panic!("no layer {other}"),
    }
}
