//! The ways to replay a record: once, again, from a seed, and recorded.

use wengert::prelude::*;

fn vector(elements: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([elements.len()], elements.to_vec())
}

#[test]
fn a_kept_record_replays_again_with_the_same_bits() {
    let tape = Tape::training(3);
    let x = tape.variable(vector(&[0.1, -0.7, 2.0, 0.4]));
    let loss = (x.dropout(0.5).tanh() * &x).softmax(0).ln().sum(..);
    let keep = || loss.backward_with(Replay::new().retain(true)).get(&x).unwrap().to_vec();
    let (first, second) = (keep(), keep());
    assert_eq!(first, second);
    assert_eq!(loss.backward().get(&x).unwrap().to_vec(), first);
}

#[test]
fn a_seed_weighs_the_outputs() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0, 2.0, 3.0]));
    let y = x.square();
    let grads = y.backward_with(Replay::new().seed(vector(&[1.0, 10.0, -1.0])));
    assert_eq!(grads.get(&x).unwrap().to_vec(), [2.0, 40.0, -6.0]);
}

#[test]
fn a_seed_on_the_tape_is_differentiated_too() {
    // d/dv of ⟨v, ∇⟩: the trick that gives a Jacobian's product with a vector from two replays.
    let tape = Tape::new();
    let x = tape.variable(vector(&[1.0, 2.0]));
    let v = tape.variable(vector(&[0.0, 0.0]));
    let y = x.pow(3);
    let vjp = y.backward_with(Replay::new().create_graph(true).seed(v.clone())).get(&x).unwrap().clone();
    let jvp = (vjp * vector(&[1.0, 5.0])).sum(..).backward().get(&v).unwrap().clone();
    assert_eq!(jvp.to_vec(), [3.0, 60.0]);
}

#[test]
fn gradients_of_intermediate_tensors_are_kept_on_request() {
    for replay in [Replay::new(), Replay::new().retain(true), Replay::new().create_graph(true)] {
        let tape = Tape::new();
        let x = tape.variable(vector(&[1.0, 2.0]));
        let (u, v) = (x.square(), x.exp());
        u.retain_grad();
        u.retain_grad();
        let loss = (&u * 3.0 + &v).sum(..);
        let grads = loss.backward_with(replay);
        assert_eq!(grads.get(&u).unwrap().to_vec(), [3.0, 3.0]);
        assert!(grads.get(&v).is_none());
        assert!(grads.get(&x).is_some());
    }
}

#[test]
fn a_replay_from_the_middle_looks_at_nothing_after() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::scalar(2.0));
    let y = x.square();
    let _z = y.exp() * &x;
    assert_eq!(y.backward_with(Replay::new().retain(true)).get(&x).unwrap().item(), 4.0);
    assert_eq!(y.backward().get(&x).unwrap().item(), 4.0);
}

#[test]
fn the_gradient_of_a_leaf_by_itself_is_one() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::scalar(2.0));
    assert_eq!(x.backward().get(&x).unwrap().item(), 1.0);
}

#[test]
fn a_gradient_penalty_trains() {
    // L = (|∇ₓ w·x²| − 1)², with ∇ₓ = 2wx: dL/dw = 2(2wx − 1)·2x.
    let w = Parameter::new(Tensor::<f64>::scalar(0.75));
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::scalar(2.0));
    let y = tape.watch(&w) * x.square();
    let slope = y.backward_with(Replay::new().create_graph(true)).get(&x).unwrap().clone();
    assert_eq!(slope.item(), 3.0);
    let penalty = (slope.abs() - 1.0).square();
    assert_eq!(penalty.backward().get(&w).unwrap().item(), 2.0 * (3.0 - 1.0) * 4.0);
}

#[test]
fn several_outputs_of_one_function_share_its_node() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::from_vec([4, 1], vec![1.0f64, 2.0, 3.0, 6.0]));
    let (w, b) = (Tensor::ones([1]), Tensor::zeros([1]));
    let (_, mean, var) = x.batch_norm(&w, &b, 1e-5);
    assert_eq!(tape.len(), 1);
    // Only the variance is used: dσ²/dx = 2(x − μ)/n.
    let grads = var.sum(..).backward_with(Replay::new().retain(true));
    assert_eq!(grads.get(&x).unwrap().to_vec(), [-1.0, -0.5, 0.0, 1.5]);
    assert_eq!(mean.sum(..).backward().get(&x).unwrap().to_vec(), [0.25; 4]);
}

#[test]
fn the_shared_gradient_of_a_sum_is_not_written_over() {
    // Both addends get the same gradient; x gets a second one, which must not be added into z's.
    let tape = Tape::new();
    let (x, z) = (tape.variable(vector(&[1.0; 3])), tape.variable(vector(&[1.0; 3])));
    let y = x.square();
    let grads = ((&x + &z) + &y * 5.0).sum(..).backward();
    assert_eq!(grads.get(&x).unwrap().to_vec(), [11.0; 3]);
    assert_eq!(grads.get(&z).unwrap().to_vec(), [1.0; 3]);
}

#[test]
fn a_replay_begins_at_any_of_several_outputs() {
    let weights = (Tensor::<f64>::full([1], 2.0), Tensor::<f64>::zeros([1]));
    let replays: [fn() -> Replay<f64>; 3] =
        [Replay::new, || Replay::new().retain(true), || Replay::new().create_graph(true)];
    for replay in replays {
        for output in 0..3 {
            let tape = Tape::new();
            let x = tape.variable(Tensor::from_vec([3, 1], vec![1.0, 2.0, 6.0]));
            let (y, mean, var) = x.batch_norm(&weights.0, &weights.1, 1e-5);
            let (from, seed) =
                [(y, Tensor::ones([3, 1])), (mean, Tensor::ones([1])), (var, Tensor::ones([1]))][output]
                    .clone();
            let dx = from.backward_with(replay().seed(seed)).get(&x).unwrap().to_vec();
            // The elements of y sum to 0, μ is the mean of x, and dσ²/dx = 2(x − μ)/n.
            let expected = [[0.0; 3], [1.0 / 3.0; 3], [-4.0 / 3.0, -2.0 / 3.0, 2.0]][output];
            assert!(dx.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{output}: {dx:?}");
        }
    }
}
