//! Rows: elements chosen by a mask. And what masks themselves do.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, broadcastable, cases, shape};

/// A mask of a shape with values that look random.
fn mask(shape: &[usize], seed: u64) -> Mask {
    let mut state = seed;
    let values = (0..shape.iter().product()).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 63 == 1
    });
    Mask::from_vec(shape, values.collect())
}

/// Two operands and a mask that broadcast together.
fn chosen() -> impl Strategy<Value = Plan<Mask>> {
    let parts = |to: Vec<usize>| {
        (broadcastable(to.clone()), broadcastable(to.clone()), broadcastable(to), any::<u64>())
    };
    shape(0..=3).prop_flat_map(parts).prop_map(|(a, b, m, seed)| (vec![a, b], mask(&m, seed)))
}

row!(where_, cases(chosen(), -2.0..=2.0), |x, mask: Mask| {
    let (a, b) = (&x[0], &x[1]);
    [Tensor::where_(mask, a, b), Tensor::where_(mask, a * b, 0.5), Tensor::where_(mask, -0.5, b)]
});
row!(masked_fill, cases(chosen(), -2.0..=2.0), |x, mask: Mask| {
    [x[0].masked_fill(mask, 3.0), x[0].masked_fill(mask, &x[1])]
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn logic_of_masks(
        (a, b) in shape(0..=3).prop_flat_map(|to| (broadcastable(to.clone()), broadcastable(to))),
        seed in any::<u64>(),
    ) {
        let (a, b) = (mask(&a, seed), mask(&b, !seed));
        let (x, y) = (a.to_tensor::<f64>(), b.to_tensor::<f64>());
        let both = &x * &y;
        prop_assert_eq!((&a & &b).to_tensor::<f64>().to_vec(), both.to_vec());
        prop_assert_eq!((&a | b.clone()).to_tensor::<f64>().to_vec(), (&x + &y - &both).to_vec());
        prop_assert_eq!((a.clone() ^ &b).to_vec(), x.ne(&y).to_vec());
        prop_assert_eq!((!&a).to_vec(), x.eq(0.0).to_vec());
        prop_assert_eq!((&!a.clone() & &a).count(), 0);
        let and = a.clone() & b;
        prop_assert_eq!(and.shape(), both.shape());
    }

    #[test]
    fn any_and_all_count_along_axes(
        shape in shape(1..=3),
        axes in proptest::sample::subsequence(vec![0usize, 1, 2], 0..=3),
        seed in any::<u64>(),
        keep in any::<bool>(),
    ) {
        let mask = mask(&shape, seed);
        let axes: Vec<isize> = axes.into_iter().filter(|&a| a < shape.len()).map(|a| a as isize).collect();
        let over = || {
            let axes = autodiff::Axes::from(&axes[..]);
            if keep { keepdim(axes) } else { axes }
        };
        let count = mask.to_tensor::<f64>().sum(over());
        let n: usize = axes.iter().map(|&a| shape[a as usize]).product();
        prop_assert_eq!(mask.any(over()), count.gt(0.0));
        prop_assert_eq!(mask.all(over()), count.eq(n as f64));
    }
}

#[test]
fn every_number_is_finite_infinite_or_nan() {
    let x = Tensor::<f32>::from_vec(
        [2, 3],
        vec![f32::NAN, 1.0, f32::INFINITY, -0.0, f32::NEG_INFINITY, f32::MAX],
    );
    let x = x.transpose(0, 1);
    assert_eq!(x.isnan().to_vec(), [true, false, false, false, false, false]);
    assert_eq!(x.isinf().to_vec(), [false, false, false, true, true, false]);
    assert_eq!(x.isfinite(), !(x.isnan() | x.isinf()));
}

#[test]
fn a_gradient_passes_where_it_was_chosen_only() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::from_vec([2], vec![0.0, 4.0]));
    let y = Tensor::where_(&x.gt(0.0), x.sqrt() * f64::INFINITY, &x);
    assert_eq!(y.to_vec()[0], 0.0);
    let grads = Tensor::where_(&x.gt(0.0), f64::NAN, &x * 3.0).sum(..).backward();
    assert_eq!(grads.get(&x).unwrap().to_vec(), [3.0, 0.0]);
}

#[test]
#[should_panic(
    expected = "where: the mask [4] does not broadcast with the operands' [2, 3] (inputs [2, 3], [3])"
)]
fn a_mask_of_another_shape() {
    Tensor::<f32>::where_(&Mask::full([4], true), Tensor::zeros([2, 3]), Tensor::zeros([3]));
}

#[test]
#[should_panic(expected = "and: axis -1 has 2 elements in the left operand and 3 in the right")]
fn masks_that_do_not_broadcast() {
    let _ = Mask::full([2], true) & Mask::full([3], true);
}
