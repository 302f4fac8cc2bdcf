//! Freezing and choosing parameters by patterns of their paths.

use wengert::nn::NoMatch;
use wengert::prelude::*;

fn net() -> Sequential {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let block = |n, m, rng: &mut ChaCha8Rng| {
        Sequential::new().push(LinearConfig::new(n, m).init(rng)).push(BatchNorm1d::new(m)).push(Relu)
    };
    Sequential::new()
        .push_named("layer1", block(4, 8, &mut rng))
        .push_named("layer10", block(8, 8, &mut rng))
        .push_named("head", Linear::new(8, 3, &mut rng))
}

fn frozen(net: &Sequential) -> Vec<String> {
    net.named_parameters().into_iter().filter(|(_, p)| p.is_frozen()).map(|(path, _)| path).collect()
}

#[test]
fn a_pattern_freezes_parameters_and_buffers() {
    let net = net();
    // Not layer10.
    assert_eq!(net.freeze_matching("layer1.*").unwrap(), 4 + 3);
    assert_eq!(frozen(&net), ["layer1.0.weight", "layer1.0.bias", "layer1.1.weight", "layer1.1.bias"]);
    assert!(
        net.named_buffers().iter().all(|(path, buffer)| buffer.is_frozen() == path.starts_with("layer1."))
    );
    assert_eq!(net.unfreeze_matching("*.bias").unwrap(), 5);
    assert_eq!(frozen(&net), ["layer1.0.weight", "layer1.1.weight"]);
    assert_eq!(net.freeze_matching("head.weigh?").unwrap(), 1);
    assert_eq!(net.unfreeze_matching("*").unwrap(), 16);
    assert!(frozen(&net).is_empty());
}

#[test]
fn frozen_parts_do_not_learn() {
    let net = net();
    net.freeze_matching("layer*").unwrap();
    let before = net.to_bytes();
    let mut sgd = Sgd::new(net.parameters(), 0.1);
    let x = Init::normal(0.0, 1.0).tensor([6, 4], &mut ChaCha8Rng::seed_from_u64(1));
    let tape = Tape::training(0);
    let loss = net.forward(&tape.constant(x)).square().mean(..);
    sgd.step(&loss.backward());
    let after = net.deep_clone();
    // All but the head is as it was.
    net.load_bytes(&before).unwrap();
    for ((path, old), (_, new)) in net.named_parameters().iter().zip(after.named_parameters()) {
        let same = old.value().to_vec() == new.value().to_vec();
        assert_eq!(same, !path.starts_with("head"), "{path}");
    }
    for ((path, old), (_, new)) in net.named_buffers().iter().zip(after.named_buffers()) {
        assert_eq!(old.value().to_vec(), new.value().to_vec(), "{path}");
    }
}

#[test]
fn a_pattern_without_a_match_is_an_error() {
    let error: NoMatch = net().freeze_matching("layer2.*").unwrap_err();
    assert_eq!(error.pattern(), "layer2.*");
    assert_eq!(
        error.to_string(),
        "no parameter or buffer matches `layer2.*`; the paths are layer1.0.weight, layer1.0.bias, layer1.1.weight, \
         layer1.1.bias, layer1.1.running_mean, layer1.1.running_var, layer1.1.num_batches_tracked, layer10.0.weight, \
         … (16 in all)"
    );
    // Buffers are no parameters.
    let error = net().parameters_matching("*running_mean").unwrap_err().to_string();
    assert!(
        error.starts_with("no parameter matches `*running_mean`; the paths are layer1.0.weight"),
        "{error}"
    );
    let error = Module::<f32>::freeze_matching(&Relu, "*").unwrap_err().to_string();
    assert_eq!(error, "no parameter or buffer matches `*`; the module has none");
}

#[test]
fn shared_parameters_count_once() {
    let layer = Linear::<f64>::new(2, 2, &mut ChaCha8Rng::seed_from_u64(0));
    let tied = (layer.clone(), layer.clone());
    assert_eq!(tied.freeze_matching("*").unwrap(), 2);
    assert_eq!(tied.parameters_matching("*.weight").unwrap().len(), 1);
    // By whichever of its paths it is meant.
    assert_eq!(tied.parameters_matching("1.weight").unwrap()[0].id(), layer.weight.id());
}

#[test]
fn a_condition_chooses_parameters() {
    let net = net();
    let matrices =
        net.parameters_where(&|path, parameter| path.ends_with("weight") && parameter.shape().len() > 1);
    assert_eq!(
        matrices.iter().map(Parameter::shape).collect::<Vec<_>>(),
        [vec![8, 4], vec![8, 8], vec![3, 8]]
    );
    assert!(net.parameters_where(&|path, _| path.starts_with("nothing")).is_empty());
}
