//! What a step touches: groups, frozen and unused parameters, the address of a parameter's buffer, threads.

use rayon::ThreadPoolBuilder;
use wengert::prelude::*;

fn square_step(optimizer: &mut dyn Optimizer<f64>, parameters: &[&Parameter<f64>]) {
    let tape = Tape::new();
    let losses = parameters.iter().map(|p| tape.watch(p).square().sum(..));
    optimizer.step(&losses.reduce(|a, b| a + b).unwrap().backward());
}

fn scalar(x: f64) -> Parameter<f64> {
    Parameter::new(Tensor::scalar(x))
}

#[test]
fn groups_have_rates_and_decays_of_their_own() {
    let (a, b, c) = (scalar(1.0), scalar(1.0), scalar(1.0));
    let mut sgd = Sgd::new([a.clone()], 0.25)
        .weight_decay(1.0)
        .add_group(ParameterGroup::new([b.clone()]).weight_decay(0.0))
        .add_group(ParameterGroup::new([c.clone()]).learning_rate(StepDecay::new(0.5, 0.0, 1)));
    assert_eq!(sgd.learning_rate_of(2), 0.5);
    square_step(&mut sgd, &[&a, &b, &c]);
    // x − α (2x + λx)
    assert_eq!([&a, &b, &c].map(|p| p.value().item()), [0.25, 0.5, -0.5]);
    assert_eq!((sgd.learning_rate(), sgd.learning_rate_of(2)), (0.25, 0.0));
    square_step(&mut sgd, &[&a, &b, &c]);
    assert_eq!([&a, &b, &c].map(|p| p.value().item()), [0.0625, 0.25, -0.5]);
}

#[test]
fn a_group_added_between_steps_starts_afresh() {
    let (a, b) = (scalar(1.0), scalar(1.0));
    let mut adam = Adam::new([a.clone()], 0.125).eps(0.0);
    square_step(&mut adam, &[&a]);
    let mut adam = adam.add_group(ParameterGroup::new([b.clone()]));
    square_step(&mut adam, &[&a, &b]);
    assert!((b.value().item() - 0.875).abs() < 1e-14, "a first step of Adam is the learning rate");
}

#[test]
fn frozen_and_unused_parameters_keep_value_and_state() {
    let (a, b, c) = (scalar(1.0), scalar(1.0), scalar(1.0));
    let (alone, lone) = (scalar(1.0), scalar(1.0));
    let mut adam = Adam::new([a.clone(), b.clone(), c.clone()], 0.1);
    let mut reference = Adam::new([alone.clone()], 0.1);
    square_step(&mut adam, &[&a, &b, &c]);
    square_step(&mut reference, &[&alone]);
    let before = b.value().item();
    b.freeze();
    for _ in 0..3 {
        square_step(&mut adam, &[&a, &b]);
    }
    assert_eq!((b.value().item(), c.value().item()), (before, before));
    b.unfreeze();
    square_step(&mut adam, &[&a, &b, &c]);
    square_step(&mut reference, &[&alone]);
    // As if the steps without them had not been.
    assert_eq!((b.value().item(), c.value().item()), (alone.value().item(), alone.value().item()));
    assert_ne!(a.value().item(), b.value().item());

    // A gradient that a parameter got before it was frozen is not used.
    let tape = Tape::new();
    let grads = (tape.watch(&lone).square() + tape.watch(&a).square()).backward();
    lone.freeze();
    Sgd::new([lone.clone(), a], 0.1).step(&grads);
    assert_eq!(lone.value().item(), 1.0);
}

#[test]
fn parameters_are_updated_in_place() {
    let weight = Parameter::<f32>::new(Tensor::full([100, 100], 0.005));
    let bias = Parameter::<f32>::new(Tensor::zeros([100]));
    let address = |p: &Parameter<f32>| p.value().view().as_ptr() as usize;
    let x = Tensor::<f32>::ones([4, 100]);
    let parameters = || [weight.clone(), bias.clone()];
    let mut optimizers: [Box<dyn Optimizer<f32>>; 3] = [
        Box::new(Sgd::new(parameters(), 1e-3).momentum(0.9).weight_decay(1e-3)),
        Box::new(Adam::new(parameters(), Cosine::new(1e-3, 10))),
        Box::new(AdamW::new(parameters(), 1e-3)),
    ];
    let first = (address(&weight), address(&bias));
    for optimizer in &mut optimizers {
        for seed in 0..5 {
            let before = (weight.value().to_vec(), bias.value().to_vec());
            let tape = Tape::training(seed);
            let y = (tape.constant(&x).matmul(&tape.watch(&weight)) + tape.watch(&bias)).tanh();
            let loss = y.square().mean(..);
            optimizer.step(&loss.backward());
            assert_eq!((address(&weight), address(&bias)), first, "the parameters moved");
            assert!(weight.value().to_vec() != before.0 && bias.value().to_vec() != before.1);
        }
    }
}

#[test]
fn a_record_that_is_kept_keeps_the_value_it_saw() {
    let w = scalar(3.0);
    let tape = Tape::new();
    let loss = tape.watch(&w).square();
    let grads = loss.backward_with(Replay::new().retain(true));
    Sgd::new([w.clone()], 0.5).step(&grads);
    assert_eq!(w.value().item(), 0.0);
    assert_eq!(loss.backward().get(&w).unwrap().item(), 6.0);
}

#[test]
fn a_gradient_need_not_be_row_major() {
    let w = Parameter::<f64>::new(Tensor::zeros([2, 3]));
    let tape = Tape::new();
    let weights = Tensor::from_vec([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let grads = (tape.watch(&w).transpose(0, 1) * weights).sum(..).backward();
    Sgd::new([w.clone()], 1.0).step(&grads);
    assert_eq!(w.value().to_vec(), [-1.0, -3.0, -5.0, -2.0, -4.0, -6.0]);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let n = 100_003;
    let start: Vec<f32> = (0..n).map(|i| ((i * 7919) % 1000) as f32 * 1e-3 - 0.4).collect();
    let run = |threads: usize| {
        ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let w = Parameter::new(Tensor::from_vec([n], start.clone()));
            let mut optimizers: [Box<dyn Optimizer<f32>>; 2] = [
                Box::new(Sgd::new([w.clone()], 0.1).momentum(0.9).nesterov(true).weight_decay(0.01)),
                Box::new(AdamW::new([w.clone()], 0.01)),
            ];
            let mut norms = Vec::new();
            for optimizer in &mut optimizers {
                for _ in 0..3 {
                    let tape = Tape::new();
                    let mut grads = tape.watch(&w).pow(4.0).sum(..).backward();
                    norms.push(clip_global_norm(&mut grads, 1.0).to_bits());
                    optimizer.step(&grads);
                }
            }
            let states: Vec<_> = optimizers.iter().map(|o| o.to_bytes()).collect();
            (w.value().to_vec(), norms, states)
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "another result with {threads} threads");
    }
}
