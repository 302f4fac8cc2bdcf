//! What dropout keeps on average, whom it drops together, and what decides.

use wengert::prelude::*;

use crate::mistakes::refused_after;
use crate::rng;

fn trained(layer: &dyn Layer<f64>, x: &Tensor<f64>, seed: u64) -> Tensor<f64> {
    layer.forward(&Tape::training(seed).constant(x))
}

/// Each slice of `size` elements is dropped whole or kept whole, and the share of dropped ones is p.
#[track_caller]
fn drops_slices(layer: &dyn Layer<f64>, shape: &[usize], size: usize, p: f64) {
    let y = trained(layer, &Tensor::ones(shape), 1).to_vec();
    let slices: Vec<&[f64]> = y.chunks(size).collect();
    let dropped = slices.iter().filter(|slice| slice.iter().all(|&y| y == 0.0)).count();
    let kept =
        slices.iter().filter(|slice| slice.iter().all(|&y| (y - 1.0 / (1.0 - p)).abs() < 1e-15)).count();
    assert_eq!(dropped + kept, slices.len(), "a slice is torn");
    let n = slices.len() as f64;
    let deviation = (p * (1.0 - p) / n).sqrt();
    assert!((dropped as f64 / n - p).abs() < 4.0 * deviation, "{dropped} of {n} dropped at p = {p}");
}

#[test]
fn elements_and_channels_are_dropped_with_their_probability() {
    for p in [0.1, 0.5, 0.8] {
        drops_slices(&Dropout::new(p), &[5000], 1, p);
        drops_slices(&Dropout1d::new(p), &[50, 40, 3], 3, p);
        drops_slices(&Dropout1d::new(p), &[2000, 3], 3, p);
        drops_slices(&Dropout2d::new(p), &[50, 40, 2, 3], 6, p);
        drops_slices(&Dropout2d::new(p), &[50, 40, 3], 3, p);
        drops_slices(&Dropout3d::new(p), &[50, 40, 2, 1, 2], 4, p);
        drops_slices(&Dropout3d::new(p), &[2000, 2, 1, 2], 4, p);
    }
}

#[test]
fn alpha_dropout_keeps_mean_and_variance() {
    let x: Tensor<f64> = Init::normal(0.0, 1.0).tensor([400, 50, 2], &mut rng());
    for p in [0.1, 0.3, 0.6] {
        let layers: [&dyn Layer<f64>; 2] = [&AlphaDropout::new(p), &FeatureAlphaDropout::new(p)];
        for layer in layers {
            let y = trained(layer, &x, 2);
            let (mean, var) = (y.mean(..).item(), y.var(.., 1).item());
            assert!(mean.abs() < 0.03 && (var - 1.0).abs() < 0.03, "mean {mean}, variance {var} at p = {p}");
        }
    }
    // By the paper's formula.
    let (p, floor) = (0.3, -1.7580993408473766);
    let a = 1.0 / ((1.0f64 - p) * (1.0 + p * floor * floor)).sqrt();
    let b = -a * p * floor;
    let y = trained(&AlphaDropout::new(p), &x, 2).to_vec();
    let (mut dropped, mut kept) = (0, 0);
    for (x, y) in x.to_vec().into_iter().zip(y) {
        if (y - (a * floor + b)).abs() < 1e-12 {
            dropped += 1;
        } else {
            assert!((y - (a * x + b)).abs() < 1e-12);
            kept += 1;
        }
    }
    assert!((f64::from(dropped) / f64::from(dropped + kept) - p).abs() < 0.01);
    // Channels of two elements fall together.
    let y = trained(&FeatureAlphaDropout::new(p), &Tensor::zeros([100, 20, 2]), 2).to_vec();
    assert!(y.chunks(2).all(|pair| pair[0] == pair[1]));
    assert!(y.iter().any(|&y| y < 0.0) && y.iter().any(|&y| y > 0.0));
}

#[test]
fn nothing_and_everything() {
    let x: Tensor<f64> = Tensor::full([2, 3, 2], 1.5);
    let each = |p: f64| -> [Box<dyn Layer<f64>>; 5] {
        [
            Box::new(Dropout::new(p)),
            Box::new(Dropout1d::new(p)),
            Box::new(Dropout2d::new(p)),
            Box::new(AlphaDropout::new(p)),
            Box::new(FeatureAlphaDropout::new(p)),
        ]
    };
    for layer in each(0.0) {
        assert_eq!(trained(&*layer, &x, 0).to_vec(), [1.5; 12]);
    }
    for layer in each(1.0) {
        let tape = Tape::training(0);
        let x = tape.variable(&x);
        let y = layer.forward(&x);
        assert_eq!(y.to_vec(), [0.0; 12]);
        assert_eq!(y.sum(..).backward().get(&x).unwrap().to_vec(), [0.0; 12]);
        assert_eq!(layer.forward(&x.detach()).to_vec(), [1.5; 12]);
        assert_eq!(trained(&*layer, &Tensor::zeros([0, 3, 2]), 0).shape(), [0, 3, 2]);
    }
}

#[test]
fn the_seed_decides_and_each_layer_draws_its_own() {
    let x = Tensor::ones([8, 16, 4]);
    for layer in [&Dropout2d::new(0.5) as &dyn Layer<f64>, &FeatureAlphaDropout::new(0.5)] {
        let first = trained(layer, &x, 9).to_vec();
        assert_eq!(trained(layer, &x, 9).to_vec(), first);
        assert_ne!(trained(layer, &x, 10).to_vec(), first);
        let tape = Tape::training(9);
        let x = tape.constant(&x);
        assert_ne!(layer.forward(&x).to_vec(), layer.forward(&x).to_vec());
        assert_eq!(layer.forward(&Tape::new().constant(&x)).to_vec(), x.to_vec());
    }
}

#[test]
fn probabilities_read_from_files() {
    assert_eq!(serde_json::from_str::<Dropout1d>(r#"{"p": 0.25}"#).unwrap(), Dropout1d::new(0.25));
    assert_eq!(serde_json::from_str::<AlphaDropout>("{}").unwrap(), AlphaDropout::default());
    assert_eq!(serde_json::to_string(&Dropout3d::new(0.25)).unwrap(), r#"{"p":0.25}"#);
    let error = serde_json::from_str::<Dropout2d>(r#"{"p": 1.5}"#).unwrap_err().to_string();
    assert!(error.starts_with("Dropout2d: p is 1.5, expected a probability in 0..=1"), "{error}");
    assert!(serde_json::from_str::<Dropout>(r#"{"q": 0.5}"#).is_err());
}

#[test]
fn other_axes_are_refused_at_the_callers_line() {
    let x = Tensor::<f32>::zeros([3]);
    let here = line!();
    let wrong: &[(&str, &dyn Fn())] = &[
        ("Dropout1d: the input [3] is not [batch, channels, length]", &|| {
            drop(Dropout1d::new(0.5).forward(&x))
        }),
        ("Dropout2d: the input [3] is not", &|| drop(Dropout2d::new(0.5).forward(&x))),
        ("Dropout3d: the input [3] is not", &|| drop(Dropout3d::new(0.5).forward(&x))),
        ("FeatureAlphaDropout: the input [3] is not", &|| drop(FeatureAlphaDropout::new(0.5).forward(&x))),
        ("AlphaDropout: p is -1, expected a probability", &|| {
            AlphaDropout::new(-1.0);
        }),
    ];
    refused_after(file!(), here, wrong);
}
