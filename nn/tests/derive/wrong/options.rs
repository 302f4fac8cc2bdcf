//! Mistakes that the macro itself finds: an error at each line with a `//~`, and nowhere else.

use wengert::prelude::*;

#[derive(Module)]
union Either { //~ `Module` cannot be derived for a union: which of its fields is live is not known; use an enum
    left: f32,
}

#[derive(Module)]
struct Misspelt {
    #[module(skipp)] //~ a field takes the options `skip` and `rename = "name"`; `float = T` and `crate = "path"` belong on the type
    weight: Parameter,
}

#[derive(Module)]
struct OnTheField<T: Float> {
    #[module(float = T)] //~ `float = T` and `crate = "path"` belong on the type
    weight: Parameter<T>,
}

#[derive(Module)]
#[module(skip)] //~ a type takes the options `float = T` and `crate = "path"`; `skip` and `rename = "name"` belong on a field
struct OnTheType {
    weight: Parameter,
}

#[derive(Module)]
enum OnTheVariant {
    #[module(skip)] //~ a variant takes no options: its name is not part of any path; place them on its fields
    Dense(Linear),
}

#[derive(Module)]
struct SameName {
    #[module(rename = "bias")]
    weight: Parameter,
    bias: Parameter, //~ another field is visited as `bias` already
}

#[derive(Module)]
struct Twice {
    #[module(skip, skip)] //~ this option is given twice
    weight: Parameter,
}

#[derive(Module)]
struct NoLiteral {
    #[module(rename = bias)] //~ expected string literal
    weight: Parameter,
}

#[derive(Module)]
struct NoName {
    #[module(rename = "head.")] //~ a name is not empty and has no dot at its ends nor two in a row
    weight: Parameter,
}

#[derive(Module)]
struct SkippedAndRenamed {
    #[module(skip, rename = "head")] //~ a skipped field is not visited, so it has no name to change
    weight: Parameter,
}

#[derive(Module)]
struct NoOptions {
    #[module] //~ expected options in parentheses: `#[module(…)]`
    weight: Parameter,
}

#[derive(Module)]
struct TwoFloats<T: Float, S: Float> { //~ `T` and `S` are both bounded by `Float`: say of which one this is a module with `#[module(float = T)]` above the type
    weight: Parameter<T>,
    scale: Parameter<S>,
}

#[derive(Module)]
#[module(crate = "no path")] //~ unexpected token
struct NoPath {
    weight: Parameter,
}

// Both mistakes of a type are reported.
#[derive(Module)]
struct TwoMistakes {
    #[module(frozen)] //~ a field takes the options `skip` and `rename = "name"`
    weight: Parameter,
    #[module(rename = "")] //~ a name is not empty
    bias: Parameter,
}

#[derive(Module)]
struct UnknownAttribute {
    #[modul(skip)] //~ cannot find attribute `modul` in this scope
    weight: Parameter,
}
