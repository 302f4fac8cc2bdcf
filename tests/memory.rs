//! The memory of a training loop: flat over a thousand steps, with parameters that stay where they are.
//!
//! These tests have a process of their own and run one after the other: they look at all of its memory.

use std::sync::{Mutex, PoisonError};

use wengert::autodiff::pool;
use wengert::prelude::*;

static ALONE: Mutex<()> = Mutex::new(());

/// Bytes of memory in use, from the system.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[cfg(not(target_os = "linux"))]
fn resident() -> usize {
    0
}

/// Page faults of this process that read nothing from disk: memory touched for the first time.
#[cfg(target_os = "linux")]
fn page_faults() -> usize {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_the_name = stat.rsplit(')').next().unwrap();
    behind_the_name.split_whitespace().nth(7).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_training_step_touches_no_new_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let model = ResNetConfig::cifar(1).init::<f32>(&mut rng);
    let pixels = (0..16 * 3 * 32 * 32).map(|_| rng.random_range(-1.0..1.0)).collect();
    let x = Tensor::from_vec([16, 3, 32, 32], pixels);
    let labels = Indices::from((0..16).map(|i| i % 10).collect::<Vec<_>>());
    let mut optimizer = Sgd::new(model.parameters(), 0.01).momentum(0.9);
    // Of 36 MiB: no allocator keeps so much for itself.
    let weights = Parameter::new(Tensor::<f32>::full([9 << 20], 0.5));
    let mut large = Sgd::new([weights.clone()], 0.01);
    let mut step = |seed| {
        let loss = model.forward(&Tape::training(seed).constant(&x)).cross_entropy(&labels);
        optimizer.step(&loss.backward());
        large.step(&Tape::new().watch(&weights).square().sum(..).backward());
    };
    let mut faults = |steps: std::ops::Range<u64>| {
        let before = page_faults();
        steps.for_each(&mut step);
        page_faults() - before
    };
    // The first steps fill the pools: how many of a buffer are in use at once depends on the threads.
    let first = faults(0..10);
    let later = faults(10..60);
    assert!(first > 1000, "the first ten steps took {first} pages: is it this that the system counts?");
    assert!(later < 500, "fifty steps later on took {later} pages, the first ten {first}");
}

#[test]
fn convolutions_of_large_pictures_take_bounded_working_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // All windows of these pictures, transformed, would take 144 and 132 MiB.
    for (channels, side) in [(16, 1024), (144, 320)] {
        let x = Tensor::<f32>::full([1, channels, side, side], 0.5);
        let w = Parameter::new(Tensor::full([16, channels, 3, 3], 0.1));
        pool::clear();
        let tape = Tape::new();
        let y = tape.variable(&x).conv2d(&tape.watch(&w), None, Conv2dOptions::new().padding(1));
        let forward = pool::held();
        let loss = y.sum(..);
        drop(y);
        pool::clear();
        let grads = loss.backward();
        // In the pool now is what the kernels of both gradients worked in, and the gradient of the output.
        let backward = pool::held() - 16 * side * side * 4;
        drop(grads);
        for (pass, held) in [("forward", forward), ("backward", backward)] {
            assert!(held < 64 << 20, "{channels} channels: {pass}: {} MiB of working memory", held >> 20);
        }
    }
    pool::clear();
}

#[test]
fn a_thousand_steps_need_the_memory_of_one() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let w = Parameter::new(Tensor::<f32>::full([64, 64], 0.01));
    let b = Parameter::new(Tensor::<f32>::zeros([64]));
    let x = Tensor::<f32>::full([128, 64], 0.5);
    let address = |p: &Parameter| p.update(|values| values.as_ptr() as usize);
    let at = [address(&w), address(&b)];
    let step = |seed: u64| {
        let tape = Tape::training(seed);
        let h = tape.constant(&x).linear(&tape.watch(&w), Some(&tape.watch(&b))).relu().dropout(0.5);
        let loss = h.matmul(&tape.watch(&w)).square().mean(..);
        let grads = loss.backward();
        // As an optimizer does it: tape, loss and gradients are still alive.
        for p in [&w, &b] {
            p.update(|values| values.scaled_add(-1e-2, &grads.get(p).unwrap().view()));
        }
        (tape.downgrade(), loss.item())
    };
    let first = step(0).1;
    (1..100).for_each(|seed| drop(step(seed)));
    let (held, before) = (pool::held(), resident());
    let mut last = 0.0;
    for seed in 100..1100 {
        let (tape, loss) = step(seed);
        assert!(tape.upgrade().is_none(), "the tape of step {seed} is still alive");
        last = loss;
    }
    assert!(last < first, "the loss went from {first} to {last}");
    assert_eq!([address(&w), address(&b)], at, "each step updated the parameters in place");
    assert_eq!(pool::held(), held, "a step gives back the buffers that it takes");
    let grown = resident().saturating_sub(before);
    assert!(grown < 1 << 20, "a thousand steps took {grown} bytes more than a hundred");
}

/// A small network of each kind of operation: its tape, its loss, and what it learns.
fn network() -> (Tape, Tensor<f32>, [Parameter<f32>; 3]) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut random = |shape: &[usize]| {
        let n: usize = shape.iter().product();
        Parameter::new(Tensor::from_vec(shape, (0..n).map(|_| rng.random_range(-0.5..0.5)).collect()))
    };
    let parameters = [random(&[4, 1, 3, 3]), random(&[4]), random(&[10, 4 * 16 * 16])];
    let tape = Tape::training(7);
    let [kernel, bias, weight] = parameters.each_ref().map(|p| tape.watch(p));
    let x = tape.constant(Tensor::full([8, 1, 32, 32], 0.3));
    let h = x.conv2d(&kernel, Some(&bias), Conv2dOptions::new().padding(1)).relu().max_pool2d(2).dropout(0.3);
    let loss = h.flatten_from(1).linear(&weight, None).log_softmax(1).square().mean(..);
    (tape, loss, parameters)
}

#[test]
fn a_first_order_replay_records_nothing_and_saves_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (tape, loss, parameters) = network();
    let (operations, saved) = (tape.len(), tape.saved_bytes());
    // What the rules need, and no more: the input of the convolution, the signs of relu, the maxima's positions,
    // the mask of dropout, what the linear layer read, and the results of the softmax and of what follows.
    let picture = 8 * 32 * 32 * 4;
    assert!(saved < 14 * picture, "{saved} bytes are saved, {} pictures", saved / picture);
    let in_use = pool::in_use();
    let grads = loss.backward_with(Replay::new().retain(true));
    assert!(parameters.iter().all(|p| grads.get(p).is_some()));
    assert_eq!((tape.len(), tape.saved_bytes()), (operations, saved), "the record is as it was");
    drop(grads);
    assert_eq!(pool::in_use(), in_use, "nothing of the replay is kept");

    // It can tell: a replay that is recorded does keep more.
    let linked = loss.backward_with(Replay::new().create_graph(true));
    assert!(tape.len() > operations && tape.saved_bytes() > saved);
    drop((linked, loss, tape));

    // And the default keeps nothing at all.
    let (tape, loss, parameters) = network();
    let grads = loss.backward();
    assert!(parameters.iter().all(|p| grads.get(p).is_some()));
    assert_eq!((tape.len(), tape.saved_bytes()), (0, 0));
}

#[test]
fn a_profile_sees_the_peak_and_a_draining_replay_lowers_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mebibyte = 1 << 20;
    let peak = |replay: Replay<f32>| {
        let tape = Tape::new().profiled();
        let x = tape.variable(Tensor::<f32>::full([1 << 18], 0.5));
        let before = pool::in_use() as u64;
        let mut y = x.clone();
        (0..16).for_each(|_| y = y.tanh());
        let loss = y.sum(..);
        drop(y);
        let grads = loss.backward_with(replay);
        assert!(grads.get(&x).is_some());
        let profile = tape.profile();
        assert_eq!(profile.total().saved, 16 * mebibyte);
        profile.total().peak - before
    };
    let (drained, retained) = (peak(Replay::new()), peak(Replay::new().retain(true)));
    assert!(drained >= 16 * mebibyte && drained < 24 * mebibyte, "{drained} bytes");
    assert!(retained >= 17 * mebibyte && retained < 24 * mebibyte, "{retained} bytes");
    assert!(drained <= retained);
}

#[test]
fn memory_falls_during_a_draining_replay() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Each of 200 operations saves its output of 1 MiB. A replay that let go of them only at its end could
    // not use their buffers for its gradients.
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f32>::full([1 << 18], 1.0));
    let mut y = x.clone();
    for _ in 0..200 {
        y = y.tanh();
    }
    let loss = y.sum(..);
    drop(y);
    let before = resident();
    let grads = loss.backward();
    let grown = resident().saturating_sub(before);
    assert!(grads.get(&x).is_some());
    assert!(grown < 16 << 20, "the replay took {grown} bytes more");
}
