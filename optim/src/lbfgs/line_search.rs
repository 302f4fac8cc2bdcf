//! A step length that satisfies the strong Wolfe conditions.
//!
//! φ(t) is the loss at x + t·d, and φ'(t) = ∇·d its slope, negative at 0. A step t is good if it descends
//! enough, φ(t) ≤ φ(0) + c₁·t·φ'(0), and has left the slope behind, |φ'(t)| ≤ c₂·|φ'(0)|. First t grows until
//! such a step lies between two points, then the two close in on it; new points are the minima of the cubics
//! through the old ones. J. Nocedal and S. J. Wright, "Numerical optimization" (2006), algorithms 3.5 and 3.6,
//! with the safeguards of M. Schmidt's minFunc, as in PyTorch.

const DESCENT: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// Points that lie nearer to each other, in the element that moves most, are not told apart.
const NEAREST: f64 = 1e-9;

/// A point of the line.
#[derive(Clone, Debug)]
pub(super) struct Point<G> {
    pub(super) t: f64,
    pub(super) loss: f64,
    pub(super) slope: f64,
    pub(super) gradient: G,
}

/// The best point found in at most `budget` rounds, and how many points were evaluated.
///
/// `start` is that of t = 0, `t` the first to try, `longest` the largest |dᵢ|.
pub(super) fn strong_wolfe<G: Clone>(
    start: Point<G>,
    t: f64,
    longest: f64,
    budget: usize,
    mut evaluate: impl FnMut(f64) -> Point<G>,
) -> (Point<G>, usize) {
    let (loss, slope) = (start.loss, start.slope);
    let descends = |p: &Point<G>| p.loss <= loss + DESCENT * p.t * slope;
    let is_flat = |p: &Point<G>| p.slope.abs() <= -CURVATURE * slope;

    let mut previous = start.clone();
    let mut new = evaluate(t);
    let mut rounds = 0;
    let mut bracket = loop {
        if rounds >= budget {
            break [start, new];
        }
        if !descends(&new) || (rounds > 1 && new.loss >= previous.loss) {
            break [previous, new];
        }
        if is_flat(&new) {
            return (new, rounds + 1);
        }
        if new.slope >= 0.0 || new.slope.is_nan() {
            break [previous, new];
        }
        let bounds = (new.t + 0.01 * (new.t - previous.t), new.t * 10.0);
        let next = evaluate(cubic_minimum(&previous, &new, bounds));
        previous = std::mem::replace(&mut new, next);
        rounds += 1;
    };

    let lower = |bracket: &[Point<G>; 2]| if bracket[0].loss <= bracket[1].loss { 0 } else { 1 };
    let mut low = lower(&bracket);
    let mut little_progress = false;
    while rounds < budget {
        let [a, b] = &bracket;
        let (from, to) = (a.t.min(b.t), a.t.max(b.t));
        if (to - from) * longest < NEAREST {
            break;
        }
        let mut t = cubic_minimum(a, b, (from, to));
        // A point near an end cuts off little: once in a row is allowed, unless it is the end itself.
        let margin = 0.1 * (to - from);
        if (to - t).min(t - from) < margin {
            if little_progress || t >= to || t <= from {
                t = if to - t < t - from { to - margin } else { from + margin };
                little_progress = false;
            } else {
                little_progress = true;
            }
        } else {
            little_progress = false;
        }
        let new = evaluate(t);
        rounds += 1;
        let high = 1 - low;
        if !descends(&new) || new.loss >= bracket[low].loss {
            bracket[high] = new;
            low = lower(&bracket);
        } else {
            let (flat, slope) = (is_flat(&new), new.slope);
            let old = std::mem::replace(&mut bracket[low], new);
            if flat {
                break;
            }
            if slope * (bracket[high].t - old.t) >= 0.0 {
                bracket[high] = old;
            }
        }
    }
    let [a, b] = bracket;
    (if low == 0 { a } else { b }, rounds + 1)
}

/// Where the cubic through two points with their slopes is least within bounds; the bounds' middle if it is
/// least nowhere.
fn cubic_minimum<G>(a: &Point<G>, b: &Point<G>, (from, to): (f64, f64)) -> f64 {
    let (a, b) = if a.t <= b.t { (a, b) } else { (b, a) };
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = square.sqrt();
        let t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
        // In this order a NaN, of infinite losses, becomes `from`.
        t.max(from).min(to)
    } else {
        (from + to) / 2.0
    }
}
