//! Files that lie or are damaged: each is refused with its reason, in little memory, and changes nothing.

use std::fs;

use wengert::prelude::*;

use crate::build::*;
use crate::{ALLOCATED, alone, file, fixture, one};

/// What reading a hostile file may take beside the file.
const MEMORY: usize = 64 << 20;

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

const HEADER: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";

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
    let right = zip(&[member.clone()]);
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
        ("a file too many in the directory", zip_claiming(&[member.clone()], 1), "claims 2 files and has 1"),
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
            "zip archive",
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

#[test]
fn pickles_that_lie() {
    let _alone = alone();
    let run = |body: &[u8]| pt(&program(body), &[&[0; 8]]);
    let none = || b"N".to_vec();
    let raw = |pickle: &[u8]| pt(pickle, &[&[0; 8]]);
    let forbidden =
        |module: &str, name: &str| run(&[&global(module, name)[..], b"(X\x02\0\0\0lstR"].concat());
    let stack_global = [&text("builtins")[..], &text("eval"), b"\x93"].concat();
    // A dictionary of two times the last one, and so on: 2^60 tensors.
    let weight = || tensor(storage("0", 2), 0, &[2], &[1]);
    let mut laughs = [dict(&[("w", weight())]), b"q\0".to_vec()].concat();
    for _ in 0..60 {
        laughs = [&laughs[..], b"0}(X\x01\0\0\0ah\0X\x01\0\0\0bh\0uq\0"].concat();
    }
    let mut scalars = [b"(".to_vec(), vec![b'N'; 100_000], b"lq\0".to_vec()].concat();
    scalars.extend([b"0(".to_vec(), b"h\0".repeat(1000), b"l".to_vec()].concat());
    let deep = [vec![b']'; 1000], vec![b'a'; 999]].concat();
    let twice = [b"}(".to_vec(), text("weight"), weight(), text("weight"), weight(), b"u".to_vec()].concat();
    let nested_twice = dict(&[("a.b", weight()), ("a", dict(&[("b", weight())]))]);
    check(vec![
        ("empty", raw(b""), "it ends where 1 more bytes should follow"),
        ("no end", raw(b"\x80\x02}"), "it ends where 1 more bytes should follow"),
        ("no result", raw(b"\x80\x02."), "it takes a value from an empty stack"),
        ("protocol 0", raw(b"(dp0\n."), "instruction 0x70, which is not read"),
        ("protocol 6", raw(b"\x80\x06}."), "it has protocol 6; 2 to 5 are read"),
        (
            "system",
            forbidden("os", "system"),
            "it names `os.system`, which is not among the names that tensors need; nothing of it was run",
        ),
        ("posix", forbidden("posix", "system"), "it names `posix.system`"),
        ("eval from the stack", run(&stack_global), "it names `builtins.eval`"),
        ("getattr", forbidden("builtins", "getattr"), "it names `builtins.getattr`"),
        (
            "a loader inside",
            forbidden("torch.storage", "_load_from_bytes"),
            "it names `torch.storage._load_from_bytes`",
        ),
        ("load", forbidden("torch", "load"), "it names `torch.load`"),
        (
            "an attribute",
            forbidden("torch", "FloatStorage.__class__"),
            "it names `torch.FloatStorage.__class__`",
        ),
        ("without a name", forbidden("torch", ""), "it names `torch.`"),
        (
            "numpy's scalar",
            forbidden("numpy.core.multiarray", "scalar"),
            "it names `numpy.core.multiarray.scalar`",
        ),
        ("a terminal's commands", forbidden("os\u{1b}[2J", "x"), r"it names `os\u{1b}[2J.x`"),
        ("a name without an end", run(b"cos"), "it ends inside a name"),
        ("a name of no text", run(b"]]\x93"), "names a global by something that is no text"),
        ("unknown instruction", run(b"\xff"), "instruction 0xff, which is not read"),
        ("INST", run(b"(ios\nsystem\n"), "instruction 0x69, which is not read"),
        ("OBJ", run(b"(o"), "instruction 0x6f, which is not read"),
        ("an extension", run(b"\x82\x01"), "instruction 0x82, which is not read"),
        ("a persistent id as text", run(b"P1\n"), "instruction 0x50, which is not read"),
        ("a buffer outside", run(b"\x97"), "instruction 0x97, which is not read"),
        ("a mark that is not there", run(b"t"), "a mark that it has not set"),
        ("across a mark", run(b"N(\x85"), "it takes a value from an empty stack"),
        ("POP from nothing", run(b"0"), "it takes a value from an empty stack"),
        ("a value not remembered", run(b"h\x05"), "recalls value 5, which it has not remembered"),
        ("remembered far away", run(b"}r\xff\xff\xff\x7f"), "remembers a value as number 2147483647"),
        ("a text of 4 GB", run(b"X\xff\xff\xff\xff"), "it ends where 4294967295 more bytes should follow"),
        (
            "a text of 2^63 bytes",
            run(b"\x8d\0\0\0\0\0\0\0\x80"),
            "it ends where 9223372036854775808 more bytes",
        ),
        ("bytes of 4 GB", run(b"B\xff\xff\xff\xff"), "it ends where 4294967295 more bytes should follow"),
        (
            "an integer of 4 GB",
            run(b"\x8b\xff\xff\xff\xff"),
            "it ends where 4294967295 more bytes should follow",
        ),
        ("a text that is not UTF-8", run(b"X\x01\0\0\0\xff"), "it has a text that is not UTF-8"),
        ("a dictionary in itself", run(b"}q\0X\x01\0\0\0ah\0s"), "nested deeper than 64, or hold themselves"),
        ("a list in itself", run(b"]q\0h\0a"), "nested deeper than 64, or hold themselves"),
        ("1,000 lists", run(&deep), "nested deeper than 64, or hold themselves"),
        ("2^60 tensors", run(&laughs), "it holds more than 65536 tensors"),
        ("10^8 values", run(&scalars), "have more than 4194304 items"),
        ("a million dictionaries", run(&b"}0".repeat(1_100_000)), "its values take more than 32 MB"),
        ("a million tuples", run(&b"N\x85".repeat(1_100_000)), "its stack has more than 262144 values"),
        ("a million marks", run(&b"(".repeat(300_000)), "its stack has more than 262144 marks"),
        (
            "a growing list",
            run(&[b"]".to_vec(), b"(NNNNNNNNNNe".repeat(300_000)].concat()),
            "its values take more than 32 MB",
        ),
        (
            "a long name",
            run(&dict(&[(&"x".repeat(2000), weight())])),
            "it has a name of more than 1024 bytes",
        ),
        ("one name twice", run(&twice), "it holds two tensors named `weight`"),
        ("one path twice", run(&nested_twice), "it holds two tensors named `a.b`"),
        ("a call of a number", run(b"K\x01)R"), "it calls 1, which is no function"),
        (
            "a call of a tensor",
            run(&[weight(), b")R".to_vec()].concat()),
            "it calls a tensor, which is no function",
        ),
        (
            "arguments in a list",
            run(&[&global("collections", "OrderedDict")[..], b"]R"].concat()),
            "with a list in place of arguments",
        ),
        (
            "a wrong number of arguments",
            run(&[&global("torch", "Size")[..], b"NN\x86R"].concat()),
            "it calls `Size` with 2 arguments",
        ),
        (
            "a parameter of nothing",
            run(&[&global("torch._utils", "_rebuild_parameter")[..], b"NNN\x87R"].concat()),
            "it calls `_rebuild_parameter` with 3 arguments",
        ),
        (
            "a tensor rebuilt from any type",
            run(&[
                global("torch._tensor", "_rebuild_from_type_v2"),
                tuple(&[global("collections", "OrderedDict"), none(), b")".to_vec(), none()]),
                b"R".to_vec(),
            ]
            .concat()),
            "it calls `_rebuild_from_type_v2`",
        ),
        ("attributes of a tuple", run(b")}b"), "it gives attributes to a tuple"),
        ("an item of a list", run(b"]NNs"), "sets an item of something that is no dictionary"),
        ("an item of a number", run(b"K\x01NNs"), "it puts items into 1"),
        ("appended to a dictionary", run(b"}Na"), "appends to something that is no list"),
        ("a key without a value", run(b"}(Nu"), "it sets a key without a value"),
        (
            "its pickle compressed",
            zip(&[deflated("a/data.pkl", &program(b"}"))]),
            "`a/data.pkl` in it is compressed, which torch.save never does",
        ),
        (
            "an unknown byte order",
            zip(&[stored("a/data.pkl", &program(b"}")), stored("a/byteorder", b"middle")]),
            "it has the byte order `middle`",
        ),
        (
            "a long byte order",
            zip(&[stored("a/data.pkl", &program(b"}")), stored("a/byteorder", &[b'x'; 17])]),
            "it has 17 bytes; at most 16 are read",
        ),
        ("another pickle", program(b"}"), "it is a bare pickle"),
    ]);
}

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
