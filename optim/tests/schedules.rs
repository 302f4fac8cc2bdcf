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
}
