//! Recurrent layers.

use wengert::prelude::*;

use crate::{ramp, rng};

#[test]
fn dropout_works_between_lstm_layers_on_training_tapes_only() {
    let config = LstmConfig::new(2, 8).num_layers(2).dropout(0.5);
    let lstm = config.init::<f32>(&mut rng());
    let x = ramp([3, 2, 2], 3);
    let plain = lstm.forward(&x).to_vec();
    assert_eq!(lstm.forward(&Tape::new().constant(&x)).to_vec(), plain);
    assert_ne!(lstm.forward(&Tape::training(0).constant(&x)).to_vec(), plain);
    let same = |seed| lstm.forward(&Tape::training(seed).constant(&x)).to_vec();
    assert_eq!(same(4), same(4));
}
