//! Texts with something changed.

use proptest::prelude::*;
use wengert::models::detection::darknet::{Cfg, CfgLayer, DarknetWeights, Section, Version};
use wengert::prelude::*;

use super::NET;
use crate::networks::{yolov2, yolov3_tiny};
use crate::{noise, rng};

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
}
