//! What the code written by `#[derive(Module)]` refers to, beside the public traits. Not for other use.
//!
//! A type without a float parameter is derived as "a module of every `T` of which all its fields are modules".
//! Alone, that bound would accept a field that is a module of no `T` at all, and the mistake would show only
//! where the type is used. So the derive also asks about each field type, as
//! `(&&&Probe::<Field>::NEW).module()`. Method lookup removes one reference after the other and takes the first
//! `module` whose impl fits: [`Single`], then [`Double`], then the inherent one, which always fits and then
//! fails its own bound with the message of [`Module`], at the field.
//!
//! So this does not compile, although nothing uses `Net`:
//! ```compile_fail,E0277
//! use wengert::nn::{Module, Parameter};
//!
//! struct Configuration;
//!
//! #[derive(Module)]
//! struct Net {
//!     weight: Parameter<f64>,
//!     configuration: Configuration,
//! }
//! ```
//! and this does:
//! ```
//! use wengert::nn::{Module, Parameter};
//!
//! struct Configuration;
//!
//! #[derive(Module)]
//! struct Net {
//!     weight: Parameter<f64>,
//!     #[module(skip)]
//!     configuration: Configuration,
//! }
//! ```

use std::marker::PhantomData;

pub use autodiff::Float;

use super::Module;

/// Stands for a field of type `M`, without a value of it.
pub struct Probe<M: ?Sized>(PhantomData<M>);

impl<M: ?Sized> Probe<M> {
    /// The only value.
    pub const NEW: Self = Probe(PhantomData);

    /// Found for an `M` that is no module.
    pub fn module(&self)
    where
        M: Module<f32>,
    {
    }
}

/// Fits a module of `f32`.
pub trait Single {
    /// Found for a module of `f32`.
    fn module(&self) {}
}

impl<M: Module<f32> + ?Sized> Single for &&Probe<M> {}

/// Fits a module of `f64`.
pub trait Double {
    /// Found for a module of `f64` that is none of `f32`.
    fn module(&self) {}
}

impl<M: Module<f64> + ?Sized> Double for &Probe<M> {}
