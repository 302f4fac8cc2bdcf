//! What all optimizers have in common.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use autodiff::{Float, Gradients, Parameter};

use crate::group::{checked_schedule, non_negative};
use crate::rule::{Rule, Step};
use crate::{Error, ParameterGroup, Schedule, kernel};

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

/// An optimizer that applies a [`Rule`] to each parameter by itself: [`Sgd`](crate::Sgd),
/// [`Adam`](crate::Adam), [`AdamW`](crate::AdamW).
pub struct Descent<R: Rule, T: Float = f32> {
    pub(crate) rule: R,
    schedule: Arc<dyn Schedule>,
    weight_decay: f64,
    pub(crate) groups: Vec<Group<T>>,
    pub(crate) steps: u64,
}

/// A [`ParameterGroup`] in use.
pub(crate) struct Group<T: Float> {
    schedule: Option<Arc<dyn Schedule>>,
    weight_decay: Option<f64>,
    pub(crate) members: Vec<Member<T>>,
}

/// A parameter with its state.
pub(crate) struct Member<T: Float> {
    parameter: Parameter<T>,
    pub(crate) shape: Vec<usize>,
    /// How often the parameter was updated: fewer times than there were steps if it was frozen or unused.
    pub(crate) updates: u64,
    /// One vector for each name of [`Rule::state`], in row-major order; fewer before an update needs them.
    pub(crate) state: Vec<Vec<T>>,
}

impl<R: Rule, T: Float> Descent<R, T> {
    /// An optimizer of these parameters with the algorithm's default options.
    ///
    /// A plain number as the learning rate is the constant one.
    ///
    /// # Panics
    /// If a parameter stands twice among them, or the schedule begins with a rate that is negative or not
    /// finite.
    #[track_caller]
    pub fn new(
        parameters: impl IntoIterator<Item = Parameter<T>>,
        learning_rate: impl Schedule + 'static,
    ) -> Self
    where
        R: Default,
    {
        let optimizer = Self {
            rule: R::default(),
            schedule: checked_schedule(format_args!("{}::new", R::NAME), learning_rate),
            weight_decay: R::WEIGHT_DECAY,
            groups: Vec::new(),
            steps: 0,
        };
        optimizer.with_group("new", ParameterGroup::new(parameters))
    }

    /// Sets the weight decay λ of the groups that have none of their own.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = non_negative("weight_decay", weight_decay);
        self
    }

    /// Adds parameters with options of their own, at the beginning or between two steps.
    ///
    /// # Panics
    /// If the optimizer has one of the parameters already, or the group has it twice.
    #[track_caller]
    pub fn add_group(self, group: ParameterGroup<T>) -> Self {
        self.with_group("add_group", group)
    }

    #[track_caller]
    fn with_group(mut self, method: &str, group: ParameterGroup<T>) -> Self {
        let mut known: HashSet<_> = self.members().map(|m| m.parameter.id()).collect();
        for (index, parameter) in group.parameters.iter().enumerate() {
            if !known.insert(parameter.id()) {
                panic!(
                    "{}::{method}: parameter {index} of group {}, {parameter:?}, is listed twice; \
                     it would be updated twice at each step",
                    R::NAME,
                    self.groups.len()
                );
            }
        }
        let member = |parameter: Parameter<T>| {
            let shape = parameter.shape();
            Member { parameter, shape, updates: 0, state: Vec::new() }
        };
        self.groups.push(Group {
            schedule: group.schedule,
            weight_decay: group.weight_decay,
            members: group.parameters.into_iter().map(member).collect(),
        });
        self
    }

    /// The learning rate of the next step in a group; the parameters given to the constructor are group 0.
    ///
    /// # Panics
    /// If there is no such group.
    #[track_caller]
    pub fn learning_rate_of(&self, group: usize) -> f64 {
        match self.groups.get(group) {
            Some(group) => group.schedule.as_ref().unwrap_or(&self.schedule).at(self.steps),
            None => {
                panic!("{}::learning_rate_of: there is no group {group}, only {}", R::NAME, self.groups.len())
            }
        }
    }

    /// Writes the state to a file, which appears in full or not at all. Save the model beside it.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// # let folder = std::env::temp_dir().join(format!("wengert-optim-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("adam.safetensors");
    /// let w = Parameter::new(Tensor::<f32>::ones([3]));
    /// let mut adam = Adam::new([w.clone()], Cosine::new(1e-3, 1000));
    /// adam.step(&Tape::new().watch(&w).square().sum(..).backward());
    /// adam.save(&path)?;
    ///
    /// let mut resumed = Adam::new([w.clone()], Cosine::new(1e-3, 1000));
    /// resumed.load(&path)?;
    /// assert_eq!(resumed.step_count(), 1);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be written. A file of that name is as it was then.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        crate::atomic::write(path, &self.state_bytes())
            .map_err(|source| Error::Write { path: path.to_owned(), source })
    }

    /// Takes over the state from a file that [`save`](Self::save) wrote, under the conditions of
    /// [`Optimizer::load_bytes`].
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is the state of another algorithm, element type or set
    /// of options, groups or shapes. The optimizer has not changed then.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let open = || {
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            Ok((file, len))
        };
        let (file, len) = open().map_err(|source| Error::Read { path: path.to_owned(), source })?;
        self.load_from(file, len)
            .map_err(|problem| Error::State { origin: path.display().to_string(), problem })
    }

    pub(crate) fn weight_decay_of(&self, group: &Group<T>) -> f64 {
        group.weight_decay.unwrap_or(self.weight_decay)
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member<T>> {
        self.groups.iter().flat_map(|group| &group.members)
    }

    /// Panics unless the gradients are of this optimizer's model.
    #[track_caller]
    fn check(&self, gradients: &Gradients<T>) {
        let (mut found, mut frozen) = (0usize, 0usize);
        for member in self.members() {
            if member.parameter.is_frozen() {
                frozen += 1;
            } else if let Some(gradient) = gradients.parameter(member.parameter.id()) {
                found += 1;
                if gradient.shape() != member.shape {
                    panic!(
                        "{}::step: the gradient has shape {:?}, its parameter {:?}",
                        R::NAME,
                        gradient.shape(),
                        member.shape
                    );
                }
            }
        }
        if found == 0 {
            panic!(
                "{}::step: these are the gradients of another model: they belong to {} parameters, none of \
                 which is among the {} unfrozen parameters of this optimizer ({frozen} more are frozen)",
                R::NAME,
                gradients.parameters().count(),
                self.members().count() - frozen,
            );
        }
    }

    /// The groups' learning rates at this step.
    #[track_caller]
    fn rates(&self) -> Vec<f64> {
        let mut rates = Vec::with_capacity(self.groups.len());
        for group in 0..self.groups.len() {
            let rate = self.learning_rate_of(group);
            if !(rate.is_finite() && rate >= 0.0) {
                panic!(
                    "{}::step: the schedule of group {group} gives the learning rate {rate} at step {}; \
                     expected a finite number ≥ 0",
                    R::NAME,
                    self.steps
                );
            }
            rates.push(rate);
        }
        rates
    }
}

impl<T: Float> Member<T> {
    fn update(&mut self, rule: &impl Rule, learning_rate: f64, weight_decay: f64, gradients: &Gradients<T>) {
        if self.parameter.is_frozen() {
            return;
        }
        let Some(gradient) = gradients.parameter(self.parameter.id()) else { return };
        let gradient = gradient.value().contiguous();
        let gradient = gradient.as_slice().expect("row-major");
        self.state.resize_with(rule.state().len(), || vec![T::zero(); gradient.len()]);
        let state = self.state.iter_mut().map(Vec::as_mut_slice).collect();
        let step = Step { learning_rate, weight_decay, updates: self.updates };
        self.parameter.update(|view| {
            kernel::update(rule, &step, view.as_slice_mut().expect("row-major"), gradient, state);
        });
        self.updates += 1;
    }
}

impl<R: Rule, T: Float> Optimizer<T> for Descent<R, T> {
    #[track_caller]
    fn step(&mut self, gradients: &Gradients<T>) {
        self.check(gradients);
        let rates = self.rates();
        for (group, rate) in self.groups.iter_mut().zip(rates) {
            let weight_decay = group.weight_decay.unwrap_or(self.weight_decay);
            for member in &mut group.members {
                member.update(&self.rule, rate, weight_decay, gradients);
            }
        }
        self.steps += 1;
    }

    fn step_count(&self) -> u64 {
        self.steps
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate_of(0)
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.state_bytes()
    }

    fn load_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.load_from(bytes, bytes.len() as u64)
            .map_err(|problem| Error::State { origin: "bytes".to_owned(), problem })
    }
}

impl<R: Rule, T: Float> fmt::Debug for Descent<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates: Vec<f64> = (0..self.groups.len()).map(|g| self.learning_rate_of(g)).collect();
        let decays: Vec<f64> = self.groups.iter().map(|g| self.weight_decay_of(g)).collect();
        let parameters: Vec<usize> = self.groups.iter().map(|g| g.members.len()).collect();
        f.debug_struct(R::NAME)
            .field("rule", &self.rule)
            .field("steps", &self.steps)
            .field("parameters", &parameters)
            .field("learning_rates", &rates)
            .field("weight_decays", &decays)
            .finish()
    }
}
