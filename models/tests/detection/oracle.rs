//! The losses of the first three YOLOs and their gradients are those that `oracle/generate.py` wrote.

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use wengert::data::detection::{BoundingBox, Object};
use wengert::models::detection::{AnchorHead, ClassScores, DetectionHead, GridHead};
use wengert::prelude::*;

#[derive(Deserialize)]
struct File {
    torch: String,
    count: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    version: String,
    classes: usize,
    size: (f64, f64),
    /// Of the first YOLO: rows and columns, boxes of a cell.
    #[serde(default)]
    grid: (usize, usize),
    #[serde(default)]
    boxes: usize,
    /// Of the others.
    #[serde(default)]
    scales: Vec<Scale>,
    #[serde(default)]
    class_scores: Option<ClassScores>,
    options: Value,
    objects: Vec<Vec<Labelled>>,
    maps: Vec<Array>,
    /// Of boxes, objectness, classes.
    loss: [f64; 3],
    gradients: Vec<Vec<f64>>,
}

/// The edges of an object and its class.
type Labelled = (f64, f64, f64, f64, usize);

#[derive(Deserialize)]
struct Scale {
    stride: usize,
    anchors: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Case {
    fn head(&self) -> Box<dyn DetectionHead<f64>> {
        if self.version == "v1" {
            let scale = |name: &str| self.options[name].as_f64().expect("a number");
            let head = GridHead::new(self.classes, self.size)
                .grid(self.grid.0, self.grid.1)
                .boxes(self.boxes)
                .coord_scale(scale("coord_scale"))
                .object_scale(scale("object_scale"))
                .noobject_scale(scale("noobject_scale"))
                .class_scale(scale("class_scale"))
                .rescore(self.options["rescore"].as_bool().expect("yes or no"));
            return Box::new(head);
        }
        let head = AnchorHead::new(self.classes)
            .anchor_loss(serde_json::from_value(self.options.clone()).expect("options of a loss"))
            .class_scores(self.class_scores.expect("v2 and v3 say how classes are scored"));
        Box::new(self.scales.iter().fold(head, |head, scale| head.map(scale.stride, scale.anchors.clone())))
    }

    fn objects(&self) -> Vec<Vec<Object>> {
        let object =
            |&(x1, y1, x2, y2, class): &Labelled| Object::new(BoundingBox::new(x1, y1, x2, y2), class);
        self.objects.iter().map(|objects| objects.iter().map(object).collect()).collect()
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs() + b.abs())
}

#[test]
fn losses_and_gradients_are_the_oracles() {
    let packed = GzDecoder::new(&include_bytes!("oracle/yolo.json.gz")[..]);
    let file: File = serde_json::from_reader(packed).expect("the file is well formed");
    assert_eq!((file.cases.len(), file.count), (56, 56), "of torch {}", file.torch);
    for (at, case) in file.cases.iter().enumerate() {
        let tape = Tape::new();
        let map = |array: &Array| tape.variable(Tensor::from_vec(&array.shape, array.values.clone()));
        let maps: Vec<Tensor<f64>> = case.maps.iter().map(map).collect();
        let loss = case.head().loss(&maps, &case.objects());
        let parts = [&loss.boxes, &loss.objectness, &loss.classes].map(|part| part.item());
        let same = parts.iter().zip(case.loss).all(|(&a, b)| near(a, b));
        assert!(same, "case {at}, {}: {parts:?} are not {:?}", case.version, case.loss);
        let grads = loss.total().backward();
        for (map, expected) in maps.iter().zip(&case.gradients) {
            let found = grads.get(map).expect("every map takes part").to_vec();
            let worst = found.iter().zip(expected).position(|(&a, &b)| !near(a, b));
            assert_eq!(found.len(), expected.len());
            assert!(worst.is_none(), "case {at}, {}: entry {worst:?} of a gradient", case.version);
        }
    }
}
