//! One table of all operations: a row is an operation, how its cases are drawn, and a test of its name.
//!
//! [`Battery`](wengert::autodiff::check::property::Battery) says what is proved of each row.
//! `WENGERT_CASES=1000 cargo test --test operations` draws that many cases a row from a random seed, which is
//! printed; `WENGERT_SEED` repeats one.

use wengert::autodiff::check::property as strategies;
use wengert::autodiff::property_test as row;

mod activation;
mod arithmetic;
mod bend;
mod complete;
mod convolution;
mod ctc;
mod einsum;
mod elementwise;
mod embedding;
mod epilogue;
mod indexing;
mod interpolation;
mod layout;
mod linear_algebra;
mod loss;
mod masks;
mod matmul;
mod norm;
mod normalization;
mod padding;
mod patches;
mod pooling;
mod ranking_loss;
mod recurrent;
mod reduction;
mod repetition;
mod scan;
mod slicing;
mod sorting;
mod triangle;
mod trigonometric;
