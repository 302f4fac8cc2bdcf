//! What a check found.

use std::fmt;

use super::subject::coordinates;

/// How many of the worst components a comparison names.
const WORST: usize = 5;
/// The distance above which a gradient is wrong.
const WRONG: f64 = 1e-3;

/// The normalized distance ‖a − b‖₂ / max(‖a‖₂ + ‖b‖₂, floor).
pub(super) fn distance(a: &[f64], b: &[f64], floor: f64) -> f64 {
    let norm = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>().sqrt();
    let apart = norm(&mut a.iter().zip(b).map(|(a, b)| a - b));
    let size = norm(&mut a.iter().copied()) + norm(&mut b.iter().copied());
    if apart == 0.0 { 0.0 } else { apart / size.max(floor) }
}

/// What a distance says about a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// E is below the tolerance, 1e-7 by default.
    Right,
    /// E lies between the tolerance and 1e-3: a kink within a step, a badly scaled function, or a small
    /// error.
    Suspicious,
    /// E is above 1e-3, or not a number.
    Wrong,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Right => "right",
            Self::Suspicious => "suspicious",
            Self::Wrong => "WRONG",
        })
    }
}

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Differences of the function with the gradient of a backward pass.
    Gradient,
    /// The gradient of a plain backward pass with that of a recorded one: a fused function with its composed
    /// form.
    Replay,
    /// Differences of the gradient along a direction with the gradient of the gradient.
    SecondOrder,
    /// Differences of the outputs along a direction with their derivatives in forward mode
    /// ([`jvp`](crate::transform::jvp)).
    Forward,
}

impl Quantity {
    const fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::Replay => "recorded replay",
            Self::SecondOrder => "second order",
            Self::Forward => "forward mode",
        }
    }

    /// What the two sides of the comparison are called.
    const fn sides(self) -> [&'static str; 2] {
        match self {
            Self::Gradient | Self::SecondOrder | Self::Forward => ["numerical", "analytical"],
            Self::Replay => ["plain", "recorded"],
        }
    }
}

/// One component of a gradient, measured and computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// The coordinates within the input.
    pub index: Vec<usize>,
    /// The value measured by differences; for [`Quantity::Replay`], that of the plain backward pass.
    pub numerical: f64,
    /// The value the tape gives.
    pub analytical: f64,
}

/// The gradient of one input or parameter, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared with what.
    pub quantity: Quantity,
    /// The input's name: `input 0`, or the parameter's.
    pub name: String,
    /// The input's shape.
    pub shape: Vec<usize>,
    /// The normalized distance E = ‖n − a‖₂ / (‖n‖₂ + ‖a‖₂).
    pub distance: f64,
    /// What the distance says.
    pub verdict: Verdict,
    /// The components that differ most, worst first.
    pub worst: Vec<Component>,
}

/// What a check found: a comparison for each input and each order.
///
/// Its `Display` is a few lines: the verdict, then each comparison, with the worst components of those that
/// are not right.
///
/// ```
/// use wengert::autodiff::check;
/// use wengert::prelude::*;
///
/// let x = Tensor::from_vec([2], vec![0.5, 2.0]);
/// // A function that hides half of its dependence from the tape.
/// let report = check::gradients(|x| &x[0] * &x[0].detach(), &[x]).unwrap();
/// assert!(!report.is_right());
/// assert!(report.to_string().starts_with("gradient check: WRONG"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    tolerance: f64,
    floor: f64,
    comparisons: Vec<Comparison>,
}

impl Report {
    pub(super) fn new(tolerance: f64, floor: f64) -> Self {
        Self { tolerance, floor, comparisons: Vec::new() }
    }

    pub(super) fn floor(&self) -> f64 {
        self.floor
    }

    pub(super) fn set_floor(&mut self, floor: f64) {
        self.floor = floor;
    }

    pub(super) fn push(
        &mut self,
        quantity: Quantity,
        name: &str,
        shape: &[usize],
        numerical: Vec<f64>,
        analytical: Vec<f64>,
    ) {
        let distance = distance(&numerical, &analytical, self.floor);
        let mut order: Vec<usize> = (0..numerical.len()).collect();
        let apart = |&i: &usize| {
            let d = (numerical[i] - analytical[i]).abs();
            if d.is_nan() { f64::INFINITY } else { d }
        };
        order.sort_by(|i, j| apart(j).total_cmp(&apart(i)));
        order.truncate(WORST);
        let component = |i: usize| Component {
            index: coordinates(i, shape),
            numerical: numerical[i],
            analytical: analytical[i],
        };
        self.comparisons.push(Comparison {
            quantity,
            name: name.to_owned(),
            shape: shape.to_vec(),
            distance,
            verdict: match distance {
                e if e < self.tolerance => Verdict::Right,
                e if e <= WRONG => Verdict::Suspicious,
                _ => Verdict::Wrong,
            },
            worst: order.into_iter().map(component).collect(),
        });
    }

    /// All comparisons, in the order of the inputs.
    pub fn comparisons(&self) -> &[Comparison] {
        &self.comparisons
    }

    /// The largest distance E of all comparisons; NaN if one is.
    pub fn distance(&self) -> f64 {
        let larger = |a: f64, b: f64| if a.is_nan() || a > b { a } else { b };
        self.comparisons.iter().map(|c| c.distance).fold(0.0, larger)
    }

    /// The worst verdict of all comparisons.
    pub fn verdict(&self) -> Verdict {
        self.comparisons.iter().map(|c| c.verdict).max().unwrap_or(Verdict::Right)
    }

    /// Whether every gradient is right.
    pub fn is_right(&self) -> bool {
        self.verdict() == Verdict::Right
    }

    /// Does nothing if every gradient is right.
    ///
    /// # Panics
    /// With the report if one is not.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.is_right(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verdict, e) = (self.verdict(), self.distance());
        write!(
            f,
            "gradient check: {verdict}, E = {e:.1e} (right below {:.0e}, wrong above {WRONG:.0e})",
            self.tolerance
        )?;
        let labels: Vec<String> =
            self.comparisons.iter().map(|c| format!("{} {:?}", c.name, c.shape)).collect();
        let width = labels.iter().map(String::len).max().unwrap_or(0);
        for (c, label) in self.comparisons.iter().zip(&labels) {
            let (quantity, e, verdict) = (c.quantity.name(), c.distance, c.verdict);
            write!(f, "\n  {quantity:<15}  {label:<width$}  E = {e:<8.1e} {verdict}")?;
            if c.verdict != Verdict::Right {
                c.write_worst(f)?;
            }
        }
        Ok(())
    }
}

impl Comparison {
    fn write_worst(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indices: Vec<String> = self.worst.iter().map(|w| format!("{:?}", w.index)).collect();
        let width = indices.iter().map(String::len).max().unwrap_or(0);
        let [left, right] = self.quantity.sides();
        write!(f, "\n      {:width$}  {left:>20}  {right:>20}  {:>10}", "", "difference")?;
        for (w, index) in self.worst.iter().zip(&indices) {
            let (n, a) = (w.numerical, w.analytical);
            write!(f, "\n      {index:width$}  {n:>20.12e}  {a:>20.12e}  {:>10.1e}", n - a)?;
        }
        Ok(())
    }
}
