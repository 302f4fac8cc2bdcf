//! Files that lie or are damaged: each is refused with its reason, in little memory, and changes nothing.

mod archives;
mod arrays;
mod pickles;
mod tensors;

use std::fs;

use wengert::prelude::*;

use crate::{ALLOCATED, alone, file, fixture, one};

/// What reading a hostile file may take beside the file.
const MEMORY: usize = 64 << 20;

/// The header of an array of two elements.
const HEADER: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";

/// A name, the bytes of a file, and a part of the message.
type Case = (&'static str, Vec<u8>, &'static str);

/// Loads each file into a model of a parameter `weight` [2], from memory and from the disk.
fn check(cases: Vec<Case>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile");
    for (name, bytes, expected) in cases {
        let module = one::<f32>([5.0, 6.0]);
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let error = match module.load_bytes(&bytes) {
            Err(error) => error.to_string(),
            Ok(report) => panic!("{name}: {report}"),
        };
        let taken = ALLOCATED.peak_usage() - before;
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.len() < 2000 && taken < MEMORY, "{name}: {taken} bytes, {error}");
        fs::write(&path, &bytes).unwrap();
        let error = module.load(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("hostile"), "{name}: {error}");
        assert_eq!(module.weight.value().to_vec(), [5.0, 6.0], "{name}");
        // Nothing of it can be read without the module either.
        if let Ok(dict) = StateDict::from_bytes(&bytes) {
            let _: Vec<_> = dict.names().map(|name| dict.tensor::<f32>(name)).collect();
        }
    }
}

#[test]
fn safetensors_that_lie() {
    let _alone = alone();
    let right = one::<f32>([1.0, 2.0]).to_bytes();
    let entry = |text: &str, data: usize| file(&format!(r#"{{"weight":{{{text}}}}}"#), data);
    let header_claim = |n: u64| [&n.to_le_bytes()[..], b"{}"].concat();
    check(vec![
        ("empty", vec![], "it has 0 bytes"),
        ("seven bytes", vec![0; 7], "it has 7 bytes"),
        (
            "header of 2^60",
            header_claim(1 << 60),
            "claims a header of 1152921504606846976 bytes, but only 2 follow",
        ),
        ("header of 2^64 - 1", header_claim(u64::MAX), "but only 2 follow"),
        ("truncated data", right[..right.len() - 1].to_vec(), "its tensors take 8 bytes, but 7 follow"),
        ("truncated header", right[..20].to_vec(), "but only 12 follow"),
        ("oversized", [&right[..], &[0]].concat(), "its tensors take 8 bytes, but 9 follow"),
        ("no JSON", file("weight", 0), "its header is wrong"),
        ("no UTF-8", [&right[..10], &[0xff; 60]].concat(), "is no valid safetensors file"),
        ("deep nesting", file(&"[".repeat(10_000), 0), "its header is wrong"),
        ("a list", file("[]", 0), "its header is wrong"),
        (
            "one name twice",
            file(
                r#"{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                    "weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
                8,
            ),
            "its header is wrong: it has `weight` twice",
        ),
        (
            "overlap",
            file(
                r#"{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                    "other":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                12,
            ),
            "invalid offset for tensor",
        ),
        ("gap", entry(r#""dtype":"F32","shape":[2],"data_offsets":[4,12]"#, 12), "invalid offset"),
        ("backwards", entry(r#""dtype":"F32","shape":[2],"data_offsets":[8,0]"#, 8), "invalid offset"),
        ("shape and bytes", entry(r#""dtype":"F32","shape":[3],"data_offsets":[0,8]"#, 8), "invalid shape"),
        (
            "product overflows",
            entry(r#""dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]"#, 8),
            "overflow",
        ),
        (
            "2^64 - 1 bytes",
            entry(
                r#""dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]"#,
                8,
            ),
            "overflow",
        ),
        (
            "2^60 bytes",
            entry(r#""dtype":"U8","shape":[1152921504606846976],"data_offsets":[0,1152921504606846976]"#, 8),
            "its tensors take 1152921504606846976 bytes, but 8 follow",
        ),
        (
            "empty, but too large for an array",
            entry(r#""dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]"#, 0),
            "a shape of [0, 4611686018427387904, 4] overflows",
        ),
        ("negative", entry(r#""dtype":"F32","shape":[-2],"data_offsets":[0,8]"#, 8), "its header is wrong"),
        (
            "unknown type",
            entry(r#""dtype":"F31","shape":[2],"data_offsets":[0,8]"#, 8),
            "its header is wrong",
        ),
        (
            "integers",
            entry(r#""dtype":"I32","shape":[2],"data_offsets":[0,8]"#, 8),
            "`weight` has elements of type I32, expected F64, F32, F16 or BF16",
        ),
        (
            "a terminal's commands",
            file(r#"{"weight\u001b[2J":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8),
            r"unexpected: `weight\u{1b}[2J` [2]",
        ),
    ]);
}

/// Every file that is cut off at one of 50 places is refused.
#[test]
fn files_cut_off() {
    let _alone = alone();
    for name in [
        "kinds.pt",
        "views.pt",
        "checkpoint.pth",
        "arrays.npz",
        "compressed.npz",
        "kinds.safetensors",
        "single.npy",
    ] {
        let bytes = fixture(name);
        assert!(StateDict::from_bytes(&bytes).is_ok(), "{name}");
        for i in 0..50 {
            let end = i * bytes.len() / 50;
            let error = StateDict::from_bytes(&bytes[..end]).unwrap_err().to_string();
            assert!(error.contains("is no valid"), "{name}, {end} bytes: {error}");
        }
    }
}
