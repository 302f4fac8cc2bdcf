//! Modules that take one tensor to another.

use std::any::Any;
use std::thread;

use autodiff::{Float, Parameter, Tensor};

use crate::Module;

/// A module that takes one tensor to another. `Box<dyn Layer<T>>` is one too.
///
/// A layer puts its parameters on the tape of its input with [`Parameter::on_tape_of`]; on no tape it just
/// computes. Whether the forward pass trains is the tape's affair ([`Tape::training`]), not the layer's.
///
/// [`Parameter::on_tape_of`]: autodiff::Parameter::on_tape_of
/// [`Tape::training`]: autodiff::Tape::training
///
/// ```
/// use wengert::prelude::*;
///
/// /// y = γ·x.
/// #[derive(Clone, Module)]
/// struct Scale<T: Float = f32> {
///     gamma: Parameter<T>,
/// }
///
/// impl<T: Float> Layer<T> for Scale<T> {
///     fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
///         x * self.gamma.on_tape_of(x)
///     }
/// }
///
/// let scale = Scale { gamma: Parameter::new(Tensor::scalar(2.0)) };
/// let net = Sequential::<f32>::new().push(scale).push(Relu);
/// assert_eq!(net.forward(&Tensor::from_vec([2], vec![-1.0, 3.0])).to_vec(), [0.0, 6.0]);
/// ```
pub trait Layer<T: Float>: Module<T> {
    /// The output for an input.
    #[track_caller]
    fn forward(&self, x: &Tensor<T>) -> Tensor<T>;

    /// The same, recorded as a part of the model with this name ([`Tape::scope`]), by which reports call it.
    ///
    /// A layer with parameters is found by their names ([`Inspect::name`](crate::Inspect::name)) and does not need
    /// it; [`Sequential`](crate::Sequential) does it for its layers. When the layer panics, a line on the standard
    /// error says in which it was, below the panic's own message; in nested models one line each, from the innermost
    /// outwards.
    ///
    /// [`Tape::scope`]: autodiff::Tape::scope
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::ones([2, 3]));
    /// let y = Relu.forward_in("rectify", &x);
    /// assert_eq!(Graph::<f32>::of(&tape).path(&y), Some("rectify"));
    /// ```
    #[track_caller]
    fn forward_in(&self, name: &str, x: &Tensor<T>) -> Tensor<T> {
        let _scope = x.tape().map(|tape| tape.scope(name));
        let _place = Place { name, panicking: thread::panicking() };
        self.forward(x)
    }
}

/// Says which layer it was if its forward pass panics: the caller's line of a layer in a box is in this library.
struct Place<'a> {
    name: &'a str,
    /// Whether a panic was on its way before.
    panicking: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if thread::panicking() && !self.panicking {
            eprintln!("  in the layer named `{}`", self.name);
        }
    }
}

/// [`Parameter::on_tape_of`] for a parameter that a layer may lack. (`Option::map` would hide the caller's line.)
#[track_caller]
pub(crate) fn on_tape_of<T: Float>(parameter: Option<&Parameter<T>>, x: &Tensor<T>) -> Option<Tensor<T>> {
    match parameter {
        Some(parameter) => Some(parameter.on_tape_of(x)),
        None => None,
    }
}

impl<T: Float, L: Layer<T> + ?Sized> Layer<T> for Box<L> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        (**self).forward(x)
    }
}

/// A layer that can be cloned behind a box and sent to other threads: every [`Layer`] that is
/// `Clone + Send + Sync`. What [`Sequential`](crate::Sequential) holds.
///
/// ```
/// use wengert::nn::CloneLayer;
/// use wengert::prelude::*;
///
/// let layers: Vec<Box<dyn CloneLayer<f32>>> = vec![Box::new(Relu), Box::new(Dropout::new(0.5))];
/// let same = layers.clone();
/// assert_eq!(Sequential::from(same).len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no layer of `{T}` that can be cloned",
    note = "it needs to implement `Layer<{T}>`, `Clone`, `Send` and `Sync`; a module of parameters, buffers and \
            other such modules can derive `Clone`"
)]
pub trait CloneLayer<T: Float>: Layer<T> + Send + Sync {
    #[doc(hidden)]
    fn boxed_clone(&self) -> Box<dyn CloneLayer<T>>;

    #[doc(hidden)]
    fn as_any(&self) -> &dyn Any;

    #[doc(hidden)]
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Float> dyn CloneLayer<T> {
    /// The layer as what it is, if it is an `L`.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let net = Sequential::<f32>::new().push(Linear::new(4, 8, &mut rng)).push(Relu);
    /// let linear: &Linear = net.get("0").unwrap().downcast_ref().unwrap();
    /// assert_eq!(linear.weight.shape(), [8, 4]);
    /// assert!(net.get("1").unwrap().downcast_ref::<Linear>().is_none());
    /// ```
    pub fn downcast_ref<L: 'static>(&self) -> Option<&L> {
        self.as_any().downcast_ref()
    }

    /// The same, to change it.
    pub fn downcast_mut<L: 'static>(&mut self) -> Option<&mut L> {
        self.as_any_mut().downcast_mut()
    }
}

impl<T: Float, L: Layer<T> + Clone + Send + Sync + 'static> CloneLayer<T> for L {
    fn boxed_clone(&self) -> Box<dyn CloneLayer<T>> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl<T: Float> Clone for Box<dyn CloneLayer<T>> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}
