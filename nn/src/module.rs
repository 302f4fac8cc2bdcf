//! What a module consists of: parameters, buffers and submodules, by name.

mod containers;
#[doc(hidden)]
pub mod derive_support;
pub(crate) mod leaves;
mod plain;
mod select;

use std::collections::HashSet;
use std::path::Path;

use autodiff::Float;

use self::leaves::{Leaf, leaves};
pub use self::select::NoMatch;
use crate::state::{self, LoadError, LoadReport, SaveError};
use crate::{Buffer, Parameter};

/// What a module consists of, by name: `T`-typed parameters, buffers and submodules.
///
/// One trait covers the whole tree. A [`Parameter`] and a [`Buffer`] are its leaves; `Vec`, arrays, tuples
/// and `BTreeMap<String, _>` name their elements by index or key; `Option` and `Box` add no name; numbers,
/// `bool`, `char`, `String`, `&str` and `PhantomData` hold nothing. So a type derives it whenever each of its
/// fields is one of these or derives it too, and `#[module(skip)]` leaves the others out.
///
/// Paths are the names joined by dots, as in a state dict: `layer1.0.conv1.weight`.
///
/// ```
/// use wengert::nn::{Module, Parameter};
///
/// #[derive(Module)]
/// struct Scale {
///     weight: Parameter<f32>,
///     epsilon: f64,
/// }
/// ```
///
/// Written by hand the same is:
///
/// ```
/// use wengert::nn::{Module, Parameter, Visitor, VisitorMut};
///
/// struct Scale {
///     weight: Parameter<f32>,
///     epsilon: f64,
/// }
///
/// impl Module<f32> for Scale {
///     fn visit(&self, visitor: &mut dyn Visitor<f32>) {
///         visitor.child("weight", &self.weight);
///     }
///     fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<f32>) {
///         visitor.child("weight", &mut self.weight);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module of `{T}`",
    label = "does not implement `Module<{T}>`",
    note = "a field that holds no parameters is left out with `#[module(skip)]`; a type that holds some needs \
            `#[derive(Module)]`",
    note = "containers that are modules are `Vec`, arrays, tuples, `Option`, `Box` and `BTreeMap<String, _>`"
)]
pub trait Module<T: Float> {
    /// Visits every parameter and buffer in this module and its submodules, in declaration order.
    fn visit(&self, visitor: &mut dyn Visitor<T>);

    /// The same with mutable access, to replace parameters and buffers.
    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>);

    /// What the module is, for a [`Summary`](crate::Summary): its type's name as [`std::any::type_name`] has it, or an
    /// empty one for what is no part of a model, like a number.
    fn kind(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// The parameters with their paths, in declaration order; one that occurs several times once, at its
    /// first path.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let net = Sequential::<f32>::new().push(Linear::new(2, 3, &mut rng)).push(Relu);
    /// let names: Vec<String> = net.named_parameters().into_iter().map(|(name, _)| name).collect();
    /// assert_eq!(names, ["0.weight", "0.bias"]);
    /// ```
    fn named_parameters(&self) -> Vec<(String, Parameter<T>)> {
        let mut seen = HashSet::new();
        let parameters = leaves(self).into_iter().filter_map(|(path, leaf)| match leaf {
            Leaf::Parameter(parameter) => Some((path, parameter)),
            Leaf::Buffer(_) => None,
        });
        parameters.filter(|(_, parameter)| seen.insert(parameter.id())).collect()
    }

    /// The parameters in declaration order, shared ones once: what an optimizer is given.
    fn parameters(&self) -> Vec<Parameter<T>> {
        self.named_parameters().into_iter().map(|(_, parameter)| parameter).collect()
    }

    /// The buffers with their paths, in declaration order; one that occurs several times once, at its first
    /// path.
    fn named_buffers(&self) -> Vec<(String, Buffer<T>)> {
        let mut seen = HashSet::new();
        let buffers = leaves(self).into_iter().filter_map(|(path, leaf)| match leaf {
            Leaf::Buffer(buffer) => Some((path, buffer)),
            Leaf::Parameter(_) => None,
        });
        buffers.filter(|(_, buffer)| seen.insert(buffer.address())).collect()
    }

    /// How many numbers the parameters hold together, shared ones counted once.
    fn parameter_count(&self) -> usize {
        self.parameters().iter().map(Parameter::len).sum()
    }

    /// How many numbers the parameters that are not frozen hold together.
    fn trainable_parameter_count(&self) -> usize {
        self.parameters().iter().filter(|parameter| !parameter.is_frozen()).map(Parameter::len).sum()
    }

    /// Takes the module out of training: tapes watch its parameters as constants, and its layers leave their
    /// buffers as they are, so that batch normalization uses its running statistics.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let (body, head) = (Linear::<f32>::new(4, 8, &mut rng), Linear::new(8, 2, &mut rng));
    /// body.freeze();
    /// let x = Tape::training(0).constant(Tensor::ones([3, 4]));
    /// let grads = head.forward(&body.forward(&x)).sum(..).backward();
    /// assert!(grads.get(&body.weight).is_none() && grads.get(&head.weight).is_some());
    /// ```
    fn freeze(&self) {
        leaves(self).iter().for_each(|(_, leaf)| leaf.freeze());
    }

    /// Puts the module back into training.
    fn unfreeze(&self) {
        leaves(self).iter().for_each(|(_, leaf)| leaf.unfreeze());
    }

    /// [`freeze`](Self::freeze) for the parameters and buffers whose paths match a pattern, in which `*` stands for
    /// any characters, dots among them, and `?` for one. Gives their number, shared ones counted once.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let model = LeNet5::<f32>::new(10, &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(model.freeze_matching("c?.*")?, 6);
    /// assert_eq!(model.unfreeze_matching("c5.bias")?, 1);
    /// let error = model.freeze_matching("conv*").unwrap_err().to_string();
    /// assert!(error.starts_with("no parameter or buffer matches `conv*`; the paths are c1.weight, c1.bias, c3"));
    /// # Ok::<(), wengert::nn::NoMatch>(())
    /// ```
    ///
    /// # Errors
    /// No path matches.
    fn freeze_matching(&self, pattern: &str) -> Result<usize, NoMatch> {
        let found = select::matching(self, pattern)?;
        found.iter().for_each(Leaf::freeze);
        Ok(found.len())
    }

    /// [`unfreeze`](Self::unfreeze) for the parameters and buffers whose paths match a pattern, as
    /// [`freeze_matching`](Self::freeze_matching) has it. Gives their number.
    ///
    /// # Errors
    /// No path matches.
    fn unfreeze_matching(&self, pattern: &str) -> Result<usize, NoMatch> {
        let found = select::matching(self, pattern)?;
        found.iter().for_each(Leaf::unfreeze);
        Ok(found.len())
    }

    /// The parameters whose paths match a pattern, as [`freeze_matching`](Self::freeze_matching) has it, in
    /// declaration order, shared ones once.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let model = LeNet5::<f32>::new(10, &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(model.parameters_matching("*.weight")?.len(), 5);
    /// # Ok::<(), wengert::nn::NoMatch>(())
    /// ```
    ///
    /// # Errors
    /// No parameter's path matches.
    fn parameters_matching(&self, pattern: &str) -> Result<Vec<Parameter<T>>, NoMatch> {
        select::parameters_matching(self, pattern)
    }

    /// The parameters that a condition on their path and themselves chooses, in declaration order, shared ones once,
    /// by their first path.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// // What is often decayed: matrices and kernels, but neither biases nor the weights of normalizations.
    /// let model = LeNet5::<f32>::new(10, &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!(model.parameters_where(&|_, parameter| parameter.shape().len() > 1).len(), 5);
    /// ```
    fn parameters_where(&self, wanted: &dyn Fn(&str, &Parameter<T>) -> bool) -> Vec<Parameter<T>> {
        let named = self.named_parameters().into_iter();
        named.filter(|(path, parameter)| wanted(path, parameter)).map(|(_, parameter)| parameter).collect()
    }

    /// A copy of the module with parameters and buffers of its own, where `clone` gives other handles of the
    /// same ones. What is shared inside the module is shared inside the copy.
    ///
    /// A parameter behind `#[module(skip)]` is not visited, so the copy shares it with the original.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let layer = Linear::<f32>::new(2, 2, &mut ChaCha8Rng::seed_from_u64(0));
    /// let (alias, copy) = (layer.clone(), layer.deep_clone());
    /// layer.weight.set(&Tensor::zeros([2, 2]));
    /// assert_eq!(alias.weight.value().to_vec(), [0.0; 4]);
    /// assert_ne!(copy.weight.value().to_vec(), [0.0; 4]);
    /// ```
    fn deep_clone(&self) -> Self
    where
        Self: Clone,
    {
        let mut copy = self.clone();
        leaves::replace_by_copies(&mut copy);
        copy
    }

    /// Writes the parameters and buffers to a safetensors file, under their paths, which are PyTorch's names.
    ///
    /// The file appears whole or not at all: it is written beside its place under another name, flushed to
    /// the disk, and renamed. The same values give the same bytes. A parameter that occurs several times is
    /// written under each of its paths, as PyTorch's state dicts have it, and a count ([`Buffer::count`]) as an
    /// integer of 64 bits.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// # let folder = std::env::temp_dir().join(format!("wengert-save-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("weights.safetensors");
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let layer = Linear::<f32>::new(2, 3, &mut rng);
    /// layer.save(&path)?;
    /// let other = Linear::<f32>::new(2, 3, &mut rng);
    /// let report = other.load(&path)?;
    /// assert_eq!(report.loaded, ["weight", "bias"]);
    /// assert_eq!(other.weight.value().to_vec(), layer.weight.value().to_vec());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The file system refuses; the text names the path.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path, or one is named `__metadata__`.
    #[track_caller]
    fn save(&self, path: impl AsRef<Path>) -> Result<(), SaveError>
    where
        Self: Sized,
    {
        state::save(self, path.as_ref())
    }

    /// What [`save`](Self::save) writes.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path, or one is named `__metadata__`.
    #[track_caller]
    fn to_bytes(&self) -> Vec<u8> {
        state::to_bytes(self)
    }

    /// Reads a file into the parameters and buffers: each must be there, with its shape, and nothing else may be.
    ///
    /// The file is a safetensors file, a state dict that PyTorch's `torch.save` wrote (`.pt`, `.pth`), or NumPy's
    /// `.npz`; its first bytes say which. A part of one, or one with other names, is loaded with
    /// [`StateDict`](crate::StateDict).
    ///
    /// Elements of type F64, F32, F16 and BF16 are converted to the module's, rounded to the nearest. Of a
    /// parameter that occurs several times, one of its paths suffices. A count of batches
    /// ([`Buffer::count`]) may be missing, and is passed over beside a `running_mean` of a module that keeps
    /// none. The file is read piece by piece, and never more of it than the module holds.
    ///
    /// # Errors
    /// The file cannot be read, is of no known format, or does not fit the module; the text names every
    /// entry that does not, with what was expected and what was found. The module is then unchanged.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path.
    #[track_caller]
    fn load(&self, path: impl AsRef<Path>) -> Result<LoadReport, LoadError>
    where
        Self: Sized,
    {
        state::load(self, path.as_ref(), true)
    }

    /// The same, but takes what fits and reports the rest.
    ///
    /// # Errors
    /// The file cannot be read, is of no known format, or an entry that fits by name and shape has elements
    /// that are no floating-point numbers. The module is then unchanged.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path.
    #[track_caller]
    fn load_lenient(&self, path: impl AsRef<Path>) -> Result<LoadReport, LoadError>
    where
        Self: Sized,
    {
        state::load(self, path.as_ref(), false)
    }

    /// [`load`](Self::load) from memory.
    ///
    /// # Errors
    /// As for `load`.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path.
    #[track_caller]
    fn load_bytes(&self, bytes: &[u8]) -> Result<LoadReport, LoadError> {
        state::load_bytes(self, bytes, true)
    }

    /// [`load_lenient`](Self::load_lenient) from memory.
    ///
    /// # Errors
    /// As for `load_lenient`.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path.
    #[track_caller]
    fn load_bytes_lenient(&self, bytes: &[u8]) -> Result<LoadReport, LoadError> {
        state::load_bytes(self, bytes, false)
    }
}

/// Is shown every parameter and buffer of a module, between the names that lead to it.
pub trait Visitor<T: Float> {
    /// A parameter, at the path of the names entered and not yet left.
    fn parameter(&mut self, parameter: &Parameter<T>);

    /// A buffer, at the path of the names entered and not yet left.
    fn buffer(&mut self, buffer: &Buffer<T>);

    /// Appends a name to the path.
    fn enter(&mut self, name: &str);

    /// What stands at the path just entered, by [`Module::kind`]. Most visitors need not know.
    fn kind(&mut self, kind: &'static str) {
        let _ = kind;
    }

    /// Removes the last name from the path.
    fn leave(&mut self);
}

/// Is handed every parameter and buffer of a module mutably, between the names that lead to it.
pub trait VisitorMut<T: Float> {
    /// A parameter, at the path of the names entered and not yet left.
    fn parameter(&mut self, parameter: &mut Parameter<T>);

    /// A buffer, at the path of the names entered and not yet left.
    fn buffer(&mut self, buffer: &mut Buffer<T>);

    /// Appends a name to the path.
    fn enter(&mut self, name: &str);

    /// Removes the last name from the path.
    fn leave(&mut self);
}

impl<T: Float> dyn Visitor<T> + '_ {
    /// Visits `child`, a parameter, buffer or submodule, under `name`.
    pub fn child<M: Module<T> + ?Sized>(&mut self, name: &str, child: &M) {
        self.enter(name);
        self.kind(child.kind());
        child.visit(self);
        self.leave();
    }
}

impl<T: Float> dyn VisitorMut<T> + '_ {
    /// Visits `child`, a parameter, buffer or submodule, under `name`.
    pub fn child<M: Module<T> + ?Sized>(&mut self, name: &str, child: &mut M) {
        self.enter(name);
        child.visit_mut(self);
        self.leave();
    }
}

impl<T: Float> Module<T> for Parameter<T> {
    fn kind(&self) -> &'static str {
        ""
    }

    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        visitor.parameter(self);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        visitor.parameter(self);
    }
}

impl<T: Float> Module<T> for Buffer<T> {
    fn kind(&self) -> &'static str {
        ""
    }

    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        visitor.buffer(self);
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        visitor.buffer(self);
    }
}
