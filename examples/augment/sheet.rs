//! The sheet: a row a way, its name on the left.

use std::error::Error;

use plotters::prelude::*;
use wengert::data::picture::Grid;
use wengert::prelude::*;

use crate::charts::fonts;
use crate::gallery::Row;

/// The width of the names.
const LEFT: usize = 210;
const GAP: usize = 4;

/// The sheet as a picture `[3, h, w]`.
pub(crate) fn draw(rows: &[Row]) -> Result<Tensor, Box<dyn Error>> {
    fonts();
    let strips: Vec<Tensor> = rows
        .iter()
        .map(|row| {
            let columns = row.pictures.shape()[0];
            let strip = Grid::new().columns(columns).padding(GAP).fill(1.0).layout(&row.pictures);
            Ok(Tensor::concat(&[&caption(row, strip.shape()[1])?, &strip], 2))
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    Ok(Tensor::concat(&strips.iter().collect::<Vec<_>>(), 1))
}

fn caption(row: &Row, height: usize) -> Result<Tensor, Box<dyn Error>> {
    let mut bytes = vec![255; 3 * LEFT * height];
    {
        let area = BitMapBackend::with_buffer(&mut bytes, (LEFT as u32, height as u32)).into_drawing_area();
        let middle = height as i32 / 2;
        let bold = ("sans-serif", 15, FontStyle::Bold).into_font().color(&BLACK);
        let soft = ("sans-serif", 13).into_font().color(&RGBColor(100, 100, 100));
        area.draw(&Text::new(row.name, (10, middle - 16), bold))?;
        area.draw(&Text::new(row.options, (10, middle + 4), soft))?;
        area.present()?;
    }
    let pixels = bytes.into_iter().map(|byte| f32::from(byte) / 255.0).collect();
    Ok(Tensor::from_vec([height, LEFT, 3], pixels).permute([2, 0, 1]))
}
