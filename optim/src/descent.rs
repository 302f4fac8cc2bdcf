//! What all optimizers have in common.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, mem};

use autodiff::{Float, Gradients, Parameter};

use crate::group::{checked_rate, checked_schedule, non_negative};
use crate::rule::{Rule, Step};
use crate::{Error, Optimizer, ParameterGroup, Schedule, archive, kernel};

/// An optimizer that applies a [`Rule`] to each parameter by itself: [`Sgd`](crate::Sgd),
/// [`Adam`](crate::Adam), [`RmsProp`](crate::RmsProp) and all the others but [`Lbfgs`](crate::Lbfgs).
pub struct Descent<R: Rule, T: Float = f32> {
    pub(crate) rule: R,
    schedule: Arc<dyn Schedule>,
    weight_decay: f64,
    maximize: bool,
    pub(crate) groups: Vec<Group<R, T>>,
    pub(crate) steps: u64,
}

/// A [`ParameterGroup`] in use. What is `None` is the optimizer's.
pub(crate) struct Group<R: Rule, T: Float> {
    pub(crate) rule: Option<R>,
    schedule: Option<Arc<dyn Schedule>>,
    weight_decay: Option<f64>,
    maximize: Option<bool>,
    pub(crate) members: Vec<Member<T>>,
}

/// A parameter with its state.
pub(crate) struct Member<T: Float> {
    parameter: Parameter<T>,
    pub(crate) shape: Vec<usize>,
    /// How often the parameter was updated: fewer times than there were steps if it was frozen or unused.
    pub(crate) updates: u64,
    /// The vectors that [`Rule::state`] names, in row-major order, as the last update left them.
    pub(crate) state: Vec<(&'static str, Vec<T>)>,
    /// The number that [`Rule::scalar`] names, after the last update.
    pub(crate) scalar: f64,
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
            maximize: false,
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

    /// Sets whether the steps go up the gradient instead of down, to the loss's maximum (default: no).
    ///
    /// It is the same as to negate all gradients. The weight decay is not turned: parameters still decay.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let w = Parameter::new(Tensor::<f64>::scalar(1.0));
    /// let mut sgd = Sgd::new([w.clone()], 0.25).maximize(true);
    /// sgd.step(&Tape::new().watch(&w).sin().backward());
    /// assert_eq!(w.value().item(), 1.0 + 0.25 * 1.0_f64.cos());
    /// ```
    pub fn maximize(mut self, maximize: bool) -> Self {
        self.maximize = maximize;
        self
    }

    /// Adds parameters with a learning rate or a weight decay of their own, at the beginning or between two steps.
    ///
    /// # Panics
    /// If the optimizer has one of the parameters already, or the group has it twice.
    #[track_caller]
    pub fn add_group(self, group: ParameterGroup<T>) -> Self {
        self.with_group("add_group", group)
    }

    /// Takes in another optimizer of the same algorithm, whose parameters keep all of its options.
    ///
    /// Options set on the result afterwards are those of the groups that have none of their own, so not of
    /// the ones that came in here.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let (backbone, head) = (Parameter::<f32>::new(Tensor::ones([8, 8])), Parameter::new(Tensor::ones([2, 8])));
    /// let adam = Adam::new([backbone], 1e-4)
    ///     .join(Adam::new([head], 1e-2).betas(0.8, 0.99).weight_decay(0.1));
    /// assert_eq!((adam.learning_rate_of(0), adam.learning_rate_of(1)), (1e-4, 1e-2));
    /// ```
    ///
    /// # Panics
    /// If both have a parameter, or the other has taken steps.
    #[track_caller]
    pub fn join(mut self, other: Self) -> Self {
        if other.steps > 0 {
            panic!("{}::join: the optimizer to take in has taken {} steps already", R::NAME, other.steps);
        }
        for group in other.groups {
            self.assert_new("join", group.members.iter().map(|member| &member.parameter));
            self.groups.push(Group {
                rule: Some(group.rule.unwrap_or_else(|| other.rule.clone())),
                schedule: Some(group.schedule.unwrap_or_else(|| other.schedule.clone())),
                weight_decay: Some(group.weight_decay.unwrap_or(other.weight_decay)),
                maximize: Some(group.maximize.unwrap_or(other.maximize)),
                members: group.members,
            });
        }
        self
    }

    #[track_caller]
    fn with_group(mut self, method: &str, group: ParameterGroup<T>) -> Self {
        self.assert_new(method, &group.parameters);
        let member = |parameter: Parameter<T>| {
            let shape = parameter.shape();
            Member { parameter, shape, updates: 0, state: Vec::new(), scalar: 0.0 }
        };
        self.groups.push(Group {
            rule: None,
            schedule: group.schedule,
            weight_decay: group.weight_decay,
            maximize: None,
            members: group.parameters.into_iter().map(member).collect(),
        });
        self
    }

    /// Panics if one of the next group's parameters is known already.
    #[track_caller]
    fn assert_new<'a>(&self, method: &str, parameters: impl IntoIterator<Item = &'a Parameter<T>>) {
        let mut known: HashSet<_> = self.members().map(|m| m.parameter.id()).collect();
        for (index, parameter) in parameters.into_iter().enumerate() {
            if !known.insert(parameter.id()) {
                panic!(
                    "{}::{method}: parameter {index} of group {}, {parameter:?}, is listed twice; \
                     it would be updated twice at each step",
                    R::NAME,
                    self.groups.len()
                );
            }
        }
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
        archive::save(path.as_ref(), &self.state_bytes())
    }

    /// Takes over the state from a file that [`save`](Self::save) wrote, under the conditions of
    /// [`Optimizer::load_bytes`].
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is the state of another algorithm, element type or set
    /// of options, groups or shapes. The optimizer has not changed then.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        archive::load(path.as_ref(), |file, len| self.load_from(file, len))
    }

    pub(crate) fn rule_of<'a>(&'a self, group: &'a Group<R, T>) -> &'a R {
        group.rule.as_ref().unwrap_or(&self.rule)
    }

    pub(crate) fn weight_decay_of(&self, group: &Group<R, T>) -> f64 {
        group.weight_decay.unwrap_or(self.weight_decay)
    }

    pub(crate) fn maximizes(&self, group: &Group<R, T>) -> bool {
        group.maximize.unwrap_or(self.maximize)
    }

    /// The next step of a parameter in a group.
    pub(crate) fn step_of(&self, group: usize, member: &Member<T>) -> Step {
        let learning_rate = self.learning_rate_of(group);
        let group = &self.groups[group];
        member.step(self.rule_of(group), learning_rate, self.weight_decay_of(group))
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member<T>> {
        self.groups.iter().flat_map(|group| &group.members)
    }

    /// The groups' learning rates at this step.
    #[track_caller]
    fn rates(&self) -> Vec<f64> {
        let mut rates = Vec::with_capacity(self.groups.len());
        for group in 0..self.groups.len() {
            rates.push(checked_rate(R::NAME, group, self.learning_rate_of(group), self.steps));
        }
        rates
    }
}

/// Panics unless the gradients are of these parameters, which are given with their shapes.
#[track_caller]
pub(crate) fn check_gradients<'a, T: Float>(
    optimizer: &str,
    parameters: impl Iterator<Item = (&'a Parameter<T>, &'a Vec<usize>)>,
    gradients: &Gradients<T>,
) {
    let (mut found, mut frozen, mut unfrozen) = (0usize, 0usize, 0usize);
    for (parameter, shape) in parameters {
        if parameter.is_frozen() {
            frozen += 1;
            continue;
        }
        unfrozen += 1;
        if let Some(gradient) = gradients.parameter(parameter.id()) {
            found += 1;
            if gradient.shape() != shape {
                panic!(
                    "{optimizer}::step: the gradient has shape {:?}, its parameter {shape:?}",
                    gradient.shape()
                );
            }
        }
    }
    if found == 0 {
        panic!(
            "{optimizer}::step: these are the gradients of another model: they belong to {} parameters, none of \
             which is among the {unfrozen} unfrozen parameters of this optimizer ({frozen} more are frozen)",
            gradients.parameters().count(),
        );
    }
}

impl<T: Float> Member<T> {
    fn step(&self, rule: &impl Rule, learning_rate: f64, weight_decay: f64) -> Step {
        let first = rule.scalar().map_or(0.0, |(_, first)| first);
        let scalar = if self.updates == 0 { first } else { self.scalar };
        Step { learning_rate, weight_decay, updates: self.updates, scalar }
    }

    pub(crate) fn state_named(&self, name: &str) -> Option<&[T]> {
        self.state.iter().find(|(n, _)| *n == name).map(|(_, elements)| elements.as_slice())
    }

    pub(crate) fn initial_state(&self, rule: &impl Rule, name: &'static str, step: &Step) -> Vec<T> {
        vec![T::from_f64(rule.initial(name, step)); self.shape.iter().product()]
    }

    /// Makes the state what the rule's options call for: they may have changed since the last update.
    fn fit_state(&mut self, rule: &impl Rule, step: &Step) {
        if self.state.iter().map(|(name, _)| name).eq(rule.state()) {
            return;
        }
        let mut old = mem::take(&mut self.state);
        let state = rule.state().iter().map(|&name| match old.iter().position(|(n, _)| *n == name) {
            Some(at) => old.swap_remove(at),
            None => (name, self.initial_state(rule, name, step)),
        });
        self.state = state.collect();
    }

    fn update<R: Rule>(
        &mut self,
        rule: &R,
        learning_rate: f64,
        weight_decay: f64,
        maximize: bool,
        gradients: &Gradients<T>,
    ) {
        if self.parameter.is_frozen() {
            return;
        }
        let Some(gradient) = gradients.parameter(self.parameter.id()) else { return };
        let gradient = gradient.value().contiguous();
        let gradient = gradient.as_slice().expect("row-major");
        let step = self.step(rule, learning_rate, weight_decay);
        self.fit_state(rule, &step);
        let state = self.state.iter_mut().map(|(_, elements)| elements.as_mut_slice()).collect();
        self.parameter.update(|view| {
            let x = view.as_slice_mut().expect("row-major");
            kernel::update(rule, &step, maximize, x, gradient, state);
        });
        self.updates += 1;
        self.scalar = rule.next_scalar(&step);
    }
}

impl<R: Rule, T: Float> Optimizer<T> for Descent<R, T> {
    #[track_caller]
    fn step(&mut self, gradients: &Gradients<T>) {
        check_gradients(R::NAME, self.members().map(|m| (&m.parameter, &m.shape)), gradients);
        let rates = self.rates();
        for (group, rate) in self.groups.iter_mut().zip(rates) {
            let rule = group.rule.as_ref().unwrap_or(&self.rule);
            let weight_decay = group.weight_decay.unwrap_or(self.weight_decay);
            let maximize = group.maximize.unwrap_or(self.maximize);
            for member in &mut group.members {
                member.update(rule, rate, weight_decay, maximize, gradients);
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
        self.load_from(bytes, bytes.len() as u64).map_err(archive::in_bytes)
    }
}

impl<R: Rule, T: Float> fmt::Debug for Descent<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates: Vec<f64> = (0..self.groups.len()).map(|g| self.learning_rate_of(g)).collect();
        let decays: Vec<f64> = self.groups.iter().map(|g| self.weight_decay_of(g)).collect();
        let maximize: Vec<bool> = self.groups.iter().map(|g| self.maximizes(g)).collect();
        let parameters: Vec<usize> = self.groups.iter().map(|g| g.members.len()).collect();
        f.debug_struct(R::NAME)
            .field("rule", &self.rule)
            .field("steps", &self.steps)
            .field("parameters", &parameters)
            .field("learning_rates", &rates)
            .field("weight_decays", &decays)
            .field("maximize", &maximize)
            .finish()
    }
}
