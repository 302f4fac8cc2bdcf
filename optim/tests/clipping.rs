//! Clipping by value and by global norm.

use proptest::prelude::*;
use wengert::prelude::*;

/// Gradients that have these elements.
fn gradients(parts: &[Vec<f64>]) -> (Vec<Parameter<f64>>, Gradients<f64>) {
    let tape = Tape::new();
    let parameters: Vec<_> = parts.iter().map(|g| Parameter::new(Tensor::zeros([g.len()]))).collect();
    let terms = parameters
        .iter()
        .zip(parts)
        .map(|(p, g)| (tape.watch(p) * Tensor::from_vec([g.len()], g.clone())).sum(..));
    let grads = terms.reduce(|a, b| a + b).unwrap().backward();
    (parameters, grads)
}

fn elements(parameters: &[Parameter<f64>], grads: &Gradients<f64>) -> Vec<f64> {
    parameters.iter().flat_map(|p| grads.get(p).unwrap().to_vec()).collect()
}

#[test]
fn the_norm_is_over_all_parameters() {
    let (parameters, mut grads) = gradients(&[vec![2.0, 4.0], vec![-4.0]]);
    assert_eq!(clip_global_norm(&mut grads, 6.0), 6.0);
    assert_eq!(elements(&parameters, &grads), [2.0, 4.0, -4.0], "a norm at the limit stays");
    assert_eq!(clip_global_norm(&mut grads, 3.0), 6.0);
    assert_eq!(elements(&parameters, &grads), [1.0, 2.0, -2.0]);
    assert_eq!(clip_global_norm(&mut grads, f64::INFINITY), 3.0);
    assert_eq!(clip_global_norm(&mut grads, 0.0), 3.0);
    assert_eq!(elements(&parameters, &grads), [0.0, 0.0, 0.0]);
}

#[test]
fn the_norm_of_f32_gradients_does_not_overflow() {
    let w = Parameter::<f32>::new(Tensor::zeros([2]));
    let tape = Tape::new();
    let mut grads = (tape.watch(&w) * 1e30).sum(..).backward();
    let norm = clip_global_norm(&mut grads, 1.0);
    assert!((norm / (2f64.sqrt() * 1e30) - 1.0).abs() < 1e-6, "{norm}");
    assert!((grads.get(&w).unwrap().view()[0] - 0.5f32.sqrt()).abs() < 1e-6);
}

#[test]
fn a_norm_that_is_no_number_leaves_the_gradients() {
    let (parameters, mut grads) = gradients(&[vec![1.0, f64::NAN], vec![f64::INFINITY]]);
    assert!(clip_global_norm(&mut grads, 0.5).is_nan());
    assert_eq!(grads.get(&parameters[0]).unwrap().view()[0], 1.0);
    clip_value(&mut grads, 0.5);
    let clipped = elements(&parameters, &grads);
    assert!(clipped[0] == 0.5 && clipped[1].is_nan() && clipped[2] == 0.5, "{clipped:?}");

    let (parameters, mut grads) = gradients(&[vec![1.0], vec![f64::NEG_INFINITY]]);
    assert_eq!(clip_global_norm(&mut grads, 0.5), f64::INFINITY);
    assert_eq!(elements(&parameters, &grads), [1.0, f64::NEG_INFINITY]);
}

#[test]
fn variables_are_not_clipped() {
    let w = Parameter::<f64>::new(Tensor::scalar(1.0));
    let tape = Tape::new();
    let x = tape.variable(Tensor::scalar(4.0));
    let mut grads = (&x * tape.watch(&w) * 3.0).backward();
    assert_eq!(clip_global_norm(&mut grads, 6.0), 12.0);
    clip_value(&mut grads, 2.0);
    assert_eq!((grads.get(&x).unwrap().item(), grads.get(&w).unwrap().item()), (3.0, 2.0));
}

#[test]
#[should_panic(expected = "clip_value: expected a limit ≥ 0, found NaN")]
fn a_limit_is_a_number() {
    clip_value(&mut gradients(&[vec![1.0]]).1, f64::NAN);
}

#[test]
#[should_panic(expected = "clip_global_norm: expected a norm ≥ 0, found -1")]
fn a_norm_is_not_negative() {
    clip_global_norm(&mut gradients(&[vec![1.0]]).1, -1.0);
}

proptest! {
    #[test]
    fn clipping_keeps_the_direction(
        parts in prop::collection::vec(prop::collection::vec(-1e3..1e3f64, 1..40), 1..4),
        max in 1e-3..1e3f64,
    ) {
        let (parameters, mut grads) = gradients(&parts);
        let before: Vec<f64> = parts.concat();
        let expected = before.iter().map(|g| g * g).sum::<f64>().sqrt();
        let norm = clip_global_norm(&mut grads, max);
        prop_assert!((norm - expected).abs() <= 1e-12 * expected);
        let scale = (max / norm).min(1.0);
        for (g, b) in elements(&parameters, &grads).into_iter().zip(before) {
            prop_assert!((g - b * scale).abs() <= 1e-12 * b.abs());
        }
    }
}
