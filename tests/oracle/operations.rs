//! What each operation's name in the file stands for.

use ndarray::Slice;
use wengert::autodiff::ops::LstmWeights;
use wengert::prelude::*;

use crate::cases::Options;

/// What an operation gave: tensors, and indices or masks as whole numbers.
pub(crate) struct Results<T: Float> {
    pub(crate) tensors: Vec<Tensor<T>>,
    pub(crate) integers: Vec<(Vec<usize>, Vec<i64>)>,
}

impl<T: Float> From<Tensor<T>> for Results<T> {
    fn from(tensor: Tensor<T>) -> Self {
        [tensor].into()
    }
}

impl<T: Float, const N: usize> From<[Tensor<T>; N]> for Results<T> {
    fn from(tensors: [Tensor<T>; N]) -> Self {
        Self { tensors: tensors.into(), integers: Vec::new() }
    }
}

impl<T: Float> From<Indices> for Results<T> {
    fn from(indices: Indices) -> Self {
        Self { tensors: Vec::new(), integers: vec![(indices.shape().to_vec(), indices.to_vec())] }
    }
}

impl<T: Float> From<Mask> for Results<T> {
    fn from(mask: Mask) -> Self {
        let values = mask.to_vec().into_iter().map(i64::from).collect();
        Self { tensors: Vec::new(), integers: vec![(mask.shape().to_vec(), values)] }
    }
}

/// Applies an operation with its options to its inputs.
pub(crate) type Operation<T> = fn(&Options, &[Tensor<T>]) -> Results<T>;

/// All operations by name.
pub(crate) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    let mut all = elementwise::<T>();
    all.extend(reductions::<T>());
    all.extend(shapes::<T>());
    all.extend(layers::<T>());
    all
}

macro_rules! rows {
    ($($name:literal => |$o:pat_param, $x:ident| $result:expr,)*) => {
        vec![$(($name, |$o: &Options, $x: &[Tensor<T>]| Results::from($result))),*]
    };
}

/// Compares with the second input, or with the number `c`.
macro_rules! comparison {
    ($method:ident, $o:ident, $x:ident) => {
        match $o.number_or_none("c") {
            None => $x[0].$method(&$x[1]),
            Some(c) => $x[0].$method(c),
        }
    };
}

fn elementwise<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "add" => |_, x| &x[0] + &x[1],
        "sub" => |_, x| &x[0] - &x[1],
        "mul" => |_, x| &x[0] * &x[1],
        "div" => |_, x| &x[0] / &x[1],
        "add_number" => |o, x| &x[0] + o.number("c"),
        "sub_number" => |o, x| &x[0] - o.number("c"),
        "mul_number" => |o, x| &x[0] * o.number("c"),
        "div_number" => |o, x| &x[0] / o.number("c"),
        "number_add" => |o, x| o.number("c") + &x[0],
        "number_mul" => |o, x| o.number("c") * &x[0],
        "number_sub" => |o, x| o.number("c") - &x[0],
        "number_div" => |o, x| o.number("c") / &x[0],
        "neg" => |_, x| -&x[0],
        "mul_self" => |_, x| &x[0] * &x[0],
        "detach" => |_, x| x[0].detach() * &x[0],
        "exp" => |_, x| x[0].exp(),
        "ln" => |_, x| x[0].ln(),
        "sqrt" => |_, x| x[0].sqrt(),
        "square" => |_, x| x[0].square(),
        "abs" => |_, x| x[0].abs(),
        "pow" => |_, x| x[0].pow(&x[1]),
        "pow_integer" => |o, x| x[0].pow(o.integer("p") as i32),
        "pow_number" => |o, x| x[0].pow(o.number("p")),
        "maximum" => |_, x| x[0].maximum(&x[1]),
        "minimum" => |_, x| x[0].minimum(&x[1]),
        "clamp" => |o, x| x[0].clamp(o.number("lo"), o.number("hi")),
        "relu" => |_, x| x[0].relu(),
        "leaky_relu" => |o, x| x[0].leaky_relu(o.number("slope")),
        "tanh" => |_, x| x[0].tanh(),
        "sigmoid" => |_, x| x[0].sigmoid(),
        "softplus" => |_, x| x[0].softplus(),
        "relu_sqrt" => |_, x| x[0].relu().sqrt(),
        "clamp_sqrt" => |_, x| x[0].clamp(0.0, 9.0).sqrt(),
        "maximum_sqrt" => |_, x| x[0].maximum(&x[1]).sqrt() + x[0].minimum(&-&x[1]).abs().sqrt(),
        "eq" => |o, x| comparison!(eq, o, x),
        "ne" => |o, x| comparison!(ne, o, x),
        "lt" => |o, x| comparison!(lt, o, x),
        "le" => |o, x| comparison!(le, o, x),
        "gt" => |o, x| comparison!(gt, o, x),
        "ge" => |o, x| comparison!(ge, o, x),
    }
}

fn reductions<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "sum" => |o, x| x[0].sum(o.axes()),
        "mean" => |o, x| x[0].mean(o.axes()),
        "max" => |o, x| x[0].max(o.axes()),
        "min" => |o, x| x[0].min(o.axes()),
        "var" => |o, x| x[0].var(o.axes(), o.size("correction")),
        "argmax" => |o, x| x[0].argmax(o.integer("axis")),
        "softmax" => |o, x| x[0].softmax(o.integer("axis")),
        "log_softmax" => |o, x| x[0].log_softmax(o.integer("axis")),
        "logsumexp" => |o, x| x[0].logsumexp(o.axes()),
    }
}

fn shapes<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "reshape" => |o, x| x[0].reshape(o.read::<Vec<usize>>("shape")),
        "flatten_from" => |o, x| x[0].flatten_from(o.size("axis")),
        "permute" => |o, x| x[0].permute(o.read::<Vec<isize>>("axes")),
        "permute_then_square" => |o, x| x[0].permute(o.read::<Vec<isize>>("axes")).square(),
        "transpose" => |o, x| x[0].transpose(o.integer("a"), o.integer("b")),
        "squeeze" => |o, x| x[0].squeeze(o.integer("axis")),
        "unsqueeze" => |o, x| x[0].unsqueeze(o.integer("axis")),
        "broadcast_to" => |o, x| x[0].broadcast_to(o.read::<Vec<usize>>("shape")),
        "slice" => |o, x| x[0].slice(
            o.integer("axis"),
            Slice::new(o.integer("start"), o.integer_or_none("end"), o.integer("step")),
        ),
        "select" => |o, x| x[0].select(o.integer("axis"), o.integer("index")),
        "concat" => |o, x| Tensor::concat(&x.iter().collect::<Vec<_>>(), o.integer("axis")),
        "stack" => |o, x| Tensor::stack(&x.iter().collect::<Vec<_>>(), o.integer("axis")),
        "pad" => |o, x| x[0].pad(o.read::<Vec<(isize, isize)>>("widths"), o.number("value")),
        "index_select" => |o, x| x[0].index_select(o.integer("axis"), &o.indices("indices")),
        "gather" => |o, x| x[0].gather(o.integer("axis"), &o.indices("indices")),
        "scatter_add" => |o, x| x[0].scatter_add(o.integer("axis"), &o.indices("indices"), &x[1]),
    }
}

fn layers<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "matmul" => |_, x| x[0].matmul(&x[1]),
        "matmul_transposed" => |_, x| x[0].transpose(-1, -2).matmul(&x[1].transpose(-1, -2)),
        "matmul_self" => |_, x| x[0].matmul(&x[0]),
        "linear" => |_, x| x[0].linear(&x[1], x.get(2)),
        "conv2d" => |o, x| x[0].conv2d(
            &x[1],
            x.get(2),
            Conv2dOptions::new()
                .stride(o.read::<[usize; 2]>("stride"))
                .padding(o.read::<[usize; 2]>("padding"))
                .dilation(o.read::<[usize; 2]>("dilation"))
                .groups(o.size("groups")),
        ),
        "max_pool2d" => |o, x| x[0].max_pool2d(max_window(o)),
        "max_pool2d_with_indices" => |o, x| {
            let (y, positions) = x[0].max_pool2d_with_indices(max_window(o));
            Results { tensors: vec![y], ..positions.into() }
        },
        "avg_pool2d" => |o, x| x[0].avg_pool2d(average_window(o)),
        "cross_entropy" => |o, x| x[0].cross_entropy_with(&o.indices("labels"), o.reduction()),
        "cross_entropy_probabilities" => |o, x| x[0].cross_entropy_with(&x[1], o.reduction()),
        "binary_cross_entropy_with_logits" => |o, x| {
            x[0].binary_cross_entropy_with_logits_and(&x[1], o.reduction())
        },
        "mse" => |o, x| x[0].mse_with(&x[1], o.reduction()),
        "batch_norm" => |o, x| {
            let (y, mean, var) = x[0].batch_norm(&x[1], &x[2], o.number("eps"));
            [y, mean, var]
        },
        "batch_norm_output" => |o, x| x[0].batch_norm(&x[1], &x[2], o.number("eps")).0,
        "lstm" => |o, x| {
            let (y, (h, c)) = lstm(o, x);
            [y, h, c]
        },
        "lstm_hidden" => |o, x| lstm(o, x).1.0,
        "lstm_cell" => |o, x| lstm(o, x).1.1,
        "dropout" => |o, x| {
            // The only random operation: PyTorch says what it does where nothing is random.
            assert_eq!(x[0].tape().is_some_and(Tape::is_training), o.flag("training"));
            x[0].dropout(o.number("p"))
        },
    }
}

fn max_window(o: &Options) -> Pool2d {
    Pool2d::new(o.read::<[usize; 2]>("kernel"))
        .stride(o.read::<[usize; 2]>("stride"))
        .padding(o.read::<[usize; 2]>("padding"))
        .dilation(o.read::<[usize; 2]>("dilation"))
        .ceil_mode(o.flag("ceil_mode"))
}

fn average_window(o: &Options) -> Pool2d {
    let window = Pool2d::new(o.read::<[usize; 2]>("kernel"))
        .stride(o.read::<[usize; 2]>("stride"))
        .padding(o.read::<[usize; 2]>("padding"))
        .ceil_mode(o.flag("ceil_mode"))
        .count_include_pad(o.flag("count_include_pad"));
    match o.integer_or_none("divisor_override") {
        Some(divisor) => window.divisor_override(usize::try_from(divisor).expect("positive")),
        None => window,
    }
}

/// The inputs are x, h₀, c₀, and w_ih, w_hh (b_ih, b_hh) of each layer, as PyTorch lists its parameters.
fn lstm<T: Float>(o: &Options, x: &[Tensor<T>]) -> (Tensor<T>, (Tensor<T>, Tensor<T>)) {
    let bias = o.flag("bias");
    let layers: Vec<LstmWeights<T>> = x[3..]
        .chunks_exact(if bias { 4 } else { 2 })
        .map(|layer| LstmWeights {
            input: layer[0].clone(),
            hidden: layer[1].clone(),
            biases: bias.then(|| (layer[2].clone(), layer[3].clone())),
        })
        .collect();
    assert_eq!(layers.len(), o.size("layers"));
    x[0].lstm((&x[1], &x[2]), &layers)
}
