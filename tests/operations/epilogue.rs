//! Rows: products with what follows them.

use proptest::prelude::*;
use wengert::autodiff::ops::ConvOptions;
use wengert::prelude::*;

use crate::bend::keep_off;
use crate::convolution::convolved;
use crate::matmul::dense;
use crate::row;
use crate::strategies::{Cases, Input, Plan, cases};

/// What follows, beside the inputs from number 2 on.
#[derive(Clone, Copy, Debug)]
struct Tail {
    scale: bool,
    bias: bool,
    residual: bool,
    slope: f64,
}

impl Tail {
    fn of<'a, T: Float>(&self, x: &'a [Tensor<T>]) -> Epilogue<'a, T> {
        let mut rest = x[2..].iter();
        let [scale, bias, residual] =
            [self.scale, self.bias, self.residual].map(|there| there.then(|| rest.next().unwrap()));
        Epilogue::new().scale(scale).bias(bias).residual(residual).slope(self.slope)
    }

    /// The input that can move the sums.
    fn summand(&self) -> Option<usize> {
        let scales = usize::from(self.scale);
        (self.bias || self.residual).then_some(2 + scales)
    }
}

/// The shapes of x and w, with those of an epilogue, for results of the shape that `result` gives.
fn followed<O: Clone + std::fmt::Debug>(
    plans: impl Strategy<Value = Plan<O>>,
    result: impl Fn(&[Vec<usize>], &O) -> Vec<usize>,
) -> impl Strategy<Value = Plan<(O, Tail)>> {
    let slope = prop::sample::select(vec![0.0, 0.1, 1.0, 1.5]);
    (plans, any::<[bool; 3]>(), slope).prop_map(
        move |((mut shapes, options), [scale, bias, residual], slope)| {
            shapes.truncate(2);
            let channels = vec![shapes[1][0]];
            let result = result(&shapes, &options);
            let all = [(scale, channels.clone()), (bias, channels), (residual, result)];
            shapes.extend(all.into_iter().filter(|(there, _)| *there).map(|(_, shape)| shape));
            (shapes, (options, Tail { scale, bias, residual, slope }))
        },
    )
}

/// The cases off the bend; without a summand to move them, and with results close to it, they are not rectified.
fn off_the_bend<O: Copy + std::fmt::Debug + 'static>(
    cases: Cases<(O, Tail)>,
    axis: impl Fn(usize) -> usize + 'static,
    operation: impl Fn(&[Tensor<f64>], &(O, Tail)) -> Tensor<f64> + 'static,
) -> Cases<(O, Tail)> {
    let moved = move |(mut inputs, (options, tail)): (Vec<Input>, (O, Tail))| {
        let x: Vec<_> = inputs.iter().map(Input::tensor).collect();
        let z = operation(&x, &(options, Tail { slope: 1.0, ..tail }));
        let close = z.to_vec().into_iter().any(|z| z.abs() < 0.02);
        let slope = match tail.summand() {
            Some(summand) => {
                keep_off(&z, axis(z.ndim()), &mut inputs[summand]);
                tail.slope
            }
            None if close => 1.0,
            None => tail.slope,
        };
        (inputs, (options, Tail { slope, ..tail }))
    };
    cases.prop_map(moved).boxed()
}

macro_rules! convolutions {
    ($($name:ident, $conv:ident: $D:literal, $n:literal, $most:literal;)*) => {$(
        row!(
            $name,
            off_the_bend(
                cases(
                    followed(convolved::<$D>($n, $most), |shapes, o| {
                        let zeros = |s: &[usize]| Tensor::<f32>::zeros(s);
                        zeros(&shapes[0]).$conv(&zeros(&shapes[1]), None, *o).shape().to_vec()
                    }),
                    -2.0..=2.0,
                ),
                |rank| rank - $D - 1,
                |x, (o, tail)| x[0].$name(&x[1], *o, tail.of(x)),
            ),
            |x, o: (ConvOptions<$D>, Tail)| x[0].$name(&x[1], o.0, o.1.of(x))
        );
    )*};
}
convolutions! {
    conv1d_fused, conv1d: 1, 6, 200;
    conv2d_fused, conv2d: 2, 5, 30;
    conv3d_fused, conv3d: 3, 4, 9;
}

row!(
    linear_fused,
    off_the_bend(
        cases(
            followed(dense(), |shapes, ()| {
                let (_, leading) = shapes[0].split_last().unwrap();
                [leading, &shapes[1][..1]].concat()
            }),
            -2.0..=2.0,
        ),
        |rank| rank - 1,
        |x, (_, tail)| x[0].linear_fused(&x[1], tail.of(x)),
    ),
    |x, o: ((), Tail)| x[0].linear_fused(&x[1], o.1.of(x))
);
