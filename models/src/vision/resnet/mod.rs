//! Residual networks.

mod block;
mod config;

use autodiff::{Float, Tensor};
use nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Layer, Linear, MaxPool2d, Module, Relu, Visitor,
    VisitorMut,
};

pub use self::block::{BlockForm, ResidualBlock, Shortcut};
pub use self::config::{ResNetConfig, Stem};
use crate::{Stage, Stages};

/// A residual network: [batch, channels, height, width] to logits [batch, classes].
///
/// A stem; stages of [`ResidualBlock`]s, each but the first halving height and width and doubling the channels; the mean
/// over all places; a linear layer. It takes pictures of any size of which the stages leave at least one place, which
/// is any at all: each halving rounds up. On a training tape the batch needs at least two values to a channel.
///
/// | network | blocks | parameters | multiply-adds, 224×224 |
/// | --- | --- | --- | --- |
/// | ResNet-18 | 2, 2, 2, 2 basic | 11,689,512 | 1.814·10⁹ |
/// | ResNet-34 | 3, 4, 6, 3 basic | 21,797,672 | 3.664·10⁹ |
/// | ResNet-50 | 3, 4, 6, 3 bottlenecks | 25,557,032 | 4.089·10⁹ |
/// | ResNet-101 | 3, 4, 23, 3 bottlenecks | 44,549,160 | 7.801·10⁹ |
/// | ResNet-152 | 3, 8, 36, 3 bottlenecks | 60,192,808 | 11.514·10⁹ |
/// | ResNeXt-50 32×4d | as 50, 32 groups of 4 channels | 25,028,904 | 4.230·10⁹ |
/// | ResNeXt-101 32×8d | as 101, 32 groups of 8 channels | 88,791,336 | 16.414·10⁹ |
/// | ResNeXt-101 64×4d | as 101, 64 groups of 4 channels | 83,455,272 | 15.460·10⁹ |
/// | Wide ResNet-50-2 | as 50, 3×3 twice as wide | 68,883,240 | 11.398·10⁹ |
/// | Wide ResNet-101-2 | as 101, 3×3 twice as wide | 126,886,696 | 22.753·10⁹ |
///
/// For 1000 classes. Its parameters have torchvision's names and, from the same files, torchvision's values. Those for
/// CIFAR-10, for 10 classes, with shortcuts by padding as in the paper:
///
/// | network | blocks | parameters | multiply-adds, 32×32 |
/// | --- | --- | --- | --- |
/// | ResNet-20 | 3, 3, 3 basic | 269,722 | 40.6·10⁶ |
/// | ResNet-32 | 5, 5, 5 basic | 464,154 | 68.9·10⁶ |
/// | ResNet-44 | 7, 7, 7 basic | 658,586 | 97.2·10⁶ |
/// | ResNet-56 | 9, 9, 9 basic | 853,018 | 125.5·10⁶ |
/// | ResNet-110 | 18, 18, 18 basic | 1,727,962 | 252.9·10⁶ |
///
/// The plain networks of the same depths have no shortcuts; so their numbers are those of the network with shortcuts by
/// padding.
///
/// After He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015). ResNeXt: Xie, Girshick, Dollár,
/// Tu and He, "Aggregated residual transformations for deep neural networks" (2016). Wide: Zagoruyko and Komodakis,
/// "Wide residual networks" (2016).
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = ResNet::<f32>::resnet20(10, &mut rng);
/// assert_eq!(model.parameter_count(), 269_722);
/// let x = Tensor::zeros([2, 3, 32, 32]);
/// assert_eq!(model.forward(&x).shape(), [2, 10]);
/// assert_eq!(model.features(&x, &["layer3.2"])[0].shape(), [2, 64, 8, 8]);
/// ```
///
/// # Panics
/// In `forward`, if the pictures have another number of channels.
#[derive(Clone, Debug)]
pub struct ResNet<T: Float = f32> {
    /// The stem's convolution: 7×7 with stride 2, or 3×3.
    pub conv1: Conv2d<T>,
    /// After `conv1`.
    pub bn1: BatchNorm2d<T>,
    /// The maximum of 3×3 with stride 2, of the stem for large pictures.
    pub maxpool: Option<MaxPool2d>,
    /// The blocks of each stage; those of `layers[0]` have the names `layer1.0`, `layer1.1`, ….
    pub layers: Vec<Vec<ResidualBlock<T>>>,
    /// The mean over all places.
    pub avgpool: AdaptiveAvgPool2d,
    /// From the last stage's channels to the classes.
    pub fc: Linear<T>,
}

/// The name of the stage with this number, as torchvision has it.
fn layer_name(at: usize) -> String {
    format!("layer{}", at + 1)
}

impl<T: Float> Module<T> for ResNet<T> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        visitor.child("conv1", &self.conv1);
        visitor.child("bn1", &self.bn1);
        visitor.child("maxpool", &self.maxpool);
        for (at, layer) in self.layers.iter().enumerate() {
            visitor.child(&layer_name(at), layer);
        }
        visitor.child("avgpool", &self.avgpool);
        visitor.child("fc", &self.fc);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        visitor.child("conv1", &mut self.conv1);
        visitor.child("bn1", &mut self.bn1);
        visitor.child("maxpool", &mut self.maxpool);
        for (at, layer) in self.layers.iter_mut().enumerate() {
            visitor.child(&layer_name(at), layer);
        }
        visitor.child("avgpool", &mut self.avgpool);
        visitor.child("fc", &mut self.fc);
    }
}

impl<T: Float> Layer<T> for ResNet<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let _stages = x.tape().map(|tape| tape.scope(""));
        // With the ReLU in the same pass: no other layer has as many values.
        let x = match x.tape() {
            None => self.bn1.forward_after(&self.conv1, x, None, 0.0),
            Some(tape) => {
                let x = self.conv1.forward_in("conv1", x);
                let _scope = tape.scope("bn1");
                self.bn1.forward_rectified(&x, None, 0.0)
            }
        };
        self.stages()[3..].iter().fold(x, |x, stage| stage.layer.forward_in(&stage.name, &x))
    }
}

/// `conv1`, `bn1`, `relu`, `maxpool` if there is one, `layer1.0`, `layer1.1`, …, `avgpool`, `flatten`, `fc`.
impl<T: Float> Stages<T> for ResNet<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        const FLATTEN: Flatten = Flatten::new();
        let mut stages =
            vec![Stage::new("conv1", &self.conv1), Stage::new("bn1", &self.bn1), Stage::new("relu", &Relu)];
        stages.extend(self.maxpool.iter().map(|pool| Stage::new("maxpool", pool)));
        for (at, layer) in self.layers.iter().enumerate() {
            let name = layer_name(at);
            stages
                .extend(layer.iter().enumerate().map(|(i, block)| Stage::new(format!("{name}.{i}"), block)));
        }
        stages.push(Stage::new("avgpool", &self.avgpool));
        stages.push(Stage::new("flatten", &FLATTEN));
        stages.push(Stage::new("fc", &self.fc));
        stages
    }
}
