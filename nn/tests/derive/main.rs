//! `#[derive(Module)]`: which paths it visits, of which element type, and for which shapes of types.

#![deny(warnings)]
#![allow(dead_code)]

mod wrong;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use autodiff::{Float, Tensor};
use nn::{Buffer, Module, Parameter, Visitor, VisitorMut};
use wengert_nn as nn;

/// The path of each leaf with its first element; buffers are marked.
#[derive(Default)]
struct Listing {
    path: Vec<String>,
    seen: Vec<String>,
}

impl Listing {
    fn note(&mut self, value: impl Debug, mark: &str) {
        let path = self.path.join(".");
        self.seen.push(format!("{path}={value:?}{mark}"));
    }
}

impl<T: Float> Visitor<T> for Listing {
    fn parameter(&mut self, parameter: &Parameter<T>) {
        self.note(parameter.value().item(), "");
    }
    fn buffer(&mut self, buffer: &Buffer<T>) {
        self.note(buffer.value().item(), " (buffer)");
    }
    fn enter(&mut self, name: &str) {
        self.path.push(name.to_owned());
    }
    fn leave(&mut self) {
        self.path.pop().expect("each leave follows an enter");
    }
}

/// The same, and sets each element to the number of leaves before it.
impl<T: Float> VisitorMut<T> for Listing {
    fn parameter(&mut self, parameter: &mut Parameter<T>) {
        let order = self.seen.len() as f64;
        self.note(parameter.value().item(), "");
        parameter.set(&Tensor::full([1], order));
    }
    fn buffer(&mut self, buffer: &mut Buffer<T>) {
        let order = self.seen.len() as f64;
        self.note(buffer.value().item(), " (buffer)");
        buffer.set(&Tensor::full([1], order));
    }
    fn enter(&mut self, name: &str) {
        self.path.push(name.to_owned());
    }
    fn leave(&mut self) {
        self.path.pop().expect("each leave follows an enter");
    }
}

/// What a module of `T` shows, having shown the same to the mutable visitor and been changed by it.
fn shown<T: Float>(mut module: impl Module<T>) -> Vec<String> {
    let mut before = Listing::default();
    module.visit(&mut before);
    let mut mutably = Listing::default();
    module.visit_mut(&mut mutably);
    assert_eq!(before.seen, mutably.seen, "visit and visit_mut differ");
    let mut after = Listing::default();
    module.visit(&mut after);
    for (order, (old, new)) in before.seen.iter().zip(&after.seen).enumerate() {
        assert_eq!(old.split('=').next(), new.split('=').next(), "the path changed");
        let value = new.split(['=', ' ']).nth(1).unwrap();
        assert_eq!(value.parse(), Ok(order as f64), "visit_mut did not reach {new}");
    }
    assert!(before.path.is_empty() && mutably.path.is_empty(), "an enter without a leave");
    before.seen
}

fn parameter<T: Float>(x: f64) -> Parameter<T> {
    Parameter::new(Tensor::full([1], x))
}

fn buffer<T: Float>(x: f64) -> Buffer<T> {
    Buffer::new(Tensor::full([1], x))
}

#[derive(Module)]
struct Linear<T: Float = f32> {
    weight: Parameter<T>,
    bias: Option<Parameter<T>>,
    features: [usize; 2],
}

impl<T: Float> Linear<T> {
    fn new(x: f64) -> Self {
        Linear { weight: parameter(x), bias: Some(parameter(x + 0.5)), features: [1, 1] }
    }
    fn without_bias(x: f64) -> Self {
        Linear { bias: None, ..Self::new(x) }
    }
}

#[test]
fn fields_are_named_in_declaration_order() {
    #[derive(Module)]
    struct BatchNorm<T: Float = f32> {
        weight: Parameter<T>,
        running_mean: Buffer<T>,
        bias: Parameter<T>,
        momentum: f64,
        r#type: Linear<T>,
    }
    let module = BatchNorm::<f64> {
        weight: parameter(3.0),
        running_mean: buffer(7.0),
        bias: parameter(4.0),
        momentum: 0.1,
        r#type: Linear::without_bias(1.0),
    };
    assert_eq!(shown(module), ["weight=3.0", "running_mean=7.0 (buffer)", "bias=4.0", "type.weight=1.0"]);
}

#[test]
fn containers_name_their_elements() {
    #[derive(Module)]
    struct All<T: Float> {
        list: Vec<Linear<T>>,
        pair: (Parameter<T>, usize, Box<Buffer<T>>),
        array: [Option<Parameter<T>>; 3],
        map: BTreeMap<String, Vec<Parameter<T>>>,
        object: Box<dyn Module<T>>,
        slice: Box<[Parameter<T>]>,
    }
    let module = All::<f32> {
        list: vec![Linear::new(1.0), Linear::without_bias(2.0)],
        pair: (parameter(3.0), 1, Box::new(buffer(4.0))),
        array: [Some(parameter(5.0)), None, Some(parameter(6.0))],
        map: BTreeMap::from([("z".to_owned(), vec![parameter(8.0)]), ("a".to_owned(), vec![parameter(7.0)])]),
        object: Box::new(Linear::new(9.0)),
        slice: vec![parameter(10.0)].into(),
    };
    assert_eq!(
        shown(module),
        [
            "list.0.weight=1.0",
            "list.0.bias=1.5",
            "list.1.weight=2.0",
            "pair.0=3.0",
            "pair.2=4.0 (buffer)",
            "array.0=5.0",
            "array.2=6.0",
            "map.a.0=7.0",
            "map.z.0=8.0",
            "object.weight=9.0",
            "object.bias=9.5",
            "slice.0=10.0",
        ]
    );
}

#[test]
fn options_skip_and_rename() {
    struct Configuration;
    #[derive(Module)]
    struct Net<T: Float> {
        #[module(rename = "conv1")]
        first: Parameter<T>,
        #[module(skip)]
        configuration: Configuration,
        #[module(skip)]
        activation: Box<dyn Fn(f64) -> f64>,
        #[module(skip)]
        hidden: Parameter<T>,
        #[module(rename = "body.0")]
        second: Parameter<T>,
    }
    let module = Net::<f32> {
        first: parameter(1.0),
        configuration: Configuration,
        activation: Box::new(|x| x),
        hidden: parameter(2.0),
        second: parameter(3.0),
    };
    assert_eq!(shown(module), ["conv1=1.0", "body.0=3.0"]);
}

#[test]
fn tuple_and_unit_structs() {
    #[derive(Module)]
    struct Pair<T: Float>(
        Parameter<T>,
        #[module(skip)] fn(),
        Linear<T>,
        #[module(rename = "last")] Buffer<T>,
    );
    #[derive(Module)]
    struct Relu;
    #[derive(Module)]
    struct Empty {}
    let pair = Pair::<f64>(parameter(1.0), || (), Linear::new(2.0), buffer(3.0));
    assert_eq!(shown(pair), ["0=1.0", "2.weight=2.0", "2.bias=2.5", "last=3.0 (buffer)"]);
    assert!(shown::<f32>(Relu).is_empty() && shown::<f64>(Relu).is_empty());
    assert!(shown::<f32>(Empty {}).is_empty());
}

#[test]
fn an_enum_shows_its_active_variant() {
    #[derive(Module)]
    enum Head<T: Float = f32> {
        None,
        Dense(Linear<T>, usize),
        Scaled { scale: Parameter<T>, inner: Box<Head<T>> },
    }
    #[derive(Module)]
    enum Never {}
    assert!(shown(Head::<f32>::None).is_empty());
    assert_eq!(shown(Head::<f32>::Dense(Linear::without_bias(1.0), 3)), ["0.weight=1.0"]);
    let nested = Head::<f64>::Scaled {
        scale: parameter(2.0),
        inner: Box::new(Head::Dense(Linear::without_bias(1.0), 3)),
    };
    assert_eq!(shown(nested), ["scale=2.0", "inner.0.weight=1.0"]);
    assert!(shown::<f32>(None::<Never>).is_empty());
}

#[test]
fn without_a_float_parameter_the_fields_decide() {
    #[derive(Module)]
    struct Single {
        fc: Linear,
        depth: usize,
    }
    #[derive(Module)]
    struct Double {
        fc: Linear<f64>,
        object: Option<Box<dyn Module<f64>>>,
    }
    #[derive(Module)]
    struct Pool {
        kernel: usize,
        name: &'static str,
        ratio: f64,
    }
    #[derive(Module)]
    struct Net<T: Float> {
        pool: Pool,
        weight: Parameter<T>,
    }
    // The element type is inferred where the fields settle it.
    assert_eq!(shown(Single { fc: Linear::new(1.0), depth: 1 }), ["fc.weight=1.0", "fc.bias=1.5"]);
    let double = Double { fc: Linear::without_bias(1.0), object: Some(Box::new(Linear::<f64>::new(2.0))) };
    assert_eq!(shown(double), ["fc.weight=1.0", "object.weight=2.0", "object.bias=2.5"]);
    let pool = || Pool { kernel: 2, name: "max", ratio: 0.5 };
    assert!(shown::<f32>(pool()).is_empty());
    assert_eq!(shown(Net::<f64> { pool: pool(), weight: parameter(1.0) }), ["weight=1.0"]);
}

#[test]
fn the_element_type_can_be_named() {
    #[derive(Module)]
    #[module(float = f64)]
    struct Exact {
        fc: Linear<f64>,
    }
    #[derive(Module)]
    #[module(float = T)]
    struct Mixed<T: Float, S: Float> {
        weight: Parameter<T>,
        #[module(skip)]
        other: Parameter<S>,
    }
    trait Real: Float {}
    impl Real for f32 {}
    #[derive(Module)]
    #[module(float = R)]
    struct Own<R: Real> {
        weight: Parameter<R>,
    }
    #[derive(Module)]
    struct Where<R>
    where
        R: Debug + Float,
    {
        weight: Parameter<R>,
    }
    assert_eq!(shown(Exact { fc: Linear::without_bias(1.0) }), ["fc.weight=1.0"]);
    assert_eq!(shown(Mixed::<f32, f64> { weight: parameter(1.0), other: parameter(2.0) }), ["weight=1.0"]);
    assert_eq!(shown(Own::<f32> { weight: parameter(1.0) }), ["weight=1.0"]);
    assert_eq!(shown(Where::<f32> { weight: parameter(1.0) }), ["weight=1.0"]);
}

#[test]
fn other_generics_are_carried_through() {
    #[derive(Module)]
    struct Residual<M, T: Float = f32> {
        inner: M,
        scale: Parameter<T>,
    }
    #[derive(Module)]
    struct Wrapper<M>(M);
    #[derive(Module)]
    struct Stack<'a, M: Clone, T: Float, const N: usize>
    where
        M: Debug,
    {
        blocks: [Linear<T>; N],
        name: &'a str,
        marker: PhantomData<M>,
        sizes: [[usize; N]; 2],
    }
    trait Family {
        type Block;
    }
    struct Dense;
    impl Family for Dense {
        type Block = Linear<f64>;
    }
    #[derive(Module)]
    struct Of<F: Family, T: Float> {
        block: F::Block,
        weight: Parameter<T>,
    }
    let residual = Residual { inner: Wrapper(Linear::without_bias(1.0)), scale: parameter::<f64>(2.0) };
    assert_eq!(shown(residual), ["inner.0.weight=1.0", "scale=2.0"]);
    assert_eq!(shown(Wrapper(Linear::<f32>::without_bias(1.0))), ["0.weight=1.0"]);
    let stack = Stack::<String, f32, 2> {
        blocks: [Linear::without_bias(1.0), Linear::without_bias(2.0)],
        name: "stack",
        marker: PhantomData,
        sizes: [[0; 2]; 2],
    };
    assert_eq!(shown(stack), ["blocks.0.weight=1.0", "blocks.1.weight=2.0"]);
    let of = Of::<Dense, f64> { block: Linear::without_bias(1.0), weight: parameter(2.0) };
    assert_eq!(shown(of), ["block.weight=1.0", "weight=2.0"]);
}

#[test]
fn recursive_types() {
    #[derive(Module)]
    struct Tree<T: Float> {
        weight: Parameter<T>,
        children: Vec<Tree<T>>,
    }
    #[derive(Module)]
    struct List {
        fc: Linear,
        next: Option<Box<Self>>,
    }
    #[derive(Module)]
    struct Nested<M> {
        first: M,
        rest: Option<Box<Nested<M>>>,
    }
    #[derive(Module)]
    #[module(float = f32)]
    struct Left(Parameter<f32>, Option<Box<Right>>);
    #[derive(Module)]
    #[module(float = f32)]
    struct Right(Option<Box<Left>>);

    let leaf = |x| Tree::<f32> { weight: parameter(x), children: vec![] };
    let tree = Tree { weight: parameter(0.0), children: vec![leaf(1.0), leaf(2.0)] };
    assert_eq!(shown(tree), ["weight=0.0", "children.0.weight=1.0", "children.1.weight=2.0"]);
    let last = List { fc: Linear::without_bias(2.0), next: None };
    let list = List { fc: Linear::without_bias(1.0), next: Some(Box::new(last)) };
    assert_eq!(shown(list), ["fc.weight=1.0", "next.fc.weight=2.0"]);
    let last = Nested { first: parameter::<f64>(2.0), rest: None };
    assert_eq!(
        shown(Nested { first: parameter(1.0), rest: Some(Box::new(last)) }),
        ["first=1.0", "rest.first=2.0"]
    );
    let circle = Left(parameter(1.0), Some(Box::new(Right(Some(Box::new(Left(parameter(2.0), None)))))));
    assert_eq!(shown(circle), ["0=1.0", "1.0.0=2.0"]);
}

/// The lint against warnings above covers these: private types in the bounds of a public type's impl.
#[allow(missing_docs)]
pub mod public {
    use super::*;

    #[derive(Module)]
    struct Private {
        fc: Linear,
    }
    #[derive(Module)]
    pub struct Public {
        inner: Private,
        linear: Linear<f32>,
    }
    #[derive(Module)]
    pub struct PublicOf<M, T: Float> {
        inner: Vec<(M, T)>,
        private: Private2<M>,
    }
    #[derive(Module)]
    struct Private2<M>(M);
}

#[test]
fn the_path_of_the_crate_can_be_named() {
    mod reexported {
        pub(super) mod network {
            pub(crate) use wengert_nn::{Module, Visitor, VisitorMut};
        }
    }
    #[derive(Module)]
    #[module(crate = "reexported::network", float = f32)]
    struct Net {
        weight: Parameter<f32>,
    }
    assert_eq!(shown(Net { weight: parameter(1.0) }), ["weight=1.0"]);
}

#[test]
fn a_macro_can_write_the_type() {
    macro_rules! block {
        ($name:ident, $weight:ty) => {
            #[derive(Module)]
            struct $name<T: Float> {
                weight: $weight,
                marker: PhantomData<T>,
            }
        };
    }
    block!(Block, Linear<T>);
    let block = Block::<f64> { weight: Linear::without_bias(1.0), marker: PhantomData };
    assert_eq!(shown(block), ["weight.weight=1.0"]);
}
