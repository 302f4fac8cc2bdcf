//! Files that are wrong: each is a clear error, whatever it claims.

use proptest::prelude::*;
use wengert::models::detection::darknet::{
    Cfg, CfgLayer, DarknetNet, DarknetWeights, Section, Version, WeightsError,
};
use wengert::prelude::*;

use crate::networks::{yolov2, yolov3_tiny};
use crate::{noise, rng};

const NET: &str = "[net]\nwidth=16\nheight=12\nchannels=4\n";

fn error(text: &str) -> String {
    match Cfg::parse(text) {
        Ok(cfg) => panic!("{text}\nis taken for {cfg:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn strides_of_one_axis_are_refused_where_they_would_be_ignored() {
    for section in ["convolutional]\nfilters=1", "maxpool]\nsize=2"] {
        for key in ["stride_x", "stride_y"] {
            let text = error(&format!("{NET}[{section}\n{key}=2"));
            assert!(text.ends_with(&format!("`{key}` is `2`, expected 0: it is not supported")), "{text}");
        }
    }
}

#[test]
fn texts_that_are_no_network() {
    let table = [
        ("", "cfg: there are no sections, expected [net]"),
        ("# nothing\n; at all\n", "cfg: there are no sections, expected [net]"),
        ("width=3", "cfg:1: the option `width` stands before the first section, expected [net]"),
        ("\n[convolutional]\nfilters=3", "cfg:2: [convolutional]: it is the first section, expected [net]"),
        (NET, "cfg: there are no layers after [net]"),
        ("[net", "cfg:1: found `[net`, expected a section's name in brackets"),
        ("[]", "cfg:1: found `[]`, expected a section's name in brackets"),
        ("[net]\nwidth", "cfg:2: [net]: found `width`, expected `key=value`, a section or a comment"),
        ("[net]\n=3", "cfg:2: [net]: found `=3`, expected `key=value`, a section or a comment"),
        (
            "[net]\nheight=3\nchannels=1",
            "cfg:1: [net]: `width` is missing, expected an integer in 1..=2147483647",
        ),
        ("[net]\nwidth=0", "cfg:2: [net]: `width` is `0`, expected an integer in 1..=2147483647"),
        ("[net]\nwidth=-4", "cfg:2: [net]: `width` is `-4`, expected an integer in 1..=2147483647"),
        (
            "[net]\nwidth=\u{1b}[31m",
            "cfg:2: [net]: `width` is `\\u{1b}[31m`, expected an integer in 1..=2147483647",
        ),
        (
            "[net]\nwidth=2147483648",
            "cfg:2: [net]: `width` is `2147483648`, expected an integer in 1..=2147483647",
        ),
        (
            "[net]\nwidth=99999999999999999999999",
            "cfg:2: [net]: `width` is `99999999999999999999999`, expected an integer in 1..=2147483647",
        ),
        (
            "[net]\nwidth=2147483647\nheight=2147483647\nchannels=2147483647",
            "cfg:1: [net]: maps of [2147483647, 2147483647, 2147483647] (channels, height, width) have more than \
             2147483647 elements",
        ),
        (
            "[net]\nwidth=1\nheight=1\nchannels=1\nmomentum=nan",
            "cfg:5: [net]: `momentum` is `nan`, expected a finite number",
        ),
        (
            "[net]\nwidth=1\nheight=1\nchannels=1\nlearning_rate=1e999",
            "cfg:5: [net]: `learning_rate` is `1e999`, expected a finite number",
        ),
        (
            "[net]\nsteps=1,2\nscales=.1",
            "cfg:3: [net]: `scales` is `.1`, expected one for each of the 2 steps",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(error(text), expected, "{text}");
    }
}

/// Layers after the section of the net, which has four lines, and what is wrong with the last of them.
#[test]
fn layers_that_cannot_be() {
    let conv = "[convolutional]\nfilters=8\nsize=3\npad=1\n";
    let half = "[convolutional]\nfilters=8\nsize=3\npad=1\nstride=2\n";
    let table = [
        ("[local]\nfilters=3", "cfg:5: [local]: there is no such layer here; supported are convolutional,"),
        ("[crnn]", "cfg:5: [crnn]: there is no such layer here"),
        (
            "[convolutional]\nsize=3",
            "cfg:5: [convolutional]: `filters` is missing, expected an integer in 1..",
        ),
        (
            "[convolutional]\nfilters=0",
            "cfg:6: [convolutional]: `filters` is `0`, expected an integer in 1..",
        ),
        ("[convolutional]\nfilters=-1", "cfg:6: [convolutional]: `filters` is `-1`"),
        ("[convolutional]\nfilters=2.5", "cfg:6: [convolutional]: `filters` is `2.5`, expected an integer"),
        ("[convolutional]\nfilters=8\nstride=0", "cfg:7: [convolutional]: `stride` is `0`"),
        ("[convolutional]\nfilters=8\nsize=0", "cfg:7: [convolutional]: `size` is `0`"),
        ("[convolutional]\nfilters=8\npad=yes", "cfg:7: [convolutional]: `pad` is `yes`, expected 0 or 1"),
        (
            "[convolutional]\nfilters=8\nsize=13",
            "cfg:5: [convolutional]: a kernel of 13×13 does not fit into 12×16 with a border of 0",
        ),
        (
            "[convolutional]\nfilters=8\ngroups=3",
            "cfg:5: [convolutional]: the input has 4, expected a multiple of groups, which is 3",
        ),
        (
            "[convolutional]\nfilters=6\ngroups=4",
            "cfg:5: [convolutional]: the filters are 6, expected a multiple of groups, which is 4",
        ),
        (
            "[convolutional]\nfilters=8\nactivation=loud",
            "cfg:7: [convolutional]: `activation` is `loud`, expected linear, leaky, logistic",
        ),
        (
            "[convolutional]\nfilters=8\nxnor=1",
            "cfg:7: [convolutional]: `xnor` is `1`, expected 0: it is not",
        ),
        ("[convolutional]\nfilters=8\ndilation=2", "cfg:7: [convolutional]: `dilation` is `2`, expected 1"),
        (
            "[convolutional]\nfilters=2147483647",
            "cfg:5: [convolutional]: maps of [2147483647, 12, 16] (channels, height, width) have more than",
        ),
        (
            "[convolutional]\nfilters=8\npadding=2147483647",
            "cfg:5: [convolutional]: with its border of 4294967294, maps of [4, 4294967306, 4294967310] (channels,",
        ),
        ("[maxpool]\nsize=2\nstride=0", "cfg:7: [maxpool]: `stride` is `0`"),
        (
            "[maxpool]\nsize=2147483647",
            "cfg:5: [maxpool]: with its border of 2147483646, maps of [4, 2147483658, 2147483662] (channels, height,",
        ),
        ("[maxpool]\nsize=2\npadding=2", "cfg:7: [maxpool]: `padding` is `2`, expected at most 1"),
        (
            "[maxpool]\nsize=40\npadding=3",
            "cfg:5: [maxpool]: a window of 40×40 does not fit into 12×16 with a border of 3",
        ),
        ("[route]", "cfg:5: [route]: `layers` is missing, expected the numbers of other layers"),
        ("[route]\nlayers=", "cfg:6: [route]: `layers` is ``, expected integers with commas between them"),
        (
            "[route]\nlayers=0",
            "cfg:6: [route]: `layers` is `0`, expected none: there is no layer before the first",
        ),
        ("[route]\nlayers=a", "cfg:6: [route]: `layers` is `a`, expected integers with commas between them"),
        (
            "[maxpool]\n[route]\nlayers=1",
            "cfg:7: [route]: `layers` is `1`, expected layers before this one, number 1",
        ),
        (
            "[maxpool]\n[route]\nlayers=-2",
            "cfg:7: [route]: `layers` is `-2`, expected layers before this one",
        ),
        (
            "[maxpool]\n[route]\nlayers=0,7",
            "cfg:7: [route]: `layers` is `0,7`, expected layers before this one",
        ),
        (
            "[maxpool]\n[route]\nlayers=-1\ngroups=2\ngroup_id=2",
            "cfg:9: [route]: `group_id` is `2`, expected less than groups, which is 2",
        ),
        (
            "[maxpool]\n[route]\nlayers=-1\ngroups=3",
            "cfg:6: [route]: layer 0 has 4 channels, which cannot be divided into 3 groups",
        ),
        (
            &format!("{conv}{half}[route]\nlayers=0,1"),
            "cfg:14: [route]: layer 1 gives maps of 6×8, expected 12×16 as the first one",
        ),
        (
            "[shortcut]\nfrom=-1",
            "cfg:6: [shortcut]: `from` is `-1`, expected none: there is no layer before the first",
        ),
        (
            &format!("{conv}[shortcut]"),
            "cfg:9: [shortcut]: `from` is missing, expected the number of one other",
        ),
        (
            &format!("{conv}[shortcut]\nfrom=1"),
            "cfg:10: [shortcut]: `from` is `1`, expected layers before this one",
        ),
        (
            &format!("{conv}{half}[shortcut]\nfrom=0"),
            "cfg:14: [shortcut]: layer 0 gives [8, 12, 16] (channels, height, width), expected [8, 6, 8] as the",
        ),
        ("[upsample]\nstride=0", "cfg:6: [upsample]: `stride` is `0`"),
        ("[upsample]\nstride=-2", "cfg:6: [upsample]: `stride` is `-2`"),
        (
            "[upsample]\nstride=2147483647",
            "cfg:6: [upsample]: `stride` is `2147483647`, expected an integer in 1..=4096",
        ),
        (
            "[upsample]\nstride=4096",
            "cfg:5: [upsample]: maps of [4, 49152, 65536] (channels, height, width) have more",
        ),
        (
            "[convolutional]\nfilters=8\nstride=4097",
            "cfg:7: [convolutional]: `stride` is `4097`, expected an integer in 1..=4096",
        ),
        ("[upsample]\nscale=inf", "cfg:6: [upsample]: `scale` is `inf`, expected a finite number"),
        ("[reorg]\nstride=3", "cfg:5: [reorg]: 4 channels are no multiple of stride², the stride being 3"),
        (
            "[convolutional]\nfilters=25\n[reorg]\nstride=5",
            "cfg:7: [reorg]: 12×16 is no multiple of the stride",
        ),
        ("[reorg]\nstride=4096", "cfg:5: [reorg]: 4 channels are no multiple of stride²"),
        (
            "[dropout]\nprobability=1.5",
            "cfg:6: [dropout]: `probability` is `1.5`, expected a probability in 0..=1",
        ),
        ("[dropout]\nprobability=NaN", "cfg:6: [dropout]: `probability` is `NaN`, expected a finite number"),
        ("[softmax]\ngroups=7", "cfg:5: [softmax]: 768 values cannot be divided into 7 groups"),
        ("[softmax]\ntemperature=0", "cfg:6: [softmax]: `temperature` is `0`, expected a number above 0"),
        ("[softmax]\ntree=9k.tree", "cfg:6: [softmax]: `tree` is `9k.tree`, expected no hierarchy"),
        ("[connected]", "cfg:5: [connected]: `output` is missing"),
        (
            "[connected]\noutput=2147483647\n[connected]\noutput=2147483647",
            "cfg:7: layer 1 has more weights than can be counted",
        ),
        (
            "[region]\nclasses=2\nnum=2\nanchors=1,1,2,2",
            "cfg:5: [region]: the layer before has 4 channels, expected 14: classes + 5 for each of 2 anchors",
        ),
        (
            "[region]\nnum=2",
            "cfg:5: [region]: `anchors` is missing, expected width and height of each of 2 anchors",
        ),
        (
            "[region]\nnum=2\nanchors=1,1,2",
            "cfg:7: [region]: `anchors` is `1,1,2`, expected width and height",
        ),
        ("[region]\nnum=1\nanchors=1,-1", "cfg:7: [region]: `anchors` is `1,-1`, expected width and height"),
        ("[region]\nnum=1\nanchors=1,nan", "cfg:7: [region]: `anchors` is `1,nan`, expected finite numbers"),
        (
            "[region]\nnum=2147483647\nanchors=1,1",
            "cfg:7: [region]: `anchors` is `1,1`, expected width and height",
        ),
        ("[region]\nanchors=1,1\ncoords=5", "cfg:7: [region]: `coords` is `5`, expected 4"),
        (
            "[yolo]\nnum=1\nanchors=1,1\nmask=1",
            "cfg:8: [yolo]: `mask` is `1`, expected numbers of anchors, 0..=0",
        ),
        ("[yolo]\nnum=1\nanchors=1,1\nmask=-1", "cfg:8: [yolo]: `mask` is `-1`, expected numbers of anchors"),
        ("[yolo]\nanchors=1,1\nscale_x_y=1.1", "cfg:7: [yolo]: `scale_x_y` is `1.1`, expected 1"),
        (
            "[detection]\nclasses=2\ncoords=4\nside=2",
            "cfg:5: [detection]: the layer before gives 768 values, expected side² · (5 · num + classes) = 28",
        ),
        (
            "[detection]\nclasses=2147483647\ncoords=4\nside=2147483647\nnum=2147483647",
            "cfg:5: [detection]: the layer before gives 768 values, expected side²",
        ),
        (
            "[convolutional]\nfilters=6\n[yolo]\nclasses=1\nanchors=1,1\n[maxpool]",
            "cfg:10: [maxpool]: its input is layer 1, the head of a detector, expected another layer",
        ),
        (
            "[convolutional]\nfilters=6\n[yolo]\nclasses=1\nanchors=1,1\n[route]\nlayers=1",
            "cfg:10: [route]: its input is layer 1, the head of a detector, expected another layer",
        ),
    ];
    for (layers, expected) in table {
        let found = error(&format!("{NET}{layers}"));
        assert!(found.starts_with(expected), "{layers}\ngives      {found}\nnot as in  {expected}");
    }
}

#[test]
fn a_network_that_is_too_large_is_not_built() {
    // It has a shape, but its weights would take gibibytes.
    let text = format!("{NET}[connected]\noutput=2147483647\n[connected]\noutput=1000000");
    let cfg = Cfg::parse(&text).unwrap();
    let error = cfg.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    assert!(error.ends_with("parameters, expected at most 536870912"), "{error}");
    let large = "[convolutional]\nfilters=1000000\nsize=12\n".to_owned();
    let cfg = Cfg::parse(&format!("{NET}{large}")).unwrap();
    assert!(cfg.try_init::<f32>(&mut rng()).is_err());
}

#[test]
fn lists_are_bounded() {
    let many = vec!["0"; 100_000].join(",");
    let found = error(&format!("{NET}[maxpool]\n[route]\nlayers={many}"));
    assert!(found.ends_with("…`, expected at most 4096 numbers"), "{found}");
    assert!(found.len() < 200);
}

#[test]
fn files_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.cfg");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Cfg::read(&path).unwrap_err().to_string().replace(&path.display().to_string(), "FILE")
    };
    assert_eq!(read(b"[net]\nwidth=\xff\xfe\n"), "FILE:2: the text is not UTF-8");
    assert_eq!(read(b"\x00\x01"), "FILE:1: found `\\0\\u{1}`, expected `key=value`, a section or a comment");
    assert_eq!(
        read(b"[net]\nwidth=a"),
        "FILE:2: [net]: `width` is `a`, expected an integer in 1..=2147483647"
    );
    let endless = vec![b'#'; (1 << 20) + 1];
    assert_eq!(read(&endless), "FILE: it is longer than 1048576 bytes, which is more than a cfg has");
    let missing = Cfg::read(folder.path().join("none.cfg")).unwrap_err().to_string();
    assert!(missing.contains("none.cfg: cannot be read: "), "{missing}");
    assert!(Cfg::read(folder.path()).is_err());
}

#[test]
fn what_is_not_known_is_reported() {
    let text = "[net]\nwidth=8\nheight=8\nchannels=1\nwidht=9\n[convolutional]\nfilters=2\nfilters=3\nsizes=3\n\
                [yolo]\nclasses=1\nnum=1\nanchors=1,1\niou_loss=ciou";
    let text = text.replace("filters=2\n", "filters=6\n");
    let cfg = Cfg::parse(&text).unwrap();
    let ignored: Vec<(usize, &str, &str, &str)> = cfg
        .ignored()
        .iter()
        .map(|option| (option.line, option.section.as_str(), option.key.as_str(), option.value.as_str()))
        .collect();
    assert_eq!(
        ignored,
        [
            (5, "net", "widht", "9"),
            (8, "convolutional", "filters", "3"),
            (9, "convolutional", "sizes", "3"),
            (14, "yolo", "iou_loss", "ciou"),
        ]
    );
    // The first one holds, as in Darknet.
    assert_eq!(cfg.layers()[0].output(), [6, 8, 8]);
}

/// Blanks, comments, carriage returns and a mark of the byte order change nothing.
#[test]
fn texts_may_be_written_in_many_ways() {
    let plain = yolov3_tiny(16, 2);
    let odd: String = plain
        .lines()
        .map(|line| format!("\t {} \u{a0}# a comment\r\n; and one\r\n", line.replace('=', " = ")))
        .collect();
    let (plain, odd) = (Cfg::parse(&plain).unwrap(), Cfg::parse(&format!("\u{feff}{odd}")).unwrap());
    assert_eq!(plain.net(), odd.net());
    let sections = |cfg: &Cfg| cfg.layers().iter().map(|layer| layer.section().clone()).collect::<Vec<_>>();
    assert_eq!(sections(&plain), sections(&odd));
}

fn net() -> DarknetNet<f32> {
    let text = format!(
        "{NET}[convolutional]\nbatch_normalize=1\nfilters=2\n[maxpool]\nstride=4\n[connected]\noutput=3\nactivation=linear"
    );
    Cfg::parse(&text).unwrap().init(&mut rng())
}

/// 2·4 numbers and 8 weights of the convolution; 3 biases and 3·24 weights of the connected layer.
const NUMBERS: usize = 8 + 8 + 3 + 72;

fn header(numbers: [i32; 3], seen: &[u8]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).chain(seen.iter().copied()).collect()
}

#[test]
fn weights_that_do_not_fit() {
    let net = net();
    let before = net.weights_bytes(Version::default(), 0);
    assert_eq!(before.len(), 20 + 4 * NUMBERS);
    let cut = |n: usize| before[..n].to_vec();
    let mut longer = before.clone();
    longer.extend([0; 12]);
    let mut ragged = before.clone();
    ragged.push(1);
    let with_variance = |x: f32| {
        let mut bytes = before.clone();
        // After 2 biases, 2 scales and 2 means.
        bytes[20 + 28..][..4].copy_from_slice(&x.to_le_bytes());
        bytes
    };
    let table = [
        (vec![], "bytes: a file of weights begins with a header of 16 or 20 bytes, this one has 0"),
        (cut(15), "bytes: a file of weights begins with a header of 16 or 20 bytes, this one has 15"),
        (cut(17), "bytes: the header of version 0.2.0 has 20 bytes, the file 17"),
        (
            cut(20),
            "bytes: the file ends in layer 0 (`layers.0`): 2 of its 2 biases are missing; it has 0 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 3),
            "bytes: the file ends in layer 0 (`layers.0`): 1 of its 2 scales are missing; it has 3 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 5),
            "bytes: the file ends in layer 0 (`layers.0`): 1 of its 2 means are missing; it has 5 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 15),
            "bytes: the file ends in layer 0 (`layers.0`): 1 of its 8 weights are missing; it has 15 numbers, the layers 91",
        ),
        (
            cut(20 + 4 * 90),
            "bytes: the file ends in layer 2 (`layers.2`): 1 of its 72 weights are missing; it has 90 numbers, the layers 91",
        ),
        (ragged, "bytes: after the header of 20 bytes there are 365 bytes, expected a multiple of 4"),
        (
            longer,
            "bytes: 3 numbers are left over after the last layer, 2 (`layers.2`); the file has 94, the layers 91",
        ),
        (
            header([-1, 0, 0], &[0; 100]),
            "bytes: the major version in the header is -1, expected a number from 0 on",
        ),
        (
            header([0, i32::MIN, 0], &[0; 100]),
            "bytes: the minor version in the header is -2147483648, expected a number from 0 on",
        ),
        (
            with_variance(-0.5),
            "bytes: layer 0 (`layers.0`): the running variance of channel 1 is -0.5, expected a number from 0 on; \
             the file is damaged or of another network",
        ),
        (with_variance(f32::NAN), "bytes: layer 0 (`layers.0`): the running variance of channel 1 is NaN"),
        (
            with_variance(f32::INFINITY),
            "bytes: layer 0 (`layers.0`): the running variance of channel 1 is inf",
        ),
    ];
    net.parameters().iter().for_each(|parameter| parameter.set(&Tensor::ones(parameter.shape())));
    let untouched = net.weights_bytes(Version::default(), 0);
    for (bytes, expected) in table {
        let found = net.load_weights_bytes(&bytes).unwrap_err().to_string();
        assert!(found.starts_with(expected), "{found}\nis not as in\n{expected}");
        assert!(net.weights_bytes(Version::default(), 0) == untouched, "{expected}: the network has changed");
    }
}

#[test]
fn versions_decide_how_a_file_is_read() {
    let net = net();
    let version = |major, minor| Version { major, minor, revision: 3 };
    let expected = net.weights_bytes(Version::default(), 0);
    for (version, header, transposed) in [
        (version(0, 1), 16, false),
        (version(0, 2), 20, false),
        (version(1, 0), 20, false),
        (version(999, 999), 20, false),
        (version(1000, 0), 16, false),
        (version(1001, 0), 16, true),
        (version(0, 1001), 16, true),
        (version(i32::MAX as u32, i32::MAX as u32), 16, true),
    ] {
        let bytes = net.weights_bytes(version, 77);
        assert_eq!((version.header_len(), version.is_transposed()), (header, transposed));
        assert_eq!(bytes.len(), header + 4 * NUMBERS);
        assert_eq!(bytes[header..] != expected[20..], transposed);
        let loaded = net.load_weights_bytes(&bytes).unwrap();
        assert_eq!((loaded.version, loaded.seen, loaded.layers), (version, 77, 2));
        assert!(net.weights_bytes(Version::default(), 0) == expected);
    }
    // Where there is no room for the number of pictures, the largest stands.
    let loaded = net.load_weights_bytes(&net.weights_bytes(version(0, 1), u64::MAX)).unwrap();
    assert_eq!(loaded.seen, u64::from(u32::MAX));
    let loaded = net.load_weights_bytes(&net.weights_bytes(version(0, 2), u64::MAX)).unwrap();
    assert_eq!(loaded.seen, u64::MAX);
}

#[test]
fn files_of_weights_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let net = net();
    let missing = net.load_weights(folder.path().join("none.weights")).unwrap_err();
    assert!(matches!(missing, WeightsError::Io { .. }) && missing.to_string().contains("none.weights"));
    assert!(net.load_weights(folder.path()).is_err());
    // A file that claims four gibibytes and takes none.
    let path = folder.path().join("huge.weights");
    let file = std::fs::File::create(&path).unwrap();
    file.set_len(1 << 32).unwrap();
    let error = net.load_weights(&path).unwrap_err();
    assert!(
        matches!(error, WeightsError::TooLong { left_over, .. } if left_over == (1 << 30) - 4 - 91),
        "{error}"
    );
    assert!(net.load_weights_upto(&path, 1).is_ok());
}

#[test]
#[should_panic(expected = "DarknetLayer: `both` needs a bias or a batch normalization, and not both")]
fn a_layer_with_a_bias_and_a_normalization_has_no_place_in_a_file() {
    use wengert::models::detection::darknet::DarknetLayer;
    let (conv, bn) = (Conv2d::<f32>::new(1, 2, 3, &mut rng()), BatchNorm2d::new(2));
    let _ = DarknetLayer::convolutional("both", &conv, Some(&bn));
}

/// If a text is taken, the network is what it says.
fn check(text: &str) {
    let Ok(cfg) = Cfg::parse(text) else { return };
    let shape = [1, cfg.net().channels, cfg.net().height, cfg.net().width];
    let small = |layer: &CfgLayer| {
        let [c, h, w] = layer.input();
        let border = match layer.section() {
            Section::Convolutional(conv) => 2 * conv.padding,
            Section::MaxPool(pool) => pool.padding,
            _ => 0,
        };
        c * (h + border) * (w + border) <= 1 << 17 && layer.output().iter().product::<usize>() <= 1 << 16
    };
    let runs =
        cfg.parameter_count() <= 1 << 18 && cfg.operations() <= 1 << 26 && cfg.layers().iter().all(small);
    if !runs {
        return;
    }
    let net = cfg.init::<f32>(&mut rng());
    assert_eq!(net.parameter_count() as u64, cfg.parameter_count());
    let layers: Vec<usize> = (0..cfg.layers().len()).collect();
    for (layer, output) in cfg.layers().iter().zip(net.outputs(&noise(&shape, 0), &layers)) {
        assert_eq!(output.shape()[1..], layer.output());
    }
    let bytes = net.weights_bytes(Version::default(), 0);
    assert_eq!(bytes.len() as u64, cfg.weights_size());
    net.load_weights_bytes(&bytes).unwrap();
}

/// Small networks with a layer of each kind.
fn texts() -> [String; 3] {
    let v2 = yolov2(32, 16, 2);
    let tiny = yolov3_tiny(16, 2).replace("416", "32");
    let mixed = format!(
        "{NET}[convolutional]\nfilters=8\nsize=3\npad=1\nstride=2\ngroups=2\n[reorg]\nstride=2\n[upsample]\nstride=2\n\
         [reorg]\nstride=2\nreverse=1\n[maxpool]\nsize=3\nstride=2\n[route]\nlayers=-1,-1\ngroups=2\ngroup_id=1\n\
         [shortcut]\nfrom=-2\nactivation=relu\n[dropout]\nprobability=.3\n[connected]\noutput=28\nbatch_normalize=1\n\
         [softmax]\ngroups=4\ntemperature=2\n[detection]\nclasses=2\ncoords=4\nside=2\nnum=1"
    );
    [v2, tiny, mixed]
}

#[test]
fn the_texts_that_get_damaged_are_networks() {
    for text in texts() {
        Cfg::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        check(&text);
    }
}

/// A number that stands for one in the text.
fn number() -> impl Strategy<Value = String> {
    let odd = ["", "nan", "inf", "1e400", "0x10", "2147483647", "4294967296", "-2147483648", "٣"];
    prop_oneof![
        (-4i64..40).prop_map(|n| n.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        proptest::sample::select(odd.to_vec()).prop_map(str::to_owned),
    ]
}

#[derive(Clone, Debug)]
enum Damage {
    Drop(usize),
    Repeat(usize),
    Swap(usize, usize),
    Number(usize, String),
    Cut(usize),
    Byte(usize, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0usize..10_000;
    prop_oneof![
        at.clone().prop_map(Damage::Drop),
        at.clone().prop_map(Damage::Repeat),
        (at.clone(), at.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (at.clone(), number()).prop_map(|(a, n)| Damage::Number(a, n)),
        (at.clone(), number()).prop_map(|(a, n)| Damage::Number(a, n)),
        at.clone().prop_map(Damage::Cut),
        (at, any::<u8>()).prop_map(|(a, byte)| Damage::Byte(a, byte)),
    ]
}

fn damaged(text: &str, damage: &Damage) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let n = lines.len().max(1);
    match damage {
        _ if lines.is_empty() => {}
        Damage::Drop(at) => drop(lines.remove(at % n)),
        Damage::Repeat(at) => lines.push(lines[at % n].clone()),
        Damage::Swap(a, b) => lines.swap(a % n, b % n),
        Damage::Number(at, number) => {
            let options: Vec<usize> = (0..n).filter(|&i| lines[i].contains('=')).collect();
            if let Some(&line) = options.get(at % options.len().max(1)) {
                let key = lines[line].split('=').next().unwrap_or_default().to_owned();
                lines[line] = format!("{key}={number}");
            }
        }
        Damage::Cut(at) => lines.truncate(at % n + 1),
        Damage::Byte(at, byte) => {
            let mut bytes = text.as_bytes().to_vec();
            let n = bytes.len();
            bytes[at % n] = *byte;
            return String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_texts_are_errors_or_networks(which in 0usize..3, damages in proptest::collection::vec(damage(), 1..5)) {
        let text = damages.iter().fold(texts()[which].clone(), |text, damage| damaged(&text, damage));
        check(&text);
    }

    #[test]
    fn any_text_is_an_error_or_a_network(text in "(\\[[a-z]{0,12}\\]?\n|[a-z_]{0,8}=?[-0-9.,]{0,8}\n|\\PC{0,10}\n){0,12}") {
        check(&text);
        check(&format!("{NET}{text}"));
    }

    #[test]
    fn damaged_weights_are_errors_or_numbers(
        cut in 0usize..500,
        extra in 0usize..9,
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..6),
    ) {
        let net = net();
        let before = net.weights_bytes(Version::default(), 0);
        let mut bytes = before.clone();
        bytes.truncate(cut.max(1));
        bytes.extend(vec![0; extra]);
        let n = bytes.len();
        for (at, byte) in changes {
            // The header more often than chance would have it.
            let at = if at % 2 == 0 { at / 2 % n.min(20) } else { at % n };
            bytes[at] = byte;
        }
        match net.load_weights_bytes(&bytes) {
            Ok(loaded) => {
                let again = net.weights_bytes(loaded.version, loaded.seen);
                prop_assert_eq!(again.len(), bytes.len());
            }
            Err(_) => prop_assert!(net.weights_bytes(Version::default(), 0) == before),
        }
        let _ = net.load_weights_bytes_upto(&bytes, 1);
    }
}
