//! The fields that are visited, variant by variant.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Member, Type};

use crate::attributes::{self, FieldOptions};

/// A struct, as `Self`, or a variant of an enum.
pub(crate) struct Variant {
    /// `Self` or `Self::Variant`.
    pub(crate) path: TokenStream,
    /// Without the skipped ones.
    pub(crate) fields: Vec<Field>,
}

/// A field that is visited.
pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// The variants of the type, one for a struct; every mistake in them is reported.
pub(crate) fn variants(input: &DeriveInput) -> syn::Result<Vec<Variant>> {
    match &input.data {
        Data::Struct(data) => Ok(vec![Variant { path: quote!(Self), fields: fields(&data.fields)? }]),
        Data::Enum(data) => collect(data.variants.iter().map(|variant| {
            attributes::refuse(variant)?;
            let name: &Ident = &variant.ident;
            Ok(Variant { path: quote!(Self::#name), fields: fields(&variant.fields)? })
        })),
        Data::Union(data) => Err(syn::Error::new(
            data.union_token.span(),
            "`Module` cannot be derived for a union: which of its fields is live is not known; use an enum",
        )),
    }
}

fn fields(fields: &Fields) -> syn::Result<Vec<Field>> {
    let visited = collect(fields.iter().zip(fields.members()).map(|(field, member)| {
        let options = FieldOptions::of(field)?;
        if options.skip {
            return Ok(None);
        }
        let (name, span) = match (options.rename, &member) {
            (Some(name), _) => (name.value(), name.span()),
            (None, Member::Named(ident)) => (ident.unraw().to_string(), ident.span()),
            (None, Member::Unnamed(index)) => (index.index.to_string(), field.ty.span()),
        };
        Ok(Some((Field { member, name, ty: field.ty.clone() }, span)))
    }))?;
    let mut taken = BTreeMap::new();
    collect(visited.into_iter().flatten().map(|(field, span)| match taken.insert(field.name.clone(), ()) {
        None => Ok(field),
        Some(()) => {
            Err(syn::Error::new(span, format!("another field is visited as `{}` already", field.name)))
        }
    }))
}

/// The results, or all errors in one.
fn collect<R>(results: impl Iterator<Item = syn::Result<R>>) -> syn::Result<Vec<R>> {
    let mut all = Ok(Vec::new());
    for result in results {
        match (&mut all, result) {
            (Ok(values), Ok(value)) => values.push(value),
            (Ok(_), Err(error)) => all = Err(error),
            (Err(_), Ok(_)) => {}
            (Err(errors), Err(error)) => errors.combine(error),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    fn names(input: DeriveInput) -> Vec<Vec<String>> {
        let variants = variants(&input).expect("the input is right");
        variants
            .into_iter()
            .map(|variant| variant.fields.into_iter().map(|field| field.name).collect())
            .collect()
    }

    fn errors(input: DeriveInput) -> Vec<String> {
        let error = variants(&input).err().expect("the input is wrong");
        error.into_iter().map(|error| error.to_string()).collect()
    }

    #[test]
    fn names_are_those_in_the_source_unless_renamed() {
        let named = parse_quote!(
            struct A {
                r#type: B,
                #[module(skip)]
                c: D,
                #[module(rename = "f.0")]
                e: F,
            }
        );
        assert_eq!(names(named), [["type", "f.0"]]);
        assert_eq!(
            names(parse_quote!(
                struct A(B, #[module(skip)] C, D);
            )),
            [["0", "2"]]
        );
        let variants = names(parse_quote!(
            enum A {
                None,
                One(B),
                Two { left: B, right: B },
            }
        ));
        assert_eq!(variants, [vec![], vec!["0"], vec!["left", "right"]]);
    }

    #[test]
    fn every_mistake_is_reported() {
        let wrong = errors(parse_quote! {
            struct A {
                #[module(skipp)] a: B,
                #[module(rename = "x..y")] b: B,
                #[module(rename = "x", skip)] c: B,
                #[module] d: B,
                #[module(skip, skip)] e: B,
                #[module(rename = 1)] f: B,
            }
        });
        let expected = [
            "a field takes the options `skip` and `rename",
            "a name is not empty",
            "a skipped field is not visited",
            "expected options in parentheses",
            "given twice",
            "expected string literal",
        ];
        assert_eq!(wrong.len(), expected.len(), "{wrong:?}");
        for (wrong, expected) in wrong.iter().zip(expected) {
            assert!(wrong.contains(expected), "{wrong} does not say: {expected}");
        }
    }

    #[test]
    fn two_fields_of_one_name() {
        let wrong = errors(parse_quote!(
            struct A {
                #[module(rename = "b")]
                a: B,
                b: B,
            }
        ));
        assert_eq!(wrong, ["another field is visited as `b` already"]);
        // In different variants they never meet.
        assert_eq!(
            names(parse_quote!(
                enum A {
                    B { x: C },
                    D { x: C },
                }
            )),
            [["x"], ["x"]]
        );
    }

    #[test]
    fn unions_and_options_on_variants() {
        assert!(errors(parse_quote!(union A { b: f32 }))[0].contains("union"));
        assert!(
            errors(parse_quote!(
                enum A {
                    #[module(skip)]
                    B(C),
                }
            ))[0]
                .contains("a variant takes no options")
        );
    }
}
