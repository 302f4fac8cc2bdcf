//! Pictures of what a network looks at.
//!
//! [`saliency`] and [`SmoothGrad`] say which pixels move the score of a class most; [`grad_cam`] says which places
//! speak for it, from the channels of a named stage. Both give maps [batch, height, width] that are at least 0;
//! [`scaled`] brings each to 0..=1, a [`ColorMap`] makes a picture of it, and [`overlay`] lays that over what the
//! network saw.
//!
//! ```
//! use wengert::models::vision::explain::{ColorMap, grad_cam, overlay, scaled};
//! use wengert::prelude::*;
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(0);
//! let model = ResNet::<f32>::resnet20(10, &mut rng);
//! let pictures = Init::uniform(0.0, 1.0).tensor([2, 3, 32, 32], &mut rng);
//! let predicted = model.forward(&pictures).argmax(1);
//! let heat = grad_cam(&model, "layer3.2", &pictures, &predicted);
//! assert_eq!(heat.shape(), [2, 32, 32]);
//! let seen = overlay(&pictures, &scaled(&heat), ColorMap::Viridis, 0.5);
//! assert_eq!(seen.shape(), [2, 3, 32, 32]);
//! ```

mod color;
mod grad_cam;
mod saliency;

use autodiff::{Float, Indices, Tape, Tensor};
use nn::Module;

pub use color::{ColorMap, overlay, scaled};
pub use grad_cam::{class_activation, grad_cam};
pub use saliency::{SmoothGrad, input_gradient, saliency};

/// An evaluating tape on which the model's parameters are constants: only gradients of tensors are computed.
fn tape_of_constants<T: Float, M: Module<T> + ?Sized>(model: &M) -> Tape {
    let tape = Tape::new();
    for parameter in model.parameters() {
        tape.watch_as(&parameter, &tape.constant(parameter.value()));
    }
    tape
}

/// The sum of one score of each example, whose gradient is that of each example's score with respect to itself.
#[track_caller]
fn sum_of_scores<T: Float>(operation: &str, logits: &Tensor<T>, classes: &Indices) -> Tensor<T> {
    let &[_, scores] = logits.shape() else {
        panic!("{operation}: the model gives the shape {:?}; expected [batch, classes]", logits.shape());
    };
    if let Some(class) = classes.as_slice().iter().find(|class| !(0..scores as i64).contains(class)) {
        panic!("{operation}: there is no class {class} among {scores}");
    }
    logits.gather(1, &classes.reshape([classes.len(), 1])).sum(..)
}

/// The pictures' number, channels, height and width, where there are as many classes.
#[track_caller]
fn checked<T: Float>(operation: &str, pictures: &Tensor<T>, classes: &Indices) -> [usize; 4] {
    let &[n, c, h, w] = pictures.shape() else {
        panic!(
            "{operation}: expected pictures [batch, channels, height, width], found {:?}",
            pictures.shape()
        );
    };
    if classes.shape() != [n] {
        panic!("{operation}: {n} pictures need classes of shape [{n}], found {:?}", classes.shape());
    }
    [n, c, h, w]
}
