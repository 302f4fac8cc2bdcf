//! Each schedule's rates under several options, and a plateau's on sequences of metrics.

use serde::Deserialize;
use wengert::prelude::*;

use crate::packed::{self, Options};

#[derive(Deserialize)]
struct Case {
    kind: String,
    options: Options,
    rates: Vec<f64>,
    /// What a plateau observes; null is no number.
    #[serde(default)]
    metrics: Vec<Option<f64>>,
}

/// The schedule under the names that PyTorch, or else `schedules.py`, gives its options.
fn schedule(kind: &str, o: &Options) -> Box<dyn Schedule> {
    let lr = || o.number("lr");
    let or = |name: &str, default: f64| o.optional(name).unwrap_or(default);
    let steps = |name: &str| o.optional::<u64>(name);
    let anneal = |name: &str| match o.optional::<String>(name).as_deref() {
        None => None,
        Some("cos" | "cosine") => Some(Anneal::Cos),
        Some("linear") => Some(Anneal::Linear),
        Some(other) => panic!("no such way: {other}"),
    };
    match kind {
        "constant" => Box::new(Constant::new(lr())),
        "inverse_time" => Box::new(InverseTime::new(lr(), o.number("decay"))),
        "inverse_sqrt" => Box::new(InverseSqrt::new(o.number("k"))),
        "exponential" => Box::new(Exponential::new(lr(), o.number("gamma"))),
        "linear" => {
            let (start, end) = (or("start_factor", 1.0 / 3.0), or("end_factor", 1.0));
            Box::new(LinearRamp::new(lr() * start, lr() * end, steps("total_iters").unwrap_or(5)))
        }
        "polynomial" => {
            let plain = Polynomial::new(lr(), steps("total_iters").unwrap_or(5));
            let powered = o.optional("power").map_or(plain, |power| plain.power(power));
            Box::new(o.optional("end").map_or(powered, |end| powered.end(end)))
        }
        "step" => Box::new(StepDecay::new(lr(), or("gamma", 0.1), steps("step_size").unwrap())),
        "multi_step" => {
            let milestones: Vec<u64> = o.optional("milestones").unwrap();
            Box::new(MultiStep::new(lr(), or("gamma", 0.1), milestones))
        }
        "piecewise" => {
            let table = Piecewise::new(o.optional::<Vec<(u64, f64)>>("table").unwrap());
            Box::new(match anneal("joined") {
                Some(way) => table.joined(way),
                None => table,
            })
        }
        "cosine" => {
            let plain = Cosine::new(lr(), steps("T_max").unwrap());
            Box::new(o.optional("eta_min").map_or(plain, |minimum| plain.minimum(minimum)))
        }
        "cosine_restarts" => {
            let plain = CosineRestarts::new(lr(), steps("T_0").unwrap());
            let longer = o.optional("T_mult").map_or(plain, |by| plain.multiplier(by));
            Box::new(o.optional("eta_min").map_or(longer, |minimum| longer.minimum(minimum)))
        }
        "cyclic" => Box::new(cyclic(o.number("base_lr"), o.number("max_lr"), o)),
        "cyclic_momentum" => Box::new(cyclic(or("max_momentum", 0.9), or("base_momentum", 0.8), o)),
        "one_cycle" => Box::new(one_cycle(o.number("max_lr"), anneal("anneal_strategy"), o)),
        "one_cycle_momentum" => {
            let (base, max) = (or("base_momentum", 0.85), or("max_momentum", 0.95));
            Box::new(one_cycle(0.1, anneal("anneal_strategy"), o).momentum(base, max))
        }
        "noam" => {
            let plain = Noam::new(o.optional("model_size").unwrap(), steps("warmup_steps").unwrap());
            Box::new(o.optional("factor").map_or(plain, |factor| plain.factor(factor)))
        }
        "swa" => {
            let plain = Exponential::new(lr(), 0.98).swa(steps("start").unwrap(), o.number("swa_lr"));
            let timed = steps("anneal_epochs").map_or(plain, |steps| plain.steps(steps));
            Box::new(anneal("anneal_strategy").map_or(timed, |way| timed.anneal(way)))
        }
        "warmup_cosine" => {
            let cosine = Cosine::new(lr(), steps("T_max").unwrap());
            Box::new(cosine.warmup(steps("warmup").unwrap()).start_factor(o.number("start_factor")))
        }
        "constant_then_exponential" => {
            let next = Exponential::new(lr(), o.number("gamma"));
            Box::new((0.5 * lr()).then(steps("n").unwrap(), next))
        }
        "constant_times_exponential" => {
            let factor = o.number("factor").then(steps("total_iters").unwrap(), 1.0);
            Box::new(Exponential::new(lr(), o.number("gamma")).scale(factor))
        }
        _ => panic!("no schedule for {kind}"),
    }
}

fn cyclic(base: f64, max: f64, o: &Options) -> Cyclic {
    let mut cyclic = Cyclic::new(base, max);
    if let Some(up) = o.optional("step_size_up") {
        cyclic = cyclic.steps_up(up);
    }
    if let Some(down) = o.optional("step_size_down") {
        cyclic = cyclic.steps_down(down);
    }
    match o.optional::<String>("mode").as_deref() {
        None => cyclic,
        Some("triangular2") => cyclic.mode(CyclicMode::Triangular2),
        Some("exp_range") => cyclic.mode(CyclicMode::ExpRange(o.number("gamma"))),
        Some(other) => panic!("no such mode: {other}"),
    }
}

fn one_cycle(max: f64, anneal: Option<Anneal>, o: &Options) -> OneCycle {
    let mut cycle = OneCycle::new(max, o.optional("total_steps").unwrap());
    if let Some(share) = o.optional("pct_start") {
        cycle = cycle.pct_start(share);
    }
    if let Some(three) = o.optional("three_phase") {
        cycle = cycle.three_phase(three);
    }
    if let Some(factor) = o.optional("div_factor") {
        cycle = cycle.div_factor(factor);
    }
    if let Some(factor) = o.optional("final_div_factor") {
        cycle = cycle.final_div_factor(factor);
    }
    anneal.map_or(cycle, |way| cycle.anneal(way))
}

fn plateau(o: &Options) -> ReduceOnPlateau {
    let mut plateau = ReduceOnPlateau::new(o.number("lr"));
    if let Some(factor) = o.optional("factor") {
        plateau = plateau.factor(factor);
    }
    if let Some(patience) = o.optional("patience") {
        plateau = plateau.patience(patience);
    }
    if let Some(cooldown) = o.optional("cooldown") {
        plateau = plateau.cooldown(cooldown);
    }
    if let Some(min_lr) = o.optional("min_lr") {
        plateau = plateau.min_lr(min_lr);
    }
    if let Some(eps) = o.optional("eps") {
        plateau = plateau.eps(eps);
    }
    if let Some(mode) = o.optional("mode") {
        plateau = plateau.mode(mode);
    }
    match (o.optional("threshold"), o.optional::<String>("threshold_mode").as_deref()) {
        (Some(by), Some("abs")) => plateau.threshold(PlateauThreshold::Absolute(by)),
        (Some(by), None) => plateau.threshold(PlateauThreshold::Relative(by)),
        (None, None) => plateau,
        other => panic!("no such threshold: {other:?}"),
    }
}

/// Far closer than other arithmetic must be. What PyTorch reckons from step to step carries its rounding along.
fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs() + 1e-16
}

#[test]
fn rates_are_those_of_other_libraries() {
    let cases: Vec<Case> = packed::read(include_bytes!("schedules.json.gz"));
    let mut of_plateaus = 0;
    for (number, case) in cases.iter().enumerate() {
        let place = format!("case {number}, {} {:?}", case.kind, case.options);
        assert!(case.rates.len() >= 50, "{place}: only {} steps", case.rates.len());
        let found: Vec<f64> = if case.kind == "plateau" {
            of_plateaus += 1;
            let plateau = plateau(&case.options);
            assert_eq!(case.metrics.len(), case.rates.len());
            case.metrics.iter().map(|metric| plateau.observe(metric.unwrap_or(f64::NAN))).collect()
        } else {
            let schedule = schedule(&case.kind, &case.options);
            (0..case.rates.len() as u64).map(|step| schedule.at(step)).collect()
        };
        case.options.assert_all_read(&place);
        for (step, (&found, &expected)) in found.iter().zip(&case.rates).enumerate() {
            assert!(close(found, expected), "{place}, step {step}: found {found:e}, expected {expected:e}");
        }
    }
    assert!(cases.len() > 80 && of_plateaus == 7, "{} cases, {of_plateaus} of plateaus", cases.len());
}
