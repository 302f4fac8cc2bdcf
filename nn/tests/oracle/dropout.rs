use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "AlphaDropout" => layer(case.read::<AlphaDropout>()),
        "Dropout" => layer(case.read::<Dropout>()),
        "Dropout1d" => layer(case.read::<Dropout1d>()),
        "Dropout2d" => layer(case.read::<Dropout2d>()),
        "Dropout3d" => layer(case.read::<Dropout3d>()),
        "FeatureAlphaDropout" => layer(case.read::<FeatureAlphaDropout>()),
        other => panic!("no layer {other}"),
    }
}
