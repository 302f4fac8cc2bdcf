//! Matrix products.

use smallvec::smallvec;

use super::epilogue::{Epilogue, Followed};
use super::only;
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::channels::Channels;
use crate::kernels::epilogue as kernel;
use crate::kernels::product::{Matrices, matmul_batched};
use crate::shape::{Shape, ShapeError, Shapes, broadcast, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(MatMul, Linear);

/// C = op(A)·op(B) on the last two axes, where op transposes or not; the axes before broadcast.
///
/// The set of the four forms is closed under differentiation: the gradients of each are two of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct MatMul {
    /// Whether A is read transposed.
    pub transpose_a: bool,
    /// Whether B is read transposed.
    pub transpose_b: bool,
}

/// The rows and columns of the last two axes as they are read.
fn sizes(shape: &[usize], transposed: bool) -> (usize, usize) {
    let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    if transposed { (columns, rows) } else { (rows, columns) }
}

impl MatMul {
    fn product_shape(&self, a: &[usize], b: &[usize]) -> Result<Shape, ShapeError> {
        if a.len() < 2 || b.len() < 2 {
            return Err(ShapeError::new("both operands must have at least two axes"));
        }
        let ((m, k), (l, n)) = (sizes(a, self.transpose_a), sizes(b, self.transpose_b));
        if k != l {
            let axis_a = if self.transpose_a { a.len() - 2 } else { a.len() - 1 };
            let axis_b = if self.transpose_b { b.len() - 1 } else { b.len() - 2 };
            return Err(ShapeError::new(format!(
                "axis {axis_a} of the left operand has {k} elements, axis {axis_b} of the right has {l}"
            )));
        }
        let mut shape = broadcast(&a[..a.len() - 2], &b[..b.len() - 2])
            .map_err(|_| ShapeError::new("the axes before the last two do not broadcast"))?;
        shape.extend([m, n]);
        Ok(shape)
    }
}

/// Matrices ready for the kernel: a value whose elements fill its buffer, and whether each matrix lies
/// transposed in it.
struct Operand<T: Float> {
    value: Value<T>,
    rows: usize,
    columns: usize,
    transposed: bool,
    single: bool,
}

impl<T: Float> Operand<T> {
    /// Takes matrices as they lie if they are row-major or transposed, and copies them otherwise. Matrices
    /// that the batch repeats in more than one pattern are repeated in memory.
    fn new(x: &Value<T>, transposed: bool, batch: &[usize]) -> Self {
        let rank = x.shape().len();
        let own = &x.shape()[..rank - 2];
        let single = own.iter().all(|&n| n == 1);
        let mut value = if single || own == batch {
            x.clone()
        } else {
            let mut shape = Shape::from_slice(batch);
            shape.extend_from_slice(&x.shape()[rank - 2..]);
            let view = x.view();
            let view = view.broadcast(&shape[..]).expect("checked by output_shapes");
            Value::build(&shape, |out| crate::kernels::copy::copy_strided(view, out))
        };
        let mut transposed = transposed;
        if value.as_slice().is_none() {
            let rank = value.shape().len();
            let mut axes: Vec<usize> = (0..rank).collect();
            axes.swap(rank - 2, rank - 1);
            let turned = value.permuted(&axes);
            if turned.as_slice().is_some() {
                value = turned;
                transposed = !transposed;
            } else {
                value = value.contiguous();
            }
        }
        let rank = value.shape().len();
        let (rows, columns) = (value.shape()[rank - 2], value.shape()[rank - 1]);
        Self { value, rows, columns, transposed, single }
    }

    fn matrices(&self) -> Matrices<'_, T> {
        let data = self.value.as_slice().expect("row-major");
        let mut matrices = Matrices::row_major(data, self.rows, self.columns);
        if self.single {
            matrices.batch = 0;
        }
        if self.transposed { matrices.transposed() } else { matrices }
    }
}

impl<T: Float> Function<T> for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.product_shape(inputs[0], inputs[1])?])
    }

    fn flops(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> u64 {
        2 * (sizes(inputs[0], self.transpose_a).1 * outputs[0].iter().product::<usize>()) as u64
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(0) {
            cx.save_input(1);
        }
        if cx.needs(1) {
            cx.save_input(0);
        }
        let shape =
            self.product_shape(inputs[0].shape(), inputs[1].shape()).expect("checked by output_shapes");
        let (batch, _) = shape.split_at(shape.len() - 2);
        let count = batch.iter().product();
        let (m, k) = sizes(inputs[0].shape(), self.transpose_a);
        let n = shape[shape.len() - 1];
        let a = Operand::new(inputs[0], self.transpose_a, batch);
        let b = Operand::new(inputs[1], self.transpose_b, batch);
        Value::build(&shape, |c| matmul_batched(count, m, k, n, a.matrices(), b.matrices(), c, false)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dc = only(grads);
        let form = |transpose_a, transpose_b| MatMul { transpose_a, transpose_b };
        let da = cx.needs(0).then(|| {
            let b = cx.input(1);
            if self.transpose_a {
                apply_one(form(self.transpose_b, true), &[&b, dc])
            } else {
                apply_one(form(false, !self.transpose_b), &[dc, &b])
            }
        });
        let db = cx.needs(1).then(|| {
            let a = cx.input(0);
            if self.transpose_b {
                apply_one(form(true, self.transpose_a), &[dc, &a])
            } else {
                apply_one(form(!self.transpose_a, false), &[&a, dc])
            }
        });
        smallvec![da, db]
    }
}

/// y = x·wᵀ + b for inputs x [n, in], w [out, in] and perhaps b \[out\]. Rule: dx = dy·w, dw = dyᵀ·x,
/// db = Σ dy over n.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear;

impl<T: Float> Function<T> for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let (&[n, features], &[out, expected]) = (inputs[0], inputs[1]) else {
            return Err(ShapeError::new("the input is not [batch, in] or the weight not [out, in]"));
        };
        if features != expected {
            return Err(ShapeError::new(format!(
                "axis 1 of the input has {features} elements, axis 1 of the weight has {expected}"
            )));
        }
        if let Some(&bias) = inputs.get(2)
            && bias != [out]
        {
            return Err(ShapeError::new(format!("the bias {bias:?} is not [{out}]")));
        }
        Ok(smallvec![Shape::from_slice(&[n, out])])
    }

    fn flops(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> u64 {
        // n·out sums of `in` products; the bias is where they start.
        2 * (inputs[0][1] * outputs[0].iter().product::<usize>()) as u64
    }

    fn backward_flops(&self, inputs: &[&[usize]], outputs: &[&[usize]], needs: &[bool]) -> u64 {
        let products = needs[..2].iter().filter(|&&needs| needs).count() as u64;
        let bias = if needs.get(2) == Some(&true) { outputs[0].iter().product::<usize>() } else { 0 };
        products * Function::<T>::flops(self, inputs, outputs) + bias as u64
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(0) {
            cx.save_input(1);
        }
        if cx.needs(1) {
            cx.save_input(0);
        }
        self.finished(inputs[0], inputs[1], inputs.get(2).copied(), &kernel::Epilogue::NONE).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dy = only(grads);
        let mut out: InputGradients<T> = self.gradients(cx, dy).into_iter().collect();
        if cx.inputs() == 3 {
            out.push(cx.needs(2).then(|| dy.sum(0)));
        }
        out
    }
}

impl<T: Float> Followed<T> for Linear {
    fn fused_name(&self) -> &'static str {
        "linear_fused"
    }

    fn channel_axis(&self, rank: usize) -> usize {
        rank - 1
    }

    fn finished(
        &self,
        x: &Value<T>,
        w: &Value<T>,
        bias: Option<&Value<T>>,
        epilogue: &kernel::Epilogue<'_, T>,
    ) -> Value<T> {
        let (n, k, out) = (x.shape()[0], x.shape()[1], w.shape()[0]);
        let (x, w) = (Operand::new(x, false, &[]), Operand::new(w, true, &[]));
        let bias = bias.map(Value::contiguous);
        Value::build(&[n, out], |y| {
            if let Some(bias) = &bias
                && out > 0
            {
                let bias = bias.as_slice().expect("row-major");
                y.chunks_exact_mut(out).for_each(|row| row.copy_from_slice(bias));
            }
            matmul_batched(1, n, k, out, x.matrices(), w.matrices(), y, bias.is_some());
            epilogue.finish_all(Channels { batch: n, channels: out, positions: 1 }, y);
        })
    }

    fn gradients(&self, cx: &Backward<'_, T>, dy: &Tensor<T>) -> [Option<Tensor<T>>; 2] {
        [
            cx.needs(0).then(|| apply_one(MatMul::default(), &[dy, &cx.input(1)])),
            cx.needs(1)
                .then(|| apply_one(MatMul { transpose_a: true, transpose_b: false }, &[dy, &cx.input(0)])),
        ]
    }
}

impl<T: Float> Tensor<T> {
    /// The matrix product, as in NumPy and PyTorch: of two matrices, of batches of matrices on the last two
    /// axes with the axes before broadcast, and of vectors, which are taken as a row on the left and as a
    /// column on the right.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// let v = Tensor::from_vec([2], vec![1.0, 10.0]);
    /// assert_eq!(a.matmul(&v).to_vec(), [21.0, 43.0]);
    /// assert_eq!(v.matmul(&v).item(), 101.0);
    /// assert_eq!(Tensor::<f32>::zeros([5, 1, 2, 3]).matmul(&Tensor::zeros([4, 3, 6])).shape(), [5, 4, 2, 6]);
    /// ```
    ///
    /// # Panics
    /// If an operand has rank 0, the inner sizes differ, or the other axes do not broadcast.
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        let (a, b) = (self, other);
        if a.ndim() == 0 || b.ndim() == 0 {
            let error = ShapeError::new("a number has no matrix product; multiply with *");
            refuse(error.of("matmul", &[a.shape(), b.shape()]));
        }
        if a.shape()[a.ndim() - 1] != b.shape()[b.ndim().saturating_sub(2)]
            && (a.ndim() == 1 || b.ndim() == 1)
        {
            let error = ShapeError::new(format!(
                "axis {} of the left operand has {} elements, axis {} of the right has {}",
                a.ndim() - 1,
                a.shape()[a.ndim() - 1],
                b.ndim().saturating_sub(2),
                b.shape()[b.ndim().saturating_sub(2)]
            ));
            refuse(error.of("matmul", &[a.shape(), b.shape()]));
        }
        match (a.ndim(), b.ndim()) {
            (1, 1) => a.unsqueeze(0).matmul(&b.unsqueeze(1)).reshape([]),
            (1, _) => a.unsqueeze(0).matmul(b).squeeze(-2),
            (_, 1) => a.matmul(&b.unsqueeze(1)).squeeze(-1),
            // One matrix on the right: the batch on the left is one tall matrix, whose gradient is one product.
            (rank, 2) if rank > 2 && a.shape()[rank - 1] == b.shape()[0] => {
                let mut shape = Shape::from_slice(a.shape());
                let rows = shape[..rank - 1].iter().product();
                shape[rank - 1] = b.shape()[1];
                let tall = a.reshape([rows, a.shape()[rank - 1]]);
                apply_one(MatMul::default(), &[&tall, b]).reshape(shape)
            }
            _ => apply_one(MatMul::default(), &[a, b]),
        }
    }

    /// y = x·wᵀ + b on the last axis: x [.., in], weight [out, in], bias \[out\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2], vec![1.0, 2.0]);
    /// let w = Tensor::from_vec([1, 2], vec![10.0, 100.0]);
    /// assert_eq!(x.linear(&w, Some(&Tensor::ones([1]))).to_vec(), [211.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn linear(&self, weight: &Self, bias: Option<&Self>) -> Self {
        self.linear_fused(weight, Epilogue::new().bias(bias))
    }

    /// [`linear`](Self::linear) without its bias, and what follows it; the channels are the last axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, w) = (Tensor::<f32>::ones([4, 3]), Tensor::ones([2, 3]));
    /// let y = x.linear_fused(&w, Epilogue::new().bias(&Tensor::full([2], -4.0)).slope(0.0));
    /// assert_eq!(y.to_vec(), [0.0; 8]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, or the slope is negative or not finite.
    #[track_caller]
    pub fn linear_fused(&self, weight: &Self, epilogue: Epilogue<'_, T>) -> Self {
        let rank = self.ndim();
        if rank == 2 || rank == 0 || weight.ndim() != 2 {
            return epilogue.apply(Linear, self, weight);
        }
        let mut shape = Shape::from_slice(self.shape());
        let rows = shape[..rank - 1].iter().product();
        let x = self.reshape([rows, shape[rank - 1]]);
        shape[rank - 1] = weight.shape()[0];
        let rows = [rows, weight.shape()[0]];
        let residual = epilogue.residual_rows(&shape, rows, [self.shape(), weight.shape()]);
        epilogue.residual(residual.as_ref()).apply(Linear, &x, weight).reshape(shape)
    }
}
