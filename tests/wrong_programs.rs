//! Wrong programs panic at the caller's line, with a text that says what does not fit.

use std::cell::RefCell;
use std::panic::{self, Location};
use std::sync::Once;

use wengert::autodiff::ops;
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
    comparison: z([3]).lt(z([4])) => "lt: ", "[3], [4]";
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
    pad_reflect: z([1, 3]).pad([(0, 0), (3, 0)], PadMode::Reflect) => "pad: axis 1 of 3 elements cannot be padded by (3, 0): a reflection";
    pad_replicate: z([0]).pad([(1, 0)], PadMode::Replicate) => "pad: axis 0 of 0 elements cannot be padded by (1, 0): there is nothing";
    pad_circular: z([3]).pad([(3, -1)], PadMode::Circular) => "pad: axis 0 of 3 elements cannot be padded by (3, -1): a circular";
    split: z([2, 5]).split([2, 2], 1) => "split: the sizes [2, 2] do not add up to the 5 elements of axis 1", "[2, 5]";
    split_size: z([5]).split(0, 0) => "split: parts of 0 elements do not make up the 5 of axis 0", "[5]";
    chunk: z([5]).chunk(0, 0) => "chunk: there must be at least one chunk", "[5]";
    unbind: z([5]).unbind(1) => "unbind: axis 1 is out of range", "[5]";
    narrow: z([5]).narrow(0, -2, 3) => "narrow: axis 0 of 5 elements does not hold 3 from -2 on", "[5]";
    expand: z([2, 3]).expand([-1, -1, 3]) => "expand: the size -1 of axis 0 of [-1, -1, 3] is none", "[2, 3]";
    expand_sizes: z([2, 3]).expand([2, 4]) => "broadcast_to: ", "[2, 4]", "[2, 3]";
    repeat: z([2, 3]).repeat([2]) => "repeat: 1 numbers of repeats were given for a tensor of rank 2", "[2, 3]";
    repeat_interleave: z([2, 3]).repeat_interleave(&Indices::from([1, 2]), 1) => "repeat_interleave: the numbers of repeats [2] are not [3]";
    repeat_interleave_negative: z([2]).repeat_interleave(&Indices::from([1, -2]), 0) => "repeat_interleave: element 1 of axis 0 is repeated -2 times";
    meshgrid: T::meshgrid(&[&z([2]), &z([2, 3])], ops::MeshIndexing::Ij) => "meshgrid: coordinates are rows", "[2, 3]";
    flip: z([2, 3]).flip([0, -2]) => "flip: axis -2 is named twice", "[2, 3]";
    roll: z([2, 3]).roll([1, 2], [0]) => "roll: 2 shifts were given for 1 axes", "[2, 3]";
    roll_axis: z([2, 3]).roll([1], [2]) => "roll: axis 2 is out of range", "[2, 3]";
    movedim: z([2, 3]).movedim([0, 0], [0, 1]) => "movedim: an axis of [0, 0] or [0, 1] is named twice", "[2, 3]";
    movedim_count: z([2, 3]).movedim([0, 1], [0]) => "movedim: [0, 1] are not as many axes as [0]", "[2, 3]";
    tril: z([3]).tril(0) => "tril: a triangle is part of a matrix", "[3]";
    triu: z([3]).triu(0) => "triu: a triangle is part of a matrix", "[3]";
    pixel_shuffle: z([6, 2, 2]).pixel_shuffle(2) => "pixel_shuffle: the tensor is not [.., C·2², H, W]", "[6, 2, 2]";
    pixel_unshuffle: z([2, 3, 2]).pixel_unshuffle(2) => "pixel_unshuffle: the tensor is not [.., C, H·2, W·2]", "[2, 3, 2]";
    windows: z([2, 3]).windows(1, 4, 1) => "windows: windows of 4 with step 1 do not fit into axis 1 of 3 elements", "[2, 3]";
    unfold: z([2, 3]).unfold(2) => "unfold: the input is not [batch, channels, height, width]", "[2, 3]";
    unfold_fit: z([1, 2, 3, 3]).unfold(Patches::new(2).dilation(3)) => "unfold: no patch of 2 with stride 1 and dilation 3 fits into the height 3 with padding 0";
    fold: z([1, 6, 4]).fold([3, 3], 2) => "fold: its 6 rows are no multiple of the 4 elements of a patch", "[1, 6, 4]";
    fold_places: z([1, 8, 3]).fold([3, 3], 2) => "fold: it has 3 patches, but 2 by 2 of them lie on a picture of 3 by 3", "[1, 8, 3]";
    index_add: z([3, 2]).index_add(0, &Indices::from([0, 1]), &z([3, 2]), 1.0) => "index_add: the source is not [2, 2]", "[3, 2], [3, 2]";
    index_copy: z([3]).index_copy(0, &Indices::from([3]), &z([1])) => "index_copy: index 3 at position 0 is not in 0..3", "[3], [1]";
    index_fill: z([3]).index_fill(0, &Indices::from([-1]), 1.0) => "index_fill: index -1 at position 0 is not in 0..3", "[3]";
    masked_select: z([3]).masked_select(&z([4]).gt(0.0)) => "masked_select: axis -1 has 3 elements", "[3], [4]";
    masked_scatter: z([3]).masked_scatter(&z([3]).eq(0.0), &z([2])) => "masked_scatter: the mask asks for 3 elements, the source has 2";
    masked_scatter_mask: z([3]).masked_scatter(&z([2, 3]).eq(0.0), &z([9])) => "masked_scatter: the mask does not broadcast", "[3], [2, 3]";
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
    linear_fused: z([2, 3]).linear_fused(&z([5, 3]), Epilogue::new().residual(&z([5]))) => "linear_fused: the residual [5] has not the shape of the result, [2, 5]";
    linear_fused_rows: z([2, 3, 4]).linear_fused(&z([5, 4]), Epilogue::new().residual(&z([6, 5]))) => "linear_fused: the residual [6, 5] has not the shape of the result, [2, 3, 5]", "[2, 3, 4], [5, 4]";
    linear_fused_row: z([4]).linear_fused(&z([5, 4]), Epilogue::new().residual(&z([1, 5]))) => "linear_fused: the residual [1, 5] has not the shape of the result, [5]";
    linear_fused_slope: z([2, 3]).linear_fused(&z([5, 3]), Epilogue::new().slope(-1.0)) => "linear_fused: the slope -1 is negative or not finite", "[2, 3], [5, 3]";
    conv2d_fused: z([1, 3, 8, 8]).conv2d_fused(&z([4, 3, 3, 3]), (), Epilogue::new().scale(&z([3]))) => "conv2d_fused: the scale [3] is not [4], one number for each output channel";
    conv3d_fused: z([3, 8, 8, 8]).conv3d_fused(&z([4, 3, 3, 3]), (), Epilogue::new().slope(0.0)) => "conv3d_fused: the weight [4, 3, 3, 3] is not [out channels";
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
    rrelu: z([3]).rrelu(0.5, 0.25) => "rrelu: the slopes 0.5..0.25 are no interval", "[3]";
    mse: z([3, 1]).mse_loss(&z([3])) => "mse_loss: predictions and targets must have the same shape", "broadcast_to", "[3, 1], [3]";
    batch_norm: z([2, 3]).batch_norm(&z([2]), &z([3]), 1e-5) => "batch_norm: the weight [2] is not [3]";
    batch_norm_residual: z([2, 3]).batch_norm_rectified(&z([3]), &z([3]), 1e-5, Some(&z([3])), 0.0) => "batch_norm: the residual [3] has not the shape of the input", "[2, 3]";
    channel_affine: z([2, 3]).channel_affine(&z([3]), &z([2]), None, 0.0) => "channel_affine: the shift [2] is not [3]", "[2, 3]";
    channel_affine_slope: z([2, 3]).channel_affine(&z([3]), &z([3]), None, -1.0) => "channel_affine: the slope -1 is negative", "[2, 3]";
    lstm: z([5, 2, 3]).lstm(None, &[weights(4)], options()) => "lstm: the weight_ih [16, 2] is not [16, 3]";
    lstm_state: z([5, 2, 2]).lstm(Some((&z([2, 4]), &z([1, 2, 4]))), &[weights(4)], options()) => "lstm: the hidden state [2, 4] is not [1, 2, 4]", "[5, 2, 2]";
    lstm_cell_state: z([5, 2]).lstm(Some((&z([1, 4]), &z([1, 1, 4]))), &[weights(4)], options()) => "lstm: the cell state [1, 1, 4] is not [1, 4]", "[5, 2]";
    lstm_rank: z([5]).lstm(None, &[weights(4)], options()) => "lstm: the input does not have the 3 axes", "[5]";
    no_weights: z([5, 2, 2]).gru(None, &[], options()) => "gru: 0 weights were given, not one for each layer", "[5, 2, 2]";
    odd_weights: z([5, 2, 2]).gru(None, &[weights(3)], options().bidirectional(true)) => "gru: 1 weights were given, not two for each layer", "[5, 2, 2]";
    two_biases_and_none: z([5, 2, 2]).gru(None, &[weights(3), weights(3).biases(z([12]), z([12]))], options()) => "gru: weights 0 and 1 differ in having biases", "[5, 2, 2]";
    gru_projection: z([5, 2, 2]).gru(None, &[weights(3).projection(z([2, 4]))], options()) => "gru: only an LSTM has a projection of its state", "[5, 2, 2]";
    gru_bias: z([5, 2, 2]).gru(None, &[weights(3).biases(z([12]), z([9]))], options()) => "gru: the bias_hh [9] is not [12]";
    rnn_weight: z([5, 2, 2]).rnn_tanh(None, &[weights(2)], options()) => "rnn_tanh: the weight_hh [8, 4] is not [8, 8]", "[5, 2, 2]";
    rnn_dropout: z([5, 2, 2]).rnn_tanh(None, &[weights(1)], options().dropout(-0.5)) => "rnn_tanh: the probability -0.5 is not in 0..=1", "[5, 2, 2]";
    rnn_reset: z([5, 2, 2]).rnn_relu(None, &[weights(1)], options().reset_after(false)) => "rnn_relu: only a GRU has a reset gate", "[5, 2, 2]";
    lengths: z([5, 2, 2]).rnn_relu(None, &[weights(1)], options().lengths([5])) => "rnn_relu: 1 lengths were given for a batch of 2";
    length: z([5, 2, 2]).rnn_relu(None, &[weights(1)], options().lengths([5, 6])) => "rnn_relu: the length 6 of entry 1 is more than the 5 steps";
    lstm_cell: z([2, 2]).lstm_cell((&z([4]), &z([2, 4])), &weights(4)) => "lstm: the input and the state are not [batch, features] and [batch, units]";
    rnn_cell: z([2, 2]).rnn_tanh_cell(&z([3, 4]), &weights(1)) => "rnn_tanh: the hidden state [3, 4] is not [2, 4]";
    one_hot: Indices::from([0, 3]).one_hot::<f32>(3) => "one_hot: index 3 at position 1 is not in 0..3", "[2]";
    multi_hot: Indices::from([0, -2]).multi_hot::<f32>(3) => "multi_hot: label -2 at position 1 is neither -1 nor in 0..3", "[2]";
    hardmax: z([2, 3]).hardmax(2) => "hardmax: axis 2 is out of range", "[2, 3]";
    embedding: z([5, 2]).embedding(&Indices::from([0, 5]), None) => "embedding: id 5 at position 1 is not in 0..5", "[5, 2]";
    embedding_table: z([5]).embedding(&Indices::from([0]), None) => "embedding: the table is not [ids, features]", "[5]";
    bag: z([5, 2]).embedding_bag(&Indices::from([0]), BagMode::Sum, None, None) => "embedding_bag: the ids [1] are not [bags, ids of a bag]", "[5, 2]";
    bag_mean: z([5, 2]).embedding_bag(&Indices::from_vec([1, 1], vec![0]), BagMode::Mean, Some(&z([1, 1])), None) => "embedding_bag: per_sample_weights are for a sum", "[5, 2]";
    bag_weights: z([5, 2]).embedding_bag(&Indices::from_vec([1, 1], vec![0]), BagMode::Sum, Some(&z([1])), None) => "embedding_bag: the per_sample_weights [1] are not [1, 1]", "[5, 2]";
    padding_idx: z([5, 2]).embedding(&Indices::from([0]), Some(-6)) => "embedding: the padding_idx -6 is not in -5..5", "[5, 2]";
}

// Reductions, orders and products by name.
refuses! {
    prod: z([3, 4]).prod([0, -2]) => "prod: axis -2 is named twice", "[3, 4]";
    norm: z([3]).norm(2.0, 1) => "norm: axis 1 is out of range", "[3]";
    norm_nan: z([3]).norm(f64::NAN, ..) => "norm: p is NaN", "[3]";
    norm_of_nothing: z([0]).norm(f64::INFINITY, ..) => "norm: nothing has no norm of p = inf", "[0]";
    std: z([3]).std(1, 1) => "std: axis 1 is out of range", "[3]";
    cosine_similarity: z([2, 3]).cosine_similarity(&z([4]), 1, 1e-8) => "cosine_similarity: axis -1 has 3", "[2, 3], [4]";
    cosine_similarity_axis: z([3]).cosine_similarity(&z([3]), 1, 1e-8) => "cosine_similarity: axis 1 is out of range";
    pairwise_distance: z([2, 3]).pairwise_distance(&z([4]), 2.0, 0.0, false) => "pairwise_distance: axis -1 has 3", "[2, 3], [4]";
    normalize: z([3]).normalize(2.0, 1, 1e-12) => "normalize: axis 1 is out of range", "[3]";
    cumsum: z([3]).cumsum(1) => "cumsum: axis 1 is out of range", "[3]";
    cumprod: z([3]).cumprod(1) => "cumprod: axis 1 is out of range", "[3]";
    logcumsumexp: z([3]).logcumsumexp(-2) => "logcumsumexp: axis -2 is out of range", "[3]";
    cummax: z([]).cummax(0) => "cummax: axis 0 is out of range for a tensor of rank 0", "[]";
    cummin: z([3]).cummin(1) => "cummin: axis 1 is out of range", "[3]";
    sort: z([3]).sort(1, false) => "sort: axis 1 is out of range", "[3]";
    argsort: z([3]).argsort(1, false) => "argsort: axis 1 is out of range", "[3]";
    topk: z([3]).topk(4, 0, true, true) => "topk: axis 0 of 3 elements has no 4", "[3]";
    kthvalue: z([3]).kthvalue(0, 0) => "kthvalue: axis 0 of 3 elements has no smallest element number 0", "[3]";
    median: z([2, 0]).median(..) => "median: axis 1 is empty", "0]";
    quantile: z([3]).quantile(1.5, ..) => "quantile: q = 1.5 is not in 0..=1", "[3]";
    max_with_indices: z([3, 0]).max_with_indices(1) => "max: axis 1 is empty", "[3, 0]";
    min_with_indices: z([3, 2]).min_with_indices(..) => "min: positions lie along one axis, not along 2", "[3, 2]";
    diagonal: z([3, 2]).diagonal(0, 1, -1) => "diagonal: axis 1 has no diagonal with itself", "[3, 2]";
    diag_embed: z([3]).diag_embed(0, 0, 2) => "diag_embed: axis 2 is out of range for a tensor of rank 2", "[3]";
    trace: z([3]).trace() => "trace: a tensor of rank 1 is no matrix", "[3]";
    dot: z([3]).dot(&z([4])) => "dot: axis 0 of the left operand has 3 elements, axis 0 of the right has 4", "[3], [4]";
    dot_of_matrices: z([3, 3]).dot(&z([3])) => "dot: operand 0 has rank 2, not 1 as a vector", "[3, 3], [3]";
    mv: z([2, 3]).mv(&z([2])) => "mv: axis 1 of the left operand has 3 elements, axis 0 of the right has 2";
    outer: z([2]).outer(&z([2, 1])) => "outer: operand 1 has rank 2, not 1 as a vector", "[2], [2, 1]";
    bmm: z([2, 3, 4]).bmm(&z([1, 4, 5])) => "bmm: axis 0 of the left operand has 2 elements, axis 0 of the right has 1";
    bmm_rank: z([3, 4]).bmm(&z([1, 4, 5])) => "bmm: operand 0 has rank 2, not 3 as a batch of matrices";
    addmm: z([3]).addmm(&z([2, 3]), &z([3, 4]), 1.0, 1.0) => "addmm: the tensor does not broadcast to the product [2, 4]";
    baddbmm: z([3]).baddbmm(&z([2, 3]), &z([2, 3, 4]), 1.0, 1.0) => "baddbmm: operand 0 has rank 2, not 3";
    gram_matrix: z([3]).gram_matrix() => "gram_matrix: the input is not [batch, channels, …]", "[3]";
    einsum: T::einsum("ij,jk->iq", &[&z([2, 3]), &z([3, 4])]) => "einsum: in \"ij,jk->iq\" the index 'q' at 8 of the result is in no operand", "[2, 3], [3, 4]";
    batch_norm_with: z([2, 3]).batch_norm_with(&z([3]), &z([2]), None, None, 1e-5) => "batch_norm_with: the variance [2] is not [3]", "[2, 3]";
    layer_norm: z([2, 3]).layer_norm([2], None, None, 1e-5) => "layer_norm: the input's last axes are not [2]", "[2, 3]";
    layer_norm_bias: z([2, 3]).layer_norm([3], None, Some(&z([2])), 1e-5) => "layer_norm: the bias [2] has not the shape [3]";
    layer_norm_nothing: z([2, 3]).layer_norm([], None, None, 1e-5) => "layer_norm: there is no axis to normalize over";
    rms_norm: z([2, 3]).rms_norm([3], Some(&z([2, 3])), None) => "rms_norm: the weight [2, 3] has not the shape [3]";
    group_norm: z([2, 3, 4]).group_norm(2, None, None, 1e-5) => "group_norm: 3 channels do not make 2 equal groups", "[2, 3, 4]";
    group_norm_weight: z([2, 4]).group_norm(2, Some(&z([2])), None, 1e-5) => "group_norm: the weight [2] is not [4]";
    instance_norm: z([2, 3]).instance_norm(None, None, 1e-5) => "instance_norm: the input is not [batch, channels, positions", "[2, 3]";
    instance_norm_empty: z([2, 3, 0]).instance_norm(None, None, 1e-5) => "instance_norm: an empty channel has no statistics";
    local_response_norm: z([2, 3]).local_response_norm(5, 1e-4, 0.75, 1.0) => "local_response_norm: the input is not [batch, channels";
    local_response_norm_size: z([2, 3, 4]).local_response_norm(0, 1e-4, 0.75, 1.0) => "local_response_norm: a window of 0 channels is none";
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

/// Weights of a cell with some gates for 2 features and 4 units.
fn weights(gates: usize) -> RecurrentWeights<f32> {
    RecurrentWeights::new(z([4 * gates, 2]), z([4 * gates, 4]))
}

fn options() -> RecurrentOptions {
    RecurrentOptions::new()
}

// Labels, targets and batches.
refuses! {
    class_too_large: z([2, 3]).cross_entropy(&Indices::from([0, 3])) => "cross_entropy: class 3 at position 1 is not in 0..3", "[2, 3]";
    class_negative: z([2, 3]).cross_entropy(&Indices::from([-1, 0])) => "cross_entropy: class -1 at position 0 is not in 0..3", "[2, 3]";
    labels_of_another_batch: z([2, 3]).cross_entropy(&Indices::from([0])) => "cross_entropy: the labels [1] have not", "[2]";
    nan_probability: z([1, 2]).cross_entropy(&T::from_vec([1, 2], vec![1.0, f32::NAN])) => "cross_entropy: the target at position 1 is NaN";
    weights_of_other_classes: z([2, 3]).cross_entropy_with(&Indices::from([0, 1]), CrossEntropyOptions::new().weight([1.0, 2.0])) => "cross_entropy: there are 2 weights for 3 classes", "[2, 3]";
    too_much_smoothing: z([2, 3]).cross_entropy_with(&Indices::from([0, 1]), CrossEntropyOptions::new().label_smoothing(1.5)) => "cross_entropy: the label smoothing 1.5 is not in 0..=1";
    neither_class_nor_ignored: z([2, 3]).cross_entropy_with(&Indices::from([255, 7]), CrossEntropyOptions::new().ignore_index(255)) => "cross_entropy: class 7 at position 1 is not in 0..3 nor the ignored 255";
    two_labels_for_one_example: z([3]).cross_entropy(&Indices::from([0, 1])) => "cross_entropy: one example has one label, of shape [], not [2]";
    class_of_log_probabilities: z([2, 3]).nll_loss(&Indices::from([5, 0])) => "nll_loss: class 5 at position 0 is not in 0..3", "[2, 3]";
    no_class_axis: z([]).nll_loss(&Indices::from_vec([], vec![0])) => "nll_loss: the log-probabilities are not [batch, classes, …]";
    probability_above_one: T::from_vec([2], vec![0.5, 1.5]).binary_cross_entropy(&z([2])) => "binary_cross_entropy: the probability 1.5 at position 1 is not in 0..=1";
    mask_of_another_shape: z([2, 3]).binary_cross_entropy_with_logits_and(&z([2, 3]), BceWithLogitsOptions::new().known(&Mask::from_vec([2], vec![true; 2]))) => "binary_cross_entropy_with_logits: the mask [2]", "[2, 3]";
    weight_that_does_not_broadcast: z([2, 3]).binary_cross_entropy_with(&z([2, 3]), BceOptions::new().weight(&z([2]))) => "binary_cross_entropy: the weight [2] does not broadcast", "[2, 3]";
    pos_weight_that_does_not_broadcast: z([2, 3]).binary_cross_entropy_with_logits_and(&z([2, 3]), BceWithLogitsOptions::new().pos_weight(&z([4]))) => "the pos_weight [4] does not broadcast";
    negative_gamma: z([2]).sigmoid_focal_loss_with(&z([2]), FocalOptions::new().gamma(-1.0)) => "sigmoid_focal_loss: gamma -1 is not at least 0";
    negative_beta: z([2]).smooth_l1_loss_with(&z([2]), SmoothL1Options::new().beta(-1.0)) => "smooth_l1_loss: beta -1 is not at least 0";
    zero_delta: z([2]).huber_loss_with(&z([2]), HuberOptions::new().delta(0.0)) => "huber_loss: delta 0 is not positive";
    negative_variance: z([2]).gaussian_nll_loss(&z([2]), &T::from_vec([2], vec![1.0, -1.0])) => "gaussian_nll_loss: the variance -1 at position 1 is negative";
    variance_of_another_shape: z([2]).gaussian_nll_loss(&z([2]), &z([3])) => "gaussian_nll_loss: the variance does not broadcast", "[3]";
    batch_mean_of_a_number: z([]).kl_div_with(&z([]), KlDivOptions::new().batch_mean(true)) => "kl_div: a tensor of rank 0 has no batch";
    label_that_is_no_sign: z([2]).hinge_loss(&Indices::from([1, 0])) => "hinge_loss: label 0 at position 1 is neither 1 nor -1", "[2]";
    signs_of_another_shape: z([2]).margin_ranking_loss(&z([2]), &Indices::from([1])) => "margin_ranking_loss: the labels [1] have not the shape of the scores, [2]";
    scores_of_another_shape: z([2]).margin_ranking_loss(&z([1]), &Indices::from([1, 1])) => "margin_ranking_loss: the two tensors of scores must have the same shape", "[2], [1]";
    third_power: z([1, 2]).multi_margin_loss_with(&Indices::from([0]), MultiMarginOptions::new().p(3)) => "multi_margin_loss: p = 3 is neither 1 nor 2";
    class_of_scores: z([1, 2]).multi_margin_loss(&Indices::from([2])) => "multi_margin_loss: class 2 at position 0 is not in 0..2";
    embeddings_of_other_lengths: z([2, 3]).triplet_margin_loss(&z([2, 3]), &z([2, 1])) => "triplet_margin_loss: the embeddings must have the same shape; broadcast_to", "[2, 1]";
    embedding_without_axes: z([]).cosine_embedding_loss(&z([]), &Indices::from_vec([], vec![1])) => "cosine_embedding_loss: embeddings have at least one axis";
    pair_that_is_neither: z([2, 3]).contrastive_loss(&z([2, 3]), &Indices::from([0, 2])) => "contrastive_loss: label 2 at position 1 is not in 0..2", "[2, 3]";
    triplet_p: z([2, 3]).triplet_margin_loss_with(&z([2, 3]), &z([2, 3]), TripletOptions::new().p(0.0)) => "triplet_margin_loss: p = 0 is not positive";
    ctc_label_too_large: z([3, 1, 4]).ctc_loss(&Indices::from([1, 4]), &Indices::from([3]), &Indices::from([2])) => "ctc_loss: label 4 at position 1 is not in 0..4", "[3, 1, 4]";
    ctc_label_that_is_the_blank: z([3, 1, 4]).ctc_loss(&Indices::from([0]), &Indices::from([3]), &Indices::from([1])) => "ctc_loss: label 0 at position 0 is the blank";
    ctc_blank_outside: z([3, 1, 4]).ctc_loss_with(&Indices::from([1]), &Indices::from([3]), &Indices::from([1]), CtcOptions::new().blank(4)) => "ctc_loss: the blank 4 is not in 0..4";
    ctc_more_steps_than_there_are: z([3, 2, 4]).ctc_loss(&Indices::from([1, 2]), &Indices::from([3, 4]), &Indices::from([1, 1])) => "ctc_loss: input length 4 of example 1 is not in 0..=3";
    ctc_longer_than_its_row: z([3, 1, 4]).ctc_loss(&Indices::from_vec([1, 2], vec![1, 2]), &Indices::from([3]), &Indices::from([3])) => "ctc_loss: target length 3 of example 0 is not in 0..=2";
    ctc_lengths_of_another_sum: z([3, 2, 4]).ctc_loss(&Indices::from([1, 2, 3]), &Indices::from([3, 3]), &Indices::from([1, 1])) => "ctc_loss: the target lengths add up to 2, there are 3 labels";
    ctc_lengths_of_another_batch: z([3, 2, 4]).ctc_loss(&Indices::from([1]), &Indices::from([3]), &Indices::from([1])) => "ctc_loss: the input lengths [1] are not [2], one for each example";
    ctc_without_a_batch: z([3]).ctc_loss(&Indices::from([1]), &Indices::from([3]), &Indices::from([1])) => "ctc_loss: the log-probabilities are not [steps, batch, classes]";
    nan_target: z([2]).mse_loss(&T::from_vec([2], vec![f32::NAN, 0.0])) => "mse_loss: the target at position 0 is NaN", "[2]";
    nan_logit_target: z([2]).binary_cross_entropy_with_logits(&T::from_vec([2], vec![0.0, f32::NAN])) => "binary_cross_entropy_with_logits: the target at position 1 is NaN";
    empty_batch: z([0, 3]).cross_entropy(&Indices::from([])) => "cross_entropy: an empty batch has no mean loss";
    empty_batch_of_probabilities: z([0, 3]).cross_entropy(&z([0, 3])) => "cross_entropy: an empty batch has no mean loss";
    empty_predictions: z([0]).mse_loss(&z([0])) => "mse_loss: an empty batch has no mean loss", "[0]";
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
    negative_scale: z([1, 3, 4]).interpolate(Interpolate::scale_factor(-1.0)) => "interpolate: the scale factor -1 is not positive and finite";
    endless_scale: z([1, 3, 4]).interpolate(Interpolate::scale_factor(f64::INFINITY)) => "interpolate: the scale factor inf is not positive and finite";
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
        refused_at(|| x.mse_loss(&y)).1,
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

#[test]
fn a_picture_that_a_transform_does_not_take_points_to_the_line_of_its_call() {
    use wengert::data::augment::{Compose, RandomCrop};
    let pipeline = Compose::new().push(RandomCrop::new(9, 9));
    let text = refused(|| pipeline.apply(&T::zeros([4, 1, 8, 8]), 0));
    says(&text, &["RandomCrop: 9 × 9 pixels are not in a picture of 8 × 8"]);
}
