//! What each operation's name in the file stands for.

mod activation;
mod arithmetic;
mod comparison;
mod convolution;
mod ctc;
mod dropout;
mod elementwise;
mod embedding;
mod epilogue;
mod index_update;
mod indexing;
mod interpolation;
mod layout;
mod linear_algebra;
mod loss;
mod masks;
mod norm;
mod normalization;
mod padding;
mod patches;
mod pooling;
mod products;
mod ranking_loss;
mod recurrent;
mod reduction;
mod repetition;
mod scan;
mod softmax;
mod sorting;
mod trigonometric;

use wengert::prelude::*;

use crate::cases::Options;

/// What an operation gave: tensors, and indices or masks as whole numbers.
pub(crate) struct Results<T: Float> {
    pub(crate) tensors: Vec<Tensor<T>>,
    pub(crate) integers: Vec<(Vec<usize>, Vec<i64>)>,
}

impl<T: Float> From<Tensor<T>> for Results<T> {
    fn from(tensor: Tensor<T>) -> Self {
        [tensor].into()
    }
}

impl<T: Float, const N: usize> From<[Tensor<T>; N]> for Results<T> {
    fn from(tensors: [Tensor<T>; N]) -> Self {
        Self { tensors: tensors.into(), integers: Vec::new() }
    }
}

impl<T: Float> From<Indices> for Results<T> {
    fn from(indices: Indices) -> Self {
        Self { tensors: Vec::new(), integers: vec![(indices.shape().to_vec(), indices.to_vec())] }
    }
}

impl<T: Float> From<(Tensor<T>, Indices)> for Results<T> {
    fn from((tensor, indices): (Tensor<T>, Indices)) -> Self {
        Self { tensors: vec![tensor], ..indices.into() }
    }
}

impl<T: Float> From<Mask> for Results<T> {
    fn from(mask: Mask) -> Self {
        let values = mask.to_vec().into_iter().map(i64::from).collect();
        Self { tensors: Vec::new(), integers: vec![(mask.shape().to_vec(), values)] }
    }
}

/// Applies an operation with its options to its inputs.
pub(crate) type Operation<T> = fn(&Options, &[Tensor<T>]) -> Results<T>;

macro_rules! rows {
    ($($name:literal => |$o:pat_param, $x:ident| $result:expr,)*) => {
        vec![$(($name, |$o: &Options, $x: &[Tensor<T>]| Results::from($result))),*]
    };
}
use rows;

/// All operations by name.
pub(crate) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    [
        activation::operations::<T>(),
        arithmetic::operations::<T>(),
        comparison::operations::<T>(),
        convolution::operations::<T>(),
        dropout::operations::<T>(),
        elementwise::operations::<T>(),
        embedding::operations::<T>(),
        epilogue::operations::<T>(),
        index_update::operations::<T>(),
        indexing::operations::<T>(),
        interpolation::operations::<T>(),
        layout::operations::<T>(),
        linear_algebra::operations::<T>(),
        loss::operations::<T>(),
        ctc::operations::<T>(),
        ranking_loss::operations::<T>(),
        masks::operations::<T>(),
        norm::operations::<T>(),
        normalization::operations::<T>(),
        padding::operations::<T>(),
        patches::operations::<T>(),
        pooling::operations::<T>(),
        products::operations::<T>(),
        recurrent::operations::<T>(),
        reduction::operations::<T>(),
        scan::operations::<T>(),
        repetition::operations::<T>(),
        softmax::operations::<T>(),
        trigonometric::operations::<T>(),
        sorting::operations::<T>(),
    ]
    .concat()
}
