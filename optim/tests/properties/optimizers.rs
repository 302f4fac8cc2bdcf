//! All optimizers, for tests that go through them.

use std::path::Path;

use wengert::optim::{Descent, Error, Rule};
use wengert::prelude::*;

/// An optimizer that is given the loss: what those that take gradients and L-BFGS have in common.
pub(crate) trait Minimizer<T: Float> {
    fn minimize(&mut self, loss: &dyn Fn() -> Tensor<T>);
    fn state(&self) -> Vec<u8>;
    fn take_state(&mut self, bytes: &[u8]) -> Result<(), Error>;
    fn save_to(&self, path: &Path) -> Result<(), Error>;
    fn load_from(&mut self, path: &Path) -> Result<(), Error>;
}

impl<R: Rule, T: Float> Minimizer<T> for Descent<R, T> {
    fn minimize(&mut self, loss: &dyn Fn() -> Tensor<T>) {
        self.step(&loss().backward());
    }

    fn state(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn take_state(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.load_bytes(bytes)
    }

    fn save_to(&self, path: &Path) -> Result<(), Error> {
        self.save(path)
    }

    fn load_from(&mut self, path: &Path) -> Result<(), Error> {
        self.load(path)
    }
}

impl<T: Float> Minimizer<T> for Lbfgs<T> {
    fn minimize(&mut self, loss: &dyn Fn() -> Tensor<T>) {
        self.step(loss);
    }

    fn state(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn take_state(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.load_bytes(bytes)
    }

    fn save_to(&self, path: &Path) -> Result<(), Error> {
        self.save(path)
    }

    fn load_from(&mut self, path: &Path) -> Result<(), Error> {
        self.load(path)
    }
}

/// Makes an optimizer of these parameters that minimizes or, with `true`, maximizes.
pub(crate) type Make<T> = fn(Vec<Parameter<T>>, bool) -> Box<dyn Minimizer<T>>;

/// Each optimizer, in every form that keeps another state. The rates suit losses of the size of 1.
#[rustfmt::skip]
pub(crate) fn elementwise<T: Float>() -> Vec<(&'static str, Make<T>)> {
    vec![
        ("sgd", |p, up| Box::new(Sgd::new(p, 0.05).weight_decay(0.01).maximize(up))),
        ("momentum", |p, up| Box::new(Sgd::new(p, 0.02).momentum(0.9).maximize(up))),
        ("nesterov", |p, up| Box::new(Sgd::new(p, 0.02).momentum(0.9).nesterov(true).weight_decay(0.01).maximize(up))),
        ("averaged momentum", |p, up| Box::new(Sgd::new(p, 0.1).averaged_momentum(0.8).maximize(up))),
        ("adagrad", |p, up| Box::new(Adagrad::new(p, 0.05).lr_decay(0.01).initial_accumulator_value(0.1).maximize(up))),
        ("adadelta", |p, up| Box::new(Adadelta::new(p, 1.0).eps(1e-4).weight_decay(0.01).maximize(up))),
        ("rmsprop", |p, up| Box::new(RmsProp::new(p, 0.01).weight_decay(0.01).maximize(up))),
        ("rmsprop with momentum", |p, up| Box::new(RmsProp::new(p, 0.01).momentum(0.5).maximize(up))),
        ("centred rmsprop", |p, up| Box::new(RmsProp::new(p, 0.01).centered(true).eps(1e-3).maximize(up))),
        ("centred rmsprop with momentum", |p, up| Box::new(RmsProp::new(p, 0.01).centered(true).eps(1e-3).momentum(0.5).maximize(up))),
        ("adam", |p, up| Box::new(Adam::new(p, Cosine::new(0.05, 60)).weight_decay(0.01).maximize(up))),
        ("amsgrad", |p, up| Box::new(Adam::new(p, 0.05).betas(0.8, 0.9).amsgrad(true).maximize(up))),
        ("adamw", |p, up| Box::new(AdamW::new(p, 0.05).maximize(up))),
        ("adamw with amsgrad", |p, up| Box::new(AdamW::new(p, 0.05).betas(0.8, 0.9).amsgrad(true).maximize(up))),
        ("adamax", |p, up| Box::new(Adamax::new(p, 0.05).weight_decay(0.01).maximize(up))),
        ("nadam", |p, up| Box::new(NAdam::new(p, 0.02).weight_decay(0.01).maximize(up))),
        ("radam", |p, up| Box::new(RAdam::new(p, 0.02).betas(0.9, 0.9).weight_decay(0.1).decoupled_weight_decay(true).maximize(up))),
        ("rprop", |p, up| Box::new(Rprop::new(p, 0.01).maximize(up))),
        ("lion", |p, up| Box::new(Lion::new(p, 0.01).maximize(up))),
    ]
}

/// Those and both forms of L-BFGS.
pub(crate) fn all<T: Float>() -> Vec<(&'static str, Make<T>)> {
    let mut all = elementwise();
    all.push(("lbfgs", |p, up| Box::new(Lbfgs::new(p, 0.05).max_iter(2).history_size(3).maximize(up))));
    all.push(("lbfgs with a line search", |p, up| {
        let lbfgs = Lbfgs::new(p, 1.0).max_iter(2).history_size(3);
        Box::new(lbfgs.line_search_fn(LineSearch::StrongWolfe).maximize(up))
    }));
    all
}

/// The bits of all elements.
pub(crate) fn bits<T: Float>(parameters: &[Parameter<T>]) -> Vec<u64> {
    parameters.iter().flat_map(|p| p.value().to_vec()).map(|x| x.to_f64().to_bits()).collect()
}
