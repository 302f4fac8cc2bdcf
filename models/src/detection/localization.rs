//! Losses of one object, or of one point of it, at a place of its own in the label.

use autodiff::{BceWithLogitsOptions, Float, Indices, Reduction, Tensor};
use serde::{Deserialize, Serialize};

/// What [`localization_loss`] and [`landmark_loss`] add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalizationLoss {
    /// Squared errors of all entries: the notes' simple form.
    #[default]
    SquaredError,
    /// What the entries are made for: the logistic loss of P_c, which is predicted as a logit, squared errors of box and
    /// landmarks, and the cross-entropy of the classes, which are predicted as logits of a softmax.
    Likelihood,
}

/// The loss of predictions [..., 5 + C] for labels y = [P_c, b_x, b_y, b_h, b_w, c₁, …, c_C] of the same shape, as
/// [`BoxEncoding`](super::BoxEncoding) writes them. With [`LocalizationLoss::SquaredError`] it is
///
/// L(ŷ, y) = (ŷ₁ − y₁)² + (ŷ₂ − y₂)² + … over all entries if P_c = 1, (ŷ₁ − y₁)² alone if P_c = 0,
///
/// where the other entries of the label do not matter and may be anything. It gives one loss for each y, so that
/// [`Reduction::None`] gives [...] and the mean is that over pictures, cells and anchors; that of none is 0.
///
/// ```
/// use wengert::models::detection::{LocalizationLoss, localization_loss};
/// use wengert::prelude::*;
///
/// let predicted = Tensor::<f64>::from_vec([2, 6], vec![0.5, 0.0, 0.0, 0.0, 2.0, 1.0, 0.5, 9.0, 9.0, 9.0, 9.0, 9.0]);
/// let labels = Tensor::from_vec([2, 6], vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// let loss = localization_loss(&predicted, &labels, LocalizationLoss::SquaredError, Reduction::None);
/// assert_eq!(loss.to_vec(), [0.25 + 1.0, 0.25]);
/// ```
///
/// # Panics
/// If the shapes differ, the last axis has not 5 entries and a class, a P_c of the label is neither 0 nor 1, or, with
/// the likelihood, the classes of a label with an object are not a single 1 among zeros.
#[track_caller]
pub fn localization_loss<T: Float>(
    predicted: &Tensor<T>,
    labels: &Tensor<T>,
    loss: LocalizationLoss,
    reduction: Reduction,
) -> Tensor<T> {
    let label = Label::new("localization_loss", predicted, labels, 6);
    let losses = match loss {
        LocalizationLoss::SquaredError => label.presence_error() + label.squared_error(1..label.entries),
        LocalizationLoss::Likelihood => {
            label.presence_likelihood() + label.squared_error(1..5) + label.class_likelihood()
        }
    };
    reduce(losses.reshape(&labels.shape()[..labels.ndim() - 1]), reduction)
}

/// The loss of predictions [..., 1 + 2L] for labels [face?, l₁x, l₁y, …, l_Lx, l_Ly] of the same shape: that of "face?",
/// and, only where there is one, the squared errors of its landmarks. One loss for each label, as
/// [`localization_loss`].
///
/// [`landmark_label`] writes labels.
///
/// ```
/// use wengert::models::detection::{LocalizationLoss, landmark_label, landmark_loss};
/// use wengert::prelude::*;
///
/// let size = (64.0, 64.0);
/// let labels = Tensor::<f64>::stack(&[&landmark_label(Some(&[(16.0, 32.0)]), 1, size), &landmark_label(None, 1, size)], 0);
/// assert_eq!(labels.to_vec(), [1.0, 0.25, 0.5, 0.0, 0.0, 0.0]);
/// let predicted = Tensor::from_vec([2, 3], vec![1.0, 0.5, 0.5, 0.0, 0.5, 0.5]);
/// let loss = landmark_loss(&predicted, &labels, LocalizationLoss::SquaredError, Reduction::Mean);
/// assert_eq!(loss.item(), 0.25 * 0.25 / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ, the last axis has not 1 + 2L entries with a landmark at least, or a "face?" of the label is
/// neither 0 nor 1.
#[track_caller]
pub fn landmark_loss<T: Float>(
    predicted: &Tensor<T>,
    labels: &Tensor<T>,
    loss: LocalizationLoss,
    reduction: Reduction,
) -> Tensor<T> {
    let label = Label::new("landmark_loss", predicted, labels, 3);
    assert!(
        label.entries % 2 == 1,
        "landmark_loss: the last axis of {:?} does not hold \"face?\" and pairs of x and y",
        labels.shape()
    );
    let presence = match loss {
        LocalizationLoss::SquaredError => label.presence_error(),
        LocalizationLoss::Likelihood => label.presence_likelihood(),
    };
    let losses = presence + label.squared_error(1..label.entries);
    reduce(losses.reshape(&labels.shape()[..labels.ndim() - 1]), reduction)
}

/// The label [1 + 2L] of a picture of this width and height: 1 and L landmarks (x, y) as fractions of the picture, or
/// zeros where there is no face.
///
/// # Panics
/// If there are not L landmarks.
#[track_caller]
pub fn landmark_label<T: Float>(
    landmarks: Option<&[(f64, f64)]>,
    count: usize,
    (width, height): (f64, f64),
) -> Tensor<T> {
    let mut label = vec![T::zero(); 1 + 2 * count];
    if let Some(landmarks) = landmarks {
        let n = landmarks.len();
        assert!(n == count, "landmark_label: there are {n} landmarks, the label has {count}");
        label[0] = T::one();
        for (slots, (x, y)) in label[1..].chunks_exact_mut(2).zip(landmarks) {
            slots.copy_from_slice(&[x / width, y / height].map(T::from_f64));
        }
    }
    Tensor::from_vec([1 + 2 * count], label)
}

/// The landmarks (x, y) that a label [1 + 2L], or a network's output of that form, gives for a picture of this width
/// and height; None where "face?" is not above the threshold.
///
/// # Panics
/// If the shape is another.
#[track_caller]
pub fn decode_landmarks<T: Float>(
    label: &Tensor<T>,
    threshold: f64,
    (width, height): (f64, f64),
) -> Option<Vec<(f64, f64)>> {
    assert!(
        label.ndim() == 1 && label.len() % 2 == 1,
        "decode_landmarks: the shape {:?} is not that of \"face?\" and pairs of x and y",
        label.shape()
    );
    let numbers: Vec<f64> = label.to_vec().into_iter().map(Float::to_f64).collect();
    let points = numbers[1..].chunks_exact(2).map(|pair| (pair[0] * width, pair[1] * height));
    (numbers[0] > threshold).then(|| points.collect())
}

/// Predictions and labels as rows [n, entries], and which of them hold an object.
struct Label<T: Float> {
    name: &'static str,
    entries: usize,
    predicted: Tensor<T>,
    labels: Tensor<T>,
    present: Indices,
}

impl<T: Float> Label<T> {
    #[track_caller]
    fn new(name: &'static str, predicted: &Tensor<T>, labels: &Tensor<T>, least: usize) -> Self {
        let shape = labels.shape();
        assert!(
            predicted.shape() == shape,
            "{name}: the predictions {:?} and the labels {shape:?} have not the same shape",
            predicted.shape()
        );
        let entries = shape.last().copied().unwrap_or(0);
        assert!(entries >= least, "{name}: the last axis of {shape:?} has fewer than {least} entries");
        let n = labels.len() / entries;
        let [predicted, labels] = [predicted, &labels.detach()].map(|x| x.reshape([n, entries]));
        let mut present = Vec::new();
        for (at, presence) in labels.select(1, 0).to_vec().into_iter().enumerate() {
            assert!(
                presence == T::zero() || presence == T::one(),
                "{name}: entry 0 of label {at} is {presence}, neither 0 nor 1"
            );
            if presence == T::one() {
                present.push(at as i64);
            }
        }
        let present = Indices::from_vec([present.len()], present);
        Self { name, entries, predicted, labels, present }
    }

    /// (ŷ₁ − y₁)², [n].
    fn presence_error(&self) -> Tensor<T> {
        (self.predicted.select(1, 0) - self.labels.select(1, 0)).square()
    }

    /// The logistic loss of ŷ₁, [n].
    fn presence_likelihood(&self) -> Tensor<T> {
        let options = BceWithLogitsOptions::new().reduction(Reduction::None);
        self.predicted.select(1, 0).binary_cross_entropy_with_logits_and(&self.labels.select(1, 0), options)
    }

    /// The rows with an object: what stands in the others has no part in a loss, NaN or not.
    fn rows(&self, x: &Tensor<T>) -> Tensor<T> {
        x.index_select(0, &self.present)
    }

    /// Losses of the rows with an object among zeros, [n].
    fn spread(&self, losses: &Tensor<T>) -> Tensor<T> {
        Tensor::zeros([self.labels.shape()[0]]).index_add(0, &self.present, losses, 1.0)
    }

    /// Σ (ŷ − y)² over some entries where there is an object, [n].
    fn squared_error(&self, entries: std::ops::Range<usize>) -> Tensor<T> {
        let entries = entries.start as isize..entries.end as isize;
        let [predicted, labels] =
            [&self.predicted, &self.labels].map(|x| self.rows(x).slice(1, entries.clone()));
        self.spread(&(predicted - labels).square().sum(1))
    }

    /// The cross-entropy of the classes where there is an object, [n].
    #[track_caller]
    fn class_likelihood(&self) -> Tensor<T> {
        let [logits, labels] = [&self.predicted, &self.labels].map(|x| self.rows(x).slice(1, 5..));
        let classes = self.entries - 5;
        let mut of = Vec::new();
        for (row, at) in labels.to_vec().chunks_exact(classes).zip(self.present.as_slice()) {
            let ones: Vec<usize> = (0..classes).filter(|&class| row[class] == T::one()).collect();
            let zeros = row.iter().filter(|&&entry| entry == T::zero()).count();
            assert!(
                ones.len() == 1 && zeros == classes - 1,
                "{}: the classes of label {at} are {row:?}, not a single 1 among zeros",
                self.name
            );
            of.push(ones[0] as i64);
        }
        self.spread(&logits.cross_entropy_with(&Indices::from_vec([of.len()], of), Reduction::None))
    }
}

/// The losses reduced, where the mean of none is 0: pictures without objects have nothing to lose.
#[track_caller]
pub(super) fn reduce<T: Float>(losses: Tensor<T>, reduction: Reduction) -> Tensor<T> {
    match reduction {
        Reduction::Mean if losses.is_empty() => losses.sum(..),
        _ => reduction.reduce(losses),
    }
}
