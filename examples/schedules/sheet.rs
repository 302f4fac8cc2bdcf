//! The picture: small plots in rows, all with the same axes.

use std::path::Path;

use image::{RgbImage, imageops};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::charts::fonts;
use crate::common::Outcome;
use crate::gallery::{Corner, Curve, Panel, STEPS};

type Area<D> = DrawingArea<D, Shift>;

/// Everything is drawn this many times larger than it is shown: a bitmap is then made smaller, which smooths
/// its lines.
const ZOOM: i32 = 2;

const COLUMNS: usize = 4;
const HEADER: i32 = 84;
const CELL: (i32, i32) = (400, 250);
/// What the plot of a cell leaves free.
const LEFT: i32 = 52;
const RIGHT: i32 = 22;
const TOP: i32 = 58;
const BOTTOM: i32 = 34;

const COLOURS: [RGBColor; 3] = [RGBColor(31, 111, 180), RGBColor(222, 107, 14), RGBColor(26, 142, 95)];
const BESIDE: RGBColor = RGBColor(178, 178, 178);
const TEXT: RGBColor = RGBColor(35, 35, 35);
const SOFT: RGBColor = RGBColor(115, 115, 115);
const GRID: RGBColor = RGBColor(228, 228, 228);
const AXIS: RGBColor = RGBColor(150, 150, 150);

/// Draws the panels into a PNG file, or an SVG file if its name ends so.
pub(crate) fn draw(panels: &[Panel], path: &Path) -> Outcome {
    fonts();
    let rows = panels.len().div_ceil(COLUMNS) as i32;
    let width = (CELL.0 * COLUMNS as i32 + 16) as u32;
    let height = (HEADER + CELL.1 * rows + 12) as u32;
    let large = (width * ZOOM as u32, height * ZOOM as u32);
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("svg")) {
        return sheet(&SVGBackend::new(path, large).into_drawing_area(), panels);
    }
    let mut pixels = vec![0; 3 * (large.0 * large.1) as usize];
    sheet(&BitMapBackend::with_buffer(&mut pixels, large).into_drawing_area(), panels)?;
    let picture = RgbImage::from_raw(large.0, large.1, pixels).expect("three bytes a pixel");
    imageops::resize(&picture, width, height, imageops::FilterType::Triangle).save(path)?;
    Ok(())
}

fn sheet<D: DrawingBackend>(root: &Area<D>, panels: &[Panel]) -> Outcome
where
    D::ErrorType: 'static,
{
    root.fill(&WHITE)?;
    text(root, "Learning-rate schedules", (28, 34), 26, TEXT, true, (HPos::Left, VPos::Center))?;
    let about = "the learning rate (upward) at each of 400 steps (to the right); the curves' colours are those of their labels";
    text(root, about, (28, 62), 14, SOFT, false, (HPos::Left, VPos::Center))?;
    for (i, panel) in panels.iter().enumerate() {
        let (row, column) = ((i / COLUMNS) as i32, (i % COLUMNS) as i32);
        self::panel(root, panel, (8 + CELL.0 * column, HEADER + CELL.1 * row))?;
    }
    root.present()?;
    Ok(())
}

/// One plot; `corner` is the upper left one of its cell.
fn panel<D: DrawingBackend>(root: &Area<D>, panel: &Panel, corner: (i32, i32)) -> Outcome
where
    D::ErrorType: 'static,
{
    let (left, right) = (corner.0 + LEFT, corner.0 + CELL.0 - RIGHT);
    let (top, bottom) = (corner.1 + TOP, corner.1 + CELL.1 - BOTTOM);
    let start = (HPos::Left, VPos::Center);
    text(root, panel.title, (left, corner.1 + 22), 16, TEXT, true, start)?;
    text(root, panel.formula, (left, corner.1 + 42), 13, SOFT, false, start)?;

    // In units of the large picture.
    let place = |step: f64, rate: f64| {
        let x = f64::from(left) + step / STEPS as f64 * f64::from(right - left);
        let y = f64::from(bottom) - rate * f64::from(bottom - top);
        ((x * f64::from(ZOOM)).round() as i32, (y * f64::from(ZOOM)).round() as i32)
    };
    for rate in [0.0, 0.5, 1.0] {
        let ends = [place(0.0, rate), place(STEPS as f64, rate)];
        let colour = if rate == 0.0 { AXIS } else { GRID };
        root.draw(&PathElement::new(ends, colour.stroke_width(ZOOM as u32)))?;
        let y = bottom - (rate * f64::from(bottom - top)) as i32;
        text(root, &rate.to_string(), (left - 8, y), 12, SOFT, false, (HPos::Right, VPos::Center))?;
    }
    for step in [0, 100, 200, 300, STEPS] {
        let (x, y) = place(step as f64, 0.0);
        root.draw(&PathElement::new([(x, y), (x, y + 4 * ZOOM)], AXIS.stroke_width(ZOOM as u32)))?;
        text(
            root,
            &step.to_string(),
            (x / ZOOM, bottom + 14),
            12,
            SOFT,
            false,
            (HPos::Center, VPos::Center),
        )?;
    }

    let line = |curve: &Curve, colour: RGBColor, width: u32| -> Outcome {
        let points: Vec<_> = curve.rates.iter().enumerate().map(|(t, &rate)| place(t as f64, rate)).collect();
        root.draw(&PathElement::new(points, colour.stroke_width(width)))?;
        Ok(())
    };
    if let Some(beside) = &panel.beside {
        line(beside, BESIDE, 2 * ZOOM as u32)?;
    }
    // The first lies on top.
    for (curve, colour) in panel.curves.iter().zip(COLOURS).rev() {
        line(curve, colour, 2 * ZOOM as u32)?;
    }

    let beside = panel.beside.iter().map(|curve| (curve, BESIDE));
    let all: Vec<_> = panel.curves.iter().zip(COLOURS).chain(beside).collect();
    let height = 17;
    let (x, across) = match panel.labels {
        Corner::BottomLeft => (left + 8, HPos::Left),
        Corner::TopRight | Corner::BottomRight => (right - 4, HPos::Right),
    };
    let first = match panel.labels {
        Corner::TopRight => top + 10,
        Corner::BottomLeft | Corner::BottomRight => bottom - 12 - height * (all.len() as i32 - 1),
    };
    for (i, (curve, colour)) in all.into_iter().enumerate() {
        text(root, &curve.label, (x, first + height * i as i32), 13, colour, false, (across, VPos::Center))?;
    }
    Ok(())
}

fn text<D: DrawingBackend>(
    root: &Area<D>,
    text: &str,
    at: (i32, i32),
    size: i32,
    colour: RGBColor,
    bold: bool,
    (across, upward): (HPos, VPos),
) -> Outcome
where
    D::ErrorType: 'static,
{
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size * ZOOM), style);
    let style = font.color(&colour).pos(Pos::new(across, upward));
    root.draw(&Text::new(text.to_owned(), (at.0 * ZOOM, at.1 * ZOOM), style))?;
    Ok(())
}
