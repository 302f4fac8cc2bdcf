//! Single operations: what one costs beside its arithmetic, and how near convolutions, products and element-wise
//! functions come to what the machine can do.

use std::hint::black_box;
use std::time::{Duration, Instant};

use wengert::prelude::*;

use crate::machine;
use crate::measure::{Measure, Work};

/// A tensor of values in 0..1, cheaply: what they are does not matter.
fn ramp(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..n).map(|i| (i % 1021) as f32 / 1021.0).collect())
}

const CHAIN: usize = 10_000;

/// A chain of 10,000 operations on few elements: recorded, replayed, and not recorded.
pub(crate) fn chains(measure: &Measure) {
    for size in [1, 64] {
        let (a, b, start) = (Tensor::full([size], 0.9), Tensor::full([size], 0.1), ramp(&[size]));
        let chain = |mut x: Tensor| {
            for i in 0..CHAIN {
                x = match i % 3 {
                    0 if i + 2 < CHAIN => &x * &a,
                    1 => &x + &b,
                    _ => x.tanh(),
                };
            }
            x.sum(..)
        };
        let timed = |times: &mut Vec<Duration>, begin: Instant| times.push(begin.elapsed());
        let (mut forward, mut backward, mut unrecorded) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..15 {
            let begin = Instant::now();
            let y = chain(Tape::new().variable(&start));
            timed(&mut forward, begin);
            let begin = Instant::now();
            let gradients = black_box(y.backward());
            timed(&mut backward, begin);
            drop(gradients);
            let begin = Instant::now();
            black_box(chain(start.clone()));
            timed(&mut unrecorded, begin);
        }
        for (pass, times) in [("fwd", forward), ("bwd", backward), ("fwd_nograd", unrecorded)] {
            // The first three warm up.
            let workload = format!("i_ops10k_n{size}_{pass}");
            measure.report(&workload, times[3..].to_vec(), Work::Operations(CHAIN as f64));
        }
    }
}

/// Name, batch, input channels, side, output channels, kernel, stride, padding.
type Shape = (&'static str, usize, usize, usize, usize, usize, usize, usize);

const CONVOLUTIONS: [Shape; 6] = [
    ("N8C64_56_K64_3x3", 8, 64, 56, 64, 3, 1, 1),
    ("N8C128_28_K128_3x3", 8, 128, 28, 128, 3, 1, 1),
    ("N8C512_7_K512_3x3", 8, 512, 7, 512, 3, 1, 1),
    ("N8C256_14_K1024_1x1", 8, 256, 14, 1024, 1, 1, 0),
    ("N8C3_224_K64_7x7s2", 8, 3, 224, 64, 7, 2, 3),
    ("N64C1_28_K6_5x5", 64, 1, 28, 6, 5, 1, 2),
];

/// Convolutions with bias, forward alone, and with the gradients of input, weight and bias.
pub(crate) fn convolutions(measure: &Measure) {
    for (name, batch, inputs, side, outputs, kernel, stride, padding) in CONVOLUTIONS {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let config = Conv2dConfig::new(inputs, outputs, kernel).stride(stride).padding(padding);
        let layer = config.init::<f32>(&mut rng);
        let x = ramp(&[batch, inputs, side, side]);
        let places = (side + 2 * padding - kernel) / stride + 1;
        let gradient = ramp(&[batch, outputs, places, places]);
        let flop = 2.0 * (batch * outputs * places * places * inputs * kernel * kernel) as f64;
        let times = measure.time_briefly(|| {
            black_box(layer.forward(&x));
        });
        measure.report(&format!("j_conv_{name}_fwd"), times, Work::Flop(flop));
        let times = measure.time_briefly(|| {
            let y = layer.forward(&Tape::new().variable(&x));
            black_box(y.backward_with(Replay::new().seed(gradient.clone())));
        });
        measure.report(&format!("j_conv_{name}_fwdbwd"), times, Work::Flop(3.0 * flop));
    }
}

/// 64 MB of `f32`.
const LARGE: usize = 16 << 20;

/// Four operations one after the other on 64 MB, cheap ones and those with exponentials, beside a copy of 64 MB: each
/// reads and writes that much once.
pub(crate) fn elementwise(measure: &Measure) {
    machine::copy(measure, LARGE);
    let x = ramp(&[LARGE]);
    let bytes = Work::Bytes((4 * 2 * LARGE * size_of::<f32>()) as f64);
    let times = measure.time_briefly(|| {
        black_box(((&x * 0.5) + 0.25).relu().sqrt());
    });
    measure.report("k_chain4_64mb", times, bytes);
    let times = measure.time_briefly(|| {
        black_box(x.exp().ln().tanh().sigmoid());
    });
    measure.report("k_chain4_exponential_64mb", times, bytes);
}

pub(crate) fn matmul(measure: &Measure) {
    for n in [256, 512, 1024] {
        let (a, b) = (ramp(&[n, n]), ramp(&[n, n]));
        let times = measure.time_briefly(|| {
            black_box(a.matmul(&b));
        });
        measure.report(&format!("l_matmul_{n}"), times, Work::Flop(2.0 * (n * n * n) as f64));
    }
}
