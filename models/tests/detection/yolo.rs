//! YOLOv2 and YOLOv3: sizes, order of the parameters, that all of them learn.

use wengert::models::detection::darknet::{DarknetLayer, DarknetWeights};
use wengert::models::detection::{
    AnchorLoss, BoxLoss, Detector, Overlap, Reorg, YoloV2, YoloV2Config, YoloV3, YoloV3Config, YoloV3Tiny,
    YoloV3TinyConfig,
};
use wengert::prelude::*;

use crate::scenes::{random, rectangles, rng};
use crate::tiny_yolo::all_found;

const ANCHORS: [[f64; 2]; 6] =
    [[8.0, 12.0], [14.0, 10.0], [12.0, 25.0], [28.0, 20.0], [25.0, 40.0], [50.0, 50.0]];

const NONE: [[f64; 2]; 0] = [];

fn v2() -> YoloV2 {
    YoloV2Config::new(2, ANCHORS).in_channels(2).width(1.0 / 32.0).init(&mut rng(1))
}

fn v3() -> YoloV3 {
    YoloV3Config::new(2, ANCHORS).in_channels(2).width(1.0 / 32.0).init(&mut rng(1))
}

fn v3_tiny() -> YoloV3Tiny {
    YoloV3TinyConfig::new(2, ANCHORS).in_channels(2).width(1.0 / 8.0).init(&mut rng(1))
}

/// What a file of Darknet's holds behind its header: parameters, running means and variances.
pub(crate) fn numbers(model: &impl DarknetWeights<f32>) -> u64 {
    model.darknet_layers().iter().map(DarknetLayer::numbers).sum()
}

#[test]
fn the_small_yolov3_has_the_numbers_of_darknets_file() {
    let model: YoloV3Tiny = YoloV3TinyConfig::coco().init(&mut rng(0));
    assert_eq!(model.parameter_count(), 8_852_366);
    // yolov3-tiny.weights has 35,434,956 bytes, of which 20 are a header.
    assert_eq!(numbers(&model), (35_434_956 - 20) / 4);
}

#[test]
fn yolov2_has_the_numbers_of_darknets_file() {
    let model: YoloV2 = YoloV2Config::coco().init(&mut rng(0));
    assert_eq!(model.parameter_count(), 50_962_889);
    // yolov2.weights has 203,934,260 bytes, of which 16 are a header.
    assert_eq!(numbers(&model), (203_934_260 - 16) / 4);
}

#[test]
fn yolov3_has_the_numbers_of_darknets_file() {
    let model: YoloV3 = YoloV3Config::coco().init(&mut rng(0));
    assert_eq!(model.parameter_count(), 61_949_149);
    // yolov3.weights has 248,007,048 bytes, of which 20 are a header.
    assert_eq!(numbers(&model), (248_007_048 - 20) / 4);
}

#[test]
fn every_parameter_learns_at_any_size() {
    let models: [&dyn Trained; 3] = [&v2(), &v3(), &v3_tiny()];
    for model in models {
        for size in [64, 96] {
            model.check(size);
        }
    }
}

/// [`Detector`] as an object: the audit needs a model whose size is known.
trait Trained {
    fn check(&self, size: usize);
}

impl<M: Detector<f32>> Trained for M {
    fn check(&self, size: usize) {
        let (pictures, objects) = rectangles(2, 2, size, 2);
        let tape = Tape::training(0);
        let loss = self.loss(&self.maps(&tape.constant(&pictures)), &objects);
        let audit = tape.audit(&loss, self);
        assert!(loss.item().is_finite() && audit.is_clean(), "{audit}");
        // Nothing to find is a batch to learn from too.
        let loss = self.loss(&self.maps(&Tape::training(0).constant(&pictures)), &[vec![], vec![]]);
        assert!(loss.item().is_finite());
        loss.backward();
        assert_eq!(self.detect(&pictures, 0.99, 0.5).len(), 2);
    }
}

#[test]
fn the_small_yolov3_learns_some_scenes_by_heart() {
    let (pictures, objects) = rectangles(4, 2, 64, 4);
    let loss = AnchorLoss::v3().box_loss(BoxLoss::Overlap(Overlap::Ciou));
    let anchors = [(16.0, 24.0), (28.0, 30.0)];
    let config = YoloV3TinyConfig::new(2, anchors).in_channels(2).width(1.0 / 16.0).loss(loss);
    let model = config.init::<f32>(&mut rng(1));
    let mut adam = Adam::new(model.parameters(), 1e-2);
    for _ in 0..120 {
        let loss = model.loss(&model.maps(&Tape::training(0).constant(&pictures)), &objects);
        adam.step(&loss.backward());
    }
    let found = model.detect(&pictures, 0.5, 0.5);
    assert!(all_found(&found, &objects, 0.7), "{found:#?} {objects:#?}");
}

#[test]
fn parameters_stand_in_the_order_of_darknets_files() {
    let order = |model: &dyn Module<f32>| {
        let names = model.named_parameters().into_iter().map(|(name, _)| name);
        let blocks = names.filter(|name| name.ends_with("conv.weight") || name.ends_with("output.weight"));
        blocks.collect::<Vec<String>>()
    };
    let (v2, v3) = (order(&v2()), order(&v3()));
    let tail = ["neck.0.conv", "neck.1.conv", "passthrough.conv", "fusion.conv", "output"];
    assert_eq!(v2[18..], tail.map(|name| format!("{name}.weight")));
    assert_eq!(v3.len(), 75);
    let joint =
        ["branches.0.last.conv", "branches.0.output", "branches.1.reduce.conv", "branches.1.neck.0.conv"];
    assert_eq!(v3[57..61], joint.map(|name| format!("{name}.weight")));
}

#[test]
fn the_largest_anchors_belong_to_the_coarsest_map() {
    let model = v3();
    assert_eq!(model.head.strides(), [32, 16, 8]);
    assert_eq!(model.head.anchors(0), &ANCHORS[4..]);
    assert_eq!(model.head.anchors(2), &ANCHORS[..2]);
    assert_eq!(v3_tiny().head.anchors(0), &ANCHORS[3..]);
}

/// Darknet's loop over the outputs, written once more.
#[test]
fn reorg_is_darknets() {
    let [batch, channels, rows, columns] = [2, 8, 6, 4];
    let x: Tensor<f64> = random(&[batch, channels, rows, columns], 3);
    let numbers = x.to_vec();
    let picture = channels * rows * columns;
    let mut expected = Vec::new();
    for b in 0..batch {
        for k in 0..channels {
            for j in 0..rows {
                for i in 0..columns {
                    let (channel, quarter) = (k % (channels / 4), k / (channels / 4));
                    let (row, column) = (2 * j + quarter / 2, 2 * i + quarter % 2);
                    expected.push(numbers[b * picture + (channel * 2 * rows + row) * 2 * columns + column]);
                }
            }
        }
    }
    let y = Reorg.forward(&x);
    assert_eq!(y.shape(), [batch, 4 * channels, rows / 2, columns / 2]);
    assert_eq!(y.to_vec(), expected);
}

#[test]
#[should_panic(expected = "reorg: the square of the stride 2 does not divide the channels of [1, 6, 4, 4]")]
fn reorg_refuses_what_it_cannot_divide() {
    Reorg.forward(&Tensor::<f32>::zeros([1, 6, 4, 4]));
}

#[test]
#[should_panic(expected = "YoloV3: height and width of the pictures [1, 2, 64, 80] are not multiples of 32")]
fn a_size_that_does_not_divide_is_refused() {
    v3().maps(&Tensor::zeros([1, 2, 64, 80]));
}

#[test]
fn wrong_configurations_are_errors() {
    let refused = |error: Option<String>, expected: &str| {
        let error = error.expect("the configuration is wrong");
        assert!(error.starts_with(expected), "{error}");
    };
    let v2 = |config: YoloV2Config| config.try_init::<f32>(&mut rng(0)).err().map(|e| e.to_string());
    let v3 = |config: YoloV3Config| config.try_init::<f32>(&mut rng(0)).err().map(|e| e.to_string());
    let tiny = |config: YoloV3TinyConfig| config.try_init::<f32>(&mut rng(0)).err().map(|e| e.to_string());
    refused(v2(YoloV2Config::new(0, ANCHORS)), "AnchorHead: classes is 0");
    refused(v2(YoloV2Config::new(1, NONE)), "AnchorHead: anchors is []");
    refused(v2(YoloV2Config::new(1, ANCHORS).width(-1.0)), "Darknet19Config: width is -1");
    refused(v2(YoloV2Config::new(1, ANCHORS).width(1e300)), "BatchNormConfig: weight is of shape [1844");
    refused(
        v3(YoloV3Config::new(1, ANCHORS[..4].to_vec())),
        "YoloV3Config: anchors is 4 pairs, expected some for each of 3",
    );
    refused(v3(YoloV3Config::new(1, NONE)), "YoloV3Config: anchors is 0 pairs");
    refused(v3(YoloV3Config::new(1, ANCHORS).in_channels(0)), "Darknet53Config: in_channels is 0");
    refused(tiny(YoloV3TinyConfig::new(1, ANCHORS[..3].to_vec())), "YoloV3TinyConfig: anchors is 3 pairs");
    refused(tiny(YoloV3TinyConfig::new(1, ANCHORS).width(f64::NAN)), "YoloV3TinyConfig: width is NaN");
    refused(tiny(YoloV3TinyConfig::new(1, ANCHORS).in_channels(0)), "Conv2dConfig: in_channels is 0");
    let file = r#"{"classes": 2, "anchors": [[8, 8], [9, 9]], "loss": {"box_loss": {"overlap": "ciou"}}}"#;
    assert!(serde_json::from_str::<YoloV3TinyConfig>(file).is_ok());
    assert!(serde_json::from_str::<YoloV3TinyConfig>(r#"{"classes": 2}"#).is_err());
}
