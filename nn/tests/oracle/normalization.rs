use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "BatchNorm1d" => layer(case.read::<BatchNormConfig>().init::<1, f64>()),
        "BatchNorm2d" => layer(case.read::<BatchNormConfig>().init::<2, f64>()),
        "BatchNorm3d" => layer(case.read::<BatchNormConfig>().init::<3, f64>()),
        "InstanceNorm1d" => layer(case.read::<InstanceNormConfig>().init::<1, f64>()),
        "InstanceNorm2d" => layer(case.read::<InstanceNormConfig>().init::<2, f64>()),
        "InstanceNorm3d" => layer(case.read::<InstanceNormConfig>().init::<3, f64>()),
        "GroupNorm" => layer(case.read::<GroupNormConfig>().init()),
        "LayerNorm" => layer(case.read::<LayerNormConfig>().init()),
        "RMSNorm" => layer(case.read::<RmsNormConfig>().init()),
        "LocalResponseNorm" => layer(case.read::<LocalResponseNormConfig>().init()),
        other => panic!("no layer {other}"),
    }
}
