//! Every operation of `autodiff` against PyTorch: values, first and second derivatives.
//!
//! `generate` asked PyTorch and wrote `operations.json.gz`; no Python is needed here. Each case runs in double
//! and in single precision, and in double precision once more on inputs that lie in memory column by column or
//! with gaps. Its gradient is taken twice: by the plain replay, and by one that is recorded and differentiated
//! again, in which the fused functions give way to what they are composed of.
//!
//! Where Wengert differs from PyTorch on purpose, `generate` asks for what Wengert means:
//!
//! - `max` and `min` over axes divide the gradient among the NaNs of a slice that has some, as PyTorch's
//!   `max()` of all elements does. Its `amax` gives NaN to every element of such a slice.
//! - The gradient of `logsumexp` is the softmax. PyTorch's is exp(x − y), in which y has been rounded: wrong
//!   for huge x, and 0 instead of NaN beside an infinity.
//! - `median` over all elements gives the gradient to the one element that it takes, as the one along an axis does;
//!   PyTorch's divides it among those that are equal.
//! - `cosine_similarity` has the gradient of its formula where a norm is below ε; PyTorch's differentiates the norm
//!   that was replaced.
//! - `softplus` is exact at every x. PyTorch's is x itself from 20 on.
//!
//! Some cases ([`SINGULAR`]) have derivatives that are not compared, because they stand at a pole where the two ways
//! of computing them meet other infinities: the second ones of x / 0, of 0ᵇ, at the ends of the domains of asin, acos
//! and atanh, and of squares that overflow (where PyTorch gives NaN, Wengert the limit); all of a variance whose
//! correction is not below the number of elements; and the second ones of prelu at 0, where PyTorch leaves out the
//! slope's part.

mod cases;
mod compare;
mod operations;

use std::collections::BTreeSet;

use cases::{Case, File, Gradient, read};
use compare::{Layout, Run};
use operations::operations;
use wengert::prelude::*;

/// The cases whose derivatives stand at a pole.
const SINGULAR: [&str; 10] = [
    "prelu: kink, infinity",
    "div: by zero",
    "pow: zero base",
    "var: [2, 3] over [1], correction 3",
    "var: [2, 3] over [1], correction 5",
    "asin: at the ends and outside",
    "acos: at the ends and outside",
    "atanh: at the ends and outside",
    "atan2: large and small",
    "hypot: large and small",
];

fn run_all<T: Float>(run: Run) {
    let operations = operations::<T>();
    let mut failures = Vec::new();
    let File { cases, .. } = read();
    for case in &cases {
        match operations.iter().find(|(name, _)| *name == case.op) {
            Some((_, operation)) => failures.extend(run.failures::<T>(case, *operation)),
            None => failures.push(format!("{}: the operation is not known", case.name)),
        }
    }
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn double_precision() {
    run_all::<f64>(Run { layout: Layout::RowMajor, tolerance: 1e-10 });
}

#[test]
fn double_precision_column_by_column() {
    run_all::<f64>(Run { layout: Layout::ColumnMajor, tolerance: 1e-10 });
}

#[test]
fn double_precision_with_gaps() {
    run_all::<f64>(Run { layout: Layout::Strided, tolerance: 1e-10 });
}

#[test]
fn single_precision() {
    run_all::<f32>(Run { layout: Layout::RowMajor, tolerance: 1e-5 });
}

#[test]
fn the_file_is_whole() {
    let File { torch, count, cases } = read();
    assert_eq!(torch, "2.15.0");
    assert_eq!(cases.len(), count);
    let singular = |case: &&Case| {
        let mut gradients = case.first.iter().chain(&case.second);
        gradients.any(|g| matches!(g, Gradient::Singular(_)))
    };
    let singular: Vec<&str> = cases.iter().filter(singular).map(|case| &case.name[..]).collect();
    assert_eq!(singular, SINGULAR, "only these have derivatives that are not compared");
    let names: BTreeSet<&str> = cases.iter().map(|case| &case.name[..]).collect();
    assert_eq!(names.len(), count, "two cases have the same name");
    let in_file: BTreeSet<&str> = cases.iter().map(|case| &case.op[..]).collect();
    let known: BTreeSet<&str> = operations::<f64>().into_iter().map(|(name, _)| name).collect();
    assert_eq!(in_file, known, "the operations in the file are not those of operations.rs");
}
