//! The tools that look at a record, on one training step of a small residual network: summary, audit, gradients
//! of intermediate results, profile, a trace, an interactive page, and the report of an anomaly.
//!
//! ```text
//! cargo run --release --example inspect_model
//! ```
//!
//! It writes `target/inspect_model/graph.html`, which any browser shows, and `trace.json` beside it, for
//! `chrome://tracing` or Perfetto.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::Parser;
use rand::RngExt;
use wengert::autodiff::graph::Graph;
use wengert::prelude::*;

/// Looks at one training step of a small residual network.
#[derive(Parser)]
struct Options {
    /// Pictures in the batch.
    #[arg(long, default_value_t = 32)]
    batch: usize,
    /// Residual blocks.
    #[arg(long, default_value_t = 3)]
    blocks: usize,
    /// The folder for the files.
    #[arg(long, default_value = "target/inspect_model")]
    out: PathBuf,
}

/// Two convolutions, around which the input is added again.
#[derive(Clone, Module)]
struct Block {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
}

impl Block {
    fn new(channels: usize, rng: &mut ChaCha8Rng) -> Self {
        let conv = Conv2dConfig::new(channels, channels, 3).padding(1).bias(false);
        Self {
            conv1: conv.init(rng),
            bn1: BatchNorm2d::new(channels),
            conv2: conv.init(rng),
            bn2: BatchNorm2d::new(channels),
        }
    }
}

impl Layer<f32> for Block {
    fn forward(&self, x: &Tensor) -> Tensor {
        let h = self.bn1.forward(&self.conv1.forward(x)).relu();
        (self.bn2.forward(&self.conv2.forward(&h)) + x).relu()
    }
}

/// A stem, residual blocks, and two heads, of which one is not trained.
#[derive(Module)]
struct Net {
    stem: Sequential,
    backbone: Sequential,
    head: Linear,
    /// Says how sure the network is. Its output is only compared, never learned from: the audit will find it.
    confidence: Linear,
}

impl Net {
    fn new(blocks: usize, rng: &mut ChaCha8Rng) -> Self {
        let stem = Sequential::new()
            .push(Conv2dConfig::new(1, 16, 3).padding(1).init(rng))
            .push(Relu)
            .push(MaxPool2d::new(2));
        let backbone = (0..blocks).fold(Sequential::new(), |net, _| net.push(Block::new(16, rng)));
        Self { stem, backbone, head: Linear::new(16, 10, rng), confidence: Linear::new(16, 1, rng) }
    }

    /// The logits, and how many pictures the network is sure of.
    fn forward(&self, x: &Tensor) -> (Tensor, usize) {
        let maps = self.backbone.forward(&self.stem.forward(x));
        let features = {
            let _pool = x.tape().map(|tape| tape.scope("pool"));
            maps.mean([2, 3]).dropout(0.1)
        };
        let sure = self.confidence.forward(&features).sigmoid().gt(0.5).count();
        (self.head.forward(&features), sure)
    }
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn heading(text: &str) {
    println!("\n\x1b[1m{text}\x1b[0m\n");
}

fn run(options: &Options) -> std::io::Result<()> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let net = Net::new(options.blocks, &mut rng);
    let n = options.batch;
    let images = Tensor::from_vec([n, 1, 28, 28], (0..n * 28 * 28).map(|_| rng.random::<f32>()).collect());
    let labels = Indices::from((0..n as i64).map(|i| i % 10).collect::<Vec<_>>());

    // Warm: the first step of a process takes the time of its page faults.
    for _ in 0..2 {
        let tape = Tape::training(0);
        net.forward(&tape.constant(&images)).0.cross_entropy(&labels).backward();
    }

    let tape = Tape::training(1).profiled();
    tape.name(&net);
    let (logits, sure) = net.forward(&tape.constant(&images));
    let loss = logits.cross_entropy(&labels);
    println!("loss {:.4}, sure of {sure} of {n} pictures", loss.item());

    heading("The record, counted together");
    let mut graph = Graph::<f32>::of(&tape);
    graph.name("logits", &logits).name("loss", &loss);
    println!("{}", graph.summary());
    println!("{} bytes are kept for the backward pass", tape.saved_bytes());

    heading("Audit: what does not learn, and why");
    print!("{}", tape.audit(&loss, &net));

    heading("The gradient of an intermediate result, as it arrives");
    let seen = Arc::new(Mutex::new(None));
    let sink = seen.clone();
    logits.retain_grad();
    logits.on_gradient(move |g| *sink.lock().expect("not poisoned") = Some(g.square().sum(..).item().sqrt()));
    let grads = loss.backward();
    let norm = seen.lock().expect("not poisoned").expect("the loss came from the logits");
    println!("the gradient of the logits has the norm {norm:.5}");
    graph.gradients(&grads);

    heading("Profile of the step");
    let profile = tape.profile();
    print!("{profile}");
    graph.profile(&profile);

    std::fs::create_dir_all(&options.out)?;
    let (page, trace) = (options.out.join("graph.html"), options.out.join("trace.json"));
    graph.write_html("A small residual network", &page)?;
    profile.write_trace(&trace)?;

    heading("An anomaly: the logarithm of a number that may be negative");
    let result = std::thread::spawn(move || {
        let tape = Tape::training(2).detect_anomaly(true);
        tape.name(&net);
        let (logits, _) = net.forward(&tape.constant(&images));
        let _loss = tape.scope("loss");
        (logits.softmax(1) - 0.1).ln().mean(..)
    })
    .join();
    assert!(result.is_err(), "that is not the logarithm of a positive number");

    println!("\nthe graph is drawn in {}, the trace is in {}", page.display(), trace.display());
    Ok(())
}
