//! The reports of a tape that need to know the model.

use autodiff::audit::Audit;
use autodiff::{Float, Tape, Tensor};

use crate::Module;

/// What a [`Tape`] can tell when it is shown the model.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let model = Sequential::<f32>::new().push(Linear::new(4, 8, &mut rng)).push(Relu).push(Linear::new(8, 1, &mut rng));
/// let tape = Tape::training(0);
/// let loss = model.forward(&tape.constant(Tensor::ones([3, 4]))).square().mean(..);
/// assert!(tape.audit(&loss, &model).is_clean());
/// ```
pub trait Inspect {
    /// Tells the tape the names of the model's parameters. From now on its reports (audit, anomalies, graph,
    /// profile) say to which part of the model an operation belongs, by the path of the parameters it is on and of
    /// the scopes around it.
    ///
    /// It may be called before or after the forward pass; reports of anomalies need it before.
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let model = LeNet5::<f32>::new(10, &mut ChaCha8Rng::seed_from_u64(0));
    /// let tape = Tape::new();
    /// tape.name(&model);
    /// model.forward(&tape.constant(Tensor::ones([1, 1, 28, 28])));
    /// let summary = Graph::<f32>::of(&tape).summary();
    /// let parts: Vec<&str> = summary.modules().iter().map(|row| row.name.as_str()).collect();
    /// assert_eq!(parts, ["c1", "c3", "c5", "f6", "output"]);
    /// ```
    fn name<T: Float, M: Module<T> + ?Sized>(&self, model: &M);

    /// Which of the model's parameters get no gradient from this loss, or one that is all zeros or not finite, and
    /// where each of them loses it. The tape is as it was afterwards; the backward pass is still to come.
    ///
    /// ```
    /// use wengert::autodiff::audit::Problem;
    /// use wengert::prelude::*;
    ///
    /// #[derive(Module)]
    /// struct TwoHeads {
    ///     body: Linear,
    ///     left: Linear,
    ///     right: Linear,
    /// }
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let mut linear = |n, m| Linear::new(n, m, &mut rng);
    /// let model = TwoHeads { body: linear(4, 8), left: linear(8, 2), right: linear(8, 2) };
    /// let tape = Tape::training(0);
    /// let h = model.body.forward(&tape.constant(Tensor::ones([3, 4]))).tanh();
    /// let left = model.left.forward(&h);
    /// let right = model.right.forward(&h).argmax(1); // nothing can be learned from positions
    /// let loss = left.cross_entropy(&right);
    /// let audit = tape.audit(&loss, &model);
    /// let names: Vec<&str> = audit.findings().iter().map(|finding| finding.name.as_str()).collect();
    /// assert_eq!(names, ["right.weight", "right.bias"]);
    /// assert_eq!(audit.findings()[0].problem, Problem::Missing);
    /// println!("{audit}"); // … linear at src/main.rs:17: its result left the record by argmax at …
    /// ```
    ///
    /// # Panics
    /// If the loss is no scalar, came from nothing that wants a gradient, lies on another tape, or if the tape is
    /// drained.
    #[track_caller]
    fn audit<T: Float, M: Module<T> + ?Sized>(&self, loss: &Tensor<T>, model: &M) -> Audit;
}

impl Inspect for Tape {
    fn name<T: Float, M: Module<T> + ?Sized>(&self, model: &M) {
        let named = model.named_parameters();
        self.name_parameters(named.iter().map(|(name, parameter)| (name.as_str(), parameter)));
    }

    #[track_caller]
    fn audit<T: Float, M: Module<T> + ?Sized>(&self, loss: &Tensor<T>, model: &M) -> Audit {
        if loss.tape().is_some_and(|tape| tape != self) {
            panic!("audit: the loss lies on another tape");
        }
        let named = model.named_parameters();
        Audit::of(loss, named.iter().map(|(name, parameter)| (name.as_str(), parameter)))
    }
}
