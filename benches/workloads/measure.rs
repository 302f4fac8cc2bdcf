//! How steps are timed, and how results are told: of ours, and of the peers in Rust, which share this file. Those in
//! Python follow the same rules in `benches/peers/measure.py`.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Steps that are timed at least, however long they take.
const FEWEST: usize = 9;
/// Steps that are timed at the most.
const MOST: usize = 2000;
/// When to stop even so.
const PATIENCE: Duration = Duration::from_secs(45);

/// Whom to measure, with how many threads and for how long.
pub(crate) struct Measure {
    /// The framework.
    pub(crate) peer: &'static str,
    /// As many as the framework may use.
    pub(crate) threads: usize,
    /// For how long a step is repeated.
    pub(crate) seconds: f64,
}

/// What a step does, from which its rate follows.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Floating-point operations; a multiplication and an addition are two.
    Flop(f64),
    /// Bytes read and written.
    Bytes(f64),
    /// Operations whose own cost is asked for.
    Operations(f64),
}

/// A line of the output.
#[derive(Serialize)]
struct Row<'a> {
    peer: &'static str,
    workload: &'a str,
    threads: usize,
    median_ms: f64,
    best_ms: f64,
    samples: usize,
    peak_rss_mb: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gflops: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gb_per_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ns_per_operation: Option<f64>,
}

impl Measure {
    /// Times a step: after a second of warming up, as often as it fits in the time.
    pub(crate) fn time(&self, step: impl FnMut()) -> Vec<Duration> {
        repeat(step, 1.0, self.seconds)
    }

    /// The same for a step of which a process measures several: in a quarter of the time.
    pub(crate) fn time_briefly(&self, step: impl FnMut()) -> Vec<Duration> {
        repeat(step, 0.4, self.seconds / 4.0)
    }

    /// Prints the line of a workload. Its rates are those of the median.
    pub(crate) fn report(&self, workload: &str, mut times: Vec<Duration>, work: impl Into<Option<Work>>) {
        times.sort();
        let middle = times.len() / 2;
        let median = match times.len() % 2 {
            0 => (times[middle - 1] + times[middle]) / 2,
            _ => times[middle],
        };
        let giga = |amount: f64| amount / median.as_secs_f64() / 1e9;
        let (mut gflops, mut gb_per_s, mut ns_per_operation) = (None, None, None);
        match work.into() {
            None => {}
            Some(Work::Flop(flop)) => gflops = Some(giga(flop)),
            Some(Work::Bytes(bytes)) => gb_per_s = Some(giga(bytes)),
            Some(Work::Operations(count)) => ns_per_operation = Some(1.0 / giga(count)),
        }
        let row = Row {
            peer: self.peer,
            workload,
            threads: self.threads,
            median_ms: milliseconds(median),
            best_ms: milliseconds(times[0]),
            samples: times.len(),
            peak_rss_mb: peak_memory(),
            gflops,
            gb_per_s,
            ns_per_operation,
        };
        println!("{}", serde_json::to_string(&row).expect("numbers and names"));
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs a step for some seconds, and three times at least, before it is timed.
fn repeat(mut step: impl FnMut(), warm_up: f64, seconds: f64) -> Vec<Duration> {
    let start = Instant::now();
    let mut steps = 0;
    while steps < 3 || start.elapsed().as_secs_f64() < warm_up {
        step();
        steps += 1;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < FEWEST || (start.elapsed().as_secs_f64() < seconds && times.len() < MOST) {
        let begin = Instant::now();
        step();
        times.push(begin.elapsed());
        if start.elapsed() > PATIENCE {
            break;
        }
    }
    times
}

/// The most memory this process has had, in MB of 2²⁰ bytes, where the system tells.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
