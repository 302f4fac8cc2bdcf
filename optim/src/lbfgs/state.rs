//! The state of [`Lbfgs`], saved and taken over.

use std::io::Read;

use autodiff::Float;
use serde::{Deserialize, Serialize};

use crate::StateProblem;
use crate::archive::{self, Archive, Entry, decode, encode};
use crate::lbfgs::memory::{Memory, Pair};
use crate::lbfgs::{Lbfgs, NAME};

/// What the tensors belong to.
#[derive(Serialize, Deserialize)]
struct Description {
    algorithm: String,
    element: String,
    steps: u64,
    n_iter: u64,
    func_evals: u64,
    /// How many pairs of step and gradient change there are.
    pairs: usize,
    options: Vec<(String, f64)>,
    parameters: Vec<Vec<usize>>,
}

impl<T: Float> Lbfgs<T> {
    /// The state: all that an optimizer of the same construction needs to go on from here with the same bits.
    /// The parameters' values are not in it.
    ///
    /// The format is safetensors: the vectors of all elements with PyTorch's names, such as `d` and
    /// `old_stps.3`, and the counts, the options and the shapes as JSON in the metadata.
    pub fn to_bytes(&self) -> Vec<u8> {
        let memory = &self.memory;
        let mut bytes = Vec::new();
        if !memory.is_empty() {
            let ro: Vec<f64> = memory.pairs.iter().map(|pair| pair.ro).collect();
            let (scale, length) = (encode(&[memory.scale]), encode(&[memory.length]));
            bytes.extend([encode(&memory.direction), encode(&memory.gradient), length, scale, encode(&ro)]);
            bytes.extend(memory.pairs.iter().flat_map(|p| [encode(&p.step), encode(&p.change)]));
        }
        let entries = self.entries(!memory.is_empty(), memory.pairs.len());
        let tensors: Vec<_> = entries.into_iter().zip(bytes).collect();
        archive::serialize(&self.describe(), &tensors)
    }

    pub(super) fn options(&self) -> Vec<(String, f64)> {
        let options = [
            ("max_iter", self.max_iter as f64),
            ("max_eval", self.max_eval.unwrap_or(self.max_iter * 5 / 4) as f64),
            ("tolerance_grad", self.tolerance_grad),
            ("tolerance_change", self.tolerance_change),
            ("history_size", self.history_size as f64),
            ("strong_wolfe", f64::from(self.line_search_fn.is_some())),
            ("maximize", f64::from(self.maximize)),
        ];
        options.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    fn describe(&self) -> Description {
        Description {
            algorithm: NAME.to_owned(),
            element: T::NAME.to_owned(),
            steps: self.steps,
            n_iter: self.iterations,
            func_evals: self.evaluations,
            pairs: self.memory.pairs.len(),
            options: self.options(),
            parameters: self.shapes.clone(),
        }
    }

    /// The tensors of a state, by which a file and the memory are brought together.
    fn entries(&self, begun: bool, pairs: usize) -> Vec<Entry> {
        if !begun {
            return Vec::new();
        }
        let shape = [self.len()];
        let vector = |name: &str| Entry::of::<T>(name.to_owned(), &shape);
        let number = |name: &str, shape: &[usize]| Entry::numbers(name.to_owned(), shape);
        let mut entries = vec![vector("d"), vector("prev_flat_grad")];
        entries.extend([number("t", &[]), number("H_diag", &[]), number("ro", &[pairs])]);
        for i in 0..pairs {
            entries.extend([vector(&format!("old_stps.{i}")), vector(&format!("old_dirs.{i}"))]);
        }
        entries
    }

    /// Takes over the state that `reader` holds in `len` bytes.
    pub(super) fn load_from(&mut self, reader: impl Read, len: u64) -> Result<(), StateProblem> {
        let archive = Archive::open(reader, len, self.parameters.len() + 2 * self.history_size.min(1 << 20))?;
        let description: Description = archive.description::<_, T>(NAME)?;
        self.compare(&description)?;
        let begun = description.n_iter > 0;
        // So that no list is made of tensors that are not there.
        if description.pairs > archive.count() {
            return Err(StateProblem::MissingTensor(format!("old_dirs.{}", description.pairs - 1)));
        }
        let tensors = archive.tensors(&self.entries(begun, description.pairs))?;
        self.memory = match tensors.as_slice() {
            [d, gradient, t, scale, ro, pairs @ ..] => {
                let (pairs, _) = pairs.as_chunks::<2>();
                let pairs = pairs.iter().zip(decode::<f64>(ro));
                let pair = |([step, change], ro): (&[Vec<u8>; 2], f64)| Pair {
                    step: decode(step),
                    change: decode(change),
                    ro,
                };
                Memory {
                    pairs: pairs.map(pair).collect(),
                    scale: decode(scale)[0],
                    direction: decode(d),
                    length: decode(t)[0],
                    gradient: decode(gradient),
                }
            }
            _ => Memory::new(),
        };
        (self.steps, self.iterations) = (description.steps, description.n_iter);
        self.evaluations = description.func_evals;
        Ok(())
    }

    fn compare(&self, found: &Description) -> Result<(), StateProblem> {
        let expected = self.describe();
        if found.parameters.len() != expected.parameters.len() {
            let (expected, found) = (vec![expected.parameters.len()], vec![found.parameters.len()]);
            return Err(StateProblem::Groups { expected, found });
        }
        for (index, (e, f)) in expected.parameters.iter().zip(&found.parameters).enumerate() {
            if e != f {
                let (expected, found) = (e.clone(), f.clone());
                return Err(StateProblem::Shape { group: 0, index, expected, found });
            }
        }
        archive::compare_options("", &expected.options, &found.options)?;
        let Description { steps, n_iter, func_evals, pairs, .. } = *found;
        let most = 1 << 53;
        if steps > most || n_iter > most || func_evals > most || func_evals < steps {
            return Err(StateProblem::Counts { steps, iterations: n_iter, evaluations: func_evals });
        }
        let limit = self.history_size.min(usize::try_from(n_iter).unwrap_or(usize::MAX).saturating_sub(1));
        if pairs > limit {
            return Err(StateProblem::Pairs { limit, found: pairs });
        }
        Ok(())
    }
}
