//! Every layer against PyTorch, under the names of its state dict: outputs in both modes, gradients, and what five
//! training passes leave in the buffers. The values are in the `.json.gz` files, which `generate` wrote.

mod activation;
mod cases;
mod convolution;
mod dropout;
mod embedding;
mod linear;
mod normalization;
mod pooling;
mod recurrent;
mod shapes;
mod subject;
mod transposed;

use crate::cases::Case;
use crate::subject::Subject;

/// Runs all cases of a family and lists what differs.
fn family(packed: &[u8], least: usize, build: fn(&Case) -> Box<dyn Subject>) {
    let file = cases::read(packed);
    assert_eq!(file.cases.len(), file.count);
    assert!(file.count >= least, "only {} cases", file.count);
    let failures: Vec<String> =
        file.cases.iter().flat_map(|case| subject::failures(case, &*build(case))).collect();
    let (count, torch) = (file.count, &file.torch);
    assert!(failures.is_empty(), "{count} cases of PyTorch {torch}:\n{}", failures.join("\n"));
}

#[test]
fn activation() {
    family(include_bytes!("activation.json.gz"), 85, activation::build);
}

#[test]
fn dropout() {
    family(include_bytes!("dropout.json.gz"), 48, dropout::build);
}

#[test]
fn linear() {
    family(include_bytes!("linear.json.gz"), 20, linear::build);
}

#[test]
fn convolution() {
    family(include_bytes!("convolution.json.gz"), 50, convolution::build);
}

#[test]
fn transposed() {
    family(include_bytes!("transposed.json.gz"), 25, transposed::build);
}

#[test]
fn normalization() {
    family(include_bytes!("normalization.json.gz"), 200, normalization::build);
}

#[test]
fn recurrent() {
    family(include_bytes!("recurrent.json.gz"), 101, recurrent::build);
}

#[test]
fn embedding() {
    family(include_bytes!("embedding.json.gz"), 35, embedding::build);
}

#[test]
fn pooling() {
    family(include_bytes!("pooling.json.gz"), 80, pooling::build);
}

#[test]
fn shapes() {
    family(include_bytes!("shapes.json.gz"), 70, shapes::build);
}
