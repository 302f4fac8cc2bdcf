//! Layers put through the battery: gradients by input and parameters to the second order and in forward mode, in both
//! element types, on views, at any number of threads; those that do something else in training, there too.

use proptest::strategy::{BoxedStrategy, Strategy};
use wengert::autodiff::check::Check;
use wengert::autodiff::check::property::{Battery, Plan, full_shape};
use wengert::nn::check;
use wengert::prelude::*;

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
