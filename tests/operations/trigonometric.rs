//! Rows: trigonometric and hyperbolic functions, angles and distances.

use wengert::prelude::*;

use crate::row;
use crate::strategies::{cases, one, pair};

row!(sin, cases(one(), -3.0..=3.0), |x| x[0].sin());
row!(cos, cases(one(), -3.0..=3.0), |x| x[0].cos());
row!(tan, cases(one(), -1.2..=1.2), |x| x[0].tan());
row!(asin, cases(one(), -0.875..=0.875), |x| x[0].asin());
row!(acos, cases(one(), -0.875..=0.875), |x| x[0].acos());
row!(atan, cases(one(), -3.0..=3.0), |x| x[0].atan());
row!(sinh, cases(one(), -2.0..=2.0), |x| x[0].sinh());
row!(cosh, cases(one(), -2.0..=2.0), |x| x[0].cosh());
row!(asinh, cases(one(), -3.0..=3.0), |x| x[0].asinh());
row!(acosh, cases(one(), 1.25..=4.0), |x| x[0].acosh());
row!(atanh, cases(one(), -0.875..=0.875), |x| x[0].atanh());
row!(atan2, cases(pair(), 0.5..=2.5), |x| {
    let (y, x) = (&x[0], &x[1]);
    [y.atan2(x), (-y).atan2(x), y.atan2(&-x), (-y).atan2(&-x)]
});
row!(hypot, cases(pair(), 0.5..=2.5), |x| [x[0].hypot(&x[1]), x[0].hypot(&-&x[1])]);

/// The derivative of f(x) summed.
fn slopes(x: &[f64], f: impl Fn(&Tensor<f64>) -> Tensor<f64>) -> Vec<f64> {
    let tape = Tape::new();
    let x = tape.variable(Tensor::from_vec([x.len()], x.to_vec()));
    f(&x).sum(..).backward().get(&x).expect("it wants a gradient").to_vec()
}

#[test]
fn edges_of_the_domains() {
    const INF: f64 = f64::INFINITY;
    assert_eq!(slopes(&[-1.0, 1.0], Tensor::asin), [INF, INF]);
    assert_eq!(slopes(&[-1.0, 1.0], Tensor::acos), [-INF, -INF]);
    assert_eq!(slopes(&[1.0], Tensor::acosh), [INF]);
    assert_eq!(slopes(&[-1.0, 1.0], Tensor::atanh), [INF, INF]);
    assert_eq!(slopes(&[1e200, -1e200, INF], Tensor::asinh), [1e-200, 1e-200, 0.0]);
    assert_eq!(slopes(&[1e200, -INF], Tensor::atan), [0.0, 0.0]);
    let x = Tensor::<f64>::from_vec([5], vec![1.0, 1.0 + 1e-12, 1e200, INF, 0.5]);
    let y = x.acosh().to_vec();
    let expected = [0.0, (2e-12f64).sqrt(), 1e200f64.ln() + 2f64.ln(), INF];
    assert!(y.iter().zip(expected).all(|(y, e)| *y == e || (y / e - 1.0).abs() < 1e-4), "{y:?}");
    assert!(y[4].is_nan());
}

#[test]
fn points_on_the_axes_and_at_the_origin() {
    let tape = Tape::new();
    let point = |v: &[f64]| tape.variable(Tensor::<f64>::from_vec([v.len()], v.to_vec()));
    let (y, x) = (point(&[0.0, 0.0, 1.0, -1.0, 1e300]), point(&[0.0, -1.0, 0.0, 0.0, 1e300]));
    let (length, angle) = (x.hypot(&y), y.atan2(&x));
    assert_eq!(length.to_vec()[..4], [0.0, 1.0, 1.0, 1.0]);
    assert!((length.to_vec()[4] / 2f64.sqrt() - 1e300).abs() < 1e285);
    let grads = length.sum(..).backward_with(Replay::new().retain(true));
    let half = 0.5f64.sqrt();
    let near = |a: &[f64], b: [f64; 5]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 4e-15 * b.abs());
    assert!(near(&grads.get(&x).unwrap().to_vec(), [0.0, -1.0, 0.0, 0.0, half]));
    assert!(near(&grads.get(&y).unwrap().to_vec(), [0.0, 0.0, 1.0, -1.0, half]));
    let grads = angle.sum(..).backward();
    assert!(near(&grads.get(&x).unwrap().to_vec(), [0.0, 0.0, -1.0, 1.0, -0.5e-300]));
    assert!(near(&grads.get(&y).unwrap().to_vec(), [0.0, -1.0, 0.0, 0.0, 0.5e-300]));
}
