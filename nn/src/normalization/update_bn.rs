//! Running statistics computed anew.

use autodiff::{Float, Tape, Tensor};

use crate::module::leaves::{Leaf, leaves};
use crate::{Buffer, Layer, Module};

/// Computes the running statistics of a model's batch normalizations anew, as the plain averages over these batches:
/// after its weights were averaged, for example, which its statistics do not fit any more.
///
/// The batches run through the model as in training, dropout included, and nothing else about it changes. Whatever
/// the momentum of a layer, it is not used and holds again afterwards. Layers whose statistics are frozen keep them.
///
/// ```
/// use wengert::nn::update_bn;
/// use wengert::prelude::*;
///
/// let net = Sequential::<f32>::new().push(Flatten::new()).push(BatchNorm1d::new(1));
/// update_bn(&net, [1.0, 2.0, 6.0].map(|mean| Tensor::full([4, 1], mean)));
/// let norm: &BatchNorm1d = net.get("1").unwrap().downcast_ref().unwrap();
/// assert_eq!(norm.running_mean.as_ref().unwrap().value().to_vec(), [3.0]);
/// ```
///
/// # Panics
/// Where the forward pass does.
#[track_caller]
pub fn update_bn<T: Float, M: Layer<T> + ?Sized>(model: &M, batches: impl IntoIterator<Item = Tensor<T>>) {
    let _anew = Anew::of(model);
    // Not in a closure, which would hide the caller's line.
    for (seed, batch) in batches.into_iter().enumerate() {
        model.forward(&Tape::training(seed as u64).constant(batch));
    }
}

/// The same for any module, by a function that calls it for a batch on a training tape.
///
/// # Panics
/// Where the function does.
pub fn update_bn_with<T: Float, M: Module<T> + ?Sized, B>(
    model: &M,
    batches: impl IntoIterator<Item = B>,
    mut forward: impl FnMut(&Tape, B),
) {
    let _anew = Anew::of(model);
    for (seed, batch) in batches.into_iter().enumerate() {
        forward(&Tape::training(seed as u64), batch);
    }
}

/// The counts of running statistics that begin anew and are averaged plainly until this is dropped.
struct Anew<T: Float>(Vec<Buffer<T>>);

impl<T: Float> Anew<T> {
    fn of<M: Module<T> + ?Sized>(model: &M) -> Self {
        let all = leaves(model);
        let buffer = |path: &str| {
            all.iter().find_map(|(other, leaf)| match leaf {
                Leaf::Buffer(buffer) if other == path => Some(buffer),
                _ => None,
            })
        };
        let mut counts = Vec::new();
        for (path, leaf) in &all {
            let Leaf::Buffer(count) = leaf else { continue };
            let Some(layer) = path.strip_suffix("num_batches_tracked") else { continue };
            let statistics =
                buffer(&format!("{layer}running_mean")).zip(buffer(&format!("{layer}running_var")));
            let Some((mean, var)) = statistics.filter(|(mean, _)| count.is_count() && !mean.is_frozen())
            else {
                continue;
            };
            mean.set(&Tensor::zeros(mean.shape()));
            var.set(&Tensor::ones(var.shape()));
            count.set(&Tensor::zeros([]));
            count.average_plainly(true);
            counts.push(count.clone());
        }
        Self(counts)
    }
}

impl<T: Float> Drop for Anew<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(|count| count.average_plainly(false));
    }
}
