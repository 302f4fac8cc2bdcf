//! Pictures brought to a size.

use super::{Sample, Transform};
use crate::transform::{Border, Resampling, letterbox, pad, resize, shorter_side};
use rand::rngs::ChaCha8Rng;

/// Brings pictures to a size.
///
/// ```
/// use wengert::data::augment::{CenterCrop, Compose, Normalize, Resize};
/// use wengert::prelude::*;
///
/// // What the classifiers of ImageNet see.
/// let preprocess =
///     Compose::new().push(Resize::shorter_side(256)).push(CenterCrop::new(224, 224)).push(Normalize::imagenet());
/// assert_eq!(preprocess.apply(&Tensor::zeros([1, 3, 300, 400]), 0).shape(), [1, 3, 224, 224]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resize {
    target: Target,
    resampling: Resampling,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Exact(usize, usize),
    ShorterSide { size: usize, max_size: usize },
}

impl Resize {
    /// To exactly `height` × `width` pixels, whatever becomes of the ratio.
    ///
    /// # Panics
    /// If one of them is 0.
    #[track_caller]
    pub const fn new(height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "Resize: pictures of no pixels");
        Self { target: Target::Exact(height, width), resampling: Resampling::Antialiased }
    }

    /// The shorter side to `size` pixels, the longer one so that the ratio stays, rounded down; it is 64·`size` pixels at
    /// most ([`max_size`](Self::max_size)), so that no picture of a single row asks for all memory.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub const fn shorter_side(size: usize) -> Self {
        assert!(size > 0, "Resize: pictures of no pixels");
        let target = Target::ShorterSide { size, max_size: size.saturating_mul(64) };
        Self { target, resampling: Resampling::Antialiased }
    }

    /// The most pixels of the longer side, beside [`shorter_side`](Self::shorter_side): where that asks for more, the
    /// longer side gets so many, and the shorter one what the ratio leaves of it.
    ///
    /// # Panics
    /// If an exact size is asked for, or one that is larger.
    #[track_caller]
    pub fn max_size(mut self, most: usize) -> Self {
        match &mut self.target {
            Target::ShorterSide { size, max_size } if *size <= most => *max_size = most,
            target => panic!("Resize: at most {most} pixels do not go with {target:?}"),
        }
        self
    }

    /// How; antialiased unless told.
    pub const fn resampling(mut self, resampling: Resampling) -> Self {
        self.resampling = resampling;
        self
    }
}

impl Transform for Resize {
    /// # Panics
    /// When the picture has no pixels.
    fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
        let (h, w) = sample.size();
        let (height, width) = match self.target {
            Target::Exact(height, width) => (height, width),
            Target::ShorterSide { size, max_size } => {
                let (height, width) = shorter_side((h, w), size);
                let cut = |side: usize, long: usize| {
                    if long <= max_size { side } else { (max_size * side / long).max(1) }
                };
                (cut(height, height.max(width)), cut(width, height.max(width)))
            }
        };
        let factor = (width as f64 / w as f64, height as f64 / h as f64);
        sample
            .map_picture(|x| resize(x.view(), (height, width), self.resampling))
            .map_points(|(x, y)| (x * factor.0, y * factor.1))
    }
}

/// Adds a border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pad {
    padding: [usize; 4],
    border: Border,
}

impl Pad {
    /// Of `[left, top, right, bottom]` zeros, in torchvision's order.
    pub const fn new(padding: [usize; 4]) -> Self {
        Self { padding, border: Border::Constant(0.0) }
    }

    /// What the border is made of.
    pub const fn border(mut self, border: Border) -> Self {
        self.border = border;
        self
    }
}

impl Transform for Pad {
    fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
        let (left, top) = (self.padding[0] as f64, self.padding[1] as f64);
        sample
            .map_picture(|x| pad(x.view(), self.padding, self.border))
            .map_points(|(x, y)| (x + left, y + top))
    }
}

/// Brings pictures to a size, keeping their ratio, in a frame: [`letterbox`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LetterboxTo {
    size: (usize, usize),
    fill: f32,
}

impl LetterboxTo {
    /// `height` × `width` pixels, the frame grey, 0.5.
    ///
    /// # Panics
    /// If one of them is 0.
    #[track_caller]
    pub const fn new(height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "LetterboxTo: pictures of no pixels");
        Self { size: (height, width), fill: 0.5 }
    }

    /// The value of the frame.
    pub const fn fill(mut self, fill: f32) -> Self {
        self.fill = fill;
        self
    }
}

impl Transform for LetterboxTo {
    /// # Panics
    /// When the picture has no pixels.
    fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
        let (framed, place) = letterbox(sample.picture().view(), self.size, self.fill);
        sample.map_picture(|_| framed).map_points(|p| place.point(p))
    }
}
