//! Boxes with labels on pictures.

use std::path::Path;

use image::RgbImage;
use plotters::prelude::*;
use wengert::data::detection::BoundingBox;
use wengert::prelude::*;

use crate::charts::fonts;
use crate::common::Outcome;

/// Paper to lay pictures on and write over.
pub(crate) struct Sheet {
    paper: RgbImage,
}

impl Sheet {
    /// White paper.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { paper: RgbImage::from_pixel(width as u32, height as u32, image::Rgb([255; 3])) }
    }

    /// Lays a picture `[3, h, w]` with its left upper corner at (x, y), each of its pixels a square of `zoom` pixels.
    pub(crate) fn picture(&mut self, picture: &Tensor<f32>, (x, y): (usize, usize), zoom: usize) {
        let pixels = picture.view();
        let (height, width) = (picture.shape()[1], picture.shape()[2]);
        for row in 0..height * zoom {
            for column in 0..width * zoom {
                let value = |c: usize| (pixels[[c, row / zoom, column / zoom]] * 255.0).round() as u8;
                let pixel = image::Rgb([value(0), value(1), value(2)]);
                self.paper.put_pixel((x + column) as u32, (y + row) as u32, pixel);
            }
        }
    }

    /// Boxes on a picture at (x, y) that ends at `end`: `(box in the picture's pixels, text, colour)`, in lines of
    /// `stroke` pixels.
    pub(crate) fn boxes<'a>(
        &mut self,
        (x, y): (usize, usize),
        end: usize,
        zoom: usize,
        stroke: u32,
        boxes: impl IntoIterator<Item = (&'a BoundingBox, String, RGBColor)>,
    ) -> Outcome {
        fonts();
        let size = self.paper.dimensions();
        let area = BitMapBackend::with_buffer(&mut self.paper, size).into_drawing_area();
        let height = 11 + 2 * stroke as i32;
        for (bounding_box, text, colour) in boxes {
            let at = |edge: f64, from: usize| from as i32 + (edge * zoom as f64).round() as i32;
            let (left, top) = (at(bounding_box.x1, x), at(bounding_box.y1, y));
            let (right, bottom) = (at(bounding_box.x2, x), at(bounding_box.y2, y));
            area.draw(&Rectangle::new([(left, top), (right, bottom)], colour.stroke_width(stroke)))?;
            let style = ("sans-serif", height).into_font().color(&WHITE);
            let (width, _) = area.estimate_text_size(&text, &style)?;
            // Above the box, or inside where there is no room above; never beyond the picture.
            let above = top - height - 2;
            let label = if above >= y as i32 { above } else { top };
            let wide = width as i32 + 6;
            let left = left.min(end as i32 - wide).max(x as i32);
            let corners = [(left, label), (left + wide, label + height + 2)];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
            area.draw(&Text::new(text, (left + 3, label + 1), style))?;
        }
        area.present()?;
        Ok(())
    }

    /// Writes a line with its left upper corner at (x, y).
    pub(crate) fn text(&mut self, text: &str, (x, y): (usize, usize), height: i32) -> Outcome {
        fonts();
        let size = self.paper.dimensions();
        let area = BitMapBackend::with_buffer(&mut self.paper, size).into_drawing_area();
        let style = ("sans-serif", height).into_font().color(&BLACK);
        area.draw(&Text::new(text.to_owned(), (x as i32, y as i32), style))?;
        area.present()?;
        Ok(())
    }

    pub(crate) fn save(&self, path: &Path) -> Outcome {
        self.paper.save(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(())
    }
}
