//! The published networks: shapes, sizes of their files, operations, and that the zoo's models are the same.

use wengert::models::Stages;
use wengert::models::detection::darknet::{Cfg, DarknetNet, DarknetWeights, Section, Version, WeightsError};
use wengert::models::detection::{Detector, TinyYoloConfig, YoloV2Config, YoloV3Config, YoloV3TinyConfig};
use wengert::models::vision::{Darknet19Config, Darknet53Config};
use wengert::prelude::*;

use crate::networks::{self, darknet19, darknet53, yolov1_tiny, yolov2, yolov2_tiny, yolov3, yolov3_tiny};
use crate::{noise, rng};

fn cfg(text: &str) -> Cfg {
    let cfg = Cfg::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(cfg.ignored(), []);
    cfg
}

#[test]
fn files_have_the_published_sizes() {
    // The files of YOLO v2 are of version 0.1, whose header is 4 bytes shorter; those of the tiny one and of v3 of 0.2.
    let (narrow, wide) = (4, 0);
    let table = [
        ("yolov3.weights", yolov3(416, 1, 80), 248_007_048, wide),
        ("yolov3-tiny.weights", yolov3_tiny(1, 80), 35_434_956, wide),
        ("yolov2.weights", yolov2(608, 1, 80), 203_934_260, narrow),
        ("yolov2-tiny-voc.weights", yolov2_tiny(1, 1024, 20), 63_471_560, wide),
        ("darknet53.conv.74", networks::darknet53_trunk(), 162_482_580, wide),
    ];
    for (name, text, bytes, shorter) in table {
        assert_eq!(cfg(&text).weights_size() - shorter, bytes, "{name}");
    }
}

#[test]
fn operations_are_those_that_darknet_prints() {
    let table = [
        ("YOLOv3-416", yolov3(416, 1, 80), 65.86),
        ("YOLOv3-608", yolov3(608, 1, 80), 140.69),
        ("YOLOv3-tiny", yolov3_tiny(1, 80), 5.56),
        ("YOLOv2 608x608", yolov2(608, 1, 80), 62.94),
        ("Tiny YOLO", yolov2_tiny(1, 512, 80), 5.41),
        ("Tiny YOLO VOC", yolov2_tiny(1, 1024, 20), 6.97),
        ("Darknet19", darknet19(1, 1000), 7.29),
        ("Darknet53", darknet53(1, 1000), 18.57),
    ];
    for (name, text, billions) in table {
        let found = cfg(&text).operations() as f64 / 1e9;
        assert!((found - billions).abs() < 0.006, "{name}: {found}, expected {billions}");
    }
}

#[test]
fn layers_have_the_shapes_that_darknet_prints() {
    let output = |cfg: &Cfg, layer: usize| cfg.layers()[layer].output();
    let v3 = cfg(&yolov3(416, 1, 80));
    assert_eq!(v3.layers().len(), 107);
    assert_eq!(output(&v3, 36), [256, 52, 52]);
    assert_eq!(output(&v3, 61), [512, 26, 26]);
    assert_eq!(output(&v3, 74), [1024, 13, 13]);
    assert_eq!(output(&v3, 86), [768, 26, 26]);
    assert_eq!(output(&v3, 98), [384, 52, 52]);
    assert_eq!([82, 94, 106].map(|head| output(&v3, head)), [[255, 13, 13], [255, 26, 26], [255, 52, 52]]);
    let Section::Yolo(head) = v3.layers()[94].section() else { panic!("94 is a head") };
    assert_eq!(head.own_anchors(), [(30.0, 61.0), (62.0, 45.0), (59.0, 119.0)]);
    assert_eq!((head.classes, head.ignore_thresh, head.truth_thresh), (80, 0.7, 1.0));

    let tiny = cfg(&yolov3_tiny(1, 80));
    assert_eq!(tiny.layers().len(), 24);
    assert_eq!(
        [11, 16, 20, 23].map(|layer| output(&tiny, layer)),
        [[512, 13, 13], [255, 13, 13], [384, 26, 26], [255, 26, 26]]
    );

    let v2 = cfg(&yolov2(608, 1, 80));
    assert_eq!(v2.layers().len(), 32);
    assert_eq!(
        [25, 27, 28, 31].map(|layer| output(&v2, layer)),
        [[512, 38, 38], [256, 19, 19], [1280, 19, 19], [425, 19, 19]]
    );
    let Section::Region(head) = v2.layers()[31].section() else { panic!("31 is a head") };
    assert_eq!((head.anchors[4], head.softmax, head.object_scale), ((9.77052, 9.16828), true, 5.0));

    let v1 = cfg(&yolov1_tiny(1));
    assert_eq!([13, 14, 15].map(|layer| output(&v1, layer)), [[256, 7, 7], [1470, 1, 1], [1470, 1, 1]]);
    let Section::Detection(head) = v1.layers()[15].section() else { panic!("15 is a head") };
    assert_eq!((head.side, head.num, head.classes, head.noobject_scale), (7, 2, 20, 0.5));

    let tiny = cfg(&yolov2_tiny(1, 1024, 20));
    assert_eq!([11, 15].map(|layer| output(&tiny, layer)), [[512, 13, 13], [125, 13, 13]]);
}

#[test]
fn parameters_of_cfgs_are_those_of_the_networks() {
    let table = [
        (darknet19(1, 1000), 20_842_376),
        (darknet53(1, 1000), 41_609_928),
        (yolov2(416, 1, 80), 50_962_889),
        (yolov3(416, 1, 80), 61_949_149),
        (yolov3_tiny(1, 80), 8_852_366),
    ];
    for (text, parameters) in table {
        assert_eq!(cfg(&text).parameter_count(), parameters);
    }
    let narrow = cfg(&yolov3(64, 16, 3));
    assert_eq!(narrow.init::<f32>(&mut rng()).parameter_count() as u64, narrow.parameter_count());
}

/// A file of weights for a network, with statistics that are not the first ones.
fn trained(cfg: &Cfg) -> (DarknetNet<f64>, Vec<u8>) {
    let net = cfg.init::<f64>(&mut rng());
    for (path, buffer) in net.named_buffers() {
        if !buffer.is_count() {
            let draw = Init::uniform(0.5, 1.5);
            buffer.set(&draw.tensor(buffer.shape(), &mut ChaCha8Rng::seed_from_u64(path.len() as u64)));
        }
    }
    // As a file has it, rounded to 32 bits.
    let bytes = net.weights_bytes(Version::default(), 640);
    net.load_weights_bytes(&bytes).unwrap();
    (net, bytes)
}

fn expect_same(found: &Tensor<f64>, expected: &Tensor<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let scale = expected.abs().max(..).item();
    let difference = (found - expected).abs().max(..).item();
    assert!(scale > 0.0 && difference < 1e-12 * scale, "{what}: {difference} of {scale}");
}

const WIDTH: f64 = 1.0 / 16.0;

#[test]
fn darknet19_takes_its_file() {
    let cfg = cfg(&darknet19(16, 7));
    let (net, bytes) = trained(&cfg);
    let model = Darknet19Config::new(7).width(WIDTH).init::<f64>(&mut rng());
    let loaded = model.load_weights_bytes(&bytes).unwrap();
    assert_eq!((loaded.layers, loaded.seen, loaded.left_over), (19, 640, 0));
    // An odd size too: Darknet's poolings round up.
    for size in [[64, 64], [65, 51]] {
        let x = noise::<f64>(&[2, 3, size[0], size[1]], 4);
        expect_same(&model.forward(&x).softmax(1), &net.forward(&x), "probabilities");
        expect_same(&model.backbone.forward(&x), &net.outputs(&x, &[22])[0], "features");
    }
    assert!(model.weights_bytes(loaded.version, loaded.seen) == bytes);
}

#[test]
fn darknet53_takes_its_file() {
    let cfg = cfg(&darknet53(16, 7));
    let (net, bytes) = trained(&cfg);
    let model = Darknet53Config::new(7).width(WIDTH).init::<f64>(&mut rng());
    assert_eq!(model.load_weights_bytes(&bytes).unwrap().layers, 53);
    let x = noise::<f64>(&[2, 3, 64, 96], 5);
    expect_same(&model.forward(&x).softmax(1), &net.forward(&x), "probabilities");
    assert!(model.weights_bytes(Version::default(), 640) == bytes);
}

/// The model takes the file, and gives what the network of the cfg gives at its heads.
fn expect_detector(model: &(impl Detector<f64> + DarknetWeights<f64>), text: &str) {
    let (net, bytes) = trained(&cfg(text));
    let loaded = model.load_weights_bytes(&bytes).unwrap();
    assert_eq!(loaded.layers, net.darknet_layers().len());
    let x = noise::<f64>(&[2, 3, 64, 96], 3);
    let (maps, heads) = (model.maps(&x), net.heads(&x));
    assert_eq!(maps.len(), heads.len());
    for (map, head) in maps.iter().zip(&heads) {
        expect_same(map, &head.map, &format!("the map before layer {}", head.layer));
    }
    assert!(model.weights_bytes(loaded.version, loaded.seen) == bytes);
}

#[test]
fn detectors_take_their_files() {
    let anchors = |n: usize| (1..=n).map(|i| (i as f64, 2.0 * i as f64)).collect::<Vec<_>>();
    let rng = &mut rng();
    expect_detector(&YoloV2Config::new(3, anchors(5)).width(WIDTH).init(rng), &yolov2(64, 16, 3));
    expect_detector(&YoloV3Config::new(3, anchors(9)).width(WIDTH).init(rng), &yolov3(64, 16, 3));
    expect_detector(&YoloV3TinyConfig::new(3, anchors(6)).width(WIDTH).init(rng), &yolov3_tiny(16, 3));
    let tiny = TinyYoloConfig::new(3, anchors(5)).widths([1, 2, 4, 8, 16, 32]).same_pool(true);
    expect_detector(&tiny.neck([64, 32]).init(rng), &yolov2_tiny(16, 512, 3));
}

#[test]
fn anchors_of_the_zoo_are_those_of_the_cfgs() {
    let v3 = cfg(&yolov3(416, 1, 80));
    let Section::Yolo(head) = v3.layers()[106].section() else { panic!("106 is a head") };
    assert_eq!(YoloV3Config::coco(), YoloV3Config::new(80, head.anchors.clone()));
    let v2 = cfg(&yolov2(416, 1, 80));
    let Section::Region(head) = v2.layers()[31].section() else { panic!("31 is a head") };
    let pixels: Vec<(f64, f64)> = head.anchors.iter().map(|(w, h)| (w * 32.0, h * 32.0)).collect();
    assert_eq!(YoloV2Config::coco(), YoloV2Config::new(80, pixels));
}

#[test]
fn backbones_take_the_beginning_of_a_detectors_file() {
    let x = noise::<f64>(&[1, 3, 64, 96], 6);
    let (v3, bytes) = trained(&cfg(&yolov3(64, 16, 3)));
    let backbone = Darknet53Config::new(1).width(WIDTH).init_backbone::<f64>(&mut rng());
    let loaded = backbone.load_weights_bytes_upto(&bytes, 52).unwrap();
    assert_eq!(loaded.layers, 52);
    for (tap, expected) in backbone.taps(&x).iter().zip(v3.outputs(&x, &[36, 61, 74])) {
        expect_same(tap, &expected, "taps of Darknet-53");
    }
    // What is left over are the heads' numbers.
    let heads: u64 = v3.darknet_layers().iter().skip(52).map(|layer| layer.numbers()).sum();
    assert_eq!(loaded.left_over, heads);

    let (v2, bytes) = trained(&cfg(&yolov2(64, 16, 3)));
    let backbone = Darknet19Config::new(1).width(WIDTH).init_backbone::<f64>(&mut rng());
    backbone.load_weights_bytes_upto(&bytes, 18).unwrap();
    for (tap, expected) in backbone.taps(&x).iter().zip(v2.outputs(&x, &[16, 22])) {
        expect_same(tap, &expected, "taps of Darknet-19");
    }
}

#[test]
fn a_detector_takes_a_file_of_its_first_layers() {
    let (_, full) = trained(&cfg(&yolov3(64, 16, 3)));
    let detector = cfg(&yolov3(64, 16, 3)).init::<f64>(&mut ChaCha8Rng::seed_from_u64(77));
    let backbone = Darknet53Config::new(1).width(WIDTH).init_backbone::<f64>(&mut rng());
    backbone.load_weights_bytes_upto(&full, 52).unwrap();
    // As `darknet53.conv.74`, which is 74 layers and the shortcut after them.
    let partial = backbone.weights_bytes(Version::default(), 0);
    let error = detector.load_weights_bytes(&partial).unwrap_err();
    assert!(matches!(error, WeightsError::TooShort { layer: 75, part: "biases", .. }), "{error}");
    let head = |net: &DarknetNet<f64>| {
        net.parameters_matching("layers.81.conv.weight").unwrap().remove(0).value().to_vec()
    };
    let before = head(&detector);
    let loaded = detector.load_weights_bytes_upto(&partial, 74).unwrap();
    assert_eq!((loaded.layers, loaded.left_over), (52, 0));
    assert_eq!(head(&detector), before);
    let x = noise::<f64>(&[1, 3, 64, 64], 7);
    expect_same(&detector.outputs(&x, &[74])[0], &backbone.forward(&x), "the first layers");
}

#[test]
fn files_are_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let cfg_path = folder.path().join("tiny.cfg");
    std::fs::write(&cfg_path, yolov3_tiny(16, 2)).unwrap();
    let cfg = Cfg::read(&cfg_path).unwrap();
    let (net, bytes) = trained(&cfg);
    let path = folder.path().join("tiny.weights");
    net.save_weights(&path, Version::default(), 640).unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes);
    let other = cfg.init::<f64>(&mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(other.load_weights(&path).unwrap().seen, 640);
    assert!(other.weights_bytes(Version::default(), 640) == bytes);
    assert_eq!(other.load_weights_upto(&path, 1).unwrap().layers, 1);
    // Nothing else was left in the folder.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(net.save_weights(folder.path().join("no/such/folder"), Version::default(), 0).is_err());
}

#[test]
fn a_detector_learns_from_its_heads() {
    let net = cfg(&yolov3(64, 16, 3)).init::<f32>(&mut rng());
    let tape = Tape::training(0);
    let heads = net.heads(&tape.constant(noise(&[2, 3, 64, 64], 8)));
    let shapes: Vec<&[usize]> = heads.iter().map(|head| head.map.shape()).collect();
    assert_eq!(shapes, [[2, 24, 2, 2], [2, 24, 4, 4], [2, 24, 8, 8]]);
    let loss = heads.iter().map(|head| head.map.square().mean(..)).reduce(|a, b| a + b).unwrap();
    let audit = tape.audit(&loss, &net);
    assert!(audit.findings().is_empty(), "{audit}");
}

#[test]
fn stages_of_the_zoo_are_the_layers_of_the_cfg() {
    let model = Darknet53Config::new(3).width(WIDTH).init::<f64>(&mut rng());
    let (net, bytes) = trained(&cfg(&darknet53(16, 3)));
    model.load_weights_bytes(&bytes).unwrap();
    let x = noise::<f64>(&[1, 3, 32, 32], 9);
    let features = model.features(&x, &["backbone.stem", "backbone.stages.1.blocks.1", "classifier"]);
    // The cfg has the classifier as a convolution.
    for (feature, expected) in features.iter().zip(net.outputs(&x, &[0, 11, 76])) {
        expect_same(&feature.reshape(expected.shape()), &expected, "stages");
    }
}

#[test]
fn a_connected_layer_fits_one_size_and_gives_a_row() {
    let net = cfg(&yolov1_tiny(16)).init::<f32>(&mut rng());
    let x = noise::<f32>(&[2, 3, 448, 448], 10);
    let heads = net.heads(&x);
    assert_eq!(heads[0].map.shape(), [2, 1470]);
    assert_eq!(heads[0].map.to_vec(), net.forward(&x).to_vec());
}

#[test]
fn an_empty_batch_gives_empty_maps() {
    let net = cfg(&yolov3_tiny(16, 2)).init::<f32>(&mut rng());
    let shapes: Vec<Vec<usize>> =
        net.heads(&Tensor::zeros([0, 3, 64, 64])).iter().map(|head| head.map.shape().to_vec()).collect();
    assert_eq!(shapes, [[0, 21, 2, 2], [0, 21, 4, 4]]);
}

#[test]
#[should_panic(expected = "DarknetNet: the input [1, 1, 64, 64] is not [batch, 3, height, width]")]
fn another_number_of_channels_is_a_mistake() {
    cfg(&yolov3_tiny(16, 2)).init::<f32>(&mut rng()).forward(&Tensor::zeros([1, 1, 64, 64]));
}
