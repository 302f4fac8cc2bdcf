//! Neural-network modules on Wengert's tape.

// The derive macro writes `::wengert_nn::Module`, which must mean this crate inside it too.
extern crate self as wengert_nn;

pub mod module;
mod placeholder;

#[doc(inline)]
pub use module::{Module, Visitor, VisitorMut};
pub use nn_derive::Module;
pub use placeholder::{Buffer, Parameter};
