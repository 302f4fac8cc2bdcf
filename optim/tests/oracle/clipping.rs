//! Clipped gradients.

use serde::Deserialize;
use wengert::optim::AdaptiveClip;
use wengert::prelude::*;

use crate::packed::{self, Options, close};

#[derive(Deserialize)]
struct Cases {
    shapes: Vec<Vec<usize>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    options: Options,
    gradients: Vec<Vec<f64>>,
    /// The parameters', where they matter.
    #[serde(default)]
    values: Vec<Vec<f64>>,
    /// The norm before, or how many units were clipped.
    #[serde(default)]
    result: f64,
    clipped: Vec<Vec<f64>>,
}

#[test]
fn clipped_gradients_are_those_of_other_libraries() {
    let Cases { shapes, cases } = packed::read(include_bytes!("clipping.json.gz"));
    assert_eq!(cases.len(), 31);
    for case in &cases {
        let place = format!("{} {:?}", case.kind, case.options);
        let parameters: Vec<Parameter<f64>> = (0..shapes.len())
            .map(|i| {
                let zeros = || vec![0.0; case.gradients[i].len()];
                let value = case.values.get(i).cloned().unwrap_or_else(zeros);
                Parameter::new(Tensor::from_vec(&shapes[i], value))
            })
            .collect();
        let of = |i: usize| Tensor::from_vec(&shapes[i], case.gradients[i].clone());
        let mut grads = Gradients::of_parameters(parameters.iter().enumerate().map(|(i, p)| (p.id(), of(i))));
        let options = &case.options;
        let norm = || {
            let p = options.optional("norm_type").unwrap_or(f64::INFINITY);
            ClipNorm::new(options.number("max_norm")).norm_type(p)
        };
        let result = match case.kind.as_str() {
            "value" => {
                clip_value(&mut grads, options.number("limit"));
                0.0
            }
            "global_norm" => clip_global_norm(&mut grads, norm()),
            "norm" => clip_norm(&mut grads, norm()),
            "adaptive" => {
                let plain = options.optional("clipping").map_or(AdaptiveClip::default(), AdaptiveClip::new);
                let clip = options.optional("eps").map_or(plain, |eps| plain.eps(eps));
                clip_adaptive(&mut grads, parameters.clone(), clip) as f64
            }
            _ => panic!("no clipping for {place}"),
        };
        options.assert_all_read(&place);
        assert!(close(result, case.result), "{place}: found {result}, expected {}", case.result);
        for (parameter, expected) in parameters.iter().zip(&case.clipped) {
            let found = grads.get(parameter).unwrap().to_vec();
            assert_eq!(found.len(), expected.len());
            for (&found, &expected) in found.iter().zip(expected) {
                assert!(close(found, expected), "{place}: found {found:e}, expected {expected:e}");
            }
        }
    }
}
