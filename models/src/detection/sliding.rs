//! A classifier that is shown every part of a picture.

use autodiff::ops::Sizes;
use autodiff::{Float, Interpolate, Interpolation, Tensor};
use data::detection::{BoundingBox, Detection};
use nn::{ConfigError, Layer};
use serde::{Deserialize, Serialize};

use super::Nms;
use super::anchors::best;
use crate::configured::{expect, wrong};

/// Windows of one size at every step over a picture, and over the picture at other sizes: the oldest way to make a
/// detector of a classifier.
///
/// At a scale s the picture of H×W is resized to ⌊H·s⌋×⌊W·s⌋, linearly between pixels, and windows of the size stand
/// at every step where they lie inside: a small s finds large objects. The order is scale by scale, row by row. Boxes
/// are in pixels of the picture.
///
/// ```
/// use wengert::data::detection::BoundingBox;
/// use wengert::models::detection::{Nms, SlidingWindows, ToConvolutional};
/// use wengert::prelude::*;
///
/// let windows = SlidingWindows::new(32, 4).scales([1.0, 0.5]);
/// let boxes = windows.boxes(64, 72);
/// assert_eq!(boxes.len(), 9 * 11 + 1 * 2);
/// assert_eq!(boxes[1], BoundingBox::new(4.0, 0.0, 36.0, 32.0));
/// assert_eq!(boxes[9 * 11], BoundingBox::new(0.0, 0.0, 64.0, 64.0));
///
/// let model = LeNet5Config::new(3).input_size(32).init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// let picture = Tensor::ones([1, 1, 64, 72]);
/// let logits = windows.run(&model, &picture);
/// assert_eq!(logits.shape(), [1, 101, 3]);
/// let at_once = windows.run_convolutional(&model.to_convolutional([1, 32, 32]).unwrap(), &picture);
/// assert!((&logits - &at_once).abs().max(..).item() < 1e-5);
/// // Class 2 means that nothing is there.
/// let found = windows.detect(&logits, (64, 72), Some(2), 0.1, &Nms::new(0.5));
/// assert_eq!(found.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlidingWindows {
    size: Sizes<2>,
    stride: Sizes<2>,
    #[serde(default = "as_it_is")]
    scales: Vec<f64>,
}

/// The largest scale, which makes 256 pixels of one, so that a file cannot ask for any memory.
const MOST_SCALE: f64 = 16.0;

fn as_it_is() -> Vec<f64> {
    vec![1.0]
}

impl SlidingWindows {
    /// Windows of a size at every stride, each one number or height and width, over the picture as it is.
    pub fn new(size: impl Into<Sizes<2>>, stride: impl Into<Sizes<2>>) -> Self {
        Self { size: size.into(), stride: stride.into(), scales: as_it_is() }
    }

    /// The factors by which the picture is resized, up to 16 (default: 1 alone).
    pub fn scales(mut self, scales: impl Into<Vec<f64>>) -> Self {
        self.scales = scales.into();
        self
    }

    /// Whether there are such windows, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// If a size or stride is 0, or a scale is not a positive number up to 16.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "SlidingWindows";
        for (field, Sizes(sizes)) in [("size", self.size), ("stride", self.stride)] {
            if sizes.contains(&0) {
                let expected = "at least 1 on each axis";
                return wrong(NAME, field, format_args!("{sizes:?}"), expected);
            }
        }
        match self.scales.iter().find(|scale| !(**scale > 0.0 && **scale <= MOST_SCALE)) {
            Some(scale) => wrong(NAME, "scales", scale, format_args!("positive numbers up to {MOST_SCALE}")),
            None => Ok(()),
        }
    }

    /// The size of a picture at a scale.
    fn size_at(&self, [height, width]: [usize; 2], scale: f64) -> [usize; 2] {
        // The quotient of numbers such as 0.3 may come out just below a whole one.
        [height, width].map(|side| (side as f64 * scale + 1e-9) as usize)
    }

    /// How many windows stand below each other and side by side in a picture of this size.
    fn count(&self, size: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| match size[axis].checked_sub(self.size.0[axis]) {
            Some(rest) => rest / self.stride.0[axis] + 1,
            None => 0,
        })
    }

    /// The windows in a picture of this height and width, in its pixels.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn boxes(&self, height: usize, width: usize) -> Vec<BoundingBox> {
        expect(self.check());
        let mut boxes = Vec::new();
        for &scale in &self.scales {
            let size = self.size_at([height, width], scale);
            let [rows, columns] = self.count(size);
            let (x, y) = (width as f64 / size[1] as f64, height as f64 / size[0] as f64);
            for row in 0..rows {
                for column in 0..columns {
                    let left = (column * self.stride.0[1]) as f64;
                    let top = (row * self.stride.0[0]) as f64;
                    let window =
                        BoundingBox::from_corner(left, top, self.size.0[1] as f64, self.size.0[0] as f64);
                    boxes.push(window.scaled(x, y));
                }
            }
        }
        boxes
    }

    /// What a classifier, [batch, channels, height, width] to [batch, outputs], gives for the windows of pictures
    /// [batch, channels, H, W] one by one: [batch, windows, outputs], in the order of [`boxes`](Self::boxes). Without a
    /// window there are no outputs: [batch, 0, 0].
    ///
    /// # Panics
    /// If [`check`](Self::check) fails, the pictures have other axes, or the classifier gives something else.
    #[track_caller]
    pub fn run<T: Float>(&self, classifier: &dyn Layer<T>, pictures: &Tensor<T>) -> Tensor<T> {
        let mut parts = Vec::new();
        // Loops, as a closure would hide the caller's line.
        for (size, [rows, columns]) in self.passes(pictures) {
            let x = resized(pictures, size);
            let mut outputs = Vec::with_capacity(rows * columns);
            for row in 0..rows {
                for column in 0..columns {
                    let [top, left] = [row * self.stride.0[0], column * self.stride.0[1]];
                    let [bottom, right] = [top + self.size.0[0], left + self.size.0[1]];
                    let window =
                        x.slice(2, top as isize..bottom as isize).slice(3, left as isize..right as isize);
                    let output = classifier.forward(&window);
                    assert!(
                        output.ndim() == 2,
                        "SlidingWindows: the classifier gives {:?} for windows {:?}, not [batch, outputs]",
                        output.shape(),
                        window.shape()
                    );
                    outputs.push(output);
                }
            }
            parts.push(Tensor::stack(&outputs.iter().collect::<Vec<_>>(), 1));
        }
        joined(&parts, pictures)
    }

    /// The same of a classifier in its convolutional form ([`ToConvolutional`](super::ToConvolutional)), in one pass
    /// for each scale.
    ///
    /// # Panics
    /// As [`run`](Self::run), or if the network's map has not a place for each window: the product of its strides is
    /// not the windows' stride, or the windows have not the classifier's size.
    #[track_caller]
    pub fn run_convolutional<T: Float>(&self, network: &dyn Layer<T>, pictures: &Tensor<T>) -> Tensor<T> {
        let mut parts = Vec::new();
        for (size, [rows, columns]) in self.passes(pictures) {
            // What no window covers could be one place more to the network, which may not look at all of a window.
            let end = |axis: usize, n: usize| (self.size.0[axis] + (n - 1) * self.stride.0[axis]) as isize;
            let x = resized(pictures, size).slice(2, 0..end(0, rows)).slice(3, 0..end(1, columns));
            let map = network.forward(&x);
            let &[batch, outputs, found_rows, found_columns] = map.shape() else {
                panic!(
                    "SlidingWindows: the network gives {:?}, not [batch, outputs, rows, columns]",
                    map.shape()
                )
            };
            assert!(
                [found_rows, found_columns] == [rows, columns],
                "SlidingWindows: the network gives {found_rows}×{found_columns} places of pictures {:?} for \
                 {rows}×{columns} windows: it has another size or stride",
                x.shape()
            );
            parts.push(map.reshape([batch, outputs, rows * columns]).transpose(1, 2));
        }
        joined(&parts, pictures)
    }

    /// The size of the pictures at each scale where there are windows, and how many of them.
    #[track_caller]
    fn passes<T: Float>(&self, pictures: &Tensor<T>) -> Vec<([usize; 2], [usize; 2])> {
        expect(self.check());
        let &[_, _, height, width] = pictures.shape() else {
            panic!(
                "SlidingWindows: the pictures {:?} are not [batch, channels, height, width]",
                pictures.shape()
            )
        };
        let sizes = self.scales.iter().map(|&scale| self.size_at([height, width], scale));
        sizes.map(|size| (size, self.count(size))).filter(|(_, count)| !count.contains(&0)).collect()
    }

    /// The objects of pictures of a height and width, by the logits [batch, windows, classes] of a softmax that
    /// [`run`](Self::run) gave. A window shows the class of the highest probability (of equal ones the first), if that is
    /// above the threshold and not the background; of windows that overlap the suppression chooses.
    ///
    /// # Panics
    /// If there are not as many windows, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn detect<T: Float>(
        &self,
        logits: &Tensor<T>,
        (height, width): (usize, usize),
        background: Option<usize>,
        threshold: f64,
        suppression: &Nms,
    ) -> Vec<Vec<Detection>> {
        let boxes = self.boxes(height, width);
        let &[batch, windows, classes] = logits.shape() else {
            panic!("SlidingWindows: the logits {:?} are not [batch, windows, classes]", logits.shape())
        };
        assert!(
            windows == boxes.len(),
            "SlidingWindows: there are logits of {windows} windows, a picture of {height}×{width} has {}",
            boxes.len()
        );
        if windows == 0 || classes == 0 {
            return vec![Vec::new(); batch];
        }
        let probabilities = logits.detach().softmax(-1).to_vec();
        let mut all = Vec::with_capacity(batch);
        for picture in probabilities.chunks(windows * classes) {
            let mut found = Vec::new();
            for (window, p) in boxes.iter().zip(picture.chunks(classes)) {
                let (class, score) = best(p, |&p| p.to_f64());
                if Some(class) != background && score > threshold {
                    found.push(Detection::new(*window, class, score));
                }
            }
            all.push(suppression.apply(&found));
        }
        all
    }
}

/// The pictures in another size.
fn resized<T: Float>(pictures: &Tensor<T>, size: [usize; 2]) -> Tensor<T> {
    if pictures.shape()[2..] == size {
        return pictures.clone();
    }
    pictures.interpolate(Interpolate::size(size).mode(Interpolation::Bilinear))
}

/// The outputs of all scales, [batch, windows, outputs]; without a window there are none.
#[track_caller]
fn joined<T: Float>(parts: &[Tensor<T>], pictures: &Tensor<T>) -> Tensor<T> {
    if parts.is_empty() {
        return Tensor::zeros([pictures.shape()[0], 0, 0]);
    }
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 1)
}
