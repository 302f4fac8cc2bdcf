//! Layers in layers: gradients to every parameter, copies, names, threads.

use wengert::prelude::*;

use crate::{gradients_flow, rng};

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
    gradients_flow(&LstmConfig::new(3, 4).num_layers(2).dropout(0.3).init(&mut rng), &[4, 2, 3]);
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
    assert_eq!(model.named_buffers().len(), 3);
    assert_eq!((model.parameter_count(), model.trainable_parameter_count()), (10, 8));
    assert_eq!(ids(&model.clone()), ids(&model));

    let copy = model.deep_clone();
    assert_eq!(copy.to_bytes(), model.to_bytes());
    assert!(ids(&copy).iter().all(|id| !ids(&model).contains(id)));
    assert_eq!((copy.named_parameters().len(), copy.named_buffers().len()), (4, 3));
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
fn modules_can_be_sent_to_other_threads() {
    fn check<M: Send + Sync>() {}
    check::<Sequential<f32>>();
    check::<Lstm<f64>>();
    check::<BatchNorm2d<f32>>();
}
