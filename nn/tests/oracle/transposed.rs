use wengert::autodiff::ops::Sizes;
use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer, module};

macro_rules! build {
    ($config:ty, $case:expr) => {{
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        let mut case = $case.clone();
        match case.options.as_object_mut().and_then(|options| options.remove("output_size")) {
            None => layer(case.read::<$config>().init(rng)),
            Some(size) => {
                let size: Sizes<_> = serde_json::from_value(size).expect("sizes");
                module(case.read::<$config>().init::<f64>(rng), move |conv, x, _| {
                    vec![conv.forward_with(&x[0], size)]
                })
            }
        }
    }};
}

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "ConvTranspose1d" => build!(ConvTranspose1dConfig, case),
        "ConvTranspose2d" => build!(ConvTranspose2dConfig, case),
        "ConvTranspose3d" => build!(ConvTranspose3dConfig, case),
        other => panic!("no layer {other}"),
    }
}
