//! Which places speak for a class.

use autodiff::{Float, Indices, Interpolate, Interpolation, Tensor, keepdim};

use super::{checked, sum_of_scores, tape_of_constants};
use crate::Stages;

/// Grad-CAM at the resolution of a stage: maps [batch, height, width] of the stage's output.
///
/// With the stage's channels A_k, the weight of a channel is the mean of the score's gradient over all places,
///
/// α_k = mean over i, j of ∂score / ∂A_k\[i, j\],
///
/// and the map is max(0, Σ_k α_k·A_k). Where only a mean over all places and a linear layer come after the stage, this
/// is the class activation map of Zhou et al. (2016) but for the factor 1/(height·width), cut at 0.
///
/// After Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, "Grad-CAM: visual explanations from deep networks via
/// gradient-based localization" (2017). The score is that before softmax. The model evaluates; only what comes after the
/// stage is recorded.
///
/// # Panics
/// If no stage has the name, its output is not [batch, channels, height, width], the pictures are not, there are not as
/// many classes as pictures, one is not among the model's, or the model does not give [batch, classes].
#[track_caller]
pub fn class_activation<T: Float, M: Stages<T> + ?Sized>(
    model: &M,
    stage: &str,
    pictures: &Tensor<T>,
    classes: &Indices,
) -> Tensor<T> {
    checked("Grad-CAM", pictures, classes);
    let before = model.features(&pictures.detach(), &[stage]).remove(0);
    if before.ndim() != 4 {
        panic!(
            "Grad-CAM: the stage `{stage}` gives the shape {:?}, which has no places; expected \
             [batch, channels, height, width]",
            before.shape()
        );
    }
    let tape = tape_of_constants(model);
    let channels = tape.variable(before.clone());
    let stages = model.stages();
    let at = stages.iter().position(|other| other.name == stage).expect("its features were found");
    let mut x = channels.clone();
    for stage in &stages[at + 1..] {
        x = stage.layer.forward_in(&stage.name, &x);
    }
    let score = sum_of_scores("Grad-CAM", &x, classes);
    // What comes after the stage may give scores that do not depend on it.
    let found = if score.requires_grad() { score.backward().get(&channels).cloned() } else { None };
    let gradient = found.unwrap_or_else(|| Tensor::zeros(before.shape()));
    (gradient.mean(keepdim([2, 3])) * before).sum(1).relu()
}

/// Grad-CAM as maps [batch, height, width] of the pictures' size: [`class_activation`], enlarged bilinearly.
///
/// A late stage tells classes apart best, an early one places; the last one whose output still has places is usual
/// (`layer4.1` of a ResNet-18).
///
/// ```
/// use wengert::models::vision::explain::grad_cam;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = ResNet::<f32>::resnet20(10, &mut rng);
/// let pictures = Init::uniform(0.0, 1.0).tensor([2, 3, 32, 32], &mut rng);
/// let heat = grad_cam(&model, "layer3.2", &pictures, &Indices::from_vec([2], vec![1, 8]));
/// assert_eq!(heat.shape(), [2, 32, 32]);
/// ```
///
/// # Panics
/// As [`class_activation`], or if the stage's output or the pictures have no places.
#[track_caller]
pub fn grad_cam<T: Float, M: Stages<T> + ?Sized>(
    model: &M,
    stage: &str,
    pictures: &Tensor<T>,
    classes: &Indices,
) -> Tensor<T> {
    let [_, _, height, width] = checked("Grad-CAM", pictures, classes);
    let map = class_activation(model, stage, pictures, classes);
    let enlarge = Interpolate::size([height, width]).mode(Interpolation::Bilinear);
    map.unsqueeze(1).interpolate(enlarge).squeeze(1)
}
