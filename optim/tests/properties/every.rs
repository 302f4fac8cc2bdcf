//! What each optimizer must do, whatever its formula.

use rayon::ThreadPoolBuilder;
use wengert::optim::{Descent, Rule};
use wengert::prelude::*;

use crate::optimizers::{Make, all, bits, elementwise};
use crate::panics::panic_of;

fn ramp(shape: &[usize]) -> Parameter<f64> {
    let n: usize = shape.iter().product();
    let elements = (0..n).map(|i| (i as f64 * 0.7 + 0.3).sin()).collect();
    Parameter::new(Tensor::from_vec(shape, elements))
}

/// A smooth function of all elements of all parameters that couples those of each.
fn loss(step: u64, parameters: &[Parameter<f64>]) -> Tensor<f64> {
    let tape = Tape::new();
    let shift = (step as f64).cos();
    let losses = parameters.iter().map(|p| {
        let x = tape.watch(p);
        (&x - shift).square().sum(..) * 0.3 + x.sum(..).sin() * 0.1
    });
    losses.reduce(|a, b| a + b).expect("a parameter")
}

fn train(make: Make<f64>, parameters: &[Parameter<f64>], steps: u64) {
    let mut optimizer = make(parameters.to_vec(), false);
    (0..steps).for_each(|step| optimizer.minimize(&|| loss(step, parameters)));
}

#[test]
fn to_maximize_is_to_minimize_the_negative() {
    for (name, make) in all::<f64>() {
        let (up, down) = ([ramp(&[40, 30]), ramp(&[])], [ramp(&[40, 30]), ramp(&[])]);
        let mut maximizer = make(up.to_vec(), true);
        let mut minimizer = make(down.to_vec(), false);
        for step in 0..10 {
            maximizer.minimize(&|| -loss(step, &up));
            minimizer.minimize(&|| loss(step, &down));
        }
        assert_eq!(bits(&up), bits(&down), "{name}");
        assert_ne!(bits(&up), bits(&[ramp(&[40, 30]), ramp(&[])]), "{name}");
    }
}

#[test]
fn frozen_parameters_keep_every_bit() {
    for (name, make) in all::<f64>() {
        let odd = vec![-0.0, f64::NAN, 1.5, f64::INFINITY];
        let frozen = Parameter::new(Tensor::from_vec([4], odd));
        let late = ramp(&[3]);
        let parameters = [ramp(&[2, 3]), frozen.clone(), late.clone()];
        let (first, others) = (bits(&parameters[..1]), [ramp(&[2, 3]), ramp(&[3])]);
        frozen.freeze();
        let mut optimizer = make(parameters.to_vec(), false);
        let mut without = make(others.to_vec(), false);
        let learned = [parameters[0].clone(), late.clone()];
        for step in 0..4 {
            optimizer.minimize(&|| loss(step, &learned));
            without.minimize(&|| loss(step, &others));
        }
        // The others learn as if it were not there.
        assert_eq!(bits(&learned), bits(&others), "{name}");
        late.freeze();
        let held = bits(&[frozen.clone(), late.clone()]);
        (4..8).for_each(|step| optimizer.minimize(&|| loss(step, &learned)));
        assert_eq!(bits(&[frozen, late]), held, "{name}");
        assert_ne!(bits(&parameters[..1]), first, "{name}");
    }
}

#[test]
fn a_parameter_in_two_places_learns_from_both() {
    for (name, make) in all::<f64>() {
        let (shared, single) = (ramp(&[5]), ramp(&[5]));
        let mut both = make(vec![shared.clone()], false);
        let mut twice = make(vec![single.clone()], false);
        for _ in 0..5 {
            both.minimize(&|| {
                let tape = Tape::new();
                // The same parameter through two handles.
                (tape.watch(&shared).square() + tape.watch(&shared.clone()).square()).sum(..)
            });
            twice.minimize(&|| (Tape::new().watch(&single).square() * 2.0).sum(..));
        }
        assert_eq!(bits(&[shared]), bits(&[single]), "{name}");
    }
}

#[test]
fn empty_and_one_element_tensors() {
    for (name, make) in all::<f64>() {
        let parameters = [ramp(&[0, 3]), ramp(&[1]), ramp(&[1, 1, 1]), ramp(&[]), ramp(&[2, 0])];
        let before = bits(&parameters);
        let mut optimizer = make(parameters.to_vec(), false);
        (0..3).for_each(|step| optimizer.minimize(&|| loss(step, &parameters)));
        let after = bits(&parameters);
        // The three are equal and learn the same.
        assert!(
            after.len() == 3 && after[0] == after[1] && after[1] == after[2] && after != before,
            "{name}"
        );
        let mut other = make(parameters.to_vec(), false);
        other.take_state(&optimizer.state()).unwrap();
        assert_eq!(other.state(), optimizer.state(), "{name}");
        // Nothing but emptiness is no mistake.
        let nothing = [ramp(&[0])];
        train(make, &nothing, 2);
        assert_eq!(nothing[0].shape(), [0]);
    }
}

/// Long tensors are cut up, into pieces that differ between minimizing and maximizing.
#[test]
fn elements_do_not_depend_on_how_tensors_are_cut_nor_on_threads() {
    const N: usize = 40_003;
    for (name, make) in elementwise::<f64>() {
        let element = |p: &Parameter<f64>, tape: &Tape| tape.watch(p).square().sum(..);
        for up in [false, true] {
            let run = |threads: usize, lengths: &[usize]| {
                ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                    let whole = ramp(&[N]).value();
                    let mut from = 0;
                    let cut = lengths.iter().map(|&n| {
                        let place = from as isize..(from + n) as isize;
                        from += n;
                        Parameter::new(whole.slice(0, place))
                    });
                    let parameters: Vec<_> = cut.collect();
                    let mut optimizer = make(parameters.clone(), up);
                    for _ in 0..3 {
                        optimizer.minimize(&|| {
                            let tape = Tape::new();
                            let losses = parameters.iter().map(|p| element(p, &tape));
                            losses.reduce(|a, b| a + b).expect("a parameter")
                        });
                    }
                    bits(&parameters)
                })
            };
            let one = run(1, &[N]);
            assert!(run(3, &[N]) == one, "{name}: another result with 3 threads");
            assert!(run(2, &[999, 1024, 17, N - 2040]) == one, "{name}: another result in pieces");
        }
    }
}

#[test]
fn an_infinite_parameter_does_not_enter_the_gradient_without_decay() {
    fn check<R: Rule + Default>() {
        let w = Parameter::new(Tensor::from_vec([2], vec![f64::INFINITY, 1.0]));
        let mut optimizer = Descent::<R, f64>::new([w.clone()], 0.1).weight_decay(0.0);
        optimizer.step(&(Tape::new().watch(&w) * 2.0).sum(..).backward());
        let after = w.value().to_vec();
        assert!(after[0] == f64::INFINITY && after[1] < 1.0, "{}: {after:?}", R::NAME);
    }
    each_rule!(check);
}

/// Calls a generic function for each rule.
macro_rules! each_rule {
    ($check:ident) => {
        $check::<optim::SgdRule>();
        $check::<optim::AdagradRule>();
        $check::<optim::AdadeltaRule>();
        $check::<optim::RmsPropRule>();
        $check::<optim::AdamRule<false>>();
        $check::<optim::AdamRule<true>>();
        $check::<optim::AdamaxRule>();
        $check::<optim::NAdamRule>();
        $check::<optim::RAdamRule>();
        $check::<optim::RpropRule>();
        $check::<optim::LionRule>();
    };
}
use each_rule;

/// One optimizer with groups does what one optimizer for each group does.
#[test]
fn groups_are_optimizers_side_by_side() {
    fn check<R: Rule + Default>() {
        let make = |p: &Parameter<f64>, rate| Descent::<R, f64>::new([p.clone()], rate);
        let (together, alone) = ([(); 3].map(|()| ramp(&[4])), [(); 3].map(|()| ramp(&[4])));
        let [a, b, c] = &together;
        let group = ParameterGroup::new([b.clone()]).learning_rate(0.02).weight_decay(0.3);
        let ascending = make(c, 0.03).maximize(true).weight_decay(0.2);
        let mut one = make(a, 0.01).weight_decay(0.1).add_group(group).join(ascending);
        let mut three = [
            make(&alone[0], 0.01).weight_decay(0.1),
            make(&alone[1], 0.02).weight_decay(0.3),
            make(&alone[2], 0.03).maximize(true).weight_decay(0.2),
        ];
        assert_eq!([0, 1, 2].map(|g| one.learning_rate_of(g)), [0.01, 0.02, 0.03]);
        for step in 0..5 {
            one.step(&loss(step, &together).backward());
            let grads = loss(step, &alone).backward();
            three.iter_mut().for_each(|optimizer| optimizer.step(&grads));
        }
        assert_eq!(bits(&together), bits(&alone), "{}", R::NAME);
    }
    each_rule!(check);
}

/// As groups are compared when a state is loaded, so are their options.
#[test]
fn a_joined_optimizers_state_is_resumed_under_the_same_options_only() {
    let (a, b) = (ramp(&[3]), ramp(&[2]));
    let make = |beta: f64| {
        let second = Adam::new([b.clone()], 0.1).betas(beta, 0.9).amsgrad(true).maximize(true);
        Adam::new([a.clone()], 0.1).join(second)
    };
    let mut adam = make(0.5);
    adam.step(&loss(0, &[a.clone(), b.clone()]).backward());
    let mut same = make(0.5);
    same.load_bytes(&adam.to_bytes()).unwrap();
    assert_eq!(same.to_bytes(), adam.to_bytes());
    let text = make(0.4).load_bytes(&adam.to_bytes()).unwrap_err().to_string();
    assert!(text.contains("beta1 of group 1: expected 0.4, found 0.5"), "{text}");
    let text = make(0.5).maximize(true).load_bytes(&adam.to_bytes()).unwrap_err().to_string();
    assert!(text.contains("maximize of group 0: expected 1, found 0"), "{text}");
}

#[test]
fn gradients_of_another_model_panic_at_the_callers_line() {
    fn check<R: Rule + Default>() {
        let (ours, theirs) = (ramp(&[2]), ramp(&[2]));
        let mut optimizer = Descent::<R, f64>::new([ours.clone()], 0.1);
        let grads = loss(0, std::slice::from_ref(&theirs)).backward();
        let (text, file) = panic_of(|| optimizer.step(&grads));
        let expected = format!("{}::step: these are the gradients of another model", R::NAME);
        assert!(text.starts_with(&expected) && file.ends_with("every.rs"), "{text} at {file}");
        assert_eq!((bits(&[ours]), optimizer.step_count()), (bits(&[theirs]), 0));
    }
    each_rule!(check);
}

#[test]
fn parameters_of_rank_two_and_more_decay() {
    let net = Sequential::new()
        .push(Linear::<f64>::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0)))
        .push(BatchNorm1d::new(3));
    let (weights, others) = optim::partition_parameters(net.named_parameters(), optim::decays);
    let shapes = |p: &[Parameter<f64>]| p.iter().map(Parameter::shape).collect::<Vec<_>>();
    assert_eq!(shapes(&weights), [vec![3, 2]]);
    assert_eq!(shapes(&others), [vec![3], vec![3], vec![3]]);
}
