//! Two pictures in one.

use crate::{Batch, transform};
use autodiff::Tensor;
use ndarray::{Array2, Array4, Axis, s};
use rand::{Rng, RngExt};
use rand_distr::{Beta, Distribution};

/// A batch whose examples belong to two classes each.
#[derive(Clone, Debug)]
pub struct Mixed {
    /// The pictures, `[n, c, h, w]`.
    pub inputs: Tensor<f32>,
    /// The share of each class, `[n, classes]`, rows of sum 1: targets of a cross-entropy with probabilities.
    pub targets: Tensor<f32>,
}

/// λ·picture + (1 − λ)·another, and the same of their classes, with λ of Beta(α, α) (Zhang et al. 2018).
///
/// The other picture is the one before in the batch, the last for the first; λ is one for the whole batch, as torchvision
/// has it.
///
/// ```
/// use wengert::data::{augment::Mixup, digits};
/// use wengert::prelude::*;
///
/// let batch = digits().batch(&[3, 4]);
/// let mixed = Mixup::new(0.2).apply(&batch, 10, &mut ChaCha8Rng::seed_from_u64(0));
/// let shares = mixed.targets.to_vec();
/// assert_eq!(shares[3] + shares[4], 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixup {
    alpha: f64,
}

/// A rectangle of the picture is cut from another, and their classes have the shares of the areas (Yun et al. 2019).
///
/// The rectangle has the picture's ratio and 1 − λ of its area, λ of Beta(α, α); it may hang over the edge. The other
/// picture is the one before in the batch, the last for the first; one rectangle is drawn for the whole batch, as
/// torchvision has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutMix {
    alpha: f64,
}

#[track_caller]
fn check_alpha(name: &str, alpha: f64) {
    assert!(alpha > 0.0 && alpha.is_finite(), "{name}: an alpha of {alpha} is not positive");
}

impl Mixup {
    /// α; torchvision's default is 1, where λ is even in 0..1.
    ///
    /// # Panics
    /// If it is not positive and finite.
    #[track_caller]
    pub fn new(alpha: f64) -> Self {
        check_alpha("Mixup", alpha);
        Self { alpha }
    }

    /// The mixed batch.
    ///
    /// # Panics
    /// If the inputs are not `[n, c, h, w]`, there are not n labels, or one is not in 0..classes.
    #[track_caller]
    pub fn apply(&self, batch: &Batch, classes: usize, rng: &mut impl Rng) -> Mixed {
        let pictures = pictures("Mixup", batch);
        let lambda = draw(self.alpha, rng);
        let share = lambda as f32;
        let mut mixed = rolled(&pictures);
        mixed.zip_mut_with(&pictures, |other, x| *other = *other * (1.0 - share) + x * share);
        Mixed { inputs: mixed.into(), targets: targets("Mixup", batch, classes, share) }
    }
}

impl CutMix {
    /// α; torchvision's default is 1, where λ is even in 0..1.
    ///
    /// # Panics
    /// If it is not positive and finite.
    #[track_caller]
    pub fn new(alpha: f64) -> Self {
        check_alpha("CutMix", alpha);
        Self { alpha }
    }

    /// The mixed batch.
    ///
    /// # Panics
    /// If the inputs are not `[n, c, h, w]` with pixels, there are not n labels, or one is not in 0..classes.
    #[track_caller]
    pub fn apply(&self, batch: &Batch, classes: usize, rng: &mut impl Rng) -> Mixed {
        let mut mixed = pictures("CutMix", batch);
        let (_, _, h, w) = mixed.dim();
        assert!(h > 0 && w > 0, "CutMix: pictures of {h} × {w} pixels");
        let half = 0.5 * (1.0 - draw(self.alpha, rng)).sqrt();
        let mut side = |of: usize| {
            let (middle, half) = (rng.random_range(0..of), (half * of as f64) as usize);
            (middle.saturating_sub(half), (middle + half).min(of))
        };
        let (columns, rows) = (side(w), side(h));
        let rectangle = s![.., .., rows.0..rows.1, columns.0..columns.1];
        let other = rolled(&mixed);
        mixed.slice_mut(rectangle).assign(&other.slice(rectangle));
        let cut = ((rows.1 - rows.0) * (columns.1 - columns.0)) as f64;
        let share = (1.0 - cut / (h * w) as f64) as f32;
        Mixed { inputs: mixed.into(), targets: targets("CutMix", batch, classes, share) }
    }
}

#[track_caller]
fn pictures(name: &str, batch: &Batch) -> Array4<f32> {
    let pictures = transform::pictures(name, batch.inputs.view());
    let (labels, n) = (batch.len(), pictures.len_of(Axis(0)));
    assert!(labels == n, "{name}: {labels} labels for {n} pictures");
    pictures.to_owned()
}

fn draw(alpha: f64, rng: &mut impl Rng) -> f64 {
    Beta::new(alpha, alpha).expect("alpha is positive").sample(rng)
}

/// Each picture in the place of the next.
fn rolled(pictures: &Array4<f32>) -> Array4<f32> {
    let n = pictures.len_of(Axis(0));
    let before: Vec<usize> = (0..n).map(|i| (i + n - 1) % n).collect();
    pictures.select(Axis(0), &before)
}

#[track_caller]
fn targets(name: &str, batch: &Batch, classes: usize, share: f32) -> Tensor<f32> {
    let labels = batch.labels.as_slice();
    let mut targets = Array2::zeros((labels.len(), classes));
    for (i, &label) in labels.iter().enumerate() {
        let class = usize::try_from(label).ok().filter(|&class| class < classes);
        let Some(class) = class else { panic!("{name}: the label {label} is not in 0..{classes}") };
        targets[[i, class]] += share;
        targets[[(i + 1) % labels.len(), class]] += 1.0 - share;
    }
    targets.into()
}
