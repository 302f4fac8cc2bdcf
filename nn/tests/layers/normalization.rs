//! Normalizations.

use std::panic::AssertUnwindSafe;
use std::thread;

use wengert::autodiff::checkpoint;
use wengert::prelude::*;

use crate::mistakes::refused_after;
use crate::{close, filled, panic_of, ramp};

/// All buffers, as numbers.
fn buffers<T: Float>(norm: &dyn Module<T>) -> Vec<Vec<f64>> {
    let numbers = |x: Tensor<T>| x.to_vec().into_iter().map(Float::to_f64).collect();
    norm.named_buffers().into_iter().map(|(_, buffer)| numbers(buffer.value())).collect()
}

fn tracking(channels: usize) -> InstanceNorm1d<f64> {
    InstanceNormConfig::new(channels).affine(true).track_running_stats(true).init()
}

// The expected numbers were computed with PyTorch in double precision.
#[test]
fn batch_norm_agrees_with_pytorch() {
    let norm = filled(BatchNorm2d::new(2));
    let y = norm.forward(&Tape::training(0).constant(ramp([2, 2, 2, 2], 3)));
    let expected = [
        0.175983884123,
        -0.406549849785,
        -0.989083583692,
        -1.5716173176,
        0.230590330474,
        -0.118929909871,
        -0.468450150215,
        -0.81797039056,
        -0.212371938482,
        -0.79490567239,
        -1.3774394063,
        0.175983884123,
        -0.00242316308917,
        -0.351943403434,
        -0.701463643779,
        0.230590330474,
    ];
    close(&y, &expected);
    let running = |buffer: &Option<Buffer<f64>>| buffer.as_ref().unwrap().value();
    close(&running(&norm.running_mean), &[-0.0109375, 0.0015625]);
    close(&running(&norm.running_var), &[0.918498883929, 0.918498883929]);
    let expected = [-0.224547588658, -0.469098679554, -0.298298840452, -0.445029494989];
    close(&norm.forward(&ramp([1, 2, 1, 2], 3)), &expected);
    // An evaluating tape changes nothing but records.
    let x = Tape::new().constant(ramp([1, 2, 1, 2], 3));
    close(&norm.forward(&x), &expected);
    close(&running(&norm.running_mean), &[-0.0109375, 0.0015625]);
}

#[test]
fn frozen_modules_get_no_gradients_and_learn_nothing() {
    let norm = BatchNorm2d::<f32>::new(2);
    let x = || Tape::training(0).variable(ramp([2, 2, 3, 3], 3));
    norm.freeze();
    let input = x();
    let y = norm.forward(&input);
    let evaluated = norm.forward(&input.detach());
    assert_eq!(y.to_vec(), evaluated.to_vec());
    let grads = y.sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).is_none()));
    assert!(grads.get(&input).is_some());
    let mean = norm.running_mean.as_ref().unwrap();
    assert_eq!(mean.value().to_vec(), [0.0; 2]);

    norm.unfreeze();
    let grads = norm.forward(&x()).sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).is_some()));
    assert_ne!(mean.value().to_vec(), [0.0; 2]);
}

#[test]
fn frozen_instance_statistics_stay_and_are_used() {
    let norm = tracking(2);
    let x = || Tape::training(0).constant(ramp([2, 2, 3], 3));
    norm.freeze();
    assert_eq!(norm.forward(&x()).to_vec(), norm.forward(&x().detach()).to_vec());
    assert_eq!(buffers(&norm), [vec![0.0; 2], vec![1.0; 2], vec![0.0]]);
    norm.unfreeze();
    assert_ne!(norm.forward(&x()).to_vec(), norm.forward(&x().detach()).to_vec());
    assert_ne!(buffers(&norm)[0], [0.0; 2]);
}

/// A checkpoint computes its layers twice, and they learn once.
#[test]
fn what_is_computed_again_is_not_learned_again() {
    fn learned<L: Layer<f64> + Clone + Send + Sync + 'static>(new: impl Fn() -> L) {
        let step = |again: bool| {
            let norm = new();
            let tape = Tape::training(0);
            let x = tape.variable(ramp([3, 2, 4], 3));
            let y = if again {
                let norm = norm.clone();
                checkpoint(move |x: &Tensor<f64>| norm.forward(x), &x)
            } else {
                norm.forward(&x)
            };
            let grads = (y.square() * ramp([3, 2, 4], 5)).sum(..).backward();
            (buffers(&norm), grads.get(&x).unwrap().to_vec())
        };
        assert_ne!(step(true).0, buffers(&new()));
        assert_eq!(step(true), step(false));
    }
    learned(|| BatchNorm1d::new(2));
    learned(|| BatchNormConfig::new(2).momentum(None).init::<1, f64>());
    learned(|| tracking(2));
}

#[test]
fn an_empty_batch_teaches_nothing_and_is_counted() {
    let norm = BatchNorm1d::<f32>::new(2);
    let before = buffers(&norm);
    let tape = Tape::training(0);
    let x = tape.variable(Tensor::zeros([0, 2, 3]));
    let y = norm.forward(&x);
    assert_eq!(y.shape(), [0, 2, 3]);
    let grads = y.sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).unwrap().to_vec() == [0.0; 2]));
    assert_eq!(buffers(&norm), [before[0].clone(), before[1].clone(), vec![1.0]]);

    let norm = tracking(2);
    let before = buffers(&norm);
    assert_eq!(norm.forward(&Tape::training(0).constant(Tensor::zeros([0, 2, 3]))).shape(), [0, 2, 3]);
    assert_eq!(buffers(&norm), before);
}

#[test]
fn one_value_has_no_variance() {
    let trained = |shape: &[usize]| Tape::training(0).constant(Tensor::<f32>::zeros(shape));
    let text = |f: &dyn Fn()| panic_of(AssertUnwindSafe(f));
    let batch = BatchNorm1d::<f32>::new(3);
    assert_eq!(
        text(&|| drop(batch.forward(&trained(&[1, 3, 1])))),
        "BatchNorm1d: the input [1, 3, 1] has one value to a channel; its variance needs at least two"
    );
    assert_eq!(buffers(&batch)[2], [0.0], "the refused batch is not counted");
    assert_eq!(batch.forward(&Tensor::ones([1, 3])).shape(), [1, 3]);
    let instance = InstanceNorm2d::<f32>::new(3);
    assert_eq!(
        text(&|| drop(instance.forward(&Tensor::zeros([2, 3, 1, 1])))),
        "InstanceNorm2d: a channel of the input [2, 3, 1, 1] has one value; its variance needs at least two"
    );
    let tracking = InstanceNormConfig::new(3).track_running_stats(true).init::<2, f32>();
    assert_eq!(tracking.forward(&Tensor::ones([2, 3, 1, 1])).shape(), [2, 3, 1, 1]);
    assert!(text(&|| drop(tracking.forward(&trained(&[2, 3, 1, 1])))).contains("has one value"));
    let group = GroupNorm::<f32>::new(3, 3);
    assert_eq!(
        text(&|| drop(group.forward(&Tensor::zeros([1, 3])))),
        "GroupNorm: the input [1, 3] has one value to a group; its variance needs at least two"
    );
    assert_eq!(group.forward(&Tensor::ones([2, 3])).to_vec(), [0.0; 6]);
}

#[test]
fn other_inputs_are_refused_at_the_callers_line() {
    let (volume, series) = (BatchNorm3d::<f32>::new(2), tracking(2));
    let (layer, rms) = (LayerNorm::<f32>::new([2, 3]), RmsNorm::<f32>::new(4));
    let (group, response) = (GroupNorm::<f32>::new(2, 4), LocalResponseNorm::new(3));
    let x = Tensor::<f32>::zeros([2, 3]);
    let doubles = Tensor::<f64>::zeros([2, 3]);
    let here = line!();
    let wrong: &[(&str, &dyn Fn())] = &[
        ("[2, 3] is not [batch, channels, depth, height, width]", &|| drop(volume.forward(&x))),
        ("axis 0 of the input [2, 3] has 2 channels, the layer 3", &|| {
            drop(InstanceNorm1d::new(3).forward(&x))
        }),
        ("RmsNorm: the input [2, 3] does not end with [4]", &|| drop(rms.forward(&x))),
        ("LayerNorm: the input [3] does not end with [2, 3]", &|| drop(layer.forward(&Tensor::zeros([3])))),
        ("axis 1 of the input [2, 3] has 3 channels, the layer 4", &|| drop(group.forward(&x))),
        ("local_response_norm: ", &|| drop(response.forward(&x))),
    ];
    refused_after(file!(), here, wrong);
    assert_eq!(series.forward(&doubles).shape(), [2, 3], "one image without a batch");
}

/// Threads that train one layer lose no batch.
#[test]
fn threads_share_running_statistics() {
    let norm = BatchNormConfig::new(2).momentum(None).init::<1, f64>();
    thread::scope(|scope| {
        for t in 0..4 {
            let norm = &norm;
            scope.spawn(move || {
                for i in 0..50 {
                    let x = Tensor::from_vec([2, 2], vec![f64::from(t), 0.0, f64::from(t), f64::from(i)]);
                    norm.forward(&Tape::training(0).constant(x));
                }
            });
        }
    });
    let [mean, _, count] = &buffers(&norm)[..] else { panic!("three buffers") };
    assert_eq!(*count, [200.0]);
    assert!((mean[0] - 1.5).abs() < 1e-12 && (mean[1] - 12.25).abs() < 1e-12, "{mean:?}");
}

#[test]
fn configurations_read_from_files() {
    let batch =
        BatchNormConfig::new(4).eps(1e-3).momentum(None).affine(false).track_running_stats(false).bias(false);
    let json = serde_json::to_string(&batch).unwrap();
    assert_eq!(serde_json::from_str::<BatchNormConfig>(&json).unwrap(), batch);
    let read: BatchNormConfig = serde_json::from_str(r#"{"num_features": 4}"#).unwrap();
    assert_eq!(read, BatchNormConfig::new(4));
    let read: LayerNormConfig =
        serde_json::from_str(r#"{"normalized_shape": [2, 3], "bias": false}"#).unwrap();
    assert_eq!(read, LayerNormConfig::new([2, 3]).bias(false));
    let error =
        serde_json::from_str::<RmsNormConfig>(r#"{"normalized_shape": 3, "bias": true}"#).unwrap_err();
    assert!(error.to_string().contains("unknown field `bias`"), "{error}");
    let wrong = [
        (InstanceNormConfig::new(0).try_init::<1, f32>().unwrap_err(), "num_features is 0"),
        (InstanceNormConfig::new(1).momentum(-0.1).try_init::<1, f32>().unwrap_err(), "momentum is -0.1"),
        (GroupNormConfig::new(0, 4).try_init::<f32>().unwrap_err(), "num_groups is 0"),
        (GroupNormConfig::new(2, 4).eps(-1.0).try_init::<f32>().unwrap_err(), "eps is -1"),
        (
            LayerNormConfig::new([]).try_init::<f32>().unwrap_err(),
            "normalized_shape is [], expected at least one",
        ),
        (LayerNormConfig::new([2, 0]).try_init::<f32>().unwrap_err(), "normalized_shape is [2, 0]"),
        (LayerNormConfig::new([1 << 40, 1 << 40]).try_init::<f32>().unwrap_err(), "address space"),
        (RmsNormConfig::new(2).eps(f64::INFINITY).try_init::<f32>().unwrap_err(), "eps is inf"),
        (LocalResponseNormConfig::new(0).try_init().unwrap_err(), "size is 0"),
        (LocalResponseNormConfig::new(1).beta(f64::NAN).try_init().unwrap_err(), "beta is NaN"),
    ];
    for (error, expected) in wrong {
        assert!(error.to_string().contains(expected), "{error}, expected {expected}");
    }
}

/// The machine epsilon is that of the element type.
#[test]
fn the_least_root_mean_square_is_of_the_element_type() {
    fn scale<T: Float>() -> f64 {
        RmsNorm::<T>::new(1).forward(&Tensor::full([1, 1], 1e-30)).item().to_f64()
    }
    assert!((scale::<f32>() / (1e-30 / f64::from(f32::EPSILON).sqrt()) - 1.0).abs() < 1e-6);
    assert!((scale::<f64>() / (1e-30 / f64::EPSILON.sqrt()) - 1.0).abs() < 1e-12);
}

/// A convolution, with a bias or a border of its own, then a normalization whose statistics are not 0 and 1, a residual
/// and a leaky ReLU: without a tape in one pass, on one layer by layer, and in training with the batch's statistics.
#[test]
fn a_normalization_after_a_convolution_is_the_two_one_after_the_other() {
    macro_rules! check {
        ($conv:ident, $norm:ident, $sizes:expr) => {
            for (bias, border) in [(false, PaddingMode::Zeros), (true, PaddingMode::Reflect)] {
                let mut rng = ChaCha8Rng::seed_from_u64(7);
                let config = $conv::new(3, 3, 3).padding(1).padding_mode(border).bias(bias);
                let (conv, norm) = (config.init::<f64>(&mut rng), $norm::<f64>::new(3));
                let len = $sizes.iter().product::<usize>() * 6;
                let x = Tensor::from_vec(
                    [&[2, 3], &$sizes[..]].concat(),
                    (0..len).map(|i| ((i * 37 + 5) % 101) as f64 / 50.0 - 1.0).collect(),
                );
                // The running statistics move away from 0 and 1.
                let tape = Tape::training(0);
                let trained = norm.forward_after(&conv, &tape.constant(&x), Some(&tape.constant(&x)), 0.1);
                let again = (norm.forward(&conv.forward(&tape.constant(&x))) + &x).leaky_relu(0.1);
                assert_eq!(trained.to_vec(), again.to_vec());

                let expected = (norm.forward(&conv.forward(&x)) + &x).leaky_relu(0.1).to_vec();
                let tape = Tape::new();
                let recorded = norm.forward_after(&conv, &tape.constant(&x), Some(&tape.constant(&x)), 0.1);
                let residual = Tape::new().variable(&x);
                let fused = norm.forward_after(&conv, &x, Some(&residual), 0.1);
                for found in [&recorded, &norm.forward_after(&conv, &x, Some(&x), 0.1), &fused] {
                    for (found, expected) in found.to_vec().into_iter().zip(&expected) {
                        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
                    }
                }
                let dr = fused.sum(..).backward().get(&residual).expect("its gradient").to_vec();
                let slopes = expected.iter().map(|&y| if y > 0.0 { 1.0 } else { 0.1 });
                assert_eq!(dr, slopes.collect::<Vec<_>>());
            }
        };
    }
    check!(Conv1dConfig, BatchNorm1d, [9]);
    check!(Conv2dConfig, BatchNorm2d, [5, 4]);
    check!(Conv3dConfig, BatchNorm3d, [3, 4, 3]);
}
