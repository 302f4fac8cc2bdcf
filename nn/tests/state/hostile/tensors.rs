//! PyTorch files whose tensors do not fit their storages.

use super::check;
use crate::alone;
use crate::build::*;

#[test]
fn pytorch_tensors_that_lie() {
    let _alone = alone();
    let file = |tensor: Vec<u8>| pt(&program(&dict(&[("weight", tensor)])), &[&[0; 8]]);
    let of = |offset, shape: &[i64], strides: &[i64]| file(tensor(storage("0", 2), offset, shape, strides));
    let stored_as = |class: Vec<u8>, key: Vec<u8>, length: Vec<u8>| {
        let id = [tuple(&[text("storage"), class, key, text("cpu"), length]), b"Q".to_vec()].concat();
        file(tensor(id, 0, &[2], &[1]))
    };
    let floats = || global("torch", "FloatStorage");
    let rebuilt = |version: &str, arguments: &[Vec<u8>]| {
        file([global("torch._utils", version), tuple(arguments), b"R".to_vec()].concat())
    };
    let sizes = |list: &[i64]| tuple(&list.iter().map(|&n| int(n)).collect::<Vec<_>>());
    let none = || b"N".to_vec();
    let first = || vec![storage("0", 2), int(0), sizes(&[2]), sizes(&[1])];
    let negated = [first(), vec![none(), none(), dict(&[("neg", vec![0x88])])]].concat();
    let long = i64::MAX;
    let mut damaged = pt(&program(&dict(&[("weight", tensor(storage("0", 2), 0, &[2], &[1]))])), &[&[7; 8]]);
    let at = damaged.windows(8).position(|w| w == [7; 8]).unwrap();
    damaged[at] = 0;
    check(vec![
        ("a negative size", of(0, &[-2], &[1]), "it gives -2 as a size"),
        ("a negative stride", of(1, &[2], &[-1]), "it gives -1 as a stride"),
        ("a negative offset", of(-1, &[2], &[1]), "it gives -1 as a storage offset"),
        (
            "too many elements",
            of(0, &[3], &[1]),
            "`weight`: a shape of [3] with strides [1] of type F32 from byte 0 on does not fit the 8 bytes",
        ),
        ("past the end", of(1, &[2], &[1]), "from byte 4 on does not fit the 8 bytes"),
        (
            "far past the end",
            of(1 << 40, &[2], &[1]),
            "it begins at element 1099511627776 of a storage of 8 bytes",
        ),
        ("an offset that overflows", of(long, &[2], &[1]), "it begins at element 9223372036854775807"),
        ("a long stride", of(0, &[2], &[2]), "with strides [2] of type F32 from byte 0 on does not fit"),
        ("a stride that overflows", of(0, &[3], &[long]), "does not fit the 8 bytes"),
        (
            "a shape that overflows",
            of(0, &[long, long], &[0, 0]),
            "a shape of [9223372036854775807, 9223372036854775807] overflows",
        ),
        ("2^40 elements from two", of(0, &[1 << 40], &[0]), "expected [2], found [1099511627776]"),
        ("empty, but too large for an array", of(0, &[0, long, long], &[0, 0, 0]), "overflows"),
        ("65 axes", of(0, &[1; 65], &[1; 65]), "it has a tensor of 65 axes; at most 64 are read"),
        ("sizes without strides", of(0, &[2], &[]), "of sizes [2] with strides []"),
        (
            "a storage that is not there",
            file(tensor(storage("7", 2), 0, &[2], &[1])),
            "its storage `7` is not in the archive",
        ),
        (
            "a storage elsewhere",
            file(tensor(storage("../data.pkl", 2), 0, &[2], &[1])),
            "its storage `../data.pkl` is not in the archive",
        ),
        (
            "a storage that claims more",
            file(tensor(storage("0", 3), 0, &[2], &[1])),
            "claims 3 elements of 4 bytes, and its file has 8 bytes",
        ),
        (
            "a storage that claims less",
            file(tensor(storage("0", 1), 0, &[2], &[1])),
            "claims 1 elements of 4 bytes, and its file has 8 bytes",
        ),
        (
            "a storage that overflows",
            file(tensor(storage("0", long), 0, &[2], &[1])),
            "claims 9223372036854775807 elements",
        ),
        (
            "a storage of negative length",
            file(tensor(storage("0", -2), 0, &[2], &[1])),
            "it gives -2 as a storage's length",
        ),
        (
            "a storage of another class",
            stored_as(global("torch", "Size"), text("0"), int(2)),
            "it refers to a storage of class `Size`",
        ),
        ("a storage by number", stored_as(floats(), int(0), int(2)), "it refers to a storage by a tuple"),
        (
            "a storage of text length",
            stored_as(floats(), text("0"), text("2")),
            "it gives `2` as a storage's length",
        ),
        (
            "another kind of id",
            file(
                [tuple(&[text("module"), floats(), text("0"), text("cpu"), int(2)]), b"Q".to_vec()].concat(),
            ),
            "it refers to `module`, which is no storage",
        ),
        (
            "a tensor of bytes without a type",
            stored_as(global("torch.storage", "UntypedStorage"), text("0"), int(8)),
            "whose element type it does not give",
        ),
        (
            "a tensor of a tuple",
            rebuilt("_rebuild_tensor_v2", &[none(), int(0), sizes(&[2]), sizes(&[1]), none(), none()]),
            "from an opaque value in place of a storage",
        ),
        (
            "three arguments",
            rebuilt("_rebuild_tensor_v2", &[none(), none(), none()]),
            "it rebuilds a tensor from 3 arguments",
        ),
        (
            "a type that is none",
            rebuilt("_rebuild_tensor_v3", &[first(), vec![none(), none(), int(1)]].concat()),
            "whose element type it does not give",
        ),
        (
            "sizes in a list",
            rebuilt("_rebuild_tensor", &[storage("0", 2), int(0), b"]".to_vec(), sizes(&[1])]),
            "it gives a list in place of sizes",
        ),
        ("negated", rebuilt("_rebuild_tensor_v2", &negated), "conjugated or negated lazily"),
        (
            "integers",
            stored_as(global("torch", "IntStorage"), text("0"), int(2)),
            "`weight` has elements of type I32",
        ),
        ("one element changed", damaged, "`weight`: its checksum is"),
    ]);
}
