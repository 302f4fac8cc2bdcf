//! Every network of torchvision's: its state dict loads strictly, and logits, loss and gradients are its own. The values
//! are in `parity.json.gz`, which `generate` wrote and explains.

use std::collections::BTreeMap;
use std::io::BufReader;

use flate2::read::GzDecoder;
use serde::Deserialize;
use wengert::prelude::*;

use crate::networks::configured;
use crate::weights::{hashed, pictures, state_dict};

#[derive(Deserialize)]
struct File {
    torch: String,
    /// How many cases there are: none gets lost unnoticed.
    count: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    side: usize,
    batch: usize,
    classes: usize,
    hidden: usize,
    state: BTreeMap<String, Vec<usize>>,
    seed: u32,
    logits: Sketch,
    loss: f64,
    gradients: BTreeMap<String, Sketch>,
}

/// The norm of a tensor, and its products with four fixed vectors of ±1.
type Sketch = [f64; 5];

fn sketch<T: Float>(x: &Tensor<T>) -> Sketch {
    // Lanes side by side, for the many millions of elements.
    const LANES: usize = 8;
    let view = x.view();
    let elements = view.as_standard_layout();
    let elements = elements.as_slice().expect("it is in standard layout");
    let mut sums = [[0.0; LANES]; 5];
    let mut add = |at: usize, lane: usize, x: T| {
        let (x, bits) = (x.to_f64(), hashed(0x5EED, at as u32));
        sums[0][lane] += x * x;
        for (j, sums) in sums[1..].iter_mut().enumerate() {
            let sign = u64::from(bits >> (28 + j) & 1) << 63;
            sums[lane] += f64::from_bits(x.to_bits() ^ sign);
        }
    };
    let (blocks, rest) = elements.as_chunks::<LANES>();
    for (i, block) in blocks.iter().enumerate() {
        (0..LANES).for_each(|lane| add(LANES * i + lane, lane, block[lane]));
    }
    rest.iter().enumerate().for_each(|(lane, &x)| add(LANES * blocks.len() + lane, lane, x));
    let [squares, a, b, c, d] = sums.map(|lanes| lanes.iter().sum::<f64>());
    [squares.sqrt(), a, b, c, d]
}

/// The estimated norm of the difference.
fn distance(found: &Sketch, expected: &Sketch) -> f64 {
    let difference = |j: usize| found[j] - expected[j];
    let products = (1..5).map(|j| difference(j).powi(2)).sum::<f64>() / 4.0;
    products.sqrt().max(difference(0).abs())
}

/// What differs by more than a share; of gradients, a share of their own norm or of a part of the largest one's.
fn failures<T: Float>(case: &Case, bytes: &[u8], share: f64, part: f64) -> Vec<String> {
    let mut failures = Vec::new();
    let mut check = |what: &str, found: &Sketch, expected: &Sketch, least: f64| {
        let error = distance(found, expected) / expected[0].max(least);
        // A NaN is no agreement.
        if error.is_nan() || error > share {
            failures.push(format!(
                "{} ({}): {what} is off by {error:.1e}",
                case.name,
                std::any::type_name::<T>()
            ));
        }
    };
    let network = configured(&case.name, case.classes, case.hidden).init::<T>();
    let report = network.load_bytes(bytes).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    assert_eq!(report.loaded.len(), case.state.len(), "{}", case.name);
    let x = pictures::<T>(case.seed, case.batch, case.side);
    check("logits", &sketch(&network.forward(&x)), &case.logits, 0.0);
    let labels = (0..case.batch).map(|i| (i * 7 % case.classes) as i64).collect();
    let labels = Indices::from_vec([case.batch], labels);
    let loss = network.loss(&Tape::training(0).constant(&x), &labels);
    let value = loss.item().to_f64();
    check("loss", &[value; 5], &[case.loss; 5], 0.0);
    let found = loss.backward();
    let named = network.named_parameters();
    assert_eq!(named.len(), case.gradients.len());
    let largest = case.gradients.values().map(|g| g[0]).fold(0.0, f64::max);
    for (name, parameter) in named {
        let found = sketch(found.get(&parameter).unwrap_or_else(|| panic!("{name} has no gradient")));
        // Some are the rounding of zeros, like that of a bias before batch normalization.
        check(&name, &found, &case.gradients[&name], part * largest);
    }
    failures
}

fn family(names: impl Fn(&str) -> bool, count: usize) {
    let packed = &include_bytes!("parity.json.gz")[..];
    let file: File = serde_json::from_reader(BufReader::new(GzDecoder::new(packed))).unwrap();
    assert_eq!(file.cases.len(), file.count);
    let cases: Vec<&Case> = file.cases.iter().filter(|case| names(&case.name)).collect();
    assert_eq!(cases.len(), count);
    let failures: Vec<String> = cases
        .into_iter()
        .flat_map(|case| {
            let bytes = state_dict(&case.state);
            let mut failures = failures::<f32>(case, &bytes, 1e-4, 0.1);
            // The full VGG-16 takes much memory as it is; a narrower one is there too.
            if case.hidden < 4096 || !case.name.starts_with("vgg") {
                failures.extend(self::failures::<f64>(case, &bytes, 1e-9, 1e-3));
            }
            failures
        })
        .collect();
    assert!(failures.is_empty(), "PyTorch {}:\n{}", file.torch, failures.join("\n"));
}

#[test]
fn alexnet() {
    family(|name| name == "alexnet", 1);
}

#[test]
fn vgg() {
    family(|name| name.starts_with("vgg"), 9);
}

#[test]
fn resnet() {
    family(|name| name.starts_with("res") || name.starts_with("wide"), 10);
}

#[test]
fn googlenet() {
    family(|name| name == "googlenet", 1);
}
