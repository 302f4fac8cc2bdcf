//! GoogLeNet, the first Inception network.

mod auxiliary;
mod config;
mod inception;

use autodiff::{Float, Indices, Tensor};
use nn::{AdaptiveAvgPool2d, Dropout, Flatten, Layer, Linear, LocalResponseNorm, MaxPool2d, Module};

pub use self::auxiliary::InceptionAux;
pub use self::config::GoogLeNetConfig;
pub use self::inception::{BasicConv2d, Inception, InceptionConfig};
use crate::{Stage, Stages};

/// GoogLeNet, for pictures of 224×224 and others of at least 31×31, in torchvision's form 15×15:
/// [batch, channels, height, width] to logits [batch, classes].
///
/// Three convolutions, nine [`Inception`] modules with reductions, the mean over all places, dropout and a linear layer.
/// In training, two auxiliary heads look at the maps in the middle, so that gradients reach the first layers by a
/// shorter way: [`outputs`](Self::outputs) gives their logits too, and [`GoogLeNetOutputs::loss`] the weighted loss. In
/// evaluation they are not computed.
///
/// | form | parameters | without heads | multiply-adds, 224×224, without heads |
/// | --- | --- | --- | --- |
/// | the paper's | 13,378,280 | 6,998,552 | 1.583·10⁹ |
/// | torchvision's | 13,004,888 | 6,624,904 | 1.498·10⁹ |
///
/// For 1000 classes. The paper's has biases, local response normalization behind the first two groups of convolutions,
/// and 5×5 filters. The paper does not say how its weights start: here as N(0, 2/fan_in), biases as 0. torchvision's has
/// batch normalization behind each convolution, and 3×3 in the place of 5×5; its weights start in a normal distribution
/// with σ = 0.01 between −2 and 2. Both have torchvision's names, as far as they have the same layers.
///
/// After Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke and Rabinovich, "Going deeper with convolutions"
/// (2014).
///
/// ```
/// use wengert::prelude::*;
///
/// let model = GoogLeNet::<f32>::torchvision(10, &mut ChaCha8Rng::seed_from_u64(0));
/// let x = Tensor::zeros([2, 3, 64, 64]);
/// assert_eq!(model.forward(&x).shape(), [2, 10]);
///
/// let outputs = model.outputs(&Tape::training(0).constant(&x));
/// assert_eq!(outputs.aux_logits1.as_ref().unwrap().shape(), [2, 10]);
/// let grads = outputs.loss(&Indices::from_vec([2], vec![3, 7])).backward();
/// assert!(model.parameters().iter().all(|parameter| grads.get(parameter).is_some()));
/// ```
///
/// # Panics
/// In `forward` and `outputs`, if the pictures are smaller or have another number of channels.
#[derive(Clone, Debug, Module)]
pub struct GoogLeNet<T: Float = f32> {
    transform_input: Option<TransformInput>,
    /// 7×7 with stride 2.
    pub conv1: BasicConv2d<T>,
    /// 3×3 with stride 2.
    pub maxpool1: MaxPool2d,
    /// Behind `maxpool1`, in the paper's form.
    pub norm1: Option<LocalResponseNorm>,
    /// 1×1.
    pub conv2: BasicConv2d<T>,
    /// 3×3.
    pub conv3: BasicConv2d<T>,
    /// Behind `conv3`, in the paper's form.
    pub norm2: Option<LocalResponseNorm>,
    /// 3×3 with stride 2.
    pub maxpool2: MaxPool2d,
    /// From 192 channels to 256.
    pub inception3a: Inception<T>,
    /// To 480.
    pub inception3b: Inception<T>,
    /// 3×3 with stride 2.
    pub maxpool3: MaxPool2d,
    /// To 512 channels; the first auxiliary head looks at them.
    pub inception4a: Inception<T>,
    /// To 512.
    pub inception4b: Inception<T>,
    /// To 512.
    pub inception4c: Inception<T>,
    /// To 528; the second auxiliary head looks at them.
    pub inception4d: Inception<T>,
    /// To 832.
    pub inception4e: Inception<T>,
    /// With stride 2: 3×3, in torchvision 2×2.
    pub maxpool4: MaxPool2d,
    /// To 832 channels.
    pub inception5a: Inception<T>,
    /// To 1024.
    pub inception5b: Inception<T>,
    /// The head at `inception4a`, the paper's softmax0.
    pub aux1: Option<InceptionAux<T>>,
    /// The head at `inception4d`, the paper's softmax1.
    pub aux2: Option<InceptionAux<T>>,
    /// The mean over all places.
    pub avgpool: AdaptiveAvgPool2d,
    /// Before the linear layer.
    pub dropout: Dropout,
    /// From 1024 features to the classes.
    pub fc: Linear<T>,
}

impl<T: Float> GoogLeNet<T> {
    /// The logits and, on a training tape and if there are auxiliary heads, theirs.
    #[track_caller]
    pub fn outputs(&self, x: &Tensor<T>) -> GoogLeNetOutputs<T> {
        let trains = x.tape().is_some_and(|tape| tape.is_training());
        let _stages = x.tape().map(|tape| tape.scope(""));
        let (mut aux_logits1, mut aux_logits2) = (None, None);
        let mut x = x.clone();
        for Stage { name, layer } in self.stages() {
            x = layer.forward_in(&name, &x);
            match name.as_str() {
                "inception4a" if trains => {
                    aux_logits1 = self.aux1.as_ref().map(|head| head.forward_in("aux1", &x));
                }
                "inception4d" if trains => {
                    aux_logits2 = self.aux2.as_ref().map(|head| head.forward_in("aux2", &x));
                }
                _ => {}
            }
        }
        GoogLeNetOutputs { logits: x, aux_logits2, aux_logits1 }
    }
}

/// The logits alone, on a training tape too: [`GoogLeNet::outputs`] gives those of the auxiliary heads.
impl<T: Float> Layer<T> for GoogLeNet<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.chain(x)
    }
}

/// The fields in their order, but for the auxiliary heads; `flatten` stands behind `avgpool`.
impl<T: Float> Stages<T> for GoogLeNet<T> {
    fn stages(&self) -> Vec<Stage<'_, T>> {
        const FLATTEN: Flatten = Flatten::new();
        let mut stages = Vec::new();
        stages.extend(self.transform_input.iter().map(|layer| Stage::new("transform_input", layer)));
        stages.push(Stage::new("conv1", &self.conv1));
        stages.push(Stage::new("maxpool1", &self.maxpool1));
        stages.extend(self.norm1.iter().map(|norm| Stage::new("norm1", norm)));
        stages.push(Stage::new("conv2", &self.conv2));
        stages.push(Stage::new("conv3", &self.conv3));
        stages.extend(self.norm2.iter().map(|norm| Stage::new("norm2", norm)));
        stages.push(Stage::new("maxpool2", &self.maxpool2));
        stages.push(Stage::new("inception3a", &self.inception3a));
        stages.push(Stage::new("inception3b", &self.inception3b));
        stages.push(Stage::new("maxpool3", &self.maxpool3));
        stages.push(Stage::new("inception4a", &self.inception4a));
        stages.push(Stage::new("inception4b", &self.inception4b));
        stages.push(Stage::new("inception4c", &self.inception4c));
        stages.push(Stage::new("inception4d", &self.inception4d));
        stages.push(Stage::new("inception4e", &self.inception4e));
        stages.push(Stage::new("maxpool4", &self.maxpool4));
        stages.push(Stage::new("inception5a", &self.inception5a));
        stages.push(Stage::new("inception5b", &self.inception5b));
        stages.push(Stage::new("avgpool", &self.avgpool));
        stages.push(Stage::new("flatten", &FLATTEN));
        stages.push(Stage::new("dropout", &self.dropout));
        stages.push(Stage::new("fc", &self.fc));
        stages
    }
}

/// What a [`GoogLeNet`] gives in training.
#[derive(Clone, Debug)]
pub struct GoogLeNetOutputs<T: Float = f32> {
    /// Of the whole network.
    pub logits: Tensor<T>,
    /// Of the head at `inception4d`, if there is one and the tape trains.
    pub aux_logits2: Option<Tensor<T>>,
    /// Of the head at `inception4a`, if there is one and the tape trains.
    pub aux_logits1: Option<Tensor<T>>,
}

impl<T: Float> GoogLeNetOutputs<T> {
    /// The share of each auxiliary head's loss, of the paper's section 5.
    pub const AUX_WEIGHT: f64 = 0.3;

    /// The cross entropy of the logits, plus 0.3 times that of each auxiliary head's that is there.
    ///
    /// # Panics
    /// If the labels are not as many as the pictures, or one is no class.
    #[track_caller]
    pub fn loss(&self, labels: &Indices) -> Tensor<T> {
        // Not by `loss_with`, so that a panic tells the caller's line.
        let mut loss = self.logits.cross_entropy(labels);
        for logits in self.auxiliary() {
            loss = loss + logits.cross_entropy(labels) * Self::AUX_WEIGHT;
        }
        loss
    }

    /// The same of any loss.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let model = GoogLeNet::<f32>::torchvision(2, &mut ChaCha8Rng::seed_from_u64(0));
    /// let outputs = model.outputs(&Tape::training(0).constant(Tensor::zeros([2, 3, 64, 64])));
    /// assert!((outputs.loss_with(|_| Tensor::scalar(1.0)).item() - 1.6).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// If the losses have shapes that do not broadcast.
    #[track_caller]
    pub fn loss_with(&self, loss: impl Fn(&Tensor<T>) -> Tensor<T>) -> Tensor<T> {
        let mut sum = loss(&self.logits);
        for logits in self.auxiliary() {
            sum = sum + loss(logits) * Self::AUX_WEIGHT;
        }
        sum
    }

    fn auxiliary(&self) -> impl Iterator<Item = &Tensor<T>> {
        self.aux_logits1.iter().chain(&self.aux_logits2)
    }
}

/// Pictures prepared for torchvision's other networks as those are that the published weights were trained with:
/// (2x − 1) of the colours, whose means and deviations are taken out again.
#[derive(Clone, Copy, Debug, Module)]
struct TransformInput;

impl<T: Float> Layer<T> for TransformInput {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let by_channel = |values: [f64; 3]| Tensor::from_vec([3, 1, 1], values.map(T::from_f64).to_vec());
        let scale = by_channel([0.229 / 0.5, 0.224 / 0.5, 0.225 / 0.5]);
        let shift = by_channel([0.485, 0.456, 0.406].map(|mean| (mean - 0.5) / 0.5));
        x * scale + shift
    }
}
