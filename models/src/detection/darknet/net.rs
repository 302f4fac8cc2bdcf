//! The network that a `.cfg` file describes.

use autodiff::{Float, Interpolate, Pool2d, Tensor};
use nn::{
    Activation, BatchNorm2d, BatchNormConfig, Buffer, Conv2d, Conv2dConfig, Init, Layer, Linear,
    LinearConfig, Module,
};
use rand::Rng;

use super::{Cfg, MaxPoolOptions, Section, reorg, reorg_reverse};
use crate::stages::Wanted;

/// What Darknet adds where batch normalization divides by a deviation. It matters for channels of small variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Epsilon {
    /// (x − μ) / √(σ² + 10⁻⁵): Darknet on a graphics card, where the published weights were trained, and PyTorch.
    #[default]
    Inside,
    /// (x − μ) / (√σ² + 10⁻⁶): Darknet on a processor, in evaluation.
    Outside,
}

/// A network that was read from a [`Cfg`]: a graph of layers, of which some read others than the one before.
///
/// As a [`Layer`] it gives what the last layer gives: [batch, channels, height, width], or [batch, outputs] after a
/// connected layer or the mean of each channel. A detector's [heads](Self::heads) are asked for together. Heads give
/// the maps as they are: what is logistic or exponential in them is left to whoever decodes them.
///
/// Pictures of other sizes than the file's are taken as long as the layers fit; a connected layer fits one size.
/// In training batch normalization learns its statistics with Darknet's momentum, 0.01.
///
/// The parameters are named by their layer, as `layers.3.conv.weight`, `layers.3.bn.bias`, `layers.30.linear.weight`.
///
/// ```
/// use wengert::models::detection::darknet::Cfg;
/// use wengert::prelude::*;
///
/// let text = "[net]
///     width=8
///     height=8
///     channels=1
///     [convolutional]
///     filters=4
///     size=3
///     pad=1
///     activation=leaky
///     [avgpool]
///     [connected]
///     output=10
///     activation=linear
///     [softmax]";
/// let net = Cfg::parse(text)?.init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// let p = net.forward(&Tensor::zeros([2, 1, 8, 8]));
/// assert_eq!(p.shape(), [2, 10]);
/// assert!((p.sum(1) - 1.0).abs().max(..).item() < 1e-6);
/// # Ok::<(), wengert::models::detection::darknet::CfgError>(())
/// ```
///
/// # Panics
/// In `forward`, if the input is not [batch, channels, height, width] with the file's channels, or a layer does not
/// fit its size.
#[derive(Clone, Debug, Module)]
pub struct DarknetNet<T: Float = f32> {
    pub(super) layers: Vec<Node<T>>,
    #[module(skip)]
    cfg: Cfg,
    #[module(skip)]
    epsilon: Epsilon,
    /// By layer: the last one that reads it.
    #[module(skip)]
    last_readers: Vec<usize>,
}

/// What a layer of a network learns.
#[derive(Clone, Debug, Module)]
pub(super) struct Node<T: Float> {
    pub(super) conv: Option<Conv2d<T>>,
    pub(super) linear: Option<Linear<T>>,
    pub(super) bn: Option<BatchNorm2d<T>>,
}

/// What a head of a detector gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeadOutput<'a, T: Float = f32> {
    /// The number of its layer.
    pub layer: usize,
    /// What the file says of it: [`Section::Region`], [`Section::Yolo`] or [`Section::Detection`].
    pub section: &'a Section,
    /// The map as the layer before gives it: [batch, channels, height, width], or [batch, outputs] after a connected
    /// layer.
    pub map: Tensor<T>,
}

impl<T: Float> DarknetNet<T> {
    pub(super) fn build(cfg: &Cfg, rng: &mut (impl Rng + ?Sized)) -> Self {
        let layers = cfg.layers().iter().map(|layer| Node::of(layer.section(), layer.input(), rng)).collect();
        let mut last_readers: Vec<usize> = (1..=cfg.layers().len()).collect();
        for (at, layer) in cfg.layers().iter().enumerate() {
            match layer.section() {
                Section::Route(route) => route.layers.iter().for_each(|&read| last_readers[read] = at),
                Section::Shortcut(shortcut) => last_readers[shortcut.from] = at,
                _ => {}
            }
        }
        Self { layers, cfg: cfg.clone(), epsilon: Epsilon::default(), last_readers }
    }

    /// What it was built from.
    pub fn cfg(&self) -> &Cfg {
        &self.cfg
    }

    /// The same network with another ε in evaluation (default: [`Epsilon::Inside`]).
    pub fn epsilon(mut self, epsilon: Epsilon) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// What the heads of a detector give, in order; nothing where there are none.
    ///
    /// # Panics
    /// As `forward`.
    #[track_caller]
    pub fn heads(&self, x: &Tensor<T>) -> Vec<HeadOutput<'_, T>> {
        let mut heads = Vec::new();
        self.run(x, |layer, map| {
            let section = self.cfg.layers()[layer].section();
            if section.is_head() {
                heads.push(HeadOutput { layer, section, map: self.as_features(layer, map) });
            }
        });
        heads
    }

    /// The outputs of the layers of these numbers, in the order of the numbers. As inside the network they have four
    /// axes, [batch, channels, height, width].
    ///
    /// # Panics
    /// As `forward`, or if there is no such layer.
    #[track_caller]
    pub fn outputs(&self, x: &Tensor<T>, layers: &[usize]) -> Vec<Tensor<T>> {
        let n = self.layers.len();
        if let Some(layer) = layers.iter().find(|layer| **layer >= n) {
            panic!("DarknetNet::outputs: there is no layer {layer}, there are {n}");
        }
        let mut found = Wanted::new(layers);
        self.run(x, |layer, output| found.pass(layer, output));
        found.into_outputs()
    }

    /// Calls the function with each layer's number and output, and gives the last output.
    #[track_caller]
    fn run(&self, x: &Tensor<T>, mut each: impl FnMut(usize, &Tensor<T>)) -> Tensor<T> {
        assert!(
            x.ndim() == 4 && x.shape()[1] == self.cfg.net().channels,
            "DarknetNet: the input {:?} is not [batch, {}, height, width]",
            x.shape(),
            self.cfg.net().channels
        );
        let mut outputs: Vec<Option<Tensor<T>>> = Vec::with_capacity(self.layers.len());
        let mut last = x.clone();
        for (at, node) in self.layers.iter().enumerate() {
            let of = |layer: usize| outputs[layer].as_ref().expect("it is kept until its last reader");
            let y = match self.cfg.layers()[at].section() {
                Section::Route(route) if route.groups == 1 && route.layers.len() == 1 => {
                    of(route.layers[0]).clone()
                }
                Section::Route(route) => {
                    let parts: Vec<Tensor<T>> = route
                        .layers
                        .iter()
                        .map(|&layer| {
                            let size = of(layer).shape()[1] / route.groups;
                            of(layer).narrow(1, (route.group_id * size) as isize, size)
                        })
                        .collect();
                    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 1)
                }
                Section::Shortcut(shortcut) => shortcut.activation.forward(&(&last + of(shortcut.from))),
                section => node.forward(section, self.epsilon, &last),
            };
            each(at, &y);
            outputs.push(Some(y.clone()));
            for (output, _) in outputs.iter_mut().zip(&self.last_readers).filter(|(_, last)| **last == at) {
                *output = None;
            }
            last = y;
        }
        last
    }

    /// The output of a layer without the axes of height and width, if it has none whatever the pictures' size: because
    /// it comes from a connected layer or the mean of each channel.
    fn as_features(&self, layer: usize, output: &Tensor<T>) -> Tensor<T> {
        let chain = self.cfg.layers()[..=layer].iter().rev().take_while(|layer| {
            let joins = matches!(layer.section(), Section::Route(_) | Section::Shortcut(_));
            layer.output()[1..] == [1, 1] && !joins
        });
        let is_source = |section: &Section| matches!(section, Section::Connected(_) | Section::AvgPool);
        if !chain.into_iter().any(|layer| is_source(layer.section())) {
            return output.clone();
        }
        output.reshape([output.shape()[0], output.shape()[1]])
    }
}

impl<T: Float> Layer<T> for DarknetNet<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let last = self.run(x, |_, _| {});
        self.as_features(self.layers.len() - 1, &last)
    }
}

impl<T: Float> Node<T> {
    fn of(section: &Section, [channels, height, width]: [usize; 3], rng: &mut (impl Rng + ?Sized)) -> Self {
        let normalization = |yes: bool, n| yes.then(|| BatchNormConfig::new(n).momentum(0.01).init());
        match section {
            Section::Convolutional(options) => {
                let conv = Conv2dConfig::new(channels, options.filters, options.size)
                    .stride(options.stride)
                    .padding(options.padding)
                    .groups(options.groups)
                    .bias(!options.batch_normalize)
                    .weight_init(Init::he_normal())
                    .bias_init(Init::zeros());
                let bn = normalization(options.batch_normalize, options.filters);
                Self { conv: Some(conv.init(rng)), linear: None, bn }
            }
            Section::Connected(options) => {
                let inputs = channels * height * width;
                let bound = (2.0 / inputs as f64).sqrt();
                let linear = LinearConfig::new(inputs, options.output)
                    .bias(!options.batch_normalize)
                    .weight_init(Init::uniform(-bound, bound))
                    .bias_init(Init::zeros());
                let bn = normalization(options.batch_normalize, options.output);
                Self { conv: None, linear: Some(linear.init(rng)), bn }
            }
            _ => Self { conv: None, linear: None, bn: None },
        }
    }

    #[track_caller]
    fn forward(&self, section: &Section, epsilon: Epsilon, x: &Tensor<T>) -> Tensor<T> {
        match section {
            Section::Convolutional(options) => {
                let conv = self.conv.as_ref().expect("a convolution has one");
                let activation = options.activation;
                let slope = activation.rectifier_slope();
                match (&self.bn, slope) {
                    (Some(bn), Some(slope)) if !(epsilon == Epsilon::Outside && evaluates(bn, x)) => {
                        bn.forward_after(conv, x, None, slope)
                    }
                    (None, Some(slope)) => conv.forward_rectified(x, None, slope),
                    _ => self.activated(activation, epsilon, &conv.forward(x)),
                }
            }
            Section::Connected(options) => {
                let linear = self.linear.as_ref().expect("a connected layer has one");
                let y = linear.forward(&x.flatten_from(1));
                let y = y.reshape([y.shape()[0], y.shape()[1], 1, 1]);
                self.activated(options.activation, epsilon, &y)
            }
            Section::MaxPool(pool) => max_pool(x, pool),
            Section::AvgPool => x.adaptive_avg_pool2d(1),
            Section::Upsample(options) => {
                let y = x.interpolate(Interpolate::scale_factor(options.stride as f64));
                if options.scale == 1.0 { y } else { y * options.scale }
            }
            Section::Reorg(options) if options.reverse => reorg_reverse(x, options.stride),
            Section::Reorg(options) => reorg(x, options.stride),
            Section::Dropout(options) => nn::Dropout::new(options.probability).forward(x),
            Section::Softmax(options) => {
                let n = x.shape()[1..].iter().product::<usize>() / options.groups;
                let apart = x.reshape([x.shape()[0], options.groups, n]);
                (apart / options.temperature).softmax(-1).reshape(x.shape())
            }
            Section::Cost | Section::Region(_) | Section::Yolo(_) | Section::Detection(_) => x.clone(),
            Section::Route(_) | Section::Shortcut(_) => {
                unreachable!("they read others than the layer before")
            }
        }
    }

    #[track_caller]
    fn activated(&self, activation: Activation, epsilon: Epsilon, y: &Tensor<T>) -> Tensor<T> {
        match &self.bn {
            Some(bn) if epsilon == Epsilon::Outside && evaluates(bn, y) => {
                activation.forward(&outside(bn, y))
            }
            Some(bn) => match activation.rectifier_slope() {
                Some(slope) => bn.forward_rectified(y, None, slope),
                None => activation.forward(&bn.forward(y)),
            },
            None => activation.forward(y),
        }
    }
}

/// Whether a batch normalization uses its running statistics for this input.
fn evaluates<T: Float>(bn: &BatchNorm2d<T>, x: &Tensor<T>) -> bool {
    let frozen = bn.running_mean.as_ref().is_some_and(Buffer::is_frozen);
    frozen || !x.tape().is_some_and(|tape| tape.is_training())
}

/// w·(x − μ)/(√σ² + 10⁻⁶) + b by channel.
#[track_caller]
fn outside<T: Float>(bn: &BatchNorm2d<T>, x: &Tensor<T>) -> Tensor<T> {
    let (mean, var) = (bn.running_mean.as_ref(), bn.running_var.as_ref());
    let [mean, var] = Buffer::values([mean.expect("it is tracked"), var.expect("it is tracked")]);
    let [weight, bias] =
        [&bn.weight, &bn.bias].map(|parameter| parameter.as_ref().expect("it is affine").on_tape_of(x));
    let scale = weight / (var.sqrt() + 1e-6);
    let shift = bias - mean * &scale;
    let by_channel = [1, scale.len(), 1, 1];
    x * scale.reshape(by_channel) + shift.reshape(by_channel)
}

/// The maximum of each window, with Darknet's border: see [`MaxPoolOptions`].
#[track_caller]
fn max_pool<T: Float>(x: &Tensor<T>, pool: &MaxPoolOptions) -> Tensor<T> {
    let before = pool.padding / 2;
    // What has to stand after an axis of n elements so that as many windows fit as Darknet counts; negative where the
    // last elements are in none.
    let after = |n: usize| {
        let windows = (n + pool.padding).checked_sub(pool.size).map_or(0, |steps| steps / pool.stride + 1);
        let end = windows.max(1) * pool.stride + pool.size - pool.stride;
        end as isize - (before + n) as isize
    };
    let (rows, columns) = (after(x.shape()[2]), after(x.shape()[3]));
    let window = Pool2d::new(pool.size).stride(pool.stride);
    if before == 0 && rows <= 0 && columns <= 0 {
        return x.max_pool2d(window);
    }
    let border = before as isize;
    x.pad([(0, 0), (0, 0), (border, rows), (border, columns)], f64::NEG_INFINITY).max_pool2d(window)
}
