//! Rows: the operators in all their forms.

use crate::row;
use crate::strategies::{cases, one, pair};

row!(add, cases(pair(), -2.0..=2.0), |x| {
    let (a, b) = (&x[0], &x[1]);
    [a + b, a.clone() + b, a + b.clone(), a.clone() + b.clone()]
});
row!(sub, cases(pair(), -2.0..=2.0), |x| {
    let (a, b) = (&x[0], &x[1]);
    [a - b, a.clone() - b, a - b.clone(), a.clone() - b.clone()]
});
row!(mul, cases(pair(), -2.0..=2.0), |x| {
    let (a, b) = (&x[0], &x[1]);
    [a * b, a.clone() * b, a * b.clone(), a.clone() * b.clone()]
});
row!(div, cases(pair(), 0.5..=2.5), |x| {
    let (a, b) = (&x[0], &x[1]);
    [a / b, a.clone() / b, a / b.clone(), a.clone() / b.clone(), a / -b]
});
row!(add_number, cases(one(), -2.0..=2.0), |x| {
    let a = &x[0];
    [a + 1.5, a.clone() + 1.5, 1.5 + a, 1.5 + a.clone()]
});
row!(sub_number, cases(one(), -2.0..=2.0), |x| {
    let a = &x[0];
    [a - 1.5, a.clone() - 1.5, 1.5 - a, 1.5 - a.clone()]
});
row!(mul_number, cases(one(), -2.0..=2.0), |x| {
    let a = &x[0];
    [a * 1.5, a.clone() * 1.5, 1.5 * a, -1.5 * a.clone()]
});
row!(div_number, cases(one(), 0.5..=2.5), |x| {
    let a = &x[0];
    [a / 1.5, a.clone() / -1.5, 1.5 / a, 1.5 / a.clone()]
});
row!(neg, cases(one(), -2.0..=2.0), |x| [-&x[0], -x[0].clone(), x[0].neg()]);
// The same tensor on both sides: its two gradients add up.
row!(with_itself, cases(one(), 0.5..=2.5), |x| {
    let a = &x[0];
    [a + a, a * a, a / a, a - a]
});
