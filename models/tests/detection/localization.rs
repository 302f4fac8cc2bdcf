//! The losses of a single object and of landmarks.

use wengert::autodiff::check::Check;
use wengert::data::detection::{BoundingBox, Object};
use wengert::models::detection::{
    BoxEncoding, LocalizationLoss, decode_landmarks, landmark_label, landmark_loss, localization_loss,
};
use wengert::prelude::*;

use crate::scenes::{random, rectangles, rng};

const KINDS: [LocalizationLoss; 2] = [LocalizationLoss::SquaredError, LocalizationLoss::Likelihood];

fn labels() -> Tensor<f64> {
    let encoding = BoxEncoding::new(3, (10.0, 20.0)).grid(2, 2);
    let object = |x, y, class| Object::new(BoundingBox::from_center(x, y, 3.0, 7.0), class);
    encoding.encode_batch(&[vec![object(2.0, 3.0, 2), object(8.0, 15.0, 0)], vec![]])
}

#[test]
fn gradients_are_those_of_the_differences_to_second_order() {
    let labels = labels();
    for kind in KINDS {
        for reduction in [Reduction::Mean, Reduction::Sum, Reduction::None] {
            let loss = |x: &[Tensor<f64>]| localization_loss(&x[0], &labels, kind, reduction);
            Check::new().order(2).gradients(loss, &[random(labels.shape(), 3)]).unwrap().assert();
        }
        let size = (8.0, 8.0);
        let face = landmark_label::<f64>(Some(&[(1.0, 2.0), (3.0, 4.0)]), 2, size);
        let faces = Tensor::stack(&[&face, &landmark_label(None, 2, size)], 0);
        let loss = |x: &[Tensor<f64>]| landmark_loss(&x[0], &faces, kind, Reduction::None);
        Check::new().order(2).gradients(loss, &[random(&[2, 5], 4)]).unwrap().assert();
    }
}

#[test]
fn the_mean_of_no_losses_is_0() {
    for kind in KINDS {
        let (none, faces) = (Tensor::<f32>::zeros([0, 2, 2, 8]), Tensor::<f32>::zeros([0, 5]));
        for loss in [
            localization_loss(&Tape::new().variable(&none), &none, kind, Reduction::Mean),
            landmark_loss(&Tape::new().variable(&faces), &faces, kind, Reduction::Mean),
        ] {
            assert_eq!(loss.item(), 0.0, "{kind:?}");
            loss.backward();
        }
    }
}

/// The formula of the notes, entry by entry.
#[test]
fn the_loss_is_the_notes() {
    let (labels, predicted) = (labels(), random::<f64>(&[2, 2, 2, 8], 5));
    let rows = |x: &Tensor<f64>| x.to_vec().chunks(8).map(<[f64]>::to_vec).collect::<Vec<_>>();
    let pairs: Vec<_> = rows(&labels).into_iter().zip(rows(&predicted)).collect();
    let squared = |y: &[f64], p: &[f64]| -> f64 { y.iter().zip(p).map(|(y, p)| (y - p) * (y - p)).sum() };
    let of = |kind: LocalizationLoss, y: &[f64], p: &[f64]| match (kind, y[0] == 1.0) {
        (LocalizationLoss::SquaredError, true) => squared(y, p),
        (LocalizationLoss::SquaredError, false) => squared(&y[..1], &p[..1]),
        (LocalizationLoss::Likelihood, present) => {
            let sigmoid = 1.0 / (1.0 + (-p[0]).exp());
            let total: f64 = p[5..].iter().map(|logit| logit.exp()).sum();
            let class = y[5..].iter().position(|c| *c == 1.0).unwrap_or(0);
            let rest = squared(&y[1..5], &p[1..5]) - (p[5 + class].exp() / total).ln();
            if present { rest - sigmoid.ln() } else { -(1.0 - sigmoid).ln() }
        }
    };
    for kind in KINDS {
        let losses = localization_loss(&predicted, &labels, kind, Reduction::None);
        assert_eq!(losses.shape(), [2, 2, 2]);
        let expected: Vec<f64> = pairs.iter().map(|(y, p)| of(kind, y, p)).collect();
        assert!(losses.to_vec().iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-12));
        let mean = localization_loss(&predicted, &labels, kind, Reduction::Mean).item();
        assert!((mean - expected.iter().sum::<f64>() / 8.0).abs() < 1e-12);
    }
}

#[test]
fn what_stands_behind_a_zero_does_not_matter() {
    let mut numbers = vec![f64::NAN; 16];
    numbers[..8].copy_from_slice(&[1.0, 0.5, 0.5, 0.3, 0.3, 0.0, 1.0, 0.0]);
    numbers[8] = 0.0;
    let labels = Tensor::from_vec([2, 8], numbers);
    for kind in KINDS {
        let x = Tape::new().variable(random::<f64>(&[2, 8], 1));
        let loss = localization_loss(&x, &labels, kind, Reduction::Mean);
        let gradient = loss.backward().get(&x).unwrap().to_vec();
        assert!(loss.item().is_finite() && gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
        assert!(gradient[9..].iter().all(|g| *g == 0.0));
    }
}

#[test]
fn landmarks_cost_only_where_there_is_a_face() {
    let size = (10.0, 10.0);
    let labels = Tensor::stack(
        &[&landmark_label::<f64>(Some(&[(5.0, 5.0)]), 1, size), &landmark_label(None, 1, size)],
        0,
    );
    let predicted = Tensor::from_vec([2, 3], vec![0.0, 0.0, 0.5, 0.0, 9.0, 9.0]);
    let squared = landmark_loss(&predicted, &labels, LocalizationLoss::SquaredError, Reduction::None);
    assert_eq!(squared.to_vec(), [1.25, 0.0]);
    let likelihood = landmark_loss(&predicted, &labels, LocalizationLoss::Likelihood, Reduction::None);
    assert_eq!(likelihood.to_vec(), [0.25 + 2f64.ln(), 2f64.ln()]);
}

/// A network that says where the rectangle of a picture is, or that there is none.
#[test]
fn a_network_learns_to_localize() {
    let (pictures, mut objects) = rectangles(8, 2, 24, 7);
    // The left one of each picture, for every second the picture is empty.
    objects.iter_mut().for_each(|objects| objects.truncate(1));
    let left: Tensor =
        Tensor::from_vec([1, 1, 1, 24], (0..24).map(|x| if x < 12 { 1.0 } else { 0.0 }).collect());
    let shown = Tensor::from_vec([8, 1, 1, 1], (0..8).map(|at| (at % 2) as f32).collect());
    objects.iter_mut().step_by(2).for_each(Vec::clear);
    let pictures = (pictures - 0.1) * left * shown;
    let encoding = BoxEncoding::new(2, (24.0, 24.0));
    let labels = encoding.encode_batch::<f32>(&objects);
    for kind in KINDS {
        let rng = &mut rng(3);
        let model = Sequential::new()
            .push(Conv2dConfig::new(2, 8, 3).stride(2).init(rng))
            .push(Relu)
            .push(Conv2dConfig::new(8, 8, 3).stride(2).init(rng))
            .push(Relu)
            .push(Flatten::new())
            .push(Linear::new(8 * 5 * 5, 7, rng));
        let mut adam = Adam::new(model.parameters(), 1e-2);
        for _ in 0..200 {
            let predicted = model.forward(&Tape::training(0).constant(&pictures));
            adam.step(&localization_loss(&predicted, &labels, kind, Reduction::Mean).backward());
        }
        // P_c itself, or its logit.
        let threshold = if kind == LocalizationLoss::SquaredError { 0.5 } else { 0.0 };
        let predicted = model.forward(&pictures);
        for (at, objects) in objects.iter().enumerate() {
            let found = encoding.decode(&predicted.select(0, at as isize), threshold);
            assert_eq!(found.len(), objects.len(), "{kind:?} {at}");
            for (found, object) in found.iter().zip(objects) {
                let iou = found.bounding_box.iou(&object.bounding_box);
                assert!(iou > 0.7 && found.class == object.class, "{kind:?} {at}: {iou}");
            }
        }
    }
}

#[test]
fn landmarks_come_back() {
    let points = [(3.0, 4.0), (30.0, 1.5)];
    let label = landmark_label::<f64>(Some(&points), 2, (32.0, 8.0));
    assert_eq!(label.to_vec(), [1.0, 0.09375, 0.5, 0.9375, 0.1875]);
    assert_eq!(decode_landmarks(&label, 0.5, (32.0, 8.0)), Some(points.to_vec()));
    assert_eq!(decode_landmarks(&landmark_label::<f32>(None, 2, (32.0, 8.0)), 0.5, (32.0, 8.0)), None);
}

#[test]
fn a_batch_of_none_costs_nothing() {
    for kind in KINDS {
        let none = Tensor::<f32>::zeros([0, 8]);
        assert_eq!(localization_loss(&none, &none, kind, Reduction::Sum).item(), 0.0);
        assert_eq!(localization_loss(&none, &none, kind, Reduction::None).shape(), [0]);
        let single = Tensor::<f32>::zeros([6]);
        assert_eq!(localization_loss(&single, &single, kind, Reduction::None).shape(), [0; 0]);
    }
}

#[test]
#[should_panic(expected = "localization_loss: entry 0 of label 1 is 0.5, neither 0 nor 1")]
fn a_presence_that_is_none_is_refused() {
    let labels = Tensor::<f32>::from_vec([2, 6], [vec![0.0; 6], vec![0.5; 6]].concat());
    localization_loss(&labels, &labels, LocalizationLoss::SquaredError, Reduction::Mean);
}

#[test]
#[should_panic(expected = "the classes of label 0 are [1.0, 1.0], not a single 1 among zeros")]
fn two_classes_at_once_are_refused() {
    let labels = Tensor::<f32>::from_vec([1, 7], vec![1.0; 7]);
    localization_loss(&labels, &labels, LocalizationLoss::Likelihood, Reduction::Mean);
}

#[test]
#[should_panic(expected = "the predictions [2, 7] and the labels [2, 6] have not the same shape")]
fn other_shapes_are_refused() {
    let labels = Tensor::<f32>::zeros([2, 6]);
    localization_loss(&Tensor::zeros([2, 7]), &labels, LocalizationLoss::SquaredError, Reduction::Mean);
}

#[test]
#[should_panic(expected = "does not hold \"face?\" and pairs of x and y")]
fn half_a_landmark_is_refused() {
    let labels = Tensor::<f32>::zeros([2, 4]);
    landmark_loss(&labels, &labels, LocalizationLoss::SquaredError, Reduction::Mean);
}
