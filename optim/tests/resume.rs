//! A saved state goes on with the same bits; a wrong file is refused and changes nothing.

use std::path::Path;

use wengert::optim::{Descent, Error, Rule, StateProblem};
use wengert::prelude::*;

/// Parameters that a test trains: three shapes, one of them of rank 0.
fn parameters<T: Float>() -> Vec<Parameter<T>> {
    let ramp = |n: usize| (0..n).map(|i| T::from_f64((i as f64 * 0.7).sin())).collect();
    vec![
        Parameter::new(Tensor::from_vec([3, 4], ramp(12))),
        Parameter::new(Tensor::from_vec([4], ramp(4))),
        Parameter::new(Tensor::scalar(0.3)),
    ]
}

/// A step with gradients that no two steps share; the last parameter takes part in the odd ones only.
fn train<T: Float>(optimizer: &mut dyn Optimizer<T>, p: &[Parameter<T>]) {
    let step = optimizer.step_count();
    let tape = Tape::new();
    let shift = (step as f64).cos();
    let mut loss = ((tape.watch(&p[0]) + shift).square() * (tape.watch(&p[1]) - 0.1)).tanh().sum(..);
    if step % 2 == 1 {
        loss = loss + (tape.watch(&p[2]) * shift).exp();
    }
    optimizer.step(&loss.backward());
}

fn bits<T: Float>(p: &[Parameter<T>]) -> Vec<u64> {
    p.iter().flat_map(|p| p.value().to_vec()).map(|x| x.to_f64().to_bits()).collect()
}

fn check_resume<R: Rule, T: Float>(make: impl Fn(Vec<Parameter<T>>) -> Descent<R, T>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    // Before the first step, in mid-training, and after the schedules' ends.
    for steps in [0, 1, 10, 31] {
        let p = parameters();
        let mut optimizer = make(p.clone());
        (0..steps).for_each(|_| train(&mut optimizer, &p));
        optimizer.save(&path).unwrap();
        let copies: Vec<_> = p.iter().map(Parameter::deep_clone).collect();
        let from_bytes: Vec<_> = p.iter().map(Parameter::deep_clone).collect();

        let mut resumed = make(copies.clone());
        resumed.load(&path).unwrap();
        let mut from_memory = make(from_bytes.clone());
        // What it had before must not stay.
        train(&mut from_memory, &from_bytes);
        from_bytes.iter().zip(&p).for_each(|(copy, p)| copy.set(&p.value()));
        from_memory.load_bytes(&optimizer.to_bytes()).unwrap();

        for _ in 0..10 {
            train(&mut optimizer, &p);
            train(&mut resumed, &copies);
            train(&mut from_memory, &from_bytes);
        }
        assert_eq!(resumed.step_count(), steps + 10);
        assert_eq!(bits(&p), bits(&copies), "{} after {steps} steps", R::NAME);
        assert_eq!(bits(&p), bits(&from_bytes), "{} after {steps} steps, from bytes", R::NAME);
        assert_eq!(optimizer.to_bytes(), resumed.to_bytes());
    }
}

fn split<T: Float>(p: Vec<Parameter<T>>) -> (Vec<Parameter<T>>, ParameterGroup<T>) {
    let group = ParameterGroup::new(p[1..].to_vec()).learning_rate(Exponential::new(0.02, 0.9));
    (p[..1].to_vec(), group.weight_decay(0.0))
}

fn check_all<T: Float>() {
    let schedule = || Cosine::new(0.05, 20).minimum(1e-3).warmup(5);
    check_resume::<_, T>(|p| Sgd::new(p, 0.05));
    check_resume::<_, T>(|p| Sgd::new(p, schedule()).momentum(0.9).weight_decay(0.1));
    check_resume::<_, T>(|p| Sgd::new(p, 0.05).averaged_momentum(0.7));
    check_resume::<_, T>(|p| {
        let (p, group) = split(p);
        Sgd::new(p, schedule()).momentum(0.9).nesterov(true).weight_decay(1e-2).add_group(group)
    });
    check_resume::<_, T>(|p| Adam::new(p, 0.05).betas(0.85, 0.97).eps(1e-7));
    check_resume::<_, T>(|p| {
        let (p, group) = split(p);
        Adam::new(p, schedule()).weight_decay(0.1).add_group(group)
    });
    check_resume::<_, T>(|p| {
        let (p, group) = split(p);
        AdamW::new(p, InverseTime::new(0.1, 0.5).per_epoch(3)).add_group(group)
    });
}

#[test]
fn a_resumed_optimizer_goes_on_with_the_same_bits_f32() {
    check_all::<f32>();
}

#[test]
fn a_resumed_optimizer_goes_on_with_the_same_bits_f64() {
    check_all::<f64>();
}

fn trained() -> (Adam<f32>, Vec<Parameter<f32>>) {
    let p = parameters();
    let mut adam = Adam::new(p.clone(), 0.1);
    (0..3).for_each(|_| train(&mut adam, &p));
    (adam, p)
}

/// The problem found in loading `bytes`, after a check that loading them changed nothing.
#[track_caller]
fn refused<R: Rule, T: Float>(mut optimizer: Descent<R, T>, bytes: &[u8]) -> StateProblem {
    let before = optimizer.to_bytes();
    let error = optimizer.load_bytes(bytes).expect_err("a wrong state was accepted");
    assert_eq!(optimizer.to_bytes(), before, "the optimizer changed");
    match error {
        Error::State { problem, .. } => problem,
        other => panic!("{other}"),
    }
}

#[test]
fn another_optimizers_state_is_refused() {
    let (adam, p) = trained();
    let bytes = adam.to_bytes();
    let text = |problem: StateProblem| problem.to_string();
    assert_eq!(
        text(refused(AdamW::new(p.clone(), 0.1), &bytes)),
        "expected the state of AdamW, found that of Adam"
    );
    assert_eq!(
        text(refused(Sgd::new(p.clone(), 0.1), &bytes)),
        "expected the state of Sgd, found that of Adam"
    );
    assert_eq!(
        text(refused(Adam::new(parameters::<f64>(), 0.1), &bytes)),
        "expected the state of f64 parameters, found that of f32 parameters"
    );
    assert_eq!(
        text(refused(Adam::new(p[..2].to_vec(), 0.1), &bytes)),
        "expected groups of [2] parameters, found groups of [3]"
    );
    let (first, group) = split(p.clone());
    assert_eq!(
        text(refused(Adam::new(first, 0.1).add_group(group), &bytes)),
        "expected groups of [1, 2] parameters, found groups of [3]"
    );
    let reshaped = vec![p[0].clone(), Parameter::new(Tensor::zeros([2, 2])), p[2].clone()];
    assert_eq!(
        text(refused(Adam::new(reshaped, 0.1), &bytes)),
        "parameter 1 of group 0: expected shape [2, 2], found [4]"
    );
    let problem = text(refused(Adam::new(p.clone(), 0.1).betas(0.9, 0.99), &bytes));
    assert!(problem.starts_with("beta2 of group 0: expected 0.99, found 0.999"), "{problem}");
    let problem = text(refused(Adam::new(p, 0.1).weight_decay(0.5), &bytes));
    assert!(problem.starts_with("weight_decay of group 0: expected 0.5, found 0;"), "{problem}");
}

#[test]
fn a_truncated_or_oversized_state_is_refused() {
    let (adam, p) = trained();
    let bytes = adam.to_bytes();
    for len in 0..bytes.len() {
        let problem = refused(Adam::new(p.clone(), 0.1), &bytes[..len]);
        assert!(
            matches!(problem, StateProblem::Truncated { expected, found } if found == len as u64 && expected > found),
            "{len} of {} bytes: {problem}",
            bytes.len()
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    let problem = refused(Adam::new(p.clone(), 0.1), &longer);
    assert!(matches!(problem, StateProblem::Oversized { .. }), "{problem}");

    // A header that claims more than there is, or more than any address.
    for claim in [1 << 20, 1 << 40, u64::MAX] {
        let problem = refused(Adam::new(p.clone(), 0.1), &[&claim.to_le_bytes()[..], &bytes[8..]].concat());
        assert!(
            matches!(problem, StateProblem::Truncated { .. } | StateProblem::HeaderTooLarge { .. }),
            "{claim}: {problem}"
        );
    }
}

/// A safetensors file of this header and as many bytes.
fn file(header: &str, bytes: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.resize(file.len() + bytes, 0);
    file
}

#[test]
fn a_damaged_header_is_refused() {
    let (adam, p) = trained();
    let bytes = adam.to_bytes();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + len]).unwrap();
    let data = bytes.len() - 8 - len;
    let with = |from: &str, to: &str| {
        assert!(header.contains(from), "{header}");
        refused(Adam::new(p.clone(), 0.1), &file(&header.replace(from, to), data))
    };
    let problem = with("{\"__metadata__\"", "[\"__metadata__\"");
    assert!(matches!(problem, StateProblem::Header(_)), "{problem}");
    let problem = with("wengert.optimizer", "format");
    assert!(matches!(problem, StateProblem::NoOptimizer(_)), "{problem}");
    let problem = with("\\\"steps\\\":3", "\\\"steps\\\":-3");
    assert!(matches!(problem, StateProblem::Description { .. }), "{problem}");
    for (from, to) in [
        ("\\\"updates\\\":1", "\\\"updates\\\":4"),
        ("\\\"steps\\\":3", "\\\"steps\\\":18446744073709551615"),
    ] {
        let problem = with(from, to);
        assert!(matches!(problem, StateProblem::Updates { group: 0, .. }), "{problem}");
    }
    // Claims that do not fit each other.
    let problem = with("[3,4]", "[3,4000000000]");
    assert!(matches!(problem, StateProblem::Header(_) | StateProblem::Shape { .. }), "{problem}");
    let problem = with("\"0.1.exp_avg\"", "\"0.1.exp_average\"");
    assert!(matches!(&problem, StateProblem::MissingTensor(name) if name == "0.1.exp_avg"), "{problem}");
    let problem = with("\\\"updates\\\":1", "\\\"updates\\\":0");
    assert!(matches!(&problem, StateProblem::UnexpectedTensor(name) if name == "0.2.exp_avg"), "{problem}");

    // The weights of a model.
    let model = r#"{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let problem = refused(Adam::new(p.clone(), 0.1), &file(model, 8));
    assert!(matches!(problem, StateProblem::NoOptimizer("wengert.optimizer")), "{problem}");
}

#[test]
fn any_damaged_byte_of_the_header_is_refused_or_harmless() {
    let (adam, p) = trained();
    let bytes = adam.to_bytes();
    let len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for at in 0..8 + len {
        for flip in [1, 0x10, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let mut fresh = Adam::new(p.clone(), 0.1);
            let before = fresh.to_bytes();
            if fresh.load_bytes(&damaged).is_err() {
                assert_eq!(fresh.to_bytes(), before, "byte {at}: the optimizer changed");
            }
        }
    }
}

#[test]
fn an_error_names_the_file() {
    let (mut adam, _) = trained();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none.safetensors");
    let text = adam.load(&missing).unwrap_err().to_string();
    assert!(text.starts_with(&format!("cannot read {}: ", missing.display())), "{text}");
    let short = folder.path().join("short.safetensors");
    std::fs::write(&short, [0; 5]).unwrap();
    let text = adam.load(&short).unwrap_err().to_string();
    assert_eq!(text, format!("{}: truncated: expected 8 bytes, found 5", short.display()));
    assert!(adam.load(folder.path()).is_err(), "a folder is no file");
}

#[test]
fn a_failed_save_leaves_what_was_there() {
    let (adam, _) = trained();
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no folder").join("state.safetensors");
    let text = adam.save(&nowhere).unwrap_err().to_string();
    assert!(text.starts_with(&format!("cannot write {}: ", nowhere.display())), "{text}");

    // A name that cannot be replaced: the rename fails after the bytes are written.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("inside"), b"kept").unwrap();
    assert!(matches!(adam.save(&taken), Err(Error::Write { .. })));
    assert_eq!(std::fs::read(taken.join("inside")).unwrap(), b"kept");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["taken"], "a temporary file stayed behind");
}

/// An unwritable folder and a full disk, where the system offers them (the super-user may write anywhere).
#[cfg(target_os = "linux")]
#[test]
fn unwritable_places_are_errors() {
    let (adam, _) = trained();
    for place in ["/proc/state.safetensors", "/dev/full/state.safetensors"] {
        let error = adam.save(Path::new(place)).unwrap_err();
        assert!(matches!(&error, Error::Write { path, .. } if path == Path::new(place)), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_saved_file_is_readable_like_any_other() {
    use std::os::unix::fs::PermissionsExt;
    let (adam, _) = trained();
    let folder = tempfile::tempdir().unwrap();
    let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
    std::fs::write(&plain, b"").unwrap();
    adam.save(&ours).unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(ours), mode(plain));
}

#[test]
fn momentum_turned_on_after_some_steps_is_saved_as_zero() {
    let p = parameters::<f64>();
    let mut sgd = Sgd::new(p.clone(), 0.1);
    train(&mut sgd, &p);
    let mut sgd = sgd.momentum(0.9);
    let copies: Vec<_> = p.iter().map(Parameter::deep_clone).collect();
    let mut resumed = Sgd::new(copies.clone(), 0.1).momentum(0.9);
    resumed.load_bytes(&sgd.to_bytes()).unwrap();
    for _ in 0..3 {
        train(&mut sgd, &p);
        train(&mut resumed, &copies);
    }
    assert_eq!(bits(&p), bits(&copies));
}
