//! Recurrent layers.

use wengert::prelude::*;

use crate::{close, filled, ramp, rng};

// The expected numbers were computed with PyTorch in double precision.
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
