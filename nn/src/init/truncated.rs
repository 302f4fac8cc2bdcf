//! The normal distribution cut at both ends.

use rand::{Rng, RngExt};
use rand_distr::{Exp1, StandardNormal};

/// How to draw a standard normal number that is known to lie in low..=high: each by drawing from a distribution
/// around it and rejecting, such that a draw is accepted with a good probability wherever the interval lies. After
/// Robert, "Simulation of truncated normal variables" (1995).
#[derive(Clone, Copy, Debug)]
enum Method {
    /// From the whole normal distribution.
    Normal,
    /// From an exponential tail with this rate.
    Tail { rate: f64 },
    /// Evenly; `peak` is where the density is largest.
    Even { peak: f64 },
}

/// The interval, mirrored if that brings it to the right of 0, and the method for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TruncatedNormal {
    low: f64,
    high: f64,
    mirrored: bool,
    method: Method,
}

impl TruncatedNormal {
    /// In low..=high, low < high, in standard deviations from the mean.
    pub(super) fn new(low: f64, high: f64) -> Self {
        let mirrored = high < 0.0;
        let (low, high) = if mirrored { (-high, -low) } else { (low, high) };
        let method = if low <= 0.0 {
            // The normal one hits the interval more often than the even one is accepted, if it is wide.
            if high - low > (2.0 * std::f64::consts::PI).sqrt() {
                Method::Normal
            } else {
                Method::Even { peak: 0.0 }
            }
        } else {
            let root = (low * low + 4.0).sqrt();
            let rate = (low + root) / 2.0;
            let wide = low + (0.5 + (low * low - low * root) / 4.0).exp() / rate;
            if high > wide { Method::Tail { rate } } else { Method::Even { peak: low } }
        };
        Self { low, high, mirrored, method }
    }

    pub(super) fn draw<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let Self { low, high, .. } = *self;
        let x = loop {
            let (x, accepted) = match self.method {
                Method::Normal => (rng.sample::<f64, _>(StandardNormal), 1.0),
                Method::Tail { rate } => {
                    let x = low + rng.sample::<f64, _>(Exp1) / rate;
                    (x, (-(x - rate) * (x - rate) / 2.0).exp())
                }
                Method::Even { peak } => {
                    let x = low + (high - low) * rng.random::<f64>();
                    (x, ((peak * peak - x * x) / 2.0).exp())
                }
            };
            // The normal method needs no second draw.
            if (low..=high).contains(&x) && (accepted == 1.0 || rng.random::<f64>() < accepted) {
                break x;
            }
        };
        if self.mirrored { -x } else { x }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    /// ∫ xᵏ e^(−x²/2) over low..high, relative to e^(−c²/2), by Simpson's rule.
    fn integral(low: f64, high: f64, c: f64, power: i32) -> f64 {
        let steps = 20_000;
        let h = (high - low) / steps as f64;
        let f = |i: usize| {
            let x = low + h * i as f64;
            x.powi(power) * ((c * c - x * x) / 2.0).exp()
        };
        let weight = |i: usize| if i == 0 || i == steps { 1.0 } else { (2 + 2 * (i % 2)) as f64 };
        (0..=steps).map(|i| weight(i) * f(i)).sum::<f64>() * h / 3.0
    }

    #[test]
    fn every_method_has_the_moments_of_the_interval() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        // All three methods, mirrored and not, also far out, where hardly any normal number falls.
        let cases = [
            (-2.0, 2.0),
            (-0.3, 0.4),
            (-5.0, 0.2),
            (0.5, 9.0),
            (1.0, 1.1),
            (-3.0, -2.0),
            (12.0, 20.0),
            (-40.0, -38.5),
        ];
        for (low, high) in cases {
            let distribution = TruncatedNormal::new(low, high);
            let n = 40_000;
            let draws: Vec<f64> = (0..n).map(|_| distribution.draw(&mut rng)).collect();
            assert!(draws.iter().all(|x| (low..=high).contains(x)), "{low}..{high}");
            let c = if low > 0.0 {
                low
            } else if high < 0.0 {
                high
            } else {
                0.0
            };
            let moment = |k| integral(low, high, c, k) / integral(low, high, c, 0);
            let mean = moment(1);
            let deviation = (moment(2) - mean * mean).sqrt();
            let found = draws.iter().sum::<f64>() / n as f64;
            assert!(
                (found - mean).abs() < 5.0 * deviation / (n as f64).sqrt(),
                "{low}..{high}: {found}, not {mean}"
            );
            let found = (draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64).sqrt();
            assert!(
                (found / deviation - 1.0).abs() < 0.03,
                "{low}..{high}: deviation {found}, not {deviation}"
            );
        }
    }
}
