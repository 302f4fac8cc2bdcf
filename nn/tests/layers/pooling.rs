//! Pooling layers.

use serde::de::DeserializeOwned;
use wengert::prelude::*;

use crate::{panic_of, ramp};

#[test]
fn a_written_layer_is_read_back() {
    fn there_and_back<L: serde::Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(layer: L) {
        let json = serde_json::to_string(&layer).unwrap();
        assert_eq!(serde_json::from_str::<L>(&json).unwrap(), layer, "{json}");
    }
    there_and_back(MaxPool2d::new(Pool2d::new((3, 2)).stride(1).padding((1, 0)).dilation(2).ceil_mode(true)));
    there_and_back(AvgPool1d::new(Pool1d::new(3).padding(1).count_include_pad(false)));
    there_and_back(AvgPool3d::new(Pool3d::new(2).divisor_override(7)));
    there_and_back(LpPool2d::new(3.0, Pool2d::new(2).stride(1).ceil_mode(true)));
    there_and_back(MaxUnpool3d::new(Pool3d::new(2).stride((2, 1, 2))));
    there_and_back(AdaptiveAvgPool2d::new([None, Some(3)]));
    there_and_back(AdaptiveMaxPool3d::new(2));
}

#[test]
fn a_file_that_describes_no_pooling_is_refused() {
    fn error<L: DeserializeOwned>(file: &str) -> String {
        serde_json::from_str::<L>(file).err().unwrap_or_else(|| panic!("{file} is no mistake")).to_string()
    }
    let cases = [
        (
            error::<MaxPool2d>(r#"{"kernel": 0}"#),
            "MaxPool2d: kernel is [0, 0], expected at least 1 on each axis",
        ),
        (error::<MaxPool1d>(r#"{"kernel": 2, "stride": 0}"#), "MaxPool1d: stride is [0]"),
        (error::<MaxPool3d>(r#"{"kernel": 2, "dilation": [1, 1, 0]}"#), "MaxPool3d: dilation is [1, 1, 0]"),
        (
            error::<MaxPool2d>(r#"{"kernel": 3, "padding": 2}"#),
            "padding is [2, 2], expected at most half of the kernel, which is [3, 3]",
        ),
        (error::<MaxPool2d>(r#"{"kernel": 3, "divisor_override": 2}"#), "MaxPool2d: divisor_override is 2"),
        (error::<MaxPool2d>(r#"{"kernel": 3, "count_include_pad": false}"#), "count_include_pad is false"),
        (error::<AvgPool2d>(r#"{"kernel": 3, "dilation": 2}"#), "AvgPool2d: dilation is [2, 2]"),
        (error::<AvgPool2d>(r#"{"kernel": 3, "divisor_override": 0}"#), "divisor_override is 0"),
        (error::<AvgPool2d>(r#"{"kernel": [3, 3, 3]}"#), "an array of 3 for 2 axes"),
        (error::<AvgPool2d>(r#"{"kernel": 3, "strides": 1}"#), "unknown field `strides`"),
        (error::<LpPool1d>(r#"{"norm_type": 0, "kernel": 3}"#), "LpPool1d: norm_type is 0"),
        (error::<LpPool1d>(r#"{"norm_type": 2, "kernel": 3, "padding": 1}"#), "unknown field `padding`"),
        (error::<MaxUnpool2d>(r#"{"kernel": 3, "dilation": 2}"#), "MaxUnpool2d: dilation is [2, 2]"),
        (
            error::<AdaptiveAvgPool2d>(r#"{"output_size": [null, 0]}"#),
            "AdaptiveAvgPool2d: output_size is [None, Some(0)]",
        ),
        (error::<AdaptiveMaxPool1d>(r#"{"output_size": [1, 2]}"#), "an array of 2 for 1 axes"),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "{found}, expected {expected}");
    }
    let text = panic_of(|| {
        let _ = LpPool1d::new(2.0, Pool1d::new(3).padding(1));
    });
    assert_eq!(text, "LpPool1d: padding is [1], expected 0 on each axis");
}

#[test]
fn maxima_are_put_back_where_they_stood() {
    let pool = MaxPool3d::new((2, 1, 2));
    let unpool = MaxUnpool3d::new((2, 1, 2));
    let x: Tensor<f64> = ramp([2, 2, 5, 2, 4], 3);
    let (y, indices) = pool.forward_with_indices(&x);
    assert_eq!(pool.forward(&x).to_vec(), y.to_vec());
    let back = unpool.forward_with(&y, &indices, (5, 2, 4));
    assert_eq!(back.shape(), x.shape());
    let kept = back.to_vec().iter().zip(x.to_vec()).filter(|(back, x)| **back == *x && *x != 0.0).count();
    let maxima = y.to_vec().iter().filter(|y| **y != 0.0).count();
    assert!(kept >= maxima);
    assert_eq!(back.to_vec().iter().filter(|x| **x != 0.0).count(), maxima);
    let wrong = std::panic::AssertUnwindSafe(|| drop(unpool.forward_with(&y, &indices, 9)));
    assert!(panic_of(wrong).contains("the output size 9 of axis 2"));
}
