//! The table of a model.

use std::collections::BTreeMap;

use wengert::nn::{Summary, summary, summary_with};
use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn paths(summary: &Summary) -> Vec<(&str, &str)> {
    summary.parts().iter().map(|part| (part.path.as_str(), part.kind.as_str())).collect()
}

#[test]
fn lenet5() {
    let model = LeNet5::<f32>::new(10, &mut rng());
    let x = Tensor::zeros([2, 1, 28, 28]);
    let table = summary(&model, &x);
    let expected = [
        ("", "LeNet5"),
        ("c1", "Conv2d"),
        ("c3", "Conv2d"),
        ("c5", "Linear"),
        ("f6", "Linear"),
        ("output", "Linear"),
    ];
    assert_eq!(paths(&table), expected);
    let c3 = table.get("c3").unwrap();
    assert_eq!((c3.output.as_deref(), c3.parameters, c3.depth), (Some(&[2, 16, 10, 10][..]), 2416, 1));
    // Each of the outputs is a sum of 6·25 products, and a bias.
    let products = 2 * (2 * 16 * 10 * 10) * (6 * 25);
    assert!((products..=products + 3200).contains(&c3.flops), "{}", c3.flops);
    let total = table.total();
    assert_eq!(total.output.as_deref(), Some(&[2, 10][..]));
    assert_eq!((total.parameters, total.trainable), (61_706, 61_706));

    // What is said to be kept is what a training step keeps.
    let tape = Tape::training(0);
    model.forward(&tape.constant(&x));
    assert_eq!(total.saved, tape.saved_bytes() as u64);
    assert!(table.parts().iter().skip(1).map(|part| part.saved).sum::<u64>() <= total.saved);
}

#[test]
fn nested_blocks_scopes_and_shared_layers() {
    let mut rng = rng();
    let shared = Linear::<f64>::new(6, 6, &mut rng);
    let block = Sequential::new().push(shared.clone()).push(Tanh).push(shared.clone());
    let model = Sequential::new()
        .push_named("body", block)
        .push_named("drop", Dropout::new(0.5))
        .push_named("head", LinearConfig::new(6, 2).bias(false).init(&mut rng));
    let table = summary(&model, &Tensor::ones([3, 6]));
    let expected = [
        ("", "Sequential"),
        ("body", "Sequential"),
        ("body.0", "Linear"),
        ("body.1", "Tanh"),
        ("body.2", "Linear"),
        ("drop", "Dropout"),
        ("head", "Linear"),
    ];
    assert_eq!(paths(&table), expected);
    assert!(table.parts().iter().all(|part| part.output.is_some()), "{table}");
    assert_eq!(table.get("head").unwrap().output, Some(vec![3, 2]));
    // Shared parameters count once in what holds them, and wherever they are.
    assert_eq!(table.get("body").unwrap().parameters, 42);
    assert_eq!(table.get("body.2").unwrap().parameters, 42);
    assert_eq!(table.total().parameters, 42 + 12);
    let parts = |names: &[&str]| names.iter().map(|name| table.get(name).unwrap().flops).sum::<u64>();
    assert_eq!(table.total().flops, parts(&["body", "drop", "head"]));
}

#[test]
fn containers_plain_fields_and_scopes() {
    #[derive(Clone, Module)]
    struct Block {
        conv: Conv2d,
        norm: BatchNorm2d,
    }
    #[derive(Module)]
    struct Net {
        width: usize,
        sizes: Vec<usize>,
        blocks: Vec<Block>,
        heads: BTreeMap<String, Linear>,
        scale: Parameter,
        shortcut: Option<Linear>,
        none: Option<Linear>,
        object: Box<dyn Layer<f32>>,
        pair: (Relu, [Linear; 1]),
    }
    impl Net {
        fn forward(&self, x: &Tensor) -> Tensor {
            let block = |x: &Tensor, b: &Block| b.norm.forward(&b.conv.forward(x)).relu();
            let x = self.blocks.iter().fold(x.clone(), |x, b| block(&x, b));
            let x = {
                let _pool = x.tape().map(|tape| tape.scope("pool"));
                x.mean([2, 3])
            };
            self.heads["cat"].forward(&(&x * self.scale.on_tape_of(&x)))
        }
    }
    let mut rng = rng();
    let block =
        |n, rng: &mut ChaCha8Rng| Block { conv: Conv2d::new(n, 4, 3, rng), norm: BatchNorm2d::new(4) };
    let net = Net {
        width: 4,
        sizes: vec![1, 2],
        blocks: vec![block(1, &mut rng), block(4, &mut rng)],
        heads: BTreeMap::from([("cat".into(), Linear::new(4, 2, &mut rng))]),
        scale: Parameter::new(Tensor::ones([1])),
        shortcut: Some(Linear::new(1, 1, &mut rng)),
        none: None,
        object: Box::new(Tanh),
        pair: (Relu, [Linear::new(1, 2, &mut rng)]),
    };
    let x = Tensor::ones([2, 1, 8, 8]);
    let before = net.to_bytes();
    let table = summary_with(&net, |tape| net.forward(&tape.constant(&x)));
    assert_eq!(net.to_bytes(), before, "the running statistics have moved");
    let expected = [
        ("", "Net"),
        ("blocks", "Vec"),
        ("blocks.0", "Block"),
        ("blocks.0.conv", "Conv2d"),
        ("blocks.0.norm", "BatchNorm2d"),
        ("blocks.1", "Block"),
        ("blocks.1.conv", "Conv2d"),
        ("blocks.1.norm", "BatchNorm2d"),
        ("heads", "BTreeMap"),
        ("heads.cat", "Linear"),
        ("shortcut", "Linear"),
        ("object", "Tanh"),
        ("pair", "tuple"),
        ("pair.0", "Relu"),
        ("pair.1", "array"),
        ("pair.1.0", "Linear"),
        ("pool", ""),
    ];
    assert_eq!(paths(&table), expected);
    assert_eq!(table.get("pool").unwrap().output, Some(vec![2, 4]));
    assert_eq!(table.get("blocks.1.norm").unwrap().output, Some(vec![2, 4, 4, 4]));
    assert_eq!(table.get("shortcut").unwrap().output, None);
    assert_eq!(table.total().parameters, net.parameter_count());
    assert_eq!(width(&net), 4);
}

/// The field is there to be no part of the model.
fn width(net: &impl Module<f32>) -> usize {
    net.parameters()[0].shape()[0]
}

#[test]
fn recurrent_models() {
    let lstm = LstmConfig::new(3, 4).num_layers(2).init::<f64>(&mut rng());
    let x = Tensor::zeros([5, 2, 3]);
    let table = summary_with(&lstm, |tape| lstm.forward_with(&tape.constant(&x), None, None).0);
    assert_eq!(paths(&table), [("", "Lstm")]);
    assert_eq!(table.total().output, Some(vec![5, 2, 4]));
    assert_eq!(table.total().parameters, lstm.parameter_count());
    let cell: GruCell<f64> = GruCell::new(3, 4, &mut rng());
    assert_eq!(paths(&summary_with(&cell, |tape| tape.constant(&x)))[0].1, "GruCell");
    let products = |n: u64| 2 * 5 * 2 * 4 * 4 * (n + 4);
    assert!(table.total().flops >= products(3) + products(4), "{}", table.total().flops);
}

#[test]
fn of_a_recurrent_part_the_output_counts_and_not_the_last_state() {
    #[derive(Module)]
    struct Net {
        lstm: Lstm,
        head: Linear,
    }
    impl Layer<f32> for Net {
        fn forward(&self, x: &Tensor) -> Tensor {
            let (y, _) = self.lstm.forward_with(x, None, None);
            self.head.forward(&y)
        }
    }
    let mut rng = rng();
    let lstm = LstmConfig::new(3, 4).num_layers(2).init(&mut rng);
    let table = summary(&Net { lstm, head: Linear::new(4, 6, &mut rng) }, &Tensor::zeros([5, 2, 3]));
    assert_eq!(paths(&table), [("", "Net"), ("lstm", "Lstm"), ("head", "Linear")]);
    assert_eq!(table.get("lstm").unwrap().output, Some(vec![5, 2, 4]));
    assert_eq!(table.total().output, Some(vec![5, 2, 6]));
}

#[test]
fn frozen_parts_are_named_and_keep_nothing() {
    let net = |freeze: bool| {
        let mut rng = rng();
        #[derive(Module)]
        struct Net {
            body: Linear,
            head: Linear,
        }
        impl Layer<f32> for Net {
            fn forward(&self, x: &Tensor) -> Tensor {
                self.head.forward(&self.body.forward(x).tanh())
            }
        }
        let net = Net { body: Linear::new(4, 50, &mut rng), head: Linear::new(50, 2, &mut rng) };
        if freeze {
            net.body.freeze();
        }
        let table = summary(&net, &Tensor::ones([10, 4]));
        assert!(net.body.parameters().iter().all(|p| p.is_frozen() == freeze));
        table
    };
    let (free, frozen) = (net(false), net(true));
    assert_eq!(free.get("body").unwrap().output, frozen.get("body").unwrap().output);
    assert_eq!(free.get("body").unwrap().flops, frozen.get("body").unwrap().flops);
    assert!(free.get("body").unwrap().saved > 0 && frozen.get("body").unwrap().saved == 0);
    assert_eq!(frozen.total().trainable, 102);
    assert!(frozen.to_string().ends_with("352 parameters, 102 trained, 250 frozen\n"), "{frozen}");
}

#[test]
fn it_prints_as_a_table() {
    let mut rng = rng();
    let net = Sequential::<f32>::new()
        .push(Conv2dConfig::new(1, 8, 3).padding(1).init(&mut rng))
        .push(Relu)
        .push(Flatten::new())
        .push_named("head", Linear::new(8 * 36, 10, &mut rng));
    let text = summary(&net, &Tensor::zeros([1, 1, 6, 6])).to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let columns: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(columns, ["part", "kind", "output", "parameters", "FLOP", "saved"]);
    assert!(lines[2].starts_with("model   Sequential  [1, 10]"), "{text}");
    assert!(lines[3].starts_with("  0     Conv2d      [1, 8, 6, 6]"), "{text}");
    assert!(lines[6].starts_with("  head  Linear      [1, 10]") && lines[6].contains("2,890"), "{text}");
    assert_eq!(*lines.last().unwrap(), "2,970 parameters, 2,970 trained, 0 frozen");
}
