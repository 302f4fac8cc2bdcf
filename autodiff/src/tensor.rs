//! The handle of a tensor: a value, and its place on a tape.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use ndarray::{ArcArray, ArrayBase, ArrayD, ArrayViewD, Dimension, OwnedRepr};
use smallvec::SmallVec;

use crate::Float;
use crate::function::{Builtin, Forward, Function, Outputs, Saved, SharedFunction, Tensors};
use crate::indices::Indices;
use crate::observe::Call;
use crate::shape::{ShapeError, Shapes, checked_len, copied, refuse, same};
use crate::tape::{Cut, Place, Tape};
use crate::value::Value;

/// An n-dimensional array of `f32` or `f64`, perhaps on a [`Tape`].
///
/// A tensor never changes; a clone shares its elements. Its rank is known at run time. Operations are
/// methods and operators; where they fail on the shapes they are given they panic at the caller's line.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// let y: Tensor<f64> = 2.0 * &x + 1.0;
/// assert_eq!(y.shape(), [2, 3]);
/// assert_eq!(y.to_vec(), [3.0, 5.0, 7.0, 9.0, 11.0, 13.0]);
/// assert_eq!(y.view()[[1, 0]], 9.0);
/// ```
#[derive(Clone)]
pub struct Tensor<T: Float = f32> {
    pub(crate) value: Value<T>,
    pub(crate) place: Option<Place>,
}

impl<T: Float> Tensor<T> {
    /// A tensor of a shape from its elements in row-major order.
    ///
    /// # Panics
    /// If the number of elements is not the shape's.
    #[track_caller]
    pub fn from_vec(shape: impl AsRef<[usize]>, elements: Vec<T>) -> Self {
        let shape = shape.as_ref();
        if checked_len(shape) != Ok(elements.len()) {
            panic!("Tensor::from_vec: shape {shape:?} does not hold {} elements", elements.len());
        }
        ArrayD::from_shape_vec(shape, elements).expect("as many elements").into()
    }

    /// A tensor of a shape whose elements are all `x`.
    #[track_caller]
    pub fn full(shape: impl AsRef<[usize]>, x: f64) -> Self {
        match checked_len(shape.as_ref()) {
            Ok(_) => Value::full(shape.as_ref(), T::from_f64(x)).into(),
            Err(error) => refuse(error),
        }
    }

    /// A tensor of zeros.
    #[track_caller]
    pub fn zeros(shape: impl AsRef<[usize]>) -> Self {
        Self::full(shape, 0.0)
    }

    /// A tensor of ones.
    #[track_caller]
    pub fn ones(shape: impl AsRef<[usize]>) -> Self {
        Self::full(shape, 1.0)
    }

    /// A tensor of rank 0.
    pub fn scalar(x: f64) -> Self {
        Value::scalar(T::from_f64(x)).into()
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        self.value.shape()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as an ndarray view.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        self.value.view()
    }

    /// The array behind the tensor.
    pub fn value(&self) -> &Value<T> {
        &self.value
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<T> {
        match self.value.as_slice() {
            Some(elements) => elements.to_vec(),
            None => self.value.contiguous().as_slice().expect("row-major").to_vec(),
        }
    }

    /// The elements as an owned ndarray; without a copy if they are row-major and no other handle shares
    /// them.
    pub fn into_array(self) -> ArrayD<T> {
        self.value.into_array()
    }

    /// The only element.
    ///
    /// # Panics
    /// If there are none or several.
    #[track_caller]
    pub fn item(&self) -> T {
        match self.len() {
            1 => *self.view().iter().next().expect("one element"),
            n => panic!("item: a tensor of shape {:?} has {n} elements, not one", self.shape()),
        }
    }

    /// The same value on no tape: gradients stop here.
    #[track_caller]
    pub fn detach(&self) -> Self {
        self.cut("detach");
        Self { value: self.value.clone(), place: None }
    }

    /// Notes for an audit that the value is used here without a way back for its gradient.
    #[track_caller]
    pub(crate) fn cut(&self, operation: &'static str) {
        if let Some(Place { tape, slot: Some(slot) }) = &self.place {
            let caller = Location::caller();
            let mut record = tape.lock::<T>();
            if !record.drained {
                record.cuts.push(Cut { slot: *slot, operation, caller });
            }
        }
    }

    /// The slot of a tensor that wants a gradient.
    pub(crate) fn slot(&self) -> Option<u32> {
        self.place.as_ref().and_then(|place| place.slot)
    }

    /// The tape the tensor lies on.
    pub fn tape(&self) -> Option<&Tape> {
        self.place.as_ref().map(|p| &p.tape)
    }

    /// Whether a backward pass gives this tensor a gradient.
    pub fn requires_grad(&self) -> bool {
        self.slot().is_some()
    }

    /// Asks the next backward pass for the gradient of this tensor, which is no leaf of its tape.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::scalar(3.0));
    /// let u = x.square();
    /// u.retain_grad();
    /// let grads = (&u * 5.0).backward();
    /// assert_eq!(grads.get(&u).unwrap().item(), 5.0);
    /// assert_eq!(grads.get(&x).unwrap().item(), 30.0);
    /// ```
    ///
    /// # Panics
    /// If the tensor wants no gradient.
    #[track_caller]
    pub fn retain_grad(&self) {
        let Some(Place { tape, slot: Some(slot) }) = &self.place else {
            panic!("retain_grad: the tensor of shape {:?} wants no gradient", self.shape());
        };
        let mut record = tape.lock::<T>();
        let leaf = record.leaves.binary_search_by_key(slot, |(s, _)| *s).is_ok();
        // Sorted, so that a replay finds a slot quickly.
        if !leaf && let Err(at) = record.kept.binary_search(slot) {
            record.kept.insert(at, *slot);
        }
    }

    /// The elements as another type, on no tape.
    #[track_caller]
    pub fn cast<U: Float>(&self) -> Tensor<U> {
        self.cut("cast");
        self.view().mapv(|x| U::from_f64(x.to_f64())).into()
    }
}

/// Applies a function, recording it if an input wants a gradient.
///
/// # Panics
/// If the shapes do not fit, the function takes another number of inputs, two inputs lie on two tapes, or the
/// tape to record on is drained.
#[track_caller]
pub fn apply<T: Float, F: Function<T>>(function: F, inputs: &[&Tensor<T>]) -> Tensors<T> {
    match try_apply(function, inputs) {
        Ok(tensors) => tensors,
        Err(error) => refuse(error),
    }
}

/// Applies a function, with shapes that do not fit as an `Err`.
///
/// # Errors
/// The sentence of [`Function::output_shapes`], with the operation's name and the shapes.
///
/// # Panics
/// If the function takes another number of inputs, two inputs lie on two tapes, or the tape to record on is
/// drained.
#[track_caller]
pub fn try_apply<T: Float, F: Function<T>>(
    function: F,
    inputs: &[&Tensor<T>],
) -> Result<Tensors<T>, ShapeError> {
    let mut computed = T::compute(&function, inputs)?;
    let first = if computed.is_to_be_recorded() {
        Some(T::record_call(SharedFunction::new(function), inputs, &mut computed))
    } else {
        None
    };
    Ok(computed.place(first).0)
}

/// [`apply`] for a function of this crate with one output.
#[track_caller]
pub(crate) fn apply_one<T: Float, B: Builtin>(function: B, inputs: &[&Tensor<T>]) -> Tensor<T> {
    let (computed, first) = call(function, inputs);
    computed.into_one(first)
}

/// [`apply`] for a function of this crate with several outputs.
#[track_caller]
pub(crate) fn apply_several<T: Float, B: Builtin>(function: B, inputs: &[&Tensor<T>]) -> Tensors<T> {
    apply_with_indices(function, inputs).0
}

/// [`apply`] for a function of this crate that also gives indices.
#[track_caller]
pub(crate) fn apply_with_indices<T: Float, B: Builtin>(
    function: B,
    inputs: &[&Tensor<T>],
) -> (Tensors<T>, Option<Indices>) {
    let (computed, first) = call(function, inputs);
    computed.place(first)
}

/// Computes, and records the call if an input wants a gradient: the outputs, and the slot of the first one.
#[inline]
#[track_caller]
fn call<'a, T: Float, B: Builtin>(function: B, inputs: &[&'a Tensor<T>]) -> (Computed<'a, T>, Option<u32>) {
    let mut computed = match T::compute(T::function(&function), inputs) {
        Ok(computed) => computed,
        Err(error) => refuse(error),
    };
    // Not in a closure, which would hide the caller's line.
    let first = if computed.is_to_be_recorded() {
        Some(T::record_call(T::shared(function), inputs, &mut computed))
    } else {
        None
    };
    (computed, first)
}

/// The tape that the inputs lie on.
#[track_caller]
fn common_tape<'a, T: Float>(function: &dyn Function<T>, inputs: &[&'a Tensor<T>]) -> Option<&'a Tape> {
    let mut tapes = inputs.iter().filter_map(|x| x.tape());
    let first = tapes.next()?;
    if tapes.any(|other| !other.is(first)) {
        panic!(
            "{}: its inputs lie on two tapes; detach() one of them, or carry its value over with \
             tape.constant(x)",
            function.name()
        );
    }
    Some(first)
}

/// The outputs of a function, before they have a place.
#[doc(hidden)]
pub struct Computed<'a, T: Float> {
    outputs: Outputs<T>,
    tape: Option<&'a Tape>,
    /// What the rule needs, if the call is to be recorded.
    saved: Option<SmallVec<[Saved<T>; 2]>>,
    /// The number of the call in the tape's profile, if it is profiled.
    event: Option<usize>,
}

impl<'a, T: Float> Computed<'a, T> {
    /// The outputs of a function whose rule needs all of its inputs.
    pub(crate) fn keeping_inputs(outputs: Outputs<T>, tape: &'a Tape, inputs: &[&Tensor<T>]) -> Self {
        let records = inputs.iter().any(|x| x.requires_grad());
        let keep = |(i, x): (usize, &&Tensor<T>)| Saved::Input(i as u32, x.value.clone());
        let saved = records.then(|| inputs.iter().enumerate().map(keep).collect());
        Self { outputs, tape: Some(tape), saved, event: None }
    }

    /// Shows the call to what observes the tape.
    #[track_caller]
    pub(crate) fn observe(
        &mut self,
        function: &dyn Function<T>,
        inputs: &[&Tensor<T>],
        start: Instant,
        took: Duration,
    ) {
        if let Some(tape) = self.tape {
            let call = Call { function, inputs, outputs: &self.outputs.values, start, took };
            self.event = tape.observe_forward(&call, &self.saved);
        }
    }

    pub(crate) fn is_to_be_recorded(&self) -> bool {
        self.saved.is_some()
    }

    /// The only output as a tensor, in this slot if the call was recorded.
    fn into_one(mut self, slot: Option<u32>) -> Tensor<T> {
        let value = self.outputs.values.pop().expect("one output");
        Tensor { value, place: self.tape.map(|tape| Place { tape: tape.clone(), slot }) }
    }

    /// The outputs as tensors, in slots from `first` on if the call was recorded.
    pub(crate) fn place(self, first: Option<u32>) -> (Tensors<T>, Option<Indices>) {
        let mut tensors = Tensors::new();
        for (i, value) in self.outputs.values.into_iter().enumerate() {
            let place = |tape: &Tape| Place { tape: tape.clone(), slot: first.map(|slot| slot + i as u32) };
            tensors.push(Tensor { value, place: self.tape.map(place) });
        }
        (tensors, self.outputs.indices)
    }
}

/// Inputs of which lists stand on the stack.
const FEW: usize = 4;

/// Checks the shapes and computes the outputs, with what is to be kept if the call is to be recorded.
#[track_caller]
pub(crate) fn compute<'a, T: Float>(
    function: &dyn Function<T>,
    inputs: &[&'a Tensor<T>],
) -> Result<Computed<'a, T>, ShapeError> {
    // Lists are filled where they stay: to collect and move small vectors costs more than all else here.
    let Some(first) = inputs.first().filter(|_| inputs.len() <= FEW) else {
        let values: Vec<_> = inputs.iter().map(|x| &x.value).collect();
        let needs: Vec<_> = inputs.iter().map(|x| x.requires_grad()).collect();
        return compute_with(function, inputs, &values, &needs);
    };
    let (mut values, mut needs) = ([&first.value; FEW], [false; FEW]);
    for ((x, value), needs) in inputs.iter().zip(&mut values).zip(&mut needs) {
        (*value, *needs) = (&x.value, x.requires_grad());
    }
    compute_with(function, inputs, &values[..inputs.len()], &needs[..inputs.len()])
}

#[inline]
#[track_caller]
fn compute_with<'a, T: Float>(
    function: &dyn Function<T>,
    inputs: &[&'a Tensor<T>],
    values: &[&Value<T>],
    needs: &[bool],
) -> Result<Computed<'a, T>, ShapeError> {
    let elementwise =
        function.is_elementwise() && values.iter().all(|value| same(value.shape(), values[0].shape()));
    let expected = if elementwise { None } else { Some(expected_shapes(function, values)?) };
    let tape = common_tape(function, inputs);
    let records = needs.contains(&true);
    let mut cx = Forward {
        needs: if records { needs } else { &[] },
        inputs: SmallVec::new(),
        outputs: SmallVec::new(),
        others: SmallVec::new(),
    };
    if !elementwise && function.fused().is_some() {
        (0..inputs.len()).for_each(|i| cx.save_input(i));
    }
    let start = tape.is_some_and(Tape::is_observed).then(Instant::now);
    let outputs = function.forward(values, &mut cx);
    #[cfg(feature = "mutation")]
    let outputs = {
        let mut outputs = outputs;
        crate::mutation::operation(&mut outputs.values);
        outputs
    };
    let took = start.map(|start| (start, start.elapsed()));
    let found = outputs.values.iter().map(Value::shape);
    let right = match &expected {
        None => found.len() == 1 && found.clone().all(|shape| same(shape, values[0].shape())),
        Some(expected) => {
            found.len() == expected.len() && found.clone().zip(expected).all(|(shape, e)| same(shape, e))
        }
    };
    if !right {
        panic!(
            "{}: its forward pass gave shapes {:?}, its rule said {:?}",
            function.name(),
            found.collect::<Vec<_>>(),
            expected.unwrap_or_else(|| smallvec::smallvec![copied(values[0].shape())])
        );
    }
    let mut saved = None;
    if records {
        let saved: &mut SmallVec<_> = saved.insert(SmallVec::new());
        for &i in &cx.inputs {
            saved.push(Saved::Input(i, values[i as usize].clone()));
        }
        for &i in &cx.outputs {
            saved.push(Saved::Output(i, outputs.values[i as usize].clone()));
        }
        if !cx.others.is_empty() {
            saved.extend(cx.others);
        }
    }
    let event = match (took, tape) {
        (Some((start, took)), Some(tape)) => {
            tape.observe_forward(&Call { function, inputs, outputs: &outputs.values, start, took }, &saved)
        }
        _ => None,
    };
    Ok(Computed { outputs, tape, saved, event })
}

/// The shapes that a function's outputs are to have.
fn expected_shapes<T: Float>(function: &dyn Function<T>, values: &[&Value<T>]) -> Result<Shapes, ShapeError> {
    let shapes: SmallVec<[&[usize]; FEW]> = values.iter().map(|value| value.shape()).collect();
    let of = |error: ShapeError| error.of(function.name(), &shapes);
    let expected = function.output_shapes(&shapes).map_err(of)?;
    for shape in &expected {
        checked_len(shape).map_err(of)?;
    }
    Ok(expected)
}

/// Records a call on the tape that its inputs lie on, and returns the slot of its first output.
#[track_caller]
pub(crate) fn record<T: Float>(
    function: SharedFunction<T>,
    inputs: &[&Tensor<T>],
    computed: &mut Computed<'_, T>,
) -> u32 {
    let tape = computed.tape.expect("an input that wants a gradient lies on a tape");
    let saved = computed.saved.take().unwrap_or_default();
    let first = tape.push(function, inputs, computed.outputs.values.len(), saved);
    if let Some(event) = computed.event {
        tape.observe_slot::<T>(event, first);
    }
    first
}

impl<T: Float> From<Value<T>> for Tensor<T> {
    fn from(value: Value<T>) -> Self {
        Self { value, place: None }
    }
}

impl<T: Float, D: Dimension> From<ArrayBase<OwnedRepr<T>, D>> for Tensor<T> {
    fn from(array: ArrayBase<OwnedRepr<T>, D>) -> Self {
        Value::from(array.into_dyn()).into()
    }
}

impl<T: Float, D: Dimension> From<ArcArray<T, D>> for Tensor<T> {
    fn from(array: ArcArray<T, D>) -> Self {
        Value::from(array.into_dyn()).into()
    }
}

impl<T: Float> From<&Tensor<T>> for Tensor<T> {
    fn from(tensor: &Tensor<T>) -> Self {
        tensor.clone()
    }
}

impl<T: Float> fmt::Debug for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.place {
            None => "",
            Some(Place { slot: None, .. }) => ", on a tape",
            Some(_) => ", wants a gradient",
        };
        write!(f, "Tensor({:?}, {}{place}, {:?})", self.shape(), T::NAME, self.value)
    }
}

impl<T: Float> fmt::Display for Tensor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}
