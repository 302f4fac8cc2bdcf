//! Bags of rows, each made one.

use autodiff::{BagMode, Float, Indices, Parameter, Tape, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::frequency;
use super::renorm::{self, MaxNorm};
use super::table::{Table, standard_normal, table_options};
use crate::config::{Check, expect, two};
use crate::init::Init;
use crate::{ConfigError, Module};

/// Bags of rows of a table [num_embeddings, embedding_dim], each made one by their mean, sum or maximum: what an
/// [`Embedding`](crate::Embedding) followed by that reduction gives, without the rows between.
///
/// Bags of one size are ids [bags, size]; bags of several sizes are all ids one after another, with the place where
/// each bag begins ([`forward_offsets`](Self::forward_offsets)). Places of `padding_idx` do not count. A bag of none
/// gives zeros. The table is put on the tape that the ids lie on, or else their weights.
///
/// ```
/// use wengert::prelude::*;
///
/// let table = Tensor::<f64>::from_vec([3, 2], vec![0.0, 0.0, 1.0, 2.0, 3.0, 6.0]);
/// let bags = EmbeddingBag::from_pretrained(&table, true);
/// let ids = Indices::from_vec([2, 2], vec![1, 2, 0, 1]);
/// assert_eq!(bags.forward(&ids).to_vec(), [2.0, 4.0, 0.5, 1.0]);
/// let ids = Indices::from([1, 2, 1]);
/// assert_eq!(bags.forward_offsets(&ids, &[0, 2, 3], None).to_vec(), [2.0, 4.0, 1.0, 2.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct EmbeddingBag<T: Float = f32> {
    /// The table [num_embeddings, embedding_dim].
    pub weight: Parameter<T>,
    #[module(skip)]
    padding_idx: Option<usize>,
    #[module(skip)]
    max_norm: Option<MaxNorm>,
    #[module(skip)]
    mode: BagMode,
    scale_grad_by_freq: bool,
    include_last_offset: bool,
}

impl<T: Float> EmbeddingBag<T> {
    /// A table with PyTorch's defaults: means of rows of N(0, 1), all of which learn.
    ///
    /// # Panics
    /// If there are no rows, or they have no elements.
    #[track_caller]
    pub fn new(num_embeddings: usize, embedding_dim: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        EmbeddingBagConfig::new(num_embeddings, embedding_dim).init(rng)
    }

    /// A table that is given [num_embeddings, embedding_dim], and perhaps does not learn. With options:
    /// [`EmbeddingBagConfig::from_pretrained`].
    ///
    /// # Panics
    /// If the table has not two axes, or is empty.
    #[track_caller]
    pub fn from_pretrained(table: &Tensor<T>, freeze: bool) -> Self {
        let &[rows, width] = table.shape() else {
            panic!("EmbeddingBag: the table {:?} is not [num_embeddings, embedding_dim]", table.shape())
        };
        EmbeddingBagConfig::new(rows, width).from_pretrained(table, freeze)
    }

    /// Bags of one size, ids [bags, size]: [bags, embedding_dim].
    ///
    /// # Panics
    /// If the ids have other axes, or one is out of range.
    #[track_caller]
    pub fn forward(&self, ids: &Indices) -> Tensor<T> {
        self.forward_with(ids, None)
    }

    /// The same with weights [bags, size] by which the rows of a sum are multiplied.
    ///
    /// # Panics
    /// As [`forward`](Self::forward), or if there are weights and the mode is not the sum, or they have another shape.
    #[track_caller]
    pub fn forward_with(&self, ids: &Indices, per_sample_weights: Option<&Tensor<T>>) -> Tensor<T> {
        let &[bags, size] = ids.shape() else {
            panic!("EmbeddingBag: the ids {:?} are not [bags, ids of a bag]", ids.shape())
        };
        if self.max_norm.is_none() && !self.scale_grad_by_freq {
            let table = renorm::table(&self.weight, None, ids, tape_of(ids, per_sample_weights));
            let padding = self.padding_idx.map(|id| id as isize);
            return table.embedding_bag(ids, self.mode, per_sample_weights, padding);
        }
        let ends: Vec<usize> = (1..=bags).map(|bag| bag * size).collect();
        self.check_weights(ids, per_sample_weights);
        let flat = per_sample_weights.map(|weights| weights.reshape([bags * size]));
        self.reduced(&ids.reshape([bags * size]), &ends, flat.as_ref())
    }

    /// Bags of several sizes, given as all ids \[n\] one after another and the place where each bag begins, with
    /// weights \[n\] of a sum: [bags, embedding_dim]. With `include_last_offset` the last offset is the end of the
    /// last bag, and begins none.
    ///
    /// # Panics
    /// If the ids have other axes, one is out of range, the offsets do not begin with 0, do not rise or exceed n, or
    /// there are weights and the mode is not the sum, or they have another shape.
    #[track_caller]
    pub fn forward_offsets(
        &self,
        ids: &Indices,
        offsets: &[usize],
        per_sample_weights: Option<&Tensor<T>>,
    ) -> Tensor<T> {
        let &[n] = ids.shape() else {
            panic!("EmbeddingBag: the ids {:?} of bags with offsets are not on one axis", ids.shape())
        };
        let rises = offsets.first() == Some(&0) && offsets.is_sorted() && offsets.last() <= Some(&n);
        // No bags have no offsets.
        let none = offsets.is_empty() && n == 0 && !self.include_last_offset;
        assert!(
            rises || none,
            "EmbeddingBag: the offsets {offsets:?} do not rise from 0 to at most {n}, the number of ids"
        );
        self.check_weights(ids, per_sample_weights);
        let mut ends = offsets.get(1..).unwrap_or(&[]).to_vec();
        if self.include_last_offset {
            let last = offsets[offsets.len() - 1];
            assert!(last == n, "EmbeddingBag: the last offset is {last}, the number of ids {n}");
        } else if !none {
            ends.push(n);
        }
        self.reduced(ids, &ends, per_sample_weights)
    }

    #[track_caller]
    fn check_weights(&self, ids: &Indices, weights: Option<&Tensor<T>>) {
        if let Some(weights) = weights {
            assert!(self.mode == BagMode::Sum, "EmbeddingBag: per_sample_weights are for a sum");
            let (found, expected) = (weights.shape(), ids.shape());
            assert!(found == expected, "EmbeddingBag: the per_sample_weights {found:?} are not {expected:?}");
        }
    }

    /// Each bag made one. Bag b is of the places from the end of the one before to `ends[b]`.
    #[track_caller]
    fn reduced(&self, ids: &Indices, ends: &[usize], weights: Option<&Tensor<T>>) -> Tensor<T> {
        let table = renorm::table(&self.weight, self.max_norm, ids, tape_of(ids, weights));
        let bags = Bags::of(ids.as_slice(), ends, self.padding_idx);
        let none = Tensor::zeros([ends.len(), table.shape()[1]]);
        if self.mode == BagMode::Max {
            let (places, ids) = bags.filled_up();
            if places.is_empty() {
                return none;
            }
            let rows = renorm::corrected(table.embedding(&ids, None), self.max_norm);
            return none.index_add(0, &places, &rows.max(1), 1.0);
        }
        let ids = Indices::from(bags.ids);
        let mut rows = renorm::corrected(table.embedding(&ids, None), self.max_norm);
        if self.scale_grad_by_freq {
            rows = frequency::scaled(&rows, &ids);
        }
        if let Some(weights) = weights {
            rows = rows * weights.index_select(0, &bags.places.into()).unsqueeze(-1);
        }
        let sums = none.index_add(0, &bags.bags.into(), &rows, 1.0);
        if self.mode == BagMode::Sum {
            return sums;
        }
        let shares = bags.counts.iter().map(|&n| T::from_f64(1.0 / n.max(1) as f64)).collect();
        sums * Tensor::from_vec([ends.len(), 1], shares)
    }
}

/// The tape of a lookup: that of the ids, or else of their weights.
fn tape_of<'a, T: Float>(ids: &'a Indices, weights: Option<&'a Tensor<T>>) -> Option<&'a Tape> {
    ids.tape().or(weights.and_then(Tensor::tape))
}

/// The ids that count, with their bags.
struct Bags {
    ids: Vec<i64>,
    /// Where each of them stands among all ids.
    places: Vec<i64>,
    /// The bag of each of them, in rising order.
    bags: Vec<i64>,
    /// How many each bag has.
    counts: Vec<usize>,
}

impl Bags {
    fn of(ids: &[i64], ends: &[usize], padding: Option<usize>) -> Self {
        let mut found = Self { ids: vec![], places: vec![], bags: vec![], counts: vec![0; ends.len()] };
        let mut place = 0;
        for (bag, &end) in ends.iter().enumerate() {
            for (at, &id) in ids.iter().enumerate().take(end).skip(place) {
                if Some(id) != padding.map(|id| id as i64) {
                    found.ids.push(id);
                    found.places.push(at as i64);
                    found.bags.push(bag as i64);
                    found.counts[bag] += 1;
                }
            }
            place = end;
        }
        found
    }

    /// The bags that have ids, and those filled up to the size of the largest with the first of each, which changes
    /// no maximum, nor the sum of a row's gradients.
    fn filled_up(&self) -> (Indices, Indices) {
        let size = self.counts.iter().copied().max().unwrap_or(0);
        let (mut bags, mut filled, mut rest) = (Vec::new(), Vec::new(), &self.ids[..]);
        for (bag, &count) in self.counts.iter().enumerate() {
            let (own, others) = rest.split_at(count);
            rest = others;
            if let Some(&first) = own.first() {
                bags.push(bag as i64);
                filled.extend_from_slice(own);
                filled.resize(filled.len() + size - count, first);
            }
        }
        (Indices::from_vec([bags.len()], bags.clone()), Indices::from_vec([bags.len(), size], filled))
    }
}

/// What an [`EmbeddingBag`] is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let config: EmbeddingBagConfig =
///     serde_json::from_str(r#"{"num_embeddings": 10, "embedding_dim": 3, "mode": "max"}"#).unwrap();
/// assert_eq!(config, EmbeddingBagConfig::new(10, 3).mode(BagMode::Max));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingBagConfig {
    num_embeddings: usize,
    embedding_dim: usize,
    #[serde(default)]
    max_norm: Option<f64>,
    #[serde(default = "two")]
    norm_type: f64,
    #[serde(default)]
    scale_grad_by_freq: bool,
    #[serde(default)]
    mode: BagMode,
    #[serde(default)]
    include_last_offset: bool,
    #[serde(default)]
    padding_idx: Option<isize>,
    #[serde(default = "standard_normal")]
    weight_init: Init,
}

table_options!(EmbeddingBagConfig, EmbeddingBag);

impl EmbeddingBagConfig {
    /// A table of `num_embeddings` rows of `embedding_dim` elements.
    pub fn new(num_embeddings: usize, embedding_dim: usize) -> Self {
        Self {
            num_embeddings,
            embedding_dim,
            max_norm: None,
            norm_type: two(),
            scale_grad_by_freq: false,
            mode: BagMode::Mean,
            include_last_offset: false,
            padding_idx: None,
            weight_init: standard_normal(),
        }
    }

    /// How the rows of a bag become one (default: their mean).
    pub fn mode(mut self, mode: BagMode) -> Self {
        self.mode = mode;
        self
    }

    /// The id that stands for nothing: its places do not count, and its row is zero first and gets no gradient
    /// (default: none). A negative one counts from the end of the table.
    pub fn padding_idx(mut self, id: isize) -> Self {
        self.padding_idx = Some(id);
        self
    }

    /// Whether the gradient of a row is divided by the number of times it was looked up (default: no); not for
    /// maxima.
    pub fn scale_grad_by_freq(mut self, scale: bool) -> Self {
        self.scale_grad_by_freq = scale;
        self
    }

    /// Whether the last offset is the end of the last bag rather than the beginning of one (default: no).
    pub fn include_last_offset(mut self, include: bool) -> Self {
        self.include_last_offset = include;
        self
    }

    fn build<T: Float>(
        &self,
        weight: impl FnOnce(&Table, Option<usize>) -> Result<Parameter<T>, ConfigError>,
    ) -> Result<EmbeddingBag<T>, ConfigError> {
        let table = Table {
            check: Check("EmbeddingBagConfig"),
            shape: [self.num_embeddings, self.embedding_dim],
            padding_idx: self.padding_idx,
            max_norm: self.max_norm,
            norm_type: self.norm_type,
            weight_init: self.weight_init,
        };
        let (padding_idx, max_norm) = table.checked()?;
        let divided = self.scale_grad_by_freq && self.mode == BagMode::Max;
        table.check.that(!divided, "scale_grad_by_freq", true, "false for a mode of \"max\"")?;
        Ok(EmbeddingBag {
            weight: weight(&table, padding_idx)?,
            padding_idx,
            max_norm,
            mode: self.mode,
            scale_grad_by_freq: self.scale_grad_by_freq,
            include_last_offset: self.include_last_offset,
        })
    }
}
