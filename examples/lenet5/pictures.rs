//! The pictures that a run leaves: curves, confusion matrix, mistakes.

use std::path::Path;

use plotters::prelude::*;
use wengert::data::Dataset;
use wengert::train::ConfusionMatrix;

use crate::charts::{COLOURS, Series, centred, fonts, lines, text_style};
use crate::common::Outcome;
use crate::training::History;

/// Loss on the left, accuracy on the right, by epoch.
pub(crate) fn curves(history: &History, path: &Path) -> Outcome {
    fonts();
    let root = BitMapBackend::new(path, (1000, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(500);
    let [blue, orange, ..] = COLOURS;
    let series = |name, colour, values| Series { name: Some(name), colour, width: 2, values };
    let highest = history.loss.iter().copied().fold(0.0, f64::max);
    let corner = SeriesLabelPosition::LowerRight;
    lines(&left, "loss", 0.0..highest * 1.05, corner.clone(), &[series("training", blue, &history.loss)])?;
    let percent = |values: &[f64]| values.iter().map(|v| 100.0 * v).collect::<Vec<_>>();
    let (train, test) = (percent(&history.train_accuracy), percent(&history.test_accuracy));
    let accuracy = [series("training", blue, &train), series("test", orange, &test)];
    // The first epochs may be far below the rest: the axis begins where most of the run is.
    let mut sorted: Vec<f64> = train.iter().chain(&test).copied().collect();
    sorted.sort_by(f64::total_cmp);
    let lowest = (sorted[sorted.len() / 20] - 2.0).max(0.0).floor();
    lines(&right, "accuracy, %", lowest..100.5, corner, &accuracy)?;
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
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
