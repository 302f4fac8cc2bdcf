//! A training step of every network gives every parameter a finite gradient that is not zero.

use wengert::autodiff::audit::Audit;
use wengert::models::vision::Shortcut;
use wengert::prelude::*;

use crate::networks::Network;
use crate::rng;

fn audit<N: Network<f32>>(name: &str, network: N, side: usize) {
    let x = Init::normal(0.0, 1.0).tensor([4, 3, side, side], &mut rng());
    let tape = Tape::training(0);
    let loss = network.loss(&tape.constant(x), &Indices::from_vec([4], vec![0, 1, 2, 3]));
    let audit: Audit = tape.audit(&loss, &network);
    assert!(audit.is_clean(), "{name}: {audit}");
}

#[test]
fn alexnets() {
    for (name, config) in
        [("one column", AlexNetConfig::one_column()), ("two groups", AlexNetConfig::two_groups())]
    {
        audit(name, config.classes(4).hidden(32).init(&mut rng()), 63);
    }
}

#[test]
fn vggs() {
    for (name, config) in [
        ("vgg11", VggConfig::vgg11()),
        ("vgg13", VggConfig::vgg13()),
        ("vgg16", VggConfig::vgg16()),
        ("vgg19", VggConfig::vgg19()),
        ("vgg11_bn", VggConfig::vgg11_bn()),
        ("vgg13_bn", VggConfig::vgg13_bn()),
        ("vgg16_bn", VggConfig::vgg16_bn()),
        ("vgg19_bn", VggConfig::vgg19_bn()),
    ] {
        audit(name, config.classes(4).hidden(32).init(&mut rng()), 32);
    }
}

/// At a quarter of their width, which the way of a gradient does not depend on.
#[test]
fn large_resnets() {
    for (name, config) in [
        ("resnet18", ResNetConfig::resnet18()),
        ("resnet34", ResNetConfig::resnet34()),
        ("resnet50", ResNetConfig::resnet50()),
        ("resnet101", ResNetConfig::resnet101()),
        ("resnet152", ResNetConfig::resnet152()),
        ("resnext50_32x4d", ResNetConfig::resnext50_32x4d()),
        ("resnext101_32x8d", ResNetConfig::resnext101_32x8d()),
        ("resnext101_64x4d", ResNetConfig::resnext101_64x4d()),
        ("wide_resnet50_2", ResNetConfig::wide_resnet50_2()),
        ("wide_resnet101_2", ResNetConfig::wide_resnet101_2()),
        ("plain18", ResNetConfig::plain18()),
        ("plain34", ResNetConfig::plain34()),
        ("resnet34, padding", ResNetConfig::resnet34().shortcut(Shortcut::Padding)),
    ] {
        audit(name, config.classes(4).width(16).init(&mut rng()), 48);
    }
}

#[test]
fn small_resnets() {
    for (name, config) in [
        ("resnet20", ResNetConfig::resnet20()),
        ("resnet32", ResNetConfig::resnet32()),
        ("resnet44", ResNetConfig::resnet44()),
        ("resnet56", ResNetConfig::resnet56()),
        ("resnet110", ResNetConfig::resnet110()),
        ("plain20", ResNetConfig::plain20()),
        ("plain32", ResNetConfig::plain32()),
        ("plain44", ResNetConfig::plain44()),
        ("plain56", ResNetConfig::plain56()),
        ("plain110", ResNetConfig::plain110()),
        ("resnet20, projection", ResNetConfig::resnet20().shortcut(Shortcut::Projection)),
    ] {
        audit(name, config.classes(4).init(&mut rng()), 12);
    }
}

#[test]
fn googlenets() {
    for (name, config) in
        [("paper", GoogLeNetConfig::paper()), ("torchvision", GoogLeNetConfig::torchvision())]
    {
        audit(name, config.classes(4).init(&mut rng()), 64);
    }
}
