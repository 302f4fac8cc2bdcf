//! The modules that GoogLeNet is made of.

use autodiff::{Float, Pool2d, Tensor};
use nn::{
    BatchNorm2d, BatchNormConfig, ConfigError, Conv2d, Conv2dConfig, Init, Layer, MaxPool2d, Module,
    Sequential,
};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::configured::{expect, positive, wrong};

/// A convolution and a ReLU, with batch normalization between them or not.
#[derive(Clone, Debug, Module)]
pub struct BasicConv2d<T: Float = f32> {
    /// The convolution, which has a bias where there is no normalization.
    pub conv: Conv2d<T>,
    /// The normalization, with ε = 0.001 as in torchvision.
    pub bn: Option<BatchNorm2d<T>>,
}

impl<T: Float> BasicConv2d<T> {
    /// From the convolution's configuration, whose bias and first values are overwritten.
    pub(super) fn try_init(
        config: Conv2dConfig,
        outputs: usize,
        batch_norm: bool,
        weight_init: Init,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, ConfigError> {
        let config = config.bias(!batch_norm).weight_init(weight_init).bias_init(Init::zeros());
        let bn = match batch_norm {
            true => Some(BatchNormConfig::new(outputs).eps(0.001).try_init()?),
            false => None,
        };
        Ok(Self { conv: config.try_init(rng)?, bn })
    }
}

impl<T: Float> Layer<T> for BasicConv2d<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        match &self.bn {
            Some(bn) => bn.forward_after(&self.conv, x, None, 0.0),
            None => self.conv.forward_rectified(x, None, 0.0),
        }
    }
}

/// An Inception module: convolutions 1×1, 3×3 and 5×5 and a maximum of 3×3, side by side on the same input, their
/// channels joined. Height and width stay.
///
/// With reductions, convolutions 1×1 to few channels stand before the larger ones, and one behind the maximum. They are
/// what makes the module affordable: on 28×28 places of 192 channels, 32 filters of 5×5 take 28²·32·5²·192 ≈ 120·10⁶
/// multiplications, with a reduction to 16 channels 28²·16·192 + 28²·32·5²·16 ≈ 12·10⁶.
///
/// Each convolution is followed by a ReLU. After Szegedy et al., "Going deeper with convolutions" (2014), figure 2. With
/// reductions the parameters have torchvision's names.
///
/// ```
/// use wengert::models::vision::InceptionConfig;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let x = Tensor::zeros([1, 192, 28, 28]);
/// // The paper's module 3a, with reductions and without.
/// let reduced = InceptionConfig::reduced(192, 64, [96, 128], [16, 32], 32).init::<f32>(&mut rng);
/// assert_eq!(reduced.forward(&x).shape(), [1, 64 + 128 + 32 + 32, 28, 28]);
/// let naive = InceptionConfig::naive(192, 64, 128, 32).init::<f32>(&mut rng);
/// assert_eq!(naive.forward(&x).shape(), [1, 64 + 128 + 32 + 192, 28, 28]);
///
/// let multiply_adds = |model: &dyn Layer<f32>| wengert::nn::summary(model, &x).get("branch3").unwrap().flops / 2;
/// assert!((120e6..122e6).contains(&(multiply_adds(&naive) as f64)));
/// assert!((12e6..13e6).contains(&(multiply_adds(&reduced) as f64)));
/// ```
///
/// # Panics
/// In `forward`, if the input is not [batch, channels, height, width] with the module's channels.
#[derive(Clone, Debug, Module)]
pub struct Inception<T: Float = f32> {
    /// 1×1.
    pub branch1: BasicConv2d<T>,
    /// 1×1 if it is reduced, 3×3.
    pub branch2: Sequential<T>,
    /// 1×1 if it is reduced, 5×5.
    pub branch3: Sequential<T>,
    /// The maximum of 3×3, and 1×1 if it is reduced.
    pub branch4: Sequential<T>,
}

impl<T: Float> Layer<T> for Inception<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let branches = [
            self.branch1.forward(x),
            self.branch2.forward_in("branch2", x),
            self.branch3.forward_in("branch3", x),
            self.branch4.forward_in("branch4", x),
        ];
        Tensor::concat(&branches.each_ref(), 1)
    }
}

/// What an [`Inception`] module is built from.
///
/// ```
/// use wengert::models::vision::InceptionConfig;
///
/// let file = r#"{"in_channels": 192, "ch1x1": 64, "ch3x3_reduce": 96, "ch3x3": 128, "ch5x5_reduce": 16, "ch5x5": 32,
///     "pool_proj": 32}"#;
/// let config: InceptionConfig = serde_json::from_str(file)?;
/// assert_eq!(config, InceptionConfig::reduced(192, 64, [96, 128], [16, 32], 32));
/// assert_eq!(config.out_channels(), 256);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InceptionConfig {
    in_channels: usize,
    ch1x1: usize,
    #[serde(default)]
    ch3x3_reduce: Option<usize>,
    ch3x3: usize,
    #[serde(default)]
    ch5x5_reduce: Option<usize>,
    ch5x5: usize,
    #[serde(default)]
    pool_proj: Option<usize>,
    #[serde(default = "five")]
    branch3_kernel: usize,
    #[serde(default)]
    batch_norm: bool,
    #[serde(default = "Init::he_normal")]
    weight_init: Init,
}

fn five() -> usize {
    5
}

impl InceptionConfig {
    /// Without reductions, by the output channels of the convolutions.
    pub fn naive(in_channels: usize, ch1x1: usize, ch3x3: usize, ch5x5: usize) -> Self {
        Self {
            in_channels,
            ch1x1,
            ch3x3_reduce: None,
            ch3x3,
            ch5x5_reduce: None,
            ch5x5,
            pool_proj: None,
            branch3_kernel: five(),
            batch_norm: false,
            weight_init: Init::he_normal(),
        }
    }

    /// With reductions: before 3×3 and 5×5, whose channels are given as [reduced, output], and behind the maximum. The
    /// numbers stand as in the rows of the paper's table 1.
    pub fn reduced(
        in_channels: usize,
        ch1x1: usize,
        [ch3x3_reduce, ch3x3]: [usize; 2],
        [ch5x5_reduce, ch5x5]: [usize; 2],
        pool_proj: usize,
    ) -> Self {
        Self {
            ch3x3_reduce: Some(ch3x3_reduce),
            ch5x5_reduce: Some(ch5x5_reduce),
            pool_proj: Some(pool_proj),
            ..Self::naive(in_channels, ch1x1, ch3x3, ch5x5)
        }
    }

    /// The extent of the largest kernel, odd (default: 5). torchvision's, and its files, have 3 by mistake.
    pub fn branch3_kernel(mut self, extent: usize) -> Self {
        self.branch3_kernel = extent;
        self
    }

    /// Whether batch normalization stands between each convolution and its ReLU (default: no).
    pub fn batch_norm(mut self, batch_norm: bool) -> Self {
        self.batch_norm = batch_norm;
        self
    }

    /// The weights' first values; biases are 0 (default: [`Init::he_normal`]).
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = init;
        self
    }

    /// The channels of the four branches together.
    pub fn out_channels(&self) -> usize {
        let branches = [self.ch1x1, self.ch3x3, self.ch5x5, self.pool_proj.unwrap_or(self.in_channels)];
        branches.into_iter().fold(0, usize::saturating_add)
    }

    /// The module: draws branch by branch.
    ///
    /// # Panics
    /// If a number of channels is 0, the extent of the largest kernel is even, or the initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Inception<T> {
        expect(self.try_init(rng))
    }

    /// The module, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Inception<T>, ConfigError> {
        const NAME: &str = "InceptionConfig";
        let channels = [
            ("in_channels", self.in_channels),
            ("ch1x1", self.ch1x1),
            ("ch3x3_reduce", self.ch3x3_reduce.unwrap_or(1)),
            ("ch3x3", self.ch3x3),
            ("ch5x5_reduce", self.ch5x5_reduce.unwrap_or(1)),
            ("ch5x5", self.ch5x5),
            ("pool_proj", self.pool_proj.unwrap_or(1)),
        ];
        positive(NAME, channels)?;
        if self.branch3_kernel.is_multiple_of(2) {
            return wrong(NAME, "branch3_kernel", self.branch3_kernel, "an odd number");
        }
        let mut conv = |inputs, outputs, kernel: usize| {
            let config = Conv2dConfig::new(inputs, outputs, kernel).padding(kernel / 2);
            BasicConv2d::try_init(config, outputs, self.batch_norm, self.weight_init, rng)
        };
        let branch1 = conv(self.in_channels, self.ch1x1, 1)?;
        let mut branch = |reduce: Option<usize>, outputs, kernel| {
            let layers = Sequential::new();
            Ok::<_, ConfigError>(match reduce {
                Some(few) => layers.push(conv(self.in_channels, few, 1)?).push(conv(few, outputs, kernel)?),
                None => layers.push(conv(self.in_channels, outputs, kernel)?),
            })
        };
        let branch2 = branch(self.ch3x3_reduce, self.ch3x3, 3)?;
        let branch3 = branch(self.ch5x5_reduce, self.ch5x5, self.branch3_kernel)?;
        let branch4 = Sequential::new().push(MaxPool2d::new(Pool2d::new(3).stride(1).padding(1)));
        let branch4 = match self.pool_proj {
            Some(channels) => branch4.push(conv(self.in_channels, channels, 1)?),
            None => branch4,
        };
        Ok(Inception { branch1, branch2, branch3, branch4 })
    }
}
