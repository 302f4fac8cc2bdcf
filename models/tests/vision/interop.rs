//! The Rust half of interop.py, which runs it: a network that torchvision initialized is loaded and run.

use std::error::Error;
use std::path::Path;

use serde::Deserialize;
use wengert::prelude::*;

use crate::networks::configured;

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Whether rounding turns no ReLU, so that gradients in single precision can be compared.
    single: bool,
    /// Of PyTorch's own gradients in single precision.
    error: f64,
}

/// ‖found − expected‖ / ‖expected‖, the latter at least `least`.
fn distance<T: Float>(found: &Tensor<T>, expected: &Tensor<f64>, least: f64) -> f64 {
    assert_eq!(found.shape(), expected.shape());
    let (mut difference, mut norm) = (0.0, 0.0);
    for (&x, &y) in found.view().iter().zip(expected.view()) {
        difference += (x.to_f64() - y).powi(2);
        norm += y * y;
    }
    (difference / norm.max(least * least)).sqrt()
}

fn norm(x: &Tensor<f64>) -> f64 {
    x.square().sum(..).item().sqrt()
}

/// The errors of the logits and of the worst gradient, as shares of their norms or of a part of the largest gradient's.
fn compare<T: Float>(
    folder: &Path,
    file: &str,
    name: &str,
    part: f64,
) -> Result<(f64, f64, String), Box<dyn Error>> {
    let network = configured(name, 1000, 4096).init::<T>();
    let report = StateDict::open(folder.join(file))?.load_into(&*network)?;
    assert!(report.is_complete());
    let run = StateDict::open(folder.join("run.safetensors"))?;
    let x: Tensor<T> = run.tensor("pictures")?;
    let logits = distance(&network.forward(&x), &run.tensor("logits")?, 0.0);
    let labels = (0..x.shape()[0]).map(|i| (i * 37 % 1000) as i64).collect();
    let labels = Indices::from_vec([x.shape()[0]], labels);
    let found = network.loss(&Tape::training(0).constant(&x), &labels).backward();
    let expected = StateDict::open(folder.join("gradients.safetensors"))?;
    let mut largest = 0.0f64;
    for name in expected.names() {
        largest = largest.max(norm(&expected.tensor(name)?));
    }
    let mut worst = (0.0, String::new());
    for (name, parameter) in network.named_parameters() {
        // The bias of a convolution before batch normalization has a gradient of rounding alone.
        let error = distance(found.get(&parameter).unwrap(), &expected.tensor(&name)?, part * largest);
        if error.is_nan() || error > worst.0 {
            worst = (error, name);
        }
    }
    Ok((logits, worst.0, worst.1))
}

#[test]
#[ignore = "interop.py runs it"]
fn interop() -> Result<(), Box<dyn Error>> {
    let folder = std::env::var("WENGERT_INTEROP")?;
    let folder: &Path = folder.as_ref();
    let Case { name, single, error } =
        serde_json::from_reader(std::fs::File::open(folder.join("case.json"))?)?;
    for file in ["state.pth", "state.safetensors"] {
        let (logits, gradients, at) = compare::<f32>(folder, file, &name, 0.1)?;
        println!(
            "{name}, {file}, f32: logits {logits:.1e}, gradients {gradients:.1e} at {at}; PyTorch {error:.1e}"
        );
        assert!(logits <= 1e-4 && (!single || gradients <= 1e-4));
    }
    if !single {
        let (logits, gradients, at) = compare::<f64>(folder, "state.pth", &name, 1e-3)?;
        println!("{name}, f64: logits {logits:.1e}, gradients {gradients:.1e} at {at}");
        assert!(logits <= 1e-9 && gradients <= 1e-9);
    }
    Ok(())
}
