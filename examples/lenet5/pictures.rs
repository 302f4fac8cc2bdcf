//! The pictures that a run leaves: curves, confusion matrix, mistakes.

use std::error::Error;
use std::ops::Range;
use std::path::Path;
use std::sync::Once;

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use wengert::data::Dataset;
use wengert::train::ConfusionMatrix;

use crate::training::History;

type Outcome = Result<(), Box<dyn Error>>;

const BLUE_LINE: RGBColor = RGBColor(31, 119, 180);
const ORANGE_LINE: RGBColor = RGBColor(255, 127, 14);

/// The pictures bring their font with them, so that they look the same on every machine.
fn fonts() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular()).ok().expect("a whole font");
    });
}

/// One series of a chart.
struct Series<'a> {
    name: &'a str,
    colour: RGBColor,
    values: &'a [f64],
}

/// Loss on the left, accuracy on the right, by epoch.
pub(crate) fn curves(history: &History, path: &Path) -> Outcome {
    fonts();
    let root = BitMapBackend::new(path, (1000, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(500);
    let loss = [Series { name: "training", colour: BLUE_LINE, values: &history.loss }];
    let highest = history.loss.iter().copied().fold(0.0, f64::max);
    chart(&left, "loss", 0.0..highest * 1.05, &loss)?;
    let percent = |values: &[f64]| values.iter().map(|v| 100.0 * v).collect::<Vec<_>>();
    let (train, test) = (percent(&history.train_accuracy), percent(&history.test_accuracy));
    let accuracy = [
        Series { name: "training", colour: BLUE_LINE, values: &train },
        Series { name: "test", colour: ORANGE_LINE, values: &test },
    ];
    // The first epochs may be far below the rest: the axis begins where most of the run is.
    let mut sorted: Vec<f64> = train.iter().chain(&test).copied().collect();
    sorted.sort_by(f64::total_cmp);
    let lowest = (sorted[sorted.len() / 20] - 2.0).max(0.0).floor();
    chart(&right, "accuracy, %", lowest..100.5, &accuracy)?;
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}

fn chart<D: DrawingBackend>(
    area: &DrawingArea<D, plotters::coord::Shift>,
    title: &str,
    range: Range<f64>,
    all: &[Series<'_>],
) -> Outcome
where
    D::ErrorType: 'static,
{
    let epochs = all[0].values.len();
    let lowest = range.start;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(1.0..(epochs.max(2) as f64), range)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .label_style(("sans-serif", 13))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .light_line_style(WHITE)
        .draw()?;
    for series in all {
        let colour = series.colour;
        let points = series.values.iter().enumerate().map(|(i, &y)| ((i + 1) as f64, y.max(lowest)));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    if all.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .border_style(RGBColor(200, 200, 200))
            .label_font(("sans-serif", 13))
            .draw()?;
    }
    Ok(())
}

/// Labels downward, predictions across; the darker, the larger the share of the label's examples.
pub(crate) fn confusion(matrix: &ConfusionMatrix, path: &Path) -> Outcome {
    fonts();
    let classes = matrix.classes();
    let cell = 48;
    let (left, top) = (76, 76);
    let size = (left + cell * classes as i32 + 24, top + cell * classes as i32 + 24);
    let root = BitMapBackend::new(path, (size.0 as u32, size.1 as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let middle = text_style(15, BLACK).pos(centred());
    let across = (left + cell * classes as i32 / 2, 22);
    root.draw(&Text::new("predicted", across, middle.clone()))?;
    let downward = text_style(15, BLACK).pos(centred()).transform(FontTransform::Rotate270);
    root.draw(&Text::new("label", (20, top + cell * classes as i32 / 2), downward))?;
    let shares = matrix.normalized();
    for (i, name) in matrix.class_names().iter().enumerate() {
        let along = cell * i as i32 + cell / 2;
        root.draw(&Text::new(name.as_str(), (left + along, top - 16), middle.clone()))?;
        root.draw(&Text::new(name.as_str(), (left - 18, top + along), middle.clone()))?;
        for j in 0..classes {
            let share = shares[[i, j]];
            let (x, y) = (left + cell * j as i32, top + cell * i as i32);
            let hue = if i == j { RGBColor(33, 113, 181) } else { RGBColor(203, 24, 29) };
            // A single mistake among many examples should still be seen.
            let strength = if share > 0.0 { 0.15 + 0.85 * share } else { 0.0 };
            let corners = [(x, y), (x + cell, y + cell)];
            root.draw(&Rectangle::new(corners, hue.mix(strength).filled()))?;
            root.draw(&Rectangle::new(corners, RGBColor(220, 220, 220).stroke_width(1)))?;
            let count = matrix.count(i, j);
            if count > 0 {
                let colour = if strength > 0.5 { WHITE } else { BLACK };
                let style = text_style(14, colour).pos(centred());
                root.draw(&Text::new(count.to_string(), (x + cell / 2, y + cell / 2), style))?;
            }
        }
    }
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}

/// At most so many mistakes are shown.
const SHOWN: usize = 48;

/// The pictures that were read wrongly, each with "label → prediction".
pub(crate) fn mistakes(set: &Dataset, predictions: &[i64], path: &Path) -> Outcome {
    fonts();
    let wrong: Vec<usize> =
        (0..set.len()).filter(|&i| set.labels()[i] != predictions[i]).take(SHOWN).collect();
    let all = (0..set.len()).filter(|&i| set.labels()[i] != predictions[i]).count();
    let (columns, zoom) = (8, 4);
    let rows = wrong.len().div_ceil(columns).max(1);
    let (height, width) = (set.example_shape()[1] as i32, set.example_shape()[2] as i32);
    let (cell_width, cell_height) = (zoom * width + 16, zoom * height + 34);
    let size = (cell_width * columns as i32 + 16, cell_height * rows as i32 + 52);
    let root = BitMapBackend::new(path, (size.0 as u32, size.1 as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let shown = if all > wrong.len() { format!(", the first {}", wrong.len()) } else { String::new() };
    let title = format!("{all} of {} pictures read wrongly{shown}: label → prediction", set.len());
    root.draw(&Text::new(title, (16, 14), text_style(16, BLACK)))?;
    let names = set.class_names();
    for (place, &i) in wrong.iter().enumerate() {
        let x = 16 + cell_width * (place % columns) as i32;
        let y = 46 + cell_height * (place / columns) as i32;
        let (picture, label) = set.example(i);
        for r in 0..height {
            for c in 0..width {
                let ink = 255 - (picture[[0, r as usize, c as usize]].clamp(0.0, 1.0) * 255.0) as u8;
                let corner = (x + zoom * c, y + zoom * r);
                let pixel = [corner, (corner.0 + zoom, corner.1 + zoom)];
                root.draw(&Rectangle::new(pixel, RGBColor(ink, ink, ink).filled()))?;
            }
        }
        let caption = format!("{} → {}", names[label as usize], names[predictions[i] as usize]);
        let below = (x + zoom * width / 2, y + zoom * height + 12);
        root.draw(&Text::new(caption, below, text_style(14, RGBColor(203, 24, 29)).pos(centred())))?;
    }
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}

fn text_style(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

fn centred() -> plotters::style::text_anchor::Pos {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    Pos::new(HPos::Center, VPos::Center)
}
