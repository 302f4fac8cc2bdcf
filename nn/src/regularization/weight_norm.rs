//! Weights learned as a direction and a length.

use autodiff::{Float, Parameter, Tensor, keepdim};

use crate::module::leaves::{Leaf, leaves};
use crate::{Buffer, Layer, Module, Visitor, VisitorMut};

/// A layer of which one weight is learned as a direction v and a length g: w = g·v / ‖v‖.
///
/// The length is one number for each slice along an axis, by default each output (axis 0), or one for the whole
/// weight. In paths the weight's place is taken by PyTorch's `weight_g`, of as many axes as the weight with extent 1
/// but for that axis, and `weight_v`, of the weight's shape. At first g = ‖w‖ and v = w, so that the layer computes
/// what it did. Where v is 0 the weight is NaN.
///
/// It wraps any module, and is a layer if that is one; more weights are normalized by wrapping again.
///
/// After Salimans and Kingma, "Weight normalization: a simple reparameterization to accelerate training of deep neural
/// networks" (2016).
///
/// ```
/// use wengert::nn::regularization::WeightNorm;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let layer = WeightNorm::new(Linear::<f32>::new(4, 3, &mut rng));
/// let names: Vec<String> = layer.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["weight_g", "weight_v", "bias"]);
///
/// let loss = layer.forward(&Tape::training(0).constant(Tensor::ones([2, 4]))).square().mean(..);
/// let grads = loss.backward();
/// assert_eq!(grads.get(&layer.g).unwrap().shape(), [3, 1]);
///
/// // A recurrent layer, which is called otherwise.
/// let lstm = WeightNorm::named(Lstm::<f32>::new(4, 5, &mut rng), "weight_hh_l0", Some(0));
/// let x = Tensor::zeros([7, 1, 4]);
/// let (y, state) = lstm.with(&x, |lstm| lstm.forward_with(&x, None, None));
/// assert_eq!(y.shape(), [7, 1, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct WeightNorm<L, T: Float = f32> {
    /// g: of extent 1 on all axes but that of its numbers; of no axes if it is one number.
    pub g: Parameter<T>,
    /// v, of the weight's shape.
    pub v: Parameter<T>,
    /// In the weight's place it has a parameter without elements.
    layer: L,
    name: String,
    axis: Option<usize>,
}

impl<T: Float, L: Module<T>> WeightNorm<L, T> {
    /// Of the parameter `weight`, with a length for each output.
    ///
    /// # Panics
    /// If the layer has no parameter of this name, or the parameter has no axes.
    #[track_caller]
    pub fn new(layer: L) -> Self {
        Self::named(layer, "weight", Some(0))
    }

    /// Of the parameter with a path, with a length for each slice along an axis; without one, PyTorch's `dim=None`,
    /// with one length for all.
    ///
    /// # Panics
    /// If the layer has no parameter of this name, or that has no such axis.
    #[track_caller]
    pub fn named(mut layer: L, name: impl Into<String>, axis: Option<usize>) -> Self {
        let name = name.into();
        let all = leaves(&layer);
        let found = all.iter().find_map(|(path, leaf)| match leaf {
            Leaf::Parameter(parameter) if *path == name => Some(parameter),
            _ => None,
        });
        let Some(weight) = found else {
            let paths: Vec<&str> = all.iter().map(|(path, _)| path.as_str()).collect();
            panic!("WeightNorm: the layer has no parameter `{name}`; it has {}", paths.join(", "));
        };
        let shape = weight.shape();
        if axis.is_some_and(|axis| axis >= shape.len()) {
            panic!("WeightNorm: `{name}` of shape {shape:?} has no axis {}", axis.unwrap_or(0));
        }
        let g = Parameter::new(length(&weight.value(), axis));
        let v = Parameter::new(weight.value());
        if weight.is_frozen() {
            g.freeze();
            v.freeze();
        }
        put(&mut layer, &name, &Parameter::new(Tensor::zeros([0])));
        Self { g, v, layer, name, axis }
    }

    /// The weight, w = g·v / ‖v‖: on the tape of `x` if that is on one.
    ///
    /// # Panics
    /// If the tape was drained by a backward pass.
    #[track_caller]
    pub fn weight(&self, x: &Tensor<T>) -> Tensor<T> {
        let (g, v) = (self.g.on_tape_of(x), self.v.on_tape_of(x));
        let length = length(&v, self.axis);
        v * (g / length)
    }

    /// The layer with the weight as a plain parameter again, which has the value of now.
    pub fn into_plain(mut self) -> L {
        let weight = Parameter::new(self.weight(&Tensor::zeros([])));
        if self.v.is_frozen() {
            weight.freeze();
        }
        put(&mut self.layer, &self.name, &weight);
        self.layer
    }

    /// Calls the layer, with the weight in its place, for an input `x`: for modules that are called otherwise than
    /// layers.
    ///
    /// # Panics
    /// Where the call does, or if the tape of `x` was drained by a backward pass.
    #[track_caller]
    pub fn with<R>(&self, x: &Tensor<T>, call: impl FnOnce(&L) -> R) -> R
    where
        L: Clone,
    {
        call(&self.for_input(x))
    }

    /// The layer with a parameter that stands for the weight on the tape of `x`. It is another one for each call, so
    /// that nothing is shared between threads and tapes.
    #[track_caller]
    fn for_input(&self, x: &Tensor<T>) -> L
    where
        L: Clone,
    {
        let weight = self.weight(x);
        let stand_in = Parameter::new(weight.detach());
        if let Some(tape) = x.tape() {
            tape.watch_as(&stand_in, &weight);
        }
        let mut layer = self.layer.clone();
        put(&mut layer, &self.name, &stand_in);
        layer
    }
}

/// ‖v‖, a number for each slice along the axis.
#[track_caller]
fn length<T: Float>(v: &Tensor<T>, axis: Option<usize>) -> Tensor<T> {
    match axis {
        Some(axis) => {
            let others: Vec<isize> = (0..v.ndim()).filter(|&a| a != axis).map(|a| a as isize).collect();
            v.norm(2.0, keepdim(&others[..]))
        }
        None => v.norm(2.0, ..),
    }
}

/// Puts a parameter in the place of the one with a path.
fn put<T: Float>(module: &mut impl Module<T>, path: &str, parameter: &Parameter<T>) {
    struct Put<'a, T: Float>(Steps<'a>, &'a Parameter<T>);
    impl<T: Float> VisitorMut<T> for Put<'_, T> {
        fn parameter(&mut self, parameter: &mut Parameter<T>) {
            if self.0.are_there() {
                *parameter = self.1.clone();
            }
        }
        fn buffer(&mut self, _: &mut Buffer<T>) {}
        fn enter(&mut self, name: &str) {
            self.0.enter(name);
        }
        fn leave(&mut self) {
            self.0.leave();
        }
    }
    module.visit_mut(&mut Put(Steps::to(path), parameter));
}

/// Follows a visitor, and knows when it is at the end of a path.
struct Steps<'a> {
    path: &'a str,
    /// Where the visitor is, each name behind a dot.
    here: String,
    lengths: Vec<usize>,
}

impl<'a> Steps<'a> {
    fn to(path: &'a str) -> Self {
        Self { path, here: String::new(), lengths: Vec::new() }
    }

    fn enter(&mut self, name: &str) {
        self.lengths.push(self.here.len());
        self.here.push('.');
        self.here.push_str(name);
    }

    fn leave(&mut self) {
        let length = self.lengths.pop().expect("each leave follows an enter");
        self.here.truncate(length);
    }

    fn are_there(&self) -> bool {
        self.here.strip_prefix('.') == Some(self.path)
    }

    /// The name entered last.
    fn name(&self) -> &str {
        self.lengths.last().map_or("", |&length| &self.here[length + 1..])
    }
}

/// Shows g and v in the place of the weight, and all else as it is.
struct Replace<'a, V: ?Sized, P> {
    steps: Steps<'a>,
    visitor: &'a mut V,
    g: P,
    v: P,
}

macro_rules! replacing {
    ($Visitor:ident, [$($mutable:ident)?] { $($more:tt)* }) => {
        impl<T: Float> $Visitor<T> for Replace<'_, dyn $Visitor<T> + '_, &$($mutable)? Parameter<T>> {
            fn parameter(&mut self, parameter: &$($mutable)? Parameter<T>) {
                if self.steps.are_there() {
                    let name = self.steps.name();
                    self.visitor.child(&format!("{name}_g"), self.g);
                    self.visitor.child(&format!("{name}_v"), self.v);
                } else {
                    self.visitor.parameter(parameter);
                }
            }

            fn buffer(&mut self, buffer: &$($mutable)? Buffer<T>) {
                self.visitor.buffer(buffer);
            }

            fn enter(&mut self, name: &str) {
                self.steps.enter(name);
                if !self.steps.are_there() {
                    self.visitor.enter(name);
                }
            }

            fn leave(&mut self) {
                if !self.steps.are_there() {
                    self.visitor.leave();
                }
                self.steps.leave();
            }

            $($more)*
        }
    };
}

replacing!(Visitor, [] {
    fn kind(&mut self, kind: &'static str) {
        if !self.steps.are_there() {
            self.visitor.kind(kind);
        }
    }
});
replacing!(VisitorMut, [mut] {});

impl<T: Float, L: Module<T>> Module<T> for WeightNorm<L, T> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        self.layer.visit(&mut Replace { steps: Steps::to(&self.name), visitor, g: &self.g, v: &self.v });
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        let (g, v) = (&mut self.g, &mut self.v);
        self.layer.visit_mut(&mut Replace { steps: Steps::to(&self.name), visitor, g, v });
    }
}

impl<T: Float, L: Layer<T> + Clone> Layer<T> for WeightNorm<L, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.for_input(x).forward(x)
    }
}
