//! The table and the oracle have every operation: the sources are read for the public methods of `Tensor`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Methods of `Tensor` that compute nothing to differentiate: what makes, reads and places a tensor, and asks for
/// gradients.
const NO_OPERATION: &str = "
    from_vec full zeros ones scalar shape ndim len is_empty view value to_vec into_array item detach tape
    requires_grad retain_grad on_gradient cast backward backward_with
";

/// Operations whose results have no gradient. They have tests and oracle cases, and no row.
const WITHOUT_GRADIENT: &str = "argmax argmin argsort";

/// Operations that PyTorch has not, or not so that its numbers could be compared, each with what proves its value.
const WITHOUT_ORACLE: [(&str, &str); 3] = [
    ("argmin", "argmax of the negated tensor"),
    ("neg", "the operator of that name"),
    ("try_einsum", "einsum, which is it with a panic"),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let of = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false if path.extension().is_some_and(|e| e == "rs") => vec![path],
        false => vec![],
    };
    paths.into_iter().flat_map(of).collect()
}

fn parsed(folder: &str) -> Vec<(PathBuf, syn::File)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let file = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        (path, file)
    };
    files(&folder).into_iter().map(read).collect()
}

/// Whether a type is `Tensor` or a reference to one.
fn is_tensor(of: &syn::Type) -> bool {
    match of {
        syn::Type::Reference(r) => is_tensor(&r.elem),
        syn::Type::Path(p) => p.path.segments.last().is_some_and(|s| s.ident == "Tensor"),
        _ => false,
    }
}

/// The public methods of `Tensor`, with their files.
fn operations() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, file) in parsed("autodiff/src") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for item in file.items {
            let syn::Item::Impl(block) = item else { continue };
            if !is_tensor(&block.self_ty) || block.trait_.is_some() {
                continue;
            }
            for item in block.items {
                let syn::ImplItem::Fn(method) = item else { continue };
                if matches!(method.vis, syn::Visibility::Public(_)) {
                    found.insert(method.sig.ident.to_string(), name.clone());
                }
            }
        }
    }
    found
}

/// The names that are called in a token stream as methods or functions: `.name(`, `.name::<…>(`, `::name`, and those
/// given to a macro of the table alone: `compare!(name, …)`.
fn calls(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => calls(group.stream(), found),
            TokenTree::Ident(ident) => {
                let after = |n: usize| tokens.get(i + n);
                let opens = |t: Option<&TokenTree>| matches!(t, Some(TokenTree::Group(g)) if g.delimiter() == Delimiter::Parenthesis);
                let colon =
                    |t: Option<&TokenTree>| matches!(t, Some(TokenTree::Punct(p)) if p.as_char() == ':');
                let comma =
                    |t: Option<&TokenTree>| matches!(t, Some(TokenTree::Punct(p)) if p.as_char() == ',');
                let of_a_path = i >= 2 && colon(tokens.get(i - 1)) && colon(tokens.get(i - 2));
                if opens(after(1)) || colon(after(1)) && colon(after(2)) || comma(after(1)) || of_a_path {
                    found.insert(ident.to_string());
                }
            }
            _ => {}
        }
    }
}

/// The names called anywhere in the files of a folder.
fn called(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeSet::new();
    for path in files(&folder) {
        calls(fs::read_to_string(&path).unwrap().parse().expect("a file of Rust"), &mut found);
    }
    found
}

fn without<'a>(all: &'a BTreeMap<String, String>, names: &[&str], called: &BTreeSet<String>) -> Vec<&'a str> {
    let left_out = |name: &str| names.iter().any(|n| n.split_whitespace().any(|n| n == name));
    let missing = |(name, _): &(&String, &String)| !left_out(name) && !called.contains(&name[..]);
    all.iter().filter(missing).map(|(name, _)| &name[..]).collect()
}

#[test]
fn every_operation_has_a_row() {
    let all = operations();
    assert!(all.len() > 60, "only {:?} were found", all.keys());
    let rows = called("tests/operations");
    let missing = without(&all, &[NO_OPERATION, WITHOUT_GRADIENT], &rows);
    assert!(missing.is_empty(), "no row of tests/operations calls {missing:?}");
    for operator in ["add", "sub", "mul", "div", "neg"] {
        assert!(rows.contains(operator), "no row is named {operator}");
    }
    // The lists of exceptions name nothing that is gone.
    for name in [NO_OPERATION, WITHOUT_GRADIENT].iter().flat_map(|names| names.split_whitespace()) {
        assert!(all.contains_key(name), "{name} is no public method of Tensor");
    }
}

#[test]
fn every_operation_is_compared_with_pytorch() {
    let all = operations();
    let exceptions: Vec<&str> = WITHOUT_ORACLE.iter().map(|(name, _)| *name).collect();
    let names = [&[NO_OPERATION][..], &exceptions].concat();
    let mut compared = called("tests/oracle/operations");
    // A loss with its defaults is the one that takes options.
    let of_options =
        |name: &String| name.strip_suffix("_with").or(name.strip_suffix("_and")).map(str::to_owned);
    compared.extend(compared.iter().filter_map(of_options).collect::<Vec<_>>());
    let missing = without(&all, &names, &compared);
    assert!(missing.is_empty(), "no case of tests/oracle calls {missing:?}");
    for name in exceptions {
        assert!(all.contains_key(name), "{name} is no public method of Tensor");
    }
}
