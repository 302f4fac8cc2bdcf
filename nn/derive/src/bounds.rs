//! The element type a module is of, and what the impl asks of the other type parameters.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Generics, Type, TypeParam, TypeParamBound, WherePredicate, parse_quote};

use crate::fields::Field;

/// The `T` in `Module<T>`.
pub(crate) enum Element {
    /// A type parameter of the type.
    Parameter(Ident),
    /// A type that `#[module(float = …)]` names.
    Concrete(Type),
    /// A type parameter of the impl alone: every type of which all fields are modules.
    Any(Ident),
}

impl Element {
    /// The one that is named, else the only type parameter bounded by `Float`, else any.
    pub(crate) fn of(generics: &Generics, named: Option<Type>) -> syn::Result<Self> {
        if let Some(named) = named {
            let parameter = generics.type_params().find(|parameter| is_ident(&named, &parameter.ident));
            return Ok(match parameter {
                Some(parameter) => Element::Parameter(parameter.ident.clone()),
                None => Element::Concrete(named),
            });
        }
        let mut floats = generics.type_params().filter(|parameter| is_float(parameter, generics));
        match (floats.next(), floats.next()) {
            (None, _) => Ok(Element::Any(format_ident!("__T"))),
            (Some(float), None) => Ok(Element::Parameter(float.ident.clone())),
            (Some(first), Some(second)) => Err(syn::Error::new_spanned(
                second,
                format!(
                    "`{}` and `{}` are both bounded by `Float`: say of which one this is a module with \
                     `#[module(float = {})]` above the type",
                    first.ident, second.ident, first.ident
                ),
            )),
        }
    }
}

impl ToTokens for Element {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Element::Parameter(ident) | Element::Any(ident) => ident.to_tokens(tokens),
            Element::Concrete(ty) => ty.to_tokens(tokens),
        }
    }
}

/// The generics of the impl: those of the type, with what its fields need.
///
/// A field type that mentions a type parameter must be a module. With [`Element::Any`] every field type must be:
/// that is what chooses the element types. A field type that mentions the type being derived cannot be asked,
/// because the question would never end; there the type parameters it mentions are.
pub(crate) fn generics(
    input: &DeriveInput,
    element: &Element,
    fields: &[&Field],
    nn: &TokenStream,
) -> Generics {
    let mut generics = input.generics.clone();
    let others: Vec<Ident> = generics
        .type_params()
        .map(|parameter| parameter.ident.clone())
        .filter(|ident| !matches!(element, Element::Parameter(float) if float == ident))
        .collect();
    let mut predicates: Vec<WherePredicate> = Vec::new();
    match element {
        Element::Parameter(float) => {
            let bounded = generics
                .type_params()
                .any(|parameter| parameter.ident == *float && is_float(parameter, &generics));
            if !bounded {
                predicates.push(parse_quote!(#float: #nn::module::derive_support::Float));
            }
        }
        Element::Any(float) => generics.params.push(parse_quote!(#float: #nn::module::derive_support::Float)),
        Element::Concrete(_) => {}
    }
    for field in fields {
        let ty = &field.ty;
        let asked: Vec<TokenStream> = if is_recursive(ty, &input.ident) {
            let mentioned = others.iter().filter(|other| mentions(ty, std::slice::from_ref(other)));
            mentioned.map(ToTokens::to_token_stream).collect()
        } else if matches!(element, Element::Any(_)) || mentions(ty, &others) {
            vec![quote!(#ty)]
        } else {
            Vec::new()
        };
        for asked in asked {
            let predicate: WherePredicate = parse_quote!(#asked: #nn::Module<#element>);
            if !predicates.contains(&predicate) {
                predicates.push(predicate);
            }
        }
    }
    generics.make_where_clause().predicates.extend(predicates);
    generics
}

/// Whether the type contains the type being derived, as `Self` or by its name without a path before it.
pub(crate) fn is_recursive(ty: &Type, name: &Ident) -> bool {
    any_ident(ty.to_token_stream(), &mut |ident, qualified| ident == "Self" || (ident == name && !qualified))
}

/// Whether one of these generic parameters occurs in the type.
pub(crate) fn mentions(ty: &Type, parameters: &[Ident]) -> bool {
    any_ident(ty.to_token_stream(), &mut |ident, qualified| !qualified && parameters.contains(ident))
}

/// Tokens rather than the syntax tree, because a type may be a macro's call.
fn any_ident(tokens: TokenStream, found: &mut impl FnMut(&Ident, bool) -> bool) -> bool {
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if found(&ident, colons == 2) {
                    return true;
                }
                colons = 0;
            }
            TokenTree::Group(group) => {
                if any_ident(group.stream(), found) {
                    return true;
                }
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            _ => colons = 0,
        }
    }
    false
}

fn is_ident(ty: &Type, ident: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.qself.is_none() && path.path.is_ident(ident))
}

/// Whether a bound of the parameter, beside it or in the where clause, is a trait called `Float`.
fn is_float(parameter: &TypeParam, generics: &Generics) -> bool {
    let mentions_float = |bounds: &Punctuated<TypeParamBound, _>| {
        bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => {
                bound.path.segments.last().is_some_and(|last| last.ident == "Float")
            }
            _ => false,
        })
    };
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    mentions_float(&parameter.bounds)
        || predicates.into_iter().any(|predicate| match predicate {
            WherePredicate::Type(predicate) => {
                is_ident(&predicate.bounded_ty, &parameter.ident) && mentions_float(&predicate.bounds)
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields;

    fn element(input: &DeriveInput) -> syn::Result<String> {
        Element::of(&input.generics, None).map(|element| element.to_token_stream().to_string())
    }

    #[test]
    fn the_float_parameter_is_found_by_its_bound() {
        let found = |input: DeriveInput| element(&input).unwrap();
        assert_eq!(
            found(parse_quote!(
                struct A<T: Float>(T);
            )),
            "T"
        );
        assert_eq!(
            found(parse_quote!(
                struct A<M, S: Clone + autodiff::Float = f32>(M, S);
            )),
            "S"
        );
        assert_eq!(
            found(parse_quote!(
                struct A<M: Clone, T>(M, T)
                where
                    Vec<M>: Float,
                    T: Float;
            )),
            "T"
        );
        assert_eq!(
            found(parse_quote!(
                struct A<'a, M: Floating, const N: usize>(&'a [M; N]);
            )),
            "__T"
        );
    }

    #[test]
    fn two_float_parameters_need_a_choice() {
        let input: DeriveInput = parse_quote!(
            struct A<T: Float, S>(T, S)
            where
                S: Float;
        );
        let message = element(&input).unwrap_err().to_string();
        assert!(message.contains("`T` and `S`") && message.contains("#[module(float = T)]"), "{message}");
        let named = Element::of(&input.generics, Some(parse_quote!(S))).unwrap();
        assert!(matches!(named, Element::Parameter(ident) if ident == "S"));
        let named = Element::of(&input.generics, Some(parse_quote!(f64))).unwrap();
        assert!(matches!(named, Element::Concrete(_)));
    }

    fn where_clause(input: DeriveInput, named: Option<Type>) -> String {
        let element = Element::of(&input.generics, named).unwrap();
        let variants = fields::variants(&input).unwrap();
        let fields: Vec<&Field> = variants.iter().flat_map(|variant| &variant.fields).collect();
        let generics = generics(&input, &element, &fields, &quote!(nn));
        generics.where_clause.unwrap().predicates.to_token_stream().to_string()
    }

    #[test]
    fn fields_are_asked_only_where_the_answer_is_open() {
        let of = |input| where_clause(input, None);
        let text = |tokens: TokenStream| tokens.to_string();
        assert_eq!(
            of(parse_quote!(
                struct A<T: Float>(Linear<T>, f64, Vec<A<T>>);
            )),
            ""
        );
        assert_eq!(
            of(parse_quote!(
                struct A<M, T: Float>(Vec<M>, Vec<M>, #[module(skip)] Option<M>, other::M)
                where
                    M: Copy;
            )),
            text(quote!(M: Copy, Vec<M>: nn::Module<T>))
        );
        assert_eq!(
            of(parse_quote!(
                struct A<M: Family, T: Float>(<M as Family>::Block, fn() -> [M; 2]);
            )),
            text(quote!(<M as Family>::Block: nn::Module<T>, fn() -> [M; 2]: nn::Module<T>))
        );
        assert_eq!(
            of(parse_quote!(
                struct A(Linear, f64);
            )),
            text(quote!(Linear: nn::Module<__T>, f64: nn::Module<__T>))
        );
    }

    #[test]
    fn recursive_fields_ask_for_the_parameters() {
        let of = |input| where_clause(input, None);
        let text = |tokens: TokenStream| tokens.to_string();
        assert_eq!(
            of(parse_quote!(
                struct A<M, T: Float>(Option<Box<A<M, T>>>);
            )),
            text(quote!(M: nn::Module<T>))
        );
        assert_eq!(
            of(parse_quote!(
                struct A(Linear, Vec<Self>);
            )),
            text(quote!(Linear: nn::Module<__T>))
        );
        // Another type of the same name is not this one.
        assert_eq!(
            of(parse_quote!(
                struct A(nn::A<f32>);
            )),
            text(quote!(nn::A<f32>: nn::Module<__T>))
        );
    }

    #[test]
    fn a_chosen_parameter_is_bounded() {
        let bound = quote!(T: nn::module::derive_support::Float).to_string();
        assert_eq!(
            where_clause(
                parse_quote!(
                    struct A<T: Real>(T);
                ),
                Some(parse_quote!(T))
            ),
            bound
        );
        assert_eq!(
            where_clause(
                parse_quote!(
                    struct A<T: Float>(T);
                ),
                Some(parse_quote!(T))
            ),
            ""
        );
        let concrete = where_clause(
            parse_quote!(
                struct A<T: Float>(T, f32);
            ),
            Some(parse_quote!(f64)),
        );
        assert_eq!(concrete, quote!(T: nn::Module<f64>).to_string());
    }
}
