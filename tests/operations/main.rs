//! One table of all operations: a row is an operation, how its cases are drawn, and a test of its name.
//!
//! [`proof::prove`] says what is proved of each row. `WENGERT_CASES=1000 cargo test --test operations` draws
//! that many cases a row from a random seed, which is printed; `WENGERT_SEED` repeats one.

mod case;
mod proof;
mod strategies;

mod activation;
mod arithmetic;
mod complete;
mod convolution;
mod elementwise;
mod indexing;
mod layout;
mod loss;
mod matmul;
mod normalization;
mod padding;
mod patches;
mod pooling;
mod recurrent;
mod reduction;
mod repetition;
mod slicing;
mod triangle;
