//! Properties that all schedules share, over random configurations and steps.

use proptest::prelude::*;
use wengert::prelude::*;

fn schedules(initial: f64, gamma: f64, steps: u64) -> Vec<(&'static str, Box<dyn Schedule>)> {
    vec![
        ("number", Box::new(initial)),
        ("constant", Box::new(Constant::new(initial))),
        ("inverse time", Box::new(InverseTime::new(initial, gamma))),
        ("exponential", Box::new(Exponential::new(initial, gamma))),
        ("step", Box::new(StepDecay::new(initial, gamma, steps))),
        ("cosine", Box::new(Cosine::new(initial, steps).minimum(initial * gamma))),
        ("inverse square root", Box::new(InverseSqrt::new(initial))),
        ("polynomial", Box::new(Polynomial::new(initial, steps).power(0.5 + gamma).end(initial * gamma))),
        ("linear", Box::new(LinearRamp::new(initial, initial * gamma, steps))),
        ("multi-step", Box::new(MultiStep::new(initial, gamma, [steps, steps, 2 * steps]))),
        ("table", Box::new(Piecewise::new([(0, initial), (steps, initial * gamma)]))),
        ("joined", Box::new(Piecewise::new([(0, initial), (steps, 0.0)]).joined(Anneal::Cos))),
        ("then", Box::new(initial.then(steps, Exponential::new(initial, gamma)))),
        ("scaled", Box::new(Cosine::new(1.0, steps).scale(initial))),
        ("clamped", Box::new(Schedule::clamp(Cosine::new(2.0 * initial, steps), 0.0, initial))),
        ("plateau", Box::new(ReduceOnPlateau::new(initial))),
        ("averaging", Box::new(Exponential::new(initial, gamma).swa(steps, 0.0))),
        ("by epochs", Box::new(InverseTime::new(initial, gamma).per_epoch(steps))),
        ("boxed", Box::new(Box::new(Exponential::new(initial, gamma)) as Box<dyn Schedule>)),
    ]
}

proptest! {
    #[test]
    fn rates_start_at_the_initial_one_and_never_rise(
        initial in 0.0..10.0f64, gamma in 0.0..=1.0f64, steps in 1..1000u64, at in 0..u64::MAX / 2,
    ) {
        for (name, schedule) in schedules(initial, gamma, steps) {
            prop_assert_eq!(schedule.at(0), initial, "{}", name);
            for at in [at, at % 2000] {
                let (now, next) = (schedule.at(at), schedule.at(at + 1));
                prop_assert!(now.is_finite() && (0.0..=initial * (1.0 + 1e-15)).contains(&now), "{}: {}", name, now);
                prop_assert!(next <= now + 1e-15 * initial, "{}: {} rises to {}", name, now, next);
            }
        }
    }

    #[test]
    fn warmup_rises_in_equal_parts_and_hands_over(
        initial in 1e-6..10.0f64, gamma in 0.1..=1.0f64, steps in 1..1000u64, warm in 0..500u64, at in 0..5000u64,
    ) {
        for (plain, warmed) in schedules(initial, gamma, steps).into_iter().zip(schedules(initial, gamma, steps)) {
            let warmed = warmed.1.warmup(warm);
            prop_assert_eq!(warmed.at(warm + at), plain.1.at(at));
            let part = initial / (warm + 1) as f64;
            for step in 0..warm {
                prop_assert!((warmed.at(step) - part * (step + 1) as f64).abs() < 1e-12 * initial);
            }
        }
    }
}

proptest! {
    /// Between their bounds at any step, even the last that can be counted.
    #[test]
    fn schedules_that_rise_and_fall_stay_within_their_bounds(
        low in 0.0..1.0f64, more in 0.0..1.0f64, up in 1..500u64, down in 1..500u64, share in 0.0..=0.5f64,
        linear: bool, three: bool, at: u64,
    ) {
        let high = low + more;
        let anneal = if linear { Anneal::Linear } else { Anneal::Cos };
        let one_cycle = OneCycle::new(high, up + down).pct_start(share).three_phase(three).anneal(anneal);
        let schedules: [(&str, Box<dyn Schedule>, f64); 7] = [
            ("cyclic", Box::new(Cyclic::new(low, high).steps_up(up).steps_down(down)), low),
            ("halving", Box::new(Cyclic::new(low, high).steps_up(up).mode(CyclicMode::Triangular2)), low),
            ("fading", Box::new(Cyclic::new(low, high).steps_up(up).mode(CyclicMode::ExpRange(0.99))), low),
            ("restarts", Box::new(CosineRestarts::new(high, up).multiplier(1 + down % 3).minimum(low)), low),
            ("one cycle", Box::new(one_cycle), high / 25e4),
            ("momentum", Box::new(one_cycle.momentum(low, high)), low),
            ("ramp", Box::new(LinearRamp::new(low, high, up)), low),
        ];
        for (name, schedule, least) in schedules {
            for at in [at, at % 2000, u64::MAX] {
                let rate = schedule.at(at);
                prop_assert!(
                    (least * (1.0 - 1e-12)..=high * (1.0 + 1e-12)).contains(&rate),
                    "{}: {} is not in {}..={}", name, rate, least, high,
                );
            }
        }
    }

    #[test]
    fn restarts_repeat(initial in 0.1..1.0f64, period in 1..100u64, multiplier in 1..5u64, k in 0..6u32, part in 0.0..1.0f64) {
        let schedule = CosineRestarts::new(initial, period).multiplier(multiplier);
        let start: u64 = (0..k).map(|i| period * multiplier.pow(i)).sum();
        let length = period * multiplier.pow(k);
        let since = (part * length as f64) as u64;
        prop_assert_eq!(schedule.at(start + since), Cosine::new(initial, length).at(since));
    }

    #[test]
    fn the_transformers_rate_peaks_at_the_end_of_its_rise(size in 1..2000usize, warm in 1..10_000u64, at in 0..100_000u64) {
        let schedule = Noam::new(size, warm);
        let peak = 1.0 / (size as f64 * warm as f64).sqrt();
        prop_assert!((schedule.at(warm - 1) / peak - 1.0).abs() < 1e-12);
        prop_assert!(schedule.at(at) <= peak * (1.0 + 1e-12));
    }
}

#[test]
fn the_notes_values() {
    let close = |a: f64, b: f64| (a - b).abs() < 5e-4;
    // α₀ = 0.2, decay rate 1, by epochs.
    let decay = InverseTime::new(0.2, 1.0).per_epoch(7);
    for (epoch, rate) in [(0, 0.2), (1, 0.1), (2, 0.067), (3, 0.05), (4, 0.04)] {
        assert!(close(decay.at(7 * epoch), rate) && close(decay.at(7 * epoch + 6), rate), "epoch {epoch}");
    }
    // 0.95 to the number of the epoch.
    assert!(close(Exponential::new(0.2, 0.95).at(10), 0.1197));
    // k/√epoch, epochs counted from 1.
    let root = InverseSqrt::new(0.2).per_epoch(7);
    assert!(close(root.at(0), 0.2) && close(root.at(7), 0.1414) && close(root.at(21), 0.1));
}
