//! The record's life: how long it lives, what it keeps alive, and what gradients it gives.

use wengert::prelude::*;

fn assert_send_and_sync<T: Send + Sync>() {}

#[test]
fn handles_may_be_sent_and_shared_between_threads() {
    assert_send_and_sync::<Tensor<f32>>();
    assert_send_and_sync::<Tensor<f64>>();
    assert_send_and_sync::<Tape>();
    assert_send_and_sync::<Parameter<f32>>();
    assert_send_and_sync::<Gradients<f32>>();
    assert_send_and_sync::<Indices>();
    assert_send_and_sync::<Mask>();
    assert_send_and_sync::<Replay<f32>>();
}

#[test]
fn threads_record_on_tapes_of_their_own_and_on_one_together() {
    let w = Parameter::new(Tensor::<f64>::scalar(3.0));
    let shared = Tape::new();
    let gradients: Vec<f64> = std::thread::scope(|scope| {
        let run = |i: usize| {
            let (w, shared) = (w.clone(), shared.clone());
            move || {
                // A slot of the shared tape each, recorded at the same time.
                let y = shared.watch(&w) * i as f64;
                assert_eq!(y.item(), 3.0 * i as f64);
                let tape = Tape::new();
                tape.watch(&w).pow(i as i32).backward().get(&w).unwrap().item()
            }
        };
        let threads: Vec<_> = (1..=4).map(|i| scope.spawn(run(i))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(gradients, [1.0, 6.0, 27.0, 108.0]);
    assert_eq!(shared.len(), 4);
}

#[test]
fn a_chain_of_a_million_operations_records_replays_and_drops() {
    // On a small stack: nothing may recurse over the record.
    let chain = || {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::scalar(1.0));
        let mut y = x.clone();
        for _ in 0..1_000_000 {
            y = y + 1e-6;
        }
        assert_eq!(tape.len(), 1_000_000);
        let kept = tape.clone();
        let grads = y.backward_with(Replay::new().retain(true));
        assert_eq!(grads.get(&x).unwrap().item(), 1.0);
        assert_eq!(kept.len(), 1_000_000);
        assert_eq!(y.backward().get(&x).unwrap().item(), 1.0);
        assert!(kept.is_empty());

        // A record that is dropped without a replay.
        let tape = Tape::new();
        let mut y = tape.variable(Tensor::<f64>::scalar(1.0));
        for _ in 0..1_000_000 {
            y = &y * 0.5;
        }
        drop((tape, y));
    };
    std::thread::Builder::new().stack_size(128 * 1024).spawn(chain).unwrap().join().unwrap();
}

#[test]
fn a_tape_dies_with_its_last_handle() {
    let w = Parameter::new(Tensor::<f32>::ones([10, 10]));
    let tape = Tape::training(1);
    let weak = tape.downgrade();
    let loss = tape.watch(&w).square().sum(..);
    let grads = loss.backward();
    drop(tape);
    assert!(weak.upgrade().is_some(), "the loss keeps its tape alive");
    drop(loss);
    assert!(weak.upgrade().is_none(), "gradients of a plain replay do not");
    assert_eq!(grads.get(&w).unwrap().to_vec(), [2.0; 100]);

    // Without a replay, and after a recorded one whose gradients are dropped.
    let tape = Tape::new();
    let weak = tape.downgrade();
    let x = tape.variable(Tensor::<f32>::ones([3]));
    let grads = x.square().sum(..).backward_with(Replay::new().create_graph(true));
    drop((tape, x));
    assert!(weak.upgrade().is_some(), "recorded gradients lie on the tape");
    drop(grads);
    assert!(weak.upgrade().is_none(), "no cycle holds the record");
}

#[test]
fn a_tensor_used_twice_gets_the_sum_of_its_gradients() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::from_vec([2], vec![3.0f64, -1.0]));
    let grads = (&x * &x).sum(..).backward();
    assert_eq!(grads.get(&x).unwrap().to_vec(), [6.0, -2.0]);

    // Through a square root of the record's depth: y ← y + y doubles the gradient each time.
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::scalar(1.0));
    let mut y = x.clone();
    for _ in 0..20 {
        y = &y + &y;
    }
    assert_eq!(y.backward().get(&x).unwrap().item(), 1_048_576.0);
}

#[test]
fn shared_weights_add_up() {
    let w = Parameter::new(Tensor::from_vec([2, 2], vec![1.0f64, 2.0, 3.0, 4.0]));
    let alias = w.clone();
    let tape = Tape::new();
    let x = tape.constant(Tensor::from_vec([1, 2], vec![1.0, 1.0]));
    // Encoder and decoder with the same weights: L = Σ x·W·Wᵀ.
    let y = x.matmul(&tape.watch(&w)).matmul(&tape.watch(&alias).transpose(0, 1)).sum(..);
    let grads = y.backward();
    assert_eq!(grads.parameters().count(), 1);
    // With the row sums r = W·1 and s = xᵀ·W: dL/dW = xᵀ ⊗ (Wᵀ·1) + 1 ⊗ s.
    assert_eq!(grads.get(&w).unwrap().to_vec(), [8.0, 12.0, 8.0, 12.0]);
    assert_eq!(grads.get(&alias).unwrap().to_vec(), [8.0, 12.0, 8.0, 12.0]);
}

#[test]
fn what_no_gradient_flows_to_has_none() {
    let used = Parameter::new(Tensor::<f32>::ones([2]));
    let watched = Parameter::new(Tensor::<f32>::ones([2]));
    let unseen = Parameter::new(Tensor::<f32>::ones([2]));
    let frozen = Parameter::new(Tensor::<f32>::ones([2]));
    frozen.freeze();
    let tape = Tape::new();
    let (_, x) = (tape.watch(&watched), tape.variable(Tensor::<f32>::ones([2])));
    let after = tape.variable(Tensor::<f32>::ones([2]));
    let loss = (tape.watch(&used) * tape.watch(&frozen) * x.detach()).sum(..);
    let grads = loss.backward();
    assert!(grads.get(&used).is_some());
    assert!(grads.get(&watched).is_none());
    assert!(grads.get(&unseen).is_none());
    assert!(grads.get(&frozen).is_none());
    assert!(grads.get(&x).is_none(), "detach cuts");
    assert!(grads.get(&after).is_none());
    assert_eq!(grads.parameters().map(|(id, _)| id).collect::<Vec<_>>(), [used.id()]);

    // A tensor in the same place of another tape is another tensor.
    let (one, other) = (Tape::new(), Tape::new());
    let (x, y) = (one.variable(Tensor::<f32>::scalar(1.0)), other.variable(Tensor::<f32>::scalar(1.0)));
    let grads = x.square().backward();
    assert!(grads.get(&x).is_some() && grads.get(&y).is_none());
}

#[test]
fn a_record_keeps_the_value_it_saw() {
    let w = Parameter::new(Tensor::<f64>::scalar(3.0));
    let tape = Tape::new();
    let y = tape.watch(&w).square();
    w.set(&Tensor::scalar(100.0));
    assert_eq!(tape.watch(&w).item(), 3.0, "the memo too");
    assert_eq!(y.backward().get(&w).unwrap().item(), 6.0);
    assert_eq!(Tape::new().watch(&w).item(), 100.0);
}

#[test]
fn the_two_element_types_have_records_of_their_own() {
    let tape = Tape::new();
    let (x, y) = (tape.variable(Tensor::<f32>::scalar(2.0)), tape.variable(Tensor::<f64>::scalar(2.0)));
    let (a, b) = (x.square(), y.pow(3));
    assert_eq!(tape.len(), 2);
    assert_eq!(a.backward().get(&x).unwrap().item(), 4.0);
    // The other record is not drained.
    assert_eq!(b.backward().get(&y).unwrap().item(), 12.0);
}

#[test]
fn nothing_is_recorded_without_a_wanted_gradient() {
    let tape = Tape::new();
    let x = tape.constant(Tensor::<f32>::ones([2, 2]));
    let y = x.matmul(&x).relu().softmax(1).sum(..);
    assert!(tape.is_empty() && !y.requires_grad() && y.tape().is_some());
}

#[test]
fn indices_that_a_tape_carries_do_not_keep_it_alive() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f32>::zeros([2, 3]));
    let picked = x.index_select(0, &tape.indices([1, 0])).cross_entropy(&tape.indices([2, 0]));
    let one = tape.indices(Indices::from_vec([2, 1], vec![0, 1]));
    let y = x.gather(1, &one) + x.scatter_add(1, &one, &Tensor::zeros([2, 1])).sum(..) + picked;
    let weak = tape.downgrade();
    drop((tape, x, y, one));
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_parameter_may_change_while_another_thread_waits_to_watch_it() {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    let (finished, result) = mpsc::channel();
    thread::spawn(move || {
        let (tape, w) = (Tape::new(), Parameter::new(Tensor::<f32>::ones([2])));
        let (theirs, same) = (tape.clone(), w.clone());
        let watcher = w.update(|values| {
            let watcher = thread::spawn(move || theirs.watch(&same).to_vec());
            // It waits for the parameter by now, and must not hold the tape.
            thread::sleep(Duration::from_millis(100));
            tape.variable(Tensor::<f32>::ones([1]));
            values.fill(3.0);
            watcher
        });
        finished.send(watcher.join().unwrap()).unwrap();
    });
    assert_eq!(result.recv_timeout(Duration::from_secs(20)).expect("a deadlock"), [3.0; 2]);
}
