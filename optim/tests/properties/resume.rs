//! A saved state goes on with the same bits; a wrong file is refused and changes nothing.

use std::path::Path;

use wengert::optim::{Descent, Error, Rule, StateProblem};
use wengert::prelude::*;

use crate::optimizers::{Make, Minimizer, all, bits};

/// Parameters that a test trains: three shapes, one of them of rank 0.
fn parameters<T: Float>() -> Vec<Parameter<T>> {
    let ramp = |n: usize| (0..n).map(|i| T::from_f64((i as f64 * 0.7).sin())).collect();
    vec![
        Parameter::new(Tensor::from_vec([3, 4], ramp(12))),
        Parameter::new(Tensor::from_vec([4], ramp(4))),
        Parameter::new(Tensor::scalar(0.3)),
    ]
}

/// A loss whose gradients no two steps share; the last parameter takes part in the odd steps only.
fn loss<T: Float>(step: u64, p: &[Parameter<T>]) -> Tensor<T> {
    let tape = Tape::new();
    let shift = (step as f64).cos();
    let loss = ((tape.watch(&p[0]) + shift).square() * (tape.watch(&p[1]) - 0.1)).tanh().sum(..);
    if step % 2 == 1 { loss + (tape.watch(&p[2]) * shift).exp() } else { loss }
}

fn train<R: Rule, T: Float>(optimizer: &mut Descent<R, T>, p: &[Parameter<T>]) {
    optimizer.step(&loss(optimizer.step_count(), p).backward());
}

fn check_resume<T: Float>(name: &str, make: Make<T>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let make = |p: &[Parameter<T>]| make(p.to_vec(), false);
    let train = |optimizer: &mut dyn Minimizer<T>, step: u64, p: &[Parameter<T>]| {
        optimizer.minimize(&|| loss(step, p));
    };
    // Before the first step, in mid-training, and after the schedules' ends.
    for steps in [0, 1, 10, 31] {
        let p = parameters();
        let mut optimizer = make(&p);
        (0..steps).for_each(|step| train(&mut *optimizer, step, &p));
        optimizer.save_to(&path).unwrap();
        let copies: Vec<_> = p.iter().map(Parameter::deep_clone).collect();
        let from_bytes: Vec<_> = p.iter().map(Parameter::deep_clone).collect();

        let mut resumed = make(&copies);
        resumed.load_from(&path).unwrap();
        let mut from_memory = make(&from_bytes);
        // What it had before must not stay.
        train(&mut *from_memory, 1, &from_bytes);
        from_bytes.iter().zip(&p).for_each(|(copy, p)| copy.set(&p.value()));
        from_memory.take_state(&optimizer.state()).unwrap();

        for step in steps..steps + 10 {
            train(&mut *optimizer, step, &p);
            train(&mut *resumed, step, &copies);
            train(&mut *from_memory, step, &from_bytes);
        }
        assert_eq!(bits(&p), bits(&copies), "{name} after {steps} steps");
        assert_eq!(bits(&p), bits(&from_bytes), "{name} after {steps} steps, from bytes");
        assert_eq!(optimizer.state(), resumed.state());
    }
}

fn split<T: Float>(p: Vec<Parameter<T>>) -> (Vec<Parameter<T>>, ParameterGroup<T>) {
    let group = ParameterGroup::new(p[1..].to_vec()).learning_rate(Exponential::new(0.02, 0.9));
    (p[..1].to_vec(), group.weight_decay(0.0))
}

fn check_all<T: Float>() {
    all::<T>().into_iter().for_each(|(name, make)| check_resume(name, make));
    check_resume::<T>("nesterov with a group", |p, _| {
        let (p, group) = split(p);
        let schedule = Cosine::new(0.05, 20).minimum(1e-3).warmup(5);
        Box::new(Sgd::new(p, schedule).momentum(0.9).nesterov(true).weight_decay(1e-2).add_group(group))
    });
    check_resume::<T>("adam and amsgrad", |p, _| {
        let second = Adam::new(p[1..].to_vec(), InverseTime::new(0.1, 0.5).per_epoch(3)).amsgrad(true);
        Box::new(Adam::new(p[..1].to_vec(), 0.05).weight_decay(0.1).join(second))
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
    let len = header_len(&bytes);
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

/// The tensors follow the header, whose length comes first.
fn header_len(bytes: &[u8]) -> usize {
    u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize
}

#[test]
fn any_damaged_byte_of_the_header_is_refused_or_harmless() {
    let makes: [(&str, Make<f64>); 3] = [
        ("adam", |p, _| Box::new(Adam::new(p, 0.1))),
        ("nadam", |p, _| Box::new(NAdam::new(p, 0.1))),
        ("lbfgs", |p, _| Box::new(Lbfgs::new(p, 0.1).max_iter(2).history_size(2))),
    ];
    for (name, make) in makes {
        let p = parameters();
        let mut optimizer = make(p.clone(), false);
        (0..3).for_each(|step| optimizer.minimize(&|| loss(step, &p)));
        let bytes = optimizer.state();
        for at in 0..8 + header_len(&bytes) {
            for flip in [1, 0x10, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let mut fresh = make(p.clone(), false);
                let before = fresh.state();
                if fresh.take_state(&damaged).is_err() {
                    assert_eq!(fresh.state(), before, "{name}, byte {at}: the optimizer changed");
                }
            }
        }
    }
}

fn trained_lbfgs() -> (Lbfgs<f64>, Vec<Parameter<f64>>) {
    let p = parameters();
    let mut lbfgs = fresh_lbfgs(&p);
    for step in 0..3 {
        lbfgs.step(|| loss(step, &p));
    }
    (lbfgs, p)
}

fn fresh_lbfgs(p: &[Parameter<f64>]) -> Lbfgs<f64> {
    Lbfgs::new(p.to_vec(), 0.1).max_iter(2).max_eval(3).history_size(3)
}

/// The text of what L-BFGS says to `bytes`, after a check that loading them changed nothing.
#[track_caller]
fn refused_by_lbfgs(mut lbfgs: Lbfgs<f64>, bytes: &[u8]) -> String {
    let before = lbfgs.to_bytes();
    let error = lbfgs.load_bytes(bytes).expect_err("a wrong state was accepted");
    assert_eq!(lbfgs.to_bytes(), before, "the optimizer changed");
    error.to_string()
}

#[test]
fn lbfgs_refuses_another_state() {
    let (lbfgs, p) = trained_lbfgs();
    let bytes = lbfgs.to_bytes();
    for len in 0..bytes.len() {
        let text = refused_by_lbfgs(fresh_lbfgs(&p), &bytes[..len]);
        assert!(
            text.starts_with("bytes: truncated: expected") && text.ends_with(&format!("found {len}")),
            "{text}"
        );
    }
    let adam = Adam::new(p.clone(), 0.1).to_bytes();
    assert_eq!(
        refused_by_lbfgs(fresh_lbfgs(&p), &adam),
        "bytes: expected the state of Lbfgs, found that of Adam"
    );
    let problem = refused(Adam::new(p.clone(), 0.1), &bytes);
    assert_eq!(problem.to_string(), "expected the state of Adam, found that of Lbfgs");
    let text = refused_by_lbfgs(fresh_lbfgs(&p).history_size(2), &bytes);
    assert!(text.starts_with("bytes: history_size: expected 2, found 3;"), "{text}");
    let text = refused_by_lbfgs(fresh_lbfgs(&p).line_search_fn(LineSearch::StrongWolfe), &bytes);
    assert!(text.starts_with("bytes: strong_wolfe: expected 1, found 0;"), "{text}");
    assert_eq!(
        refused_by_lbfgs(fresh_lbfgs(&p[..2]), &bytes),
        "bytes: expected groups of [2] parameters, found groups of [3]"
    );
    let reshaped = [p[0].clone(), Parameter::new(Tensor::zeros([2, 2])), p[2].clone()];
    assert_eq!(
        refused_by_lbfgs(fresh_lbfgs(&reshaped), &bytes),
        "bytes: parameter 1 of group 0: expected shape [2, 2], found [4]"
    );
}

#[test]
fn lbfgs_refuses_damaged_claims() {
    let (lbfgs, p) = trained_lbfgs();
    let bytes = lbfgs.to_bytes();
    let len = header_len(&bytes);
    let header = std::str::from_utf8(&bytes[8..8 + len]).unwrap();
    let with = |from: &str, to: &str| {
        assert!(header.contains(from), "{header}");
        let damaged = file(&header.replace(from, to), bytes.len() - 8 - len);
        refused_by_lbfgs(fresh_lbfgs(&p), &damaged)
    };
    let pairs = r#"\"pairs\":3"#;
    assert_eq!(
        with(pairs, r#"\"pairs\":4000000000"#),
        "bytes: expected at most 3 pairs of step and gradient change, found 4000000000"
    );
    // Where the options allow as many, no list of them is made before it is seen that they are not there.
    let long = || fresh_lbfgs(&p).history_size(1 << 40);
    let claims = header.replace("[\\\"history_size\\\",3.0]", "[\\\"history_size\\\",1099511627776.0]");
    let claims = claims.replace(r#"\"n_iter\":6"#, r#"\"n_iter\":9000000000000"#);
    let claims = claims.replace(pairs, r#"\"pairs\":1000000000000"#);
    assert_eq!(
        refused_by_lbfgs(long(), &file(&claims, bytes.len() - 8 - len)),
        "bytes: there is no tensor `old_dirs.999999999999`"
    );
    let text = with(pairs, r#"\"pairs\":2"#);
    assert!(text.starts_with("bytes: tensor `ro`: expected F64 [2], found F64 [3]"), "{text}");
    assert!(with(pairs, r#"\"pairs\":-1"#).contains("the metadata entry `wengert.optimizer` is damaged"));
    assert_eq!(
        with(r#"\"func_evals\":6"#, r#"\"func_evals\":2"#),
        "bytes: found 3 steps, 6 iterations and 2 evaluations of the loss; expected at least one evaluation a \
         step, and at most 2^53 of each"
    );
    let text = with(r#"\"n_iter\":6"#, r#"\"n_iter\":99999999999999999"#);
    assert!(text.starts_with("bytes: found 3 steps, 99999999999999999 iterations"), "{text}");
    // Without an iteration there is nothing to remember.
    assert!(with(r#"\"n_iter\":6"#, r#"\"n_iter\":0"#).contains("at most 0 pairs"));
    assert_eq!(
        with("\"prev_flat_grad\"", "\"prev_flat_gral\""),
        "bytes: there is no tensor `prev_flat_grad`"
    );
}

#[test]
fn the_number_kept_for_a_parameter_is_checked() {
    let p = parameters::<f32>();
    let mut nadam = NAdam::new(p.clone(), 0.1);
    (0..3).for_each(|_| train(&mut nadam, &p));
    let bytes = nadam.to_bytes();
    let len = header_len(&bytes);
    let header = std::str::from_utf8(&bytes[8..8 + len]).unwrap();
    let damaged = file(&header.replace("0.1.mu_product", "0.1.mu_produce"), bytes.len() - 8 - len);
    let problem = refused(NAdam::new(p.clone(), 0.1), &damaged);
    assert!(matches!(&problem, StateProblem::MissingTensor(name) if name == "0.1.mu_product"), "{problem}");
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
    let text = adam.load(folder.path()).unwrap_err().to_string();
    assert_eq!(text, format!("cannot read {}: not a regular file", folder.path().display()));
    // A device would never end, and opening a pipe would wait for a writer.
    #[cfg(target_os = "linux")]
    for device in ["/dev/zero", "/dev/stdin"] {
        let text = Lbfgs::<f32>::new([], 1.0).load(device).unwrap_err().to_string();
        assert_eq!(text, format!("cannot read {device}: not a regular file"));
    }
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

#[test]
fn state_is_kept_by_name_where_options_change_between_steps() {
    let p = parameters::<f64>();
    let mut plain = RmsProp::new(p.clone(), 0.01).momentum(0.9);
    (0..4).for_each(|_| train(&mut plain, &p));
    let copies: Vec<_> = p.iter().map(Parameter::deep_clone).collect();
    let mut centered = plain.centered(true);
    let mut resumed = RmsProp::new(copies.clone(), 0.01).momentum(0.9).centered(true);
    resumed.load_bytes(&centered.to_bytes()).unwrap();
    for _ in 0..3 {
        train(&mut centered, &p);
        train(&mut resumed, &copies);
    }
    assert_eq!(bits(&p), bits(&copies));
    // What the file says: the momentum went on under its name.
    let text = String::from_utf8_lossy(&centered.to_bytes()).into_owned();
    let names = ["square_avg", "grad_avg", "momentum_buffer"];
    assert!(names.iter().all(|name| text.contains(&format!("0.0.{name}"))), "{text}");
}
