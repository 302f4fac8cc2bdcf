//! Layers put through the battery: gradients by input and parameters to the second order and in forward mode, in both
//! element types, on views, at any number of threads; those that do something else in training, there too.

use proptest::strategy::{BoxedStrategy, Strategy};
use wengert::autodiff::check::Check;
use wengert::autodiff::check::property::{Battery, Plan, full_shape};
use wengert::nn::check;
use wengert::prelude::*;

use crate::rng;

type Build<T> = fn(&()) -> Box<dyn Layer<T>>;
type Plans = fn() -> BoxedStrategy<Plan<()>>;

/// Pictures of three channels, at least four values each.
fn pictures() -> BoxedStrategy<Plan<()>> {
    full_shape(2..=2).prop_map(|size| (vec![vec![2, 3, size[0] + 1, size[1] + 1]], ())).boxed()
}

/// Matrices of six columns.
fn rows() -> BoxedStrategy<Plan<()>> {
    full_shape(1..=2).prop_map(|leading| (vec![[leading, vec![6]].concat()], ())).boxed()
}

fn battery() -> Battery {
    Battery::new().cases(6)
}

fn training() -> Battery {
    battery().check(Check::new().order(2).training(7))
}

/// Not generic: compiled once.
fn prove(battery: &Battery, name: &str, plans: Plans, double: Build<f64>, single: Build<f32>) {
    check::layer(battery, name, plans, double, single);
}

macro_rules! proved {
    ($($battery:ident, $plans:ident: $layer:expr;)+) => {
        $(prove(&$battery(), stringify!($layer), $plans, |()| Box::new($layer), |()| Box::new($layer));)+
    };
}

#[test]
fn normalizations_are_proved() {
    // ε keeps the second derivatives of nearly equal values small.
    proved! {
        training, pictures: BatchNormConfig::new(3).eps(0.1).init::<2, _>();
        battery, pictures: BatchNormConfig::new(3).bias(false).init::<2, _>();
        training, pictures: InstanceNormConfig::new(3).eps(0.1).affine(true).track_running_stats(true).init::<2, _>();
        battery, pictures: InstanceNormConfig::new(3).affine(true).track_running_stats(true).init::<2, _>();
        battery, pictures: GroupNormConfig::new(1, 3).eps(0.1).init();
        battery, pictures: GroupNormConfig::new(3, 3).eps(0.1).bias(false).init();
        battery, rows: LayerNormConfig::new(6).eps(0.1).init();
        battery, rows: LayerNormConfig::new([6]).eps(0.1).bias(false).init();
        battery, rows: RmsNormConfig::new(6).eps(0.1).init();
        battery, pictures: LocalResponseNormConfig::new(2).alpha(0.5).init();
    }
}

#[test]
fn activations_with_parameters_or_axes_are_proved() {
    proved! {
        battery, pictures: PreluConfig::new().num_parameters(3).init();
        battery, rows: Prelu::new();
        training, pictures: Rrelu::default();
        battery, rows: Glu::default();
        battery, rows: Softmin::default();
        battery, pictures: Softmax2d;
    }
}

#[test]
fn dropouts_are_proved() {
    proved! {
        training, rows: Dropout::new(0.3);
        training, pictures: Dropout2d::new(0.3);
        training, rows: AlphaDropout::new(0.3);
        training, pictures: FeatureAlphaDropout::new(0.3);
    }
}

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

/// The shape of an input that has two sizes free.
type ShapeOf = fn(usize, usize) -> Vec<usize>;

/// The layers, each with the shape of its input.
fn layers<T: Float>() -> Vec<(ShapeOf, Box<dyn Layer<T>>)> {
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
fn convolutions_and_tables_are_proved() {
    let plans = || {
        (full_shape(2..=2), 0..layers::<f32>().len()).prop_map(|(sizes, which)| {
            let shape = layers::<f32>()[which].0(sizes[0], sizes[1]);
            (vec![shape], which)
        })
    };
    check::layer(&Battery::new().cases(14), "layer", plans, build::<f64>, build::<f32>);
}
