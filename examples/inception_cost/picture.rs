//! The costs as bars.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Cost;
use crate::charts::{COLOURS, fonts, text_style};
use crate::common::Outcome;

/// The names of the bars, and the naive and the reduced value of each.
type Bars<'a> = Vec<(&'a str, [f64; 2])>;

/// Multiplications on the left, time on the right; the branch of the course's example, then the modules.
pub(crate) fn draw(direct: Cost, reduced: Cost, modules: &[(&str, Cost, Cost)], path: &Path) -> Outcome {
    fonts();
    let root = BitMapBackend::new(path, (1180, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(590);
    let all = || std::iter::once(("5×5", direct, reduced)).chain(modules.iter().copied());
    let millions = |cost: Cost| cost.multiplications as f64 / 1e6;
    let counts = all().map(|(name, a, b)| (name, [millions(a), millions(b)])).collect();
    bars(&left, "multiplications for one picture, millions", &counts)?;
    let times = all().map(|(name, a, b)| (name, [a.milliseconds, b.milliseconds])).collect();
    bars(&right, "time of a forward pass, ms", &times)?;
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}

fn bars<D: DrawingBackend>(area: &DrawingArea<D, Shift>, title: &str, all: &Bars<'_>) -> Outcome
where
    D::ErrorType: 'static,
{
    let highest = all.iter().flat_map(|(_, values)| values).copied().fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..all.len() as f64, 0.0..highest * 1.25)?;
    // The names stand in the middle of their bars, between the axis's whole numbers.
    let name = |x: &f64| match all.get(*x as usize) {
        Some((name, _)) if x.fract() == 0.5 => (*name).to_owned(),
        _ => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(2 * all.len() + 1)
        .x_label_formatter(&name)
        .label_style(text_style(13, BLACK))
        .light_line_style(WHITE)
        .draw()?;
    for (which, form) in ["naive", "reduced by 1×1"].into_iter().enumerate() {
        let colour = COLOURS[which];
        let bars = all.iter().enumerate().map(|(i, (_, values))| {
            let from = i as f64 + 0.12 + 0.38 * which as f64;
            Rectangle::new([(from, 0.0), (from + 0.36, values[which])], colour.filled())
        });
        chart
            .draw_series(bars)?
            .label(form)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], colour.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(RGBColor(200, 200, 200))
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}
