//! The impl that the derive macro writes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, GenericParam, Type};

use crate::attributes::TypeOptions;
use crate::bounds::{self, Element};
use crate::crate_path;
use crate::fields::{self, Field, Variant};

/// `impl Module<T>` for the type.
pub(crate) fn module(input: &DeriveInput) -> syn::Result<TokenStream> {
    let options = TypeOptions::of(input)?;
    let variants = fields::variants(input)?;
    let element = Element::of(&input.generics, options.float)?;
    let nn = match options.crate_path {
        Some(path) => path.into_token_stream(),
        None => crate_path::find()?,
    };

    let fields: Vec<&Field> = variants.iter().flat_map(|variant| &variant.fields).collect();
    let generics = bounds::generics(input, &element, &fields, &nn);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, type_generics, _) = input.generics.split_for_impl();
    let name = &input.ident;
    let visit = body(&variants, &element, &nn, "visit");
    let visit_mut = body(&variants, &element, &nn, "visit_mut");
    let probe = probe(input, &element, &fields, &nn);

    Ok(quote! {
        const _: () = {
            #[automatically_derived]
            impl #impl_generics #nn::Module<#element> for #name #type_generics #where_clause {
                fn visit(&self, __visitor: &mut dyn #nn::Visitor<#element>) {
                    #visit
                }

                fn visit_mut(&mut self, __visitor: &mut dyn #nn::VisitorMut<#element>) {
                    #visit_mut
                }
            }

            #probe
        };
    })
}

/// Each field of the active variant, under its name; the bindings are `&` or `&mut` as `self` is.
///
/// The field's type is written out: where it is no module, the compiler underlines it in the user's code, and once,
/// since the complaints of both methods are the same.
fn body(variants: &[Variant], element: &Element, nn: &TokenStream, method: &str) -> TokenStream {
    if variants.is_empty() {
        return quote!(match *self {});
    }
    let method = Ident::new(method, Span::call_site());
    // A visitor that only looks is told what stands there.
    let kind = |ty: &Type, binding: &Ident| {
        (method == "visit").then(|| quote!(__visitor.kind(<#ty as #nn::Module<#element>>::kind(#binding));))
    };
    let arms = variants.iter().map(|Variant { path, fields }| {
        let bindings: Vec<Ident> = (0..fields.len()).map(|index| format_ident!("__field{index}")).collect();
        let members = fields.iter().map(|field| &field.member);
        let names = fields.iter().map(|field| &field.name);
        let types = fields.iter().map(|field| &field.ty);
        let kinds = fields.iter().zip(&bindings).map(|(field, binding)| kind(&field.ty, binding));
        quote! {
            #path { #(#members: #bindings,)* .. } => {
                #(
                    __visitor.enter(#names);
                    #kinds
                    <#types as #nn::Module<#element>>::#method(#bindings, __visitor);
                    __visitor.leave();
                )*
            }
        }
    });
    quote!(match self { #(#arms)* })
}

/// Reports a field that is a module of no element type here, not where the type is first used.
fn probe(input: &DeriveInput, element: &Element, fields: &[&Field], nn: &TokenStream) -> Option<TokenStream> {
    if !matches!(element, Element::Any(_)) {
        return None;
    }
    let parameters: Vec<Ident> = input
        .generics
        .params
        .iter()
        .map(|parameter| match parameter {
            GenericParam::Type(parameter) => parameter.ident.clone(),
            GenericParam::Const(parameter) => parameter.ident.clone(),
            GenericParam::Lifetime(parameter) => parameter.lifetime.ident.clone(),
        })
        .collect();
    let questions = fields
        .iter()
        .map(|field| &field.ty)
        .filter(|ty| !bounds::is_recursive(ty, &input.ident) && !bounds::mentions(ty, &parameters))
        .map(|ty| {
            let at_field = Span::call_site().located_at(ty.span());
            quote_spanned!(at_field=> (&&&#nn::module::derive_support::Probe::<#ty>::NEW).module();)
        });
    Some(quote! {
        const _: fn() = || {
            #[allow(unused_imports)]
            use #nn::module::derive_support::{Double as _, Single as _};
            #(#questions)*
        };
    })
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn expanded(input: DeriveInput) -> String {
        module(&input).expect("the input is right").to_string()
    }

    #[test]
    fn the_impl_of_a_struct() {
        let input = parse_quote! {
            #[module(crate = "there")]
            struct Scale<T: Float = f32> {
                #[module(rename = "gain")]
                weight: Parameter<T>,
                #[module(skip)]
                name: Name,
            }
        };
        let expected = quote! {
            const _: () = {
                #[automatically_derived]
                impl<T: Float> there::Module<T> for Scale<T> {
                    fn visit(&self, __visitor: &mut dyn there::Visitor<T>) {
                        match self {
                            Self { weight: __field0, .. } => {
                                __visitor.enter("gain");
                                __visitor.kind(<Parameter<T> as there::Module<T>>::kind(__field0));
                                <Parameter<T> as there::Module<T>>::visit(__field0, __visitor);
                                __visitor.leave();
                            }
                        }
                    }

                    fn visit_mut(&mut self, __visitor: &mut dyn there::VisitorMut<T>) {
                        match self {
                            Self { weight: __field0, .. } => {
                                __visitor.enter("gain");
                                <Parameter<T> as there::Module<T>>::visit_mut(__field0, __visitor);
                                __visitor.leave();
                            }
                        }
                    }
                }
            };
        };
        assert_eq!(expanded(input), expected.to_string());
    }

    #[test]
    fn only_types_without_a_float_are_probed() {
        let probed = |input| expanded(input).matches("Probe ::").count();
        assert_eq!(
            probed(parse_quote!(
                struct Net<T: Float>(Linear<T>, usize);
            )),
            0
        );
        assert_eq!(
            probed(parse_quote!(
                #[module(float = f64)]
                struct Net(Linear<f64>, usize);
            )),
            0
        );
        assert_eq!(
            probed(parse_quote!(
                struct Net(Linear<f64>, usize, Option<Box<Self>>);
            )),
            2
        );
        assert_eq!(
            probed(parse_quote!(
                struct Net<'a, M, const N: usize>(M, [u8; N], &'a str, bool);
            )),
            1
        );
    }

    #[test]
    fn the_crate_is_found_through_the_facade() {
        // This package depends, for its tests, on `wengert` alone.
        assert!(
            expanded(parse_quote!(
                struct Relu;
            ))
            .contains(":: wengert :: nn :: Module < __T > for Relu")
        );
    }
}
