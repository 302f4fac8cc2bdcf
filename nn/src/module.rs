//! What a module consists of: parameters, buffers and submodules, by name.

mod containers;
#[doc(hidden)]
pub mod derive_support;
mod plain;

use autodiff::Float;

use crate::{Buffer, Parameter};

/// What a module consists of, by name: `T`-typed parameters, buffers and submodules.
///
/// One trait covers the whole tree. A [`Parameter`] and a [`Buffer`] are its leaves; `Vec`, arrays, tuples
/// and `BTreeMap<String, _>` name their elements by index or key; `Option` and `Box` add no name; numbers,
/// `bool`, `char`, `String`, `&str` and `PhantomData` hold nothing. So a type derives it whenever each of its
/// fields is one of these or derives it too, and `#[module(skip)]` leaves the others out.
///
/// Paths are the names joined by dots, as in a state dict: `layer1.0.conv1.weight`.
///
/// ```
/// use wengert::nn::{Module, Parameter};
///
/// #[derive(Module)]
/// struct Scale {
///     weight: Parameter<f32>,
///     epsilon: f64,
/// }
/// ```
///
/// Written by hand the same is:
///
/// ```
/// use wengert::nn::{Module, Parameter, Visitor, VisitorMut};
///
/// struct Scale {
///     weight: Parameter<f32>,
///     epsilon: f64,
/// }
///
/// impl Module<f32> for Scale {
///     fn visit(&self, visitor: &mut dyn Visitor<f32>) {
///         visitor.child("weight", &self.weight);
///     }
///     fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<f32>) {
///         visitor.child("weight", &mut self.weight);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module of `{T}`",
    label = "does not implement `Module<{T}>`",
    note = "a field that holds no parameters is left out with `#[module(skip)]`; a type that holds some needs \
            `#[derive(Module)]`"
)]
pub trait Module<T: Float> {
    /// Visits every parameter and buffer in this module and its submodules, in declaration order.
    fn visit(&self, visitor: &mut dyn Visitor<T>);

    /// The same with mutable access, to replace parameters and buffers.
    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>);
}

/// Is shown every parameter and buffer of a module, between the names that lead to it.
pub trait Visitor<T: Float> {
    /// A parameter, at the path of the names entered and not yet left.
    fn parameter(&mut self, parameter: &Parameter<T>);

    /// A buffer, at the path of the names entered and not yet left.
    fn buffer(&mut self, buffer: &Buffer<T>);

    /// Appends a name to the path.
    fn enter(&mut self, name: &str);

    /// Removes the last name from the path.
    fn leave(&mut self);
}

/// Is handed every parameter and buffer of a module mutably, between the names that lead to it.
pub trait VisitorMut<T: Float> {
    /// A parameter, at the path of the names entered and not yet left.
    fn parameter(&mut self, parameter: &mut Parameter<T>);

    /// A buffer, at the path of the names entered and not yet left.
    fn buffer(&mut self, buffer: &mut Buffer<T>);

    /// Appends a name to the path.
    fn enter(&mut self, name: &str);

    /// Removes the last name from the path.
    fn leave(&mut self);
}

impl<T: Float> dyn Visitor<T> + '_ {
    /// Visits `child`, a parameter, buffer or submodule, under `name`.
    pub fn child<M: Module<T> + ?Sized>(&mut self, name: &str, child: &M) {
        self.enter(name);
        child.visit(self);
        self.leave();
    }
}

impl<T: Float> dyn VisitorMut<T> + '_ {
    /// Visits `child`, a parameter, buffer or submodule, under `name`.
    pub fn child<M: Module<T> + ?Sized>(&mut self, name: &str, child: &mut M) {
        self.enter(name);
        child.visit_mut(self);
        self.leave();
    }
}

impl<T: Float> Module<T> for Parameter<T> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        visitor.parameter(self);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        visitor.parameter(self);
    }
}

impl<T: Float> Module<T> for Buffer<T> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        visitor.buffer(self);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        visitor.buffer(self);
    }
}
