//! Layers that rearrange, resample and surround.

use serde::de::DeserializeOwned;
use wengert::prelude::*;

use crate::panic_of;

#[test]
fn a_written_layer_is_read_back() {
    fn there_and_back<L: serde::Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(layer: L) {
        let json = serde_json::to_string(&layer).unwrap();
        assert_eq!(serde_json::from_str::<L>(&json).unwrap(), layer, "{json}");
    }
    there_and_back(Flatten::new().start(2).end(-2));
    there_and_back(Unflatten::new(-1, [2, -1, 3]));
    there_and_back(Identity);
    there_and_back(PixelShuffle::new(3));
    there_and_back(ChannelShuffle::new(4));
    there_and_back(Unfold::new(Patches::new((2, 3)).dilation(2).padding(1).stride((1, 2))));
    there_and_back(Fold::new((4, 5), Patches::new(2).padding((0, 1))));
    there_and_back(Upsample::new(Interpolate::size([3, 4]).mode(Interpolation::Bicubic).align_corners(true)));
    there_and_back(Upsample::new(Interpolate::scale_factor(1.5).recompute_scale_factor(true)));
    there_and_back(ReflectionPad2d::new([(1, 0), (-2, 3)]));
    there_and_back(ConstantPad1d::new(2, 0.5));
    there_and_back(CosineSimilarity::new().axis(-1).eps(0.1));
    there_and_back(PairwiseDistance::new().p(1.0).keepdim(true));
}

#[test]
fn a_file_that_describes_no_layer_is_refused() {
    fn error<L: DeserializeOwned>(file: &str) -> String {
        serde_json::from_str::<L>(file).err().unwrap_or_else(|| panic!("{file} is no mistake")).to_string()
    }
    let cases = [
        (error::<Flatten>(r#"{"from": 1}"#), "unknown field `from`"),
        (
            error::<Unflatten>(r#"{"axis": 1, "sizes": []}"#),
            "Unflatten: sizes is [], expected sizes from 0 on",
        ),
        (error::<Unflatten>(r#"{"axis": 1, "sizes": [-1, -1]}"#), "sizes is [-1, -1]"),
        (error::<Unflatten>(r#"{"axis": 1, "sizes": [-2]}"#), "sizes is [-2]"),
        (error::<PixelShuffle>(r#"{"upscale_factor": 0}"#), "expected a nonzero usize"),
        (error::<Unfold>(r#"{"kernel": [0, 1]}"#), "Unfold: kernel is [0, 1]"),
        (error::<Fold>(r#"{"kernel": 2, "output_size": 0}"#), "Fold: output_size is [0, 0]"),
        (error::<Fold>(r#"{"kernel": 2}"#), "missing field `output_size`"),
        (error::<Upsample>(r#"{"mode": "linear"}"#), "expected either a size or a scale_factor"),
        (error::<Upsample>(r#"{"size": 2, "scale_factor": 2}"#), "expected either a size or a scale_factor"),
        (error::<Upsample>(r#"{"scale_factor": [2, -1]}"#), "the scale factor -1 is not positive and finite"),
        (error::<Upsample>(r#"{"size": 2, "align_corners": true}"#), "has no corners to align"),
        (
            error::<Upsample>(r#"{"size": 2, "mode": "sharp"}"#),
            "unknown variant `sharp`, expected one of `nearest`",
        ),
        (error::<ZeroPad2d>(r#"{"padding": [1, 2]}"#), "a pair of numbers for each axis"),
        (error::<ZeroPad2d>(r#"{"padding": [[1, 2]]}"#), "1 pairs for 2 axes"),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "{found}, expected {expected}");
    }
}

#[test]
fn wrong_inputs_name_the_layer_and_the_axis() {
    let of = |layer: Box<dyn Layer<f32>>, shape: &'static [usize]| {
        panic_of(std::panic::AssertUnwindSafe(move || drop(layer.forward(&Tensor::zeros(shape)))))
    };
    let cases = [
        (of(Box::new(Flatten::new()), &[3]), "Flatten: axis 1 is out of range for the input [3] of rank 1"),
        (of(Box::new(Flatten::new().start(2).end(1)), &[3, 4, 5]), "is before 2"),
        (
            of(Box::new(Unflatten::new(1, [2, 4])), &[3, 6]),
            "Unflatten: axis 1 of the input [3, 6] has 6 elements, not those of [2, 4]",
        ),
        (of(Box::new(Unflatten::new(1, [4, -1])), &[3, 6]), "not those of [4, -1]"),
        (
            of(Box::new(ChannelShuffle::new(4)), &[1, 6, 2]),
            "ChannelShuffle: axis 1 of the input [1, 6, 2] has 6 channels, no multiple of 4 groups",
        ),
        (of(Box::new(ZeroPad3d::new(1)), &[2, 2]), "ZeroPad3d: the input [2, 2] has fewer than 3 axes"),
        (of(Box::new(ReflectionPad1d::new(3)), &[1, 3]), "axis 1 of 3 elements cannot be padded by (3, 3)"),
        (of(Box::new(Upsample::new(Interpolate::size(4))), &[3, 4]), "interpolate: "),
    ];
    for (found, expected) in cases {
        assert!(found.contains(expected), "{found}, expected {expected}");
    }
    let text = panic_of(|| {
        let _ = PixelUnshuffle::new(0);
    });
    assert_eq!(text, "PixelUnshuffle: downscale_factor is 0, expected at least 1");
}
