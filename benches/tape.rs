//! What recording and replaying cost beside the arithmetic: a chain of operations on one element.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wengert::prelude::*;

const OPERATIONS: u64 = 10_000;

fn chain(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain of operations on one element");
    group.throughput(Throughput::Elements(OPERATIONS));
    let record = || {
        let tape = Tape::new();
        let mut x = tape.variable(Tensor::<f32>::scalar(1.0));
        for _ in 0..OPERATIONS / 2 {
            x = (&x * 0.999).tanh();
        }
        x
    };
    group.bench_function("forward, not recorded", |b| {
        b.iter(|| {
            let mut x = Tensor::<f32>::scalar(1.0);
            for _ in 0..OPERATIONS / 2 {
                x = (&x * 0.999).tanh();
            }
            black_box(x)
        });
    });
    group.bench_function("forward", |b| b.iter(|| black_box(record())));
    group.bench_function("backward", |b| {
        b.iter_batched(record, |x| black_box(x.backward()), criterion::BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, chain);
criterion_main!(benches);
