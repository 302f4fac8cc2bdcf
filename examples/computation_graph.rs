//! The computation graph of J = 3(a + bc) at a = 5, b = 3, c = 2, recorded as it is computed and replayed
//! backward: every value, every derivative of J, and the graph as a picture.
//!
//! ```text
//! cargo run --release --example computation_graph
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use wengert::autodiff::graph::Graph;
use wengert::prelude::*;

/// Records J = 3(a + bc), replays it backward, and draws it.
#[derive(Parser)]
struct Options {
    /// The value of a.
    #[arg(short, default_value_t = 5.0, allow_negative_numbers = true)]
    a: f64,
    /// The value of b.
    #[arg(short, default_value_t = 3.0, allow_negative_numbers = true)]
    b: f64,
    /// The value of c.
    #[arg(short, default_value_t = 2.0, allow_negative_numbers = true)]
    c: f64,
    /// Where the picture goes (.svg, or .dot for Graphviz).
    #[arg(long, default_value = "target/computation_graph.svg")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();

    let tape = Tape::new();
    let leaf = |x| tape.variable(Tensor::<f64>::scalar(x));
    let (a, b, c) = (leaf(options.a), leaf(options.b), leaf(options.c));
    let u = &b * &c;
    let v = &a + &u;
    let j = 3.0 * &v;
    for inner in [&u, &v, &j] {
        inner.retain_grad();
    }

    // The backward pass empties the tape, so the graph is taken before it.
    let mut graph = Graph::of(&tape);
    graph.name("a", &a).name("b", &b).name("c", &c).name("u", &u).name("v", &v).name("J", &j);
    let grads = j.backward();
    graph.gradients(&grads);

    println!("u = bc, v = a + u, J = 3v\n\n{graph}");
    println!("J = {}", j.item());
    for (name, tensor) in [("v", &v), ("a", &a), ("u", &u), ("b", &b), ("c", &c)] {
        let gradient = grads.get(tensor).expect("J depends on each of them");
        println!("dJ/d{name} = {}", gradient.item());
    }

    let picture = match options.out.extension().and_then(|e| e.to_str()) {
        Some("svg") => graph.to_svg(),
        Some("dot") => graph.to_dot(),
        _ => {
            eprintln!("error: {} ends neither in .svg nor in .dot", options.out.display());
            return ExitCode::from(2);
        }
    };
    let folder = options.out.parent().filter(|p| !p.as_os_str().is_empty());
    let written =
        folder.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&options.out, picture));
    match written {
        Ok(()) => {
            println!("\nthe graph is drawn in {}", options.out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: cannot write {}: {error}", options.out.display());
            ExitCode::FAILURE
        }
    }
}
