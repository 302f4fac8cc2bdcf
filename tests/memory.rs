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
