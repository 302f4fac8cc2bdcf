//! Broken rules, on purpose: what a proof of gradients must catch (feature `mutation`, for tests only).
//!
//! A mutant is one place in one function's backward rule and one way to break it. The places are found by
//! themselves: each operation that a rule applies, in its order; each operation of a fused function's composed
//! form; each gradient that a rule returns, which reaches inside fused kernels as far as their results go; and the
//! terms that fused kernels name with [`term`]. What is broken is the result there: its sign, its size, left out
//! (zeros), or laid along a wrong axis (its elements in reverse order).
//!
//! The environment variable `WENGERT_MUTANT`, as in `sigmoid:op0:sign`, chooses one mutant for the process. With
//! `WENGERT_MUTANTS=FILE` nothing is broken, and every place that is reached is written to the file, a line each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::sync::{LazyLock, Mutex};

use ndarray::Axis;

use crate::function::InputGradients;
use crate::{Float, Value};

/// How a result is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Breakage {
    Sign,
    Factor,
    Dropped,
    Axis,
}

struct Mutant {
    place: String,
    breakage: Breakage,
}

static MUTANT: LazyLock<Option<Mutant>> = LazyLock::new(|| {
    let name = std::env::var("WENGERT_MUTANT").ok()?;
    let (place, breakage) = name.rsplit_once(':').expect("WENGERT_MUTANT is a place and a breakage");
    let breakage = match breakage {
        "sign" => Breakage::Sign,
        "factor" => Breakage::Factor,
        "dropped" => Breakage::Dropped,
        "axis" => Breakage::Axis,
        other => panic!("WENGERT_MUTANT: {other} is no breakage"),
    };
    Some(Mutant { place: place.to_owned(), breakage })
});

/// Where the places that are reached go, and those that went there.
static REACHED: LazyLock<Option<Mutex<(File, BTreeSet<String>)>>> = LazyLock::new(|| {
    let path = std::env::var("WENGERT_MUTANTS").ok()?;
    let file = File::create(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    Some(Mutex::new((file, BTreeSet::new())))
});

thread_local! {
    /// The rule that runs on this thread, and how many operations it has applied.
    static RULE: RefCell<Option<String>> = const { RefCell::new(None) };
    static APPLIED: Cell<usize> = const { Cell::new(0) };
}

/// How the result at a place is to be broken.
fn breakage(place: impl FnOnce() -> String) -> Option<Breakage> {
    if let Some(reached) = &*REACHED {
        let (file, places) = &mut *reached.lock().unwrap();
        let place = place();
        if !places.contains(&place) {
            writeln!(file, "{place}").expect("the file of places is written");
            places.insert(place);
        }
        return None;
    }
    let mutant = MUTANT.as_ref()?;
    (place() == mutant.place).then_some(mutant.breakage)
}

fn broken<T: Float>(value: &Value<T>, breakage: Breakage) -> Value<T> {
    match breakage {
        Breakage::Sign => value.view().mapv(|x| -x).into(),
        Breakage::Factor => value.view().mapv(|x| x * T::from_f64(1.25)).into(),
        Breakage::Dropped => Value::full(value.shape(), T::zero()),
        Breakage::Axis => {
            let mut turned = value.view();
            (0..turned.ndim()).for_each(|axis| turned.invert_axis(Axis(axis)));
            turned.to_owned().into()
        }
    }
}

/// Runs a function's rule, or another form of it, and breaks what it returns.
pub(crate) fn rule<T: Float>(function: &str, rule: impl FnOnce() -> InputGradients<T>) -> InputGradients<T> {
    let mut gradients = within(function, rule);
    for (i, gradient) in gradients.iter_mut().enumerate() {
        let Some(gradient) = gradient else { continue };
        if let Some(how) = breakage(|| format!("{function}:gradient{i}")) {
            gradient.value = broken(&gradient.value, how);
        }
    }
    gradients
}

/// Runs a part of a function's rule, whose operations are places.
pub(crate) fn within<R>(function: &str, run: impl FnOnce() -> R) -> R {
    let outer = RULE.replace(Some(function.to_owned()));
    let applied = APPLIED.replace(0);
    let result = run();
    RULE.set(outer);
    APPLIED.set(applied);
    result
}

/// Breaks the outputs of an operation that a rule applied.
pub(crate) fn operation<T: Float>(outputs: &mut [Value<T>]) {
    let Some(rule) = RULE.with_borrow(Clone::clone) else { return };
    let at = APPLIED.replace(APPLIED.get() + 1);
    if let Some(how) = breakage(|| format!("{rule}:op{at}")) {
        outputs.iter_mut().for_each(|y| *y = broken(y, how));
    }
}

/// The factor of a term in a fused kernel's backward pass: 1, if it is not the one that is broken.
pub(crate) fn term(name: &'static str) -> f64 {
    match breakage(|| format!("{name}:term")) {
        None => 1.0,
        Some(Breakage::Sign) => -1.0,
        Some(Breakage::Factor) => 1.25,
        Some(Breakage::Dropped | Breakage::Axis) => 0.0,
    }
}
