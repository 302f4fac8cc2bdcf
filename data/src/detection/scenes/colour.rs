//! Colours of a wanted brightness.

use rand::{Rng, RngExt};

/// Red, green and blue in 0..=1.
pub(super) type Colour = [f32; 3];

/// The brightness of a colour: Rec. 601's luma.
pub(super) fn brightness([r, g, b]: Colour) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// A colour of the given brightness, as far from grey as `saturation` lets it and the brightness allows.
pub(super) fn random(level: f32, saturation: f32, rng: &mut impl Rng) -> Colour {
    let raw: Colour = [rng.random(), rng.random(), rng.random()];
    let grey = brightness(raw);
    let tinted = raw.map(|v| grey + saturation * (v - grey));
    // Towards white or black: every channel stays in 0..=1.
    let level = level.clamp(0.0, 1.0);
    if level > grey {
        let step = (level - grey) / (1.0 - grey);
        tinted.map(|v| v + step * (1.0 - v))
    } else {
        let factor = if grey > 0.0 { level / grey } else { 0.0 };
        tinted.map(|v| v * factor)
    }
}

/// From `a` to `b` by `t` in 0..=1.
pub(super) fn mix(a: Colour, b: Colour, t: f32) -> Colour {
    std::array::from_fn(|c| a[c] + t * (b[c] - a[c]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    #[test]
    fn colours_have_the_brightness_that_was_asked_for() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for i in 0..1000 {
            let level = i as f32 / 999.0;
            let colour = random(level, 1.0, &mut rng);
            assert!((brightness(colour) - level).abs() < 1e-5, "{colour:?} for {level}");
            assert!(colour.iter().all(|v| (-1e-6..=1.000_001).contains(v)), "{colour:?}");
        }
    }

    #[test]
    fn without_saturation_they_are_grey() {
        let [r, g, b] = random(0.3, 0.0, &mut ChaCha8Rng::seed_from_u64(1));
        assert!((r - g).abs() < 1e-6 && (g - b).abs() < 1e-6);
    }
}
