//! Networks whose head can be replaced.

use autodiff::Float;
use nn::{Conv2d, Conv2dConfig, Layer, Linear, LinearConfig, LoadError, LoadReport, Sequential, StateDict};
use rand::Rng;

use super::{AlexNet, Darknet19, Darknet53, GoogLeNet, ResNet, Vgg};
use crate::LeNet5;

/// A network that gives a score to each class: a backbone that makes features of pictures, and a head that makes scores
/// of features.
///
/// What it learned on one task serves another: keep the backbone, replace the head, freeze as much as the new examples
/// are too few for, and train on.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = ResNet::<f32>::resnet20(10, &mut rng);
/// // … trained, or loaded.
/// model.replace_head(3, &mut rng);
/// assert_eq!(model.classes(), 3);
///
/// // The last stage of blocks and the new head learn, all before keeps its values.
/// model.freeze_through("layer2.2");
/// let mut sgd = Sgd::new(model.parameters(), 0.01).momentum(0.9);
/// let tape = Tape::training(0);
/// let logits = model.forward(&tape.constant(Tensor::ones([4, 3, 32, 32])));
/// sgd.step(&logits.cross_entropy(&Indices::from_vec([4], vec![0, 1, 2, 0])).backward());
/// ```
pub trait Classifier<T: Float>: Layer<T> {
    /// The paths of the layers that give the scores: the head, then those of auxiliary heads.
    fn heads(&self) -> Vec<&'static str>;

    /// The number of classes.
    fn classes(&self) -> usize;

    /// Puts new layers, for this number of classes, in the place of the [`heads`](Self::heads). They take the features
    /// the old ones took, have a bias where those had one, begin with PyTorch's first values, and are not frozen. All
    /// else stays.
    ///
    /// # Panics
    /// If there are no classes.
    #[track_caller]
    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng);

    /// Loads a state dict of the same network for other classes: all but the heads, strictly. They keep their values,
    /// and what the file has of them is not read.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let bytes = ResNet::<f32>::resnet20(100, &mut rng).to_bytes();
    /// let model = ResNet::<f32>::resnet20(10, &mut rng);
    /// let report = model.load_backbone(StateDict::from_bytes(&bytes)?)?;
    /// assert!(report.loaded.iter().all(|name| !name.starts_with("fc.")));
    /// # Ok::<(), wengert::nn::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// The file does not fit the backbone, or cannot be read. The network is then unchanged.
    fn load_backbone(&self, file: StateDict<'_>) -> Result<LoadReport, LoadError> {
        self.heads().into_iter().fold(file, StateDict::except).load_into(self)
    }
}

/// A linear layer like an old one, for other classes.
#[track_caller]
fn linear_like<T: Float>(old: &Linear<T>, classes: usize, rng: &mut dyn Rng) -> Linear<T> {
    LinearConfig::new(old.weight.shape()[1], classes).bias(old.bias.is_some()).init(rng)
}

/// A convolution 1×1 like an old one, for other classes.
#[track_caller]
fn pointwise_like<T: Float>(old: &Conv2d<T>, classes: usize, rng: &mut dyn Rng) -> Conv2d<T> {
    Conv2dConfig::new(old.weight.shape()[1], classes, 1).bias(old.bias.is_some()).init(rng)
}

/// The last layer of AlexNet and VGG, in their chain of linear layers.
const LAST: &str = "6";

fn last<T: Float>(classifier: &Sequential<T>) -> &Linear<T> {
    let layer = classifier.get(LAST).expect("the classifier has a last layer");
    layer.downcast_ref().expect("the classifier ends in a linear layer")
}

#[track_caller]
fn replace_last<T: Float>(classifier: &mut Sequential<T>, classes: usize, rng: &mut dyn Rng) {
    let layer = linear_like(last(classifier), classes, rng);
    classifier.replace(LAST, layer);
}

/// The head is `output`.
impl<T: Float> Classifier<T> for LeNet5<T> {
    fn heads(&self) -> Vec<&'static str> {
        vec!["output"]
    }

    fn classes(&self) -> usize {
        self.output.weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        self.output = linear_like(&self.output, classes, rng);
    }
}

/// The head is the last linear layer.
///
/// ```
/// use wengert::models::vision::*;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = AlexNetConfig::one_column().hidden(32).init::<f32>(&mut rng);
/// model.replace_head(3, &mut rng);
/// model.freeze_through("features.12");
/// let x = Tensor::zeros([1, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [1, 3]);
/// assert_eq!(model.features(&x, &["features.11"])[0].shape(), [1, 256, 3, 3]);
/// ```
impl<T: Float> Classifier<T> for AlexNet<T> {
    fn heads(&self) -> Vec<&'static str> {
        vec!["classifier.6"]
    }

    fn classes(&self) -> usize {
        last(&self.classifier).weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        replace_last(&mut self.classifier, classes, rng);
    }
}

/// The head is the last linear layer.
///
/// ```
/// use wengert::models::vision::*;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = VggConfig::vgg11().hidden(32).init::<f32>(&mut rng);
/// model.replace_head(3, &mut rng);
/// model.freeze_through("features.20");
/// let x = Tensor::zeros([1, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [1, 3]);
/// assert_eq!(model.features(&x, &["features.19"])[0].shape(), [1, 512, 4, 4]);
/// ```
impl<T: Float> Classifier<T> for Vgg<T> {
    fn heads(&self) -> Vec<&'static str> {
        vec!["classifier.6"]
    }

    fn classes(&self) -> usize {
        last(&self.classifier).weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        replace_last(&mut self.classifier, classes, rng);
    }
}

/// The head is `fc`.
///
/// ```
/// use wengert::models::vision::*;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = ResNetConfig::resnet18().init::<f32>(&mut rng);
/// model.replace_head(3, &mut rng);
/// model.freeze_through("layer3.1");
/// let x = Tensor::zeros([1, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [1, 3]);
/// assert_eq!(model.features(&x, &["layer4.1"])[0].shape(), [1, 512, 2, 2]);
/// ```
impl<T: Float> Classifier<T> for ResNet<T> {
    fn heads(&self) -> Vec<&'static str> {
        vec!["fc"]
    }

    fn classes(&self) -> usize {
        self.fc.weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        self.fc = linear_like(&self.fc, classes, rng);
    }
}

/// The head is `fc`; the auxiliary heads get other classes too. `freeze_through` does not reach these: they are no stages.
///
/// ```
/// use wengert::models::vision::*;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = GoogLeNetConfig::torchvision().init::<f32>(&mut rng);
/// model.replace_head(3, &mut rng);
/// model.freeze_through("inception4e");
/// let x = Tensor::zeros([1, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [1, 3]);
/// assert_eq!(model.features(&x, &["inception5b"])[0].shape(), [1, 1024, 2, 2]);
/// ```
impl<T: Float> Classifier<T> for GoogLeNet<T> {
    fn heads(&self) -> Vec<&'static str> {
        let auxiliary = [(&self.aux1, "aux1.fc2"), (&self.aux2, "aux2.fc2")];
        let auxiliary = auxiliary.into_iter().filter(|(head, _)| head.is_some()).map(|(_, path)| path);
        std::iter::once("fc").chain(auxiliary).collect()
    }

    fn classes(&self) -> usize {
        self.fc.weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        self.fc = linear_like(&self.fc, classes, rng);
        for head in [&mut self.aux1, &mut self.aux2].into_iter().flatten() {
            head.fc2 = linear_like(&head.fc2, classes, rng);
        }
    }
}

/// The head is the convolution 1×1 before the mean over all places.
///
/// ```
/// use wengert::models::vision::*;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = Darknet19Config::new(1000).width(0.1).init::<f32>(&mut rng);
/// model.replace_head(3, &mut rng);
/// model.freeze_through("backbone.stages.4.4");
/// let x = Tensor::zeros([1, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [1, 3]);
/// assert_eq!(model.features(&x, &["backbone.stages.5.4"])[0].shape(), [1, 102, 2, 2]);
/// ```
impl<T: Float> Classifier<T> for Darknet19<T> {
    fn heads(&self) -> Vec<&'static str> {
        vec!["classifier"]
    }

    fn classes(&self) -> usize {
        self.classifier.weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        self.classifier = pointwise_like(&self.classifier, classes, rng);
    }
}

/// The head is the linear layer after the mean over all places.
///
/// ```
/// use wengert::models::vision::*;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut model = Darknet53Config::new(1000).width(0.1).init::<f32>(&mut rng);
/// model.replace_head(3, &mut rng);
/// model.freeze_through("backbone.stages.3.blocks.7");
/// let x = Tensor::zeros([1, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [1, 3]);
/// assert_eq!(model.features(&x, &["backbone.stages.4.blocks.3"])[0].shape(), [1, 102, 2, 2]);
/// ```
impl<T: Float> Classifier<T> for Darknet53<T> {
    fn heads(&self) -> Vec<&'static str> {
        vec!["classifier"]
    }

    fn classes(&self) -> usize {
        self.classifier.weight.shape()[0]
    }

    fn replace_head(&mut self, classes: usize, rng: &mut dyn Rng) {
        self.classifier = linear_like(&self.classifier, classes, rng);
    }
}
