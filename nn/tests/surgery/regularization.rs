//! Penalties and limits of weights.

use wengert::nn::regularization::{MaxNorm, Penalty};
use wengert::prelude::*;

const RENORM: [(f64, usize, f64, [f64; 12]); 5] = [
    (
        2.0,
        0,
        1.5,
        [
            -0.9434563134892887,
            -0.7862135945744073,
            -0.6289708756595258,
            -0.47172815674464436,
            -0.3144854378297629,
            -0.15724271891488145,
            0.0,
            0.2022599478298823,
            0.4045198956597646,
            0.6067798434896469,
            0.8090397913195292,
            1.0112997391494114,
        ],
    ),
    (
        2.0,
        1,
        1.2,
        [
            -0.9144008679497609,
            -0.7620007232914674,
            -0.7786627709013477,
            -0.5839970781760108,
            -0.3538606739021891,
            -0.17693033695109456,
            0.0,
            0.1524001446582935,
            0.38933138545067386,
            0.5839970781760108,
            0.7077213478043782,
            0.8846516847554728,
        ],
    ),
    (
        1.0,
        2,
        3.0,
        [
            -0.9999999777777782,
            -0.8333333148148152,
            -0.6666666518518521,
            -0.4999999888888891,
            -0.33333332592592607,
            -0.16666666296296304,
            0.0,
            0.16666666296296304,
            0.33333332592592607,
            0.4999999888888891,
            0.6666666518518521,
            0.8333333148148152,
        ],
    ),
    (
        3.0,
        0,
        1.3,
        [
            -1.024743211661772,
            -0.85395267638481,
            -0.683162141107848,
            -0.512371605830886,
            -0.341581070553924,
            -0.170790535276962,
            0.0,
            0.21373836571866373,
            0.42747673143732745,
            0.6412150971559911,
            0.8549534628746549,
            1.0686918285933187,
        ],
    ),
    (
        f64::INFINITY,
        1,
        0.9,
        [
            -0.899999940000004,
            -0.7499999500000033,
            -0.899999910000009,
            -0.6749999325000068,
            -0.3599999712000023,
            -0.17999998560000116,
            0.0,
            0.14999999000000067,
            0.4499999550000045,
            0.6749999325000068,
            0.7199999424000046,
            0.8999999280000058,
        ],
    ),
];

fn weights() -> [Parameter<f64>; 2] {
    let first = Tensor::from_vec([2, 2], vec![1.0, -2.0, 0.0, 3.0]);
    [Parameter::new(first), Parameter::new(Tensor::from_vec([2], vec![-0.5, 4.0]))]
}

/// The term, and its gradients.
fn term(penalty: Penalty) -> (f64, Vec<f64>) {
    let weights = weights();
    let tape = Tape::training(0);
    let loss = tape.watch(&weights[0]).sum(..) * 0.0;
    let term = penalty.of(&weights, &loss);
    let value = term.item();
    let grads = (loss + term).backward();
    (value, weights.iter().flat_map(|w| grads.get(w).unwrap().to_vec()).collect())
}

#[test]
fn penalties_and_their_gradients() {
    let (value, grads) = term(Penalty::l2(0.5));
    assert_eq!(value, 0.25 * (1.0 + 4.0 + 9.0 + 0.25 + 16.0));
    assert_eq!(grads, [0.5, -1.0, 0.0, 1.5, -0.25, 2.0]);
    let (value, grads) = term(Penalty::l1(0.5));
    assert_eq!(value, 0.5 * 10.5);
    assert_eq!(grads, [0.5, -0.5, 0.0, 0.5, -0.5, 0.5]);
    let (value, grads) = term(Penalty::elastic_net(2.0, 0.5));
    assert_eq!(value, 21.0 + 0.25 * 30.25);
    assert_eq!(grads, [2.5, -3.0, 0.0, 3.5, -2.25, 4.0]);
}

#[test]
fn the_penalty_is_on_the_weights_that_the_layers_use() {
    let model = Linear::<f64>::new(3, 2, &mut ChaCha8Rng::seed_from_u64(0));
    let x = Tensor::from_vec([2, 3], vec![1.0, 2.0, -1.0, 0.5, 0.0, 3.0]);
    let gradients = |penalty: Penalty| {
        let tape = Tape::training(0);
        let loss = model.forward(&tape.constant(&x)).square().mean(..);
        let weights = model.parameters_matching("*weight").unwrap();
        let grads = (&loss + penalty.of(&weights, &loss)).backward();
        let of = |p: &Parameter<f64>| grads.get(p).unwrap().clone();
        (of(&model.weight), of(model.bias.as_ref().unwrap()))
    };
    let (plain, with) = (gradients(Penalty::default()), gradients(Penalty::l2(0.3)));
    let expected = plain.0 + model.weight.value() * 0.3;
    assert!((expected - with.0).abs().max(..).item() < 1e-15);
    assert_eq!(plain.1.to_vec(), with.1.to_vec());
    // On no tape it is a number.
    let number = Penalty::l2(2.0).of([&model.weight], &Tensor::zeros([]));
    assert!(number.tape().is_none());
    assert_eq!(number.item(), model.weight.value().square().sum(..).item());
}

#[test]
fn an_l1_penalty_makes_weights_zero() {
    // Gradient descent on ½(w − a)² + λ|w| ends at the soft threshold, up to the step's size.
    let (a, lambda) = (Tensor::<f64>::from_vec([3], vec![2.0, 0.3, -1.0]), 0.5);
    let w = Parameter::new(Tensor::ones([3]));
    let mut sgd = Sgd::new(vec![w.clone()], 0.01);
    for _ in 0..2000 {
        let tape = Tape::training(0);
        let loss = (tape.watch(&w) - &a).square().sum(..) * 0.5;
        sgd.step(&(&loss + Penalty::l1(lambda).of([&w], &loss)).backward());
    }
    let expected = [1.5, 0.0, -0.5];
    assert!(
        w.value().to_vec().iter().zip(expected).all(|(w, e)| (w - e).abs() < 0.01),
        "{:?}",
        w.value().to_vec()
    );
}

#[test]
fn penalties_are_written_and_read() {
    let read: Penalty = serde_json::from_str(r#"{"l2": 0.1}"#).unwrap();
    assert_eq!(read, Penalty::l2(0.1));
    assert!(serde_json::from_str::<Penalty>(r#"{"l3": 0.1}"#).is_err());
    let read: MaxNorm = serde_json::from_str(r#"{"max": 2.0, "axis": 1}"#).unwrap();
    assert_eq!(read, MaxNorm::new(2.0).axis(1));
}

#[test]
fn max_norm_is_torch_renorm() {
    // torch.renorm(x, p, dim, maxnorm) for x = arange(-6, 6).reshape(2, 3, 2) / 4.
    let x: Vec<f64> = (-6..6).map(|i| f64::from(i) / 4.0).collect();
    for (p, axis, max, expected) in RENORM {
        let w = Parameter::new(Tensor::from_vec([2, 3, 2], x.clone()));
        MaxNorm::new(max).p(p).axis(axis).apply([&w]);
        for (found, expected) in w.value().to_vec().iter().zip(expected) {
            assert!(
                (found - expected).abs() <= 1e-9 * expected.abs(),
                "p {p}, axis {axis}: {found}, not {expected}"
            );
        }
    }
    // Within the limit to the bit.
    let w = Parameter::new(Tensor::from_vec([2, 3, 2], x.clone()));
    MaxNorm::new(1e3).apply([&w]);
    assert_eq!(w.value().to_vec(), x);
}

#[test]
#[should_panic(expected = "MaxNorm: a parameter of shape [2] has no axis 1")]
fn an_axis_that_is_none() {
    MaxNorm::new(1.0).axis(1).apply(&weights());
}

#[test]
#[should_panic(expected = "MaxNorm: max is -1, expected a number from 0 on")]
fn a_negative_limit() {
    MaxNorm::new(-1.0).apply(&weights());
}
