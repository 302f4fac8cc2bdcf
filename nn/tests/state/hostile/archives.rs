//! Zip archives whose directory lies, or whose bytes are damaged.

use std::slice;

use super::{HEADER, check};
use crate::build::*;
use crate::{alone, fixture};

#[test]
fn archives_that_lie() {
    let _alone = alone();
    let array = npy(HEADER, &[0; 8]);
    let member = stored("weight.npy", &array);
    let packed = deflated("weight.npy", &array);
    let with = |change: &dyn Fn(&mut Member), member: &Member| {
        let mut member = member.clone();
        change(&mut member);
        zip(&[member])
    };
    let other = stored("other.npy", &array);
    // The bytes of one file hold another one with its header.
    let outer = stored("outer.npy", &other.local());
    let inner = Member { offset: Some(30 + outer.name.len() as u32), ..other.clone() };
    let right = zip(slice::from_ref(&member));
    let bomb = deflated("weight.npy", &npy(&HEADER.replace("(2,)", "(33554432,)"), &vec![0; 1 << 27]));
    let mut directory = right.clone();
    let at = directory.len() - 6;
    directory[at..at + 4].copy_from_slice(&[0xff; 4]);
    let mut pytorch = fixture("kinds.pt");
    // The offset of the directory in the record for large archives.
    let at = pytorch.len() - 22 - 20 - 8;
    pytorch[at] ^= 1;
    check(vec![
        ("without an end", right[..right.len() - 22].to_vec(), "no directory at its end"),
        ("a local header alone", b"PK\x03\x04".to_vec(), "no directory at its end"),
        ("bytes behind the end", [&right[..], b"more"].concat(), "its archive ends at byte"),
        (
            "a comment cut off",
            [&right[..right.len() - 2], &[9, 0]].concat(),
            "it ends before its content does",
        ),
        ("a directory past the end", directory, "zip archive"),
        ("a large archive's directory elsewhere", pytorch, "zip archive"),
        (
            "a file too many in the directory",
            zip_claiming(slice::from_ref(&member), 1),
            "claims 2 files and has 1",
        ),
        (
            "a file too few in the directory",
            zip_claiming(&[member.clone(), other.clone()], -1),
            "claims 1 files and has 2",
        ),
        ("one name twice", zip(&[member.clone(), member.clone()]), "its archive holds `weight.npy` twice"),
        ("a file inside another", zip(&[outer, inner]), "`outer.npy` and `other.npy` overlap"),
        (
            "two files at one place",
            zip(&[member.clone(), Member { offset: Some(0), ..other.clone() }]),
            "`other.npy` in its archive has another name before its bytes",
        ),
        (
            "two names",
            with(&|m| m.local_name = Some(b"other.npy".to_vec()), &member),
            "has another name before its bytes",
        ),
        ("a name that is not UTF-8", with(&|m| m.name = b"\xff.npy".to_vec(), &member), "is not UTF-8"),
        ("encrypted", with(&|m| m.flags = 1, &member), "`weight.npy` in its archive is encrypted"),
        ("another compression", with(&|m| m.method = 12, &member), "is compressed by method 12 (BZIP2)"),
        ("plain, but larger unpacked", with(&|m| m.size += 1, &member), "which its 76 in the file cannot be"),
        (
            "plain, but smaller unpacked",
            with(&|m| m.size -= 1, &member),
            "which its 76 in the file cannot be",
        ),
        (
            "4 GB in 100 bytes",
            with(&|m| m.size = u32::MAX - 1, &packed),
            "claims 4294967294 bytes, which its",
        ),
        (
            "longer than the file",
            with(&|m| (m.packed_size, m.size) = (1 << 30, 1 << 30), &member),
            "behind the directory",
        ),
        (
            "into the directory",
            with(&|m| (m.packed_size, m.size) = (77, 77), &member),
            "behind the directory",
        ),
        (
            "a place past the end",
            zip(&[Member { offset: Some(1 << 30), ..member.clone() }, other.clone()]),
            "it ends before its content does",
        ),
        (
            "a place without a header",
            zip(&[other.clone(), Member { offset: Some(3), ..member.clone() }]),
            "zip archive",
        ),
        ("a wrong checksum", with(&|m| m.crc ^= 1, &member), "the file is damaged"),
        ("a wrong checksum, compressed", with(&|m| m.crc ^= 1, &packed), "the file is damaged"),
        (
            "one element changed",
            with(&|m| *m.packed.last_mut().unwrap() ^= 1, &member),
            "`weight`: its checksum is",
        ),
        ("compressed garbage", with(&|m| m.packed.fill(0xff), &packed), "its compressed bytes are damaged"),
        (
            "compressed, cut off",
            with(
                &|m| {
                    m.packed.truncate(40);
                    m.packed_size = 40
                },
                &packed,
            ),
            "it ends before its content does",
        ),
        (
            "unpacks to more",
            with(
                &|m| m.packed = deflate(&[&array[..], &[0; 9999]].concat()),
                &Member {
                    packed_size: deflate(&[&array[..], &[0; 9999]].concat()).len() as u32,
                    ..packed.clone()
                },
            ),
            "unpack to more than it claims",
        ),
        ("128 MB of zeros", zip(&[bomb]), "expected [2], found [33554432]"),
        ("not an array's name", zip(&[stored("weight.txt", &array)]), "`weight.txt`: it is no .npy array"),
        (
            "two pickles' folders",
            zip(&[stored("a/data.pkl", b""), stored("b/data.pkl", b"")]),
            "more than one data.pkl",
        ),
    ]);
}
