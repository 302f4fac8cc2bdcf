//! Workloads of `benches/workloads` in candle. Its SGD has no momentum, which is in its favour; its GRU gives no
//! sequences that could be trained on.
//!
//! candle has as many threads as rayon's global pool: who starts this sets `RAYON_NUM_THREADS` and the processors it
//! may use, as `benches/run.py` does; `--threads` is only what is printed. Its backward pass is a recursion, so that a
//! chain of operations needs a stack without limit. A process measures one workload.

#[path = "../../../workloads/measure.rs"]
#[allow(dead_code)]
mod measure;

use std::time::Instant;

use candle_core::{D, DType, Device, Module, ModuleT, Result, Tensor, Var};
use candle_nn::{
    AdamW, BatchNorm, Conv2d, Conv2dConfig, Linear, Optimizer, ParamsAdamW, RNN, SGD, VarBuilder, VarMap,
    batch_norm, conv2d, conv2d_no_bias, embedding, linear, loss, rnn,
};
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
    Resnet18B1,
    Resnet18B8,
    Lstm,
    Ops,
    Conv,
}

fn main() -> Result<()> {
    let Options { workload, threads, seconds } = Options::parse();
    let bench = Bench { measure: Measure { peer: "candle", threads, seconds }, variables: VarMap::new() };
    match workload {
        Workload::Mlp => bench.mlp(),
        Workload::Lenet5 => bench.lenet5(),
        Workload::Resnet20 => bench.resnet20(),
        Workload::Resnet18B1 => bench.resnet18_inference(1),
        Workload::Resnet18B8 => bench.resnet18_inference(8),
        Workload::Lstm => bench.lstm(),
        Workload::Ops => bench.ops(),
        Workload::Conv => bench.conv(),
    }
}

const CPU: &Device = &Device::Cpu;

fn uniform(shape: &[usize]) -> Result<Tensor> {
    Tensor::rand(0f32, 1.0, shape, CPU)
}

fn labels(n: u32, classes: u32) -> Result<Tensor> {
    Tensor::from_iter((0..n).map(|i| (i * 7) % classes), CPU)
}

/// A convolution without bias and the batch normalization behind it.
struct Normalized {
    conv: Conv2d,
    norm: BatchNorm,
}

impl Normalized {
    fn new(
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        vb: VarBuilder,
    ) -> Result<Self> {
        let config = Conv2dConfig { padding, stride, ..Default::default() };
        let conv = conv2d_no_bias(inputs, outputs, kernel, config, vb.pp("conv"))?;
        Ok(Self { conv, norm: batch_norm(outputs, 1e-5, vb.pp("norm"))? })
    }

    fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        self.norm.forward_t(&self.conv.forward(x)?, train)
    }
}

/// The basic block of a ResNet, with a 1×1 convolution where shapes change.
struct Block {
    first: Normalized,
    second: Normalized,
    shortcut: Option<Normalized>,
}

impl Block {
    fn new(inputs: usize, outputs: usize, stride: usize, vb: VarBuilder) -> Result<Self> {
        let projected = stride != 1 || inputs != outputs;
        let shortcut = projected.then(|| Normalized::new(inputs, outputs, 1, stride, 0, vb.pp("shortcut")));
        Ok(Self {
            first: Normalized::new(inputs, outputs, 3, stride, 1, vb.pp("first"))?,
            second: Normalized::new(outputs, outputs, 3, 1, 1, vb.pp("second"))?,
            shortcut: shortcut.transpose()?,
        })
    }

    fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        let y = self.second.forward(&self.first.forward(x, train)?.relu()?, train)?;
        match &self.shortcut {
            Some(shortcut) => y + shortcut.forward(x, train)?,
            None => y + x,
        }?
        .relu()
    }
}

/// Stages of blocks, each but the first halving height and width.
fn stages(widths: &[usize], blocks: usize, vb: &VarBuilder) -> Result<Vec<Block>> {
    let (mut all, mut inputs) = (Vec::new(), widths[0]);
    for &outputs in widths {
        for i in 0..blocks {
            let stride = if outputs != widths[0] && i == 0 { 2 } else { 1 };
            all.push(Block::new(inputs, outputs, stride, vb.pp(format!("{outputs}.{i}")))?);
            inputs = outputs;
        }
    }
    Ok(all)
}

struct Bench {
    measure: Measure,
    variables: VarMap,
}

impl Bench {
    fn builder(&self) -> VarBuilder<'static> {
        VarBuilder::from_varmap(&self.variables, DType::F32, CPU)
    }

    fn sgd(&self) -> Result<SGD> {
        SGD::new(self.variables.all_vars(), 1e-3)
    }

    fn adam(&self) -> Result<AdamW> {
        AdamW::new(
            self.variables.all_vars(),
            ParamsAdamW { lr: 1e-4, weight_decay: 0.0, ..Default::default() },
        )
    }

    fn train(
        &self,
        workload: &str,
        mut optimizer: impl Optimizer,
        loss: impl Fn() -> Result<Tensor>,
    ) -> Result<()> {
        let times = self.measure.time(|| {
            let loss = loss().expect("the shapes fit");
            optimizer.backward_step(&loss).expect("all that is used has a gradient");
        });
        self.measure.report(workload, times, None);
        Ok(())
    }

    fn mlp(&self) -> Result<()> {
        let vb = self.builder();
        let layers = [(784, 512), (512, 256), (256, 10)].map(|(i, o)| linear(i, o, vb.pp(i)));
        let [first, second, third] = layers;
        let (first, second, third) = (first?, second?, third?);
        let (x, y) = (uniform(&[128, 784])?, labels(128, 10)?);
        self.train("a_mlp_b128", self.adam()?, || {
            let h = second.forward(&first.forward(&x)?.relu()?)?.relu()?;
            loss::cross_entropy(&third.forward(&h)?, &y)
        })
    }

    fn lenet5(&self) -> Result<()> {
        let vb = self.builder();
        let padded = Conv2dConfig { padding: 2, ..Default::default() };
        let c1 = conv2d(1, 6, 5, padded, vb.pp("c1"))?;
        let c3 = conv2d(6, 16, 5, Conv2dConfig::default(), vb.pp("c3"))?;
        let layer = |i, o| -> Result<Linear> { linear(i, o, vb.pp(i)) };
        let (c5, f6, output) = (layer(400, 120)?, layer(120, 84)?, layer(84, 10)?);
        let (x, y) = (uniform(&[64, 1, 28, 28])?, labels(64, 10)?);
        self.train("b_lenet5_b64", self.sgd()?, || {
            let h = c1.forward(&x)?.tanh()?.avg_pool2d(2)?;
            let h = c3.forward(&h)?.tanh()?.avg_pool2d(2)?.flatten_from(1)?;
            let h = f6.forward(&c5.forward(&h)?.tanh()?)?.tanh()?;
            loss::cross_entropy(&output.forward(&h)?, &y)
        })
    }

    fn resnet20(&self) -> Result<()> {
        let vb = self.builder();
        let stem = Normalized::new(3, 16, 3, 1, 1, vb.pp("stem"))?;
        let blocks = stages(&[16, 32, 64], 3, &vb)?;
        let fc = linear(64, 10, vb.pp("fc"))?;
        let (x, y) = (uniform(&[64, 3, 32, 32])?, labels(64, 10)?);
        self.train("c_resnet20_b64", self.sgd()?, || {
            let h = stem.forward(&x, true)?.relu()?;
            let h = blocks.iter().try_fold(h, |h, block| block.forward(&h, true))?;
            loss::cross_entropy(&fc.forward(&h.mean((2, 3))?)?, &y)
        })
    }

    fn resnet18_inference(&self, batch: usize) -> Result<()> {
        let vb = self.builder();
        let stem = Normalized::new(3, 64, 7, 2, 3, vb.pp("stem"))?;
        let blocks = stages(&[64, 128, 256, 512], 2, &vb)?;
        let fc = linear(512, 1000, vb.pp("fc"))?;
        let x = uniform(&[batch, 3, 224, 224])?;
        let infer = || -> Result<Tensor> {
            let h = stem.forward(&x, false)?.relu()?;
            let h = h.pad_with_zeros(D::Minus1, 1, 1)?.pad_with_zeros(D::Minus2, 1, 1)?;
            let mut h = h.max_pool2d_with_stride(3, 2)?.detach();
            for block in &blocks {
                h = block.forward(&h, false)?.detach();
            }
            fc.forward(&h.mean((2, 3))?)
        };
        let times = self.measure.time(|| drop(infer().expect("the shapes fit")));
        self.measure.report(&format!("d_resnet18_infer_b{batch}"), times, None);
        Ok(())
    }

    fn lstm(&self) -> Result<()> {
        let vb = self.builder();
        let embedding = embedding(96, 64, vb.pp("embedding"))?;
        let layers = [
            rnn::lstm(64, 256, Default::default(), vb.pp("first"))?,
            rnn::lstm(256, 256, Default::default(), vb.pp("second"))?,
        ];
        let head = linear(256, 96, vb.pp("head"))?;
        let (x, y) = (labels(32 * 64, 96)?.reshape((32, 64))?, labels(32 * 64, 96)?);
        self.train("e_lstm_b32_t64", self.adam()?, || {
            let mut h = embedding.forward(&x)?;
            for layer in &layers {
                h = layer.states_to_tensor(&layer.seq(&h)?)?;
            }
            loss::cross_entropy(&head.forward(&h)?.reshape((32 * 64, 96))?, &y)
        })
    }

    /// A chain of 10,000 operations on few elements: recorded, and replayed.
    fn ops(&self) -> Result<()> {
        const CHAIN: usize = 10_000;
        for size in [1, 64] {
            let (a, b) = (Tensor::full(0.9f32, size, CPU)?, Tensor::full(0.1f32, size, CPU)?);
            let start = Var::from_tensor(&uniform(&[size])?)?;
            let (mut forward, mut backward) = (Vec::new(), Vec::new());
            for _ in 0..15 {
                let begin = Instant::now();
                let mut x = start.as_tensor().clone();
                for i in 0..CHAIN {
                    x = match i % 3 {
                        0 if i + 2 < CHAIN => (&x * &a)?,
                        1 => (&x + &b)?,
                        _ => x.tanh()?,
                    };
                }
                let y = x.sum_all()?;
                forward.push(begin.elapsed());
                let begin = Instant::now();
                let _gradients = y.backward()?;
                backward.push(begin.elapsed());
                // Dropping a chain is a recursion too.
                std::mem::forget((x, y));
            }
            for (pass, times) in [("fwd", forward), ("bwd", backward)] {
                // The first three warm up.
                let workload = format!("i_ops10k_n{size}_{pass}");
                self.measure.report(&workload, times[3..].to_vec(), Work::Operations(CHAIN as f64));
            }
        }
        Ok(())
    }

    /// Convolutions with bias, forward alone, and with the gradients of input, weight and bias.
    fn conv(&self) -> Result<()> {
        for (name, batch, inputs, side, outputs, kernel, stride, padding) in [
            ("N8C64_56_K64_3x3", 8, 64, 56, 64, 3, 1, 1),
            ("N8C128_28_K128_3x3", 8, 128, 28, 128, 3, 1, 1),
            ("N8C512_7_K512_3x3", 8, 512, 7, 512, 3, 1, 1),
            ("N8C256_14_K1024_1x1", 8, 256, 14, 1024, 1, 1, 0),
            ("N8C3_224_K64_7x7s2", 8, 3, 224, 64, 7, 2, 3),
            ("N64C1_28_K6_5x5", 64, 1, 28, 6, 5, 1, 2),
        ] {
            let config = Conv2dConfig { padding, stride, ..Default::default() };
            let weight = Var::randn(0f32, 0.05, (outputs, inputs, kernel, kernel), CPU)?;
            let bias = Var::zeros(outputs, DType::F32, CPU)?;
            let x = Var::from_tensor(&uniform(&[batch, inputs, side, side])?)?;
            let places = (side + 2 * padding - kernel) / stride + 1;
            let flop = 2.0 * (batch * outputs * places * places * inputs * kernel * kernel) as f64;

            let layer = Conv2d::new(weight.as_detached_tensor(), Some(bias.as_detached_tensor()), config);
            let detached = x.as_detached_tensor();
            let times = self.measure.time_briefly(|| drop(layer.forward(&detached).expect("the shapes fit")));
            self.measure.report(&format!("j_conv_{name}_fwd"), times, Work::Flop(flop));

            let layer = Conv2d::new(weight.as_tensor().clone(), Some(bias.as_tensor().clone()), config);
            let gradient = uniform(&[batch, outputs, places, places])?;
            let step = || (layer.forward(x.as_tensor())? * &gradient)?.sum_all()?.backward();
            let times = self.measure.time_briefly(|| drop(step().expect("the shapes fit")));
            self.measure.report(&format!("j_conv_{name}_fwdbwd"), times, Work::Flop(3.0 * flop));
        }
        Ok(())
    }
}
