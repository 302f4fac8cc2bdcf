//! Files that are no pictures, or not whole, or lie about their size.

use crate::png::{chunk, header, png, small, zlib};
use crate::reading::{jpeg, photograph};
use proptest::prelude::*;
use wengert::data::picture::{self, Reader};
use wengert::data::{Error, PictureProblem};

fn problem(bytes: &[u8]) -> PictureProblem {
    match picture::decode(bytes) {
        Err(Error::Picture { origin, problem }) => {
            assert_eq!(origin, "bytes");
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_bad_file_has_an_error_of_its_own() {
    let [ihdr, idat, iend] = small();
    assert_eq!(picture::decode(&png(&small())).unwrap().shape(), [3, 1, 2]);
    let huge = |width, height| png(&[header(width, height, 2), idat.clone(), iend.clone()]);
    let damaged = |at: usize| {
        let mut bytes = png(&small());
        bytes[at] ^= 0x10;
        bytes
    };
    let good = jpeg(&photograph(16, 16), 90);
    let without_table = {
        // The first quantization table becomes a segment that no decoder knows.
        let at = good.windows(2).position(|pair| pair == [0xff, 0xdb]).unwrap();
        let mut bytes = good.clone();
        bytes[at + 1] = 0xef;
        bytes
    };
    let sized = |width: u16, height: u16| {
        let at = good.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        let mut bytes = good.clone();
        bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        bytes
    };
    let scans = |count: usize| {
        let begin = good.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        let end = good.len() - 2;
        [&good[..begin], &good[begin..end].repeat(count), &good[end..]].concat()
    };
    let bomb_of_text = {
        let text = [&b"Comment\0\0"[..], &zlib(&vec![b'x'; 1 << 24])].concat();
        png(&[ihdr.clone(), chunk(b"zTXt", &text), idat.clone()])
    };
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", vec![], "there are no bytes"),
        ("text", b"a cat".to_vec(), "neither PNG nor JPEG: it begins with the bytes [61, 20, 63, 61, 74]"),
        ("GIF", b"GIF89a\x01\x00\x01".to_vec(), "neither PNG nor JPEG: it begins with the bytes [47, 49, 46"),
        ("half a signature", b"\x89PNG".to_vec(), "truncated: it ends within the first bytes"),
        ("a signature", png(&[]), "truncated: the chunk IEND, which ends a PNG file, is missing at byte 8"),
        ("no IEND", png(&[ihdr.clone(), idat.clone()]), "the chunk IEND, which ends a PNG file, is missing"),
        ("no IDAT", png(&[ihdr.clone(), iend.clone()]), "cannot be decoded"),
        ("no IHDR", png(&[idat.clone(), iend.clone()]), "cannot be decoded"),
        ("two IHDR", png(&[ihdr.clone(), ihdr.clone(), idat.clone(), iend.clone()]), "cannot be decoded"),
        ("half a chunk", png(&[ihdr.clone(), idat[..10].to_vec()]), "the chunk IDAT at byte 33 claims"),
        ("IHDR damaged", damaged(19), "damaged: the chunk IHDR at byte 8 has the checksum"),
        ("IDAT damaged", damaged(45), "damaged: the chunk IDAT at byte 33 has the checksum"),
        (
            "2³¹ × 2³¹",
            huge(1 << 31, 1 << 31),
            "claims 2147483648 × 2147483648 pixels, more than the 67108864",
        ),
        ("2³¹ − 1 × 1", huge((1 << 31) - 1, 1), "claims 2147483647 × 1 pixels, more than"),
        ("just too large", huge(8193, 8192), "claims 8193 × 8192 pixels, more than"),
        ("no width", huge(0, 5), "cannot be decoded"),
        ("no height", huge(5, 0), "cannot be decoded"),
        ("too few pixels", huge(1000, 1000), "cannot be decoded"),
        ("color type 7", png(&[header(2, 1, 7), idat.clone(), iend.clone()]), "cannot be decoded"),
        ("palette missing", png(&[header(2, 1, 3), idat.clone(), iend.clone()]), "cannot be decoded"),
        (
            "IDAT no zlib",
            png(&[ihdr.clone(), chunk(b"IDAT", b"abcdefgh"), iend.clone()]),
            "cannot be decoded",
        ),
        (
            "filter 9",
            png(&[ihdr.clone(), chunk(b"IDAT", &zlib(&[9, 1, 2])), iend.clone()]),
            "cannot be decoded",
        ),
        ("a bomb without an end", bomb_of_text, "the chunk IEND, which ends a PNG file, is missing"),
        ("JPEG's signature", good[..3].to_vec(), "truncated: the marker EOI"),
        ("half a JPEG", good[..good.len() / 2].to_vec(), "truncated: the"),
        ("JPEG without its end", good[..good.len() - 2].to_vec(), "truncated: the marker EOI"),
        ("JPEG of no scan", [&good[..20], b"\xff\xd9"].concat(), "truncated: the marker EOI comes before"),
        ("JPEG without a table", without_table, "cannot be decoded"),
        ("JPEG of 501 scans", scans(501), "more than 500 scans"),
        ("JPEG 65535 × 65535", sized(65535, 65535), "claims 65535 × 65535 pixels, more than"),
        ("JPEG of no width", sized(0, 16), "cannot be decoded"),
        ("JPEG of no height", sized(16, 0), "cannot be decoded"),
    ];
    let failures: Vec<String> = table
        .into_iter()
        .filter_map(|(name, bytes, expected)| match picture::decode(&bytes) {
            Err(error) if error.to_string().contains(expected) => None,
            Err(error) => Some(format!("{name}: {error}")),
            Ok(picture) => Some(format!("{name}: read as a picture {:?}", picture.shape())),
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_prefix_of_a_file_is_truncated() {
    let photograph = photograph(9, 7);
    for bytes in [picture::encode(&photograph), jpeg(&photograph, 80), png(&small())] {
        assert!(picture::decode(&bytes).is_ok());
        for end in 0..bytes.len() {
            let problem = problem(&bytes[..end]);
            assert!(
                matches!(problem, PictureProblem::Empty | PictureProblem::Truncated(_)),
                "{end}: {problem}"
            );
        }
    }
}

#[test]
fn files_and_folders_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let none = dir.path().join("none.png");
    let message = picture::read(&none).unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot read {}: ", none.display())), "{message}");
    let message = picture::read(dir.path()).unwrap_err().to_string();
    assert_eq!(message, format!("cannot read {}: it is a folder, not a file", dir.path().display()));
    let text = dir.path().join("cat.png");
    std::fs::write(&text, "<html>").unwrap();
    let message = picture::read(&text).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{}: neither PNG nor JPEG", text.display())), "{message}");
    // A file that is too long is not read: this one has no blocks on the disk.
    std::fs::File::create(&text).unwrap().set_len(1 << 40).unwrap();
    let message = picture::read(&text).unwrap_err().to_string();
    assert_eq!(message, format!("{}: longer than the 536870912 bytes this reader accepts", text.display()));
}

#[test]
fn the_bound_on_pixels_is_the_callers() {
    let bytes = [picture::encode(&photograph(4, 5)), jpeg(&photograph(4, 5), 80)];
    for bytes in bytes {
        assert!(Reader::new().max_pixels(20).decode(&bytes).is_ok());
        let error = Reader::new().max_pixels(19).decode(&bytes).unwrap_err().to_string();
        assert_eq!(error, "bytes: the header claims 5 × 4 pixels, more than the 19 this reader accepts");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A JPEG has no checksums: a damaged one may still be a picture. It is one or an error, never a panic.
    #[test]
    fn damage_is_an_error_or_a_picture(
        format in 0usize..3,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let photograph = photograph(19, 23);
        let mut bytes = match format {
            0 => picture::encode(&photograph),
            1 => jpeg(&photograph, 75),
            // Without checksums that would reveal the damage.
            _ => unsigned(&picture::encode(&photograph)),
        };
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if format == 2 {
            bytes = signed(&bytes);
        }
        if let Ok(picture) = Reader::new().max_pixels(1 << 20).decode(&bytes) {
            prop_assert!(picture.to_vec().iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}

/// The header and the packed pixels of a PNG file.
fn unsigned(png: &[u8]) -> Vec<u8> {
    let length = u32::from_be_bytes(png[33..37].try_into().unwrap()) as usize;
    [&png[16..29], &png[41..41 + length]].concat()
}

fn signed(bytes: &[u8]) -> Vec<u8> {
    png(&[chunk(b"IHDR", &bytes[..13]), chunk(b"IDAT", &bytes[13..]), chunk(b"IEND", &[])])
}
