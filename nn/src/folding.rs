//! Batch normalization made part of the layer before it, for inference.
//!
//! Where it uses its running statistics, batch normalization multiplies each channel by s = w / √(var + ε) and adds
//! b − mean·s. So does the layer before it if its weights of that channel are multiplied by s, and its bias is s times
//! what it was plus the same: one pass over the data less.

use autodiff::{Float, Parameter, Tensor};

use crate::normalization::scale_and_shift;
use crate::{BatchNorm, Buffer, CloneLayer, Conv, ConvTranspose, Linear, Sequential};

/// The factor and the term of each channel, if running statistics say them.
#[derive(Clone, Debug)]
struct Affine<T: Float> {
    scale: Tensor<T>,
    shift: Tensor<T>,
}

impl<T: Float> Affine<T> {
    fn of<const D: usize>(norm: &BatchNorm<D, T>) -> Option<Self> {
        let (mean, var) = norm.running_mean.as_ref().zip(norm.running_var.as_ref())?;
        let value = |parameter: &Option<Parameter<T>>| parameter.as_ref().map(Parameter::value);
        let statistics = Buffer::values([mean, var]);
        let (scale, shift) = scale_and_shift(statistics, value(&norm.weight), value(&norm.bias), norm.eps());
        Some(Self { scale, shift })
    }

    #[track_caller]
    fn expect<const D: usize>(norm: &BatchNorm<D, T>, channels: usize, layer: &str) -> Self {
        let Some(affine) = Self::of(norm) else {
            panic!("{layer}::fold_batch_norm: the batch normalization keeps no running statistics");
        };
        let found = affine.scale.len();
        if found != channels {
            panic!(
                "{layer}::fold_batch_norm: the layer gives {channels} channels, the normalization takes {found}"
            );
        }
        affine
    }

    /// The weight as [groups, before, channels of a group, after], each channel times its factor.
    fn weight(&self, weight: &Parameter<T>, [groups, before, channels]: [usize; 3]) -> Parameter<T> {
        let value = weight.value();
        let scaled = value.reshape([groups, before, channels, value.len() / (groups * before * channels)])
            * self.scale.reshape([groups, 1, channels, 1]);
        Parameter::new(scaled.reshape(value.shape()))
    }

    fn bias(&self, bias: Option<&Parameter<T>>) -> Option<Parameter<T>> {
        Some(Parameter::new(match bias {
            Some(bias) => bias.value() * &self.scale + &self.shift,
            None => self.shift.clone(),
        }))
    }
}

impl<T: Float> Linear<T> {
    /// A layer that gives for inputs [batch, in] what this one followed by the batch normalization gives when that
    /// uses its running statistics. Neither of them changes, and the new one shares nothing with them.
    ///
    /// # Panics
    /// If the numbers of features differ, or the normalization keeps no running statistics.
    #[track_caller]
    pub fn fold_batch_norm(&self, norm: &BatchNorm<1, T>) -> Self {
        let out = self.weight.shape()[0];
        let affine = Affine::expect(norm, out, "Linear");
        Self { weight: affine.weight(&self.weight, [1, 1, out]), bias: affine.bias(self.bias.as_ref()) }
    }
}

impl<const D: usize, T: Float> Conv<D, T> {
    /// A layer that gives what this one followed by the batch normalization gives when that uses its running
    /// statistics. Neither of them changes, and the new one shares nothing with them.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let (conv, norm) = (Conv2dConfig::new(3, 8, 3).bias(false).init::<f64>(&mut rng), BatchNorm2d::new(8));
    /// let x = Init::normal(1.0, 2.0).tensor([4, 3, 6, 6], &mut rng);
    /// norm.forward(&conv.forward(&Tape::training(0).constant(&x))); // learns statistics
    /// let folded = conv.fold_batch_norm(&norm);
    /// let difference = folded.forward(&x) - norm.forward(&conv.forward(&x));
    /// assert!(difference.abs().max(..).item() < 1e-13);
    /// ```
    ///
    /// # Panics
    /// If the numbers of channels differ, or the normalization keeps no running statistics.
    #[track_caller]
    pub fn fold_batch_norm(&self, norm: &BatchNorm<D, T>) -> Self {
        let out = self.weight.shape()[0];
        let affine = Affine::expect(norm, out, "Conv");
        let mut layer = self.clone();
        layer.weight = affine.weight(&self.weight, [1, 1, out]);
        layer.bias = affine.bias(self.bias.as_ref());
        layer
    }
}

impl<const D: usize, T: Float> ConvTranspose<D, T> {
    /// A layer that gives what this one followed by the batch normalization gives when that uses its running
    /// statistics. Neither of them changes, and the new one shares nothing with them.
    ///
    /// # Panics
    /// If the numbers of channels differ, or the normalization keeps no running statistics.
    #[track_caller]
    pub fn fold_batch_norm(&self, norm: &BatchNorm<D, T>) -> Self {
        let (groups, shape) = (self.groups(), self.weight.shape());
        let affine = Affine::expect(norm, groups * shape[1], "ConvTranspose");
        let mut layer = self.clone();
        layer.weight = affine.weight(&self.weight, [groups, shape[0] / groups, shape[1]]);
        layer.bias = affine.bias(self.bias.as_ref());
        layer
    }
}

impl<T: Float> Sequential<T> {
    /// The same layers, with each batch normalization that directly follows a convolution, a transposed one or a
    /// linear layer made part of it ([`Conv::fold_batch_norm`]), also in a `Sequential` among the layers: a model for
    /// inference. The layers keep their names; those that are not concerned are shared with this model. A
    /// normalization without running statistics stays.
    ///
    /// After a linear layer the inputs must be [batch, in], since the normalization takes axis 1 for the channels.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let net = Sequential::<f32>::new()
    ///     .push(Conv2d::new(1, 4, 3, &mut rng))
    ///     .push(BatchNorm2d::new(4))
    ///     .push(Relu);
    /// let names: Vec<String> = net.fold_batch_norms().iter().map(|(name, _)| name.to_owned()).collect();
    /// assert_eq!(names, ["0", "2"]);
    /// ```
    ///
    /// # Panics
    /// If a layer gives another number of channels than the normalization after it takes.
    #[track_caller]
    pub fn fold_batch_norms(&self) -> Self {
        let mut out: Vec<(String, Box<dyn CloneLayer<T>>)> = Vec::with_capacity(self.len());
        for (name, layer) in self.iter() {
            if let Some(nested) = layer.downcast_ref::<Self>() {
                out.push((name.to_owned(), Box::new(nested.fold_batch_norms())));
                continue;
            }
            let folded = match out.last() {
                Some((_, before)) => folded(&**before, layer),
                None => None,
            };
            match (folded, out.last_mut()) {
                (Some(folded), Some(last)) => last.1 = folded,
                _ => out.push((name.to_owned(), layer.boxed_clone())),
            }
        }
        Self::named(out)
    }
}

/// The layer before with the normalization folded in, if that is what they are.
#[track_caller]
fn folded<T: Float>(
    before: &(dyn CloneLayer<T> + 'static),
    norm: &(dyn CloneLayer<T> + 'static),
) -> Option<Box<dyn CloneLayer<T>>> {
    macro_rules! folds {
        ($($Layer:ty, $D:literal);*) => {$(
            if let (Some(layer), Some(norm)) = (before.downcast_ref::<$Layer>(), norm.downcast_ref::<BatchNorm<$D, T>>())
                && norm.running_mean.is_some()
            {
                return Some(Box::new(layer.fold_batch_norm(norm)));
            }
        )*};
    }
    folds!(
        Linear<T>, 1;
        Conv<1, T>, 1;
        Conv<2, T>, 2;
        Conv<3, T>, 3;
        ConvTranspose<1, T>, 1;
        ConvTranspose<2, T>, 2;
        ConvTranspose<3, T>, 3
    );
    None
}
