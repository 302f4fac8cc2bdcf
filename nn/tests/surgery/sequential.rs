//! Changing the layers of a Sequential.

use wengert::prelude::*;

fn net() -> Sequential<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    Sequential::new()
        .push(Linear::new(4, 8, &mut rng))
        .push(Tanh)
        .push_named("head", Linear::new(8, 3, &mut rng))
}

fn names(net: &Sequential<f64>) -> Vec<&str> {
    net.iter().map(|(name, _)| name).collect()
}

#[test]
fn layers_are_replaced_inserted_and_removed() {
    let (mut net, x) = (net(), Tensor::ones([2, 4]));
    let body = net.get("0").unwrap().downcast_ref::<Linear<f64>>().unwrap().clone();
    let old = net.replace("head", Linear::new(8, 5, &mut ChaCha8Rng::seed_from_u64(1)));
    assert_eq!(old.downcast_ref::<Linear<f64>>().unwrap().weight.shape(), [3, 8]);
    assert_eq!(net.forward(&x).shape(), [2, 5]);

    net.insert(1, "scale", LeakyRelu::new(0.5));
    net.insert(4, "last", Sigmoid);
    assert_eq!(names(&net), ["0", "scale", "1", "head", "last"]);
    net.remove("last");
    net.remove("head");
    assert_eq!(names(&net), ["0", "scale", "1"]);
    assert_eq!(net.forward(&x).to_vec(), body.forward(&x).leaky_relu(0.5).tanh().to_vec());
}

#[test]
fn a_layer_is_changed_in_place() {
    let mut net = net();
    let head = net.get_mut("head").unwrap().downcast_mut::<Linear<f64>>().unwrap();
    head.bias = None;
    assert_eq!(net.parameters().len(), 3);
    assert!(net.get("tail").is_none() && net.get_mut("tail").is_none());
    assert!(net.get("1").unwrap().downcast_ref::<Linear<f64>>().is_none());
}

#[test]
#[should_panic(expected = "Sequential: no layer is named `fc`: Sequential [\"0\", \"1\", \"head\"]")]
fn an_unknown_layer_cannot_be_replaced() {
    net().replace("fc", Relu);
}

#[test]
#[should_panic(expected = "Sequential: there is a layer named `head` already")]
fn a_name_is_given_once() {
    net().insert(0, "head", Relu);
}

#[test]
#[should_panic(expected = "Sequential: no layer can be inserted at 4, there are 3")]
fn layers_have_no_gaps() {
    net().insert(4, "x", Relu);
}
