//! A profile as a Chrome trace.
//!
//! The format is the JSON object of the trace-event format: complete events (`X`) with microseconds, a counter
//! (`C`) for the memory, and metadata (`M`) for the names. The bars of the parts of the model are made from the
//! calls: a part is open from the first to the last of neighbouring calls that lie in it.

use std::time::Duration;

use serde_json::{Value, json};

use super::Event;

fn micros(t: Duration) -> f64 {
    t.as_nanos() as f64 / 1e3
}

/// A bar that is still open.
struct Open<'a> {
    name: &'a str,
    path: String,
    start: Duration,
    end: Duration,
    /// Where it stands in the list: before what it contains.
    at: usize,
}

fn close(bar: &Open<'_>, thread: usize, out: &mut [Value]) {
    out[bar.at] = json!({
        "name": bar.name, "cat": "module", "ph": "X", "pid": 1, "tid": thread + 1,
        "ts": micros(bar.start), "dur": micros(bar.end.saturating_sub(bar.start)),
        "args": { "path": bar.path },
    });
}

fn thread_bars(events: &[&Event], thread: usize, out: &mut Vec<Value>) {
    let mut open: Vec<Open<'_>> = Vec::new();
    for event in events {
        let pass = if event.backward { "backward" } else { "forward" };
        let names: Vec<&str> =
            std::iter::once(pass).chain(event.path.split('.').filter(|n| !n.is_empty())).collect();
        let same = open.iter().zip(&names).take_while(|(bar, name)| bar.name == **name).count();
        open.drain(same..).rev().for_each(|bar| close(&bar, thread, out));
        for (depth, name) in names.iter().enumerate().skip(same) {
            let path = names[1..=depth].join(".");
            open.push(Open { name, path, start: event.start, end: event.start, at: out.len() });
            out.push(Value::Null);
        }
        let end = event.start + event.took;
        open.iter_mut().for_each(|bar| bar.end = bar.end.max(end));
        out.push(json!({
            "name": event.operation, "cat": pass, "ph": "X", "pid": 1, "tid": thread + 1,
            "ts": micros(event.start), "dur": micros(event.took),
            "args": {
                "module": event.path,
                "caller": event.caller.to_string(),
                "shape": event.shape.as_ref().map(|s| s.to_vec()),
                "FLOP": event.flops,
                "bytes moved": event.moved,
                "bytes saved": event.saved,
            },
        }));
    }
    open.drain(..).rev().for_each(|bar| close(&bar, thread, out));
}

pub(super) fn json(events: &[Event]) -> String {
    let mut out = vec![json!({ "name": "process_name", "ph": "M", "pid": 1, "args": { "name": "wengert" } })];
    let threads = events.iter().map(|e| e.thread + 1).max().unwrap_or(0);
    for thread in 0..threads {
        let name = if thread == 0 { "main".to_string() } else { format!("thread {}", thread + 1) };
        out.push(json!({
            "name": "thread_name", "ph": "M", "pid": 1, "tid": thread + 1, "args": { "name": name },
        }));
        let mut own: Vec<&Event> = events.iter().filter(|e| e.thread == thread).collect();
        own.sort_by_key(|e| e.start);
        thread_bars(&own, thread, &mut out);
    }
    for event in events {
        out.push(json!({
            "name": "memory", "ph": "C", "pid": 1, "ts": micros(event.start + event.took),
            "args": { "bytes": event.peak },
        }));
    }
    json!({ "traceEvents": out, "displayTimeUnit": "ms" }).to_string()
}
