//! Wrong programs panic at the caller's line, with a text that says what does not fit.

use std::cell::RefCell;
use std::panic::{self, Location};
use std::sync::Once;

use wengert::autodiff::ops;
use wengert::autodiff::ops::LstmWeights;
use wengert::autodiff::transform::{grad, hessian, hvp, jvp, vjp};
use wengert::prelude::*;

type T = Tensor<f32>;

thread_local! {
    static LAST: RefCell<Option<(String, String, u32)>> = const { RefCell::new(None) };
}

/// The text of the panic of `f`, which must come from this file: the caller's, not the library's.
#[track_caller]
fn refused<R>(f: impl FnOnce() -> R) -> String {
    refused_at(f).0
}

/// The text and the line.
#[track_caller]
fn refused_at<R>(f: impl FnOnce() -> R) -> (String, u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref().copied()).unwrap_or_default().to_owned();
            let at = info.location().map(|at| (at.file().to_owned(), at.line())).unwrap_or_default();
            LAST.set(Some((text, at.0, at.1)));
        }));
    });
    let caller = Location::caller();
    LAST.take();
    let ran = panic::catch_unwind(panic::AssertUnwindSafe(f)).is_ok();
    let last = LAST.take();
    // The hook hides the messages of failing tests: this one says its own.
    let fail = |text: String| -> ! {
        eprintln!("{caller}: {text}");
        panic!("{text}")
    };
    match last {
        _ if ran => fail("the wrong program ran".into()),
        Some((text, file, line)) => {
            if file != caller.file() {
                fail(format!("the panic {text:?} points to {file}:{line}"));
            }
            (text, line)
        }
        None => fail("no panic was seen".into()),
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        if !text.contains(part) {
            eprintln!("{}: {text:?} does not say {part:?}", Location::caller());
            panic!("{text:?} does not say {part:?}");
        }
    }
}

fn z(shape: impl AsRef<[usize]>) -> T {
    Tensor::zeros(shape)
}

/// A test for each wrong program: its name, the program, and what the panic says.
macro_rules! refuses {
    ($($name:ident: $program:expr => $($part:literal),+;)+) => {
        $(
            #[test]
            fn $name() {
                says(&refused(|| $program), &[$($part),+]);
            }
        )+
    };
}

// Every operation names itself, the shapes it was given, and the line that called it.
refuses! {
    add: z([2, 3]) + z([2, 4]) => "add: ", "axis -1 has 3 elements in the left operand and 4", "[2, 3], [2, 4]";
    sub: &z([2, 3]) - z([2, 4]) => "sub: ", "[2, 3], [2, 4]";
    mul: z([3]) * &z([4]) => "mul: ", "[3], [4]";
    div: &z([3]) / &z([4]) => "div: ", "[3], [4]";
    pow: z([3]).pow(&z([4])) => "pow: ", "[3], [4]";
    maximum: z([3]).maximum(&z([4])) => "maximum: ", "[3], [4]";
    minimum: z([3]).minimum(&z([4])) => "minimum: ", "[3], [4]";
    comparison: z([3]).lt(&z([4])) => "lt: ", "[3], [4]";
    clamp: z([3]).clamp(1.0, -1.0) => "clamp: the bounds 1 to -1 are no interval", "[3]";
    softmax: z([3]).softmax(1) => "softmax: axis 1 is out of range for a tensor of rank 1", "[3]";
    log_softmax: z([3]).log_softmax(-2) => "log_softmax: axis -2 is out of range", "[3]";
    logsumexp: z([3]).logsumexp(4) => "logsumexp: axis 4 is out of range", "[3]";
    sum: z([3, 4]).sum([0, -2]) => "sum: axis -2 is named twice", "[3, 4]";
    mean: z([3, 4]).mean(2) => "mean: axis 2 is out of range", "[3, 4]";
    var: z([3, 4]).var(2, 1) => "var: axis 2 is out of range", "[3, 4]";
    max: z([3, 0]).max(1) => "max: axis 1 is empty", "[3, 0]";
    min: z([3, 0]).min(..) => "min: axis 1 is empty", "[3, 0]";
    argmax: z([3, 0]).argmax(1) => "argmax: axis 1 is empty", "[3, 0]";
    argmax_axis: z([3, 2]).argmax(2) => "argmax: axis 2 is out of range", "[3, 2]";
    reshape: z([2, 3]).reshape([4]) => "reshape: 6 elements do not fill the shape [4] of 4", "[2, 3]";
    flatten_from: z([2, 3]).flatten_from(3) => "flatten_from: axis 3 is out of range", "[2, 3]";
    permute: z([2, 3]).permute([0, 0]) => "permute: [0, 0] is no order of the 2 axes", "[2, 3]";
    permute_axis: z([2, 3]).permute([0, 2]) => "permute: axis 2 is out of range", "[2, 3]";
    transpose: z([2, 3]).transpose(0, 2) => "transpose: axis 2 is out of range", "[2, 3]";
    squeeze: z([2, 3]).squeeze(1) => "squeeze: axis 1 has 3 elements, not 1", "[2, 3]";
    unsqueeze: z([2, 3]).unsqueeze(3) => "unsqueeze: axis 3 is out of range", "[2, 3]";
    broadcast_to: z([2, 3]).broadcast_to([4, 3]) => "broadcast_to: ", "[4, 3]", "[2, 3]";
    slice: z([2, 3]).slice(1, 2..5) => "slice: index 5 is out of range for axis 1 of 3 elements", "[2, 3]";
    slice_step: z([3]).slice(0, ndarray::Slice { start: 0, end: None, step: 0 }) => "slice: the step along axis 0 is 0";
    select: z([2, 3]).select(0, -3) => "select: index -3 is out of range for axis 0 of 2 elements", "[2, 3]";
    concat: T::concat(&[&z([2, 3]), &z([2, 4])], 0) => "concat: axis 1 has 4 elements in input 1 and 3 in input 0";
    concat_nothing: T::concat(&[], 0) => "concat: there is nothing to join";
    stack: T::stack(&[&z([2]), &z([3])], 0) => "stack: input 1 has another shape than input 0", "[2], [3]";
    stack_axis: T::stack(&[&z([2]), &z([2])], 3) => "stack: axis 3 is out of range", "[2]";
    pad: z([2]).pad([(-2, -1)], 0.0) => "pad: axis 0 of 2 elements cannot be padded by (-2, -1)", "[2]";
    pad_widths: z([2]).pad([(1, 1), (1, 1)], 0.0) => "pad: 2 pairs of widths were given for a tensor of rank 1";
    index_select: z([3]).index_select(0, &Indices::from([0, 3])) => "index_select: index 3 at position 1 is not in 0..3";
    gather: z([3]).gather(0, &Indices::from([-1])) => "gather: index -1 at position 0 is not in 0..3", "[3]";
    gather_rank: z([3, 2]).gather(0, &Indices::from([1])) => "gather: the indices of shape [1] have rank 1";
    scatter_add: z([3]).scatter_add(0, &Indices::from([1]), &z([2])) => "scatter_add: the source has another shape";
    matmul: z([2, 3]).matmul(&z([4, 5])) => "matmul: axis 1 of the left operand has 3 elements, axis 0 of the right has 4", "[2, 3], [4, 5]";
    matmul_vector: z([2, 3]).matmul(&z([4])) => "matmul: axis 1 of the left operand has 3 elements, axis 0", "[2, 3], [4]";
    matmul_batch: z([2, 3, 4]).matmul(&z([3, 4, 5])) => "matmul: the axes before the last two do not broadcast";
    matmul_number: z([]).matmul(&z([3])) => "matmul: a number has no matrix product", "[], [3]";
    linear: z([2, 3]).linear(&z([5, 4]), None) => "linear: axis 1 of the input has 3 elements, axis 1 of the weight has 4";
    linear_bias: z([7, 2, 3]).linear(&z([5, 3]), Some(&z([4]))) => "linear: the bias [4] is not [5]";
    conv2d_rank: z([8, 8]).conv2d(&z([4, 3, 3, 3]), None, ()) => "conv2d: the input [8, 8] is not [batch, channels, height, width] or [channels, height, width]";
    conv1d_rank: z([1, 3, 8, 8]).conv1d(&z([4, 3, 3]), None, ()) => "conv1d: the input [1, 3, 8, 8] is not [batch, channels, length] or";
    conv3d_weight_rank: z([3, 8, 8, 8]).conv3d(&z([4, 3, 3, 3]), None, ()) => "conv3d: the weight [4, 3, 3, 3] is not [out channels, in channels / groups, depth,";
    conv_transpose2d_channels: z([1, 3, 8, 8]).conv_transpose2d(&z([4, 3, 3, 3]), None, ()) => "conv_transpose2d: axis 1 of the input has 3 channels, axis 0 of the weight 4";
    conv_transpose1d_bias: z([3, 8]).conv_transpose1d(&z([3, 4, 2]), Some(&z([3])), ()) => "conv_transpose1d: the bias [3] is not [4]";
    correlate2d: z([8]).correlate2d(&z([3, 3]), ()) => "correlate2d: the input [8] is not [..., height, width]";
    convolve2d: z([8, 8]).convolve2d(&z([1, 3, 3]), ()) => "convolve2d: the kernel [1, 3, 3] is not [height, width]";
    convolve2d_groups: z([8, 8]).convolve2d(&z([3, 3]), Conv2dOptions::new().groups(2)) => "convolve2d: one kernel does not divide into 2 groups";
    conv2d_bias: z([1, 3, 8, 8]).conv2d(&z([4, 3, 3, 3]), Some(&z([3])), ()) => "conv2d: the bias [3] is not [4]";
    max_pool2d: z([8, 8]).max_pool2d(2) => "max_pool2d: the input [8, 8] is not [batch, channels, height, width] or [channels, height, width]";
    avg_pool2d: z([1, 3, 8, 8]).avg_pool2d(Pool2d::new(3).padding(2)) => "avg_pool2d: the padding 2 of axis 2 is more than half";
    dropout: z([3]).dropout(1.5) => "dropout: the probability 1.5 is not in 0..=1", "[3]";
    mse: z([3, 1]).mse(&z([3])) => "mse: predictions and targets must have the same shape", "broadcast_to", "[3, 1], [3]";
    batch_norm: z([2, 3]).batch_norm(&z([2]), &z([3]), 1e-5) => "batch_norm: the weight [2] is not [3]";
    lstm: z([5, 2, 3]).lstm((&z([1, 2, 4]), &z([1, 2, 4])), &[weights()]) => "lstm: the input weight [16, 2] is not [16, 3]";
    lstm_state: z([5, 2, 3]).lstm((&z([2, 4]), &z([1, 2, 4])), &[weights()]) => "lstm: the hidden state [2, 4] is not [1 layers";
}

// Transforms of functions.
refuses! {
    grad_of_many: grad(|x: &T| x.square(), &z([2])) => "grad: the function gave shape [2], where one element";
    hvp_direction: hvp(|x: &T| x.sum(..), &z([2]), &z([3])) => "hvp: direction 0 has shape [3], its input [2]";
    jvp_tangent: jvp(|x: &Vec<T>| x[0].exp(), &vec![z([2])], &vec![]) => "jvp: 0 tangents were given for 1 inputs";
    vjp_cotangent: vjp(|x: &T| x.exp(), &z([2])).1.apply(&z([3])) => "vjp: cotangent 0 has shape [3], its output [2]";
    jvp_tape: jvp(|x: &T| x.exp(), &z([2]), &Tape::new().variable(z([2]))) => "jvp: a tangent wants a gradient";
    hessian_tapes: hessian(|x: &[T; 2]| x[0].sum(..), &[(); 2].map(|()| Tape::new().constant(z([2])))) => "hessian: the inputs lie on two tapes";
}

fn weights() -> LstmWeights<f32> {
    LstmWeights { input: z([16, 2]), hidden: z([16, 4]), biases: None }
}

// Labels, targets and batches.
refuses! {
    class_too_large: z([2, 3]).cross_entropy(&Indices::from([0, 3])) => "cross_entropy: class 3 at position 1 is not in 0..3", "[2, 3]";
    class_negative: z([2, 3]).cross_entropy(&Indices::from([-1, 0])) => "cross_entropy: class -1 at position 0 is not in 0..3", "[2, 3]";
    labels_of_another_batch: z([2, 3]).cross_entropy(&Indices::from([0])) => "cross_entropy: the labels [1] have not", "[2]";
    nan_probability: z([1, 2]).cross_entropy(&T::from_vec([1, 2], vec![1.0, f32::NAN])) => "cross_entropy: the target at position 1 is NaN";
    nan_target: z([2]).mse(&T::from_vec([2], vec![f32::NAN, 0.0])) => "mse: the target at position 0 is NaN", "[2]";
    nan_logit_target: z([2]).binary_cross_entropy_with_logits(&T::from_vec([2], vec![0.0, f32::NAN])) => "binary_cross_entropy_with_logits: the target at position 1 is NaN";
    empty_batch: z([0, 3]).cross_entropy(&Indices::from([])) => "cross_entropy: an empty batch has no mean loss";
    empty_batch_of_probabilities: z([0, 3]).cross_entropy(&z([0, 3])) => "cross_entropy: an empty batch has no mean loss";
    empty_predictions: z([0]).mse(&z([0])) => "mse: an empty batch has no mean loss", "[0]";
    empty_logits: z([0]).binary_cross_entropy_with_logits(&z([0])) => "binary_cross_entropy_with_logits: an empty batch";
    empty_batch_norm: z([0, 3]).batch_norm(&z([3]), &z([3]), 1e-5) => "batch_norm: an empty batch has no statistics", "[0, 3]";
}

// Geometry.
refuses! {
    kernel_larger_than_padded_input: z([1, 1, 4, 3]).conv2d(&z([1, 1, 3, 6]), None, Conv2dOptions::new().padding(1)) => "conv2d: the kernel of 6 with dilation 1 does not fit into axis 3 of 3 with padding 1";
    dilated_kernel_larger_than_input: z([1, 1, 4, 4]).conv2d(&z([1, 1, 3, 3]), None, Conv2dOptions::new().dilation(2)) => "conv2d: the kernel of 3 with dilation 2 does not fit into axis 2 of 4";
    window_larger_than_padded_input: z([1, 1, 1, 4]).max_pool2d(Pool2d::new(4).padding(1)) => "max_pool2d: the window of 4 with dilation 1 does not fit into axis 2 of 1 with padding 1";
    zero_stride: z([1, 1, 4, 4]).conv2d(&z([1, 1, 2, 2]), None, Conv2dOptions::new().stride((1, 0))) => "conv2d: stride [1, 0]", "at least 1";
    zero_dilation: z([1, 1, 4, 4]).conv2d(&z([1, 1, 2, 2]), None, Conv2dOptions::new().dilation(0)) => "conv2d: ", "dilation [0, 0]";
    zero_groups: z([1, 1, 4, 4]).conv2d(&z([1, 1, 2, 2]), None, Conv2dOptions::new().groups(0)) => "conv2d: ", "groups 0";
    zero_pool_stride: z([1, 1, 4, 4]).max_pool2d(Pool2d::new(2).stride(0)) => "max_pool2d: ", "stride [0, 0]";
    zero_window: z([1, 1, 4, 4]).avg_pool2d(0) => "avg_pool2d: window [0, 0]", "at least 1";
    same_padding_of_strides: z([1, 1, 4, 4]).conv2d(&z([1, 1, 2, 2]), None, Conv2dOptions::new().stride((1, 2)).padding(Padding::Same)) => "conv2d: padding \"same\" is for stride 1, the stride is [1, 2]";
    kernel_larger_than_sequence: z([2, 4]).conv1d(&z([3, 2, 7]), None, Conv1dOptions::new().padding(1)) => "conv1d: the kernel of 7 with dilation 1 does not fit into axis 1 of 4 with padding 1";
    kernel_larger_than_volume: z([2, 1, 4, 4, 4]).conv3d(&z([3, 1, 1, 1, 5]), None, ()) => "conv3d: the kernel of 5 with dilation 1 does not fit into axis 4 of 4 with padding 0";
    nothing_left: z([1, 1, 2]).conv_transpose1d(&z([1, 1, 3]), None, ConvTranspose1dOptions::new().padding(2)) => "conv_transpose1d: nothing is left of axis 2 of 2 with a kernel of 3 and padding 2";
    large_output_padding: z([1, 1, 2]).conv_transpose1d(&z([1, 1, 3]), None, ConvTranspose1dOptions::new().stride(2).output_padding(2)) => "conv_transpose1d: the output padding 2 is below neither the stride 2 nor the dilation 1";
    transposed_channels_not_divisible: z([1, 3, 2]).conv_transpose1d(&z([3, 1, 3]), None, ConvTranspose1dOptions::new().groups(2)) => "conv_transpose1d: axis 0 of the weight has 3 channels, which do not divide into 2 groups";
    adaptive_to_nothing: z([1, 3, 4, 4]).adaptive_avg_pool2d([2, 0]) => "adaptive_avg_pool2d: the output size of axis 3 is 0", "[1, 3, 4, 4]";
    adaptive_from_nothing: z([3, 4, 0]).adaptive_max_pool2d(1) => "adaptive_max_pool2d: axis 2 is empty";
    adaptive_rank: z([4]).adaptive_avg_pool1d(2) => "adaptive_avg_pool1d: the input [4] is not [batch, channels, length] or [channels, length]";
    adaptive_larger_than_memory: z([1, 1, 1, 1]).adaptive_avg_pool2d([usize::MAX, 3]) => "adaptive_avg_pool2d: ", "larger than the address space";
    zero_divisor: z([1, 1, 4, 4, 4]).avg_pool3d(Pool3d::new(2).divisor_override(0)) => "avg_pool3d: the divisor is 0";
    dilated_average: z([1, 1, 4]).avg_pool1d(Pool1d::new(2).dilation(2)) => "avg_pool1d: an average has no dilation";
    window_larger_than_volume: z([1, 2, 3, 4, 5]).max_pool3d(4) => "max_pool3d: the window of 4 with dilation 1 does not fit into axis 2 of 3";
    window_larger_than_row: z([2, 3]).max_pool1d(4) => "max_pool1d: the window of 4 with dilation 1 does not fit into axis 1 of 3";
    global_rank: z([3, 4]).global_avg_pool() => "global_avg_pool: the input is not [batch, channels, …]", "[3, 4]";
    global_max_rank: z([3, 4]).global_max_pool() => "global_max_pool: the input is not [batch, channels, …]", "[3, 4]";
    norm_without_exponent: z([1, 1, 4, 4]).lp_pool2d(0.0, 2) => "lp_pool2d: the exponent 0 is not a positive number";
    padded_norm: z([1, 1, 4]).lp_pool1d(2.0, Pool1d::new(2).padding(1)) => "lp_pool1d: the windows have padding [1]";
    unpooled_outside: z([1, 1, 2]).max_unpool1d(&Indices::from_vec([1, 1, 2], vec![0, 4]), 2, None) => "max_unpool1d: index 4 at position 1 is not in 0..4";
    unpooled_nowhere: z([1, 1, 2]).max_unpool2d(&Indices::from_vec([1, 1, 2], vec![0, -1]), 2, None) => "max_unpool2d: index -1 at position 1 is not in 0..8";
    unpooled_indices: z([1, 1, 2]).max_unpool1d(&Indices::from([0, 1]), 2, None) => "max_unpool1d: the indices [2] have not the shape of the input";
    unpooled_size: z([1, 1, 2, 2]).max_unpool2d(&Indices::from_vec([1, 1, 2, 2], vec![0; 4]), 2, Some([4, 6])) => "max_unpool2d: the output size 6 of axis 3 is not less than a stride of 2 from 4";
    interpolated_rank: z([1, 3, 4]).interpolate(Interpolate::size(2).mode(Interpolation::Bilinear)) => "interpolate: the input [1, 3, 4] of mode Bilinear is not [batch, channels, height, width]";
    interpolated_sizes: z([1, 3, 4]).interpolate(Interpolate::size([2, 2])) => "interpolate: 2 sizes were given for 1 axes";
    interpolated_factors: z([1, 3, 4, 4]).interpolate(Interpolate::scale_factor([2.0])) => "interpolate: 1 scale factors were given for 2 axes";
    interpolated_to_nothing: z([1, 3, 4]).interpolate(Interpolate::size(0)) => "interpolate: axis 2 of 4 elements is to have none";
    interpolated_from_nothing: z([1, 3, 4, 0]).interpolate(Interpolate::size(2)) => "interpolate: axis 3 is empty";
    scaled_to_nothing: z([1, 3, 4]).interpolate(Interpolate::scale_factor(0.2)) => "interpolate: axis 2 of 4 elements is to have none";
    negative_scale: z([1, 3, 4]).interpolate(Interpolate::scale_factor(-1.0)) => "interpolate: the scale factor -1 of axis 2 is not positive and finite";
    endless_scale: z([1, 3, 4]).interpolate(Interpolate::scale_factor(f64::INFINITY)) => "interpolate: the scale factor inf of axis 2";
    scaled_beyond_memory: z([1, 3, 4]).interpolate(Interpolate::scale_factor(1e300)) => "interpolate: ", "larger than the address space";
    corners_of_nearest: z([1, 3, 4]).interpolate(Interpolate::size(2).align_corners(true)) => "interpolate: mode Nearest has no corners to align";
    recomputed_size: z([1, 3, 4]).interpolate(Interpolate::size(2).recompute_scale_factor(true)) => "interpolate: a size was given, and no scale factor";
    channels_not_divisible: z([1, 3, 4, 4]).conv2d(&z([4, 1, 2, 2]), None, Conv2dOptions::new().groups(2)) => "conv2d: axis 1 of the input has 3 channels, which do not divide into 2 groups";
    filters_not_divisible: z([1, 4, 4, 4]).conv2d(&z([3, 2, 2, 2]), None, Conv2dOptions::new().groups(2)) => "conv2d: axis 0 of the weight has 3 channels, which do not divide into 2 groups";
    channels_of_a_group: z([1, 4, 4, 4]).conv2d(&z([4, 4, 2, 2]), None, Conv2dOptions::new().groups(2)) => "conv2d: axis 1 of the weight has 4 channels, the input has 4 in 2 groups";
}

// The tape.
refuses! {
    backward_from_a_non_scalar: Tape::new().variable(z([2, 3])).backward() => "backward: a tensor of shape [2, 3] is no scalar", "Replay::seed";
    backward_from_no_tape: z([1]).backward() => "backward: the tensor of shape [1] lies on no tape", "tape.variable(x)";
    backward_from_a_constant: Tape::new().constant(z([1])).sum(..).backward() => "backward: the tensor of shape []", "wants a gradient";
    seed_of_another_shape: Tape::new().variable(z([2])).backward_with(Replay::new().seed(z([3]))) => "backward: the seed has shape [3], the tensor [2]";
    two_tapes: Tape::new().variable(z([2])) + Tape::new().variable(z([2])) => "add: its inputs lie on two tapes", "detach()", "tape.constant(x)";
    variable_and_foreign_constant: Tape::new().variable(z([2, 2])).matmul(&Tape::new().constant(z([2, 2]))) => "matmul: its inputs lie on two tapes";
    retained_gradient_of_nothing: z([2]).retain_grad() => "retain_grad: the tensor of shape [2] wants no gradient";
    callback_on_nothing: z([2]).on_gradient(|_| ()) => "on_gradient: the tensor of shape [2] wants no gradient";
    item_of_many: z([2]).item() => "item: a tensor of shape [2] has 2 elements, not one";
    elements_of_another_shape: T::from_vec([2], vec![0.0; 3]) => "Tensor::from_vec: shape [2] does not hold 3 elements";
    larger_than_memory: T::zeros([usize::MAX, 2]) => "larger than the address space";
}

#[test]
fn the_panic_points_to_the_line_of_the_call() {
    let (x, y) = (z([2, 3]), z([4, 5]));
    let first = line!();
    let lines = [
        refused_at(|| &x + &y).1,
        refused_at(|| x.matmul(&y)).1,
        refused_at(|| x.linear(&y, None)).1,
        refused_at(|| x.mse(&y)).1,
        refused_at(|| T::stack(&[&x, &y], 0)).1,
        refused_at(|| x.pow(&y)).1,
        refused_at(|| x.cross_entropy(&y)).1,
        refused_at(|| x.backward()).1,
    ];
    assert_eq!(lines, std::array::from_fn(|i| first + 2 + i as u32));
}

#[test]
fn a_drained_tape_records_no_more() {
    let tape = Tape::new();
    let x = tape.variable(z([2]));
    let loss = x.square().sum(..);
    loss.backward();
    says(
        &refused(|| x.square()),
        &["square: this tape was drained by a backward pass", "detach()", "retain"],
    );
    says(&refused(|| tape.variable(z([1]))), &["Tape::variable: this tape was drained"]);
    says(&refused(|| tape.watch(&Parameter::new(z([1])))), &["Tape::watch: this tape was drained"]);
    says(&refused(|| loss.backward()), &["backward: this tape was already drained", "retain(true)"]);
    // Reading works, and so do operations that record nothing.
    assert_eq!((x.to_vec(), loss.item()), (vec![0.0, 0.0], 0.0));
    assert_eq!((x.detach() + 1.0).to_vec(), [1.0, 1.0]);
    assert_eq!((tape.constant(z([2])) + 1.0).to_vec(), [1.0, 1.0]);
}

#[test]
fn a_failed_operation_leaves_the_tape_as_it_was() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f32>::ones([2]));
    let y = x.square();
    refused(|| &y + z([3]));
    assert_eq!(tape.len(), 1);
    assert_eq!(y.sum(..).backward().get(&x).unwrap().to_vec(), [2.0, 2.0]);
}

#[test]
fn what_the_methods_panic_with_try_apply_returns() {
    fn error<F: Function<f32>>(function: F, inputs: &[&T]) -> String {
        autodiff::try_apply(function, inputs).unwrap_err().to_string()
    }
    let x = z([2, 3]);
    says(&error(ops::MatMul::default(), &[&x, &x]), &["matmul: axis 1 of the left operand has 3"]);
    says(
        &error(ops::Softmax { axis: 2 }, &[&x]),
        &["softmax: axis 2 is out of range for a tensor of rank 2"],
    );
    says(&error(ops::LogSoftmax { axis: 2 }, &[&x]), &["log_softmax: axis 2 is out of range"]);
    let indices = Indices::from([0]);
    let select = ops::IndexSelect { axis: 2, indices: indices.clone() };
    says(&error(select, &[&x]), &["index_select: axis 2 is out of range"]);
    let gather = ops::Gather { axis: 1, indices: indices.clone() };
    says(&error(gather, &[&z([3])]), &["gather: axis 1 is out of range"]);
    let scatter = ops::ScatterAdd { axis: 1, indices };
    says(&error(scatter, &[&z([3]), &z([1])]), &["scatter_add: axis 1 is out of range"]);
    let place = ops::Slice { axis: 2, part: ndarray::Slice::from(..) };
    says(&error(place, &[&x]), &["slice: axis 2 is out of range"]);
    says(&error(ops::Concat { axis: 2 }, &[&x]), &["concat: axis 2 is out of range"]);
}

#[test]
fn a_layer_on_a_drained_tape_points_to_the_line_of_its_call() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let tape = Tape::training(0);
    let x = tape.variable(Tensor::<f32>::ones([2, 1, 4, 4]));
    let _ = x.sum(..).backward();
    let drained = |text: String| says(&text, &["drained", "detach()"]);
    drained(refused(|| Conv2d::new(1, 1, 3, &mut rng).forward(&x)));
    drained(refused(|| Linear::new(4, 1, &mut rng).forward(&x)));
    drained(refused(|| BatchNorm2d::new(1).forward(&x)));
    drained(refused(|| {
        LstmConfig::new(4, 2).init::<f32>(&mut rng).forward(&tape.constant(Tensor::ones([1, 1, 4])))
    }));
    drained(refused(|| T::stack(&[&x, &x], 0)));
}
