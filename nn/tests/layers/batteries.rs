//! The layers with parameters through the battery: gradients by everything, to the second order, on views, at any
//! number of threads.

use proptest::strategy::Strategy;
use wengert::autodiff::check::property::{Battery, full_shape};
use wengert::nn::check;
use wengert::prelude::*;

use crate::rng;

/// x [.., 3, 2] times rows of a table, one of them twice.
#[derive(Clone, Module)]
struct Scaled<T: Float>(Embedding<T>);

impl<T: Float> Layer<T> for Scaled<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let ids = Indices::from([1, 0, 1]);
        let ids = x.tape().map_or(ids.clone(), |tape| tape.indices(ids));
        x * self.0.forward(&ids)
    }
}

/// Two bags of a table with x \[n\] for weights.
#[derive(Clone, Module)]
struct Weighted<T: Float>(EmbeddingBag<T>);

impl<T: Float> Layer<T> for Weighted<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let ids = Indices::from((0..x.len() as i64).map(|i| i % 3 % 2).collect::<Vec<_>>());
        let ids = x.tape().map_or(ids.clone(), |tape| tape.indices(ids));
        self.0.forward_offsets(&ids, &[0, x.len() / 2], Some(x))
    }
}

/// A bilinear layer of x and of its square.
#[derive(Clone, Module)]
struct Squared<T: Float>(Bilinear<T>);

impl<T: Float> Layer<T> for Squared<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.0.forward(x, &x.square())
    }
}

/// The layers, each with the shape of an input that has two sizes free.
fn layers<T: Float>() -> Vec<(fn(usize, usize) -> Vec<usize>, Box<dyn Layer<T>>)> {
    let rng = &mut rng();
    let mode = Conv1dConfig::new(2, 2, 2).padding(Padding::Same).padding_mode(PaddingMode::Circular);
    let groups = Conv3dConfig::new(2, 2, (1, 2, 2)).groups(2).stride((1, 2, 1)).padding((0, 1, 0));
    let up = ConvTranspose1dConfig::new(2, 2, 3).stride(2).padding(1).output_padding(1);
    let up2d = ConvTranspose2dConfig::new(2, 2, (1, 2)).groups(2).bias(false);
    let bag = EmbeddingBagConfig::new(2, 2).mode(BagMode::Sum);
    vec![
        (|n, m| vec![n, 2, m], Box::new(mode.init(rng))),
        (|n, m| vec![n, 2, 1, m, 2], Box::new(groups.init(rng))),
        (|n, m| vec![n, 2, m], Box::new(up.init(rng))),
        (|n, m| vec![2, n, m], Box::new(up2d.init(rng))),
        (|n, m| vec![n, m, 2], Box::new(Squared(Bilinear::new(2, 2, 2, rng)))),
        (|n, m| vec![n, m, 3, 2], Box::new(Scaled(EmbeddingConfig::new(2, 2).init(rng)))),
        (|n, m| vec![n * m], Box::new(Weighted(bag.init(rng)))),
    ]
}

fn build<T: Float>(&which: &usize) -> Box<dyn Layer<T>> {
    layers().swap_remove(which).1
}

#[test]
fn layers_with_parameters_pass_the_battery() {
    let plans = || {
        (full_shape(2..=2), 0..layers::<f32>().len()).prop_map(|(sizes, which)| {
            let shape = layers::<f32>()[which].0(sizes[0], sizes[1]);
            (vec![shape], which)
        })
    };
    check::layer(&Battery::new().cases(14), "layer", plans, build::<f64>, build::<f32>);
}
