//! Rows of a table looked up by ids.

use serde::{Deserialize, Serialize};
use smallvec::smallvec;

use super::{one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::embedding::sum_by_row;
use crate::kernels::index::index_select;
use crate::kernels::layout::Along;
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Embedding, EmbeddingGradient);

/// The rows of a table [V, D] that the ids name, [ids…, D]. Rule: the rows of dy are added where they came from,
/// but for those of the padding id, whose row gets no gradient.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// Which rows, on no tape ([`Indices::detach`]).
    pub indices: Indices,
    /// The id whose row gets no gradient.
    pub padding_idx: Option<usize>,
    /// Whether the padding id gives zeros instead of its row, as the adjoint of the rule needs it.
    zero_padding: bool,
}

impl Embedding {
    /// A lookup of these ids, of which `padding_idx` gets no gradient.
    pub fn new(indices: &Indices, padding_idx: Option<usize>) -> Self {
        Self { indices: indices.detach(), padding_idx, zero_padding: false }
    }

    fn skipped(&self) -> Option<i64> {
        self.padding_idx.map(|id| id as i64)
    }
}

impl<T: Float> Function<T> for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let &[rows, width] = inputs[0] else {
            return Err(ShapeError::new("the table is not [ids, features]"));
        };
        self.indices.check(rows, "id")?;
        Ok(smallvec![self.indices.shape().iter().copied().chain([width]).collect::<Shape>()])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (table, ids) = (inputs[0].contiguous(), self.indices.as_slice());
        let (rows, width) = (table.shape()[0], table.shape()[1]);
        let shape: Shape = self.indices.shape().iter().copied().chain([width]).collect();
        Value::build(&shape, |out| {
            let along = Along { outer: 1, n: rows, inner: width };
            index_select(table.as_slice().expect("row-major"), along, ids, out);
            if self.zero_padding && width > 0 {
                let padding = self.skipped();
                for (&id, row) in ids.iter().zip(out.chunks_exact_mut(width)) {
                    if Some(id) == padding {
                        row.fill(T::zero());
                    }
                }
            }
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let sum = EmbeddingGradient { lookup: self.clone(), shape: Shape::from_slice(cx.input_shape(0)) };
        single(apply_one(sum, &[only(grads)]))
    }
}

/// The adjoint of [`Embedding`]: rows added among zeros. Rule: its own adjoint, the lookup with zeros for padding.
#[derive(Clone, Debug)]
struct EmbeddingGradient {
    lookup: Embedding,
    /// The shape of the table.
    shape: Shape,
}

impl<T: Float> Function<T> for EmbeddingGradient {
    fn name(&self) -> &'static str {
        "embedding_gradient"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let dy = inputs[0].contiguous();
        let ids = self.lookup.indices.as_slice();
        Value::build(&self.shape, |out| {
            sum_by_row(dy.as_slice().expect("row-major"), self.shape[1], ids, self.lookup.skipped(), out);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(Embedding { zero_padding: true, ..self.lookup.clone() }, &[only(grads)]))
    }
}

/// How the rows of a bag become one, in [`Tensor::embedding_bag`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BagMode {
    /// Their sum.
    Sum,
    /// Their sum divided by their number; zeros for a bag of none.
    #[default]
    Mean,
    /// The largest of each feature; zeros for a bag of none.
    Max,
}

impl<T: Float> Tensor<T> {
    /// The rows of this table, [V, D], that the ids name: ids of any shape become [ids…, D].
    ///
    /// The gradient of a row is the sum over the places where it was looked up; the row of `padding_idx` gets none
    /// (a negative one counts from the end of the table).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let tape = Tape::new();
    /// let table = tape.variable(Tensor::<f64>::from_vec([3, 2], vec![0.0, 0.1, 1.0, 1.1, 2.0, 2.1]));
    /// let rows = table.embedding(&Indices::from([2, 0, 2]), Some(0));
    /// assert_eq!(rows.to_vec(), [2.0, 2.1, 0.0, 0.1, 2.0, 2.1]);
    /// let grads = rows.sum(..).backward();
    /// assert_eq!(grads.get(&table).unwrap().to_vec(), [0.0, 0.0, 0.0, 0.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the table does not have two axes, or an id or the padding's is out of range.
    #[track_caller]
    pub fn embedding(&self, ids: &Indices, padding_idx: Option<isize>) -> Self {
        match self.padding("embedding", padding_idx) {
            Ok(padding_idx) => apply_one(Embedding::new(ids, padding_idx), &[self]),
            Err(error) => refuse(error),
        }
    }

    /// Bags of rows of this table, [V, D], each made one: ids [B, L] become [B, D], the sum, mean or maximum of the L
    /// rows of each bag.
    ///
    /// `per_sample_weights` [B, L] multiply the rows of a sum. Places of `padding_idx` do not count (a negative one
    /// counts from the end of the table), so that bags of several sizes can be filled up with it, and its row gets
    /// no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let table = Tensor::<f64>::from_vec([3, 1], vec![9.0, 1.0, 2.0]);
    /// let bags = Indices::from_vec([2, 2], vec![1, 2, 1, 0]);
    /// assert_eq!(table.embedding_bag(&bags, BagMode::Mean, None, Some(0)).to_vec(), [1.5, 1.0]);
    /// let weights = Tensor::from_vec([2, 2], vec![1.0, 10.0, 2.0, 1.0]);
    /// assert_eq!(table.embedding_bag(&bags, BagMode::Sum, Some(&weights), Some(0)).to_vec(), [21.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the table or the ids do not have two axes, an id or the padding's is out of range, or there are weights
    /// without a sum or of another shape than the ids.
    #[track_caller]
    pub fn embedding_bag(
        &self,
        ids: &Indices,
        mode: BagMode,
        per_sample_weights: Option<&Self>,
        padding_idx: Option<isize>,
    ) -> Self {
        let padding = match self.padding("embedding_bag", padding_idx) {
            Ok(padding) => padding,
            Err(error) => refuse(error),
        };
        let fail = |detail: String| ShapeError::new(detail).of("embedding_bag", &[self.shape()]);
        let &[bags, size] = ids.shape() else {
            refuse(fail(format!("the ids {:?} are not [bags, ids of a bag]", ids.shape())))
        };
        if let Some(weights) = per_sample_weights {
            if mode != BagMode::Sum {
                refuse(fail("per_sample_weights are for a sum".into()));
            }
            if weights.shape() != ids.shape() {
                let (found, expected) = (weights.shape(), ids.shape());
                refuse(fail(format!("the per_sample_weights {found:?} are not {expected:?}")));
            }
        }
        let counts = |id: i64| Some(id) != padding.map(|padding| padding as i64);
        if mode == BagMode::Max {
            return self.largest_of_bags(ids, counts);
        }
        let lookup = Embedding { zero_padding: true, ..Embedding::new(ids, padding) };
        let rows = apply_one(lookup, &[self]);
        let factors = match (mode, per_sample_weights) {
            (BagMode::Sum, Some(weights)) => weights.clone(),
            (BagMode::Sum, None) => Self::ones([bags, size]),
            _ => {
                let of_bag = |bag: &[i64]| {
                    let count = bag.iter().filter(|&&id| counts(id)).count();
                    vec![T::from_f64(1.0 / count.max(1) as f64); bag.len()]
                };
                let factors = ids.as_slice().chunks(size.max(1)).flat_map(of_bag).collect();
                Self::from_vec([bags, size], factors)
            }
        };
        factors.unsqueeze(1).matmul(&rows).squeeze(1)
    }

    /// The largest of each feature among the rows of a bag that count. Bags are filled up with rows that occur in
    /// them, which changes no maximum, nor the sum of a row's gradients.
    #[track_caller]
    fn largest_of_bags(&self, ids: &Indices, counts: impl Fn(i64) -> bool) -> Self {
        let &[bags, size] = ids.shape() else { unreachable!("checked by the caller") };
        let (mut filled, mut places) = (Vec::new(), Vec::new());
        for (bag, ids) in ids.as_slice().chunks(size.max(1)).enumerate() {
            if let Some(first) = ids.iter().copied().find(|&id| counts(id)) {
                filled.extend(ids.iter().map(|&id| if counts(id) { id } else { first }));
                places.push(bag as i64);
            }
        }
        let rows = apply_one(Embedding::new(&Indices::from_vec([places.len(), size], filled), None), &[self]);
        let largest = if size == 0 { rows.sum(1) } else { rows.max(1) };
        if places.len() == bags {
            return largest;
        }
        let none = Self::zeros([bags, largest.shape()[1]]);
        none.index_add(0, &places.into(), &largest, 1.0)
    }

    /// The padding's id as a row of this table.
    fn padding(&self, operation: &'static str, id: Option<isize>) -> Result<Option<usize>, ShapeError> {
        let Some(id) = id else { return Ok(None) };
        let rows = self.shape().first().copied().unwrap_or(0) as isize;
        let row = if id < 0 { id + rows } else { id };
        if (0..rows).contains(&row) {
            return Ok(Some(row as usize));
        }
        let detail = format!("the padding_idx {id} is not in -{rows}..{rows}");
        Err(ShapeError::new(detail).of(operation, &[self.shape()]))
    }
}
