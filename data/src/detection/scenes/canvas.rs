//! The picture while it is being painted.

use super::colour::{self, Colour};
use ndarray::Array3;
use std::ops::Range;

/// Coloured pixels, row by row.
pub(super) struct Canvas {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) pixels: Vec<Colour>,
}

impl Canvas {
    pub(super) fn new(height: usize, width: usize) -> Self {
        Self { height, width, pixels: vec![[0.0; 3]; height * width] }
    }

    /// Lays a colour over the pixels of a part by the amount `cover` says of each pixel's middle, in 0..=1. What of
    /// the part lies outside the picture is not painted.
    pub(super) fn paint(
        &mut self,
        rows: Range<f32>,
        columns: Range<f32>,
        colour: Colour,
        cover: impl Fn(f32, f32) -> f32,
    ) {
        let within = |range: Range<f32>, len: usize| {
            let end = (range.end.ceil().max(0.0) as usize).min(len);
            (range.start.floor().max(0.0) as usize).min(end)..end
        };
        let columns = within(columns, self.width);
        for r in within(rows, self.height) {
            for c in columns.clone() {
                let amount = cover(r as f32 + 0.5, c as f32 + 0.5);
                if amount > 0.0 {
                    let pixel = &mut self.pixels[r * self.width + c];
                    *pixel = colour::mix(*pixel, colour, amount);
                }
            }
        }
    }

    /// `[3, h, w]`, or the brightness alone as `[1, h, w]`.
    pub(super) fn into_picture(self, channels: usize) -> Array3<f32> {
        let mut values = Vec::with_capacity(channels * self.pixels.len());
        match channels {
            1 => values.extend(self.pixels.iter().map(|&pixel| colour::brightness(pixel).clamp(0.0, 1.0))),
            _ => (0..channels)
                .for_each(|c| values.extend(self.pixels.iter().map(|pixel| pixel[c].clamp(0.0, 1.0)))),
        }
        Array3::from_shape_vec((channels, self.height, self.width), values)
            .expect("every pixel has every channel")
    }
}
