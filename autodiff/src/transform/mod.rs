//! Derivatives of functions: from a Rust function of tensors to its gradient, products with its Jacobian and
//! Hessian, or these as tensors.
//!
//! A function takes a [`Tree`] of tensors (one tensor, an array, a vector, a tuple) and gives one. A transform
//! evaluates it on a tape of its own and gives plain tensors, so nothing has to be set up or cleared:
//!
//! ```
//! use wengert::autodiff::transform::{grad, hessian};
//! use wengert::prelude::*;
//!
//! // Rosenbrock's valley.
//! let f = |[x, y]: &[Tensor<f64>; 2]| (1.0 - x).square() + (y - x.square()).square() * 100.0;
//! let at = [Tensor::scalar(-1.0), Tensor::scalar(1.0)];
//! let [dx, dy] = grad(f, &at);
//! assert_eq!((dx.item(), dy.item()), (-4.0, 0.0));
//! let [[xx, xy], [_, yy]] = hessian(f, &at);
//! assert_eq!((xx.item(), xy.item(), yy.item()), (802.0, 400.0, 200.0));
//! ```
//!
//! Inside each other they nest to any depth: where an input lies on a tape already, the transform works on that
//! tape and its result stays connected.
//!
//! ```
//! use wengert::autodiff::transform::grad;
//! use wengert::prelude::*;
//!
//! // The third derivative of x⁴ is 24x.
//! let f = |x: &Tensor<f64>| x.pow(4);
//! let third = grad(|x| grad(|x| grad(f, x), x), &Tensor::scalar(2.0));
//! assert_eq!(third.item(), 48.0);
//! ```
//!
//! A function may use other tensors of the tape its inputs lie on. A constant beside which an inner transform
//! meets tensors of an outer one must be put on the outer tape first (`tape.constant(x)`), since nothing else
//! says which tape that is. The function sees an evaluating tape; inputs put on a [`Tape::training`](crate::Tape::training) with
//! `tape.constant` make it train (dropout, batch statistics).

mod point;
mod tree;

pub use tree::Tree;

pub(crate) use point::Start;

use point::Point;

use crate::replay::Mode;
use crate::{Float, Tensor};

/// The gradient of a scalar function, ∂f/∂x for each input x.
///
/// `f` gives a tensor of one element. An input that it does not depend on has zeros.
///
/// ```
/// use wengert::autodiff::transform::grad;
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
/// let dx = grad(|x| (x * x * x).sum(..), &x);
/// assert_eq!(dx.to_vec(), [3.0, 12.0]);
/// ```
///
/// # Panics
/// If the result has several elements, or the inputs lie on two tapes.
#[track_caller]
pub fn grad<T: Float, I: Tree<T>>(f: impl FnOnce(&I) -> Tensor<T>, at: &I) -> I {
    value_and_grad(f, at).1
}

/// The value of a scalar function, and its gradient as [`grad`] gives it.
///
/// ```
/// use wengert::autodiff::transform::value_and_grad;
/// use wengert::prelude::*;
///
/// let (y, (da, db)) = value_and_grad(|(a, b)| a * b, &(Tensor::<f64>::scalar(2.0), Tensor::scalar(5.0)));
/// assert_eq!((y.item(), da.item(), db.item()), (10.0, 5.0, 2.0));
/// ```
///
/// # Panics
/// As [`grad`].
#[track_caller]
pub fn value_and_grad<T: Float, I: Tree<T>>(f: impl FnOnce(&I) -> Tensor<T>, at: &I) -> (Tensor<T>, I) {
    let point = Point::new("grad", at);
    let y = scalar("grad", f(&point.inputs));
    let gradients = if point.nested || !y.requires_grad() {
        let one = Tensor::ones(y.shape());
        point.start.pull(&[&y], &[&one], &point.inputs.leaves(), point.mode())
    } else {
        // Alone on its tape the record can be drained as it is replayed.
        let found = y.backward();
        let leaves = point.inputs.leaves().into_iter();
        leaves.map(|x| found.get(x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape()))).collect()
    };
    (point.given(&y), in_order(at, gradients))
}

/// The value of a function, and its pullback: from a cotangent u for each output to uᵀJ for each input, a
/// vector-Jacobian product.
///
/// The pullback keeps the record and can be called any number of times.
///
/// ```
/// use wengert::autodiff::transform::vjp;
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
/// let (y, pullback) = vjp(|x| x.square(), &x);
/// assert_eq!(y.to_vec(), [1.0, 4.0]);
/// assert_eq!(pullback.apply(&Tensor::from_vec([2], vec![1.0, 0.0])).to_vec(), [2.0, 0.0]);
/// assert_eq!(pullback.apply(&Tensor::ones([2])).to_vec(), [2.0, 4.0]);
/// ```
///
/// # Panics
/// If the inputs lie on two tapes.
#[track_caller]
pub fn vjp<T: Float, I: Tree<T>, O: Tree<T>>(f: impl FnOnce(&I) -> O, at: &I) -> (O, Pullback<I, O>) {
    let point = Point::new("vjp", at);
    let outputs = f(&point.inputs);
    (outputs.map(&mut |y| point.given(y)), Pullback { point, outputs })
}

/// What [`vjp`] gives: from a cotangent for each output of a function to a vector-Jacobian product for each
/// input.
pub struct Pullback<I, O> {
    point: Point<I>,
    outputs: O,
}

impl<I, O> Pullback<I, O> {
    /// uᵀJ for cotangents u of the outputs.
    ///
    /// # Panics
    /// If a cotangent has not its output's shape, or wants a gradient of its own where the inputs lie on no tape.
    #[track_caller]
    pub fn apply<T: Float>(&self, cotangents: &O) -> I
    where
        I: Tree<T>,
        O: Tree<T>,
    {
        let (point, from, seeds) = (&self.point, self.outputs.leaves(), cotangents.leaves());
        same_shapes("vjp", "cotangent", "output", &seeds, &from);
        on_the_tape("vjp", "cotangent", &seeds, point.nested);
        in_order(&point.inputs, point.start.pull(&from, &seeds, &point.inputs.leaves(), point.mode()))
    }
}

/// The value of a function and its derivative along a direction v, the Jacobian-vector product Jv: what the
/// outputs change by when the inputs move by v.
///
/// It is the gradient, with respect to u, of the vector-Jacobian product uᵀJ in the direction v (J. Townsend,
/// 2017), so that every function with a rule has it, at about three times the cost of the function.
///
/// ```
/// use wengert::autodiff::transform::jvp;
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
/// let (y, dy) = jvp(|x| x.square(), &x, &Tensor::from_vec([2], vec![1.0, 10.0]));
/// assert_eq!(y.to_vec(), [1.0, 4.0]);
/// assert_eq!(dy.to_vec(), [2.0, 40.0]);
/// ```
///
/// # Panics
/// If a tangent has not its input's shape, the inputs lie on two tapes, or a tangent wants a gradient of its own
/// where the inputs lie on no tape.
#[track_caller]
pub fn jvp<T: Float, I: Tree<T>, O: Tree<T>>(f: impl FnOnce(&I) -> O, at: &I, tangents: &I) -> (O, O) {
    same_shapes("jvp", "tangent", "input", &tangents.leaves(), &at.leaves());
    let point = Point::new("jvp", at);
    on_the_tape("jvp", "tangent", &tangents.leaves(), point.nested);
    let outputs = f(&point.inputs);
    let (from, inputs) = (outputs.leaves(), point.inputs.leaves());
    let derivatives = point.start.push_forward(&from, &inputs, &tangents.leaves(), point.mode());
    (outputs.map(&mut |y| point.given(y)), in_order(&outputs, derivatives))
}

/// The product Hv of the Hessian of a scalar function with a direction v.
///
/// It is the gradient of (∇f)ᵀv (B. Pearlmutter, 1994); the Hessian itself is never made.
///
/// ```
/// use wengert::autodiff::transform::hvp;
/// use wengert::prelude::*;
///
/// let f = |x: &Tensor<f64>| (x * x * x).sum(..);
/// let x = Tensor::from_vec([2], vec![1.0, 2.0]);
/// assert_eq!(hvp(f, &x, &Tensor::from_vec([2], vec![1.0, 10.0])).to_vec(), [6.0, 120.0]);
/// ```
///
/// # Panics
/// As [`grad`] and [`jvp`].
#[track_caller]
pub fn hvp<T: Float, I: Tree<T>>(f: impl FnOnce(&I) -> Tensor<T>, at: &I, direction: &I) -> I {
    same_shapes("hvp", "direction", "input", &direction.leaves(), &at.leaves());
    let point = Point::new("hvp", at);
    on_the_tape("hvp", "direction", &direction.leaves(), point.nested);
    let y = scalar("hvp", f(&point.inputs));
    let inputs = point.inputs.leaves();
    let gradients = point.start.pull(&[&y], &[&Tensor::ones(y.shape())], &inputs, Mode::Graph);
    let gradients: Vec<_> = gradients.iter().collect();
    in_order(at, point.start.pull(&gradients, &direction.leaves(), &inputs, point.mode()))
}

/// The Jacobian of a function with one output y: for each input x a tensor ∂y/∂x of shape `y.shape() ++
/// x.shape()`.
///
/// One replay of the record for each element of y. A function with several outputs is taken one output at a
/// time, or with its outputs flattened and concatenated.
///
/// ```
/// use wengert::autodiff::transform::jacobian;
/// use wengert::prelude::*;
///
/// // (x₀x₁, x₀²): the rows are gradients.
/// let f = |x: &Tensor<f64>| {
///     let (a, b) = (x.select(0, 0), x.select(0, 1));
///     Tensor::stack(&[&(&a * &b), &a.square()], 0)
/// };
/// let j = jacobian(f, &Tensor::from_vec([2], vec![3.0, 5.0]));
/// assert_eq!(j.shape(), [2, 2]);
/// assert_eq!(j.to_vec(), [5.0, 3.0, 6.0, 0.0]);
/// ```
///
/// # Panics
/// If the inputs lie on two tapes.
#[track_caller]
pub fn jacobian<T: Float, I: Tree<T>>(f: impl FnOnce(&I) -> Tensor<T>, at: &I) -> I {
    let point = Point::new("jacobian", at);
    let y = f(&point.inputs);
    in_order(at, rows(&point, &y, &point.inputs.leaves()))
}

/// The Hessian of a scalar function: for inputs a and b a tensor ∂²f/∂a∂b of shape `a.shape() ++ b.shape()`.
///
/// The result is a tree of trees: `hessian(f, &x)` of one tensor is one tensor, that of `[x, y]` is
/// `[[xx, xy], [yx, yy]]`. One replay for each element of the inputs.
///
/// ```
/// use wengert::autodiff::transform::hessian;
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([2], vec![3.0, 5.0]);
/// let h = hessian(|x| x.select(0, 0) * x.select(0, 1).square(), &x);
/// assert_eq!(h.to_vec(), [0.0, 10.0, 10.0, 6.0]);
/// ```
///
/// # Panics
/// As [`grad`].
#[track_caller]
pub fn hessian<T: Float, I: Tree<T>>(f: impl FnOnce(&I) -> Tensor<T>, at: &I) -> I::Of<I> {
    let point = Point::new("hessian", at);
    let y = scalar("hessian", f(&point.inputs));
    let inputs = point.inputs.leaves();
    let gradients = point.start.pull(&[&y], &[&Tensor::ones(y.shape())], &inputs, Mode::Graph);
    let blocks: Vec<I> = gradients.iter().map(|g| in_order(at, rows(&point, g, &inputs))).collect();
    let mut blocks = blocks.into_iter();
    at.each(&mut |_| blocks.next().expect("one for each input"))
}

/// The derivative of each element of `y` with respect to each of the tensors, as `y.shape() ++ x.shape()`.
#[track_caller]
fn rows<T: Float, I>(point: &Point<I>, y: &Tensor<T>, to: &[&Tensor<T>]) -> Vec<Tensor<T>> {
    let mut rows: Vec<Vec<Tensor<T>>> = vec![Vec::with_capacity(y.len()); to.len()];
    for k in 0..y.len() {
        let mut unit = vec![T::zero(); y.len()];
        unit[k] = T::one();
        let found = point.start.pull(&[y], &[&Tensor::from_vec(y.shape(), unit)], to, point.mode());
        rows.iter_mut().zip(found).for_each(|(row, g)| row.push(g));
    }
    let whole = |(row, x): (Vec<Tensor<T>>, &&Tensor<T>)| {
        let shape = [y.shape(), x.shape()].concat();
        match row.is_empty() {
            true => Tensor::zeros(shape),
            false => Tensor::stack(&row.iter().collect::<Vec<_>>(), 0).reshape(shape),
        }
    };
    rows.into_iter().zip(to).map(whole).collect()
}

/// The tensors in the containers of another tree.
fn in_order<T: Float, I: Tree<T>>(like: &I, tensors: Vec<Tensor<T>>) -> I {
    let mut tensors = tensors.into_iter();
    like.map(&mut |_| tensors.next().expect("one for each"))
}

#[track_caller]
fn scalar<T: Float>(transform: &str, y: Tensor<T>) -> Tensor<T> {
    if y.len() != 1 {
        panic!("{transform}: the function gave shape {:?}, where one element was expected", y.shape());
    }
    y
}

#[track_caller]
fn same_shapes<T: Float>(transform: &str, what: &str, of: &str, a: &[&Tensor<T>], b: &[&Tensor<T>]) {
    if a.len() != b.len() {
        panic!("{transform}: {} {what}s were given for {} {of}s", a.len(), b.len());
    }
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        if a.shape() != b.shape() {
            panic!("{transform}: {what} {i} has shape {:?}, its {of} {:?}", a.shape(), b.shape());
        }
    }
}

/// A gradient cannot reach a tensor of a tape that the inputs do not lie on.
#[track_caller]
fn on_the_tape<T: Float>(transform: &str, what: &str, tensors: &[&Tensor<T>], nested: bool) {
    if !nested && tensors.iter().any(|x| x.requires_grad()) {
        panic!(
            "{transform}: a {what} wants a gradient, but the inputs lie on no tape; put them on its tape with \
             tape.constant(x)"
        );
    }
}
