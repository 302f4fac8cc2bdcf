//! The tools that look at a record: scopes, callbacks, audit, anomalies, summary, page and profile.

mod anomalies;
mod audit;
mod hooks;
mod pages;
mod profiles;
mod scopes;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use wengert::autodiff::audit::{Audit, Finding, Problem};
use wengert::autodiff::graph::Graph;
use wengert::prelude::*;

fn vector(elements: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([elements.len()], elements.to_vec())
}

/// The text of the panic of a function that must panic.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it did not panic") };
    match payload.downcast_ref::<&str>() {
        Some(text) => text.to_string(),
        None => payload.downcast_ref::<String>().cloned().expect("a panic with a text"),
    }
}
