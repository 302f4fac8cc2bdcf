//! Activations beside the oracle: the choice among them, random slopes, files, mistakes.

use wengert::prelude::*;

use crate::mistakes::refused_after;

#[test]
fn a_choice_is_the_layer_of_its_name() {
    let table: Vec<(Activation, Box<dyn Layer<f64>>, f64)> = vec![
        (Activation::Identity, Box::new(Sequential::new()), 1.0),
        (Activation::Relu, Box::new(Relu), 2f64.sqrt()),
        (Activation::Relu6, Box::new(Relu6), 1.0),
        (Activation::LeakyRelu(0.2), Box::new(LeakyRelu::new(0.2)), (2.0 / (1.0 + 0.2 * 0.2f64)).sqrt()),
        (Activation::Rrelu { lower: 0.1, upper: 0.9 }, Box::new(Rrelu::new(0.1, 0.9)), 1.0),
        (Activation::Elu(0.5), Box::new(Elu::new(0.5)), 1.0),
        (Activation::Selu, Box::new(Selu), 0.75),
        (Activation::Celu(0.5), Box::new(Celu::new(0.5)), 1.0),
        (Activation::Gelu, Box::new(Gelu::default()), 1.0),
        (Activation::GeluTanh, Box::new(Gelu::new(GeluApproximation::Tanh)), 1.0),
        (Activation::Silu, Box::new(Silu), 1.0),
        (Activation::Mish, Box::new(Mish), 1.0),
        (Activation::Softplus { beta: 3.0, threshold: 5.0 }, Box::new(Softplus::new(3.0, 5.0)), 1.0),
        (Activation::Softsign, Box::new(Softsign), 1.0),
        (Activation::Sigmoid, Box::new(Sigmoid), 1.0),
        (Activation::LogSigmoid, Box::new(LogSigmoid), 1.0),
        (Activation::Hardsigmoid, Box::new(Hardsigmoid), 1.0),
        (Activation::Hardswish, Box::new(Hardswish), 1.0),
        (Activation::Hardtanh { min_val: -0.5, max_val: 2.0 }, Box::new(Hardtanh::new(-0.5, 2.0)), 1.0),
        (Activation::Hardshrink(0.7), Box::new(Hardshrink::new(0.7)), 1.0),
        (Activation::Softshrink(0.7), Box::new(Softshrink::new(0.7)), 1.0),
        (Activation::Tanhshrink, Box::new(Tanhshrink), 1.0),
        (Activation::Tanh, Box::new(Tanh), 5.0 / 3.0),
        (Activation::Threshold { threshold: 0.3, value: 9.0 }, Box::new(Threshold::new(0.3, 9.0)), 1.0),
    ];
    let points = [-4.0, -2.0, -1.0, -0.6, -0.3, 0.2, 0.4, 0.6, 1.0, 2.0, 4.0, 7.0];
    let mut seen: Vec<Vec<f64>> = Vec::new();
    for (choice, layer, gain) in table {
        let x = || Tape::training(5).constant(Tensor::from_vec([12], points.to_vec()));
        let y = choice.forward(&x()).to_vec();
        assert_eq!(y, layer.forward(&x()).to_vec(), "{choice:?}");
        assert!(!seen.contains(&y), "{choice:?} is another one");
        seen.push(y);
        assert_eq!(choice.gain(), gain, "{choice:?}");
        let json = serde_json::to_string(&choice).unwrap();
        assert_eq!(serde_json::from_str::<Activation>(&json).unwrap(), choice, "{json}");
    }
    assert_eq!(serde_json::to_string(&Activation::GeluTanh).unwrap(), r#""gelu_tanh""#);
    assert_eq!(serde_json::to_string(&Activation::LeakyRelu(0.5)).unwrap(), r#"{"leaky_relu":0.5}"#);
}

#[test]
fn random_slopes_are_uniform_and_follow_from_the_seed() {
    let n = 100_000;
    let layer = Rrelu::new(-0.5, 1.5);
    let slopes =
        |seed| layer.forward(&Tape::training(seed).constant(Tensor::<f64>::full([n], -1.0))).to_vec();
    let drawn = slopes(3);
    assert!(drawn.iter().all(|a| (-1.5..=0.5).contains(a)));
    let mean = drawn.iter().sum::<f64>() / n as f64;
    let var = drawn.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / n as f64;
    assert!((mean + 0.5).abs() < 5.0 * (1.0 / 3.0 / n as f64).sqrt(), "{mean}");
    assert!((var - 1.0 / 3.0).abs() < 0.01, "{var}");
    assert_eq!(slopes(3), drawn);
    assert_ne!(slopes(4), drawn);
    // The gradient is the slope that was drawn, 1 where x is positive.
    let tape = Tape::training(3);
    let x = tape.variable(Tensor::<f64>::from_vec([4], vec![-1.0, 2.0, -3.0, 0.0]));
    let y = layer.forward(&x);
    let slopes: Vec<f64> = drawn[..4].iter().map(|y| -y).collect();
    assert_eq!(y.to_vec(), [-slopes[0], 2.0, -3.0 * slopes[2], 0.0]);
    assert_eq!(y.sum(..).backward().get(&x).unwrap().to_vec(), [slopes[0], 1.0, slopes[2], slopes[3]]);
    // Another draw on the same tape is another one.
    let tape = Tape::training(3);
    let x = tape.constant(Tensor::<f64>::full([9], -1.0));
    assert_ne!(layer.forward(&x).to_vec(), layer.forward(&x).to_vec());
}

#[test]
fn options_read_from_files() {
    assert_eq!(serde_json::from_str::<Softplus>(r#"{"beta": 2.0}"#).unwrap(), Softplus::new(2.0, 20.0));
    assert_eq!(serde_json::from_str::<Gelu>("{}").unwrap(), Gelu::default());
    let error = serde_json::from_str::<Elu>(r#"{"alfa": 2.0}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `alfa`"), "{error}");
    let error = serde_json::from_str::<Threshold>(r#"{"threshold": 2.0}"#).unwrap_err().to_string();
    assert!(error.contains("missing field `value`"), "{error}");
    assert_eq!(serde_json::from_str::<PreluConfig>("{}").unwrap(), PreluConfig::new());
    let error = PreluConfig::new().slope(f64::NAN).try_init::<f32>().unwrap_err().to_string();
    assert_eq!(error, "PreluConfig: slope is NaN, expected a finite number");
}

#[test]
fn wrong_options_and_inputs_are_refused_at_the_callers_line() {
    let x = Tensor::<f32>::zeros([2, 3]);
    let slopes = PreluConfig::new().num_parameters(2).init::<f32>();
    let here = line!();
    let wrong: &[(&str, &dyn Fn())] = &[
        ("rrelu: the slopes 0.5..0.25 are no interval", &|| drop(Rrelu::new(0.5, 0.25).forward(&x))),
        ("elu: ", &|| drop(Elu::new(f64::NAN).forward(&x))),
        ("celu: ", &|| drop(Celu::new(0.0).forward(&x))),
        ("softplus: ", &|| drop(Softplus::new(0.0, 20.0).forward(&x))),
        ("clamp: ", &|| drop(Hardtanh::new(1.0, -1.0).forward(&x))),
        ("softshrink: ", &|| drop(Softshrink::new(-0.5).forward(&x))),
        ("prelu: ", &|| drop(slopes.forward(&x))),
        ("glu: ", &|| drop(Glu::default().forward(&x))),
        ("Softmax2d: the input [2, 3] is not [batch, channels", &|| drop(Softmax2d.forward(&x))),
    ];
    refused_after(file!(), here, wrong);
}
