//! The table has a row for every operation.

use std::fs;
use std::path::Path;

/// Methods of `ops/` that have no gradient.
const WITHOUT_GRADIENT: [&str; 3] = ["argmax", "argmin", "argsort"];

fn text(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|f| f.is_file()).map(|f| fs::read_to_string(f).unwrap()).collect()
}

#[test]
fn every_operation_has_a_row() {
    let (operations, table) = (text("autodiff/src/ops"), text("tests/operations"));
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
