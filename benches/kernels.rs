//! Kernels one by one, with Criterion, through the public API.
//!
//! ```text
//! cargo bench --bench kernels
//! cargo bench --bench kernels -- 'conv2d/64→64'
//! ```
//!
//! They run in rayon's global pool: `RAYON_NUM_THREADS=1` measures one thread. Forward passes are not recorded;
//! a gradient is the replay alone, without the forward pass that it needs.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use wengert::prelude::*;

type Group<'a> = BenchmarkGroup<'a, WallTime>;
type Unary = fn(&Tensor) -> Tensor;

fn group<'a>(c: &'a mut Criterion, name: &str) -> Group<'a> {
    let mut group = c.benchmark_group(name);
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group
}

/// Values in −1..1.
fn values(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..n).map(|i| (i * 7919 % 2003) as f32 / 1001.5 - 1.0).collect())
}

/// A function of tensors on no tape.
fn forward(group: &mut Group<'_>, name: &str, f: impl Fn() -> Tensor) {
    group.bench_function(name, |b| b.iter(|| black_box(f())));
}

/// The replay of a function of tensors that all want a gradient.
fn backward<const N: usize>(
    group: &mut Group<'_>,
    name: &str,
    inputs: [&Tensor; N],
    f: impl Fn([&Tensor; N]) -> Tensor,
) {
    let seed = values(f(inputs).shape());
    let record = || {
        let tape = Tape::training(0);
        let variables = inputs.map(|x| tape.variable(x));
        f(variables.each_ref())
    };
    let replay = |y: Tensor| y.backward_with(Replay::new().seed(seed.clone()));
    group.bench_function(name, |b| b.iter_batched(record, replay, BatchSize::PerIteration));
}

fn matmul(c: &mut Criterion) {
    let mut group = group(c, "matmul");
    for [m, k, n] in [
        [16; 3],
        [32; 3],
        [64; 3],
        [128; 3],
        [256; 3],
        [512; 3],
        [1024; 3],
        [128, 784, 512],
        [2048, 256, 1024],
    ] {
        let (a, b) = (values(&[m, k]), values(&[k, n]));
        let (a_columns, b_columns) = (values(&[k, m]), values(&[n, k]));
        group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
        let name = |operands: &str| format!("{operands} {m}×{k}×{n}");
        forward(&mut group, &name("AB"), || a.matmul(&b));
        forward(&mut group, &name("AᵀB"), || a_columns.transpose(0, 1).matmul(&b));
        forward(&mut group, &name("ABᵀ"), || a.matmul(&b_columns.transpose(0, 1)));
    }
}

fn conv2d(c: &mut Criterion) {
    let mut group = group(c, "conv2d");
    // Batch, input channels, side, output channels, kernel, stride, padding.
    for [batch, inputs, side, outputs, kernel, stride, padding] in [
        [8, 64, 56, 64, 3, 1, 1],
        [8, 128, 28, 128, 3, 1, 1],
        [8, 256, 14, 256, 3, 1, 1],
        [8, 512, 7, 512, 3, 1, 1],
        [8, 64, 56, 128, 3, 2, 1],
        [8, 256, 14, 1024, 1, 1, 0],
        [8, 64, 56, 128, 1, 2, 0],
        [8, 3, 224, 64, 7, 2, 3],
        [64, 16, 32, 16, 3, 1, 1],
        [64, 32, 16, 32, 3, 1, 1],
        [64, 1, 28, 6, 5, 1, 2],
        [64, 6, 14, 16, 5, 1, 0],
        [2, 3, 416, 16, 3, 1, 1],
    ] {
        let (x, weight) = (values(&[batch, inputs, side, side]), values(&[outputs, inputs, kernel, kernel]));
        let options = Conv2dOptions::new().stride(stride).padding(padding);
        let y = x.conv2d(&weight, None, options);
        group.throughput(Throughput::Elements((2 * y.len() * inputs * kernel * kernel) as u64));
        let name = |pass: &str| {
            format!("{inputs}→{outputs} {kernel}×{kernel}/{stride} of {side}², batch {batch}: {pass}")
        };
        forward(&mut group, &name("forward"), || x.conv2d(&weight, None, options));
        let bias = values(&[outputs]);
        forward(&mut group, &name("forward, bias and ReLU"), || {
            x.conv2d(&weight, Some(&bias), options).relu()
        });
        forward(&mut group, &name("forward, bias and ReLU fused"), || {
            x.conv2d_fused(&weight, options, Epilogue::new().bias(&bias).slope(0.0))
        });
        backward(&mut group, &name("gradient of the input"), [&x], |[x]| x.conv2d(&weight, None, options));
        backward(&mut group, &name("gradient of the weight"), [&weight], |[w]| x.conv2d(w, None, options));
    }
}

fn elementwise(c: &mut Criterion) {
    let mut group = group(c, "elementwise");
    for (n, size) in [(1 << 12, "16 KiB"), (1 << 20, "4 MiB"), (1 << 24, "64 MiB")] {
        let (x, y, positive) = (values(&[n]), values(&[n]), values(&[n]).abs() + 0.5);
        group.throughput(Throughput::Elements(n as u64));
        let unary: [(&str, Unary); 8] = [
            ("x·a", |x| x * 0.5),
            ("relu", Tensor::relu),
            ("leaky_relu", |x| x.leaky_relu(0.1)),
            ("exp", Tensor::exp),
            ("tanh", Tensor::tanh),
            ("sigmoid", Tensor::sigmoid),
            ("gelu", Tensor::gelu),
            ("erf", Tensor::erf),
        ];
        for (name, f) in unary {
            forward(&mut group, &format!("{name}, {size}"), || f(&x));
            backward(&mut group, &format!("{name}, {size}: gradient"), [&x], |[x]| f(x));
        }
        forward(&mut group, &format!("ln, {size}"), || positive.ln());
        forward(&mut group, &format!("x + y, {size}"), || &x + &y);
        forward(&mut group, &format!("x·y, {size}"), || &x * &y);
        let (rows, row) = (x.reshape([n / 256, 256]), values(&[256]));
        forward(&mut group, &format!("x + row, {size}"), || &rows + &row);
    }
}

fn reductions(c: &mut Criterion) {
    let mut group = group(c, "reductions of 1024×1024");
    let x = values(&[1024, 1024]);
    group.throughput(Throughput::Elements(x.len() as u64));
    forward(&mut group, "sum of all", || x.sum(..));
    forward(&mut group, "sum of rows", || x.sum(1));
    forward(&mut group, "sum of columns", || x.sum(0));
    forward(&mut group, "maximum of rows", || x.max(1));
    forward(&mut group, "maximum of columns", || x.max(0));
    forward(&mut group, "variance of rows", || x.var(1, 1));
}

fn normalization(c: &mut Criterion) {
    let mut group = group(c, "normalization");
    for shape in [[8, 64, 56, 56], [64, 16, 32, 32]] {
        let (x, weight, bias) = (values(&shape), Tensor::ones([shape[1]]), Tensor::zeros([shape[1]]));
        group.throughput(Throughput::Elements(x.len() as u64));
        let name = |pass: &str| format!("batch norm of {shape:?}: {pass}");
        forward(&mut group, &name("forward"), || x.batch_norm(&weight, &bias, 1e-5).0);
        backward(&mut group, &name("gradients"), [&x, &weight, &bias], |[x, w, b]| {
            x.batch_norm(w, b, 1e-5).0
        });
    }
    let x = values(&[2048, 512]);
    group.throughput(Throughput::Elements(x.len() as u64));
    forward(&mut group, "layer norm of 2048×512: forward", || x.layer_norm([512], None, None, 1e-5));
    backward(&mut group, "layer norm of 2048×512: gradient", [&x], |[x]| {
        x.layer_norm([512], None, None, 1e-5)
    });
}

fn classification(c: &mut Criterion) {
    let mut group = group(c, "classification");
    for [rows, classes] in [[64, 10], [2048, 96], [128, 1000]] {
        let x = values(&[rows, classes]);
        let labels = Indices::from((0..rows).map(|i| (i % classes) as i64).collect::<Vec<_>>());
        group.throughput(Throughput::Elements(x.len() as u64));
        forward(&mut group, &format!("softmax of {rows}×{classes}"), || x.softmax(-1));
        backward(&mut group, &format!("softmax of {rows}×{classes}: gradient"), [&x], |[x]| x.softmax(-1));
        forward(&mut group, &format!("cross-entropy of {rows}×{classes}"), || x.cross_entropy(&labels));
        backward(&mut group, &format!("cross-entropy of {rows}×{classes}: gradient"), [&x], |[x]| {
            x.cross_entropy(&labels)
        });
    }
}

fn pooling(c: &mut Criterion) {
    let mut group = group(c, "pooling");
    let kinds: [(&str, [usize; 4], Unary); 3] = [
        ("maximum of 2×2", [2, 16, 416, 416], |x| x.max_pool2d(2)),
        ("maximum of 3×3/2", [8, 64, 112, 112], |x| x.max_pool2d(Pool2d::new(3).stride(2).padding(1))),
        ("average of 2×2", [64, 6, 28, 28], |x| x.avg_pool2d(2)),
    ];
    for (name, shape, f) in kinds {
        let x = values(&shape);
        group.throughput(Throughput::Elements(x.len() as u64));
        forward(&mut group, &format!("{name}: forward"), || f(&x));
        backward(&mut group, &format!("{name}: gradient"), [&x], |[x]| f(x));
    }
}

/// Two layers of 256 units over 64 steps of 64 features, batch 32.
fn recurrent(c: &mut Criterion) {
    let mut group = group(c, "two recurrent layers of 256");
    let x = values(&[64, 32, 64]);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let layers: [(&str, Box<dyn Layer<f32>>); 3] = [
        ("RNN", Box::new(RnnConfig::new(64, 256).num_layers(2).init::<f32>(&mut rng))),
        ("GRU", Box::new(GruConfig::new(64, 256).num_layers(2).init::<f32>(&mut rng))),
        ("LSTM", Box::new(LstmConfig::new(64, 256).num_layers(2).init::<f32>(&mut rng))),
    ];
    for (name, layer) in layers {
        forward(&mut group, &format!("{name}: forward"), || layer.forward(&x));
        backward(&mut group, &format!("{name}: gradients"), [&x], |[x]| layer.forward(x));
    }
}

criterion_group!(
    kernels,
    matmul,
    conv2d,
    elementwise,
    reductions,
    normalization,
    classification,
    pooling,
    recurrent
);
criterion_main!(kernels);
