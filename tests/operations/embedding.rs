//! Rows: embeddings; and whole numbers as rows of zeros and ones, which have no gradient.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, size, some, up_to};

/// Ids of a table with so many rows.
fn ids(shape: Vec<usize>, rows: usize) -> impl Strategy<Value = Indices> {
    let n = shape.iter().product::<usize>();
    prop::collection::vec(0..rows as i64, n).prop_map(move |ids| Indices::from_vec(&shape, ids))
}

/// An id, counted from either end.
fn padding(rows: usize) -> impl Strategy<Value = Option<isize>> {
    prop::option::of(-(rows as isize)..rows as isize)
}

fn looked_up() -> impl Strategy<Value = Plan<(Indices, Option<isize>)>> {
    let count = prop_oneof![8 => up_to(3, 40), 1 => Just(0)];
    (some(), size(), prop::collection::vec(count, 0..=2)).prop_flat_map(|(rows, width, shape)| {
        (Just(vec![vec![rows, width]]), (ids(shape, rows), padding(rows)))
    })
}

/// A table, weights of the ids in their bags, and ids.
fn bags() -> impl Strategy<Value = Plan<(Indices, BagMode, Option<isize>)>> {
    let size = prop_oneof![4 => up_to(4, 30), 1 => Just(0)];
    (some(), up_to(3, 50), up_to(3, 40), size).prop_flat_map(|(rows, width, bags, size)| {
        let mode = prop::sample::select(vec![BagMode::Sum, BagMode::Mean, BagMode::Max]);
        let shapes = vec![vec![rows, width], vec![bags, size]];
        (Just(shapes), (ids(vec![bags, size], rows), mode, padding(rows)))
    })
}

row!(embedding, cases(looked_up(), -2.0..=2.0), |x, o: (Indices, Option<isize>)| {
    counting_padding(&x[0], &o.0, o.1, x[0].embedding(&o.0, o.1))
});
row!(embedding_bag, cases(bags(), -2.0..=2.0), |x, o: (Indices, BagMode, Option<isize>)| {
    let (ids, mode, padding) = o;
    let weights = (*mode == BagMode::Sum).then_some(&x[1]);
    [x[0].embedding_bag(ids, *mode, weights, *padding), x[0].embedding_bag(ids, *mode, None, *padding)]
});

/// A lookup's result, with the gradient that it leaves out for padding: differences do see it.
fn counting_padding<T: Float>(
    table: &Tensor<T>,
    ids: &Indices,
    padding: Option<isize>,
    y: Tensor<T>,
) -> Tensor<T> {
    let Some(padding) = padding else { return y };
    let padding = padding.rem_euclid(table.shape()[0] as isize) as i64;
    let at: Vec<T> =
        ids.as_slice().iter().map(|&id| T::from_f64(f64::from(u8::from(id == padding)))).collect();
    let at = Tensor::from_vec([ids.shape(), &[1]].concat(), at);
    let left_out = table.embedding(ids, None) - table.detach().embedding(ids, None);
    y + left_out * at
}

#[test]
fn ones_stand_where_the_indices_say_and_nothing_is_recorded() {
    let tape = Tape::new();
    let ids = tape.indices([2, 0, 2]).reshape([3, 1]);
    let one: Tensor<f64> = ids.one_hot(3);
    assert_eq!((one.shape(), one.tape().is_none()), (&[3, 1, 3][..], true));
    assert_eq!(one.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let multi: Tensor<f64> = Indices::from_vec([3, 2], vec![2, 0, -1, -1, 1, 1]).multi_hot(3);
    assert_eq!(multi.to_vec(), [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let none: Tensor<f64> = Indices::from_vec([2, 0], vec![]).multi_hot(2);
    assert_eq!(none.to_vec(), [0.0; 4]);
    let x = tape.variable(Tensor::<f64>::from_vec([2, 2], vec![1.0, 3.0, 2.0, f64::NAN]));
    let hard = x.transpose(0, 1).hardmax(0);
    assert!(!hard.requires_grad());
    assert_eq!(hard.to_vec(), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(Tensor::<f64>::zeros([2, 0]).hardmax(1).shape(), [2, 0]);
}
