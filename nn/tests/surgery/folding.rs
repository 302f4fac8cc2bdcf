//! Batch normalization folded into the layer before it: the same outputs, to rounding.

use wengert::nn::BatchNorm;
use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(7)
}

fn noise(shape: &[usize]) -> Tensor<f64> {
    Init::normal(0.5, 2.0).tensor(shape, &mut rng())
}

/// A normalization with statistics and, if it is affine, weights that are not what they start as.
fn norm<const D: usize>(config: BatchNormConfig) -> BatchNorm<D, f64> {
    let norm: BatchNorm<D, f64> = config.init();
    let mut rng = rng();
    let mut draw = |init: Init, shape: Vec<usize>| init.tensor(shape, &mut rng);
    for p in norm.parameters() {
        p.set(&draw(Init::uniform(-1.5, 1.5), p.shape()));
    }
    let (mean, var) = (norm.running_mean.as_ref().unwrap(), norm.running_var.as_ref().unwrap());
    mean.set(&draw(Init::normal(0.0, 1.0), mean.shape()));
    var.set(&draw(Init::uniform(0.2, 3.0), var.shape()));
    norm
}

fn configs(channels: usize) -> [BatchNormConfig; 3] {
    let config = BatchNormConfig::new(channels).eps(0.1);
    [config.clone(), config.clone().affine(false), config.bias(false)]
}

fn assert_same(found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(found.shape(), expected.shape());
    let error = (found - expected).abs().max(..).item();
    assert!(error < 1e-12 * expected.abs().max(..).item(), "they differ by {error}");
}

macro_rules! every_convolution {
    ($($test:ident: $D:literal, $Config:ident, $Transposed:ident, $shape:expr;)*) => {$(
        #[test]
        fn $test() {
            let x = noise(&$shape);
            for (groups, bias) in [(1, true), (2, false), (2, true)] {
                let conv = $Config::new(4, 6, 3).padding(1).stride(2).groups(groups).bias(bias).init(&mut rng());
                let transposed =
                    $Transposed::new(4, 6, 3).padding(1).stride(2).groups(groups).bias(bias).init(&mut rng());
                for config in configs(6) {
                    let norm = norm::<$D>(config);
                    let folded = conv.fold_batch_norm(&norm);
                    assert_same(&folded.forward(&x), &norm.forward(&conv.forward(&x)));
                    let folded = transposed.fold_batch_norm(&norm);
                    assert_same(&folded.forward(&x), &norm.forward(&transposed.forward(&x)));
                }
            }
        }
    )*};
}

every_convolution! {
    over_sequences: 1, Conv1dConfig, ConvTranspose1dConfig, [2, 4, 7];
    over_pictures: 2, Conv2dConfig, ConvTranspose2dConfig, [2, 4, 5, 6];
    over_volumes: 3, Conv3dConfig, ConvTranspose3dConfig, [2, 4, 3, 5, 4];
}

#[test]
fn into_linear_layers() {
    let x = noise(&[5, 4]);
    for bias in [true, false] {
        let linear = LinearConfig::new(4, 3).bias(bias).init(&mut rng());
        for config in configs(3) {
            let norm = norm::<1>(config);
            let folded = linear.fold_batch_norm(&norm);
            assert_same(&folded.forward(&x), &norm.forward(&linear.forward(&x)));
        }
    }
}

#[test]
fn neither_layer_changes() {
    let (conv, norm) = (Conv2d::new(2, 3, 3, &mut rng()), norm::<2>(BatchNormConfig::new(3)));
    let before = (conv.to_bytes(), norm.to_bytes());
    let folded = conv.fold_batch_norm(&norm);
    folded.parameters().iter().for_each(|p| p.set(&Tensor::zeros(p.shape())));
    assert_eq!((conv.to_bytes(), norm.to_bytes()), before);
}

#[test]
fn a_whole_sequential() {
    let mut rng = rng();
    let block = Sequential::<f64>::new()
        .push_named("conv", Conv2dConfig::new(4, 4, 3).padding(1).init(&mut rng))
        .push_named("norm", norm::<2>(BatchNormConfig::new(4)));
    let net = Sequential::new()
        .push(norm::<2>(BatchNormConfig::new(2)))
        .push(Conv2dConfig::new(2, 4, 3).bias(false).init(&mut rng))
        .push(norm::<2>(BatchNormConfig::new(4)))
        // A second one in a row is folded too; behind an activation it is not.
        .push(norm::<2>(BatchNormConfig::new(4).affine(false)))
        .push(Tanh)
        .push(norm::<2>(BatchNormConfig::new(4)))
        .push(block)
        .push(ConvTranspose2d::new(4, 5, 2, &mut rng))
        .push(norm::<2>(BatchNormConfig::new(5)))
        .push(Flatten::new())
        .push(Linear::new(5 * 25, 3, &mut rng))
        .push(norm::<1>(BatchNormConfig::new(3)));
    let folded = net.fold_batch_norms();
    let names: Vec<&str> = folded.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0", "1", "4", "5", "6", "7", "9", "10"]);
    assert_eq!(folded.get("6").unwrap().named_parameters().len(), 2);
    let x = noise(&[2, 2, 6, 6]);
    assert_same(&folded.forward(&x), &net.forward(&x));
    assert_eq!(net.len(), 12);
}

#[test]
fn without_running_statistics_it_stays() {
    let mut rng = rng();
    let plain: BatchNorm1d = BatchNormConfig::new(3).track_running_stats(false).init();
    let net = Sequential::<f32>::new().push(Linear::new(4, 3, &mut rng)).push(plain);
    assert_eq!(net.fold_batch_norms().len(), 2);
}

#[test]
#[should_panic(expected = "Linear::fold_batch_norm: the batch normalization keeps no running statistics")]
fn nothing_to_fold() {
    let norm: BatchNorm1d = BatchNormConfig::new(3).track_running_stats(false).init();
    Linear::new(4, 3, &mut rng()).fold_batch_norm(&norm);
}

#[test]
#[should_panic(
    expected = "ConvTranspose::fold_batch_norm: the layer gives 6 channels, the normalization takes 3"
)]
fn other_channels() {
    let conv = ConvTranspose2dConfig::new(4, 6, 3).groups(2).init::<f32>(&mut rng());
    conv.fold_batch_norm(&BatchNorm2d::new(3));
}
