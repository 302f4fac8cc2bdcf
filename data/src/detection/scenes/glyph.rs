//! A small picture of a digit as a smooth shape that can be drawn at any size.

use crate::{Dataset, Error};
use ndarray::Ix3;

/// The smallest longer side of an object: below it strokes fall between the pixels.
pub(super) const MIN_SIZE: f64 = 8.0;

/// Where the interpolated brightness passes these, the stroke's edge begins and ends.
const EDGE: (f32, f32) = (0.3, 0.65);

/// Samples a pixel and axis at which the outline is looked for.
const FINE: usize = 6;

/// Zeros around the pixels, so that four neighbours exist everywhere.
const FRAME: usize = 2;

#[derive(Clone, Debug)]
pub(super) struct Glyph {
    height: usize,
    width: usize,
    /// With a frame of zeros, row by row.
    pixels: Vec<f32>,
    /// The points (y, x) at which rows of a fine grid enter the ink and leave it: the ink reaches nowhere further.
    pub(super) outline: Vec<(f32, f32)>,
    pub(super) class: usize,
}

impl Glyph {
    /// The examples of a data set.
    pub(super) fn of(dataset: &Dataset) -> Result<Vec<Self>, Error> {
        let wrong = |found: String, expected: &str| Error::Configuration {
            configuration: "SceneConfig",
            field: "glyphs",
            found,
            expected: expected.to_owned(),
        };
        if dataset.is_empty() {
            return Err(wrong("empty".into(), "at least one example"));
        }
        let mut glyphs = Vec::with_capacity(dataset.len());
        for i in 0..dataset.len() {
            let (picture, label) = dataset.example(i);
            let Ok(picture) = picture.into_dimensionality::<Ix3>() else {
                return Err(wrong(format!("of shape {:?}", dataset.example_shape()), "[1, h, w]"));
            };
            let (channels, height, width) = picture.dim();
            if channels != 1 {
                return Err(wrong(format!("of shape {:?}", dataset.example_shape()), "[1, h, w]"));
            }
            let mut pixels = vec![0.0; (height + 2 * FRAME) * (width + 2 * FRAME)];
            for ((_, r, c), &v) in picture.indexed_iter() {
                pixels[(r + FRAME) * (width + 2 * FRAME) + c + FRAME] = v;
            }
            let mut glyph = Self { height, width, pixels, outline: Vec::new(), class: label as usize };
            glyph.outline = glyph.find_outline();
            if glyph.outline.is_empty() {
                return Err(wrong(
                    format!("without ink in example {i}"),
                    "pixels of 0 to 1 with bright strokes",
                ));
            }
            glyphs.push(glyph);
        }
        Ok(glyphs)
    }

    /// How much ink covers a point, in 0..=1. The middle of the first pixel is (0, 0).
    pub(super) fn cover(&self, y: f32, x: f32) -> f32 {
        let t = ((self.brightness(y, x) - EDGE.0) / (EDGE.1 - EDGE.0)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }

    fn find_outline(&self) -> Vec<(f32, f32)> {
        // The curve dies out within a pixel beyond the edge.
        let steps = |len: usize| (0..=(len + 1) * FINE).map(|i| i as f32 / FINE as f32 - 1.0);
        let ends = |y: f32| {
            let mut ink = steps(self.width).filter(|&x| self.cover(y, x) >= 0.5);
            let first = ink.next()?;
            Some([(y, first), (y, ink.next_back().unwrap_or(first))])
        };
        steps(self.height).filter_map(ends).flatten().collect()
    }

    /// The middle (y, x) of the pixels.
    pub(super) fn middle(&self) -> (f32, f32) {
        ((self.height as f32 - 1.0) / 2.0, (self.width as f32 - 1.0) / 2.0)
    }

    /// Between the pixels by Catmull-Rom's cubic, which passes through them all and is smooth.
    fn brightness(&self, y: f32, x: f32) -> f32 {
        let (row, column) = (y.floor(), x.floor());
        let inside = |at: f32, len: usize| (-1.0..=len as f32 - 1.0).contains(&at);
        if !inside(row, self.height) || !inside(column, self.width) {
            return 0.0;
        }
        let (down, across) = (catmull_rom(y - row), catmull_rom(x - column));
        let stride = self.width + 2 * FRAME;
        // One before the row, of which −1 stands at FRAME − 1.
        let corner = (row as isize + FRAME as isize - 1) as usize * stride
            + (column as isize + FRAME as isize - 1) as usize;
        let mut sum = 0.0;
        for (k, weight) in down.iter().enumerate() {
            let row = &self.pixels[corner + k * stride..][..4];
            sum +=
                weight * (across[0] * row[0] + across[1] * row[1] + across[2] * row[2] + across[3] * row[3]);
        }
        sum
    }
}

/// The weights of the four neighbours of a point at `t` in 0..1 between the middle two.
fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::ArrayD;

    fn glyph(shape: [usize; 4], pixels: Vec<f32>) -> Result<Vec<Glyph>, Error> {
        let inputs = ArrayD::from_shape_vec(shape.to_vec(), pixels).unwrap();
        Glyph::of(&Dataset::new(inputs, vec![0; shape[0]], ["a"]).unwrap())
    }

    #[test]
    fn the_curve_passes_through_the_pixels_and_dies_out_beyond() {
        let glyph = &glyph([1, 1, 2, 3], vec![1.0, 0.5, 0.0, 0.25, 1.0, 0.75]).unwrap()[0];
        for (i, v) in [1.0, 0.5, 0.0, 0.25, 1.0, 0.75].into_iter().enumerate() {
            assert_eq!(glyph.brightness((i / 3) as f32, (i % 3) as f32), v);
        }
        for (y, x) in [(-1.0, 0.0), (2.0, 1.0), (0.5, -1.5), (1.0, 3.0), (100.0, 0.0), (-7.0, 1e9)] {
            assert_eq!(glyph.brightness(y, x), 0.0, "at ({y}, {x})");
        }
    }

    #[test]
    fn blank_and_misshapen_examples_are_refused() {
        let error = glyph([2, 1, 1, 1], vec![1.0, 0.0]).unwrap_err().to_string();
        assert!(error.contains("without ink in example 1"), "{error}");
        let error = glyph([1, 2, 1, 1], vec![1.0, 0.0]).unwrap_err().to_string();
        assert!(error.contains("glyphs is of shape [2, 1, 1], expected [1, h, w]"), "{error}");
        let error = glyph([0, 1, 1, 1], vec![]).unwrap_err().to_string();
        assert!(error.contains("glyphs is empty"), "{error}");
    }
}
