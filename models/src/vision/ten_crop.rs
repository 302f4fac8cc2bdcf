//! Ten looks at each picture.

use autodiff::Tensor;
use data::transform;
use nn::Layer;

/// The probabilities of the classes [batch, classes], each the mean over ten parts of the picture: the corners and the
/// middle, and the same mirrored. AlexNet's authors and many after them tested so.
///
/// The parts, of `(height, width)`, are those of [`data::transform::ten_crop`]; softmax comes before the mean. All ten of
/// a batch's pictures go through the model together: give it a tenth of the usual batch.
///
/// ```
/// use wengert::models::vision::ten_crop_probabilities;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = ResNet::<f32>::resnet20(10, &mut rng);
/// let pictures = Init::uniform(0.0, 1.0).tensor([2, 3, 36, 36], &mut rng);
/// let probabilities = ten_crop_probabilities(&model, &pictures, (32, 32));
/// assert_eq!(probabilities.shape(), [2, 10]);
/// ```
///
/// # Panics
/// If the pictures are not [batch, channels, height, width], or smaller than the parts, or the model does not give
/// [batch, classes].
#[track_caller]
pub fn ten_crop_probabilities<M: Layer<f32> + ?Sized>(
    model: &M,
    pictures: &Tensor<f32>,
    size: (usize, usize),
) -> Tensor<f32> {
    let logits = model.forward(&transform::ten_crop(pictures, size, false));
    let &[parts, classes] = logits.shape() else {
        panic!(
            "ten_crop_probabilities: the model gives the shape {:?}; expected [batch, classes]",
            logits.shape()
        );
    };
    logits.softmax(1).reshape([parts / 10, 10, classes]).mean(1)
}
