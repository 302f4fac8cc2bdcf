//! Dropout between layers, first values, names, copies and files.

use wengert::prelude::*;

use crate::{ramp, rng};

#[test]
fn dropout_works_between_layers_on_training_tapes_only() {
    let rng = &mut rng();
    let layers: [Box<dyn Layer<f32>>; 3] = [
        Box::new(RnnConfig::new(2, 8).num_layers(2).dropout(0.5).init(rng)),
        Box::new(GruConfig::new(2, 8).num_layers(2).dropout(0.5).init(rng)),
        Box::new(LstmConfig::new(2, 8).num_layers(2).dropout(0.5).init(rng)),
    ];
    let x = ramp([3, 2, 2], 3);
    for layer in &layers {
        let plain = layer.forward(&x).to_vec();
        assert_eq!(layer.forward(&Tape::new().constant(&x)).to_vec(), plain);
        let trained = |seed| layer.forward(&Tape::training(seed).constant(&x)).to_vec();
        assert_ne!(trained(4), plain);
        assert_eq!(trained(4), trained(4));
        assert_ne!(trained(4), trained(5));
        // Not after the last layer: no output is 0.
        assert!(trained(4).iter().all(|&y| y != 0.0));
    }
    let one = LstmConfig::new(2, 8).dropout(0.5).init::<f32>(rng);
    assert_eq!(one.forward(&Tape::training(0).constant(&x)).to_vec(), one.forward(&x).to_vec());
}

#[test]
fn first_values_are_uniform_and_those_of_the_seed() {
    let config = LstmConfig::new(30, 25).num_layers(2).bidirectional(true);
    let (single, double) = (config.init::<f32>(&mut rng()), config.init::<f64>(&mut rng()));
    for ((name, a), b) in single.named_parameters().iter().zip(double.parameters()) {
        let (a, b) = (a.value().to_vec(), b.value().to_vec());
        assert!(a.iter().zip(&b).all(|(&a, &b)| a == b as f32), "{name}");
        // ±1/√25, of which the variance is a third of the square.
        assert!(b.iter().all(|x| x.abs() <= 0.2));
        let variance = b.iter().map(|x| x * x).sum::<f64>() / b.len() as f64;
        assert!((variance * 75.0 - 1.0).abs() < 0.3, "{name}: {variance}");
    }
    let cell = LstmCell::<f64>::new(30, 25, &mut rng());
    assert_eq!(cell.parameters.weight_ih.value().to_vec(), double.entries[0].weight_ih.value().to_vec());
}

#[test]
fn copies_and_files_keep_all_parameters_under_their_names() {
    let config = LstmConfig::new(2, 3).num_layers(2).bidirectional(true).proj_size(1);
    let lstm = config.init::<f32>(&mut rng());
    let names: Vec<String> = lstm.named_parameters().into_iter().map(|(name, _)| name).collect();
    let parts = ["weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"];
    let suffixes = ["_l0", "_l0_reverse", "_l1", "_l1_reverse"];
    let expected: Vec<String> =
        suffixes.iter().flat_map(|suffix| parts.map(|part| format!("{part}{suffix}"))).collect();
    assert_eq!(names, expected);

    let other = config.init::<f32>(&mut ChaCha8Rng::seed_from_u64(9));
    assert_eq!(other.load_bytes(&lstm.to_bytes()).unwrap().loaded, names);
    let x = ramp([3, 2, 2], 3);
    assert_eq!(other.forward(&x).to_vec(), lstm.forward(&x).to_vec());

    let (copy, alias) = (lstm.deep_clone(), lstm.clone());
    let before = lstm.forward(&x).to_vec();
    lstm.parameters().iter().for_each(|p| p.set(&Tensor::zeros(p.shape())));
    assert_eq!(copy.forward(&x).to_vec(), before);
    assert_eq!(alias.forward(&x).to_vec(), vec![0.0; before.len()]);

    let cell = GruCellConfig::new(2, 3).bias(false).init::<f32>(&mut rng());
    let names: Vec<String> = cell.deep_clone().named_parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["weight_ih", "weight_hh"]);
}
