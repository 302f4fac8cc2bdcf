//! Rows: functions of each element.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{cases, off, one, one_with, pair, triple};

row!(exp, cases(one(), -2.0..=2.0), |x| x[0].exp());
row!(ln, cases(one(), 0.125..=3.0), |x| x[0].ln());
row!(sqrt, cases(one(), 0.125..=3.0), |x| x[0].sqrt());
row!(square, cases(one(), -2.0..=2.0), |x| x[0].square());
row!(abs, cases(one(), -2.0..=2.0), |x| x[0].abs());
row!(pow_whole, cases(one_with(0..=5i32), -2.0..=2.0), |x, p: i32| [x[0].pow(*p), x[0].pow(f64::from(*p))]);
row!(pow_negative, cases(one_with(-4..=-1i32), 0.5..=2.0), |x, p: i32| [x[0].pow(*p), (-&x[0]).pow(*p)]);
row!(
    pow_fraction,
    cases(one_with(prop::sample::select(vec![0.5, -0.5, 1.5, 2.3, -1.7, 70.25 / 64.0])), 0.5..=2.0),
    |x, p: f64| x[0].pow(*p)
);
row!(pow_tensor, cases(pair(), 0.5..=2.0), |x| [x[0].pow(&x[1]), x[0].pow(&-&x[1])]);
row!(maximum, cases(pair(), -2.0..=2.0), |x| x[0].maximum(&x[1]));
row!(minimum, cases(pair(), -2.0..=2.0), |x| x[0].minimum(&x[1]));
row!(clamp, off(cases(one(), -2.0..=2.0), |()| vec![-1.0, 1.0]), |x| {
    let x = &x[0];
    [x.clamp(-1.0, 1.0), x.clamp(0.0, f64::INFINITY), x.clamp(f64::NEG_INFINITY, 1.0), x.clamp(-9.0, 9.0)]
});
row!(exp2, cases(one(), -3.0..=3.0), |x| x[0].exp2());
row!(expm1, cases(one(), -2.0..=2.0), |x| x[0].expm1());
row!(log1p, cases(one(), -0.75..=3.0), |x| x[0].log1p());
row!(log2, cases(one(), 0.125..=3.0), |x| x[0].log2());
row!(log10, cases(one(), 0.125..=3.0), |x| x[0].log10());
row!(rsqrt, cases(one(), 0.25..=3.0), |x| x[0].rsqrt());
row!(recip, cases(one(), 0.5..=3.0), |x| [x[0].recip(), (-&x[0]).recip()]);
row!(erf, cases(one(), -3.0..=3.0), |x| x[0].erf());
row!(erfc, cases(one(), -3.0..=3.0), |x| x[0].erfc());
row!(lerp, cases(triple(), -2.0..=2.0), |x| {
    [x[0].lerp(&x[1], &x[2]), x[0].lerp(&x[1], 0.25), x[0].lerp(&x[1], 0.75)]
});
// Constants, beside which the gradient of the other factor is right.
row!(rounding, off(cases(one(), -2.0..=2.0), |()| halves()), |x| {
    let x = &x[0];
    let constants = [x.sign(), x.floor(), x.ceil(), x.round(), x.trunc(), x.round_to(0)];
    constants.map(|c| c * x)
});
row!(round_to, off(cases(one(), -2.0..=2.0), |()| halves()), |x| {
    [&x[0] * (&x[0] / 10.0).round_to(1), &x[0] * (&x[0] * 10.0).round_to(-1)]
});
row!(frac, off(cases(one(), -2.0..=2.0), |()| halves()), |x| x[0].frac());

/// Where a rounding function steps.
fn halves() -> Vec<f64> {
    (-4..=4).map(|k| f64::from(k) / 2.0).collect()
}

#[test]
fn rounded_tensors_want_no_gradient_and_stay_on_their_tape() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f32>::from_vec([3], vec![-1.5, 0.5, 2.5]));
    for y in [x.sign(), x.floor(), x.ceil(), x.round(), x.round_to(1), x.trunc()] {
        assert!(!y.requires_grad());
        assert!(
            y.tape().is_some_and(|t| (&tape.constant(1.0 * &y) + &y).tape().is_some() && !t.is_training())
        );
    }
    assert!(x.frac().requires_grad());
    assert_eq!(x.round().to_vec(), [-2.0, 0.0, 2.0]);
}
