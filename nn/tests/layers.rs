//! The layers: PyTorch's numbers, gradients to every parameter, copies, freezing, wrong configurations.

use wengert::nn::ConfigError;
use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

/// Element i is ((i·k) mod 11 − 5)/8.
fn ramp<T: Float>(shape: impl AsRef<[usize]>, k: usize) -> Tensor<T> {
    let n: usize = shape.as_ref().iter().product();
    Tensor::from_vec(shape, (0..n).map(|i| T::from_f64(((i * k % 11) as f64 - 5.0) / 8.0)).collect())
}

/// Parameter j is the ramp of step j + 2.
fn filled<M: Module<f64>>(module: M) -> M {
    module.parameters().iter().enumerate().for_each(|(j, p)| p.set(&ramp(p.shape(), j + 2)));
    module
}

#[track_caller]
fn close(found: &Tensor<f64>, expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.to_vec().into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-10, "found {found}, expected {expected}");
    }
}

// The expected numbers of these four tests were computed with PyTorch in double precision.

#[test]
fn linear_agrees_with_pytorch() {
    let layer = filled(Linear::new(3, 2, &mut rng()));
    close(&layer.forward(&ramp([2, 3], 3)), &[-0.15625, -0.34375, -0.734375, -0.453125]);
}

#[test]
fn conv2d_agrees_with_pytorch() {
    let config = Conv2dConfig::new(2, 4, (3, 2)).stride((2, 1)).padding((1, 0)).dilation((1, 2)).groups(2);
    let layer = filled(config.init(&mut rng()));
    let y = layer.forward(&ramp([1, 2, 4, 4], 3));
    assert_eq!(y.shape(), [1, 4, 2, 2]);
    let expected = [
        -0.5625, -0.1875, -0.09375, -1.125, -0.625, -0.578125, -0.40625, -0.125, 0.65625, 0.375, 0.375,
        0.421875, 1.015625, 0.234375, 0.265625, 0.078125,
    ];
    close(&y, &expected);
}

#[test]
fn batch_norm_agrees_with_pytorch() {
    let norm = filled(BatchNorm2d::new(2));
    let y = norm.forward(&Tape::training(0).constant(ramp([2, 2, 2, 2], 3)));
    let expected = [
        0.175983884123,
        -0.406549849785,
        -0.989083583692,
        -1.5716173176,
        0.230590330474,
        -0.118929909871,
        -0.468450150215,
        -0.81797039056,
        -0.212371938482,
        -0.79490567239,
        -1.3774394063,
        0.175983884123,
        -0.00242316308917,
        -0.351943403434,
        -0.701463643779,
        0.230590330474,
    ];
    close(&y, &expected);
    let running = |buffer: &Option<Buffer<f64>>| buffer.as_ref().unwrap().value();
    close(&running(&norm.running_mean), &[-0.0109375, 0.0015625]);
    close(&running(&norm.running_var), &[0.918498883929, 0.918498883929]);
    let expected = [-0.224547588658, -0.469098679554, -0.298298840452, -0.445029494989];
    close(&norm.forward(&ramp([1, 2, 1, 2], 3)), &expected);
    // An evaluating tape changes nothing but records.
    let x = Tape::new().constant(ramp([1, 2, 1, 2], 3));
    close(&norm.forward(&x), &expected);
    close(&running(&norm.running_mean), &[-0.0109375, 0.0015625]);
}

#[test]
fn lstm_agrees_with_pytorch() {
    let lstm = filled(LstmConfig::new(2, 3).layers(2).batch_first(true).init(&mut rng()));
    let (y, (h, c)) =
        lstm.forward_with(&ramp([1, 2, 2], 3), Some((&ramp([2, 1, 3], 4), &ramp([2, 1, 3], 5))));
    close(
        &y,
        &[
            0.0735873062527,
            0.155018786267,
            0.0367944065839,
            0.0781712838844,
            0.0586927433783,
            0.0758997830411,
        ],
    );
    close(
        &h,
        &[
            -0.0323191263062,
            -0.125859077166,
            0.114222996932,
            0.0781712838844,
            0.0586927433783,
            0.0758997830411,
        ],
    );
    close(
        &c,
        &[-0.0958591444069, -0.185863245838, 0.648197905622, 0.148136872491, 0.176695736443, 0.376614204945],
    );
    let names: Vec<String> = lstm.named_parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "weight_ih_l0",
            "weight_hh_l0",
            "bias_ih_l0",
            "bias_hh_l0",
            "weight_ih_l1",
            "weight_hh_l1",
            "bias_ih_l1",
            "bias_hh_l1",
        ]
    );
}

/// Gradients reach every parameter on an evaluating and on a training tape, and none of them is zero.
fn gradients_flow(layer: &dyn Layer<f64>, input: &[usize]) {
    for tape in [Tape::new(), Tape::training(1)] {
        let x = tape.variable(ramp(input, 3));
        let y = layer.forward(&x);
        let grads = (&y * ramp(y.shape(), 7)).sum(..).backward();
        for (name, parameter) in layer.named_parameters() {
            let gradient = grads.get(&parameter).unwrap_or_else(|| panic!("{name} got no gradient"));
            assert_eq!(gradient.shape(), parameter.shape());
            assert!(gradient.view().iter().any(|&g| g != 0.0), "the gradient of {name} is zero");
            assert!(gradient.view().iter().all(|g| g.is_finite()));
        }
        assert!(grads.get(&x).is_some_and(|g| g.view().iter().any(|&g| g != 0.0)));
    }
}

#[test]
fn gradients_flow_to_every_parameter() {
    let mut rng = rng();
    gradients_flow(&Linear::new(3, 4, &mut rng), &[5, 3]);
    gradients_flow(&Conv2dConfig::new(4, 6, 3).groups(2).padding(1).init(&mut rng), &[2, 4, 5, 5]);
    gradients_flow(&BatchNorm1d::new(3), &[6, 3]);
    gradients_flow(&BatchNorm1d::new(3), &[6, 3, 2]);
    gradients_flow(&BatchNorm2d::new(3), &[4, 3, 2, 2]);
    gradients_flow(&BatchNormConfig::new(3).affine(false).init::<2, _>(), &[4, 3, 2, 2]);
    gradients_flow(&BatchNormConfig::new(3).track_running_stats(false).init::<2, _>(), &[4, 3, 2, 2]);
    gradients_flow(&LstmConfig::new(3, 4).layers(2).dropout(0.3).init(&mut rng), &[4, 2, 3]);
    gradients_flow(&LstmConfig::new(3, 4).bias(false).batch_first(true).init(&mut rng), &[4, 2, 3]);
    let all = Sequential::new()
        .push(Conv2d::new(1, 4, 3, &mut rng))
        .push(BatchNorm2d::new(4))
        .push(Tanh)
        .push(MaxPool2d::new(2))
        .push(LeakyRelu::default())
        .push(AvgPool2d::new(Pool2d::new(3).stride(1).padding(1)))
        .push(Dropout::new(0.2))
        .push(Flatten::new())
        .push(Linear::new(16, 5, &mut rng))
        .push(Activation::Sigmoid)
        .push(Linear::new(5, 3, &mut rng))
        .push(LogSoftmax::default())
        .push(Softmax::new(1));
    gradients_flow(&all, &[3, 1, 6, 6]);
    gradients_flow(&(Box::new(all) as Box<dyn Layer<f64>>), &[3, 1, 6, 6]);
}

#[test]
fn a_clone_is_the_same_and_a_deep_clone_is_not() {
    #[derive(Clone, Module)]
    struct Tied<T: Float> {
        first: Linear<T>,
        second: Linear<T>,
        norm: Vec<BatchNorm2d<T>>,
        body: Sequential<T>,
    }
    let mut rng = rng();
    let first = Linear::<f64>::new(2, 2, &mut rng);
    let norm = BatchNorm2d::new(2);
    let body = Sequential::new().push(first.clone()).push(norm.clone());
    let model = Tied { second: first.clone(), first, norm: vec![norm.clone(), norm], body };
    model.first.bias.as_ref().unwrap().freeze();

    let ids = |model: &Tied<f64>| model.parameters().iter().map(Parameter::id).collect::<Vec<_>>();
    assert_eq!(model.named_parameters().len(), 4);
    assert_eq!(model.named_buffers().len(), 2);
    assert_eq!((model.parameter_count(), model.trainable_parameter_count()), (10, 8));
    assert_eq!(ids(&model.clone()), ids(&model));

    let copy = model.deep_clone();
    assert_eq!(copy.to_bytes(), model.to_bytes());
    assert!(ids(&copy).iter().all(|id| !ids(&model).contains(id)));
    assert_eq!((copy.named_parameters().len(), copy.named_buffers().len()), (4, 2));
    assert_eq!(copy.first.weight.id(), copy.second.weight.id());
    assert!(copy.first.bias.as_ref().unwrap().is_frozen());
    let mean = |norm: &BatchNorm2d<f64>| norm.running_mean.clone().unwrap();
    assert!(mean(&copy.norm[0]).is(&mean(&copy.norm[1])));
    assert!(!mean(&copy.norm[0]).is(&mean(&model.norm[0])));
    copy.body.freeze();
    assert_eq!(copy.trainable_parameter_count(), 0);
    assert_eq!(model.trainable_parameter_count(), 8);
}

#[test]
fn frozen_modules_get_no_gradients_and_learn_nothing() {
    let norm = BatchNorm2d::<f32>::new(2);
    let x = || Tape::training(0).variable(ramp([2, 2, 3, 3], 3));
    norm.freeze();
    let input = x();
    let y = norm.forward(&input);
    let evaluated = norm.forward(&input.detach());
    assert_eq!(y.to_vec(), evaluated.to_vec());
    let grads = y.sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).is_none()));
    assert!(grads.get(&input).is_some());
    let mean = norm.running_mean.as_ref().unwrap();
    assert_eq!(mean.value().to_vec(), [0.0; 2]);

    norm.unfreeze();
    let grads = norm.forward(&x()).sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).is_some()));
    assert_ne!(mean.value().to_vec(), [0.0; 2]);
}

#[test]
fn dropout_works_between_lstm_layers_on_training_tapes_only() {
    let config = LstmConfig::new(2, 8).layers(2).dropout(0.5);
    let lstm = config.init::<f32>(&mut rng());
    let x = ramp([3, 2, 2], 3);
    let plain = lstm.forward(&x).to_vec();
    assert_eq!(lstm.forward(&Tape::new().constant(&x)).to_vec(), plain);
    assert_ne!(lstm.forward(&Tape::training(0).constant(&x)).to_vec(), plain);
    let same = |seed| lstm.forward(&Tape::training(seed).constant(&x)).to_vec();
    assert_eq!(same(4), same(4));
}

#[test]
fn sequential_names_and_order() {
    let net = Sequential::<f32>::new().push(Relu).push_named("head", Tanh).push(Sigmoid);
    assert_eq!(net.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["0", "head", "2"]);
    let x = Tensor::from_vec([2], vec![-1.0, 0.5]);
    assert_eq!(net.forward(&x).to_vec(), x.relu().tanh().sigmoid().to_vec());
    assert_eq!(Sequential::<f32>::new().forward(&x).to_vec(), x.to_vec());
    for name in ["", "a.b", "head"] {
        let net = net.clone();
        let push = std::panic::AssertUnwindSafe(|| net.push_named(name, Relu));
        assert!(std::panic::catch_unwind(push).is_err(), "{name:?} was taken");
    }
}

#[test]
fn wrong_configurations_are_errors_that_say_what_and_where() {
    let rng = || rng();
    let conv = || Conv2dConfig::new(4, 6, 3);
    let error = |config: Conv2dConfig| config.try_init::<f32>(&mut rng()).unwrap_err();
    let linear = |i, o| LinearConfig::new(i, o).try_init::<f32>(&mut rng()).unwrap_err();
    let lstm = |config: LstmConfig| config.try_init::<f32>(&mut rng()).unwrap_err();
    let norm = |config: BatchNormConfig| config.try_init::<2, f32>().unwrap_err();
    let cases: Vec<(ConfigError, &str)> = vec![
        (error(Conv2dConfig::new(0, 6, 3)), "Conv2dConfig: in_channels is 0, expected at least 1"),
        (error(Conv2dConfig::new(4, 0, 3)), "out_channels is 0"),
        (error(conv().groups(0)), "groups is 0"),
        (error(conv().groups(4)), "out_channels is 6, expected a multiple of groups, which is 4"),
        (error(conv().groups(3)), "in_channels is 4, expected a multiple of groups, which is 3"),
        (error(conv().stride((1, 0))), "stride is [1, 0], expected at least 1 on each axis"),
        (error(conv().dilation(0)), "dilation is [0, 0]"),
        (error(Conv2dConfig::new(4, 6, (0, 3))), "kernel is [0, 3]"),
        (error(conv().weight_init(Init::normal(0.0, -1.0))), "weight_init is Normal"),
        (error(conv().bias_init(Init::constant(f64::NAN))), "bias_init is Constant(NaN)"),
        (
            error(Conv2dConfig::new(1 << 40, 1 << 40, 3)),
            "weight is of shape [1099511627776, 1099511627776, 3, 3]",
        ),
        (linear(0, 1), "LinearConfig: in_features is 0"),
        (linear(1, 0), "out_features is 0"),
        (linear(usize::MAX, usize::MAX), "expected one that fits into the address space"),
        (lstm(LstmConfig::new(1, 0)), "LstmConfig: hidden is 0"),
        (lstm(LstmConfig::new(1, 1).layers(0)), "layers is 0"),
        (lstm(LstmConfig::new(1, 1).layers(usize::MAX)), "address space"),
        (lstm(LstmConfig::new(1, 1).dropout(1.5)), "dropout is 1.5, expected a probability in 0..=1"),
        (norm(BatchNormConfig::new(0)), "BatchNormConfig: channels is 0"),
        (norm(BatchNormConfig::new(1).eps(f64::NAN)), "eps is NaN"),
        (norm(BatchNormConfig::new(1).momentum(2.0)), "momentum is 2"),
        (Dropout::try_new(-0.1).unwrap_err(), "Dropout: p is -0.1, expected a probability in 0..=1"),
    ];
    for (error, expected) in cases {
        assert!(error.to_string().contains(expected), "{error}, expected {expected}");
    }
}

#[test]
fn a_configuration_read_from_a_file_is_the_one_written() {
    let config = Conv2dConfig::new(3, 64, 7).stride(2).padding(3).bias(false).weight_init(Init::he_normal());
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Conv2dConfig>(&json).unwrap(), config);
    let short = r#"{"in_channels": 1, "out_channels": 2, "kernel": [3, 3]}"#;
    assert_eq!(serde_json::from_str::<Conv2dConfig>(short).unwrap(), Conv2dConfig::new(1, 2, 3));
    let misspelt = r#"{"in_channels": 1, "out_channels": 2, "kernel": [3, 3], "strides": [2, 2]}"#;
    let error = serde_json::from_str::<Conv2dConfig>(misspelt).unwrap_err().to_string();
    assert!(error.contains("unknown field `strides`"), "{error}");
    let init = r#"{"scaled": {"gain": 1.0, "fan": "average", "distribution": "uniform"}}"#;
    assert_eq!(serde_json::from_str::<Init>(init).unwrap(), Init::glorot_uniform());
}

/// The text with which a wrong program panics, and the line.
fn panic_of(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(f).expect_err("it should panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn wrong_inputs_panic_with_the_shapes() {
    let text = panic_of(|| drop(BatchNorm2d::<f32>::new(3).forward(&Tensor::zeros([2, 3]))));
    assert_eq!(text, "BatchNorm2d: the input [2, 3] is not [batch, channels, height, width]");
    let text = panic_of(|| drop(BatchNorm2d::<f32>::new(1).forward(&Tensor::zeros([2, 3, 4, 4]))));
    assert_eq!(text, "BatchNorm2d: axis 1 of the input [2, 3, 4, 4] has 3 channels, the layer 1");
    let one = || Tape::training(0).constant(Tensor::zeros([1, 3]));
    let text = panic_of(move || drop(BatchNorm1d::<f32>::new(3).forward(&one())));
    assert!(text.contains("one value to a channel"), "{text}");
    let text = panic_of(|| drop(Linear::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros([2, 4]))));
    assert!(text.starts_with("linear: "), "{text}");
    let text =
        panic_of(|| drop(Conv2d::<f32>::new(3, 2, 5, &mut rng()).forward(&Tensor::zeros([1, 3, 4, 4]))));
    assert!(text.starts_with("conv2d: "), "{text}");
    let text = panic_of(|| {
        let zero = Tensor::zeros([1, 2, 5]);
        Lstm::<f32>::new(3, 4, &mut rng()).forward_with(&Tensor::zeros([6, 2, 3]), Some((&zero, &zero)));
    });
    assert_eq!(text, "lstm: the hidden state [1, 2, 5] is not [1, 2, 4] (input [6, 2, 3])");
    let text = panic_of(|| {
        let _ = Dropout::new(f64::NAN);
    });
    assert_eq!(text, "Dropout: p is NaN, expected a probability in 0..=1");
}

/// A program's mistake is reported at the program's line, not in the layer's file.
#[test]
fn a_wrong_input_is_reported_at_the_callers_line() {
    use std::sync::{Arc, Mutex};
    let place = Arc::new(Mutex::new(None));
    let (seen, before) = (place.clone(), std::panic::take_hook());
    let here = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            *seen.lock().unwrap() = info.location().map(|l| (l.file().to_owned(), l.line()));
        }
    }));
    let layer = Linear::<f32>::new(3, 2, &mut rng());
    let line = line!() + 1;
    let result = std::panic::catch_unwind(|| layer.forward(&Tensor::zeros([2, 4])));
    std::panic::set_hook(before);
    assert!(result.is_err());
    assert_eq!(*place.lock().unwrap(), Some((file!().to_owned(), line)));
}

#[test]
fn modules_can_be_sent_to_other_threads() {
    fn check<M: Send + Sync>() {}
    check::<Sequential<f32>>();
    check::<Lstm<f64>>();
    check::<BatchNorm2d<f32>>();
}
