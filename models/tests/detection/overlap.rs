//! The family of IoU: what must hold for any boxes, and gradients.

use std::f64::consts::PI;

use proptest::prelude::*;
use wengert::autodiff::check::Check;
use wengert::data::detection::BoundingBox;
use wengert::models::detection::BoxFormat;
use wengert::models::detection::{
    Overlap, box_convert, box_iou, boxes_to_tensor, ciou, complete_box_iou, complete_box_iou_loss, diou,
    generalized_box_iou, giou, iou, tensor_to_boxes,
};
use wengert::prelude::*;

use crate::strategies::{coarse, pairs};

const ALL: [Overlap; 4] = [Overlap::Iou, Overlap::Giou, Overlap::Diou, Overlap::Ciou];

fn close(a: &Tensor<f64>, b: &Tensor<f64>) -> bool {
    a.shape() == b.shape() && a.to_vec().iter().zip(b.to_vec()).all(|(a, b)| (a - b).abs() < 1e-12)
}

/// 4/π²·(arctan(w_B/h_B) − arctan(w_A/h_A))², written another way.
fn aspect(a: &Tensor<f64>, b: &Tensor<f64>) -> Tensor<f64> {
    let angle = |boxes: &Tensor<f64>| {
        let boxes = box_convert(boxes, BoxFormat::Xyxy, BoxFormat::Xywh);
        (boxes.select(-1, 2) / boxes.select(-1, 3)).atan()
    };
    (angle(b) - angle(a)).square() * (4.0 / (PI * PI))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn gradients_are_right_to_second_order(pair in pairs(1)) {
        for overlap in [Overlap::Iou, Overlap::Giou, Overlap::Diou] {
            Check::new().order(2).gradients(|x| overlap.of(&x[0], &x[1]), &pair).unwrap().assert();
        }
        let pairwise = |x: &[Tensor<f64>]| Overlap::Giou.pairwise(&x[0], &x[1].narrow(0, 0, 1));
        Check::new().order(2).gradients(pairwise, &pair).unwrap().assert();
    }

    #[test]
    fn the_gradient_of_ciou_takes_alpha_for_a_constant([a, b] in pairs(1)) {
        let v = aspect(&a, &b);
        let alpha = &v / (1.0 - iou(&a, &b) + &v);
        let of = |x: &[Tensor<f64>]| diou(&x[0], &x[1]) - &alpha * aspect(&x[0], &x[1]);
        let pair = [a, b];
        Check::new().order(2).gradients(of, &pair).unwrap().assert();
        prop_assert!(close(&ciou(&pair[0], &pair[1]), &of(&pair)));
        let gradients = |f: &dyn Fn(&[Tensor<f64>]) -> Tensor<f64>| {
            let tape = Tape::new();
            let [a, b] = pair.clone().map(|x| tape.variable(x));
            let grads = f(&[a.clone(), b.clone()]).sum(..).backward();
            [&a, &b].map(|x| grads.get(x).unwrap().clone())
        };
        let found = gradients(&|x| ciou(&x[0], &x[1]));
        let expected = gradients(&of);
        prop_assert!(found.iter().zip(&expected).all(|(a, b)| close(a, b)), "{found:?} {expected:?}");
    }

    #[test]
    fn bounds_hold_and_the_order_of_boxes_does_not_matter([a, b] in pairs(0)) {
        let [i, g, d, c] = ALL.map(|overlap| overlap.of(&a, &b).to_vec());
        // But for rounding.
        let little = 1e-14;
        for k in 0..i.len() {
            prop_assert!(0.0 <= i[k] && i[k] <= 1.0 + little);
            prop_assert!(-1.0 <= g[k] && g[k] <= i[k] + little);
            prop_assert!(-1.0 <= d[k] && d[k] <= i[k]);
            prop_assert!(-2.0 <= c[k] && c[k] <= d[k]);
        }
        for overlap in ALL {
            prop_assert!(close(&overlap.of(&a, &b), &overlap.of(&b, &a)));
            prop_assert!(close(&overlap.of(&a, &a), &Tensor::ones([a.shape()[0]])));
        }
    }

    #[test]
    fn neither_place_nor_unit_matters([a, b] in pairs(0), dx in -9.0..9.0, dy in -9.0..9.0, unit in 0.01..100.0) {
        let moved = |x: &Tensor<f64>| (x + Tensor::from_vec([4], vec![dx, dy, dx, dy])) * unit;
        for overlap in ALL {
            prop_assert!(close(&overlap.of(&moved(&a), &moved(&b)), &overlap.of(&a, &b)), "{overlap:?}");
        }
        // IoU and GIoU do not even care for a unit of each axis.
        let stretched = |x: &Tensor<f64>| x * Tensor::from_vec([4], vec![unit, 1.0, unit, 1.0]);
        for overlap in [Overlap::Iou, Overlap::Giou] {
            prop_assert!(close(&overlap.of(&stretched(&a), &stretched(&b)), &overlap.of(&a, &b)), "{overlap:?}");
        }
    }

    #[test]
    fn a_matrix_holds_every_pair(a in prop::collection::vec(coarse(), 0..4), b in prop::collection::vec(coarse(), 0..4)) {
        let tensor = |boxes: &[[f64; 4]]| Tensor::<f64>::from_vec([boxes.len(), 4], boxes.concat());
        for overlap in ALL {
            let matrix = overlap.pairwise(&tensor(&a), &tensor(&b));
            prop_assert_eq!(matrix.shape(), &[a.len(), b.len()]);
            let each: Vec<f64> = a
                .iter()
                .flat_map(|a| b.iter().map(move |b| (a, b)))
                .map(|(a, b)| overlap.of(&tensor(&[*a]), &tensor(&[*b])).item())
                .collect();
            prop_assert_eq!(matrix.to_vec(), each);
            // Without a tape, IoU takes a shorter way.
            let recorded = overlap.pairwise(&Tape::new().constant(tensor(&a)), &tensor(&b));
            prop_assert_eq!(recorded.to_vec(), matrix.to_vec());
        }
        let plain = |boxes: &[[f64; 4]]| tensor_to_boxes(&tensor(boxes));
        let each: Vec<f64> =
            plain(&a).iter().flat_map(|a| plain(&b).iter().map(|b| a.iou(b)).collect::<Vec<_>>()).collect();
        prop_assert_eq!(box_iou(&tensor(&a), &tensor(&b)).to_vec(), each);
    }

    #[test]
    fn degenerate_boxes_have_finite_values_and_gradients(a in coarse(), b in coarse()) {
        fn holds<T: Float>(a: &[f64; 4], b: &[f64; 4]) {
            for overlap in ALL {
                let tape = Tape::new();
                let [a, b] = [a, b].map(|x| {
                    tape.variable(Tensor::<T>::from_vec([4], x.map(T::from_f64).to_vec()))
                });
                let value = overlap.of(&a, &b);
                assert!(value.item().is_finite(), "{overlap:?} {value}");
                let grads = value.backward();
                for x in [&a, &b] {
                    let gradient = grads.get(x).unwrap();
                    assert!(gradient.to_vec().iter().all(|g| g.is_finite()), "{overlap:?} {gradient}");
                }
            }
        }
        holds::<f32>(&a, &b);
        holds::<f64>(&a, &b);
        holds::<f64>(&a, &a);
        let [a, b] = [a, b].map(|x| Tensor::<f64>::from_vec([4], x.to_vec()));
        let (i, g) = (iou(&a, &b).item(), giou(&a, &b).item());
        prop_assert!((0.0..=1.0).contains(&i) && -1.0 <= g && g <= i + 1e-14);
    }
}

#[test]
fn boxes_of_the_papers_figures() {
    // Apart by as much as their side: the surrounding box of 3 is filled by 2.
    let a = Tensor::<f32>::from_vec([1, 4], vec![0.0, 0.0, 1.0, 1.0]);
    let b = Tensor::<f32>::from_vec([1, 4], vec![2.0, 0.0, 3.0, 1.0]);
    assert_eq!(iou(&a, &b).to_vec(), [0.0]);
    assert_eq!(giou(&a, &b).to_vec(), [-1.0 / 3.0]);
    assert_eq!(diou(&a, &b).to_vec(), [-4.0 / 10.0]);
    // A box inside another: GIoU says no more than IoU, DIoU knows the centre, CIoU the shape.
    let inner = boxes_to_tensor::<f64>(&[BoundingBox::new(0.0, 0.0, 2.0, 4.0)]);
    let outer = boxes_to_tensor::<f64>(&[BoundingBox::new(0.0, 0.0, 4.0, 4.0)]);
    assert_eq!(giou(&inner, &outer).to_vec(), [0.5]);
    assert_eq!(diou(&inner, &outer).to_vec(), [0.5 - 1.0 / 32.0]);
    let v = 4.0 / (PI * PI) * (0.5f64.atan() - 1f64.atan()).powi(2);
    assert!((ciou(&inner, &outer).item() - (0.5 - 1.0 / 32.0 - v * v / (0.5 + v))).abs() < 1e-15);
}

#[test]
fn boxes_without_area_are_defined() {
    let boxes = |edges: [f64; 4]| Tensor::<f64>::from_vec([4], edges.to_vec());
    let (point, line, inverted) = (boxes([1., 1., 1., 1.]), boxes([0., 1., 4., 1.]), boxes([3., 3., 1., 1.]));
    let square = boxes([0., 0., 4., 4.]);
    for empty in [&point, &line, &inverted] {
        assert_eq!(iou(empty, empty).item(), 0.0);
        assert_eq!(iou(empty, &square).item(), 0.0);
        assert_eq!(ciou(empty, empty).item(), 0.0);
    }
    assert_eq!(giou(&point, &square).item(), 0.0);
    assert_eq!(diou(&point, &square).item(), -2.0 / 32.0);
}

#[test]
fn losses_are_reduced_and_that_of_no_boxes_is_0() {
    let a = Tensor::<f64>::from_vec([2, 4], vec![0., 0., 2., 2., 0., 0., 1., 1.]);
    let b = Tensor::<f64>::from_vec([2, 4], vec![0., 0., 2., 2., 0., 0., 2., 1.]);
    assert_eq!(Overlap::Iou.loss(&a, &b, Reduction::None).to_vec(), [0.0, 0.5]);
    assert_eq!(Overlap::Iou.loss(&a, &b, Reduction::Sum).item(), 0.5);
    assert_eq!(Overlap::Giou.loss(&a, &b, Reduction::Mean).item(), 0.25);
    let tape = Tape::new();
    let none = tape.variable(Tensor::<f32>::zeros([0, 4]));
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let loss = complete_box_iou_loss(&none, &none, reduction);
        assert_eq!(loss.item(), 0.0);
    }
    assert_eq!(complete_box_iou_loss(&none, &none, Reduction::None).shape(), [0]);
    let loss = complete_box_iou_loss(&none, &none, Reduction::Mean);
    assert_eq!(loss.backward().get(&none).unwrap().shape(), [0, 4]);
}

#[test]
fn batches_of_matrices() {
    let a = Tensor::<f32>::from_vec([2, 1, 4], vec![0., 0., 1., 1., 0., 0., 2., 2.]);
    let b = Tensor::<f32>::from_vec([3, 4], vec![0., 0., 1., 1., 0., 0., 2., 2., 5., 5., 6., 6.]);
    let matrix = complete_box_iou(&a, &b);
    assert_eq!(matrix.shape(), [2, 1, 3]);
    assert_eq!(box_iou(&a, &b).to_vec(), [1.0, 0.25, 0.0, 0.25, 1.0, 0.0]);
}

#[test]
#[should_panic(expected = "giou: boxes one by one must have the same shape [..., 4], not [3, 4] and [1, 4]")]
fn boxes_one_by_one_do_not_broadcast() {
    giou(&Tensor::<f32>::zeros([3, 4]), &Tensor::<f32>::zeros([1, 4]));
}

#[test]
#[should_panic(expected = "generalized_box_iou: boxes must have the shape [..., n, 4], not [4]")]
fn one_box_is_no_side_of_a_matrix() {
    generalized_box_iou(&Tensor::<f32>::zeros([3, 4]), &Tensor::<f32>::zeros([4]));
}
