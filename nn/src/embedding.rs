//! Tables of rows looked up by ids.

mod bag;
mod config;
mod frequency;
mod renorm;
mod table;

use autodiff::{Float, Indices, Parameter, Tensor};
use rand::Rng;

pub use self::bag::{EmbeddingBag, EmbeddingBagConfig};
pub use self::config::EmbeddingConfig;
use self::renorm::MaxNorm;
use crate::Module;

/// A table of rows [num_embeddings, embedding_dim] looked up by ids: ids of any shape become [ids…, embedding_dim].
///
/// The gradient of a row is the sum over the places where it was looked up; the row of `padding_idx`, which is zero
/// first, gets none. Ids that lie on a tape ([`Tape::indices`](autodiff::Tape::indices)) put the table on it; on none
/// nothing is recorded.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let embedding = EmbeddingConfig::new(10, 3).padding_idx(0).init::<f32>(&mut rng);
/// let tape = Tape::training(0);
/// let words = tape.indices(Indices::from_vec([2, 4], vec![1, 2, 4, 5, 4, 3, 0, 0]));
/// let vectors = embedding.forward(&words);
/// assert_eq!(vectors.shape(), [2, 4, 3]);
/// let grads = vectors.sum(..).backward();
/// let of_rows = grads.get(&embedding.weight).unwrap().sum(1).to_vec();
/// assert_eq!(of_rows, [0.0, 3.0, 3.0, 3.0, 6.0, 3.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Embedding<T: Float = f32> {
    /// The table [num_embeddings, embedding_dim].
    pub weight: Parameter<T>,
    #[module(skip)]
    padding_idx: Option<usize>,
    #[module(skip)]
    max_norm: Option<MaxNorm>,
    scale_grad_by_freq: bool,
}

impl<T: Float> Embedding<T> {
    /// A table with PyTorch's defaults: rows of N(0, 1), all of which learn.
    ///
    /// # Panics
    /// If there are no rows, or they have no elements.
    #[track_caller]
    pub fn new(num_embeddings: usize, embedding_dim: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        EmbeddingConfig::new(num_embeddings, embedding_dim).init(rng)
    }

    /// A table that is given [num_embeddings, embedding_dim], and perhaps does not learn. With options:
    /// [`EmbeddingConfig::from_pretrained`].
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let vectors = Tensor::<f32>::from_vec([2, 3], vec![1.0, 2.3, 3.0, 4.0, 5.1, 6.3]);
    /// let embedding = Embedding::from_pretrained(&vectors, true);
    /// assert_eq!(embedding.forward(&Indices::from([1])).to_vec(), [4.0, 5.1, 6.3]);
    /// assert_eq!(embedding.trainable_parameter_count(), 0);
    /// ```
    ///
    /// # Panics
    /// If the table has not two axes, or is empty.
    #[track_caller]
    pub fn from_pretrained(table: &Tensor<T>, freeze: bool) -> Self {
        let &[rows, width] = table.shape() else {
            panic!("Embedding: the table {:?} is not [num_embeddings, embedding_dim]", table.shape())
        };
        EmbeddingConfig::new(rows, width).from_pretrained(table, freeze)
    }

    /// The row whose id gets no gradient.
    pub fn padding_idx(&self) -> Option<usize> {
        self.padding_idx
    }

    /// The rows that the ids name, [ids…, embedding_dim].
    ///
    /// # Panics
    /// If an id is out of range.
    #[track_caller]
    pub fn forward(&self, ids: &Indices) -> Tensor<T> {
        let padding = self.padding_idx.map(|id| id as isize);
        let table = renorm::table(&self.weight, self.max_norm, ids, ids.tape());
        let rows = table.embedding(ids, padding);
        let rows = renorm::corrected(rows, self.max_norm);
        if self.scale_grad_by_freq { frequency::scaled(&rows, ids) } else { rows }
    }
}
