use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "Flatten" => layer(case.read::<Flatten>()),
        "Unflatten" => layer(case.read::<Unflatten>()),
        "Identity" => layer(case.read::<Identity>()),
        "PixelShuffle" => layer(case.read::<PixelShuffle>()),
        "PixelUnshuffle" => layer(case.read::<PixelUnshuffle>()),
        "ChannelShuffle" => layer(case.read::<ChannelShuffle>()),
        "Unfold" => layer(case.read::<Unfold>()),
        "Fold" => layer(case.read::<Fold>()),
        "Upsample1d" | "Upsample2d" | "Upsample3d" => layer(case.read::<Upsample>()),
        "ZeroPad1d" => layer(case.read::<ZeroPad1d>()),
        "ZeroPad2d" => layer(case.read::<ZeroPad2d>()),
        "ZeroPad3d" => layer(case.read::<ZeroPad3d>()),
        "ConstantPad1d" => layer(case.read::<ConstantPad1d>()),
        "ConstantPad2d" => layer(case.read::<ConstantPad2d>()),
        "ConstantPad3d" => layer(case.read::<ConstantPad3d>()),
        "ReflectionPad1d" => layer(case.read::<ReflectionPad1d>()),
        "ReflectionPad2d" => layer(case.read::<ReflectionPad2d>()),
        "ReflectionPad3d" => layer(case.read::<ReflectionPad3d>()),
        "ReplicationPad1d" => layer(case.read::<ReplicationPad1d>()),
        "ReplicationPad2d" => layer(case.read::<ReplicationPad2d>()),
        "ReplicationPad3d" => layer(case.read::<ReplicationPad3d>()),
        "CircularPad1d" => layer(case.read::<CircularPad1d>()),
        "CircularPad2d" => layer(case.read::<CircularPad2d>()),
        "CircularPad3d" => layer(case.read::<CircularPad3d>()),
        other => panic!("no layer {other}"),
    }
}
