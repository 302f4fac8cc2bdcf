//! The schedules shown, each with a few settings.

use wengert::optim::schedule;
use wengert::prelude::*;

/// The last step shown.
pub(crate) const STEPS: usize = 400;

/// One schedule, or one way to put schedules together.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) formula: &'static str,
    /// Where the curves' labels stand.
    pub(crate) labels: Corner,
    pub(crate) curves: Vec<Curve>,
    /// Something else over the same steps, shown in grey.
    pub(crate) beside: Option<Curve>,
}

/// A corner of a panel that the curves leave free.
#[derive(Clone, Copy)]
pub(crate) enum Corner {
    TopRight,
    BottomLeft,
    BottomRight,
}

/// The rates of steps 0 to [`STEPS`].
pub(crate) struct Curve {
    pub(crate) label: String,
    pub(crate) rates: Vec<f64>,
}

fn curve(label: &str, schedule: impl Schedule) -> Curve {
    Curve { label: label.into(), rates: (0..=STEPS as u64).map(|step| schedule.at(step)).collect() }
}

fn panel<const N: usize>(
    title: &'static str,
    formula: &'static str,
    labels: Corner,
    curves: [Curve; N],
) -> Panel {
    Panel { title, formula, labels, curves: curves.into(), beside: None }
}

pub(crate) fn panels() -> Vec<Panel> {
    use Corner::{BottomLeft, BottomRight, TopRight};
    let cyclic = |max| Cyclic::new(0.1, max).steps_up(40);
    let one_cycle = || OneCycle::new(1.0, STEPS as u64 + 1);
    let table = || Piecewise::new([(0, 0.2), (80, 1.0), (200, 0.5), (320, 0.1)]);
    vec![
        panel(
            "Constant",
            "α",
            TopRight,
            [curve("α = 0.7", Constant::new(0.7)), curve("α = 0.3", Constant::new(0.3))],
        ),
        panel(
            "InverseTime",
            "α₀ / (1 + r·t)",
            TopRight,
            [0.005, 0.02, 0.1].map(|r| curve(&format!("r = {r}"), InverseTime::new(1.0, r))),
        ),
        panel(
            "InverseSqrt",
            "k / √(t + 1)",
            TopRight,
            [
                curve("by steps", InverseSqrt::new(1.0)),
                curve("by epochs of 40", InverseSqrt::new(1.0).per_epoch(40)),
            ],
        ),
        panel(
            "Exponential",
            "α₀·γᵗ",
            TopRight,
            [0.995, 0.99, 0.97].map(|gamma| curve(&format!("γ = {gamma}"), Exponential::new(1.0, gamma))),
        ),
        panel(
            "Polynomial",
            "α₁ + (α₀ − α₁)·(1 − t/T)ᵖ",
            TopRight,
            [
                curve("p = 0.5", Polynomial::new(1.0, 360).power(0.5)),
                curve("p = 2", Polynomial::new(1.0, 360).power(2.0)),
                curve("p = 4, α₁ = 0.2", Polynomial::new(1.0, 360).power(4.0).end(0.2)),
            ],
        ),
        panel(
            "LinearRamp",
            "α₀ + (α₁ − α₀)·t/T",
            BottomLeft,
            [
                curve("1 → 0.1", LinearRamp::new(1.0, 0.1, 320)),
                curve("0.3 → 0.8", LinearRamp::new(0.3, 0.8, 200)),
            ],
        ),
        panel(
            "StepDecay",
            "α₀·γ^⌊t/n⌋",
            TopRight,
            [
                curve("γ = 0.5, n = 80", StepDecay::new(1.0, 0.5, 80)),
                curve("γ = 0.8, n = 20", StepDecay::new(1.0, 0.8, 20)),
            ],
        ),
        panel(
            "MultiStep",
            "α₀·γᵏ after k milestones",
            TopRight,
            [
                curve("at 120, 240, 320", MultiStep::new(1.0, 0.4, [120, 240, 320])),
                curve("at 40, 80", MultiStep::new(1.0, 0.4, [40, 80])),
            ],
        ),
        panel(
            "Piecewise",
            "a table, by hand",
            TopRight,
            [
                curve("as it stands", table()),
                curve("lines", table().joined(Anneal::Linear)),
                curve("half cosines", table().joined(Anneal::Cos)),
            ],
        ),
        panel(
            "Cosine",
            "α_min + (α₀ − α_min)·(1 + cos(π·t/T))/2",
            TopRight,
            [
                curve("T = 400", Cosine::new(1.0, 400)),
                curve("T = 200, α_min = 0.15", Cosine::new(1.0, 200).minimum(0.15)),
            ],
        ),
        panel(
            "CosineRestarts",
            "periods of T₀, m·T₀, m²·T₀ …",
            TopRight,
            [
                curve("T₀ = 90", CosineRestarts::new(0.7, 90)),
                curve("T₀ = 40, m = 2", CosineRestarts::new(0.35, 40).multiplier(2)),
            ],
        ),
        panel(
            "Cyclic",
            "triangles between two rates",
            TopRight,
            [
                curve("up 40, down 40", cyclic(0.7)),
                curve("up 20, down 80", Cyclic::new(0.0, 0.35).steps_up(20).steps_down(80)),
            ],
        ),
        panel(
            "Cyclic, Triangular2",
            "triangles half as high each time",
            TopRight,
            [curve("up 40", cyclic(1.0).mode(CyclicMode::Triangular2))],
        ),
        panel(
            "Cyclic, ExpRange",
            "triangles times γᵗ",
            TopRight,
            [
                curve("γ = 0.997", cyclic(1.0).mode(CyclicMode::ExpRange(0.997))),
                curve("γ = 0.99", cyclic(1.0).mode(CyclicMode::ExpRange(0.99))),
            ],
        ),
        panel(
            "OneCycle",
            "α_max/d up to α_max, down to α_max/(d·f)",
            TopRight,
            [
                curve("cosines", one_cycle()),
                curve(
                    "lines, three phases",
                    one_cycle().anneal(Anneal::Linear).three_phase(true).div_factor(5.0),
                ),
            ],
        ),
        panel(
            "OneCycle::momentum",
            "the momentum against the rate",
            BottomRight,
            [
                curve("cosines", one_cycle().momentum(0.85, 0.95)),
                curve(
                    "lines, three phases",
                    one_cycle().anneal(Anneal::Linear).three_phase(true).momentum(0.6, 0.8),
                ),
            ],
        ),
        panel(
            "Noam",
            "k·d^(−½)·min(s^(−½), s·w^(−3/2)), s = t + 1",
            TopRight,
            [(20, "w = 20"), (80, "w = 80"), (200, "w = 200")]
                .map(|(warmup, label)| curve(label, Noam::new(512, warmup).factor(100.0))),
        ),
        panel(
            "swa",
            "S(t), then n steps to a constant rate",
            TopRight,
            [
                curve("from 200, n = 60", Cosine::new(1.0, 400).swa(200, 0.25).steps(60)),
                curve("from 100, n = 10", Exponential::new(0.8, 0.99).swa(100, 0.6)),
            ],
        ),
        panel(
            "warmup",
            "up in equal parts, then S(t − n)",
            TopRight,
            [
                curve("80 steps", Cosine::new(1.0, 320).warmup(80)),
                curve("start_factor 0.5", Exponential::new(0.7, 0.99).warmup(120).start_factor(0.5)),
            ],
        ),
        panel(
            "then",
            "S₁(t) for n steps, then S₂(t − n)",
            TopRight,
            [
                curve("two", 0.6.then(150, Polynomial::new(1.0, 250).power(2.0))),
                curve("three", LinearRamp::new(0.0, 0.5, 60).then(60, 0.5).then(240, Cosine::new(0.3, 160))),
            ],
        ),
        panel(
            "scale",
            "S(t)·k(t)",
            TopRight,
            [
                curve("S", CosineRestarts::new(0.7, 90)),
                curve("S times a line", CosineRestarts::new(0.7, 90).scale(LinearRamp::new(1.0, 0.0, 400))),
            ],
        ),
        panel(
            "clamp",
            "min(max(S(t), a), b)",
            TopRight,
            [
                curve("γ = 1.02 up to 0.7", Exponential::new(0.002, 1.02).clamp(0.0, 0.7)),
                curve("γ = 0.99 down to 0.3", Exponential::new(1.0, 0.99).clamp(0.3, 1.0)),
            ],
        ),
        plateau(TopRight),
        panel(
            "from_fn",
            "any closure",
            TopRight,
            [curve("a damped swing", {
                schedule::from_fn(|step| {
                    let t = step as f64;
                    0.5 + 0.45 * (-t / 150.0).exp() * (t / 12.0).cos()
                })
            })],
        ),
    ]
}

/// A loss that comes to rest the lower, the lower the rate is: as in a training whose steps are too long for the
/// valley they are in. It is observed every 4 steps.
fn plateau(labels: Corner) -> Panel {
    let plateau =
        ReduceOnPlateau::new(0.9).factor(0.5).patience(6).threshold(PlateauThreshold::Relative(0.01));
    let mut noise = ChaCha8Rng::seed_from_u64(3);
    let (mut loss, mut rates, mut losses) = (1.0, Vec::new(), Vec::new());
    for step in 0..=STEPS {
        rates.push(plateau.rate());
        let rest = 0.05 + 0.55 * plateau.rate();
        loss += 0.06 * (rest - loss);
        losses.push(loss + 0.006 * noise.random_range(-1.0..1.0));
        if step % 4 == 0 {
            plateau.observe(losses[step]);
        }
    }
    Panel {
        title: "ReduceOnPlateau",
        formula: "falls when a metric gets no better",
        labels,
        curves: vec![Curve { label: "rate".into(), rates }],
        beside: Some(Curve { label: "loss observed".into(), rates: losses }),
    }
}
