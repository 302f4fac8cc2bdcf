//! Darknet-19, Darknet-53, and Darknet's files.

mod classifiers;
mod hostile;
mod networks;
mod oracle;
mod published;

use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(19)
}

/// Numbers between −1 and 1.
fn noise<T: Float>(shape: &[usize], seed: u64) -> Tensor<T> {
    Init::uniform(-1.0, 1.0).tensor(shape, &mut ChaCha8Rng::seed_from_u64(seed))
}
