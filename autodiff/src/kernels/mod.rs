//! Plain array code that knows no tape.
//!
//! Kernels read slices or array views and write row-major slices. Each is generic over `f32` and `f64`;
//! each cuts its work by size, never by the number of threads, so that a result has the same bits at any
//! thread count. This is the only folder in which `unsafe` may stand.
#![allow(unsafe_code)]

/// A term of a fused kernel's backward pass: under the feature `mutation` tests break it by its name.
#[cfg(feature = "mutation")]
macro_rules! term {
    ($name:literal, $x:expr) => {
        $x * crate::Float::from_f64(crate::mutation::term($name))
    };
}
/// A term of a fused kernel's backward pass: under the feature `mutation` tests break it by its name.
#[cfg(not(feature = "mutation"))]
macro_rules! term {
    ($name:literal, $x:expr) => {
        $x
    };
}
pub(crate) use term;

pub(crate) mod arrange;
pub(crate) mod batch_norm;
pub(crate) mod broadcast;
pub(crate) mod channels;
pub(crate) mod conv2d;
pub(crate) mod conv3d;
pub(crate) mod copy;
pub(crate) mod ctc;
pub(crate) mod diagonal;
pub(crate) mod embedding;
pub(crate) mod epilogue;
mod erf;
mod fold;
pub(crate) mod group_norm;
pub(crate) mod index;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lanes;
pub(crate) mod layout;
pub(crate) mod local_response;
pub(crate) mod math;
pub(crate) mod order;
pub(crate) mod parallel;
pub(crate) mod patches;
pub(crate) mod pool2d;
pub(crate) mod product;
pub(crate) mod random;
pub(crate) mod recurrent;
pub(crate) mod reduce;
pub(crate) mod resample;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod row_product;
pub(crate) mod scan;
pub(crate) mod scratch;
pub(crate) mod simd;
pub(crate) mod softmax;
pub(crate) mod tasks;
mod thin;
pub(crate) mod vector;
