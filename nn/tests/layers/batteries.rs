//! The layers with parameters through the battery: gradients by everything, to the second order, on views, at any
//! number of threads.

use proptest::strategy::Strategy;
use wengert::autodiff::check::property::Battery;
use wengert::nn::check;
use wengert::prelude::*;

use crate::rng;

/// x times rows of a table, some of them twice.
#[derive(Clone, Module)]
struct Scaled<T: Float>(Embedding<T>);

impl<T: Float> Layer<T> for Scaled<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let ids = Indices::from([1, 0, 1]);
        let ids = x.tape().map_or(ids.clone(), |tape| tape.indices(ids));
        x * self.0.forward(&ids)
    }
}

/// Bags of a table with x for weights.
#[derive(Clone, Module)]
struct Weighted<T: Float>(EmbeddingBag<T>);

impl<T: Float> Layer<T> for Weighted<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let ids = Indices::from([1, 0, 1]);
        let ids = x.tape().map_or(ids.clone(), |tape| tape.indices(ids));
        self.0.forward_offsets(&ids, &[0, 2], Some(x))
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

/// The layers, each with the shape of its input.
fn layers<T: Float>() -> Vec<(Vec<usize>, Box<dyn Layer<T>>)> {
    let rng = &mut rng();
    let mode = Conv1dConfig::new(2, 2, 2).padding(Padding::Same).padding_mode(PaddingMode::Circular);
    let groups = Conv3dConfig::new(2, 2, (1, 2, 2)).groups(2).stride((1, 2, 1)).padding((0, 1, 0));
    let up = ConvTranspose1dConfig::new(2, 2, 3).stride(2).padding(1).output_padding(1);
    let bag = EmbeddingBagConfig::new(2, 2).mode(BagMode::Sum);
    vec![
        (vec![1, 2, 3], Box::new(mode.init(rng))),
        (vec![2, 2, 2, 3], Box::new(groups.init(rng))),
        (vec![2, 2, 3], Box::new(up.init(rng))),
        (vec![2, 2, 2], Box::new(ConvTranspose2dConfig::new(2, 2, (1, 2)).groups(2).bias(false).init(rng))),
        (vec![2, 2], Box::new(Squared(Bilinear::new(2, 2, 2, rng)))),
        (vec![3, 2], Box::new(Scaled(EmbeddingConfig::new(2, 2).init(rng)))),
        (vec![3], Box::new(Weighted(bag.init(rng)))),
    ]
}

fn build<T: Float>(&which: &usize) -> Box<dyn Layer<T>> {
    layers().swap_remove(which).1
}

#[test]
fn layers_with_parameters_pass_the_battery() {
    let shapes: Vec<Vec<usize>> = layers::<f32>().into_iter().map(|(shape, _)| shape).collect();
    let plans = move || {
        let shapes = shapes.clone();
        (0..shapes.len()).prop_map(move |which| (vec![shapes[which].clone()], which))
    };
    check::layer(&Battery::new().cases(14), "layer", plans, build::<f64>, build::<f32>);
}
