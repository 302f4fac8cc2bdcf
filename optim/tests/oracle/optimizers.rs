//! Each optimizer's trajectory under several options, as `optimizers.py` wrote them.

use serde::Deserialize;
use wengert::optim::{
    Adadelta, Adagrad, AdamRule, Adamax, Descent, Lbfgs, LineSearch, Lion, NAdam, RAdam, RmsProp, Rprop, Rule,
};
use wengert::prelude::*;

use crate::packed::{Options, close, read};

#[derive(Deserialize)]
struct File {
    torch: String,
    optax: String,
    /// After which steps the parameters are given.
    kept: Vec<u64>,
    count: usize,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    optimizer: String,
    options: Options,
    after: Vec<Vec<f64>>,
}

type Parameters = [Parameter<f64>; 3];

fn parameters() -> Parameters {
    [
        Parameter::new(Tensor::from_vec([3, 2], vec![0.5, -1.2, 0.3, 0.8, -0.7, 0.1])),
        Parameter::new(Tensor::from_vec([3], vec![0.2, -0.4, 0.9])),
        Parameter::new(Tensor::scalar(1.5)),
    ]
}

/// That of step k, as in `optimizers.py`.
fn loss(k: u64, tape: &Tape, [a, b, c]: &Parameters) -> Tensor<f64> {
    let t = k as f64;
    let second = if k % 5 == 3 { 0.0 } else { (0.7 * t + 0.5).sin() };
    let u = Tensor::from_vec([2], vec![(1.3 * t + 0.2).cos(), second]);
    let y = Tensor::from_vec([3], vec![0.3, -0.5, 0.8]);
    let (a, b) = (tape.watch(a), tape.watch(b));
    let value = ((a.matmul(&u) + &b).tanh() - y).square().sum(..)
        + (a.slice(1, 0..1).reshape([3]) * &b).sum(..).square() * 0.1;
    if k.is_multiple_of(2) {
        return value;
    }
    value + (tape.watch(c) - b.slice(0, 0..1).sum(..)).square() * 0.3
}

/// Rosenbrock's function of ten numbers.
fn valley(tape: &Tape, parameters: &Parameters) -> Tensor<f64> {
    let flat = parameters.each_ref().map(|p| tape.watch(p).reshape([p.len()]));
    let x = Tensor::concat(&flat.each_ref(), 0);
    let (before, after) = (x.slice(0, ..9), x.slice(0, 1..));
    ((after - before.square()).square() * 10.0 + (1.0 - before).square()).sum(..)
}

fn flat(parameters: &Parameters) -> Vec<f64> {
    parameters.iter().flat_map(|p| p.value().to_vec()).collect()
}

/// The options that all have.
fn common<R: Rule>(mut optimizer: Descent<R, f64>, options: &Options) -> Descent<R, f64> {
    if let Some(weight_decay) = options.optional("weight_decay") {
        optimizer = optimizer.weight_decay(weight_decay);
    }
    if let Some(maximize) = options.optional("maximize") {
        optimizer = optimizer.maximize(maximize);
    }
    optimizer
}

/// Sets those of the methods' options that are given.
macro_rules! set {
    ($optimizer:ident, $options:ident: $($method:ident $(($first:ident, $second:ident))?),*) => {
        $(set!(@ $optimizer, $options, $method $(($first, $second))?);)*
    };
    (@ $optimizer:ident, $options:ident, $method:ident ($first:ident, $second:ident)) => {
        if let Some(($first, $second)) = $options.optional(stringify!($method)) {
            $optimizer = $optimizer.$method($first, $second);
        }
    };
    (@ $optimizer:ident, $options:ident, $method:ident) => {
        if let Some(value) = $options.optional(stringify!($method)) {
            $optimizer = $optimizer.$method(value);
        }
    };
}

/// A walk through the steps with an optimizer that one group or two are given to.
struct Walk<'a> {
    options: &'a Options,
    parameters: Parameters,
    kept: &'a [u64],
}

impl Walk<'_> {
    /// The parameters after the steps that are kept. `make` gives an optimizer with the options of its own.
    fn descend<R: Rule>(
        &self,
        make: impl Fn(Vec<Parameter<f64>>, f64, &Options) -> Descent<R, f64>,
    ) -> Vec<Vec<f64>> {
        let rate = self.options.number("lr");
        let construct = |parameters, rate, options| common(make(parameters, rate, options), options);
        let all = self.parameters.to_vec();
        let mut optimizer = match self.options.optional::<Options>("second_group") {
            None => construct(all, rate, self.options),
            Some(second) => {
                let second_rate = second.optional("lr").unwrap_or(rate);
                let joined = construct(all[1..].to_vec(), second_rate, &second);
                second.assert_all_read(R::NAME);
                construct(all[..1].to_vec(), rate, self.options).join(joined)
            }
        };
        let mut after = Vec::new();
        while optimizer.step_count() < 50 {
            let k = optimizer.step_count();
            optimizer.step(&loss(k, &Tape::new(), &self.parameters).backward());
            if self.kept.contains(&(k + 1)) {
                after.push(flat(&self.parameters));
            }
        }
        after
    }

    fn lbfgs(&self) -> Vec<Vec<f64>> {
        let options = self.options;
        let mut o = Lbfgs::new(self.parameters.to_vec(), options.number("lr"));
        set!(o, options: max_iter, max_eval, tolerance_grad, tolerance_change, history_size, maximize);
        if options.optional::<String>("line_search_fn").is_some() {
            o = o.line_search_fn(LineSearch::StrongWolfe);
        }
        let sign = if options.optional("maximize") == Some(true) { -1.0 } else { 1.0 };
        let mut after = Vec::new();
        while o.step_count() < 50 {
            o.step(|| valley(&Tape::new(), &self.parameters) * sign);
            if self.kept.contains(&o.step_count()) {
                after.push(flat(&self.parameters));
            }
        }
        after
    }

    fn run(&self, optimizer: &str) -> Vec<Vec<f64>> {
        match optimizer {
            "SGD" => self.descend(|p, rate, options| {
                let mut o = Sgd::new(p, rate);
                set!(o, options: momentum, averaged_momentum, dampening, nesterov);
                o
            }),
            "Adagrad" => self.descend(|p, rate, options| {
                let mut o = Adagrad::new(p, rate);
                set!(o, options: lr_decay, initial_accumulator_value, eps);
                o
            }),
            "Adadelta" => self.descend(|p, rate, options| {
                let mut o = Adadelta::new(p, rate);
                set!(o, options: rho, eps);
                o
            }),
            "RMSprop" => self.descend(|p, rate, options| {
                let mut o = RmsProp::new(p, rate);
                set!(o, options: alpha, eps, momentum, centered);
                o
            }),
            "Adam" => self.descend(adam::<false>),
            "AdamW" => self.descend(adam::<true>),
            "Adamax" => self.descend(|p, rate, options| {
                let mut o = Adamax::new(p, rate);
                set!(o, options: betas(beta1, beta2), eps);
                o
            }),
            "NAdam" => self.descend(|p, rate, options| {
                let mut o = NAdam::new(p, rate);
                set!(o, options: betas(beta1, beta2), eps, momentum_decay, decoupled_weight_decay);
                o
            }),
            "RAdam" => self.descend(|p, rate, options| {
                let mut o = RAdam::new(p, rate);
                set!(o, options: betas(beta1, beta2), eps, decoupled_weight_decay);
                o
            }),
            "Rprop" => self.descend(|p, rate, options| {
                let mut o = Rprop::new(p, rate);
                set!(o, options: etas(minus, plus), step_sizes(least, largest));
                o
            }),
            "Lion" => self.descend(|p, rate, options| {
                let beta1 = options.optional("b1").unwrap_or(0.9);
                Lion::new(p, rate).betas(beta1, options.optional("b2").unwrap_or(0.99))
            }),
            "LBFGS" => self.lbfgs(),
            _ => panic!("no optimizer {optimizer}"),
        }
    }
}

fn adam<const DECOUPLED: bool>(
    p: Vec<Parameter<f64>>,
    rate: f64,
    options: &Options,
) -> Descent<AdamRule<DECOUPLED>, f64> {
    let mut o: Descent<AdamRule<DECOUPLED>, f64> = match options.optional("cosine") {
        Some(steps) => Descent::new(p, Cosine::new(rate, steps)),
        None => Descent::new(p, rate),
    };
    set!(o, options: betas(beta1, beta2), eps, amsgrad);
    o
}

#[test]
fn trajectories() {
    let file: File = read(include_bytes!("optimizers.json.gz"));
    assert_eq!(file.cases.len(), file.count);
    let mut failures = Vec::new();
    for case in &file.cases {
        let walk = Walk { options: &case.options, parameters: parameters(), kept: &file.kept };
        let after = walk.run(&case.optimizer);
        case.options.assert_all_read(&case.optimizer);
        assert_eq!((after.len(), case.after.len()), (file.kept.len(), file.kept.len()));
        let differs = |(found, expected): &(&Vec<f64>, &Vec<f64>)| {
            found.len() != expected.len() || !found.iter().zip(*expected).all(|(&f, &e)| close(f, e))
        };
        let pairs = after.iter().zip(&case.after);
        if let Some((step, (found, expected))) = file.kept.iter().zip(pairs).find(|(_, pair)| differs(pair)) {
            let Case { optimizer, options, .. } = case;
            failures.push(format!("{optimizer} {options:?} at {step}: {found:?}, expected {expected:?}"));
        }
    }
    let (count, File { torch, optax, .. }) = (failures.len(), &file);
    assert!(count == 0, "{count} unlike PyTorch {torch} and optax {optax}:\n{}", failures.join("\n"));
}
