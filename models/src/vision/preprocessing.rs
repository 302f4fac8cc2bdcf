//! What is done to pictures before a network sees them.

use autodiff::{Float, Tensor};
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use crate::configured::{expect, wrong};

/// How [`Preprocessing`] finds the pixels of the picture in its new size.
///
/// Where the picture is made smaller, the kernel is made as much wider, so that every pixel counts: what Pillow does, and
/// torchvision with `antialias`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampling {
    /// The triangle 1 − |x|.
    #[default]
    Bilinear,
    /// Keys's cubic kernel with a = −½.
    Bicubic,
}

impl Resampling {
    /// How far the kernel reaches.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn kernel(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Self::Bicubic => 0.0,
        }
    }
}

/// What is done to pictures before a network sees them: the shorter side is brought to a length, the middle is cut out,
/// and each channel c becomes (x − mean\[c\]) / std\[c\].
///
/// ```
/// use wengert::models::vision::{Preprocessing, ResNetConfig};
/// use wengert::prelude::*;
///
/// let preprocessing = ResNetConfig::resnet18().preprocessing();
/// assert_eq!(preprocessing, Preprocessing::imagenet());
/// let picture = Tensor::<f32>::full([3, 300, 400], 0.5);
/// let x = preprocessing.apply(&picture);
/// assert_eq!(x.shape(), [3, 224, 224]);
/// assert!((x.select(0, 0).mean(..).item() - (0.5 - 0.485) / 0.229).abs() < 1e-5);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// The length of the shorter side before the cut; the other follows in proportion, rounded down.
    pub resize: usize,
    /// Height and width of what is cut out. Where it is more than there is, zeros are put around the picture.
    pub crop: usize,
    /// What is subtracted from each channel.
    pub mean: Vec<f64>,
    /// What each channel is then divided by.
    pub std: Vec<f64>,
    /// How the size is changed.
    #[serde(default)]
    pub interpolation: Resampling,
}

/// The longest side there may be, so that a file cannot ask for more than some hundred megabytes.
const MOST: usize = 8192;

impl Preprocessing {
    /// What torchvision does for networks trained on ImageNet: 256, 224, and the means and deviations of its channels.
    pub fn imagenet() -> Self {
        Self {
            resize: 256,
            crop: 224,
            mean: vec![0.485, 0.456, 0.406],
            std: vec![0.229, 0.224, 0.225],
            interpolation: Resampling::Bilinear,
        }
    }

    /// For networks trained on CIFAR-10: 32, and the means and deviations of its channels.
    pub fn cifar10() -> Self {
        Self {
            resize: 32,
            crop: 32,
            mean: vec![0.4914, 0.4822, 0.4465],
            std: vec![0.2470, 0.2435, 0.2616],
            interpolation: Resampling::Bilinear,
        }
    }

    /// Whether the numbers describe a preparation, where they come from outside the program.
    ///
    /// # Errors
    /// A size is 0 or more than 8192, there are not as many means as deviations, or one of them is no finite
    /// number, a deviation not above 0.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "Preprocessing";
        for (field, n) in [("resize", self.resize), ("crop", self.crop)] {
            if n == 0 || n > MOST {
                return wrong(NAME, field, n, format_args!("1 to {MOST}"));
            }
        }
        if !self.mean.iter().all(|mean| mean.is_finite()) {
            return wrong(NAME, "mean", format_args!("{:?}", self.mean), "finite numbers");
        }
        if !self.std.iter().all(|std| std.is_finite() && *std > 0.0) {
            return wrong(NAME, "std", format_args!("{:?}", self.std), "finite numbers above 0");
        }
        if self.mean.len() != self.std.len() {
            let found = format_args!("of {} numbers", self.std.len());
            return wrong(
                NAME,
                "std",
                found,
                format_args!("as many as there are means, {}", self.mean.len()),
            );
        }
        Ok(())
    }

    /// A picture [channels, height, width], or a batch of them, with elements in 0..=1, prepared.
    ///
    /// It is computed for what is cut out alone, and linear in the picture: gradients flow through it.
    ///
    /// # Panics
    /// If the tensor has other axes, its channels are not as many as the means, a side is 0, or the numbers describe no
    /// preparation ([`check`](Self::check)).
    #[track_caller]
    pub fn apply<T: Float>(&self, pictures: &Tensor<T>) -> Tensor<T> {
        expect(self.check());
        let shape = pictures.shape();
        assert!(
            matches!(shape.len(), 3 | 4),
            "Preprocessing: the pictures {shape:?} are not [channels, height, width], with a batch before or not"
        );
        let [channels, height, width] = [3, 2, 1].map(|back| shape[shape.len() - back]);
        assert!(
            channels == self.mean.len(),
            "Preprocessing: the pictures {shape:?} have {channels} channels, the means are {}",
            self.mean.len()
        );
        assert!(height > 0 && width > 0, "Preprocessing: the pictures {shape:?} are empty");
        let short = height.min(width);
        let (top, rows) = self.weights::<T>(height, short);
        let (left, columns) = self.weights::<T>(width, short);
        let seen =
            pictures.narrow(-2, top as isize, rows.shape()[1]).narrow(-1, left as isize, columns.shape()[1]);
        let cut = rows.matmul(&seen.matmul(&columns.transpose(0, 1)));
        let by_channel = |values: Vec<f64>| {
            Tensor::from_vec([channels, 1, 1], values.into_iter().map(T::from_f64).collect())
        };
        let inverse = self.std.iter().map(|std| 1.0 / std).collect();
        (cut - by_channel(self.mean.clone())) * by_channel(inverse)
    }

    /// The weights [crop, seen] of the pixels along a side of this length, of a picture whose shorter side is `short`,
    /// in those of the side that is cut out, and the first of these pixels. Of a long, narrow picture only a few are
    /// seen.
    fn weights<T: Float>(&self, length: usize, short: usize) -> (usize, Tensor<T>) {
        let Self { resize, crop, interpolation, .. } = *self;
        let resized = (resize as f64 * length as f64 / short as f64) as usize;
        let first = match resized.checked_sub(crop) {
            // Halves go to the even number, as torchvision has them from Python.
            Some(more) => (more as f64 / 2.0).round_ties_even() as isize,
            None => -(((crop - resized) / 2) as isize),
        };
        let step = length as f64 / resized as f64;
        let stretch = step.max(1.0);
        let reach = interpolation.support() * stretch;
        // The pixels that each of the new ones is made of; none beyond the picture.
        let pixels = |row: usize| {
            let at = usize::try_from(first + row as isize).ok().filter(|at| *at < resized)?;
            let center = (at as f64 + 0.5) * step;
            let low = (center - reach + 0.5).max(0.0) as usize;
            let high = ((center + reach + 0.5) as usize).min(length);
            Some((center, low, high))
        };
        let inside = || (0..crop).filter_map(pixels);
        let low = inside().map(|(_, low, _)| low).min().expect("the middle is inside");
        let seen = inside().map(|(_, _, high)| high).max().expect("the middle is inside") - low;
        let mut weights = vec![T::from_f64(0.0); crop * seen];
        for (row, weights) in weights.chunks_exact_mut(seen).enumerate() {
            let Some((center, from, to)) = pixels(row) else { continue };
            let kernel = |pixel: usize| interpolation.kernel((pixel as f64 + 0.5 - center) / stretch);
            let sum: f64 = (from..to).map(kernel).sum();
            (from..to).for_each(|pixel| weights[pixel - low] = T::from_f64(kernel(pixel) / sum));
        }
        (low, Tensor::from_vec([crop, seen], weights))
    }
}
