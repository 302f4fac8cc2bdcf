//! Saving and loading: what comes back, what other programs wrote, what is reported, and what hostile or
//! impossible files and processes that die do.

mod build;
mod crash;
mod hostile;
mod interop;
mod mutation;
mod reading;
mod saving;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

use wengert::prelude::*;

/// Counts the memory in use, to see what hostile files take.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Held by the tests that read hostile files, so that what one of them takes is not counted as another's.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a file lies that fixtures/write.py wrote.
fn fixture_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/state/fixtures").join(name)
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixture_path(name)).unwrap()
}

/// All values, by name.
fn values<T: Float>(module: &impl Module<T>) -> Vec<(String, Vec<f64>)> {
    let list = |value: Tensor<T>| value.view().iter().map(|&x| x.to_f64()).collect();
    let parameters = module.named_parameters().into_iter().map(|(name, p)| (name, list(p.value())));
    let buffers = module.named_buffers().into_iter().map(|(name, b)| (name, list(b.value())));
    parameters.chain(buffers).collect()
}

/// A safetensors file of a header and this many bytes.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(vec![0; data]);
    bytes
}

/// A model of one parameter `weight` [2].
#[derive(Clone, Module)]
struct One<T: Float = f32> {
    weight: Parameter<T>,
}

fn one<T: Float>(elements: [f64; 2]) -> One<T> {
    One { weight: Parameter::new(Tensor::from_vec([2], elements.map(T::from_f64).to_vec())) }
}
