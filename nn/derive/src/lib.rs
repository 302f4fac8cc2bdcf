//! The derive macro of Wengert's `Module` trait.

mod attributes;
mod bounds;
mod crate_path;
mod expand;
mod fields;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `Module`: the parameters and buffers of a type, by name.
///
/// Each field is visited under its name, in declaration order, so the field's type must be a `Module` itself:
/// a `Parameter`, a `Buffer`, another module, a `Vec`, array, tuple, `Option`, `Box` or `BTreeMap<String, _>`
/// of modules, or plain data such as `usize`, `f64`, `bool` or `String`, which hold nothing. Nothing else is
/// asked of the type; it need not be `Clone`.
///
/// The fields of a tuple struct are named `0`, `1`, … Of an enum, the active variant's fields are visited;
/// the variant's name is not part of their paths.
///
/// # Options
///
/// On a field:
/// - `#[module(skip)]` leaves the field out: for closures, configurations and whatever else holds no parameters.
/// - `#[module(rename = "conv1")]` gives it another name in paths and state dicts. The name may contain dots.
///
/// On the type:
/// - `#[module(float = T)]` says of which element type this is a module: a type parameter, `f32` or `f64`.
/// - `#[module(crate = "path")]` says where `wengert::nn` is, for macros and for crates that re-export it.
///   Otherwise it is found through the package's dependency on `wengert` or `wengert-nn`, also when renamed.
///
/// # The element type
///
/// Without `#[module(float = …)]`, a type is a `Module<T>` for
/// - its type parameter `T` that is bounded by `Float`, if it has one;
/// - otherwise every `T` of which all its fields are modules. A field `Linear<f32>` settles on `f32`, while a
///   type that holds plain data only, like a pooling layer, is a module of `f32` and `f64` alike. Types that
///   contain each other in a circle need `#[module(float = f32)]`.
///
/// Other type parameters may be anything: a field whose type mentions them is required to be a `Module<T>`.
///
/// # Examples
///
/// ```
/// use wengert::prelude::*;
///
/// #[derive(Module)]
/// struct Block<T: Float = f32> {
///     conv1: Conv2d<T>,
///     conv2: Conv2d<T>,
///     #[module(rename = "downsample")]
///     shortcut: Option<Conv2d<T>>,
///     stride: usize,
///     #[module(skip)]
///     activation: fn(&Tensor<T>) -> Tensor<T>,
/// }
///
/// // No float parameter: a module of `f32`, because its fields are.
/// #[derive(Module)]
/// struct Net {
///     blocks: Vec<Block>,
///     fc: Linear,
/// }
/// ```
///
/// The paths in `Net` are `blocks.0.conv1.weight`, …, `fc.bias`.
#[proc_macro_derive(Module, attributes(module))]
pub fn derive_module(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::module(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
