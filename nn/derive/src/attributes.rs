//! The options in `#[module(…)]`.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, DeriveInput, Field, LitStr, Meta, Path, Type, Variant};

/// The options of a type.
#[derive(Default)]
pub(crate) struct TypeOptions {
    /// `float = T`
    pub(crate) float: Option<Type>,
    /// `crate = "path"`
    pub(crate) crate_path: Option<Path>,
}

/// The options of a field.
#[derive(Default)]
pub(crate) struct FieldOptions {
    /// `skip`
    pub(crate) skip: bool,
    /// `rename = "name"`
    pub(crate) rename: Option<LitStr>,
}

impl TypeOptions {
    pub(crate) fn of(input: &DeriveInput) -> syn::Result<Self> {
        let mut options = Self::default();
        for_each_option(&input.attrs, |option| {
            if option.path.is_ident("float") {
                once(&option, options.float.is_some())?;
                options.float = Some(option.value()?.parse()?);
            } else if option.path.is_ident("crate") {
                once(&option, options.crate_path.is_some())?;
                let path: LitStr = option.value()?.parse()?;
                options.crate_path = Some(path.parse_with(Path::parse_mod_style)?);
            } else {
                return Err(option.error(
                    "a type takes the options `float = T` and `crate = \"path\"`; \
                     `skip` and `rename = \"name\"` belong on a field",
                ));
            }
            Ok(())
        })?;
        Ok(options)
    }
}

impl FieldOptions {
    pub(crate) fn of(field: &Field) -> syn::Result<Self> {
        let mut options = Self::default();
        for_each_option(&field.attrs, |option| {
            if option.path.is_ident("skip") {
                once(&option, options.skip)?;
                options.skip = true;
            } else if option.path.is_ident("rename") {
                once(&option, options.rename.is_some())?;
                let name: LitStr = option.value()?.parse()?;
                if name.value().split('.').any(str::is_empty) {
                    let message = "a name is not empty and has no dot at its ends nor two in a row";
                    return Err(syn::Error::new(name.span(), message));
                }
                options.rename = Some(name);
            } else {
                return Err(option.error(
                    "a field takes the options `skip` and `rename = \"name\"`; \
                     `float = T` and `crate = \"path\"` belong on the type",
                ));
            }
            Ok(())
        })?;
        match &options.rename {
            Some(name) if options.skip => Err(syn::Error::new(
                name.span(),
                "a skipped field is not visited, so it has no name to change",
            )),
            _ => Ok(options),
        }
    }
}

/// A variant takes no options.
pub(crate) fn refuse(variant: &Variant) -> syn::Result<()> {
    for_each_option(&variant.attrs, |option| {
        Err(option
            .error("a variant takes no options: its name is not part of any path; place them on its fields"))
    })
}

fn for_each_option(
    attributes: &[Attribute],
    mut read: impl FnMut(ParseNestedMeta) -> syn::Result<()>,
) -> syn::Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("module")) {
        match &attribute.meta {
            Meta::List(_) => attribute.parse_nested_meta(&mut read)?,
            other => {
                return Err(syn::Error::new(other.span(), "expected options in parentheses: `#[module(…)]`"));
            }
        }
    }
    Ok(())
}

fn once(option: &ParseNestedMeta, given: bool) -> syn::Result<()> {
    if given { Err(option.error("this option is given twice")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn options_of_a_type() {
        let input = parse_quote! {
            #[derive(Debug)]
            #[module(float = f64)]
            #[module(crate = "a::b")]
            struct A;
        };
        let options = TypeOptions::of(&input).unwrap();
        assert_eq!(options.float, Some(parse_quote!(f64)));
        assert_eq!(options.crate_path.to_token_stream().to_string(), "a :: b");
    }

    #[test]
    fn wrong_options_of_a_type() {
        let error = |input| TypeOptions::of(&input).err().expect("the input is wrong").to_string();
        assert!(
            error(parse_quote!(
                #[module(skip)]
                struct A;
            ))
            .contains("belong on a field")
        );
        assert!(
            error(parse_quote!(
                #[module(float = f32, float = f64)]
                struct A;
            ))
            .contains("given twice")
        );
        assert!(
            error(parse_quote!(
                #[module(crate = "1a")]
                struct A;
            ))
            .contains("expected identifier")
        );
        assert!(
            error(parse_quote!(
                #[module = "x"]
                struct A;
            ))
            .contains("in parentheses")
        );
    }
}
