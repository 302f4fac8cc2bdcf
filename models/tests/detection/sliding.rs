//! Sliding windows, and the network that slides.

use wengert::data::detection::BoundingBox;
use wengert::models::detection::{ConvolutionalError, Nms, SlidingWindows, ToConvolutional};
use wengert::prelude::*;

use crate::scenes::{random, rng};

/// With strides of 2 and 3, and all that may stand behind a flattening.
fn network<T: Float>() -> Sequential<T> {
    let rng = &mut rng(3);
    let net = Sequential::new()
        .push(Conv2dConfig::new(2, 4, 3).stride(2).init(rng))
        .push(BatchNorm2d::new(4))
        .push(Relu)
        .push(MaxPool2d::new(3))
        .push(Conv2d::new(4, 5, 2, rng))
        .push(Flatten::new())
        .push(Linear::new(5 * 2 * 3, 7, rng))
        .push(BatchNorm1d::new(7))
        .push(Dropout::new(0.5))
        .push(Tanh)
        .push(LinearConfig::new(7, 4).bias(false).init(rng));
    // Running statistics that are not 0 and 1.
    for seed in 0..3 {
        net.forward(&Tape::training(seed).constant(random(&[4, 2, 21, 27], seed)));
    }
    net
}

/// The size that makes maps of 2×3 before the flattening, as [`network`] wants it.
const SIZE: (usize, usize) = (21, 27);

fn largest<T: Float>(x: &Tensor<T>) -> f64 {
    x.abs().max(..).item().to_f64()
}

#[test]
fn the_convolutional_form_gives_the_numbers_of_the_windows() {
    let net = network::<f64>();
    let everywhere = net.to_convolutional([2, SIZE.0, SIZE.1]).unwrap();
    let picture: Tensor<f64> = random(&[2, 2, 47, 62], 8);
    // The product of the strides 2 and 3.
    let windows = SlidingWindows::new(SIZE, 6);
    let one_by_one = windows.run(&net, &picture);
    let at_once = windows.run_convolutional(&everywhere, &picture);
    assert_eq!(one_by_one.shape(), [2, 5 * 6, 4]);
    assert!(largest(&(&one_by_one - &at_once)) < 1e-12);
    // And not by chance: the windows differ.
    assert!(largest(&(one_by_one.select(1, 0) - one_by_one.select(1, 7))) > 1e-3);
    let small = network::<f32>();
    let everywhere = small.to_convolutional([2, SIZE.0, SIZE.1]).unwrap();
    let picture = picture.cast::<f32>();
    let difference = windows.run(&small, &picture) - windows.run_convolutional(&everywhere, &picture);
    assert!(largest(&difference) < 1e-5);
}

#[test]
fn lenet5_without_its_padding_slides() {
    let model = LeNet5Config::new(10).input_size(32).init::<f64>(&mut rng(1));
    let everywhere = model.to_convolutional([1, 32, 32]).unwrap();
    assert_eq!(everywhere.parameter_count(), model.parameter_count());
    let picture: Tensor<f64> = random(&[1, 1, 45, 52], 2);
    for windows in [SlidingWindows::new(32, 4), SlidingWindows::new(32, 4).scales([1.0, 1.5, 0.8])] {
        let difference = windows.run(&model, &picture) - windows.run_convolutional(&everywhere, &picture);
        assert!(difference.len() > 100 && largest(&difference) < 1e-12);
    }
    // With padding the window that is the whole picture is the same, those inside are not.
    let padded = LeNet5::<f64>::new(10, &mut rng(1));
    let everywhere = padded.to_convolutional([1, 28, 28]).unwrap();
    let windows = SlidingWindows::new(28, 4);
    let difference = windows.run(&padded, &picture) - windows.run_convolutional(&everywhere, &picture);
    assert!(largest(&difference) > 1e-3);
}

#[test]
fn the_convolutional_form_has_parameters_of_its_own() {
    let net = network::<f32>();
    let everywhere = net.to_convolutional([2, SIZE.0, SIZE.1]).unwrap();
    let ids = |parameters: Vec<Parameter<f32>>| parameters.iter().map(Parameter::id).collect::<Vec<_>>();
    let (old, new) = (ids(net.parameters()), ids(everywhere.parameters()));
    assert!(old.len() == new.len() && new.iter().all(|id| !old.contains(id)));
    let names =
        |net: &Sequential<f32>| net.named_parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&net), names(&everywhere));
}

#[test]
fn what_has_no_convolutional_form_is_an_error() {
    let rng = &mut rng(0);
    let conv = Conv2d::<f32>::new(1, 2, 3, rng);
    let body = || Sequential::new().push(conv.clone());
    let cases = [
        (body(), "the network gives [1, 2, 4, 4] for one picture, not [1, outputs]"),
        (body().push(Flatten::new()), "the network gives [1, 32] for one picture"),
        (body().push(Flatten::new().start(2)), "the layer `1` makes [1, 2, 16] of the map [1, 2, 4, 4]"),
        (
            body().push(Linear::new(4, 3, rng)),
            "the fully connected layer `1` is applied to the rows of a map",
        ),
        (
            body().push(Flatten::new()).push(Linear::new(32, 3, rng)).push(Softmax::new(-1)),
            "the convolutions give [1, 3, 1, 1] for a picture for which the network gives [1, 3]",
        ),
        (
            body().push(Flatten::new()).push(BatchNorm1d::new(32)).push(Linear::new(32, 3, rng)),
            "the batch normalization `2` stands between the flattening and the first fully connected layer",
        ),
    ];
    for (net, expected) in cases {
        let error = net.to_convolutional([1, 6, 6]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let right = body().push(Flatten::new()).push(Linear::new(32, 3, rng)).push(Softmax::new(1));
    assert!(right.to_convolutional([1, 6, 6]).is_ok());
    let turned = body().push(Flatten::new()).push(Linear::new(32, 3, rng)).push(Softmax::new(-1));
    assert!(matches!(turned.to_convolutional([1, 6, 6]), Err(ConvolutionalError::Differs { .. })));
}

/// Behind a flattening it gives what it is given; of maps it makes numbers that are none.
#[derive(Clone, Module)]
struct NoMaps;

impl Layer<f32> for NoMaps {
    fn forward(&self, x: &Tensor<f32>) -> Tensor<f32> {
        if x.ndim() == 2 { x.clone() } else { x * f64::NAN }
    }
}

#[test]
fn a_form_that_gives_nan_is_not_taken_for_the_same() {
    let rng = &mut rng(0);
    let net = Sequential::new().push(Flatten::new()).push(Linear::new(8, 3, rng)).push(NoMaps);
    let error = net.to_convolutional([2, 2, 2]).unwrap_err().to_string();
    assert!(error.contains("they differ by NaN"), "{error}");
}

#[test]
fn the_convolutional_form_stays_frozen_and_keeps_its_momentum() {
    let rng = &mut rng(0);
    let linear = Linear::<f32>::new(8, 3, rng);
    linear.freeze();
    let norm: BatchNorm1d = BatchNormConfig::new(3).momentum(0.5).init();
    let net = Sequential::new().push(Flatten::new()).push(linear).push(norm);
    let everywhere = net.to_convolutional([2, 2, 2]).unwrap();
    let frozen =
        |net: &Sequential<f32>| net.parameters().iter().map(Parameter::is_frozen).collect::<Vec<_>>();
    assert_eq!(frozen(&net), [true, true, false, false]);
    assert_eq!(frozen(&everywhere), frozen(&net));
    let statistics = |net: &Sequential<f32>| {
        net.forward(&Tape::training(0).constant(random(&[4, 2, 2, 2], 5)));
        net.named_buffers().into_iter().flat_map(|(_, buffer)| buffer.value().to_vec()).collect::<Vec<_>>()
    };
    let apart = statistics(&net).into_iter().zip(statistics(&everywhere)).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f32::max) < 1e-6);
}

#[test]
fn windows_stand_where_they_fit() {
    let windows = SlidingWindows::new((2, 3), (1, 2));
    assert_eq!(windows.boxes(3, 8).len(), 2 * 3);
    assert_eq!(windows.boxes(1, 8).len(), 0);
    assert_eq!(windows.run(&Flatten::new(), &Tensor::<f32>::zeros([4, 1, 1, 8])).shape(), [4, 0, 0]);
    let picture = Tensor::<f32>::from_vec([1, 1, 3, 8], (0..24).map(|i| i as f32).collect());
    let shown = windows.run(&Flatten::new(), &picture);
    assert_eq!(shown.select(1, 4).to_vec(), [10.0, 11.0, 12.0, 18.0, 19.0, 20.0]);
    assert_eq!(windows.boxes(3, 8)[4].x1, 2.0);
    let none = windows.detect(&Tensor::<f32>::zeros([2, 0, 0]), (1, 8), None, 0.5, &Nms::new(0.5));
    assert_eq!(none, [vec![], vec![]]);
}

#[test]
fn a_scale_finds_objects_of_its_size() {
    // Class 1 where nearly all of a window is bright.
    #[derive(Clone, Module)]
    struct Brightness;
    impl Layer<f32> for Brightness {
        fn forward(&self, x: &Tensor<f32>) -> Tensor<f32> {
            let brightness = x.mean([1isize, 2, 3]) * 20.0 - 19.0;
            Tensor::stack(&[&-&brightness, &brightness], 1)
        }
    }
    let mut pixels = vec![0.0; 32 * 32];
    (8..24).for_each(|row| pixels[row * 32 + 12..row * 32 + 28].fill(1.0));
    let picture = Tensor::from_vec([1, 1, 32, 32], pixels);
    let windows = SlidingWindows::new(8, 2).scales([0.5]);
    let found = windows.detect(&windows.run(&Brightness, &picture), (32, 32), Some(0), 0.5, &Nms::new(0.3));
    assert_eq!(found[0].len(), 1);
    assert_eq!(found[0][0].bounding_box, BoundingBox::new(12.0, 8.0, 28.0, 24.0));
    assert_eq!(found[0][0].class, 1);
}

#[test]
#[should_panic(expected = "it has another size or stride")]
fn a_network_of_another_stride_is_refused() {
    let model = LeNet5Config::new(10).input_size(32).init::<f32>(&mut rng(1));
    let everywhere = model.to_convolutional([1, 32, 32]).unwrap();
    SlidingWindows::new(32, 2).run_convolutional(&everywhere, &Tensor::zeros([1, 1, 40, 40]));
}

#[test]
fn absurd_windows_are_errors() {
    let cases = [
        (SlidingWindows::new(0, 1), "SlidingWindows: size is [0, 0], expected at least 1"),
        (SlidingWindows::new(4, (1, 0)), "SlidingWindows: stride is [1, 0]"),
        (SlidingWindows::new(4, 1).scales([1.0, 0.0]), "SlidingWindows: scales is 0"),
        (SlidingWindows::new(4, 1).scales([f64::INFINITY]), "SlidingWindows: scales is inf"),
        (SlidingWindows::new(4, 1).scales([1e12]), "SlidingWindows: scales is 1000000000000, expected"),
    ];
    for (windows, expected) in cases {
        let error = windows.check().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let read: SlidingWindows = serde_json::from_str(r#"{"size": 32, "stride": [4, 8]}"#).unwrap();
    assert_eq!(read, SlidingWindows::new(32, (4, 8)));
}
