//! What an operation is: a function with a shape rule, a forward kernel and a backward rule.

use std::ops::Deref;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::Float;
use crate::indices::Indices;
use crate::mask::Mask;
use crate::node::Node;
use crate::shape::{ShapeError, Shapes};
use crate::tape::{Place, Tape};
use crate::tensor::Tensor;
use crate::value::Value;

/// One gradient for each input of a function, `None` where none flows.
pub type InputGradients<T> = SmallVec<[Option<Tensor<T>>; 2]>;

/// One tensor for each output of a function.
pub type Tensors<T> = SmallVec<[Tensor<T>; 1]>;

/// A differentiable function of tensors.
///
/// A *primitive* writes its backward rule in operations on tensors, which makes it differentiable to any
/// order: the tensors that [`Backward`] hands out lie on no tape in a first-order replay, so that nothing
/// is recorded, and are linked to the tape when the gradient is to be differentiated again.
///
/// A *fused* function runs a backward kernel on plain arrays instead, and gives through
/// [`fused`](Self::fused) the same result in tensor operations, which replay differentiates when more than
/// the first order is asked for.
///
/// ```
/// use wengert::autodiff::function::{Backward, Forward, Function, InputGradients, Outputs};
/// use wengert::autodiff::{Shape, ShapeError, Shapes, Value, apply};
/// use wengert::prelude::*;
///
/// /// y = x³, with the rule dx = 3 x² dy.
/// struct Cube;
///
/// impl<T: Float> Function<T> for Cube {
///     fn name(&self) -> &'static str {
///         "cube"
///     }
///     fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
///         Ok([Shape::from_slice(inputs[0])].into_iter().collect())
///     }
///     fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<T>) -> Outputs<T> {
///         cx.save_input(0);
///         inputs[0].view().mapv(|x| x * x * x).into()
///     }
///     fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
///         let x = cx.input(0);
///         [grads[0].as_ref().map(|dy| &x * &x * 3.0 * dy)].into_iter().collect()
///     }
/// }
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::from_vec([2], vec![1.0, 2.0]));
/// let y = apply(Cube, &[&x]).remove(0).sum(..);
/// assert_eq!(y.backward().get(&x).unwrap().to_vec(), [3.0, 12.0]);
/// ```
pub trait Function<T: Float>: Send + Sync + 'static {
    /// The operation's name, for messages and reports.
    fn name(&self) -> &'static str;

    /// The shapes of the outputs for inputs of these shapes.
    ///
    /// # Errors
    /// The sentence that says which sizes do not fit. Everything that can be wrong with a call is found
    /// here: `forward` is only called with shapes that passed.
    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError>;

    /// Whether inputs of one shape are always right and give one output of that shape: then nobody asks
    /// [`output_shapes`](Self::output_shapes) for them.
    #[doc(hidden)]
    fn is_elementwise(&self) -> bool {
        false
    }

    /// Computes the outputs, and declares through `cx` what the rule will need.
    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T>;

    /// The gradients of the inputs, given those of the outputs (`None` where none arrived; at least one
    /// did).
    ///
    /// A gradient may have the shape its input broadcasts to: the sum that undoes broadcasting is taken by
    /// the replay. Those for which [`Backward::needs`] says no are not looked at.
    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T>;

    /// How many floating-point operations `forward` takes, for profiles; a multiplication and an addition are
    /// two. One for each element of the outputs unless a function knows better.
    fn flops(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> u64 {
        let _ = inputs;
        outputs.iter().map(|shape| shape.iter().product::<usize>() as u64).sum()
    }

    /// The same for `backward`, given which inputs want a gradient. As many as forward for each of them unless a
    /// function knows better: that is right for elementwise functions and for products.
    fn backward_flops(&self, inputs: &[&[usize]], outputs: &[&[usize]], needs: &[bool]) -> u64 {
        self.flops(inputs, outputs) * needs.iter().filter(|&&needs| needs).count() as u64
    }

    /// The function in tensor operations, if it is fused. The inputs of a fused function are always kept.
    fn fused(&self) -> Option<&dyn Composed<T>> {
        None
    }
}

/// The result of a fused function in tensor operations.
pub trait Composed<T: Float> {
    /// The same outputs as the function's forward pass.
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T>;
}

/// A function of this crate.
///
/// Its methods are compiled here, once for each element type: whoever applies it elsewhere gets a reference to
/// that code, where the generic implementation of [`Function`] would be compiled again in every crate that uses
/// it. [`builtin!`] implements it.
#[doc(hidden)]
pub trait Builtin: Sized {
    fn single(&self) -> &dyn Function<f32>;
    fn double(&self) -> &dyn Function<f64>;
    fn shared_single(self) -> SharedFunction<f32>;
    fn shared_double(self) -> SharedFunction<f64>;
}

/// Declares functions of this crate, so that [`apply_one`](crate::tensor::apply_one) takes them.
macro_rules! builtin {
    ($($function:ty),* $(,)?) => {$(
        // Never inlined: in another crate that would ask for the code there.
        impl $crate::function::Builtin for $function {
            #[inline(never)]
            fn single(&self) -> &dyn $crate::function::Function<f32> {
                self
            }

            #[inline(never)]
            fn double(&self) -> &dyn $crate::function::Function<f64> {
                self
            }

            #[inline(never)]
            fn shared_single(self) -> $crate::function::SharedFunction<f32> {
                $crate::function::SharedFunction::new(self)
            }

            #[inline(never)]
            fn shared_double(self) -> $crate::function::SharedFunction<f64> {
                $crate::function::SharedFunction::new(self)
            }
        }
    )*};
}
pub(crate) use builtin;

/// A function that nodes share. One without options, and nothing to drop, is nowhere in memory, and nobody counts who
/// uses it.
#[doc(hidden)]
#[derive(Clone)]
pub enum SharedFunction<T: Float> {
    Plain(&'static dyn Function<T>),
    Counted(Arc<dyn Function<T>>),
}

impl<T: Float> SharedFunction<T> {
    #[inline]
    pub(crate) fn new<F: Function<T>>(function: F) -> Self {
        if size_of::<F>() == 0 && !std::mem::needs_drop::<F>() {
            // A box of nothing has no memory to lose.
            Self::Plain(Box::leak(Box::new(function)))
        } else {
            Self::Counted(Arc::new(function))
        }
    }
}

impl<T: Float> Deref for SharedFunction<T> {
    type Target = dyn Function<T>;

    #[inline]
    fn deref(&self) -> &(dyn Function<T> + 'static) {
        match self {
            Self::Plain(function) => *function,
            Self::Counted(function) => &**function,
        }
    }
}

/// What a forward pass returns.
#[derive(Debug)]
pub struct Outputs<T: Float> {
    pub(crate) values: SmallVec<[Value<T>; 1]>,
    pub(crate) indices: Option<Indices>,
}

impl<T: Float> Outputs<T> {
    /// Several outputs.
    pub fn several(values: impl IntoIterator<Item = Value<T>>) -> Self {
        Self { values: values.into_iter().collect(), indices: None }
    }

    /// Also whole numbers, which have no gradient: positions of maxima, for example.
    pub fn with_indices(mut self, indices: Indices) -> Self {
        self.indices = Some(indices);
        self
    }
}

impl<T: Float, V: Into<Value<T>>> From<V> for Outputs<T> {
    fn from(value: V) -> Self {
        let mut values = SmallVec::new();
        values.push(value.into());
        Self { values, indices: None }
    }
}

/// Something kept for the backward rule.
#[derive(Clone, Debug)]
pub(crate) enum Saved<T: Float> {
    Input(u32, Value<T>),
    Output(u32, Value<T>),
    Extra(Value<T>),
    Indices(Indices),
    Mask(Mask),
}

/// What a forward pass may know, and where it says what its rule will need.
///
/// Nothing is kept when nothing is recorded: all methods may be called in any case.
#[derive(Debug)]
pub struct Forward<'a, T: Float> {
    /// Which inputs want a gradient; empty when nothing is recorded.
    pub(crate) needs: &'a [bool],
    pub(crate) inputs: SmallVec<[u32; 2]>,
    pub(crate) outputs: SmallVec<[u32; 2]>,
    pub(crate) others: SmallVec<[Saved<T>; 1]>,
}

impl<T: Float> Forward<'_, T> {
    /// Of a call that is not recorded.
    #[cfg(feature = "proptest")]
    pub(crate) fn unrecorded() -> Self {
        Self { needs: &[], inputs: SmallVec::new(), outputs: SmallVec::new(), others: SmallVec::new() }
    }

    /// Whether the call is recorded. If not, what only the rule needs has not to be computed.
    pub fn records(&self) -> bool {
        !self.needs.is_empty()
    }

    /// Whether input `i` wants a gradient.
    pub fn needs(&self, i: usize) -> bool {
        self.needs.get(i).copied().unwrap_or(false)
    }

    /// Keeps input `i` for [`Backward::input`].
    pub fn save_input(&mut self, i: usize) {
        if self.records() && !self.inputs.contains(&(i as u32)) {
            self.inputs.push(i as u32);
        }
    }

    /// Keeps output `i` for [`Backward::output`].
    pub fn save_output(&mut self, i: usize) {
        if self.records() {
            self.outputs.push(i as u32);
        }
    }

    /// Keeps an intermediate for [`Backward::extra`]: the first call's is number 0. The rule of a
    /// primitive must treat it as a constant.
    pub fn save(&mut self, value: Value<T>) {
        if self.records() {
            self.others.push(Saved::Extra(value));
        }
    }

    /// Keeps whole numbers for [`Backward::indices`].
    pub fn save_indices(&mut self, indices: Indices) {
        if self.records() {
            // On the tape that keeps them they would keep it alive.
            self.others.push(Saved::Indices(indices.detach()));
        }
    }

    /// Keeps a mask for [`Backward::mask`].
    pub fn save_mask(&mut self, mask: Mask) {
        if self.records() {
            self.others.push(Saved::Mask(mask));
        }
    }
}

/// What a backward rule may know: which gradients are wanted, and what the forward pass kept.
#[derive(Debug)]
pub struct Backward<'a, T: Float> {
    pub(crate) node: &'a Node<T>,
    /// The tape to link saved tensors to, when the gradient is to be differentiated again.
    pub(crate) tape: Option<&'a Tape>,
}

impl<T: Float> Backward<'_, T> {
    /// Whether input `i` wants a gradient.
    pub fn needs(&self, i: usize) -> bool {
        self.node.inputs[i].slot.is_some()
    }

    /// The number of inputs.
    pub fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    /// The shape of input `i`.
    pub fn input_shape(&self, i: usize) -> &[usize] {
        &self.node.inputs[i].shape
    }

    /// Input `i`, which the forward pass saved.
    ///
    /// # Panics
    /// If it was not saved.
    #[track_caller]
    pub fn input(&self, i: usize) -> Tensor<T> {
        let value = self.node.saved.iter().find_map(|s| match s {
            Saved::Input(j, value) if *j as usize == i => Some(value),
            _ => None,
        });
        let Some(value) = value else { self.missing("input", i) };
        self.link(value, self.node.inputs[i].slot)
    }

    /// Output `i`, which the forward pass saved.
    ///
    /// # Panics
    /// If it was not saved.
    #[track_caller]
    pub fn output(&self, i: usize) -> Tensor<T> {
        let value = self.node.saved.iter().find_map(|s| match s {
            Saved::Output(j, value) if *j as usize == i => Some(value),
            _ => None,
        });
        let Some(value) = value else { self.missing("output", i) };
        self.link(value, Some(self.node.output_slot(i)))
    }

    /// Intermediate number `k`, a constant.
    ///
    /// # Panics
    /// If fewer were saved.
    #[track_caller]
    pub fn extra(&self, k: usize) -> Tensor<T> {
        let mut extras = self.node.saved.iter().filter_map(|s| match s {
            Saved::Extra(value) => Some(value),
            _ => None,
        });
        match extras.nth(k) {
            Some(value) => Tensor::from(value.clone()),
            None => self.missing("intermediate", k),
        }
    }

    /// The whole numbers of the `k`-th call of [`Forward::save_indices`].
    ///
    /// # Panics
    /// If fewer were saved.
    #[track_caller]
    pub fn indices(&self, k: usize) -> Indices {
        let mut all = self.node.saved.iter().filter_map(|s| match s {
            Saved::Indices(indices) => Some(indices),
            _ => None,
        });
        all.nth(k).cloned().unwrap_or_else(|| self.missing("indices", k))
    }

    /// The mask of the `k`-th call of [`Forward::save_mask`].
    ///
    /// # Panics
    /// If fewer were saved.
    #[track_caller]
    pub fn mask(&self, k: usize) -> Mask {
        let mut all = self.node.saved.iter().filter_map(|s| match s {
            Saved::Mask(mask) => Some(mask),
            _ => None,
        });
        all.nth(k).cloned().unwrap_or_else(|| self.missing("mask", k))
    }

    fn link(&self, value: &Value<T>, slot: Option<u32>) -> Tensor<T> {
        let place = self.tape.map(|tape| Place { tape: tape.clone(), slot });
        Tensor { value: value.clone(), place }
    }

    #[cold]
    #[track_caller]
    fn missing(&self, what: &str, i: usize) -> ! {
        panic!(
            "{}: its rule asks for {what} {i}, which its forward pass did not save",
            self.node.function.name()
        )
    }
}
