//! The pictures that a run leaves: scenes with boxes, precision by recall, the loss.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;
use wengert::data::detection::{BoundingBox, Detection, Scenes};
use wengert::prelude::*;
use wengert::train::detection::VocEvaluation;

use crate::SHOWN_SCORE;
use crate::charts::{COLOURS, fonts};
use crate::common::Outcome;
use crate::drawing::Sheet;
use crate::training::History;

/// How many scenes are shown, in two columns.
const SHOWN: usize = 12;

/// The first test scenes, each with what stands in it on the left and what was found on the right.
pub(crate) fn scenes(scenes: &Scenes, found: &[Vec<Detection>], path: &Path) -> Outcome {
    let (zoom, gap, head) = (3, 12, 36);
    let shown = SHOWN.min(found.len());
    let batch = scenes.batch(0..shown as u64);
    let (height, width) = (batch.pictures.shape()[2] * zoom, batch.pictures.shape()[3] * zoom);
    let rows = shown.div_ceil(2);
    let mut sheet = Sheet::new(4 * width + 6 * gap, head + rows * (height + gap));
    let column = |i: usize| gap + i * (width + gap) + (i / 2) * gap;
    for i in 0..4 {
        let title = if i % 2 == 0 { "truth" } else { "found" };
        sheet.text(title, (column(i), 10), 17)?;
    }
    for (i, found) in found.iter().enumerate().take(shown) {
        let y = head + i / 2 * (height + gap);
        let (left, right) = ((column(i % 2 * 2), y), (column(i % 2 * 2 + 1), y));
        let picture = batch.pictures.select(0, i as isize);
        sheet.picture(&picture, left, zoom);
        sheet.picture(&picture, right, zoom);
        let names = scenes.class_names();
        let truth = batch.objects[i].iter();
        let truth = truth.map(|o| (&o.bounding_box, names[o.class].clone(), COLOURS[o.class % 10]));
        sheet.boxes(left, left.0 + width, zoom, 2, truth)?;
        let sure = found.iter().filter(|detection| detection.score >= SHOWN_SCORE);
        sheet.boxes(right, right.0 + width, zoom, 2, sure.map(|d| label(d, &names[d.class])))?;
    }
    sheet.save(path)
}

/// A picture of the user's with what was found in it.
pub(crate) fn found(picture: &Tensor<f32>, found: &[Detection], path: &Path) -> Outcome {
    let (height, width) = (picture.shape()[1], picture.shape()[2]);
    // A small picture is enlarged, so that the labels can be read; lines grow with a large one.
    let zoom = 480_usize.div_ceil(height.max(width));
    let stroke = 2 + (height.max(width) / 800) as u32;
    let mut sheet = Sheet::new(width * zoom, height * zoom);
    sheet.picture(picture, (0, 0), zoom);
    sheet.boxes((0, 0), width * zoom, zoom, stroke, found.iter().map(|d| label(d, &d.class.to_string())))?;
    sheet.save(path)
}

fn label<'a>(detection: &'a Detection, name: &str) -> (&'a BoundingBox, String, RGBColor) {
    let text = format!("{name} {:.0} %", 100.0 * detection.score);
    (&detection.bounding_box, text, COLOURS[detection.class % 10])
}

/// One series of a chart.
struct Series<'a> {
    name: String,
    colour: RGBColor,
    x: &'a [f64],
    y: &'a [f64],
}

/// Precision by recall, a line a class.
pub(crate) fn precision_recall(evaluation: &VocEvaluation, path: &Path) -> Outcome {
    let series = evaluation.classes().iter().enumerate().map(|(i, class)| Series {
        name: match class.average_precision {
            Some(ap) => format!("{}  AP {ap:.3}", class.name),
            None => class.name.clone(),
        },
        colour: COLOURS[i % 10],
        x: class.curve.recall(),
        y: class.curve.precision(),
    });
    chart(
        path,
        ["recall", "precision"],
        [0.0..1.0, 0.0..1.02],
        SeriesLabelPosition::LowerLeft,
        series.collect(),
    )
}

/// The parts of the loss by step.
pub(crate) fn loss(history: &History, path: &Path) -> Outcome {
    let parts =
        [("boxes", &history.boxes), ("objectness", &history.objectness), ("classes", &history.classes)];
    let series = parts.into_iter().zip(COLOURS).map(|((name, y), colour)| Series {
        name: name.to_owned(),
        colour,
        x: &history.step,
        y,
    });
    // The first steps are far above the rest: the axis ends where most of the run is.
    let mut sorted: Vec<f64> = parts.iter().flat_map(|(_, part)| part.iter().copied()).collect();
    sorted.sort_by(f64::total_cmp);
    let highest = sorted.get(sorted.len() * 49 / 50).copied().unwrap_or(1.0).max(1e-3);
    let last = history.step.last().copied().unwrap_or(1.0).max(1.0);
    let ranges = [0.0..last, 0.0..highest * 1.1];
    chart(path, ["step", "loss"], ranges, SeriesLabelPosition::UpperRight, series.collect())
}

fn chart(
    path: &Path,
    [x, y]: [&str; 2],
    [across, upward]: [Range<f64>; 2],
    legend: SeriesLabelPosition,
    all: Vec<Series<'_>>,
) -> Outcome {
    fonts();
    let root = BitMapBackend::new(path, (720, 520)).into_drawing_area();
    root.fill(&WHITE)?;
    let highest = upward.end;
    let mut chart = ChartBuilder::on(&root)
        .margin(14)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(across, upward)?;
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .label_style(("sans-serif", 14))
        .light_line_style(WHITE)
        .draw()?;
    for series in all {
        let colour = series.colour;
        let points = series.x.iter().zip(series.y).map(|(&x, &y)| (x, y.min(highest)));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .label_font(("sans-serif", 13))
        .draw()?;
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}
