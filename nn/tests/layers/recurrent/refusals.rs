//! Wrong programs and wrong configurations.

use serde::de::DeserializeOwned;
use wengert::prelude::*;

use crate::mistakes::refused_after;
use crate::rng;

fn z(shape: impl AsRef<[usize]>) -> Tensor {
    Tensor::zeros(shape)
}

/// Makes one row of all.
#[derive(Clone, Copy, Module)]
struct Sum;

impl<T: Float> Layer<T> for Sum {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.sum(0)
    }
}

#[test]
fn wrong_inputs_states_and_lengths_panic_with_what_does_not_fit() {
    let rng = &mut rng();
    let (rnn, gru, lstm) = (Rnn::new(3, 4, rng), Gru::new(3, 4, rng), Lstm::new(3, 4, rng));
    let first = GruConfig::new(3, 4).batch_first(true).init::<f32>(rng);
    let (cell, pair) = (GruCell::new(3, 4, rng), LstmCell::new(3, 4, rng));
    let deep = DeepRnn::new(rnn.clone(), Sequential::new().push(Sum));
    let x = z([6, 2, 3]);
    let first_line = line!();
    let cases: &[(&str, &dyn Fn())] = &[
        ("rnn_tanh: the input does not have the 3 axes of a batch", &|| drop(rnn.forward(&z([6])))),
        ("rnn_tanh: the weight_ih [4, 3] is not [4, 5]", &|| drop(rnn.forward(&z([6, 2, 5])))),
        ("gru: the hidden state [1, 3, 4] is not [1, 2, 4] (input [6, 2, 3])", &|| {
            drop(gru.forward_with(&x, Some(&z([1, 3, 4])), None))
        }),
        ("gru: the hidden state [1, 1, 4] is not [1, 4] (input [6, 3])", &|| {
            drop(gru.forward_with(&x.select(1, 0), Some(&z([1, 1, 4])), None))
        }),
        ("lstm: the hidden state [1, 2, 5] is not [1, 2, 4] (input [6, 2, 3])", &|| {
            drop(lstm.forward_with(&x, Some(&(z([1, 2, 5]), z([1, 2, 4]))), None))
        }),
        ("lstm: the cell state [2, 4] is not [1, 2, 4] (input [6, 2, 3])", &|| {
            drop(lstm.forward_with(&x, Some(&(z([1, 2, 4]), z([2, 4]))), None))
        }),
        ("lstm: 1 lengths were given for a batch of 2", &|| drop(lstm.forward_with(&x, None, Some(&[6])))),
        ("gru: the length 3 of entry 5 is more than the 2 steps", &|| {
            drop(first.forward_with(&x, None, Some(&[2, 1, 2, 0, 1, 3])))
        }),
        ("gru: the input and the state are not [batch, features] and [batch, units]", &|| {
            drop(cell.forward(&z([2, 3]), Some(&z([4]))))
        }),
        ("lstm: the weight_ih [16, 3] is not [16, 5]", &|| drop(pair.forward(&z([2, 5]), None))),
        ("DeepRnn: the upper layers made [4] of [12, 4], not a row of each row", &|| drop(deep.forward(&x))),
        ("pad_sequence: there are no sequences", &|| drop(pad_sequence::<Tensor>(&[], true, 0.0))),
        ("pad_sequence: sequence 1 has no axis of steps", &|| {
            drop(pad_sequence(&[z([2, 3]), z([])], true, 0.0))
        }),
        ("pad_sequence: a step of sequence 1 is [4], one of sequence 0 [3]", &|| {
            drop(pad_sequence(&[z([2, 3]), z([2, 4])], true, 0.0))
        }),
        ("unpad_sequence: [6] does not have axes of steps and of a batch", &|| {
            drop(unpad_sequence(&z([6]), &[6], true))
        }),
        ("unpad_sequence: 1 lengths were given for a batch of 2", &|| drop(unpad_sequence(&x, &[6], false))),
        ("unpad_sequence: the length 7 of sequence 1 is more than the 6 steps", &|| {
            drop(unpad_sequence(&x, &[6, 7], false))
        }),
    ];
    refused_after(file!(), first_line, cases);
}

#[test]
fn wrong_configurations_are_errors() {
    let rng = || rng();
    let rnn = |config: RnnConfig| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    let lstm = |config: LstmConfig| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    let cell = |config: GruCellConfig| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    let cases = [
        (rnn(RnnConfig::new(0, 1)), "RnnConfig: input_size is 0, expected at least 1"),
        (rnn(RnnConfig::new(1, 0)), "RnnConfig: hidden_size is 0, expected at least 1"),
        (rnn(RnnConfig::new(1, 1).num_layers(0)), "RnnConfig: num_layers is 0, expected at least 1"),
        (rnn(RnnConfig::new(1, 1).dropout(f64::NAN)), "RnnConfig: dropout is NaN"),
        (rnn(RnnConfig::new(usize::MAX, 1 << 62)), "RnnConfig: weight_ih_l0 is of shape"),
        (rnn(RnnConfig::new(1, 1).num_layers(usize::MAX)), "RnnConfig: weight_ih is of shape"),
        (
            lstm(LstmConfig::new(2, 3).proj_size(3)),
            "LstmConfig: proj_size is 3, expected less than hidden_size, which is 3",
        ),
        (cell(GruCellConfig::new(0, 1)), "GruCellConfig: input_size is 0, expected at least 1"),
        (cell(GruCellConfig::new(1, 0)), "GruCellConfig: hidden_size is 0, expected at least 1"),
        (cell(GruCellConfig::new(1, 1 << 40)), "GruCellConfig: weight_hh is of shape"),
    ];
    for (error, expected) in cases {
        assert!(error.starts_with(expected), "{error}, expected {expected}");
    }
    assert_eq!(
        LstmConfig::new(2, 3).proj_size(0).init::<f32>(&mut rng()).forward(&z([1, 1, 2])).shape(),
        [1, 1, 3]
    );
}

fn read<C: DeserializeOwned>(options: &str) -> Result<C, String> {
    let text = format!(r#"{{"input_size": 2, "hidden_size": 3{options}}}"#);
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

#[test]
fn configurations_are_read_from_files() {
    let rng = || rng();
    assert_eq!(read::<RnnConfig>("").unwrap(), RnnConfig::new(2, 3));
    let relu = RnnConfig::new(2, 3).nonlinearity(Nonlinearity::Relu).num_layers(2).bias(false);
    assert_eq!(read(r#", "nonlinearity": "relu", "num_layers": 2, "bias": false"#), Ok(relu.clone()));
    let gru = GruConfig::new(2, 3).reset_after(false).batch_first(true).dropout(0.5);
    let lstm = LstmConfig::new(2, 3).proj_size(1).bidirectional(true);
    let cell = GruCellConfig::new(2, 3).bias(false).reset_after(false);
    assert_eq!(serde_json::from_str(&serde_json::to_string(&relu).unwrap()).ok(), Some(relu));
    assert_eq!(serde_json::from_str(&serde_json::to_string(&gru).unwrap()).ok(), Some(gru));
    assert_eq!(serde_json::from_str(&serde_json::to_string(&lstm).unwrap()).ok(), Some(lstm));
    assert_eq!(serde_json::from_str(&serde_json::to_string(&cell).unwrap()).ok(), Some(cell));

    let error = read::<GruConfig>(r#", "layers": 2"#).unwrap_err();
    assert!(error.contains("unknown field `layers`"), "{error}");
    // Options of other kinds.
    let error = |error: nn::ConfigError| error.to_string();
    let config: GruConfig = read(r#", "proj_size": 2"#).unwrap();
    let text = error(config.try_init::<f32>(&mut rng()).unwrap_err());
    assert_eq!(text, "GruConfig: proj_size is 2, expected 0: only an LSTM has a projection");
    let config: LstmConfig = read(r#", "nonlinearity": "relu""#).unwrap();
    let text = error(config.try_init::<f32>(&mut rng()).unwrap_err());
    assert_eq!(text, "LstmConfig: nonlinearity is given, expected none: only a plain layer has one");
    let config: RnnCellConfig = read(r#", "reset_after": true"#).unwrap();
    let text = error(config.try_init::<f32>(&mut rng()).unwrap_err());
    assert_eq!(text, "RnnCellConfig: reset_after is given, expected none: only a GRU has one");
    let config: GruConfig = read(r#", "proj_size": 0"#).unwrap();
    assert!(config.try_init::<f32>(&mut rng()).is_ok());
}
