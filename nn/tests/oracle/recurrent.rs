use serde::Deserialize;
use serde::de::DeserializeOwned;
use wengert::nn::recurrent::{Cell, CellConfig, Kind, Recurrent, RecurrentConfig, kind};
use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, module};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options<C> {
    config: C,
    lengths: Option<Vec<usize>>,
}

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "Rnn" => layers::<kind::Rnn>(case, one),
        "Gru" => layers::<kind::Gru>(case, one),
        "Lstm" => layers::<kind::Lstm>(case, two),
        "DeepRnn" => deep::<kind::Rnn>(case, one),
        "DeepGru" => deep::<kind::Gru>(case, one),
        "DeepLstm" => deep::<kind::Lstm>(case, two),
        "RnnCell" => cell::<kind::Rnn>(case, one),
        "GruCell" => cell::<kind::Gru>(case, one),
        "LstmCell" => cell::<kind::Lstm>(case, two),
        other => panic!("no layer {other}"),
    }
}

/// The state among the inputs.
type Given<S> = fn(&[Tensor<f64>]) -> Option<S>;

fn one(inputs: &[Tensor<f64>]) -> Option<Tensor<f64>> {
    inputs.get(1).cloned()
}

fn two(inputs: &[Tensor<f64>]) -> Option<(Tensor<f64>, Tensor<f64>)> {
    inputs.get(1).cloned().zip(inputs.get(2).cloned())
}

fn outputs<K: Kind>(y: Option<Tensor<f64>>, last: &K::State<f64>) -> Vec<Tensor<f64>> {
    y.into_iter().chain(K::tensors(last).cloned()).collect()
}

fn read<C: DeserializeOwned>(case: &Case) -> (C, Option<Vec<usize>>) {
    let Options { config, lengths } = case.read();
    (config, lengths)
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn layers<K: Kind>(case: &Case, given: Given<K::State<f64>>) -> Box<dyn Subject> {
    let (config, lengths) = read::<RecurrentConfig<K>>(case);
    module(config.init(&mut rng()), move |layers: &Recurrent<K, f64>, inputs, _| {
        let (y, last) = layers.forward_with(&inputs[0], given(inputs).as_ref(), lengths.as_deref());
        outputs::<K>(Some(y), &last)
    })
}

fn deep<K: Kind>(case: &Case, given: Given<K::State<f64>>) -> Box<dyn Subject> {
    let (config, lengths) = read::<RecurrentConfig<K>>(case);
    let rng = &mut rng();
    let width = case.state["dense.0.weight"].shape[1];
    let dense = Sequential::new().push(Linear::new(width, 3, rng)).push(Tanh).push(Linear::new(3, 2, rng));
    module(DeepRnn::new(config.init(rng), dense), move |net: &DeepRnn<K, f64>, inputs, _| {
        let (y, last) = net.forward_with(&inputs[0], given(inputs).as_ref(), lengths.as_deref());
        outputs::<K>(Some(y), &last)
    })
}

fn cell<K: Kind>(case: &Case, given: Given<K::State<f64>>) -> Box<dyn Subject> {
    let (config, _) = read::<CellConfig<K>>(case);
    module(config.init(&mut rng()), move |cell: &Cell<K, f64>, inputs, _| {
        outputs::<K>(None, &cell.forward(&inputs[0], given(inputs).as_ref()))
    })
}
