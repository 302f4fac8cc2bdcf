//! The cases as `generate` wrote them.

use std::collections::BTreeMap;
use std::io::BufReader;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wengert::prelude::*;

#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) torch: String,
    /// How many cases there are: none gets lost unnoticed.
    pub(crate) count: usize,
    pub(crate) cases: Vec<Case>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) layer: String,
    pub(crate) options: Value,
    pub(crate) state: BTreeMap<String, Array>,
    /// Whether a training pass draws at random, so that there is nothing to compare it with.
    pub(crate) random: bool,
    /// Of each step.
    pub(crate) inputs: Vec<Vec<Array>>,
    pub(crate) indices: Vec<Array>,
    pub(crate) evaluated: Vec<Array>,
    pub(crate) trained: Vec<Array>,
    pub(crate) input_gradients: Vec<Option<Array>>,
    pub(crate) gradients: BTreeMap<String, Option<Array>>,
    pub(crate) buffers: BTreeMap<String, Array>,
    pub(crate) evaluated_after: Vec<Array>,
}

impl Case {
    /// The options as a layer's configuration.
    pub(crate) fn read<C: DeserializeOwned>(&self) -> C {
        serde_json::from_value(self.options.clone()).unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Array {
    pub(crate) fn tensor(&self) -> Tensor<f64> {
        Tensor::from_vec(&self.shape, self.values.clone())
    }

    pub(crate) fn indices(&self) -> Indices {
        Indices::from_vec(&self.shape, self.values.iter().map(|&x| x as i64).collect())
    }
}

pub(crate) fn read(packed: &[u8]) -> File {
    serde_json::from_reader(BufReader::new(GzDecoder::new(packed))).expect("the file is well formed")
}
