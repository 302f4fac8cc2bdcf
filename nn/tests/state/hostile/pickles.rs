//! Pickles that name what they must not, never end, or are no programs.

use super::check;
use crate::alone;
use crate::build::*;

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
