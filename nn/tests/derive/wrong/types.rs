//! Fields that are no modules, and modules that are not what is asked for: an error at each line with a `//~`, and
//! nowhere else.

use std::collections::HashMap;
use std::sync::Arc;

use wengert::prelude::*;

pub struct Options {
    pub depth: usize,
}

// Without a float parameter nothing uses the type, and yet the mistake shows.
#[derive(Module)]
pub struct Plain {
    weight: Parameter,
    options: Options, //~ `Options` is not a module of `f32`
}

#[derive(Module)]
pub struct Generic<T: Float> {
    weight: Parameter<T>,
    options: Options, //~ a field that holds no parameters is left out with `#[module(skip)]`
}

#[derive(Module)]
pub enum Head<T: Float> {
    Dense(Linear<T>),
    Other {
        options: Option<Options>, //~ `Options` is not a module of `T`
    },
}

#[derive(Module)]
pub struct InAList {
    list: Vec<Options>, //~ `Options` is not a module of `f32`
}

// Its order is another at each run.
#[derive(Module)]
pub struct Map<T: Float> {
    heads: HashMap<String, Linear<T>>, //~ `BTreeMap<String, _>`
}

#[derive(Module)]
pub struct Shared<T: Float> {
    body: Arc<Linear<T>>, //~ >` is not a module of `T`
}

// The default element type, forgotten to be replaced.
#[derive(Module)]
pub struct Mixed<T: Float> {
    first: Linear<T>,
    second: Linear, //~ is not a module of `T`
}

#[derive(Module)]
pub struct Boxed {
    run: Box<dyn Fn(f64) -> f64>, //~ is not a module of `f32`
}

#[derive(Module)]
pub struct Wrapper<M>(M);

pub fn of_a_wrapper() {
    needs_a_module(&Wrapper(Options { depth: 1 })); //~ `Options` is not a module of `f32`
}

fn needs_a_module<M: Module<f32>>(_: &M) {}

// No `Clone`.
#[derive(Module)]
pub struct Scale {
    gamma: Parameter,
}

impl Layer<f32> for Scale {
    fn forward(&self, x: &Tensor) -> Tensor {
        x * self.gamma.on_tape_of(x)
    }
}

pub fn in_a_sequential(scale: Scale) -> Sequential {
    Sequential::new().push(scale) //~ `Scale` is no layer of `f32` that can be cloned
}
