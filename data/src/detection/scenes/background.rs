//! What is behind everything: a gradient, and over it noise, stripes and blobs as they fall.

use super::{
    SceneConfig,
    canvas::Canvas,
    colour::{self, Colour},
    config::Polarity,
};
use rand::{Rng, RngExt};
use std::f32::consts::TAU;

/// The colours of a background, and how its pixels are shaken.
pub(super) struct Background {
    level: f32,
    texture: f32,
    saturation: f32,
    grain: f32,
}

impl Background {
    pub(super) fn draw(config: &SceneConfig, rng: &mut impl Rng) -> Self {
        let (texture, contrast) = (config.texture as f32, config.contrast as f32);
        // Ink of one kind needs room above or below.
        let room = (1.0 - contrast - texture / 2.0).max(0.0);
        let (low, high) = match config.polarity {
            Polarity::Both => (0.1, 0.9),
            Polarity::Light => (0.0, room),
            Polarity::Dark => (1.0 - room, 1.0),
        };
        let level = low + rng.random::<f32>() * (high - low);
        Self { level, texture, saturation: config.saturation as f32, grain: config.grain as f32 }
    }

    /// A colour of about the background's brightness.
    fn colour(&self, rng: &mut impl Rng) -> Colour {
        let level = self.level + (rng.random::<f32>() - 0.5) * self.texture;
        colour::random(level, self.saturation, rng)
    }

    pub(super) fn paint(&self, canvas: &mut Canvas, rng: &mut impl Rng) {
        self.gradient(canvas, rng);
        if self.texture == 0.0 {
            return;
        }
        // Each layer is there in some pictures only, so that no two are alike.
        if rng.random_bool(0.3) {
            self.stripes(canvas, rng);
        }
        if rng.random_bool(0.5) {
            self.blobs(canvas, rng);
        }
        if rng.random_bool(0.7) {
            self.noise(canvas, rng);
        }
    }

    /// From one colour to another in some direction.
    fn gradient(&self, canvas: &mut Canvas, rng: &mut impl Rng) {
        let (a, b) = (self.colour(rng), self.colour(rng));
        let (sin, cos) = (rng.random::<f32>() * TAU).sin_cos();
        let (height, width) = (canvas.height as f32, canvas.width as f32);
        let reach = (sin.abs() * height + cos.abs() * width) / 2.0;
        let (middle_y, middle_x) = (height / 2.0, width / 2.0);
        each(canvas, |y, x, _| {
            let along = (y - middle_y) * sin + (x - middle_x) * cos;
            colour::mix(a, b, 0.5 + 0.5 * along / reach)
        });
    }

    /// Soft bands at some angle, somewhat bent.
    fn stripes(&self, canvas: &mut Canvas, rng: &mut impl Rng) {
        let other = self.colour(rng);
        let mut between = |low: f32, high: f32| low + rng.random::<f32>() * (high - low);
        let (sin, cos) = between(0.0, TAU).sin_cos();
        let (pace, phase) = (TAU / between(5.0, 24.0), between(0.0, TAU));
        let (bend, bend_pace) = (between(0.0, 3.0), TAU / between(30.0, 90.0));
        let (strength, hardness) = (between(0.3, 0.9), between(0.7, 3.0));
        each(canvas, |y, x, below| {
            let (along, across) = (y * sin + x * cos, y * cos - x * sin);
            let wave = (pace * (along + bend * (bend_pace * across).sin()) + phase).sin();
            colour::mix(below, other, strength * (0.5 + 0.5 * (hardness * wave).clamp(-1.0, 1.0)))
        });
    }

    /// A few soft ellipses.
    fn blobs(&self, canvas: &mut Canvas, rng: &mut impl Rng) {
        let side = canvas.height.min(canvas.width) as f32;
        for _ in 0..rng.random_range(2..=7) {
            let colour = self.colour(rng);
            let mut between = |low: f32, high: f32| low + rng.random::<f32>() * (high - low);
            let (y, x) = (between(0.0, canvas.height as f32), between(0.0, canvas.width as f32));
            let (long, short) = (between(0.1, 0.45) * side, between(0.06, 0.3) * side);
            let (sin, cos) = between(0.0, TAU).sin_cos();
            let (strength, softness) = (between(0.4, 1.0), between(0.1, 1.0));
            let reach = long.max(short);
            canvas.paint(y - reach..y + reach, x - reach..x + reach, colour, |py, px| {
                let (dy, dx) = (py - y, px - x);
                let (u, v) = ((dy * sin + dx * cos) / long, (dy * cos - dx * sin) / short);
                strength * smooth((1.0 - u.hypot(v)) / softness)
            });
        }
    }

    /// Value noise of several octaves, each finer and fainter than the one before.
    fn noise(&self, canvas: &mut Canvas, rng: &mut impl Rng) {
        let other = self.colour(rng);
        let (height, width) = (canvas.height, canvas.width);
        let mut field = vec![0.0; height * width];
        let mut cell = height.min(width) as f32 / (2.0 + 2.0 * rng.random::<f32>());
        let fade = 0.4 + 0.4 * rng.random::<f32>();
        let (mut amplitude, mut sum) = (1.0, 0.0);
        while cell >= 2.0 {
            octave(&mut field, width, cell, amplitude, rng);
            sum += amplitude;
            amplitude *= fade;
            cell /= 2.0;
        }
        let strength = 0.5 + 0.5 * rng.random::<f32>();
        for (pixel, v) in canvas.pixels.iter_mut().zip(field) {
            // The sum of octaves stays near its middle: it is spread.
            *pixel = colour::mix(*pixel, other, strength * smooth(2.0 * v / sum - 0.5));
        }
    }

    /// Every pixel a little off, as a sensor has it.
    pub(super) fn grain(&self, canvas: &mut Canvas, rng: &mut impl Rng) {
        if self.grain == 0.0 {
            return;
        }
        let amount = self.grain * rng.random::<f32>();
        for pixel in &mut canvas.pixels {
            // The sum of four even draws is bell-shaped enough; its standard deviation is √(4/12).
            let sum: f32 = (0..4).map(|_| rng.random::<f32>() - 0.5).sum();
            *pixel = pixel.map(|v| v + amount * sum * 1.732);
        }
    }
}

/// Replaces each pixel by a function of its middle and its colour.
fn each(canvas: &mut Canvas, f: impl Fn(f32, f32, Colour) -> Colour) {
    for (r, row) in canvas.pixels.chunks_exact_mut(canvas.width).enumerate() {
        for (c, pixel) in row.iter_mut().enumerate() {
            *pixel = f(r as f32 + 0.5, c as f32 + 0.5, *pixel);
        }
    }
}

/// Adds random values at the corners of square cells, smoothly joined.
fn octave(field: &mut [f32], width: usize, cell: f32, amplitude: f32, rng: &mut impl Rng) {
    let height = field.len() / width;
    let corners = |len: usize| (len as f32 / cell) as usize + 2;
    let (rows, columns) = (corners(height), corners(width));
    let lattice: Vec<f32> = (0..rows * columns).map(|_| rng.random()).collect();
    let place = |i: usize| {
        let at = i as f32 / cell;
        (at as usize, smooth(at.fract()))
    };
    let across: Vec<(usize, f32)> = (0..width).map(place).collect();
    for (r, row) in field.chunks_exact_mut(width).enumerate() {
        let (top, down) = place(r);
        let (above, below) = (&lattice[top * columns..], &lattice[(top + 1) * columns..]);
        for (v, &(left, right)) in row.iter_mut().zip(&across) {
            let upper = above[left] + right * (above[left + 1] - above[left]);
            let lower = below[left] + right * (below[left + 1] - below[left]);
            *v += amplitude * (upper + down * (lower - upper));
        }
    }
}

/// 0 below 0, 1 above 1, and 3t² − 2t³ between.
pub(super) fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
