//! Rows: functions of each element.

use proptest::prelude::*;

use crate::row;
use crate::strategies::Input;
use crate::strategies::{Cases, cases, one, one_with, pair};

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
row!(clamp, off_bounds(), |x| {
    let x = &x[0];
    [x.clamp(-1.0, 1.0), x.clamp(0.0, f64::INFINITY), x.clamp(f64::NEG_INFINITY, 1.0), x.clamp(-9.0, 9.0)]
});

/// No element lies at 1 or −1; none lies at 0 anyhow.
fn off_bounds() -> Cases<()> {
    let off = |(inputs, ()): &(Vec<Input>, ())| {
        let values = &inputs[0].values;
        let least = 0.01f64.min(1.0 / values.len() as f64);
        values.iter().all(|x| (x.abs() - 1.0).abs() > least)
    };
    cases(one(), -2.0..=2.0).prop_filter("no element lies at a bound", off).boxed()
}
