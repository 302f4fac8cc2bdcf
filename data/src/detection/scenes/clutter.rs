//! Shapes that are no digits.

use super::{SceneConfig, canvas::Canvas, colour};
use rand::{Rng, RngExt};
use std::f32::consts::TAU;

/// Draws one shape somewhere; a part of it may lie outside.
pub(super) fn paint(canvas: &mut Canvas, config: &SceneConfig, rng: &mut impl Rng) {
    let colour = colour::random(rng.random(), config.saturation as f32, rng);
    let kind = rng.random_range(0..5);
    let mut between = |low: f32, high: f32| low + rng.random::<f32>() * (high - low);
    let (y, x) = (between(0.0, canvas.height as f32), between(0.0, canvas.width as f32));
    // As large as the digits, so that size does not give them away.
    let half = between(config.object_size.0 as f32, config.object_size.1 as f32) * 0.4;
    let (sin, cos) = between(0.0, TAU).sin_cos();
    let (share, pace, strength) = (between(0.3, 0.7), between(0.8, 1.6) * TAU / half, between(0.6, 1.0));
    let line = (0.18 * half).max(1.0);
    // How far outside the shape a point lies in pixels; negative inside.
    let outside = |u: f32, v: f32| match kind {
        0 => u.hypot(v) - 0.7 * half,
        1 => (u.abs() - half).max(v.abs() - share * half),
        2 => (v - 0.6 * half).max(0.866 * u.abs() - 0.5 * v - 0.35 * half),
        3 => (u.abs().min(v.abs()) - line).max(u.abs().max(v.abs()) - half),
        _ => ((v - 0.4 * half * (pace * u).sin()).abs() * 0.6 - line * 0.7).max(u.abs() - 1.2 * half),
    };
    let reach = 1.5 * half + 2.0;
    canvas.paint(y - reach..y + reach, x - reach..x + reach, colour, |py, px| {
        let (dy, dx) = (py - y, px - x);
        strength * (0.5 - outside(dy * sin + dx * cos, dy * cos - dx * sin)).clamp(0.0, 1.0)
    });
}
