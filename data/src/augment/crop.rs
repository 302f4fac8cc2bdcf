//! Parts of pictures.

use super::{Sample, Transform, between, check_range};
use crate::transform::{Border, Resampling, center_crop, crop, pad, resize};
use rand::{RngExt, rngs::ChaCha8Rng};

/// The middle of a picture; one that is smaller is framed with zeros first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CenterCrop {
    size: (usize, usize),
}

impl CenterCrop {
    /// `height` × `width` pixels.
    pub const fn new(height: usize, width: usize) -> Self {
        Self { size: (height, width) }
    }
}

impl Transform for CenterCrop {
    fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
        let (h, w) = sample.size();
        // What is missing comes half before, and what is too much goes half before, rounded to the even side.
        let shift = |have: usize, size: usize| {
            if size > have {
                ((size - have) / 2) as f64
            } else {
                -((have - size) as f64 / 2.0).round_ties_even()
            }
        };
        let (down, right) = (shift(h, self.size.0), shift(w, self.size.1));
        sample.map_picture(|x| center_crop(x.view(), self.size)).map_points(|(x, y)| (x + right, y + down))
    }
}

/// A part of the picture at a random place, after a border was added to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomCrop {
    size: (usize, usize),
    padding: usize,
    pad_if_needed: bool,
    border: Border,
}

impl RandomCrop {
    /// `height` × `width` pixels, without a border.
    pub const fn new(height: usize, width: usize) -> Self {
        Self { size: (height, width), padding: 0, pad_if_needed: false, border: Border::Constant(0.0) }
    }

    /// A border of so many pixels at each side.
    pub const fn padding(mut self, padding: usize) -> Self {
        self.padding = padding;
        self
    }

    /// A wider border, as many pixels as are missing at each side, for pictures that are too small with it.
    pub const fn pad_if_needed(mut self, pad_if_needed: bool) -> Self {
        self.pad_if_needed = pad_if_needed;
        self
    }

    /// What the border is made of (torchvision's `padding_mode` and `fill`); 0 unless told.
    pub const fn border(mut self, border: Border) -> Self {
        self.border = border;
        self
    }
}

impl Transform for RandomCrop {
    /// # Panics
    /// When the picture with its border is smaller than the part.
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let (h, w) = sample.size();
        let border = |have: usize, size: usize| {
            let padded = have + 2 * self.padding;
            self.padding + if self.pad_if_needed { size.saturating_sub(padded) } else { 0 }
        };
        let (rows, columns) = (border(h, self.size.0), border(w, self.size.1));
        let (height, width) = (h + 2 * rows, w + 2 * columns);
        assert!(
            self.size.0 <= height && self.size.1 <= width,
            "RandomCrop: {} × {} pixels are not in a picture of {h} × {w} with a border of {}",
            self.size.0,
            self.size.1,
            self.padding
        );
        let top = rng.random_range(0..=height - self.size.0);
        let left = rng.random_range(0..=width - self.size.1);
        let shift = (columns as f64 - left as f64, rows as f64 - top as f64);
        sample
            .map_picture(|x| match (rows, columns) {
                (0, 0) => crop(x.view(), (top, left), self.size),
                _ => {
                    let padded = pad(x.view(), [columns, rows, columns, rows], self.border);
                    crop(padded.view(), (top, left), self.size)
                }
            })
            .map_points(|(x, y)| (x + shift.0, y + shift.1))
    }
}

/// A part of random area and ratio at a random place, resized to one size: how the Inception networks were trained
/// (Szegedy et al. 2015, section 6).
///
/// | | default |
/// | --- | --- |
/// | [`scale`](Self::scale) | the part's share of the area, 0.08 to 1 |
/// | [`ratio`](Self::ratio) | its width over its height, ¾ to 4⁄3, even in the logarithm |
/// | [`resampling`](Self::resampling) | antialiased |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomResizedCrop {
    size: (usize, usize),
    scale: (f64, f64),
    ratio: (f64, f64),
    resampling: Resampling,
}

impl RandomResizedCrop {
    /// Resized to `height` × `width` pixels.
    ///
    /// # Panics
    /// If one of them is 0.
    #[track_caller]
    pub const fn new(height: usize, width: usize) -> Self {
        assert!(height > 0 && width > 0, "RandomResizedCrop: pictures of no pixels");
        Self {
            size: (height, width),
            scale: (0.08, 1.0),
            ratio: (3.0 / 4.0, 4.0 / 3.0),
            resampling: Resampling::Antialiased,
        }
    }

    /// The smallest and the largest share of the area.
    ///
    /// # Panics
    /// If they are not positive, or not in order.
    #[track_caller]
    pub fn scale(mut self, low: f64, high: f64) -> Self {
        check_range("RandomResizedCrop", "scale", low, high);
        self.scale = (low, high);
        self
    }

    /// The smallest and the largest ratio of width to height.
    ///
    /// # Panics
    /// If they are not positive, or not in order.
    #[track_caller]
    pub fn ratio(mut self, low: f64, high: f64) -> Self {
        check_range("RandomResizedCrop", "ratio", low, high);
        self.ratio = (low, high);
        self
    }

    /// How the part is resized.
    pub const fn resampling(mut self, resampling: Resampling) -> Self {
        self.resampling = resampling;
        self
    }

    /// Top, left, height and width of the part.
    fn draw(&self, (h, w): (usize, usize), rng: &mut ChaCha8Rng) -> [usize; 4] {
        let area = (h * w) as f64;
        for _ in 0..10 {
            let part = area * between(self.scale.0, self.scale.1, rng);
            let ratio = between(self.ratio.0.ln(), self.ratio.1.ln(), rng).exp();
            let width = (part * ratio).sqrt().round_ties_even() as usize;
            let height = (part / ratio).sqrt().round_ties_even() as usize;
            if (1..=w).contains(&width) && (1..=h).contains(&height) {
                let top = rng.random_range(0..=h - height);
                return [top, rng.random_range(0..=w - width), height, width];
            }
        }
        // As much of the middle as the ratio allows.
        let ratio = (w as f64 / h as f64).clamp(self.ratio.0, self.ratio.1);
        let height = ((w as f64 / ratio).round_ties_even() as usize).clamp(1, h);
        let width = ((h as f64 * ratio).round_ties_even() as usize).clamp(1, w);
        [(h - height) / 2, (w - width) / 2, height, width]
    }
}

impl Transform for RandomResizedCrop {
    /// # Panics
    /// When the picture has no pixels.
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let (h, w) = sample.size();
        assert!(h > 0 && w > 0, "RandomResizedCrop: a picture of {h} × {w} pixels");
        let [top, left, height, width] = self.draw((h, w), rng);
        let factor = (self.size.1 as f64 / width as f64, self.size.0 as f64 / height as f64);
        sample
            .map_picture(|x| {
                let part = crop(x.view(), (top, left), (height, width));
                resize(part.view(), self.size, self.resampling)
            })
            .map_points(|(x, y)| ((x - left as f64) * factor.0, (y - top as f64) * factor.1))
    }
}
