//! Where the crate with the `Module` trait is, seen from the package that derives it.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// The path of `wengert-nn`, directly or through the facade.
///
/// The direct dependency goes first: the packages of the workspace, among them the facade itself, have it.
pub(crate) fn find() -> syn::Result<TokenStream> {
    let named = |name: &str| Ident::new(name, Span::call_site());
    if let Ok(nn) = crate_name("wengert-nn") {
        // The library calls itself by this name too, so that it holds in its own tests and examples as well.
        let nn = named(match &nn {
            FoundCrate::Itself => "wengert_nn",
            FoundCrate::Name(name) => name,
        });
        return Ok(quote!(::#nn));
    }
    match crate_name("wengert") {
        Ok(wengert) => {
            let wengert = named(match &wengert {
                FoundCrate::Itself => "wengert",
                FoundCrate::Name(name) => name,
            });
            Ok(quote!(::#wengert::nn))
        }
        Err(error) => Err(syn::Error::new(
            Span::call_site(),
            format!(
                "`#[derive(Module)]` cannot find the crate `wengert`: {error} Add it to the package's dependencies, \
                 or say where its module `nn` is with `#[module(crate = \"path::to::nn\")]`."
            ),
        )),
    }
}
