//! The running statistics of batch and instance normalization.

use autodiff::{Float, Tensor};

use crate::Buffer;

/// First mean 0, variance 1 and no batch, as buffers of a layer that tracks them.
pub(super) struct First<T: Float> {
    pub(super) running_mean: Option<Buffer<T>>,
    pub(super) running_var: Option<Buffer<T>>,
    pub(super) num_batches_tracked: Option<Buffer<T>>,
}

impl<T: Float> First<T> {
    pub(super) fn new(channels: usize, track: bool) -> Self {
        let buffer = |x| track.then(|| Buffer::new(Tensor::full([channels], x)));
        Self {
            running_mean: buffer(0.0),
            running_var: buffer(1.0),
            num_batches_tracked: track.then(Buffer::count),
        }
    }
}

/// The buffers of a layer that tracks statistics.
#[derive(Clone, Copy)]
pub(super) struct Running<'a, T: Float> {
    mean: &'a Buffer<T>,
    var: &'a Buffer<T>,
    batches: Option<&'a Buffer<T>>,
}

impl<'a, T: Float> Running<'a, T> {
    pub(super) fn of(
        mean: Option<&'a Buffer<T>>,
        var: Option<&'a Buffer<T>>,
        batches: Option<&'a Buffer<T>>,
    ) -> Option<Self> {
        Some(Self { mean: mean?, var: var?, batches })
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.mean.is_frozen()
    }

    /// The mean and the variance, of one moment.
    pub(super) fn statistics(&self) -> [Tensor<T>; 2] {
        Buffer::values([self.mean, self.var])
    }

    /// running ← (1 − momentum)·running + momentum·new, with the unbiased variance of n values; without a momentum
    /// it is 1/(the number of batches), which gives the plain average, as it is where the count asks for that. Counts
    /// the batch.
    pub(super) fn learn(&self, mean: &Tensor<T>, var: &Tensor<T>, n: usize, momentum: Option<f64>) {
        let unbiased = n as f64 / (n as f64 - 1.0);
        // Plain loops: operations might wait for threads that wait for these buffers.
        let moved = |[old_mean, old_var]: [Tensor<T>; 2], momentum: f64| {
            [moved(&old_mean, mean, momentum, 1.0), moved(&old_var, var, momentum, unbiased)]
        };
        match self.batches {
            Some(batches) => Buffer::update([self.mean, self.var, batches], |[mean, var, count]| {
                let count = one_more(&count);
                let momentum = momentum.filter(|_| !batches.averages_plainly());
                let momentum = momentum.unwrap_or_else(|| 1.0 / count.item().to_f64());
                let [mean, var] = moved([mean, var], momentum);
                [mean, var, count]
            }),
            None => Buffer::update([self.mean, self.var], |old| moved(old, momentum.unwrap_or(0.0))),
        }
    }

    /// Counts a batch without values.
    pub(super) fn count(&self) {
        if let Some(batches) = self.batches {
            Buffer::update([batches], |[count]| [one_more(&count)]);
        }
    }
}

fn one_more<T: Float>(count: &Tensor<T>) -> Tensor<T> {
    Tensor::from_vec([], vec![count.item() + T::one()])
}

/// (1 − momentum)·old + momentum·factor·new.
fn moved<T: Float>(old: &Tensor<T>, new: &Tensor<T>, momentum: f64, factor: f64) -> Tensor<T> {
    let (keep, share) = (T::from_f64(1.0 - momentum), T::from_f64(momentum * factor));
    let elements = old.view().iter().zip(new.view()).map(|(&old, &new)| keep * old + share * new).collect();
    Tensor::from_vec(old.shape(), elements)
}

/// Whether the forward pass of `x` trains.
pub(super) fn trains<T: Float>(x: &Tensor<T>) -> bool {
    x.tape().is_some_and(|tape| tape.is_training())
}

/// Whether the statistics of `x` are new: not of a forward pass that is computed again.
pub(super) fn learns<T: Float>(x: &Tensor<T>) -> bool {
    x.tape().is_some_and(|tape| tape.is_training() && !tape.is_recomputing())
}

/// The numbers by which batch normalization is x·scale + shift for each channel: w/√(var + ε) and b − mean·scale.
#[track_caller]
pub(crate) fn scale_and_shift<T: Float>(
    [mean, var]: [Tensor<T>; 2],
    weight: Option<Tensor<T>>,
    bias: Option<Tensor<T>>,
    eps: f64,
) -> (Tensor<T>, Tensor<T>) {
    let deviation = (var + eps).sqrt();
    let scale = match weight {
        Some(weight) => weight / deviation,
        None => 1.0 / deviation,
    };
    let shift = match bias {
        Some(bias) => bias - mean * &scale,
        None => -(mean * &scale),
    };
    (scale, shift)
}

/// w·(x − mean)/√(var + ε) + b (+ residual) by channel, axis 1, with negative values multiplied by the slope.
#[track_caller]
pub(super) fn normalized<T: Float>(
    x: &Tensor<T>,
    [mean, var]: [Tensor<T>; 2],
    [weight, bias]: [Option<Tensor<T>>; 2],
    eps: f64,
    residual: Option<&Tensor<T>>,
    slope: f64,
) -> Tensor<T> {
    let (scale, shift) = scale_and_shift([mean, var], weight, bias, eps);
    x.channel_affine(&scale, &shift, residual, slope)
}
