//! Texts that are no networks.

use wengert::models::detection::darknet::Cfg;

use super::NET;
use crate::networks::yolov3_tiny;
use crate::rng;

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
