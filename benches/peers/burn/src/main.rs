//! Workloads of `benches/workloads` in burn, on its CPU backend `flex`.
//!
//! burn has as many threads as rayon's global pool: who starts this sets `RAYON_NUM_THREADS` and the processors it may
//! use, as `benches/run.py` does; `--threads` is only what is printed. A process measures one workload.

#[path = "../../../workloads/measure.rs"]
#[allow(dead_code)]
mod measure;

use std::time::Instant;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::gru::{Gru, GruConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{AvgPool2d, AvgPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Embedding, EmbeddingConfig, Linear, LinearConfig, Lstm, LstmConfig,
    PaddingConfig2d,
};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, activation};
use clap::{Parser, ValueEnum};

use measure::{Measure, Work};

#[derive(Parser)]
struct Options {
    workload: Workload,
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Workload {
    Mlp,
    Lenet5,
    Resnet20,
    Lstm,
    Gru,
    Ops,
    Conv,
}

fn main() {
    let Options { workload, threads, seconds } = Options::parse();
    let bench =
        Bench { measure: Measure { peer: "burn", threads, seconds }, device: Device::flex().autodiff() };
    match workload {
        Workload::Mlp => bench.mlp(),
        Workload::Lenet5 => bench.lenet5(),
        Workload::Resnet20 => bench.resnet20(),
        Workload::Lstm => bench.lstm(),
        Workload::Gru => bench.gru(),
        Workload::Ops => bench.ops(),
        Workload::Conv => bench.conv(),
    }
}

/// A square convolution.
#[derive(Clone, Copy)]
struct Convolution {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    bias: bool,
}

impl Convolution {
    fn init(self, device: &Device) -> Conv2d {
        let Self { inputs, outputs, kernel, stride, padding: p, bias } = self;
        let padding = if p == 0 { PaddingConfig2d::Valid } else { PaddingConfig2d::Explicit(p, p, p, p) };
        Conv2dConfig::new([inputs, outputs], [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(padding)
            .with_bias(bias)
            .init(device)
    }
}

/// A convolution without bias, before a batch normalization.
fn conv(
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    device: &Device,
) -> Conv2d {
    Convolution { inputs, outputs, kernel, stride, padding, bias: false }.init(device)
}

fn linear(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs).init(device)
}

fn batch_norm(channels: usize, device: &Device) -> BatchNorm {
    BatchNormConfig::new(channels).init(device)
}

fn sgd() -> ModuleOptimizer {
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    SgdConfig::new().with_momentum(Some(momentum)).init()
}

fn adam() -> ModuleOptimizer {
    AdamConfig::new().init()
}

#[derive(Module, Debug)]
struct Mlp {
    layers: Vec<Linear>,
}

#[derive(Module, Debug)]
struct LeNet5 {
    c1: Conv2d,
    c3: Conv2d,
    pool: AvgPool2d,
    c5: Linear,
    f6: Linear,
    output: Linear,
}

/// The basic block of a ResNet, with a 1×1 convolution where shapes change.
#[derive(Module, Debug)]
struct Block {
    conv1: Conv2d,
    bn1: BatchNorm,
    conv2: Conv2d,
    bn2: BatchNorm,
    conv3: Option<Conv2d>,
    bn3: Option<BatchNorm>,
}

impl Block {
    fn new(inputs: usize, outputs: usize, stride: usize, device: &Device) -> Self {
        let projected = stride != 1 || inputs != outputs;
        Self {
            conv1: conv(inputs, outputs, 3, stride, 1, device),
            bn1: batch_norm(outputs, device),
            conv2: conv(outputs, outputs, 3, 1, 1, device),
            bn2: batch_norm(outputs, device),
            conv3: projected.then(|| conv(inputs, outputs, 1, stride, 0, device)),
            bn3: projected.then(|| batch_norm(outputs, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = activation::relu(self.bn1.forward(self.conv1.forward(x.clone())));
        let y = self.bn2.forward(self.conv2.forward(y));
        let shortcut = match (&self.conv3, &self.bn3) {
            (Some(conv), Some(bn)) => bn.forward(conv.forward(x)),
            _ => x,
        };
        activation::relu(y + shortcut)
    }
}

#[derive(Module, Debug)]
struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,
    blocks: Vec<Block>,
    fc: Linear,
}

#[derive(Module, Debug)]
struct CharLstm {
    embedding: Embedding,
    first: Lstm,
    second: Lstm,
    head: Linear,
}

#[derive(Module, Debug)]
struct CharGru {
    embedding: Embedding,
    first: Gru,
    second: Gru,
    head: Linear,
}

struct Bench {
    measure: Measure,
    device: Device,
}

impl Bench {
    fn uniform<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        Tensor::random(shape, Distribution::Uniform(0.0, 1.0), &self.device)
    }

    fn labels(&self, n: usize, classes: i32) -> Tensor<1, Int> {
        let labels: Vec<i32> = (0..n as i32).map(|i| (i * 7) % classes).collect();
        Tensor::from_ints(labels.as_slice(), &self.device)
    }

    fn train<M: Module>(
        &self,
        workload: &str,
        model: M,
        mut optimizer: ModuleOptimizer,
        loss: impl Fn(&M) -> Tensor<1>,
    ) {
        let mut held = Some(model);
        let times = self.measure.time(|| {
            let model = held.take().expect("put back at the end of each step");
            let gradients = GradientsParams::from_grads(loss(&model).backward(), &model);
            held = Some(optimizer.step(1e-3, model, gradients));
        });
        self.measure.report(workload, times, None);
    }

    fn mlp(&self) {
        let (x, y) = (self.uniform([128, 784]), self.labels(128, 10));
        let layers = [(784, 512), (512, 256), (256, 10)].map(|(i, o)| linear(i, o, &self.device)).to_vec();
        let cross_entropy = CrossEntropyLossConfig::new().init(&self.device);
        self.train("a_mlp_b128", Mlp { layers }, adam(), |model| {
            let h = activation::relu(model.layers[0].forward(x.clone()));
            let h = activation::relu(model.layers[1].forward(h));
            cross_entropy.forward(model.layers[2].forward(h), y.clone())
        });
    }

    fn lenet5(&self) {
        let device = &self.device;
        let (x, y) = (self.uniform([64, 1, 28, 28]), self.labels(64, 10));
        let five = Convolution { inputs: 1, outputs: 6, kernel: 5, stride: 1, padding: 2, bias: true };
        let model = LeNet5 {
            c1: five.init(device),
            c3: Convolution { inputs: 6, outputs: 16, padding: 0, ..five }.init(device),
            pool: AvgPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            c5: linear(400, 120, device),
            f6: linear(120, 84, device),
            output: linear(84, 10, device),
        };
        let cross_entropy = CrossEntropyLossConfig::new().init(device);
        self.train("b_lenet5_b64", model, sgd(), |model| {
            let h = model.pool.forward(model.c1.forward(x.clone()).tanh());
            let h = model.pool.forward(model.c3.forward(h).tanh()).reshape([64, 400]);
            let h = model.f6.forward(model.c5.forward(h).tanh()).tanh();
            cross_entropy.forward(model.output.forward(h), y.clone())
        });
    }

    fn resnet20(&self) {
        let device = &self.device;
        let (x, y) = (self.uniform([64, 3, 32, 32]), self.labels(64, 10));
        let mut blocks = Vec::new();
        let mut inputs = 16;
        for outputs in [16, 32, 64] {
            for i in 0..3 {
                let stride = if outputs != 16 && i == 0 { 2 } else { 1 };
                blocks.push(Block::new(inputs, outputs, stride, device));
                inputs = outputs;
            }
        }
        let (conv1, bn1) = (conv(3, 16, 3, 1, 1, device), batch_norm(16, device));
        let model = ResNet { conv1, bn1, blocks, fc: linear(64, 10, device) };
        let cross_entropy = CrossEntropyLossConfig::new().init(device);
        self.train("c_resnet20_b64", model, sgd(), |model| {
            let h = activation::relu(model.bn1.forward(model.conv1.forward(x.clone())));
            let h = model.blocks.iter().fold(h, |h, block| block.forward(h));
            let h = h.mean_dim(3).mean_dim(2).reshape([64, 64]);
            cross_entropy.forward(model.fc.forward(h), y.clone())
        });
    }

    /// The characters that are read, and those to predict.
    fn text(&self) -> (Tensor<2, Int>, Tensor<1, Int>) {
        (self.labels(32 * 64, 96).reshape([32, 64]), self.labels(32 * 64, 96))
    }

    fn lstm(&self) {
        let device = &self.device;
        let (x, y) = self.text();
        let model = CharLstm {
            embedding: EmbeddingConfig::new(96, 64).init(device),
            first: LstmConfig::new(64, 256, true).init(device),
            second: LstmConfig::new(256, 256, true).init(device),
            head: linear(256, 96, device),
        };
        let cross_entropy = CrossEntropyLossConfig::new().init(device);
        self.train("e_lstm_b32_t64", model, adam(), |model| {
            let (h, _) = model.first.forward(model.embedding.forward(x.clone()), None);
            let (h, _) = model.second.forward(h, None);
            cross_entropy.forward(model.head.forward(h).reshape([32 * 64, 96]), y.clone())
        });
    }

    fn gru(&self) {
        let device = &self.device;
        let (x, y) = self.text();
        let model = CharGru {
            embedding: EmbeddingConfig::new(96, 64).init(device),
            first: GruConfig::new(64, 256, true).init(device),
            second: GruConfig::new(256, 256, true).init(device),
            head: linear(256, 96, device),
        };
        let cross_entropy = CrossEntropyLossConfig::new().init(device);
        self.train("f_gru_b32_t64", model, adam(), |model| {
            let h = model.first.forward(model.embedding.forward(x.clone()), None);
            let h = model.second.forward(h, None);
            cross_entropy.forward(model.head.forward(h).reshape([32 * 64, 96]), y.clone())
        });
    }

    /// A chain of 10,000 operations on few elements: recorded, and replayed.
    fn ops(&self) {
        const CHAIN: usize = 10_000;
        for size in [1, 64] {
            let (a, b) =
                (Tensor::<1>::full([size], 0.9, &self.device), Tensor::full([size], 0.1, &self.device));
            let start = self.uniform([size]).require_grad();
            let (mut forward, mut backward) = (Vec::new(), Vec::new());
            for _ in 0..15 {
                let begin = Instant::now();
                let mut x = start.clone();
                for i in 0..CHAIN {
                    x = match i % 3 {
                        0 if i + 2 < CHAIN => x * a.clone(),
                        1 => x + b.clone(),
                        _ => x.tanh(),
                    };
                }
                let y = x.sum();
                forward.push(begin.elapsed());
                let begin = Instant::now();
                let _gradients = y.backward();
                backward.push(begin.elapsed());
            }
            for (pass, times) in [("fwd", forward), ("bwd", backward)] {
                // The first three warm up.
                let workload = format!("i_ops10k_n{size}_{pass}");
                self.measure.report(&workload, times[3..].to_vec(), Work::Operations(CHAIN as f64));
            }
        }
    }

    /// Convolutions with bias, forward alone, and with the gradients of input, weight and bias.
    fn conv(&self) {
        for (name, batch, inputs, side, outputs, kernel, stride, padding) in [
            ("N8C64_56_K64_3x3", 8, 64, 56, 64, 3, 1, 1),
            ("N8C128_28_K128_3x3", 8, 128, 28, 128, 3, 1, 1),
            ("N8C512_7_K512_3x3", 8, 512, 7, 512, 3, 1, 1),
            ("N8C256_14_K1024_1x1", 8, 256, 14, 1024, 1, 1, 0),
            ("N8C3_224_K64_7x7s2", 8, 3, 224, 64, 7, 2, 3),
            ("N64C1_28_K6_5x5", 64, 1, 28, 6, 5, 1, 2),
        ] {
            let config = Convolution { inputs, outputs, kernel, stride, padding, bias: true };
            let places = (side + 2 * padding - kernel) / stride + 1;
            let flop = 2.0 * (batch * outputs * places * places * inputs * kernel * kernel) as f64;

            let plain = Device::flex();
            let layer = config.init(&plain);
            let x = Tensor::<4>::random([batch, inputs, side, side], Distribution::Uniform(0.0, 1.0), &plain);
            let times = self.measure.time_briefly(|| drop(layer.forward(x.clone())));
            self.measure.report(&format!("j_conv_{name}_fwd"), times, Work::Flop(flop));

            let layer = config.init(&self.device);
            let x = self.uniform([batch, inputs, side, side]).require_grad();
            let gradient = self.uniform([batch, outputs, places, places]);
            let times = self.measure.time_briefly(|| {
                drop((layer.forward(x.clone()) * gradient.clone()).sum().backward());
            });
            self.measure.report(&format!("j_conv_{name}_fwdbwd"), times, Work::Flop(3.0 * flop));
        }
    }
}
