//! The networks that say what a picture shows: their sizes, their names, and their values and gradients against
//! torchvision's.

mod audit;
mod configuration;
mod counts;
mod interop;
mod networks;
mod parity;
mod preprocessing;
mod stages;
mod weights;

use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}
