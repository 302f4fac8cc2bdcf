//! Dense layers turned into convolutions.

use autodiff::{Float, Parameter, Tensor};
use nn::{
    AvgPool2d, BatchNorm1d, BatchNorm2d, BatchNormConfig, CloneLayer, Conv2d, Conv2dConfig, Flatten,
    Identity, Init, Layer, Linear, Module, Sequential, Tanh,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::LeNet5;

/// A classifier of pictures of one size as a network of convolutions, which takes larger pictures and gives for each
/// window of the classifier's size what the classifier would give: the sliding windows in one pass, with all that they
/// have in common computed once.
///
/// The layers up to the flattening stay. The fully connected layer after the flattening of a map [C, h, w] becomes a
/// convolution with a kernel of h×w, the following ones become convolutions with kernels of 1×1, with the same
/// weights; a [`BatchNorm1d`] after them becomes a [`BatchNorm2d`]. The parameters are copies.
///
/// **The numbers are the same as those of the windows one by one** where the windows' stride is the product of the
/// strides of all layers, and no layer pads: the border of a window in the middle of a picture is the picture, not
/// zeros. (Up to rounding: sums are taken in another order.) With padding inside, only the window that is the whole
/// picture gives the same.
///
/// After Sermanet et al., "OverFeat: integrated recognition, localization and detection using convolutional networks"
/// (2013), section 3.5.
///
/// ```
/// use wengert::models::detection::ToConvolutional;
/// use wengert::prelude::*;
///
/// let model = LeNet5Config::new(10).input_size(32).init::<f64>(&mut ChaCha8Rng::seed_from_u64(0));
/// let everywhere = model.to_convolutional([1, 32, 32])?;
/// // Strides of 2 and 2: windows at every fourth pixel.
/// let picture: Tensor<f64> = Init::uniform(0.0, 1.0).tensor([1, 1, 40, 48], &mut ChaCha8Rng::seed_from_u64(1));
/// let map = everywhere.forward(&picture);
/// assert_eq!(map.shape(), [1, 10, 3, 5]);
/// let window = picture.slice(2, 4..36).slice(3, 16..48);
/// let difference = model.forward(&window) - map.select(3, 4).select(2, 1);
/// assert!(difference.abs().max(..).item() < 1e-12);
/// # Ok::<(), wengert::models::detection::ConvolutionalError>(())
/// ```
pub trait ToConvolutional<T: Float> {
    /// The network for pictures of any size from that of the input [channels, height, width] on:
    /// [batch, channels, H, W] to [batch, outputs, rows, columns].
    ///
    /// # Errors
    /// Where a layer has no convolutional form, or what was made gives other numbers for a window: it is tried out.
    ///
    /// # Panics
    /// If the network does not take an input of this shape, or a layer behind the flattening takes no map.
    #[track_caller]
    fn to_convolutional(&self, input: [usize; 3]) -> Result<Sequential<T>, ConvolutionalError>;
}

/// Why a network has no convolutional form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvolutionalError {
    /// A layer takes a map apart that is no [`Flatten`] from axis 1 on.
    #[error(
        "the layer `{layer}` makes {output:?} of the map {input:?}, for which there is no convolution; the map must \
         be flattened by a Flatten from axis 1 on"
    )]
    Shape {
        /// Its name.
        layer: String,
        /// What it was given.
        input: Vec<usize>,
        /// What it gave.
        output: Vec<usize>,
    },
    /// A fully connected layer stands before the flattening.
    #[error(
        "the fully connected layer `{layer}` is applied to the rows of a map, before the map is flattened"
    )]
    Early {
        /// Its name.
        layer: String,
    },
    /// A batch normalization stands between the flattening and the first fully connected layer.
    #[error(
        "the batch normalization `{layer}` stands between the flattening and the first fully connected layer: it \
         normalizes each number of the map by itself, for which there is no convolution"
    )]
    Normalized {
        /// Its name.
        layer: String,
    },
    /// The network never flattens its map, or has a fully connected layer for other features than the map's.
    #[error("the network gives {output:?} for one picture, not [1, outputs]")]
    Output {
        /// What it gives.
        output: Vec<usize>,
    },
    /// The numbers for a window differ.
    #[error(
        "the convolutions give {found:?} for a picture for which the network gives {expected:?} ({difference}): a \
         layer behind the flattening looks at more than one place"
    )]
    Differs {
        /// The shape that the network gives.
        expected: Vec<usize>,
        /// The shape that its convolutional form gives.
        found: Vec<usize>,
        /// How far they are apart.
        difference: String,
    },
}

impl<T: Float> ToConvolutional<T> for Sequential<T> {
    fn to_convolutional(&self, input: [usize; 3]) -> Result<Sequential<T>, ConvolutionalError> {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let [channels, height, width] = input;
        let probe: Tensor<T> = Init::uniform(-1.0, 1.0).tensor([1, channels, height, width], &mut rng);
        let mut network = Sequential::new();
        let mut x = probe.clone();
        // The map that was flattened, until a fully connected layer has taken it.
        let mut map: Option<[usize; 3]> = None;
        let mut flat = false;
        for (name, layer) in self.iter() {
            let y = layer.forward_in(name, &x);
            let shape = ConvolutionalError::Shape {
                layer: name.to_owned(),
                input: x.shape().to_vec(),
                output: y.shape().to_vec(),
            };
            network = match (x.shape(), flat) {
                (&[1, c, h, w], false) if layer.downcast_ref::<Flatten>().is_some() => {
                    if y.shape() != [1, c * h * w] {
                        return Err(shape);
                    }
                    (map, flat) = (Some([c, h, w]), true);
                    network.push_named(name, Identity)
                }
                (_, false) if layer.downcast_ref::<Linear<T>>().is_some() => {
                    return Err(ConvolutionalError::Early { layer: name.to_owned() });
                }
                (_, false) if y.ndim() != 4 => return Err(shape),
                (_, false) => push(network, name, layer),
                (_, true) => {
                    if let Some(linear) = layer.downcast_ref::<Linear<T>>() {
                        network.push_named(name, convolution(linear, map.take()))
                    } else if let Some(norm) = layer.downcast_ref::<BatchNorm1d<T>>() {
                        if map.is_some() {
                            return Err(ConvolutionalError::Normalized { layer: name.to_owned() });
                        }
                        network.push_named(name, of_pictures(norm, x.shape()[1]))
                    } else {
                        push(network, name, layer)
                    }
                }
            };
            x = y;
        }
        if !matches!(x.shape(), [1, _]) || map.is_some() {
            return Err(ConvolutionalError::Output { output: x.shape().to_vec() });
        }
        let network = network.deep_clone();
        same(&x, &network.forward(&probe))?;
        Ok(network)
    }
}

/// LeNet-5 is what the notes turn into convolutions. Its padding for pictures of 28×28 remains, and with it only the
/// network for 32×32 gives the same numbers as windows.
impl<T: Float> ToConvolutional<T> for LeNet5<T> {
    fn to_convolutional(&self, input: [usize; 3]) -> Result<Sequential<T>, ConvolutionalError> {
        Sequential::new()
            .push_named("c1", self.c1.clone())
            .push_named("c1_tanh", Tanh)
            .push_named("s2", AvgPool2d::new(2))
            .push_named("c3", self.c3.clone())
            .push_named("c3_tanh", Tanh)
            .push_named("s4", AvgPool2d::new(2))
            .push_named("flatten", Flatten::new())
            .push_named("c5", self.c5.clone())
            .push_named("c5_tanh", Tanh)
            .push_named("f6", self.f6.clone())
            .push_named("f6_tanh", Tanh)
            .push_named("output", self.output.clone())
            .to_convolutional(input)
    }
}

fn push<T: Float>(
    network: Sequential<T>,
    name: &str,
    layer: &(dyn CloneLayer<T> + 'static),
) -> Sequential<T> {
    network.push_named(name, layer.boxed_clone())
}

/// A fully connected layer over a map [channels, height, width], or over the channels of one place.
fn convolution<T: Float>(linear: &Linear<T>, map: Option<[usize; 3]>) -> Conv2d<T> {
    let (weight, bias) = (linear.weight.value(), &linear.bias);
    let &[outputs, features] = weight.shape() else { unreachable!("a weight has two axes") };
    let [channels, height, width] = map.unwrap_or([features, 1, 1]);
    let mut conv = Conv2dConfig::new(channels, outputs, (height, width))
        .bias(bias.is_some())
        .weight_init(Init::zeros())
        .bias_init(Init::zeros())
        .init(&mut ChaCha8Rng::seed_from_u64(0));
    conv.weight = Parameter::new(weight.reshape([outputs, channels, height, width]));
    if linear.weight.is_frozen() {
        conv.weight.freeze();
    }
    conv.bias = bias.clone();
    conv
}

fn of_pictures<T: Float>(norm: &BatchNorm1d<T>, channels: usize) -> BatchNorm2d<T> {
    let config = BatchNormConfig::new(channels).eps(norm.eps()).momentum(norm.momentum());
    let mut pictures: BatchNorm2d<T> = config.init();
    pictures.weight = norm.weight.clone();
    pictures.bias = norm.bias.clone();
    pictures.running_mean = norm.running_mean.clone();
    pictures.running_var = norm.running_var.clone();
    pictures.num_batches_tracked = norm.num_batches_tracked.clone();
    pictures
}

/// Whether [1, outputs, 1, 1] are the numbers of [1, outputs], but for rounding.
fn same<T: Float>(expected: &Tensor<T>, found: &Tensor<T>) -> Result<(), ConvolutionalError> {
    let differs = |difference: String| {
        let (expected, found) = (expected.shape().to_vec(), found.shape().to_vec());
        Err(ConvolutionalError::Differs { expected, found, difference })
    };
    if found.shape() != [1, expected.shape()[1], 1, 1] {
        return differs("another shape".into());
    }
    let [expected_numbers, numbers] =
        [expected, found].map(|x| x.to_vec().into_iter().map(Float::to_f64).collect::<Vec<_>>());
    let differences = expected_numbers.iter().zip(&numbers).map(|(a, b)| (a - b).abs());
    // The order of all numbers, in which NaN is the largest.
    let most = differences.max_by(f64::total_cmp).unwrap_or(0.0);
    let tolerance = 1e-4 * expected_numbers.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
    if most <= tolerance { Ok(()) } else { differs(format!("they differ by {most:.2e}")) }
}
