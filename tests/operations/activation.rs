//! Rows: activation functions.

use proptest::prelude::*;

use wengert::autodiff::check::Check;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Cases, Plan, axis, cases, off, one, one_with, shape, some};

/// One input of rank 1 or more, and one of its axes.
fn along_an_axis() -> impl Strategy<Value = Plan<isize>> {
    let with_axis = |s: Vec<usize>| (axis(s.len()), Just(s));
    shape(1..=3).prop_flat_map(with_axis).prop_map(|(axis, s)| (vec![s], axis))
}

row!(relu, cases(one(), -2.0..=2.0), |x| x[0].relu());
row!(
    leaky_relu,
    cases(one_with(prop::sample::select(vec![0.01, 0.2, -0.5, 1.5])), -2.0..=2.0),
    |x, slope: f64| x[0].leaky_relu(*slope)
);
row!(tanh, cases(one(), -3.0..=3.0), |x| x[0].tanh());
row!(sigmoid, cases(one(), -6.0..=6.0), |x| x[0].sigmoid());
row!(softplus, cases(one(), -6.0..=6.0), |x| x[0].softplus());
row!(softmax, cases(along_an_axis(), -3.0..=3.0), |x, axis: isize| x[0].softmax(*axis));
row!(log_softmax, cases(along_an_axis(), -3.0..=3.0), |x, axis: isize| x[0].log_softmax(*axis));
row!(
    softplus_with,
    off(
        cases(
            one_with((
                prop::sample::select(vec![0.5, 1.0, 3.0, -2.0]),
                prop::sample::select(vec![f64::INFINITY, 20.0, 1.0])
            )),
            -6.0..=6.0
        ),
        |(beta, threshold)| vec![threshold / beta]
    ),
    |x, o: (f64, f64)| x[0].softplus_with(o.0, o.1)
);
row!(log_sigmoid, cases(one(), -6.0..=6.0), |x| x[0].log_sigmoid());
row!(silu, cases(one(), -6.0..=6.0), |x| x[0].silu());
row!(mish, cases(one(), -6.0..=6.0), |x| x[0].mish());
row!(gelu, cases(one(), -5.0..=5.0), |x| x[0].gelu());
row!(gelu_tanh, cases(one(), -5.0..=5.0), |x| x[0].gelu_tanh());
row!(softsign, cases(one(), -4.0..=4.0), |x| x[0].softsign());
row!(tanhshrink, cases(one(), -3.0..=3.0), |x| x[0].tanhshrink());
row!(elu, cases(one_with(alpha()), -3.0..=3.0), |x, alpha: f64| x[0].elu(*alpha));
row!(celu, cases(one_with(alpha()), -3.0..=3.0), |x, alpha: f64| x[0].celu(*alpha));
row!(selu, cases(one(), -3.0..=3.0), |x| x[0].selu());
row!(relu6, off(cases(one(), -8.0..=8.0), |()| vec![6.0]), |x| x[0].relu6());
row!(hardtanh, off(cases(one(), -2.0..=2.0), |()| vec![-1.0, 0.25, 1.0]), |x| {
    [x[0].hardtanh(-1.0, 1.0), x[0].hardtanh(0.25, 9.0)]
});
row!(hardsigmoid, off(cases(one(), -5.0..=5.0), |()| vec![-3.0, 3.0]), |x| x[0].hardsigmoid());
row!(hardswish, off(cases(one(), -5.0..=5.0), |()| vec![-3.0, 3.0]), |x| x[0].hardswish());
row!(hardshrink, at_lambda(), |x, lambda: f64| x[0].hardshrink(*lambda));
row!(softshrink, at_lambda(), |x, lambda: f64| x[0].softshrink(*lambda));
row!(threshold, at_lambda(), |x, threshold: f64| x[0].threshold(*threshold, -0.75));
row!(
    rrelu,
    Check::new().order(2).training(7),
    cases(one_with(prop::sample::select(vec![0.1, -0.5, 1.5])), -2.0..=2.0),
    |x, lower: f64| [x[0].rrelu(*lower, 1.5), x[0].rrelu(*lower, 2.0)]
);
row!(prelu, cases(with_slopes(), -2.0..=2.0), |x| x[0].prelu(&x[1]));
row!(glu, cases(with_halves(), -3.0..=3.0), |x, axis: isize| x[0].glu(*axis));

fn alpha() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![1.0, 0.5, 2.0, -1.5])
}

/// Values off ±λ.
fn at_lambda() -> Cases<f64> {
    let lambda = prop::sample::select(vec![0.5, 0.0, 1.25]);
    off(cases(one_with(lambda), -2.0..=2.0), |lambda| vec![-lambda, *lambda])
}

/// An input and one slope, or one for each channel.
fn with_slopes() -> impl Strategy<Value = Plan<()>> {
    let with_weight = |(s, kind): (Vec<usize>, u8)| {
        let weight = match (kind, s.get(1)) {
            (0, _) => vec![],
            (2.., Some(&channels)) => vec![channels],
            _ => vec![1],
        };
        (vec![s, weight], ())
    };
    (shape(0..=4), 0..=4u8).prop_map(with_weight)
}

/// An axis of an even number of elements.
fn with_halves() -> impl Strategy<Value = Plan<isize>> {
    (shape(1..=3).prop_flat_map(|s| (axis(s.len()), Just(s))), some()).prop_map(|((axis, mut s), half)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        s[at] = 2 * half;
        (vec![s], axis)
    })
}

type Unary<T> = fn(&Tensor<T>) -> Tensor<T>;

/// f(x) and its first and second derivatives.
fn derivatives<T: Float>(x: &[f64], f: Unary<T>) -> [Vec<f64>; 3] {
    let numbers = |x: &Tensor<T>| x.to_vec().into_iter().map(Float::to_f64).collect::<Vec<f64>>();
    let tape = Tape::new();
    let x = tape.variable(Tensor::from_vec([x.len()], x.iter().map(|&x| T::from_f64(x)).collect()));
    let y = f(&x);
    let grads = y.sum(..).backward_with(Replay::new().create_graph(true));
    let first = grads.get(&x).expect("it wants a gradient").clone();
    let grads = first.sum(..).backward();
    let second = grads.get(&x).map_or_else(|| vec![0.0; x.len()], &numbers);
    [numbers(&y), numbers(&first), second]
}

fn limits<T: Float>(largest: f64) {
    const INF: f64 = f64::INFINITY;
    let smooth: [(&str, Unary<T>); 8] = [
        ("silu", Tensor::silu),
        ("mish", Tensor::mish),
        ("gelu", Tensor::gelu),
        ("gelu_tanh", Tensor::gelu_tanh),
        ("hardswish", Tensor::hardswish),
        ("softplus", Tensor::softplus),
        ("softplus_with", |x| x.softplus_with(2.0, INF)),
        ("-log_sigmoid(-x)", |x| -(-x).log_sigmoid()),
    ];
    for (name, f) in smooth {
        // 0 on the left, x on the right.
        let [y, first, second] = derivatives::<T>(&[-INF, -largest, -1e4, 1e4, largest, INF], f);
        let rounded = T::from_f64(largest).to_f64();
        assert_eq!(y, [0.0, 0.0, 0.0, 1e4, rounded, INF], "{name}");
        assert_eq!(first, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], "{name}, first order");
        assert_eq!(second, [0.0; 6], "{name}, second order");
    }
    for (name, f) in [("elu", (|x| x.elu(1.0)) as Unary<T>), ("celu", |x| x.celu(1.0))] {
        let [y, first, second] = derivatives::<T>(&[-INF, -1e4, 1e4, INF], f);
        assert_eq!(y, [-1.0, -1.0, 1e4, INF], "{name}");
        assert_eq!(first, [0.0, 0.0, 1.0, 1.0], "{name}, first order");
        assert_eq!(second, [0.0; 4], "{name}, second order");
    }
    let [y, first, second] = derivatives::<T>(&[-INF, -largest, largest, INF], Tensor::softsign);
    assert_eq!((y, second), (vec![-1.0, -1.0, 1.0, 1.0], vec![0.0; 4]));
    assert!(first.iter().all(|x| x.abs() < 1e-30));
    for (f, sign) in [(Tensor::erf as Unary<T>, 1.0), (Tensor::erfc, -1.0)] {
        let [y, first, second] = derivatives::<T>(&[-INF, -largest, largest, INF], f);
        assert_eq!(y[2] - y[0], 2.0 * sign);
        assert_eq!((first, second), (vec![0.0; 4], vec![0.0; 4]));
    }
    // NaN stays NaN.
    for (name, f) in smooth {
        assert!(derivatives::<T>(&[f64::NAN], f)[0][0].is_nan(), "{name}(NaN)");
    }
}

#[test]
fn activations_reach_their_limits() {
    limits::<f64>(1e300);
    limits::<f32>(1e38);
}

#[test]
fn tails_keep_their_digits() {
    let x = Tensor::<f64>::from_vec([3], vec![-30.0, -8.0, 30.0]);
    let near = |y: Tensor<f64>, expected: [f64; 3]| {
        let y = y.to_vec();
        assert!(y.iter().zip(expected).all(|(y, e)| (y / e - 1.0).abs() < 1e-12), "{y:?} for {expected:?}");
    };
    // Computed with forty digits.
    near(x.gelu(), [GELU[0], GELU[1], 30.0]);
    near(x.silu(), [SILU[0], SILU[1], SILU[2]]);
    near(x.log_sigmoid(), [LOG_SIGMOID[0], LOG_SIGMOID[1], LOG_SIGMOID[2]]);
    near(x.softplus(), [-LOG_SIGMOID[2], SOFTPLUS, -LOG_SIGMOID[0]]);
    near(x.mish(), [MISH[0], MISH[1], 30.0]);
}

const GELU: [f64; 3] = [-1.472014178144456e-196, -4.976768459417427e-15, 30.0];
const SILU: [f64; 3] = [-2.8072868906517896e-12, -0.002682801043731825, 29.999999999997193];
const LOG_SIGMOID: [f64; 3] = [-30.000000000000092, -8.000335406372896, -9.357622968839737e-14];
const SOFTPLUS: f64 = 0.00033540637289576885;
const MISH: [f64; 3] = [-2.807286890651921e-12, -0.0026832508825465375, 30.0];

#[test]
#[should_panic(expected = "glu: axis -1 has 3 elements, which cannot be halved (input [2, 3])")]
fn an_odd_axis_has_no_halves() {
    Tensor::<f32>::zeros([2, 3]).glu(-1);
}

#[test]
#[should_panic(
    expected = "prelu: the weight has 2 slopes, axis 1 of the input 3 channels (inputs [2, 3], [2])"
)]
fn slopes_for_other_channels() {
    Tensor::<f32>::zeros([2, 3]).prelu(&Tensor::ones([2]));
}

#[test]
#[should_panic(expected = "softshrink: lambda -1 is negative or NaN")]
fn a_negative_lambda() {
    Tensor::<f32>::zeros([2]).softshrink(-1.0);
}
