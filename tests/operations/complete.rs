//! The table has a row for every operation.

use std::fs;
use std::path::Path;

/// Methods of `ops/` that have no gradient.
const WITHOUT_GRADIENT: [&str; 2] = ["argmax", "argmin"];

fn text(folder: impl AsRef<Path>) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { text(path) } else { fs::read_to_string(path).unwrap() }).collect()
}

#[test]
fn every_operation_has_a_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (operations, table) = (text(root.join("autodiff/src/ops")), text(root.join("tests/operations")));
    let methods: Vec<&str> = operations
        .split("\n    #[track_caller]\n")
        .filter_map(|after| after.trim_start_matches(|c| c != 'p').strip_prefix("pub fn "))
        .filter_map(|after| after.split(['(', '<']).next())
        .collect();
    assert!(methods.len() > 40, "only {methods:?} were found");
    let called = |name: &str| [".", "::"].iter().any(|dot| table.contains(&format!("{dot}{name}(")));
    let missing: Vec<_> =
        methods.iter().filter(|name| !called(name) && !WITHOUT_GRADIENT.contains(name)).collect();
    assert!(missing.is_empty(), "no row calls {missing:?}");
}
