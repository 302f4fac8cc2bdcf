//! Clipping by value and by norms. What must be refused stands in `refusals.rs`.

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
fn each_gradient_has_its_own_norm() {
    let (parameters, mut grads) = gradients(&[vec![3.0, 4.0], vec![-0.5], vec![f64::NAN]]);
    assert!(clip_norm(&mut grads, 1.0).is_nan());
    let clipped = elements(&parameters, &grads);
    assert!((clipped[0] - 0.6).abs() < 1e-15 && (clipped[1] - 0.8).abs() < 1e-15);
    assert!(clipped[2] == -0.5 && clipped[3].is_nan());
}

#[test]
fn a_largest_size_that_is_no_number_is_seen() {
    let (_, mut grads) = gradients(&[vec![1.0], vec![f64::NAN, 2.0], vec![3.0]]);
    assert!(clip_global_norm(&mut grads, ClipNorm::new(1.0).norm_type(f64::INFINITY)).is_nan());
}

#[test]
fn only_the_parameters_named_are_clipped_adaptively() {
    let weight = || Parameter::<f64>::new(Tensor::ones([2, 3, 2]));
    let (a, b) = (weight(), weight());
    let tape = Tape::new();
    let mut grads = (tape.watch(&a).sum(..) + tape.watch(&b).sum(..)).backward();
    assert_eq!(clip_adaptive(&mut grads, [a.clone()], 0.5), 2);
    assert!((grads.get(&a).unwrap() - 0.5).abs().max(..).item() < 1e-15);
    assert_eq!(grads.get(&b).unwrap().to_vec(), [1.0; 12]);
    let mut none = Gradients::of_parameters([(a.id(), Tensor::from_vec([2, 3, 2], vec![f64::NAN; 12]))]);
    assert_eq!(clip_adaptive(&mut none, [a.clone()], 0.5), 0);
}

fn norm(x: &[f64], p: f64) -> f64 {
    if p == f64::INFINITY {
        return x.iter().fold(0.0, |most, x| x.abs().max(most));
    }
    x.iter().map(|x| x.abs().powf(p)).sum::<f64>().powf(1.0 / p)
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

    #[test]
    fn any_norm_is_cut_and_no_more(
        parts in prop::collection::vec(prop::collection::vec(-1e3..1e3f64, 1..80), 1..4),
        max in 1e-1..1e4f64, p in prop_oneof![Just(1.0), Just(2.0), Just(3.5), Just(f64::INFINITY)],
    ) {
        let options = ClipNorm::new(max).norm_type(p);
        let (parameters, mut grads) = gradients(&parts);
        let before = norm(&parts.concat(), p);
        let found = clip_global_norm(&mut grads, options);
        prop_assert!((found - before).abs() <= 1e-12 * before);
        let after = norm(&elements(&parameters, &grads), p);
        prop_assert!((after - before.min(max)).abs() <= 1e-12 * before);

        let (parameters, mut grads) = gradients(&parts);
        let largest = clip_norm(&mut grads, options);
        let norms = parts.iter().map(|part| norm(part, p));
        prop_assert!((largest - norms.clone().fold(0.0, f64::max)).abs() <= 1e-12 * largest);
        for ((parameter, part), before) in parameters.iter().zip(&parts).zip(norms) {
            let clipped = grads.get(parameter).unwrap().to_vec();
            let factor = (max / before).min(1.0);
            for (g, b) in clipped.into_iter().zip(part) {
                prop_assert!((g - b * factor).abs() <= 1e-12 * b.abs());
            }
        }
    }
}

#[test]
fn a_large_gradient_is_added_up_in_parts() {
    let x: Vec<f64> = (0..50_000).map(|i| ((i * 7919) % 1000) as f64 / 1000.0 - 0.5).collect();
    for p in [1.0, 2.0, 3.0, f64::INFINITY] {
        let (_, mut grads) = gradients(std::slice::from_ref(&x));
        let found = clip_global_norm(&mut grads, ClipNorm::new(f64::INFINITY).norm_type(p));
        assert!((found / norm(&x, p) - 1.0).abs() < 1e-11, "p = {p}: {found}");
    }
}
