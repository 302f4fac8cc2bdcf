//! What a profiled tape writes down as it goes.

use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::thread::{self, ThreadId};
use std::time::Instant;

use smallvec::SmallVec;

use super::Event;
use crate::function::Saved;
use crate::observe::{Call, Step};
use crate::parameter::ParameterId;
use crate::scope::Use;
use crate::shape::Shape;
use crate::tape::Record;
use crate::value::Value;
use crate::{Float, pool};

/// The events of a profile, whose paths are not worked out yet.
#[derive(Debug, Default)]
pub(crate) struct Log {
    began: Option<Instant>,
    threads: Vec<ThreadId>,
    /// Where the buffers that were counted as saved begin.
    saved: HashSet<usize>,
    /// Which event made the buffer that begins at an address.
    made: HashMap<usize, usize>,
    pub(crate) events: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: Event,
    pub(crate) scope: u32,
    pub(crate) parameters: Vec<ParameterId>,
}

impl Log {
    /// Forgets everything and starts the clock.
    pub(crate) fn begin(&mut self) {
        *self = Self { began: Some(Instant::now()), ..Self::default() };
        pool::take_peak();
    }

    pub(crate) fn uses(&self) -> Vec<Use> {
        self.events.iter().map(|e| (e.scope, e.parameters.clone())).collect()
    }

    fn thread(&mut self) -> usize {
        let id = thread::current().id();
        self.threads.iter().position(|t| *t == id).unwrap_or_else(|| {
            self.threads.push(id);
            self.threads.len() - 1
        })
    }

    pub(crate) fn forward<T: Float>(
        &mut self,
        call: &Call<'_, T>,
        saved: &[Saved<T>],
        caller: &'static Location<'static>,
        scope: u32,
        parameters: &[ParameterId],
        replaying: bool,
    ) -> usize {
        let inputs: SmallVec<[&[usize]; 4]> = call.inputs.iter().map(|x| x.shape()).collect();
        let outputs: SmallVec<[&[usize]; 4]> = call.outputs.iter().map(Value::shape).collect();
        let elements: usize = inputs.iter().chain(&outputs).map(|s| s.iter().product::<usize>()).sum();
        let mut kept = 0;
        for item in saved {
            // A parameter lives anyway; another input may have been saved by what made it.
            let parameter = match item {
                Saved::Input(i, _) => {
                    let slot = call.inputs[*i as usize].place.as_ref().and_then(|p| p.slot);
                    slot.is_some_and(|slot| {
                        let tape = call.inputs[*i as usize].tape().expect("it has a slot");
                        !crate::scope::parameters_at(&tape.lock::<T>().leaves, [slot].into_iter()).is_empty()
                    })
                }
                _ => false,
            };
            if let Some((start, end)) = span(item).filter(|_| !parameter)
                && self.saved.insert(start)
            {
                kept += (end - start) as u64;
            }
        }
        let number = self.events.len();
        for input in call.inputs {
            if let Some(&maker) = value_span(&input.value).and_then(|(start, _)| self.made.get(&start)) {
                self.events[maker].event.users.push(number);
            }
        }
        let made = call.outputs.iter().filter_map(value_span).map(|(start, _)| (start, number));
        self.made.extend(made);
        let event = Event {
            operation: call.function.name(),
            backward: replaying,
            caller,
            path: String::new(),
            thread: self.thread(),
            start: self.began.map_or_else(Default::default, |began| call.start.duration_since(began)),
            took: call.took,
            flops: call.function.flops(&inputs, &outputs),
            moved: (elements * size_of::<T>()) as u64,
            saved: kept,
            peak: pool::take_peak() as u64,
            shape: outputs.first().map(|s| Shape::from_slice(s)),
            users: Vec::new(),
            slot: None,
        };
        self.events.push(Entry { event, scope, parameters: parameters.to_vec() });
        number
    }

    pub(crate) fn recorded<T: Float>(&mut self, event: usize, slot: u32) {
        // The profile may have begun anew meanwhile.
        if let Some(entry) = self.events.get_mut(event) {
            entry.event.slot = Some((T::NAME, slot));
        }
    }

    pub(crate) fn backward<T: Float>(&mut self, step: &Step<'_, T>, parameters: &[ParameterId]) {
        let Some((start, took)) = step.took else { return };
        let node = step.node;
        let inputs: SmallVec<[&[usize]; 4]> = node.inputs.iter().map(|i| &i.shape[..]).collect();
        let outputs = node.function.output_shapes(&inputs).unwrap_or_default();
        let outputs: SmallVec<[&[usize]; 4]> = outputs.iter().map(|s| &s[..]).collect();
        let needs: SmallVec<[bool; 4]> = node.inputs.iter().map(|i| i.slot.is_some()).collect();
        let gradients = step.grads.iter().chain(step.gradients.iter()).flatten();
        let elements: usize = gradients.map(|g| g.len()).sum();
        let saved: usize = node.saved.iter().filter_map(span).map(|(start, end)| end - start).sum();
        let event = Event {
            operation: node.function.name(),
            backward: true,
            caller: node.caller,
            path: String::new(),
            thread: self.thread(),
            start: self.began.map_or_else(Default::default, |began| start.duration_since(began)),
            took,
            flops: node.function.backward_flops(&inputs, &outputs, &needs),
            moved: (elements * size_of::<T>() + saved) as u64,
            saved: 0,
            peak: pool::take_peak() as u64,
            shape: outputs.first().map(|s| Shape::from_slice(s)),
            users: Vec::new(),
            slot: Some((T::NAME, node.first)),
        };
        self.events.push(Entry { event, scope: node.scope, parameters: parameters.to_vec() });
    }
}

/// The addresses between which the elements of a value lie.
fn value_span<T: Float>(value: &Value<T>) -> Option<(usize, usize)> {
    let view = value.view();
    if view.is_empty() {
        return None;
    }
    let (mut low, mut high) = (0, 0);
    for (&n, &stride) in view.shape().iter().zip(view.strides()) {
        let reach = (n as isize - 1) * stride;
        low += reach.min(0);
        high += reach.max(0);
    }
    let at = |offset: isize| (view.as_ptr() as isize + offset * size_of::<T>() as isize) as usize;
    Some((at(low), at(high + 1)))
}

/// The addresses between which something saved lies.
pub(crate) fn span<T: Float>(saved: &Saved<T>) -> Option<(usize, usize)> {
    let bytes = |start: usize, len: usize, size: usize| (len > 0).then_some((start, start + len * size));
    match saved {
        Saved::Input(_, value) | Saved::Output(_, value) | Saved::Extra(value) => value_span(value),
        Saved::Indices(indices) => {
            bytes(indices.as_slice().as_ptr() as usize, indices.len(), size_of::<i64>())
        }
        Saved::Mask(mask) => bytes(mask.view().as_ptr() as usize, mask.view().len(), 1),
    }
}

/// How many bytes lie between any of the addresses.
fn covered(mut spans: Vec<(usize, usize)>) -> usize {
    spans.sort_unstable();
    let (mut total, mut reached) = (0, 0);
    for (start, end) in spans {
        total += end.max(reached) - start.max(reached);
        reached = reached.max(end);
    }
    total
}

pub(super) fn saved_bytes<T: Float>(record: &Record<T>) -> usize {
    let parameters: Vec<_> = record.watched.values().filter_map(|(_, value)| value_span(value)).collect();
    let saved = record.nodes.iter().flat_map(|node| node.saved.iter().filter_map(span));
    let all: Vec<_> = parameters.iter().copied().chain(saved).collect();
    covered(all) - covered(parameters)
}

#[cfg(test)]
mod tests {
    use super::covered;

    #[test]
    fn bytes_are_counted_once() {
        assert_eq!(covered(vec![]), 0);
        assert_eq!(covered(vec![(10, 20), (5, 8), (15, 30), (12, 13), (30, 31)]), 3 + 21);
    }
}
