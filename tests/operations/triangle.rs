//! Rows: the triangles of matrices.

use proptest::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, shape};

fn matrices() -> impl Strategy<Value = Plan<isize>> {
    (shape(2..=4), -4..=4isize).prop_map(|(s, diagonal)| (vec![s], diagonal))
}

row!(tril, cases(matrices(), -2.0..=2.0), |x, diagonal: isize| x[0].tril(*diagonal));
row!(triu, cases(matrices(), -2.0..=2.0), |x, diagonal: isize| x[0].triu(*diagonal));
