//! Where the digits stand: drawn at random, kept if they leave the others visible.

use super::{Polarity, SceneConfig, canvas::Canvas, colour, glyph::Glyph};
use crate::detection::{BoundingBox, Object};
use rand::{Rng, RngExt};

/// How often a place is looked for before an object is left out.
const TRIES: usize = 50;

/// A glyph turned, slanted and enlarged: a point of the glyph, seen from its middle, times the matrix.
struct Pose {
    matrix: [f32; 4],
    /// The box of the ink around the middle: top, left, bottom, right.
    ink: [f32; 4],
}

impl Pose {
    fn draw(glyph: &Glyph, config: &SceneConfig, rng: &mut impl Rng) -> Self {
        let mut even = |range: f64| ((2.0 * rng.random::<f64>() - 1.0) * range) as f32;
        let (sin, cos) = even(config.rotation).to_radians().sin_cos();
        let (slant, stretch) = (even(0.15), even(0.12));
        let (min, max) = config.object_size;
        let size = (min * (max / min).powf(rng.random())) as f32;
        // Stretched, slanted, then turned; rows are y.
        let (tall, wide) = (1.0 + stretch, 1.0 - stretch);
        let matrix = [cos * tall, sin * wide + cos * slant, -sin * tall, cos * wide - sin * slant];
        let (my, mx) = glyph.middle();
        let mut ink = [f32::INFINITY, f32::INFINITY, f32::NEG_INFINITY, f32::NEG_INFINITY];
        for &(y, x) in &glyph.outline {
            let (y, x) = apply(matrix, y - my, x - mx);
            ink = [ink[0].min(y), ink[1].min(x), ink[2].max(y), ink[3].max(x)];
        }
        let factor = size / (ink[2] - ink[0]).max(ink[3] - ink[1]).max(1.0);
        Self { matrix: matrix.map(|v| v * factor), ink: ink.map(|v| v * factor) }
    }
}

fn apply(m: [f32; 4], y: f32, x: f32) -> (f32, f32) {
    (m[0] * y + m[1] * x, m[2] * y + m[3] * x)
}

/// A glyph in pixels.
struct Stamp {
    top: usize,
    left: usize,
    width: usize,
    /// How much ink covers each pixel, row by row.
    cover: Vec<f32>,
    /// What later stamps leave of it.
    visible: Vec<f32>,
    bounding_box: BoundingBox,
}

impl Stamp {
    /// The glyph with its middle at a point; nothing if no pixel inside the picture has ink.
    fn draw(glyph: &Glyph, pose: &Pose, (y, x): (f32, f32), canvas: &Canvas) -> Option<Self> {
        let [a, b, c, d] = pose.matrix;
        let determinant = a * d - b * c;
        let inverse = [d, -b, -c, a].map(|v| v / determinant);
        // Faint ink reaches a little further than half covered pixels do.
        let margin = 1.0 + 0.5 * determinant.abs().sqrt();
        let begin = |at: f32| (at - margin).floor().max(0.0) as usize;
        let end = |at: f32, len: usize| ((at + margin).ceil().max(0.0) as usize).min(len);
        let rows = begin(y + pose.ink[0])..end(y + pose.ink[2], canvas.height);
        let columns = begin(x + pose.ink[1])..end(x + pose.ink[3], canvas.width);
        let (my, mx) = glyph.middle();
        let mut cover = Vec::with_capacity(rows.len() * columns.len());
        let mut edges: Option<[usize; 4]> = None;
        for r in rows.clone() {
            for c in columns.clone() {
                let (gy, gx) = apply(inverse, r as f32 + 0.5 - y, c as f32 + 0.5 - x);
                let amount = glyph.cover(gy + my, gx + mx);
                if amount >= 0.5 {
                    let [top, left, bottom, right] = edges.unwrap_or([r, c, r + 1, c + 1]);
                    edges = Some([top.min(r), left.min(c), bottom.max(r + 1), right.max(c + 1)]);
                }
                cover.push(amount);
            }
        }
        let [top, left, bottom, right] = edges?.map(|edge| edge as f64);
        Some(Self {
            top: rows.start,
            left: columns.start,
            width: columns.len(),
            visible: cover.clone(),
            cover,
            bounding_box: BoundingBox::new(left, top, right, bottom),
        })
    }

    /// The pixels: row, column, how much ink covers it.
    fn pixels(&self) -> impl Iterator<Item = (usize, usize, f32)> + '_ {
        let place = |i: usize| (self.top + i / self.width, self.left + i % self.width);
        self.cover.iter().enumerate().filter(|(_, amount)| **amount > 0.0).map(move |(i, &amount)| {
            let (r, c) = place(i);
            (r, c, amount)
        })
    }

    /// What stays visible of each pixel under another stamp.
    fn under(&self, other: &Self) -> Vec<f32> {
        let mut visible = self.visible.clone();
        let height = self.cover.len() / self.width;
        for (r, c, amount) in other.pixels() {
            let (Some(r), Some(c)) = (r.checked_sub(self.top), c.checked_sub(self.left)) else { continue };
            if r < height && c < self.width {
                visible[r * self.width + c] *= 1.0 - amount;
            }
        }
        visible
    }
}

/// Draws the digits of a scene.
pub(super) fn place(
    canvas: &mut Canvas,
    glyphs: &[Glyph],
    config: &SceneConfig,
    rng: &mut impl Rng,
) -> Vec<Object> {
    let count = rng.random_range(config.objects.0..=config.objects.1);
    let mut stamps: Vec<Stamp> = Vec::with_capacity(count);
    let mut objects = Vec::with_capacity(count);
    for _ in 0..count {
        // Which digit comes does not depend on how easily it finds a place: classes stay balanced.
        let glyph = &glyphs[rng.random_range(0..glyphs.len())];
        let Some(stamp) = (0..TRIES).find_map(|_| fit(glyph, &mut stamps, canvas, config, rng)) else {
            continue;
        };
        paint(&stamp, canvas, config, rng);
        objects.push(Object::new(stamp.bounding_box, glyph.class));
        stamps.push(stamp);
    }
    objects
}

/// One try. If it succeeds, the stamps below know what they have lost.
fn fit(
    glyph: &Glyph,
    stamps: &mut [Stamp],
    canvas: &Canvas,
    config: &SceneConfig,
    rng: &mut impl Rng,
) -> Option<Stamp> {
    let pose = Pose::draw(glyph, config, rng);
    let [top, left, bottom, right] = pose.ink;
    let mut between = |low: f32, high: f32| low + rng.random::<f32>() * (high - low).max(0.0);
    let y = between(-top, canvas.height as f32 - bottom);
    let x = between(-left, canvas.width as f32 - right);
    let rough = BoundingBox::new(
        f64::from(x + left),
        f64::from(y + top),
        f64::from(x + right),
        f64::from(y + bottom),
    );
    // Most tries fail here, before any pixel is drawn.
    if stamps.iter().any(|other| other.bounding_box.iou(&rough) > config.max_overlap) {
        return None;
    }
    let stamp = Stamp::draw(glyph, &pose, (y, x), canvas)?;
    if stamps.iter().any(|other| other.bounding_box.iou(&stamp.bounding_box) > config.max_overlap) {
        return None;
    }
    let under: Vec<Vec<f32>> = stamps.iter().map(|other| other.under(&stamp)).collect();
    let sum = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>();
    let hidden =
        |(below, visible): (&Stamp, &Vec<f32>)| sum(visible) < config.min_visible * sum(&below.cover);
    if stamps.iter().zip(&under).any(hidden) {
        return None;
    }
    for (below, visible) in stamps.iter_mut().zip(under) {
        below.visible = visible;
    }
    Some(stamp)
}

/// In a colour that stands out from what is behind.
fn paint(stamp: &Stamp, canvas: &mut Canvas, config: &SceneConfig, rng: &mut impl Rng) {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (r, c, amount) in stamp.pixels() {
        sum += amount * colour::brightness(canvas.pixels[r * canvas.width + c]);
        weight += amount;
    }
    let behind = sum / weight;
    let contrast = config.contrast as f32;
    let (dark, light) = (behind - contrast, behind + contrast);
    let lighter = match config.polarity {
        Polarity::Light => true,
        Polarity::Dark => false,
        Polarity::Both if dark < 0.0 || light > 1.0 => 1.0 - behind > behind,
        Polarity::Both => rng.random(),
    };
    let (from, to) = if lighter { (light.min(1.0), 1.0) } else { (dark.max(0.0), 0.0) };
    let level = from + rng.random::<f32>() * (to - from);
    let ink = colour::random(level, config.saturation as f32, rng);
    for (r, c, amount) in stamp.pixels() {
        let pixel = &mut canvas.pixels[r * canvas.width + c];
        *pixel = colour::mix(*pixel, ink, amount);
    }
}
