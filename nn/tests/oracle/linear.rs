use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer, module};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    match case.layer.as_str() {
        "Linear" => layer(case.read::<LinearConfig>().init(rng)),
        "Bilinear" => {
            module(case.read::<BilinearConfig>().init(rng), |layer, x, _| vec![layer.forward(&x[0], &x[1])])
        }
        "CosineSimilarity" => {
            module(case.read::<CosineSimilarity>(), |layer, x, _| vec![layer.forward(&x[0], &x[1])])
        }
        "PairwiseDistance" => {
            module(case.read::<PairwiseDistance>(), |layer, x, _| vec![layer.forward(&x[0], &x[1])])
        }
        other => panic!("no layer {other}"),
    }
}
