use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer};

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "CELU" => layer(case.read::<Celu>()),
        "ELU" => layer(case.read::<Elu>()),
        "GELU" => layer(case.read::<Gelu>()),
        "GLU" => layer(case.read::<Glu>()),
        "Hardshrink" => layer(case.read::<Hardshrink>()),
        "Hardsigmoid" => layer(Hardsigmoid),
        "Hardswish" => layer(Hardswish),
        "Hardtanh" => layer(case.read::<Hardtanh>()),
        "LeakyReLU" => layer(case.read::<LeakyRelu>()),
        "LogSigmoid" => layer(LogSigmoid),
        "LogSoftmax" => layer(case.read::<LogSoftmax>()),
        "Mish" => layer(Mish),
        "PReLU" => layer(case.read::<PreluConfig>().init()),
        "RReLU" => layer(case.read::<Rrelu>()),
        "ReLU" => layer(Relu),
        "ReLU6" => layer(Relu6),
        "SELU" => layer(Selu),
        "SiLU" => layer(Silu),
        "Sigmoid" => layer(Sigmoid),
        "Softmax" => layer(case.read::<Softmax>()),
        "Softmax2d" => layer(Softmax2d),
        "Softmin" => layer(case.read::<Softmin>()),
        "Softplus" => layer(case.read::<Softplus>()),
        "Softshrink" => layer(case.read::<Softshrink>()),
        "Softsign" => layer(Softsign),
        "Tanh" => layer(Tanh),
        "Tanhshrink" => layer(Tanhshrink),
        "Threshold" => layer(case.read::<Threshold>()),
        other => panic!("no layer {other}"),
    }
}
