//! Charts of lines by epoch, and the fonts of all pictures: what several examples draw alike.

// Each example takes what it needs.
#![allow(dead_code)]

use std::ops::Range;
use std::sync::Once;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, register_font};

use crate::common::Outcome;

/// Ten colours that are easily told apart, of series in this order.
pub(crate) const COLOURS: [RGBColor; 10] = [
    RGBColor(31, 119, 180),
    RGBColor(255, 127, 14),
    RGBColor(44, 160, 44),
    RGBColor(214, 39, 40),
    RGBColor(148, 103, 189),
    RGBColor(140, 86, 75),
    RGBColor(227, 119, 194),
    RGBColor(127, 127, 127),
    RGBColor(188, 189, 34),
    RGBColor(23, 190, 207),
];

/// The pictures bring their fonts with them, so that they look the same on every machine.
pub(crate) fn fonts() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        for (style, font) in
            [(FontStyle::Normal, dejavu::sans::regular()), (FontStyle::Bold, dejavu::sans::bold())]
        {
            register_font("sans-serif", style, font).ok().expect("a whole font");
        }
    });
}

/// One line of a chart: a value for each epoch, from the first.
pub(crate) struct Series<'a> {
    /// Its name in the legend; without one it is not in there.
    pub(crate) name: Option<&'a str>,
    pub(crate) colour: RGBColor,
    pub(crate) width: u32,
    pub(crate) values: &'a [f64],
}

/// Lines by epoch. What lies outside the range is drawn at its edge.
pub(crate) fn lines<D: DrawingBackend>(
    area: &DrawingArea<D, Shift>,
    title: &str,
    range: Range<f64>,
    legend: SeriesLabelPosition,
    all: &[Series<'_>],
) -> Outcome
where
    D::ErrorType: 'static,
{
    let epochs = all.iter().map(|series| series.values.len()).max().unwrap_or(0);
    let (lowest, highest) = (range.start, range.end);
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
        .x_labels(epochs.clamp(2, 12))
        .x_label_formatter(&|x| if x.fract() == 0.0 { format!("{x:.0}") } else { String::new() })
        .light_line_style(WHITE)
        .draw()?;
    for series in all {
        let style = series.colour.stroke_width(series.width);
        let points = series.values.iter().enumerate();
        let points = points.map(|(i, &y)| ((i + 1) as f64, y.clamp(lowest, highest)));
        let line = chart.draw_series(LineSeries::new(points, style))?;
        if let Some(name) = series.name {
            line.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
    }
    if all.iter().filter(|series| series.name.is_some()).count() > 1 {
        chart
            .configure_series_labels()
            .position(legend)
            .background_style(WHITE.mix(0.8))
            .border_style(RGBColor(200, 200, 200))
            .label_font(("sans-serif", 13))
            .draw()?;
    }
    Ok(())
}

pub(crate) fn text_style(size: i32, colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour)
}

pub(crate) fn centred() -> Pos {
    Pos::new(HPos::Center, VPos::Center)
}
