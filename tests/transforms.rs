//! Transforms of functions: against closed forms, against each other, and inside each other.

use wengert::autodiff::transform::{grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp};
use wengert::prelude::*;

fn vector(x: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([x.len()], x.to_vec())
}

fn scalar(x: f64) -> Tensor<f64> {
    Tensor::scalar(x)
}

fn near(a: &Tensor<f64>, b: &[f64]) {
    assert_eq!(a.len(), b.len(), "{a:?}, {b:?}");
    for (a, b) in a.to_vec().into_iter().zip(b) {
        assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} and {b}");
    }
}

/// A function of a matrix and a vector that is linear in neither.
fn layer((w, x): &(Tensor<f64>, Tensor<f64>)) -> Tensor<f64> {
    w.matmul(&x.unsqueeze(1)).squeeze(1).tanh() * x.sum(..)
}

fn layer_point() -> (Tensor<f64>, Tensor<f64>) {
    let w = Tensor::from_vec([2, 3], vec![0.1, -0.4, 0.3, 0.7, 0.2, -0.5]);
    (w, vector(&[0.5, -1.0, 2.0]))
}

#[test]
fn results_lie_on_no_tape() {
    let (y, dx) = value_and_grad(|x| x.square().sum(..), &vector(&[1.0, 2.0]));
    assert!(y.tape().is_none() && dx.tape().is_none());
    let (y, pullback) = vjp(|x| x.exp(), &vector(&[1.0, 2.0]));
    assert!(y.tape().is_none() && pullback.apply(&vector(&[1.0, 1.0])).tape().is_none());
    let (y, dy) = jvp(|x| x.exp(), &vector(&[1.0]), &vector(&[1.0]));
    assert!(y.tape().is_none() && dy.tape().is_none());
    assert!(jacobian(|x| x.exp(), &vector(&[1.0])).tape().is_none());
    assert!(hessian(|x| x.exp().sum(..), &vector(&[1.0])).tape().is_none());
    assert!(hvp(|x| x.exp().sum(..), &vector(&[1.0]), &vector(&[1.0])).tape().is_none());
}

#[test]
fn an_input_that_is_not_used_has_zeros() {
    let [a, b] = grad(|[a, _]: &[Tensor<f64>; 2]| a.sum(..), &[vector(&[1.0, 2.0]), vector(&[3.0])]);
    assert_eq!((a.to_vec(), b.to_vec()), (vec![1.0, 1.0], vec![0.0]));
    // Not even the result depends on an input.
    let dx = grad(|_| scalar(3.0), &vector(&[1.0]));
    assert_eq!(dx.to_vec(), [0.0]);
    let (_, dy) = jvp(|_| scalar(3.0), &vector(&[1.0]), &vector(&[1.0]));
    assert_eq!(dy.item(), 0.0);
    // A linear function has no curvature.
    assert_eq!(hessian(|x| x.sum(..), &vector(&[1.0, 2.0])).to_vec(), [0.0; 4]);
    assert_eq!(hvp(|x| x.sum(..), &vector(&[1.0]), &vector(&[1.0])).to_vec(), [0.0]);
}

#[test]
fn empty_tensors_have_empty_derivatives() {
    let x = Tensor::<f64>::zeros([0]);
    assert_eq!(grad(|x| x.sum(..), &x).shape(), [0]);
    assert_eq!(jacobian(|x| x.square(), &x).shape(), [0, 0]);
    assert_eq!(hessian(|x| x.square().sum(..), &x).shape(), [0, 0]);
}

#[test]
fn rows_of_a_jacobian_are_pullbacks_and_columns_are_pushforwards() {
    let at = layer_point();
    let (jw, jx) = jacobian(layer, &at);
    assert_eq!((jw.shape(), jx.shape()), (&[2, 2, 3][..], &[2, 3][..]));
    let (_, pullback) = vjp(layer, &at);
    for k in 0..2 {
        let mut unit = vec![0.0; 2];
        unit[k] = 1.0;
        let (dw, dx) = pullback.apply(&vector(&unit));
        near(&jw.select(0, k as isize), &dw.to_vec());
        near(&jx.select(0, k as isize), &dx.to_vec());
    }
    for k in 0..3 {
        let mut unit = vec![0.0; 3];
        unit[k] = 1.0;
        let (_, dy) = jvp(layer, &at, &(Tensor::zeros([2, 3]), vector(&unit)));
        near(&jx.select(1, k as isize), &dy.to_vec());
    }
}

#[test]
fn a_hessian_is_the_jacobian_of_the_gradient_and_gives_the_products() {
    let f = |p: &(Tensor<f64>, Tensor<f64>)| layer(p).square().sum(..);
    let at = layer_point();
    let ((ww, wx), (xw, xx)) = hessian(f, &at);
    assert_eq!(ww.shape(), [2, 3, 2, 3]);
    assert_eq!(wx.shape(), [2, 3, 3]);
    near(&xw.permute([1, 2, 0]), &wx.to_vec());
    let (gw, gx) = jacobian(|p| grad(f, p).1, &at);
    near(&gw, &xw.to_vec());
    near(&gx, &xx.to_vec());
    let v = (Tensor::from_vec([2, 3], vec![1.0, 0.0, -1.0, 2.0, 0.5, 0.0]), vector(&[0.5, -2.0, 1.0]));
    let (hw, hx) = hvp(f, &at, &v);
    let flat = |x: &Tensor<f64>, n: isize| x.reshape([n as usize, x.len() / n as usize]);
    let times = |h: &Tensor<f64>, n, v: &Tensor<f64>| flat(h, n).matmul(&v.reshape([v.len(), 1]));
    near(&hw, &(times(&ww, 6, &v.0) + times(&wx, 6, &v.1)).to_vec());
    near(&hx, &(times(&xw, 3, &v.0) + times(&xx, 3, &v.1)).to_vec());
    // Forward over reverse gives the same.
    let (_, (fw, fx)) = jvp(|p: &(Tensor<f64>, Tensor<f64>)| grad(f, p), &at, &v);
    near(&fw, &hw.to_vec());
    near(&fx, &hx.to_vec());
}

#[test]
fn derivatives_of_any_order() {
    // sin would do; x⁵ shows each factor.
    let d1 = |x: &Tensor<f64>| grad(|x| x.pow(5), x);
    let d2 = |x: &Tensor<f64>| grad(d1, x);
    let d3 = |x: &Tensor<f64>| grad(d2, x);
    let d4 = |x: &Tensor<f64>| grad(d3, x);
    let x = scalar(1.5);
    near(&d4(&x), &[120.0 * 1.5]);
    // Forward inside forward inside reverse.
    let along = |f: &dyn Fn(&Tensor<f64>) -> Tensor<f64>, x: &Tensor<f64>| jvp(f, x, &Tensor::ones([])).1;
    let j2 = |x: &Tensor<f64>| along(&|x| along(&|x| x.pow(5), x), x);
    near(&j2(&x), &[20.0 * 1.5f64.powi(3)]);
    near(&grad(j2, &x), &[60.0 * 1.5f64.powi(2)]);
    // The Hessian of a gradient's component, a third-order tensor.
    let third =
        hessian(|x: &Tensor<f64>| grad(|x| x.pow(3).prod_of_two(), x).select(0, 0), &vector(&[2.0, 3.0]));
    // f = a³b³: ∂f/∂a = 3a²b³, whose Hessian is [[6b³, 18ab²], [18ab², 18a²b]].
    near(&third, &[162.0, 324.0, 324.0, 216.0]);
}

trait Product {
    fn prod_of_two(&self) -> Tensor<f64>;
}

impl Product for Tensor<f64> {
    fn prod_of_two(&self) -> Tensor<f64> {
        self.select(0, 0) * self.select(0, 1)
    }
}

#[test]
fn inner_derivatives_hold_outer_variables_constant() {
    // d/dx (x · d/dy (x + y) at y = 1) = 1, not 2: no confusion of perturbations.
    let f = |x: &Tensor<f64>| {
        let one = x.tape().expect("the outer tape").constant(scalar(1.0));
        x * grad(|y| x + y, &one)
    };
    assert_eq!(grad(f, &scalar(3.0)).item(), 1.0);
    // The same at the same point: the inner variable is the outer one's value in a slot of its own.
    let g = |x: &Tensor<f64>| x * grad(|y| x * y, x);
    assert_eq!(grad(g, &scalar(3.0)).item(), 6.0);
}

#[test]
fn a_pullback_inside_a_gradient_is_differentiated() {
    // u(x)ᵀJ(x) for y = x², u = x³: 2x⁴, whose derivative is 8x³.
    let f = |x: &Tensor<f64>| {
        let (_, pullback) = vjp(|x| x.square(), x);
        pullback.apply(&x.pow(3))
    };
    near(&grad(f, &scalar(1.5)), &[8.0 * 1.5f64.powi(3)]);
}

#[test]
fn gradients_flow_out_of_a_transform_to_parameters() {
    // The penalty ‖∂f/∂x‖² of a model's output by its input, differentiated by the model's weight.
    let w = Parameter::new(vector(&[2.0, -1.0]));
    let tape = Tape::new();
    let x = tape.constant(vector(&[0.5, 3.0]));
    let slope = grad(|x| (x * w.on_tape_of(x)).square().sum(..), &x);
    // 2w²x, so ‖·‖² = Σ 4w⁴x² and its derivative by w is 16w³x².
    let penalty = slope.square().sum(..);
    near(penalty.backward().get(&w).unwrap(), &[16.0 * 8.0 * 0.25, -16.0 * 9.0]);
}

#[test]
fn training_follows_the_tape() {
    let tape = Tape::training(5);
    let x = tape.constant(Tensor::<f64>::ones([1000]));
    let kept = grad(|x| x.dropout(0.25).sum(..), &x);
    let zeros = kept.to_vec().iter().filter(|&&g| g == 0.0).count();
    assert!((150..350).contains(&zeros), "{zeros} of 1000 dropped");
    let all = grad(|x| x.dropout(0.25).sum(..), &x.detach());
    assert_eq!(all.to_vec(), [1.0; 1000]);
}

#[test]
fn trees_of_trees() {
    let at = (scalar(2.0), vec![[scalar(3.0), scalar(4.0)], [scalar(5.0), scalar(6.0)]]);
    let f = |(a, pairs): &(Tensor<f64>, Vec<[Tensor<f64>; 2]>)| {
        pairs.iter().fold(a.clone(), |sum, [x, y]| sum + a * x * y)
    };
    let (a, pairs) = grad(f, &at);
    assert_eq!(a.item(), 1.0 + 12.0 + 30.0);
    let items: Vec<f64> = pairs.iter().flatten().map(Tensor::item).collect();
    assert_eq!(items, [8.0, 6.0, 12.0, 10.0]);
}

#[test]
fn single_precision() {
    let x = Tensor::<f32>::from_vec([2], vec![1.0, 2.0]);
    assert_eq!(hessian(|x| x.pow(3).sum(..), &x).to_vec(), [6.0, 0.0, 0.0, 12.0]);
}
