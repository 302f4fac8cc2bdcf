//! Training steps and inference of networks, on random inputs.
//!
//! A training step is the forward pass, the loss, the backward pass and the optimizer. The counts of multiply-adds are
//! those of convolutions and linear layers for one example, forward; a training step takes three times as many, as
//! the gradients of weights and of inputs cost as much again each.

use std::hint::black_box;

use wengert::models::vision::{ConvBnLeaky, GoogLeNetOutputs, Shortcut};
use wengert::prelude::*;

use crate::measure::{Measure, Work};

/// Floating-point operations of a forward pass.
fn forward(batch: usize, multiply_adds: f64) -> Work {
    Work::Flop(2.0 * batch as f64 * multiply_adds)
}

/// Floating-point operations of a training step.
fn training(batch: usize, multiply_adds: f64) -> Work {
    Work::Flop(6.0 * batch as f64 * multiply_adds)
}

fn seeded() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn uniform(shape: &[usize], rng: &mut ChaCha8Rng) -> Tensor {
    Tensor::from_vec(shape, (0..shape.iter().product()).map(|_| rng.random()).collect())
}

fn labels(shape: &[usize], classes: i64, rng: &mut ChaCha8Rng) -> Indices {
    Indices::from_vec(shape, (0..shape.iter().product()).map(|_| rng.random_range(0..classes)).collect())
}

fn sgd(model: &impl Module<f32>) -> Sgd {
    Sgd::new(model.parameters(), 1e-3).momentum(0.9)
}

fn adam(model: &impl Module<f32>) -> Adam {
    Adam::new(model.parameters(), 1e-4)
}

fn train(
    measure: &Measure,
    workload: &str,
    work: Work,
    mut optimizer: impl Optimizer<f32>,
    loss: impl Fn(&Tape) -> Tensor,
) {
    let mut step = 0;
    let times = measure.time(|| {
        let tape = Tape::training(step);
        optimizer.step(&loss(&tape).backward());
        step += 1;
    });
    measure.report(workload, times, work);
}

fn infer(measure: &Measure, workload: &str, work: Work, model: &impl Layer<f32>, x: &Tensor) {
    let times = measure.time(|| {
        black_box(model.forward(x));
    });
    measure.report(workload, times, work);
}

/// Trains a classifier of ten classes or a thousand.
fn train_classifier(
    measure: &Measure,
    workload: &str,
    multiply_adds: f64,
    model: &impl Layer<f32>,
    optimizer: impl Optimizer<f32>,
    (shape, classes): (&[usize], i64),
) {
    let mut rng = seeded();
    let (x, labels) = (uniform(shape, &mut rng), labels(&shape[..1], classes, &mut rng));
    train(measure, workload, training(shape[0], multiply_adds), optimizer, |tape| {
        model.forward(&tape.constant(&x)).cross_entropy(&labels)
    });
}

pub(crate) fn mlp(measure: &Measure) {
    let model = Mlp::new([784, 512, 256, 10], &mut seeded());
    train_classifier(measure, "a_mlp_b128", 535_040.0, &model, adam(&model), (&[128, 784], 10));
}

const LENET5: f64 = 416_520.0;

pub(crate) fn lenet5(measure: &Measure) {
    let model = LeNet5::new(10, &mut seeded());
    train_classifier(measure, "b_lenet5_b64", LENET5, &model, sgd(&model), (&[64, 1, 28, 28], 10));
}

pub(crate) fn lenet5_inference(measure: &Measure) {
    let mut rng = seeded();
    let (model, x) = (LeNet5::new(10, &mut rng), uniform(&[64, 1, 28, 28], &mut rng));
    infer(measure, "b_lenet5_infer_b64", forward(64, LENET5), &model, &x);
}

/// With 1×1 convolutions where shapes change, as the peers have it.
pub(crate) fn resnet20(measure: &Measure) {
    let model = ResNetConfig::cifar(3).shortcut(Shortcut::Projection).init(&mut seeded());
    train_classifier(measure, "c_resnet20_b64", 40_813_184.0, &model, sgd(&model), (&[64, 3, 32, 32], 10));
}

const RESNET18: f64 = 1_814_073_344.0;

pub(crate) fn resnet18(measure: &Measure) {
    let model = ResNet::resnet18(1000, &mut seeded());
    train_classifier(
        measure,
        "d_resnet18_train_b8",
        RESNET18,
        &model,
        sgd(&model),
        (&[8, 3, 224, 224], 1000),
    );
}

pub(crate) fn resnet18_inference(measure: &Measure, batch: usize) {
    let mut rng = seeded();
    let (model, x) = (ResNet::resnet18(1000, &mut rng), uniform(&[batch, 3, 224, 224], &mut rng));
    infer(measure, &format!("d_resnet18_infer_b{batch}"), forward(batch, RESNET18), &model, &x);
}

/// Predicts the next of 96 characters at each of 64 steps: an embedding of 64, two recurrent layers of 256 units, a
/// linear layer.
fn characters(measure: &Measure, workload: &str, multiply_adds: f64, recurrent: impl Layer<f32>) {
    let mut rng = seeded();
    let embedding = Embedding::<f32>::new(96, 64, &mut rng);
    let head = Linear::new(256, 96, &mut rng);
    let parameters = [embedding.parameters(), recurrent.parameters(), head.parameters()].concat();
    let (ids, next) = (labels(&[32, 64], 96, &mut rng), labels(&[32 * 64], 96, &mut rng));
    train(measure, workload, training(32, multiply_adds), Adam::new(parameters, 1e-4), |tape| {
        let x = recurrent.forward(&embedding.forward(&tape.indices(ids.clone())));
        head.forward(&x).reshape([32 * 64, 96]).cross_entropy(&next)
    });
}

pub(crate) fn lstm(measure: &Measure) {
    let layers = LstmConfig::new(64, 256).num_layers(2).batch_first(true).init(&mut seeded());
    characters(measure, "e_lstm_b32_t64", 56_098_816.0, layers);
}

pub(crate) fn gru(measure: &Measure) {
    let layers = GruConfig::new(64, 256).num_layers(2).batch_first(true).init(&mut seeded());
    characters(measure, "f_gru_b32_t64", 42_467_328.0, layers);
}

pub(crate) fn googlenet(measure: &Measure) {
    let mut rng = seeded();
    let model = GoogLeNet::torchvision(1000, &mut rng);
    let (x, labels) = (uniform(&[4, 3, 224, 224], &mut rng), labels(&[4], 1000, &mut rng));
    train(measure, "g_googlenet_train_b4", training(4, 1_506_748_416.0), sgd(&model), |tape| {
        let GoogLeNetOutputs { logits, aux_logits1, aux_logits2 } = model.outputs(&tape.constant(&x));
        let auxiliary = [aux_logits1, aux_logits2].map(|logits| {
            logits.expect("the tape trains and the model has both heads").cross_entropy(&labels)
        });
        logits.cross_entropy(&labels) + (&auxiliary[0] + &auxiliary[1]) * 0.3
    });
}

/// Convolutions 3×3 with batch normalization and leaky ReLU, halved five times, and a head of 125 channels.
fn small_yolo(rng: &mut ChaCha8Rng) -> Sequential {
    let mut model = Sequential::new();
    let widths = [3, 16, 32, 64, 128, 256, 512];
    for pair in widths.windows(2) {
        model = model.push(ConvBnLeaky::new(pair[0], pair[1], 3, rng));
        if pair[1] != 512 {
            model = model.push(MaxPool2d::new(2));
        }
    }
    for _ in 0..2 {
        model = model.push(ConvBnLeaky::new(512, 512, 3, rng));
    }
    model.push(Conv2dConfig::new(512, 125, 1).init(rng))
}

const SMALL_YOLO: f64 = 1_879_820_800.0;

pub(crate) fn yolo(measure: &Measure) {
    let mut rng = seeded();
    let model = small_yolo(&mut rng);
    let (x, target) = (uniform(&[2, 3, 416, 416], &mut rng), uniform(&[2, 125, 13, 13], &mut rng));
    train(measure, "h_tinyyolo_train_b2", training(2, SMALL_YOLO), sgd(&model), |tape| {
        (model.forward(&tape.constant(&x)) - &target).square().sum(..) * 1e-4
    });
}

pub(crate) fn yolo_inference(measure: &Measure) {
    let mut rng = seeded();
    let (model, x) = (small_yolo(&mut rng), uniform(&[1, 3, 416, 416], &mut rng));
    infer(measure, "h_tinyyolo_infer_b1", forward(1, SMALL_YOLO), &model, &x);
}
