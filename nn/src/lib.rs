//! Neural-network modules on Wengert's tape.

// The derive macro writes `::wengert_nn::Module`, which must mean this crate inside it too.
extern crate self as wengert_nn;

mod buffer;
pub mod module;

pub use autodiff::Parameter;
pub use buffer::Buffer;
#[doc(inline)]
pub use module::{Module, Visitor, VisitorMut};
pub use nn_derive::Module;
