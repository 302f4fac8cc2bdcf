//! Wrong arguments are refused where they stand, with what was expected and what was found.

use wengert::optim::AdaptiveClip;
use wengert::prelude::*;

use crate::panics::panic_of;

#[test]
fn wrong_arguments_are_refused() {
    let w = Parameter::<f64>::new(Tensor::scalar(1.0));
    let grads = || Tape::new().watch(&w).square().backward();
    let of = |shape: [usize; 1]| Gradients::of_parameters([(w.id(), Tensor::<f64>::zeros(shape))]);
    type Wrong<'a> = Box<dyn Fn() + 'a>;
    macro_rules! table {
        ($($message:literal: $wrong:expr;)*) => {
            [$(($message, Box::new(|| { let _ = $wrong; }) as Wrong<'_>)),*]
        };
    }
    #[rustfmt::skip]
    let table = table![
        "Constant::new (the rate): expected a finite number ≥ 0, found -1": Constant::new(-1.0);
        "Constant::new (the rate): expected a finite number ≥ 0, found NaN": Constant::from(f64::NAN);
        "InverseTime::new (the decay): expected a finite number ≥ 0, found NaN": InverseTime::new(0.1, f64::NAN);
        "InverseSqrt::new (the initial rate): expected a finite number ≥ 0, found inf": InverseSqrt::new(f64::INFINITY);
        "Exponential::new (the factor γ): expected a finite number ≥ 0, found -0.9": Exponential::new(0.1, -0.9);
        "Polynomial::new: expected at least one step, found 0": Polynomial::new(0.1, 0);
        "Polynomial::power: expected a finite number > 0, found 0": Polynomial::new(0.1, 5).power(0.0);
        "Polynomial::end: expected a finite number ≥ 0, found -0.1": Polynomial::new(0.1, 5).end(-0.1);
        "LinearRamp::new (the rate at the end): expected a finite number ≥ 0, found -2": LinearRamp::new(0.1, -2.0, 3);
        "StepDecay::new (between two falls): expected at least one step, found 0": StepDecay::new(0.1, 0.5, 0);
        "MultiStep::new: milestone 4 comes after 5; expected them in order": MultiStep::new(0.1, 0.5, [5, 4]);
        "Piecewise::new: expected a table from step 0 on, found none": Piecewise::new([]);
        "Piecewise::new: expected a table from step 0 on, found one from 1 on": Piecewise::new([(1, 0.1)]);
        "Piecewise::new: step 7 comes after 7; expected each step once and in order":
            Piecewise::new([(0, 0.1), (7, 0.2), (7, 0.3)]);
        "Piecewise::new (the rate of step 7): expected a finite number ≥ 0, found -3": Piecewise::new([(0, 0.1), (7, -3.0)]);
        "Cosine::new: expected at least one step, found 0": Cosine::new(0.1, 0);
        "Cosine::minimum: expected at most the initial rate 0.1, found 0.2": Cosine::new(0.1, 9).minimum(0.2);
        "CosineRestarts::new: expected at least one step, found 0": CosineRestarts::new(0.1, 0);
        "CosineRestarts::multiplier: expected at least 1, found 0": CosineRestarts::new(0.1, 3).multiplier(0);
        "Cyclic::steps_up: expected at least one step, found 0": Cyclic::new(0.1, 0.2).steps_up(0);
        "Cyclic::steps_down: expected at least one step, found 0": Cyclic::new(0.1, 0.2).steps_down(0);
        "Cyclic::mode: expected a factor γ in (0, 1], found 1.5": Cyclic::new(0.1, 0.2).mode(CyclicMode::ExpRange(1.5));
        "OneCycle::new: expected at least one step, found 0": OneCycle::new(0.1, 0);
        "OneCycle::pct_start: expected a number in [0, 1], found 1.1": OneCycle::new(0.1, 9).pct_start(1.1);
        "OneCycle::three_phase: in three phases the rise takes at most 0.5 of the steps, found 0.6":
            OneCycle::new(0.1, 9).pct_start(0.6).three_phase(true);
        "OneCycle::pct_start: in three phases the rise takes at most 0.5 of the steps, found 0.6":
            OneCycle::new(0.1, 9).three_phase(true).pct_start(0.6);
        "OneCycle::div_factor: expected a finite number > 0, found 0": OneCycle::new(0.1, 9).div_factor(0.0);
        "OneCycle::momentum (the base): expected a finite number ≥ 0, found -1": OneCycle::new(0.1, 9).momentum(-1.0, 0.9);
        "Noam::new (the model's size): expected a finite number > 0, found 0": Noam::new(0, 9);
        "Noam::new (the warm-up): expected at least one step, found 0": Noam::new(9, 0);
        "SwaSchedule::new (the rate): expected a finite number ≥ 0, found -1": 0.1.swa(3, -1.0);
        "Warmup::start_factor: expected a number in [0, 1], found 2": 0.1.warmup(3).start_factor(2.0);
        "Scale::new (the factor): expected a finite number ≥ 0, found -2": Cosine::new(0.1, 9).scale(-2.0);
        "Clamp::new: expected a maximum of at least the minimum 2, found 1": Schedule::clamp(0.1, 2.0, 1.0);
        "PerEpoch::new (in an epoch): expected at least one step, found 0": 0.1.per_epoch(0);
        "ReduceOnPlateau::new (the initial rate): expected a finite number ≥ 0, found -1": ReduceOnPlateau::new(-1.0);
        "ReduceOnPlateau::factor: expected a number in [0, 1), found 1": ReduceOnPlateau::new(1.0).factor(1.0);
        "ReduceOnPlateau::threshold: expected a finite number ≥ 0, found -1":
            ReduceOnPlateau::new(1.0).threshold(PlateauThreshold::Absolute(-1.0));
        "clip_value: expected a limit ≥ 0, found NaN": clip_value(&mut grads(), f64::NAN);
        "clip_global_norm: expected a norm ≥ 0, found -1": clip_global_norm(&mut grads(), -1.0);
        "clip_norm: expected a norm ≥ 0, found NaN": clip_norm(&mut grads(), f64::NAN);
        "clip_norm: expected a norm type p > 0, found 0": clip_norm(&mut grads(), ClipNorm::new(1.0).norm_type(0.0));
        "AdaptiveClip::new (the clipping factor): expected a finite number ≥ 0, found -1": AdaptiveClip::new(-1.0);
        "clip_adaptive (the clipping factor): expected a finite number ≥ 0, found -1":
            clip_adaptive(&mut grads(), [w.clone()], -1.0);
        "clip_adaptive: the gradient has shape [2], its parameter []": clip_adaptive(&mut of([2]), [w.clone()], 0.1);
        "AccumulatedGradients::add: expected a finite weight > 0, found 0": AccumulatedGradients::new().add(grads(), 0.0);
        "AccumulatedGradients::add: the gradient has shape [2], the same parameter's before [3]": {
            let mut accumulated = AccumulatedGradients::new();
            accumulated.add(of([3]), 1.0);
            accumulated.add(of([2]), 1.0);
        };
        "AccumulatedGradients::take_mean: nothing was added": AccumulatedGradients::<f64>::new().take_mean();
        "Ewa::new (β): expected a number in [0, 1), found 1": Ewa::<f64>::new(1.0);
    ];
    for (expected, wrong) in table {
        let (message, file) = panic_of(wrong);
        assert_eq!(message, expected);
        assert!(file.ends_with("refusals.rs"), "{message}: raised in {file}, not at the caller's line");
    }
}
