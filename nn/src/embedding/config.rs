//! What an embedding is built from.

use autodiff::{Float, Parameter, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::Embedding;
use super::table::{Table, standard_normal, table_options};
use crate::ConfigError;
use crate::config::{Check, expect, two};
use crate::init::Init;

/// What an [`Embedding`] is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let config: EmbeddingConfig =
///     serde_json::from_str(r#"{"num_embeddings": 10, "embedding_dim": 3, "padding_idx": -1}"#).unwrap();
/// assert_eq!(config, EmbeddingConfig::new(10, 3).padding_idx(-1));
/// assert_eq!(config.init::<f32>(&mut ChaCha8Rng::seed_from_u64(0)).padding_idx(), Some(9));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingConfig {
    num_embeddings: usize,
    embedding_dim: usize,
    #[serde(default)]
    padding_idx: Option<isize>,
    #[serde(default)]
    max_norm: Option<f64>,
    #[serde(default = "two")]
    norm_type: f64,
    #[serde(default)]
    scale_grad_by_freq: bool,
    #[serde(default = "standard_normal")]
    weight_init: Init,
}

table_options!(EmbeddingConfig, Embedding);

impl EmbeddingConfig {
    /// A table of `num_embeddings` rows of `embedding_dim` elements.
    pub fn new(num_embeddings: usize, embedding_dim: usize) -> Self {
        Self {
            num_embeddings,
            embedding_dim,
            padding_idx: None,
            max_norm: None,
            norm_type: two(),
            scale_grad_by_freq: false,
            weight_init: standard_normal(),
        }
    }

    /// The id that stands for nothing: its row is zero first and gets no gradient (default: none). A negative one
    /// counts from the end of the table.
    pub fn padding_idx(mut self, id: isize) -> Self {
        self.padding_idx = Some(id);
        self
    }

    /// Whether the gradient of a row is divided by the number of times it was looked up (default: no).
    pub fn scale_grad_by_freq(mut self, scale: bool) -> Self {
        self.scale_grad_by_freq = scale;
        self
    }

    fn build<T: Float>(
        &self,
        weight: impl FnOnce(&Table, Option<usize>) -> Result<Parameter<T>, ConfigError>,
    ) -> Result<Embedding<T>, ConfigError> {
        let table = Table {
            check: Check("EmbeddingConfig"),
            shape: [self.num_embeddings, self.embedding_dim],
            padding_idx: self.padding_idx,
            max_norm: self.max_norm,
            norm_type: self.norm_type,
            weight_init: self.weight_init,
        };
        let (padding_idx, max_norm) = table.checked()?;
        let weight = weight(&table, padding_idx)?;
        Ok(Embedding { weight, padding_idx, max_norm, scale_grad_by_freq: self.scale_grad_by_freq })
    }
}
