//! A plateau's handle: shared, saved, resumed.

use proptest::prelude::*;
use wengert::prelude::*;

fn make() -> ReduceOnPlateau {
    ReduceOnPlateau::new(0.5).factor(0.5).patience(1).cooldown(2)
}

proptest! {
    #[test]
    fn a_saved_plateau_goes_on(
        metrics in prop::collection::vec(prop_oneof![9 => 0.0..1.0f64, 1 => Just(f64::NAN)], 2..40),
        cut in 0.0..1.0f64,
    ) {
        let at = (cut * metrics.len() as f64) as usize;
        let (whole, first, second) = (make(), make(), make());
        let rates: Vec<f64> = metrics.iter().map(|&metric| whole.observe(metric)).collect();
        metrics[..at].iter().for_each(|&metric| {
            first.observe(metric);
        });
        let saved = serde_json::to_string(&first.state()).unwrap();
        second.load_state(serde_json::from_str(&saved).unwrap());
        let rest: Vec<f64> = metrics[at..].iter().map(|&metric| second.observe(metric)).collect();
        prop_assert_eq!(&rest[..], &rates[at..]);
        prop_assert_eq!(whole.state(), second.state());
    }

    #[test]
    fn the_rate_never_rises_nor_falls_below_the_least(
        metrics in prop::collection::vec(-1.0..1.0f64, 1..200), least in 0.0..0.5f64,
    ) {
        let plateau = make().min_lr(least);
        let mut before = plateau.rate();
        for metric in metrics {
            let now = plateau.observe(metric);
            prop_assert!(now == before || now == (before * 0.5).max(least), "{} after {}", now, before);
            before = now;
        }
    }
}

#[test]
fn clones_and_optimizers_share_the_rate() {
    let plateau = ReduceOnPlateau::new(1.0).patience(0).factor(0.5);
    let w = Parameter::new(Tensor::<f64>::scalar(1.0));
    let sgd = Sgd::new([w], Cosine::new(0.2, 100).scale(plateau.clone()));
    assert_eq!(sgd.learning_rate(), 0.2);
    plateau.observe(1.0);
    plateau.clone().observe(1.0);
    assert_eq!((plateau.rate(), sgd.learning_rate()), (0.5, 0.1));
}

#[test]
fn metrics_that_are_not_finite_are_bad() {
    let plateau = ReduceOnPlateau::new(1.0).patience(0).factor(0.5);
    for (metric, rate) in [(f64::NAN, 0.5), (f64::NEG_INFINITY, 0.25), (3.0, 0.25), (f64::INFINITY, 0.125)] {
        assert_eq!(plateau.observe(metric), rate, "{metric}");
    }
    assert_eq!(plateau.state().best(), Some(3.0));
}

#[test]
fn a_damaged_state_says_what_is_wrong() {
    use wengert::optim::schedule::PlateauState;
    for (text, expected) in [
        (r#"{"rate": -0.5, "best": 1, "bad": 0, "cooldown": 0}"#, "expected a finite rate ≥ 0, found -0.5"),
        (r#"{"rate": 0.5, "best": 1, "bad": -1, "cooldown": 0}"#, "invalid value: integer `-1`"),
        (r#"{"rate": 0.5, "best": 1, "bad": 0}"#, "missing field `cooldown`"),
        (r#"{"rate": 0.5, "best": 1, "bad": 0, "cooldown": 0, "worst": 1}"#, "unknown field `worst`"),
    ] {
        let error = serde_json::from_str::<PlateauState>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
