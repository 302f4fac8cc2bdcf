//! Several networks that answer together.

use wengert::prelude::*;

use crate::small::{accuracy, five_digits, network, train};

#[test]
fn three_networks_together_are_better_than_each_is_on_average() {
    let set = five_digits(0);
    let [few, test] = set.split([0.1, 0.9], &mut ChaCha8Rng::seed_from_u64(0));
    let models: Vec<ResNet> = (0..3)
        .map(|seed| {
            let model = network(5).init(&mut ChaCha8Rng::seed_from_u64(seed));
            train(&model, &few, 16, 6, 3e-3, seed);
            model
        })
        .collect();
    let x = test.to_batch().inputs;
    let alone: Vec<f64> = models.iter().map(|model| accuracy(&model.forward(&x).argmax(1), &test)).collect();
    let ensemble = Ensemble::new(models);
    let together = accuracy(&ensemble.probabilities(&x).argmax(1), &test);
    println!("{alone:?} {together}");
    assert!(together > alone.iter().sum::<f64>() / 3.0, "{together} together, {alone:?} alone");
    assert!(together > 0.8, "{together}");
}
