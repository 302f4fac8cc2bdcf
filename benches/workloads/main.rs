//! What a training step costs, what an operation costs, and what the machine could do at best: the workloads that
//! `benches/peers/` runs in other frameworks.
//!
//! ```text
//! cargo bench --bench workloads                                      # all, with two threads and with one
//! cargo bench --bench workloads -- --threads 2 resnet18 lstm
//! ```
//!
//! Each result is a line of JSON. A process measures one workload with one number of threads, so that the peak of its
//! memory is that workload's; asked for more, the program starts itself once for each. `benches/run.py` runs it beside
//! the peers, `benches/compare.py` against another revision.

mod machine;
mod measure;
mod networks;
mod operations;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};
use rayon::ThreadPoolBuilder;

use measure::Measure;

/// Measures workloads and prints a line of JSON for each result.
#[derive(Parser)]
struct Options {
    /// What to measure; all if nothing is named
    workloads: Vec<Workload>,
    /// How many threads; several numbers are measured one after the other
    #[arg(long, value_delimiter = ',', default_value = "2,1")]
    threads: Vec<NonZeroUsize>,
    /// How long to repeat a step, in seconds
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// Only print the names of the workloads
    #[arg(long)]
    list: bool,
    // `cargo bench` says this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Workload {
    /// A training step of an MLP 784-512-256-10, batch 128, Adam
    Mlp,
    /// A training step of LeNet-5, batch 64, SGD with momentum
    Lenet5,
    /// LeNet-5 without a tape, batch 64
    Lenet5Infer,
    /// A training step of the ResNet-20 for CIFAR-10, batch 64, SGD with momentum
    Resnet20,
    /// A training step of ResNet-18, 224×224, batch 8, SGD with momentum
    Resnet18,
    /// ResNet-18 without a tape, one picture
    Resnet18B1,
    /// ResNet-18 without a tape, batch 8
    Resnet18B8,
    /// A training step of a character model with two LSTM layers, Adam
    Lstm,
    /// The same with two GRU layers
    Gru,
    /// A training step of GoogLeNet with its auxiliary heads, 224×224, batch 4, SGD with momentum
    Googlenet,
    /// A training step of a small YOLO, 416×416, batch 2, SGD with momentum
    Yolo,
    /// The small YOLO without a tape, one picture
    YoloB1,
    /// A chain of 10,000 operations on 1 and on 64 elements
    Ops,
    /// Six convolutions, forward, and forward and backward
    Conv,
    /// Element-wise operations on 64 MB, and a copy of as much
    Elementwise,
    /// Products of square matrices
    Matmul,
    /// The arithmetic that the processor can do: fused multiply-adds on registers
    Peak,
}

impl Workload {
    fn run(self, measure: &Measure) {
        match self {
            Self::Mlp => networks::mlp(measure),
            Self::Lenet5 => networks::lenet5(measure),
            Self::Lenet5Infer => networks::lenet5_inference(measure),
            Self::Resnet20 => networks::resnet20(measure),
            Self::Resnet18 => networks::resnet18(measure),
            Self::Resnet18B1 => networks::resnet18_inference(measure, 1),
            Self::Resnet18B8 => networks::resnet18_inference(measure, 8),
            Self::Lstm => networks::lstm(measure),
            Self::Gru => networks::gru(measure),
            Self::Googlenet => networks::googlenet(measure),
            Self::Yolo => networks::yolo(measure),
            Self::YoloB1 => networks::yolo_inference(measure),
            Self::Ops => operations::chains(measure),
            Self::Conv => operations::convolutions(measure),
            Self::Elementwise => operations::elementwise(measure),
            Self::Matmul => operations::matmul(measure),
            Self::Peak => machine::peak(measure),
        }
    }

    fn name(self) -> String {
        self.to_possible_value().expect("no workload is skipped").get_name().to_owned()
    }
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let all = Workload::value_variants();
    if options.list {
        all.iter().for_each(|workload| println!("{}", workload.name()));
        return Ok(());
    }
    let workloads = if options.workloads.is_empty() { all } else { &options.workloads };
    if let ([workload], [threads]) = (workloads, &options.threads[..]) {
        let pool = ThreadPoolBuilder::new().num_threads(threads.get()).build()?;
        let measure = Measure { peer: "wengert", threads: threads.get(), seconds: options.seconds };
        pool.install(|| workload.run(&measure));
        return Ok(());
    }
    for workload in workloads {
        for threads in &options.threads {
            let status = Command::new(std::env::current_exe()?)
                .arg(workload.name())
                .args(["--threads", &threads.to_string(), "--seconds", &options.seconds.to_string()])
                .status()?;
            if !status.success() {
                return Err(format!("{} with {threads} threads: {status}", workload.name()).into());
            }
        }
    }
    Ok(())
}
