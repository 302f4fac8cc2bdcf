//! Wrong programs panic at the caller's line, also where the library calls itself in a loop.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Once;

use wengert::data::detection::{Detection, Object};
use wengert::models::detection::{
    DetectionHead, DetectionLoss, Detector, Nms, SlidingWindows, box_iou, generalized_box_iou,
};
use wengert::models::vision::GoogLeNetOutputs;
use wengert::prelude::*;

use crate::scenes::rng;

thread_local! {
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// What the panic of a program says, which must come from this file.
#[track_caller]
fn refused<R>(program: impl FnOnce() -> R) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<String>().cloned().unwrap_or_default();
            let file = info.location().map(|at| at.file().to_owned()).unwrap_or_default();
            LAST.set(Some((text, file)));
            before(info);
        }));
    });
    assert!(panic::catch_unwind(AssertUnwindSafe(program)).is_err(), "the wrong program ran");
    let (text, file) = LAST.take().expect("the hook saw it");
    assert_eq!(file, Location::caller().file(), "{text}");
    text
}

/// Finds nothing.
#[derive(Clone, Module)]
struct Blind;

impl Detector<f32> for Blind {
    fn maps(&self, _: &Tensor) -> Vec<Tensor> {
        vec![]
    }

    fn head(&self) -> &dyn DetectionHead<f32> {
        self
    }
}

impl DetectionHead<f32> for Blind {
    fn loss(&self, _: &[Tensor], _: &[Vec<Object>]) -> DetectionLoss {
        unreachable!("it is not trained")
    }

    fn decode(&self, _: &[Tensor], _: f64) -> Vec<Vec<Detection>> {
        vec![vec![]]
    }
}

#[test]
fn suppression_by_an_absurd_threshold() {
    let picture = Tensor::zeros([1, 1, 4, 4]);
    let text = refused(|| Blind.detect(&picture, 0.5, 1.5));
    assert!(text.starts_with("Nms: iou_threshold is 1.5"), "{text}");
    let windows = SlidingWindows::new(4, 4);
    let text =
        refused(|| windows.detect(&Tensor::<f32>::zeros([1, 1, 2]), (4, 4), None, 0.5, &Nms::new(-1.0)));
    assert!(text.starts_with("Nms: iou_threshold is -1"), "{text}");
}

#[test]
fn networks_that_are_none_for_sliding_windows() {
    let (windows, picture) = (SlidingWindows::new(2, 2), Tensor::<f32>::zeros([1, 1, 4, 4]));
    let text = refused(|| windows.run(&Relu, &picture));
    assert!(text.contains("the classifier gives [1, 1, 2, 2] for windows [1, 1, 2, 2]"), "{text}");
    let linear = Linear::new(3, 1, &mut rng(0));
    let text = refused(|| windows.run(&linear, &picture));
    assert!(
        text.starts_with("linear: axis 1 of the input has 2 elements, axis 1 of the weight has 3"),
        "{text}"
    );
    let text = refused(|| windows.run_convolutional(&Flatten::new(), &picture));
    assert!(text.contains("the network gives [1, 16], not [batch, outputs, rows, columns]"), "{text}");
    let text = refused(|| windows.run_convolutional(&Relu, &picture));
    assert!(text.contains("the network gives 4×4 places of pictures [1, 1, 4, 4] for 2×2 windows"), "{text}");
}

#[test]
fn boxes_whose_batches_do_not_broadcast() {
    let boxes = |batch: usize| Tensor::<f32>::zeros([batch, 5, 4]);
    let text = refused(|| box_iou(&boxes(2), &boxes(3)));
    assert_eq!(text, "box_iou: the axes before [n, 4] of [2, 5, 4] and [3, 5, 4] do not broadcast");
    let text = refused(|| generalized_box_iou(&boxes(2), &boxes(3)));
    assert_eq!(
        text,
        "generalized_box_iou: the axes before [n, 4] of [2, 5, 4] and [3, 5, 4] do not broadcast"
    );
}

#[test]
fn a_stage_that_is_none() {
    let model = ResNet::<f32>::resnet20(10, &mut rng(0));
    let text = refused(|| model.features(&Tensor::zeros([1, 3, 8, 8]), &["relu", "layer5"]));
    assert!(text.starts_with("no stage is named `layer5`"), "{text}");
}

#[test]
fn losses_of_auxiliary_heads_that_do_not_add_up() {
    let logits = |n: usize| Tensor::<f32>::zeros([n]);
    let outputs = GoogLeNetOutputs { logits: logits(2), aux_logits2: None, aux_logits1: Some(logits(3)) };
    let text = refused(|| outputs.loss_with(Tensor::clone));
    assert!(text.starts_with("add: "), "{text}");
}
