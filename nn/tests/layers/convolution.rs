//! Convolutional layers.

use wengert::nn::{Conv, ConvConfig};
use wengert::prelude::*;

use crate::{panic_of, ramp, rng};

#[test]
fn a_kernel_and_a_padding_are_read_in_every_form() {
    let read = |file: &str| serde_json::from_str::<Conv2dConfig>(file).unwrap();
    let config = || Conv2dConfig::new(4, 8, 3);
    let with = |rest: &str| read(&format!(r#"{{"in_channels": 4, "out_channels": 8, {rest}}}"#));
    assert_eq!(with(r#""kernel": 3"#), config());
    assert_eq!(with(r#""kernel": [3, 3]"#), config());
    assert_eq!(with(r#""kernel_size": 3, "stride": [1, 1]"#), config());
    assert_eq!(with(r#""kernel": 3, "stride": 2, "padding": 1"#), config().stride(2).padding(1));
    assert_eq!(with(r#""kernel": 3, "padding": [0, 2]"#), config().padding((0, 2)));
    assert_eq!(with(r#""kernel": 3, "padding": "same""#), config().padding(Padding::Same));
    assert_eq!(with(r#""kernel": 3, "padding": "valid""#), config().padding(Padding::Valid));
    let circular = config().padding_mode(PaddingMode::Circular).dilation((2, 1)).groups(2);
    assert_eq!(with(r#""kernel": 3, "padding_mode": "circular", "dilation": [2, 1], "groups": 2"#), circular);
}

#[test]
fn a_written_configuration_is_read_back() {
    fn there_and_back<const D: usize>(config: ConvConfig<D>) {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ConvConfig<D>>(&json).unwrap(), config, "{json}");
    }
    for padding in [Padding::Same, Padding::Valid] {
        there_and_back(Conv1dConfig::new(1, 2, 3).padding(padding).padding_mode(PaddingMode::Reflect));
    }
    there_and_back(Conv3dConfig::new(2, 4, (1, 2, 3)).stride((3, 2, 1)).padding(2).groups(2).bias(false));
    let config = ConvTranspose2dConfig::new(2, 4, (1, 2)).stride((3, 2)).output_padding((2, 1)).padding(1);
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<ConvTranspose2dConfig>(&json).unwrap(), config);
}

#[test]
fn a_file_that_describes_no_convolution_is_refused() {
    let found = |rest: &str| {
        let file = format!(r#"{{"in_channels": 4, "out_channels": 8, {rest}}}"#);
        match serde_json::from_str::<Conv2dConfig>(&file) {
            Err(error) => error.to_string(),
            Ok(config) => config.try_init::<f32>(&mut rng()).unwrap_err().to_string(),
        }
    };
    let cases = [
        (r#""kernel": [3, 3, 3]"#, "an array of 3 for 2 axes"),
        (r#""kernel": -1"#, "expected a number from 0 on, or an array with one for each axis"),
        (r#""kernel": "large""#, "expected a number from 0 on, or an array with one for each axis"),
        (r#""kernel": 3, "padding": "some""#, "an array with one for each axis, \"same\" or \"valid\""),
        (r#""kernel": 3, "padding_mode": "mirror""#, "unknown variant `mirror`, expected one of `zeros`"),
        (r#""stride": 3"#, "missing field `kernel`"),
        (r#""kernel": 3, "strides": 2"#, "unknown field `strides`"),
        (r#""kernel": 3, "stride": 0"#, "Conv2dConfig: stride is [0, 0], expected at least 1 on each axis"),
        (
            r#""kernel": 3, "stride": [1, 2], "padding": "same""#,
            "stride is [1, 2], expected 1 on each axis for a padding of \"same\"",
        ),
        (r#""kernel": 9223372036854775807"#, "expected one that fits into the address space"),
        (
            r#""kernel": 1, "padding": 9223372036854775808, "padding_mode": "reflect""#,
            "padding is Zeros([9223372036854775808, 9223372036854775808]), expected one that fits",
        ),
    ];
    for (rest, expected) in cases {
        let found = found(rest);
        assert!(found.contains(expected), "{rest}: {found}, expected {expected}");
    }
    let transposed = ConvTranspose1dConfig::new(1, 1, 3).stride(2).output_padding(2);
    let error = transposed.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    assert_eq!(
        error,
        "ConvTranspose1dConfig: output_padding is [2], expected less than the stride or the dilation on each axis"
    );
}

#[test]
fn wrong_inputs_name_the_axis() {
    let conv = || Conv1dConfig::new(3, 2, 5).padding(2).padding_mode(PaddingMode::Reflect);
    let of = |shape: &'static [usize]| {
        panic_of(move || drop(conv().init::<f32>(&mut rng()).forward(&Tensor::zeros(shape))))
    };
    assert!(
        of(&[2, 4, 9]).contains("axis 1 of the weight has 3 channels, the input has 4"),
        "{}",
        of(&[2, 4, 9])
    );
    let text = of(&[3]);
    assert!(text.contains("the input [3] is not [batch, channels, length] or [channels, length]"), "{text}");
    assert!(of(&[3, 2]).contains("a reflection needs a longer axis"), "{}", of(&[3, 2]));
    let up = || ConvTranspose2dConfig::new(1, 1, 3).stride((2, 1)).init::<f32>(&mut rng());
    let text = panic_of(move || drop(up().forward_with(&Tensor::zeros([1, 4, 4]), (11, 6))));
    let expected = "ConvTranspose2d: axis 1 of the output cannot have 11 elements: with stride 2 an input [1, 4, 4] \
                    gives 9 to 10";
    assert_eq!(text, expected);
    let text = panic_of(move || drop(up().forward_with(&Tensor::zeros([4, 4]), 9)));
    assert!(text.starts_with("ConvTranspose2d: the input [4, 4] is not"), "{text}");
}

/// Padding by a mode is the border, and then a convolution without padding.
#[test]
fn a_border_is_put_around_the_input_first() {
    let config = Conv2dConfig::new(2, 3, (2, 3)).padding((2, 1)).padding_mode(PaddingMode::Replicate);
    let layer: Conv2d<f64> = config.init(&mut rng());
    let x = ramp([2, 2, 4, 5], 3);
    let padded = ReplicationPad2d::new([(2, 2), (1, 1)]).forward(&x);
    let y = padded.conv2d(&layer.weight.value(), Some(&layer.bias.as_ref().unwrap().value()), ());
    assert_eq!(layer.forward(&x).to_vec(), y.to_vec());
}

#[test]
fn layers_of_any_dimension_are_written_once() {
    fn taps<const D: usize>(conv: &Conv<D, f32>) -> usize {
        conv.weight.shape()[2..].iter().product()
    }
    assert_eq!(taps(&Conv1d::new(1, 1, 3, &mut rng())), 3);
    assert_eq!(taps(&Conv3d::new(1, 1, (3, 2, 1), &mut rng())), 6);
}

/// PyTorch's bounds: 1/√(in · taps), and for a transposed convolution 1/√(out · taps).
#[test]
fn first_values_are_within_pytorchs_bounds() {
    let within = |parameter: &Parameter<f64>, bound: f64| {
        let largest = parameter.value().abs().max(..).item();
        assert!(largest <= bound && largest > 0.8 * bound, "{largest} for {bound}");
    };
    let conv: Conv1d<f64> = Conv1d::new(4, 50, 5, &mut rng());
    within(&conv.weight, 1.0 / 20f64.sqrt());
    within(conv.bias.as_ref().unwrap(), 1.0 / 20f64.sqrt());
    let up: ConvTranspose2d<f64> = ConvTranspose2d::new(9, 50, 2, &mut rng());
    within(&up.weight, 1.0 / 200f64.sqrt());
    within(up.bias.as_ref().unwrap(), 1.0 / 200f64.sqrt());
}
