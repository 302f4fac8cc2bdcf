use super::*;

/// A training tape that detects, with a model's part entered.
fn tape() -> Tape {
    Tape::training(0).detect_anomaly(true)
}

#[test]
fn are_reported_forward_with_place_and_ranges() {
    let tape = tape();
    let _scope = tape.scope("head.0");
    let x = tape.variable(vector(&[4.0, 0.0, -1.0]));
    let text = panic_of(|| x.ln());
    let line = line!() - 1;
    let first = format!("ln at {}:{line}:", file!());
    assert!(text.starts_with(&first), "{text}");
    for part in
        [" in head.0: its output holds 1 NaN and 1 ∞", "input 0 [3]: from -1 to 4", "output 0 [3]: all 1.386"]
    {
        assert!(text.contains(part), "{text}");
    }
    // Without a slot too: what is on the tape is looked at.
    assert!(panic_of(|| tape.constant(vector(&[0.0])).recip_by_hand()).contains("1 ∞"));
}

trait ByHand {
    fn recip_by_hand(&self) -> Self;
}

impl ByHand for Tensor<f64> {
    fn recip_by_hand(&self) -> Self {
        1.0 / self
    }
}

#[test]
fn are_reported_backward_in_each_kind_of_replay() {
    let replays = [Replay::new(), Replay::new().retain(true), Replay::new().create_graph(true)];
    for replay in replays {
        let tape = tape();
        let w = Parameter::new(vector(&[0.0, 1.0]));
        tape.name_parameters([("scale.weight", &w)]);
        let y = tape.watch(&w).sqrt();
        let line = line!() - 1;
        let loss = (y * 2.0).sum(..);
        let text = panic_of(|| loss.backward_with(replay));
        let first = format!("backward of sqrt at {}:{line}:", file!());
        assert!(text.starts_with(&first), "{text}");
        for part in [
            " in scale: the gradient of its input 0 holds 1 ∞",
            "gradient of output 0 [2]: all 2",
            "gradient of input 0 [2]: all 1, 1 ∞",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[test]
fn that_come_from_outside_are_named_so_and_wanted_infinities_pass() {
    let tape = tape();
    let x = tape.variable(vector(&[1.0, 2.0]));
    let text = panic_of(|| &x * &vector(&[f64::NAN, 1.0]));
    assert!(text.contains("input 1 held NaN before, from outside the tape"), "{text}");
    let mask = vector(&[0.0, f64::NEG_INFINITY]);
    let y = (&x + &mask).softmax(0);
    assert_eq!(y.to_vec(), [1.0, 0.0]);
    let grads = (y * vector(&[3.0, 4.0])).sum(..).backward();
    assert_eq!(grads.get(&x).unwrap().to_vec(), [0.0, 0.0]);
}

#[test]
fn are_found_in_what_will_be_computed_again() {
    let tape = tape();
    let x = tape.variable(vector(&[0.0]));
    let text = panic_of(|| autodiff::checkpoint(|x: &Tensor<f64>| x.exp().ln().ln(), &x));
    let line = line!() - 1;
    assert!(text.starts_with(&format!("ln at {}:{line}:", file!())), "{text}");
}

#[test]
fn are_not_looked_for_unless_asked() {
    let tape = Tape::new();
    let x = tape.variable(vector(&[0.0]));
    assert!(x.ln().sqrt().sum(..).item().is_nan());
    let tape = tape.detect_anomaly(true);
    assert!(panic_of(|| x.ln()).contains("ln"));
    let _ = tape.detect_anomaly(false);
    assert_eq!(x.ln().item(), f64::NEG_INFINITY);
}
