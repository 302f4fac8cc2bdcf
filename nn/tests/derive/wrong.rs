//! What the compiler says to mistakes: the message and the line, as the files in `wrong/` expect them beside the code.
//!
//! They are compiled by a call of rustc with the crates that this test was linked with: it takes no time, and of what
//! rustc says only our own words are compared, so that any version will do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;

/// The crate `wengert` beside this test: the one built last, which is what the test was built for.
fn wengert(dependencies: &Path) -> PathBuf {
    let entries = std::fs::read_dir(dependencies).expect("the folder of this program").flatten();
    let built = entries.filter(|entry| {
        let name = entry.file_name().into_string().unwrap_or_default();
        name.starts_with("libwengert-") && name.ends_with(".rlib")
    });
    let time = |entry: &std::fs::DirEntry| {
        entry.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let newest = built.max_by_key(time);
    newest.unwrap_or_else(|| panic!("{} has no libwengert-*.rlib", dependencies.display())).path()
}

/// An error of the compiler: its lines in the file, and all that it says.
struct Complaint {
    lines: Vec<u64>,
    text: String,
}

fn compile(file: &Path) -> Vec<Complaint> {
    let program = std::env::current_exe().expect("a running program");
    let dependencies = program.parent().expect("it lies in a folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata=-", "--error-format", "json"])
        .args(["--crate-name", "wrong", "--cap-lints", "allow", "-L"])
        .arg(format!("dependency={}", dependencies.display()))
        .arg("--extern")
        .arg(format!("wengert={}", wengert(dependencies).display()))
        .arg(file)
        // The macro looks there for the name of the crate: as a crate that depends on `wengert` alone.
        .env("CARGO_MANIFEST_DIR", root.join("../tests/downstream"))
        .output()
        .expect("rustc");
    assert!(!out.status.success(), "{} compiles", file.display());
    let messages = String::from_utf8_lossy(&out.stderr);
    let messages = messages.lines().map(|line| serde_json::from_str(line).expect("rustc writes JSON"));
    messages.filter(|m: &Value| m["level"] == "error").filter_map(|message| complaint(&message)).collect()
}

/// None for the sentence that counts the errors.
fn complaint(message: &Value) -> Option<Complaint> {
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let spans = each(&message["spans"]);
    if spans.is_empty() {
        return None;
    }
    let primary = spans.iter().filter(|span| span["is_primary"] == true);
    let lines = primary.filter_map(|span| span["line_start"].as_u64()).collect();
    let labels = spans.iter().map(|span| span["label"].clone());
    let notes = each(&message["children"]).into_iter().map(|child| child["message"].clone());
    let all = std::iter::once(message["message"].clone()).chain(labels).chain(notes);
    let text: Vec<String> = all.filter_map(|text| text.as_str().map(str::to_owned)).collect();
    Some(Complaint { lines, text: text.join("\n") })
}

#[track_caller]
fn check(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/derive/wrong").join(name);
    let source = std::fs::read_to_string(&file).expect("a file of this package");
    let complaints = compile(&file);
    let mut wrong = Vec::new();
    let mut expected_lines = Vec::new();
    for (number, line) in (1..).zip(source.lines()) {
        let Some((_, expected)) = line.split_once("//~ ") else { continue };
        expected_lines.push(number);
        let here: Vec<&Complaint> = complaints.iter().filter(|c| c.lines.contains(&number)).collect();
        if !here.iter().any(|c| c.text.contains(expected)) {
            let found: Vec<&str> = here.iter().map(|c| c.text.as_str()).collect();
            wrong.push(format!("line {number} expects\n{expected}\nand finds\n{}", found.join("\n")));
        }
    }
    for complaint in complaints {
        if !complaint.lines.iter().any(|line| expected_lines.contains(line)) {
            wrong.push(format!("not expected, at {:?}:\n{}", complaint.lines, complaint.text));
        }
    }
    assert!(expected_lines.len() > 5, "{name} expects nothing");
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n\n"));
}

#[test]
fn mistakes_in_options() {
    check("options.rs");
}

#[test]
fn mistakes_in_types() {
    check("types.rs");
}
