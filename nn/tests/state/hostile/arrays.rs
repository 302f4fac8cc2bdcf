//! NumPy's arrays with headers that lie.

use super::{HEADER, check};
use crate::alone;
use crate::build::*;

#[test]
fn arrays_that_lie() {
    let _alone = alone();
    let array = |header: &str, data: usize| npy(header, &vec![0; data]);
    let changed = |from: &str, to: &str| npy(&HEADER.replace(from, to), &[0; 8]);
    let right = npy(HEADER, &[0; 8]);
    let version = |bytes: &[u8]| [b"\x93NUMPY", bytes].concat();
    check(vec![
        ("a magic number alone", version(b""), "it ends before its content does"),
        ("version 4", version(b"\x04\0aaaaaaaa"), "it has version 4 of the format"),
        ("no header", version(b"\x01\0\xff\x0f"), "it ends before its content does"),
        (
            "a header of 64 kB",
            version(b"\x01\0\xff\xff"),
            "it claims a header of 65535 bytes; at most 16384 are read",
        ),
        ("a header of 4 GB", version(b"\x02\0\xff\xff\xff\xff"), "it claims a header of 4294967295 bytes"),
        ("no dictionary", array("[]", 8), "its header is wrong: `[]`"),
        ("half a dictionary", array("{'descr': '<f4', 'shape': (2,)", 8), "its header is wrong"),
        ("text behind it", array(&format!("{HEADER}x"), 8), "its header is wrong"),
        ("no shape", changed(", 'shape': (2,)", ""), "its header is wrong"),
        ("two shapes", changed("'descr': '<f4'", "'shape': (2,)"), "its header is wrong"),
        ("an unknown key", changed("descr", "dtype"), "its header is wrong"),
        ("a call", changed("False", "exit()"), "its header is wrong"),
        ("an escape", changed("<f4", "\\x3cf4"), "its header is wrong"),
        ("not UTF-8", npy_bytes(b"{'descr': '\xff'}"), "its header is not UTF-8"),
        ("a negative size", changed("(2,)", "(-2,)"), "its header is wrong"),
        ("a number for a shape", changed("(2,)", "(2)"), "its header is wrong"),
        ("a size of 2^64", changed("(2,)", "(18446744073709551616,)"), "its header is wrong"),
        (
            "a shape that overflows",
            changed("(2,)", "(4294967296, 4294967296)"),
            "is not what the 8 bytes behind its header hold",
        ),
        (
            "2^60 bytes",
            changed("(2,)", "(288230376151711744,)"),
            "is not what the 8 bytes behind its header hold",
        ),
        (
            "empty, but too large for an array",
            array(&HEADER.replace("(2,)", "(0, 4611686018427387904, 4)"), 0),
            "overflows",
        ),
        (
            "65 axes",
            npy(&HEADER.replace("(2,)", &format!("({})", "1, ".repeat(65))), &[0; 4]),
            "it has 65 axes",
        ),
        (
            "a byte too few",
            right[..right.len() - 1].to_vec(),
            "is not what the 7 bytes behind its header hold",
        ),
        ("a byte too many", [&right[..], &[0]].concat(), "is not what the 9 bytes behind its header hold"),
        ("objects", changed("<f4", "|O"), "it holds Python objects, which are not read"),
        ("records", changed("'<f4'", "[('x', '<f4')]"), "it holds records, which are not read"),
        ("an unknown type", changed("<f4", "<f3"), "elements of the unknown type `<f3`"),
        ("no byte order", changed("<f4", "f4"), "elements of the unknown type `f4`"),
        ("a type of 2^40 bytes", changed("<f4", "|S1099511627776"), "elements of the unknown type"),
        ("a terminal's commands", changed("<f4", "\u{1b}[2J"), r"elements of the unknown type `\u{1b}[2J`"),
        ("integers", npy(&HEADER.replace("f4", "i4"), &[0; 8]), "unexpected: `` [2]"),
    ]);
}

fn npy_bytes(header: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header].concat()
}
