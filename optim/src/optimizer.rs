//! What a training loop asks of an optimizer.

use autodiff::{Float, Gradients};

use crate::Error;

/// Something that changes parameters by their gradients, one step at a time.
///
/// ```
/// use wengert::prelude::*;
///
/// fn fit(optimizer: &mut dyn Optimizer<f32>, w: &Parameter) -> f32 {
///     for _ in 0..100 {
///         let tape = Tape::new();
///         optimizer.step(&tape.watch(w).square().backward());
///     }
///     w.value().item()
/// }
///
/// let w = Parameter::new(Tensor::scalar(1.0));
/// assert!(fit(&mut Sgd::new([w.clone()], 0.1), &w).abs() < 1e-6);
/// ```
pub trait Optimizer<T: Float>: Send + Sync {
    /// Changes each parameter by its gradient, and counts one step.
    ///
    /// A parameter that is frozen, or to which no gradient flowed, is left as it is, and its state too.
    /// One whose value no tape and no tensor shares is changed in place: after a backward pass that
    /// drained its tape, that is every parameter.
    ///
    /// # Panics
    /// If none of the unfrozen parameters has a gradient: the gradients are those of another model. If a
    /// gradient has another shape than its parameter. If a schedule gives a rate that is negative or not
    /// finite. Nothing has changed then.
    #[track_caller]
    fn step(&mut self, gradients: &Gradients<T>);

    /// The number of steps taken.
    fn step_count(&self) -> u64;

    /// The learning rate of the next step, that of the first group where groups differ.
    fn learning_rate(&self) -> f64;

    /// The state: all that an optimizer of the same construction needs to go on from here with the same
    /// bits. The parameters' values are not in it.
    ///
    /// The format is safetensors: tensors named `group.index.name`, such as `0.3.exp_avg`, and the step,
    /// the options and the shapes as JSON in the metadata.
    fn to_bytes(&self) -> Vec<u8>;

    /// Takes over a state from [`to_bytes`](Self::to_bytes).
    ///
    /// The optimizer must be constructed as the saved one was: the same algorithm and options, as many
    /// parameters of the same shapes in the same groups. Schedules are functions and not compared.
    ///
    /// # Errors
    /// If the bytes are damaged, or the state of another algorithm, element type or set of options, groups
    /// or shapes. The optimizer has not changed then.
    fn load_bytes(&mut self, bytes: &[u8]) -> Result<(), Error>;
}
