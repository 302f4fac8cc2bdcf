//! Same seed, same bits: at any number of threads.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use wengert::prelude::*;

/// Parameters and data, drawn in a fixed order.
struct Draw(ChaCha8Rng);

impl Draw {
    fn tensor(&mut self, shape: &[usize], scale: f32) -> Tensor {
        let elements = (0..shape.iter().product()).map(|_| self.0.random_range(-scale..scale)).collect();
        Tensor::from_vec(shape, elements)
    }

    fn indices(&mut self, shape: &[usize], bound: i64) -> Indices {
        Indices::from_vec(shape, (0..shape.iter().product()).map(|_| self.0.random_range(0..bound)).collect())
    }
}

/// All that a computation gave, by name and bit by bit.
type Bits = Vec<(&'static str, Vec<u32>)>;

fn bits(x: &Tensor) -> Vec<u32> {
    x.to_vec().into_iter().map(f32::to_bits).collect()
}

/// Takes the gradients of the variables, in the order in which they were made.
fn gradients(variables: &[(&'static str, Tensor)], grads: &Gradients<f32>) -> Bits {
    let gradient = |(name, x): &(&'static str, Tensor)| {
        let gradient = grads.get(x).unwrap_or_else(|| panic!("{name} has no gradient"));
        assert!(gradient.view().iter().all(|g| g.is_finite()), "{name}: its gradient is not finite");
        assert!(gradient.view().iter().any(|&g| g != 0.0), "{name}: its gradient is zero");
        (*name, bits(gradient))
    };
    variables.iter().map(gradient).collect()
}

/// One training step of a network with convolutions, batch normalization, pooling, dropout, two LSTM layers
/// and a linear layer, on pictures large enough to be divided among threads.
fn network(create_graph: bool) -> Bits {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(7));
    let tape = Tape::training(11);
    let mut variables: Vec<(&'static str, Tensor)> = Vec::new();
    let mut variable = |name, shape: &[usize], scale| {
        let x = tape.variable(draw.tensor(shape, scale));
        variables.push((name, x.clone()));
        x
    };
    let (batch, hidden, classes) = (9, 48, 10);
    let images = variable("images", &[batch, 3, 32, 32], 1.0);
    let x = images.conv2d(
        &variable("conv1.weight", &[16, 3, 3, 3], 0.3),
        Some(&variable("conv1.bias", &[16], 0.1)),
        Conv2dOptions::new().padding(1),
    );
    let (x, mean, var) =
        x.batch_norm(&variable("norm.weight", &[16], 1.0), &variable("norm.bias", &[16], 0.1), 1e-5);
    let x = x.relu().max_pool2d(Pool2d::new(3).stride(2).padding(1));
    let grouped = Conv2dOptions::new().padding(1).groups(2);
    let x = x.conv2d(&variable("conv2.weight", &[32, 8, 3, 3], 0.2), None, grouped).tanh();
    let pointwise = x.conv2d(&variable("conv3.weight", &[32, 32, 1, 1], 0.2), None, ()).sigmoid();
    let depthwise = Conv2dOptions::new().stride(2).padding(2).dilation(2).groups(32);
    let strided = pointwise.conv2d(&variable("conv4.weight", &[32, 1, 3, 3], 0.4), None, depthwise);
    let x = (strided + x.avg_pool2d(2)).dropout(0.3);
    // Each row of the picture is one step of the sequence.
    let sequence = x.permute([2, 0, 1, 3]).flatten_from(2);
    let mut layer = |names: [&'static str; 4], features| RecurrentWeights {
        weight_ih: variable(names[0], &[4 * hidden, features], 0.1),
        weight_hh: variable(names[1], &[4 * hidden, hidden], 0.1),
        biases: Some((variable(names[2], &[4 * hidden], 0.1), variable(names[3], &[4 * hidden], 0.1))),
        weight_hr: None,
    };
    let layers = [
        layer(["lstm0.weight_ih", "lstm0.weight_hh", "lstm0.bias_ih", "lstm0.bias_hh"], 32 * 8),
        layer(["lstm1.weight_ih", "lstm1.weight_hh", "lstm1.bias_ih", "lstm1.bias_hh"], hidden),
    ];
    let start = variable("state", &[2, batch, hidden], 0.5);
    let (all, (last, _)) = sequence.lstm(Some((&start, &start)), &layers, RecurrentOptions::new());
    let features = last.select(0, -1) + all.mean(0);
    let logits = features.linear(
        &variable("head.weight", &[classes, hidden], 0.5),
        Some(&variable("head.bias", &[classes], 0.1)),
    );
    let labels = draw.indices(&[batch], classes as i64);
    let loss = logits.cross_entropy(&labels) + mean.square().sum(..) + var.ln().mean(..);
    let mut found = vec![("loss", bits(&loss)), ("logits", bits(&logits))];
    let grads = loss.backward_with(Replay::new().create_graph(create_graph));
    found.extend(gradients(&variables, &grads));
    found
}

/// The operations that reduce, select and multiply, on sizes past every threshold for dividing the work.
fn operations() -> Bits {
    let mut draw = Draw(ChaCha8Rng::seed_from_u64(3));
    let tape = Tape::new();
    let a = tape.variable(draw.tensor(&[300, 700], 1.0));
    let b = tape.variable(draw.tensor(&[700, 130], 1.0));
    let batched = tape.variable(draw.tensor(&[24, 33, 65], 1.0));
    let table = tape.variable(draw.tensor(&[50, 64], 1.0));
    let offset = tape.variable(draw.tensor(&[700], 1.0));
    let (ids, columns) = (draw.indices(&[40, 50], 50), draw.indices(&[300, 900], 700));
    let picked = draw.indices(&[300, 600], 700);
    let product = a.matmul(&b) * 0.05;
    let parts = [
        product.log_softmax(-1).gather(1, &draw.indices(&[300, 1], 130)).mean(..),
        product.softmax(0).square().sum(..),
        batched.matmul(&batched.transpose(-1, -2)).logsumexp([0, 2]).sum(..),
        table.index_select(0, &ids).exp().mean(0).square().sum(..),
        (&a + &offset).tanh().var([0, 1], 1),
        a.max(1).sum(..) + a.min(0).sum(..) + a.sum(0).square().mean(..) + a.mean(..),
        a.gather(1, &columns).square().mean(..),
        a.scatter_add(1, &picked, &a.slice(1, ..600)).square().mean(..),
        Tensor::concat(&[&a, &a], 1).slice(1, 100..900).permute([1, 0]).square().sum(0).sqrt().sum(..),
        a.mse_loss(&a.detach().sigmoid()) + a.binary_cross_entropy_with_logits(&a.detach().sigmoid()),
    ];
    let mut found: Bits = parts.iter().map(|part| ("part", bits(part))).collect();
    let total = parts.iter().fold(Tensor::scalar(0.0), |sum, part| sum + part);
    let variables = [("a", a), ("b", b), ("batched", batched), ("table", table), ("offset", offset)];
    found.extend(gradients(&variables, &total.backward()));
    found
}

/// Runs a computation under pools of several sizes, each of them twice.
#[track_caller]
fn same_bits(compute: impl Fn() -> Bits + Send + Sync) {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(&compute)
    };
    let expected = run(1);
    for threads in [1, 2, 2, 3, 3, 8, 8] {
        let found = run(threads);
        assert_eq!(found.len(), expected.len());
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            assert_eq!(found.len(), expected.len());
            let differ = found.iter().zip(expected).filter(|(a, b)| a != b).count();
            assert!(
                differ == 0,
                "{name}: {differ} of {} numbers differ between 1 and {threads} threads",
                found.len()
            );
        }
    }
}

#[test]
fn a_training_step_gives_the_same_bits_at_any_number_of_threads() {
    same_bits(|| network(false));
}

#[test]
fn a_recorded_replay_gives_the_same_bits_at_any_number_of_threads() {
    same_bits(|| network(true));
}

#[test]
fn every_kernel_gives_the_same_bits_at_any_number_of_threads() {
    same_bits(operations);
}

/// What a model has learned after some steps.
fn learned(model: &impl Module<f32>) -> Bits {
    model.named_parameters().iter().map(|(_, parameter)| ("parameter", bits(&parameter.value()))).collect()
}

#[test]
fn a_training_run_of_a_residual_network_gives_the_same_bits_at_any_number_of_threads() {
    same_bits(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let model = ResNetConfig::cifar(1).init::<f32>(&mut rng);
        let mut draw = Draw(rng);
        let (x, labels) = (draw.tensor(&[12, 3, 32, 32], 1.0), draw.indices(&[12], 10));
        let mut optimizer = Sgd::new(model.parameters(), 0.05).momentum(0.9).weight_decay(1e-4);
        for seed in 0..3 {
            let loss = model.forward(&Tape::training(seed).constant(&x)).cross_entropy(&labels);
            optimizer.step(&loss.backward());
        }
        let mut found = learned(&model);
        found.extend(model.named_buffers().iter().map(|(_, buffer)| ("buffer", bits(&buffer.value()))));
        found
    });
}

#[test]
fn a_training_run_of_a_recurrent_network_gives_the_same_bits_at_any_number_of_threads() {
    same_bits(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let embedding = Embedding::<f32>::new(40, 24, &mut rng);
        let layers = GruConfig::new(24, 72).num_layers(2).dropout(0.2).batch_first(true).init(&mut rng);
        let head = Linear::<f32>::new(72, 40, &mut rng);
        let mut draw = Draw(rng);
        let (ids, next) = (draw.indices(&[20, 17], 40), draw.indices(&[20 * 17], 40));
        let parameters = [embedding.parameters(), layers.parameters(), head.parameters()].concat();
        let mut optimizer = Adam::new(parameters, 1e-2);
        for seed in 0..3 {
            let tape = Tape::training(seed);
            let x = layers.forward(&embedding.forward(&tape.indices(ids.clone())));
            let loss = head.forward(&x).reshape([20 * 17, 40]).cross_entropy(&next);
            optimizer.step(&loss.backward());
        }
        [learned(&embedding), learned(&layers), learned(&head)].concat()
    });
}

/// The test above compares something: another seed gives other bits.
#[test]
fn another_seed_drops_other_elements() {
    let drop = |seed| bits(&Tape::training(seed).constant(Tensor::<f32>::ones([1000])).dropout(0.5));
    assert_eq!(drop(1), drop(1));
    assert_ne!(drop(1), drop(2));
}
