use super::*;

type Log = Arc<Mutex<Vec<(&'static str, Vec<f64>)>>>;

fn watch(log: &Log, name: &'static str, x: &Tensor<f64>) {
    let log = log.clone();
    x.on_gradient(move |g| log.lock().unwrap().push((name, g.to_vec())));
}

fn replays() -> [Replay<f64>; 3] {
    [Replay::new().retain(true), Replay::new().create_graph(true), Replay::new()]
}

#[test]
fn see_complete_gradients_in_the_order_of_the_replay() {
    let tape = Tape::new();
    let (a, b) = (tape.variable(vector(&[2.0, 3.0])), tape.variable(vector(&[5.0, 7.0])));
    let u = &a * &b;
    // Two ways lead to u: its gradient is complete when both have arrived.
    let v = &u * 3.0;
    let loss = (&v + &u).sum(..);
    let log = Log::default();
    for (name, x) in [("a", &a), ("loss", &loss), ("b", &b), ("v", &v), ("u", &u)] {
        watch(&log, name, x);
    }
    let expected = [
        ("loss", vec![1.0]),
        ("v", vec![1.0, 1.0]),
        ("u", vec![4.0, 4.0]),
        ("b", vec![8.0, 12.0]),
        ("a", vec![20.0, 28.0]),
    ];
    for replay in replays() {
        loss.backward_with(replay);
        assert_eq!(*log.lock().unwrap(), expected);
        log.lock().unwrap().clear();
    }
}

#[test]
fn replace_what_flows_on_and_what_is_kept() {
    for replay in replays() {
        let tape = Tape::new();
        let x = tape.variable(vector(&[1.0, -2.0]));
        let u = x.square();
        u.retain_grad();
        u.on_gradient(|g| Some(g * 10.0));
        let seen = Log::default();
        watch(&seen, "after", &u);
        x.on_gradient(|g| g + 0.5);
        let grads = (&u * 3.0).sum(..).backward_with(replay);
        assert_eq!(grads.get(&u).unwrap().to_vec(), [30.0, 30.0]);
        assert_eq!(*seen.lock().unwrap(), [("after", vec![30.0, 30.0])]);
        assert_eq!(grads.get(&x).unwrap().to_vec(), [60.5, -119.5]);
    }
}

#[test]
fn are_differentiated_in_a_recording_replay() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::scalar(3.0));
    let u = x.square();
    // dL/du = 1 becomes g² + 1 = 2, so dL/dx = 2·2x, and its derivative is 4.
    u.on_gradient(|g| g.square() + 1.0);
    let dx = u.backward_with(Replay::new().create_graph(true)).get(&x).unwrap().clone();
    assert_eq!(dx.item(), 12.0);
    assert_eq!(dx.backward().get(&x).unwrap().item(), 4.0);
}

#[test]
fn of_fused_functions_see_each_output() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let lstm = Lstm::<f64>::new(2, 3, &mut rng);
    for replay in replays() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::full([4, 1, 2], 0.1));
        let y = lstm.forward(&x);
        let log = Log::default();
        watch(&log, "y", &y);
        y.sum(..).backward_with(replay);
        assert_eq!(*log.lock().unwrap(), [("y", vec![1.0; 12])]);
    }
}

#[test]
fn are_removed_and_not_called_where_nothing_flows() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0]));
    let (used, unused) = (x.exp(), x.exp());
    let log = Log::default();
    watch(&log, "unused", &unused);
    let handle = used.on_gradient(|_| -> () { panic!("removed") });
    handle.clone().remove();
    handle.remove();
    used.sum(..).backward();
    assert!(log.lock().unwrap().is_empty());
}

#[test]
fn that_compute_on_a_tape_leave_a_first_order_replay_unrecorded() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0]));
    let (y, weight) = (x.exp(), Tape::new().variable(vector(&[2.0])));
    y.on_gradient(move |g| g * &weight);
    let grads = y.sum(..).backward();
    let gradient = grads.get(&x).unwrap();
    assert!(gradient.tape().is_none());
    assert_eq!(gradient.item(), 2.0 * 1f64.exp());
}

#[test]
fn panic_where_they_cannot_be() {
    let text = panic_of(|| vector(&[1.0]).on_gradient(|_| ()));
    assert!(text.contains("on_gradient") && text.contains("[1]"), "{text}");
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0, 2.0]));
    let y = x.exp();
    y.on_gradient(|g| g.sum(..));
    let text = panic_of(|| y.sum(..).backward());
    assert!(text.contains("shape []") && text.contains("shape [2]"), "{text}");
    assert!(panic_of(|| y.on_gradient(|_| ())).contains("drained"));
}
