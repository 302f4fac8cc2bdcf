//! What was learned from some digits helps with others, of which there are few examples.

use data::{RandomAffine, split};
use wengert::prelude::*;

use crate::small::{accuracy, deep_network, five_digits, train, train_distorted};

#[test]
fn a_frozen_backbone_beats_training_from_scratch_on_few_examples_in_as_many_steps() {
    for seed in 0..3 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let distort = RandomAffine::new().degrees(15.0).scale(0.15).translate(0.1);
        let mut model = deep_network(5).init::<f32>(&mut rng);
        train_distorted(&model, &five_digits(0), distort, 4, seed);

        // Two examples of each of the other digits.
        let others = five_digits(5);
        let n = others.len();
        let parts = split::stratified_counts(others.labels(), [10, n - 10], &mut rng);
        let [few, test] = parts.map(|part| others.subset(&part));
        let learned = |model: &ResNet| {
            train(model, &few, 10, 20, 3e-3, seed);
            accuracy(&model.forward(&test.to_batch().inputs).argmax(1), &test)
        };

        model.replace_head(5, &mut rng);
        model.freeze_through("layer2.0");
        let frozen = model.layers[1][0].to_bytes();
        let transferred = learned(&model);
        assert_eq!(model.layers[1][0].to_bytes(), frozen);
        let scratch = learned(&deep_network(5).init(&mut rng));
        println!("seed {seed}: {transferred:.3} transferred, {scratch:.3} from scratch");
        assert!(
            transferred > scratch + 0.15,
            "seed {seed}: {transferred} transferred, {scratch} from scratch"
        );
    }
}
