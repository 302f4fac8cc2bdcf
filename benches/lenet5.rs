//! A training step of LeNet-5: forward, loss, backward, optimizer, at batch 64.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::RngExt;
use wengert::prelude::*;

fn step(c: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let model = LeNet5::<f32>::new(10, &mut rng);
    let mut sgd = Sgd::new(model.parameters(), 0.01).momentum(0.9);
    let pixels = (0..64 * 28 * 28).map(|_| rng.random::<f32>()).collect();
    let images = Tensor::from_vec([64, 1, 28, 28], pixels);
    let labels = Indices::from((0..64).map(|i| i % 10).collect::<Vec<_>>());
    let mut group = c.benchmark_group("LeNet-5, batch 64");
    group.throughput(Throughput::Elements(64));
    group.bench_function("training step", |b| {
        b.iter(|| {
            let tape = Tape::training(0);
            let loss = model.forward(&tape.constant(&images)).cross_entropy(&labels);
            sgd.step(&loss.backward());
        });
    });
    group.bench_function("inference", |b| b.iter(|| black_box(model.forward(&images))));
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
