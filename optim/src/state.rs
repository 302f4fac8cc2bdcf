//! An optimizer's state as a safetensors file, and back.

use std::collections::HashMap;
use std::io::Read;

use autodiff::Float;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo, TensorView};
use serde::{Deserialize, Serialize};

use crate::StateProblem;
use crate::descent::{Descent, Member};
use crate::rule::Rule;

/// The metadata entry that describes the optimizer.
const KEY: &str = "wengert.optimizer";

/// What the tensors belong to.
#[derive(Serialize, Deserialize)]
struct Description {
    algorithm: String,
    element: String,
    steps: u64,
    hyper_parameters: Vec<(String, f64)>,
    groups: Vec<DescribedGroup>,
}

#[derive(Serialize, Deserialize)]
struct DescribedGroup {
    weight_decay: f64,
    parameters: Vec<DescribedParameter>,
}

#[derive(Serialize, Deserialize)]
struct DescribedParameter {
    shape: Vec<usize>,
    updates: u64,
}

fn dtype<T: Float>() -> Dtype {
    if size_of::<T>() == 4 { Dtype::F32 } else { Dtype::F64 }
}

fn encode<T: Float>(elements: &[T]) -> Vec<u8> {
    if size_of::<T>() == 4 {
        elements.iter().flat_map(|&x| (x.to_f64() as f32).to_le_bytes()).collect()
    } else {
        elements.iter().flat_map(|&x| x.to_f64().to_le_bytes()).collect()
    }
}

fn decode<T: Float>(bytes: &[u8]) -> Vec<T> {
    if size_of::<T>() == 4 {
        let (elements, _) = bytes.as_chunks();
        elements.iter().map(|&b| T::from_f64(f64::from(f32::from_le_bytes(b)))).collect()
    } else {
        let (elements, _) = bytes.as_chunks();
        elements.iter().map(|&b| T::from_f64(f64::from_le_bytes(b))).collect()
    }
}

fn tensor_name(group: usize, index: usize, name: &str) -> String {
    format!("{group}.{index}.{name}")
}

impl<R: Rule, T: Float> Descent<R, T> {
    fn describe(&self) -> Description {
        let parameter = |m: &Member<T>| DescribedParameter { shape: m.shape.clone(), updates: m.updates };
        Description {
            algorithm: R::NAME.to_owned(),
            element: T::NAME.to_owned(),
            steps: self.steps,
            hyper_parameters: self
                .rule
                .hyper_parameters()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            groups: self
                .groups
                .iter()
                .map(|g| DescribedGroup {
                    weight_decay: self.weight_decay_of(g),
                    parameters: g.members.iter().map(parameter).collect(),
                })
                .collect(),
        }
    }

    pub(crate) fn state_bytes(&self) -> Vec<u8> {
        let mut tensors = Vec::new();
        for (g, group) in self.groups.iter().enumerate() {
            for (i, member) in group.members.iter().enumerate().filter(|(_, m)| m.updates > 0) {
                for (k, name) in self.rule.state().iter().enumerate() {
                    // State that an option has only now called for is zero until the next update.
                    let bytes = match member.state.get(k) {
                        Some(elements) => encode(elements),
                        None => vec![0; member.len() * size_of::<T>()],
                    };
                    tensors.push((tensor_name(g, i, name), member.shape.clone(), bytes));
                }
            }
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(dtype::<T>(), shape.clone(), bytes);
            (name.as_str(), view.expect("as many bytes as the shape needs"))
        });
        let description = serde_json::to_string(&self.describe()).expect("numbers and strings");
        // One entry only: the map's order would show in the bytes.
        let metadata = HashMap::from([(KEY.to_owned(), description)]);
        safetensors::serialize(views, Some(metadata)).expect("well-formed tensors")
    }

    /// Takes over the state that `reader` holds in `len` bytes. Nothing is allocated for a size that the
    /// file claims before it is compared with what this optimizer needs.
    pub(crate) fn load_from(&mut self, mut reader: impl Read, len: u64) -> Result<(), StateProblem> {
        let (metadata, start) = self.read_header(&mut reader, len)?;
        let entries = metadata.metadata().as_ref();
        let text = entries.and_then(|m| m.get(KEY)).ok_or(StateProblem::NoOptimizer(KEY))?;
        let description: Description =
            serde_json::from_str(text).map_err(|source| StateProblem::Description { key: KEY, source })?;
        self.compare(&description)?;
        self.compare_tensors(&metadata, &description)?;
        let expected = start + metadata.data_len() as u64;
        if len < expected {
            return Err(StateProblem::Truncated { expected, found: len });
        }
        if len > expected {
            return Err(StateProblem::Oversized { expected, found: len });
        }
        let mut tensors = HashMap::new();
        let mut bytes = Vec::new();
        for name in metadata.offset_keys() {
            let (from, to) = metadata.info(&name).expect("a key of the file").data_offsets;
            bytes.resize(to - from, 0);
            reader.read_exact(&mut bytes)?;
            tensors.insert(name, decode::<T>(&bytes));
        }
        let names = self.rule.state();
        for (g, (group, described)) in self.groups.iter_mut().zip(&description.groups).enumerate() {
            for (i, (member, described)) in group.members.iter_mut().zip(&described.parameters).enumerate() {
                let state = names.iter().filter_map(|name| tensors.remove(&tensor_name(g, i, name)));
                member.state = state.collect();
                member.updates = described.updates;
            }
        }
        self.steps = description.steps;
        Ok(())
    }

    /// The header of a safetensors file, and the bytes it takes with its length.
    fn read_header(&self, reader: &mut impl Read, len: u64) -> Result<(Metadata, u64), StateProblem> {
        const LENGTH: u64 = 8;
        if len < LENGTH {
            return Err(StateProblem::Truncated { expected: LENGTH, found: len });
        }
        let mut length = [0; LENGTH as usize];
        reader.read_exact(&mut length)?;
        let claimed = u64::from_le_bytes(length);
        // A tensor's entry takes about a hundred bytes.
        let tensors = self.members().count() * (1 + self.rule.state().len());
        let limit = (1 << 20) + (1 << 10) * tensors as u64;
        if claimed > limit {
            return Err(StateProblem::HeaderTooLarge { limit, found: claimed });
        }
        let start = LENGTH + claimed;
        if len < start {
            return Err(StateProblem::Truncated { expected: start, found: len });
        }
        let mut header = vec![0; claimed as usize];
        reader.read_exact(&mut header)?;
        let metadata = serde_json::from_slice(&header).map_err(StateProblem::Header)?;
        Ok((metadata, start))
    }

    /// Whether a description is that of this optimizer, steps and updates aside.
    fn compare(&self, found: &Description) -> Result<(), StateProblem> {
        let expected = self.describe();
        if found.algorithm != expected.algorithm {
            return Err(StateProblem::Algorithm { expected: R::NAME, found: found.algorithm.clone() });
        }
        if found.element != expected.element {
            return Err(StateProblem::ElementType { expected: T::NAME, found: found.element.clone() });
        }
        let sizes = |d: &Description| d.groups.iter().map(|g| g.parameters.len()).collect::<Vec<_>>();
        if sizes(found) != sizes(&expected) {
            return Err(StateProblem::Groups { expected: sizes(&expected), found: sizes(found) });
        }
        for (group, (e, f)) in expected.groups.iter().zip(&found.groups).enumerate() {
            for (index, (e, f)) in e.parameters.iter().zip(&f.parameters).enumerate() {
                if e.shape != f.shape {
                    let (expected, found) = (e.shape.clone(), f.shape.clone());
                    return Err(StateProblem::Shape { group, index, expected, found });
                }
                if f.updates > found.steps || found.steps > 1 << 53 {
                    let (updates, steps) = (f.updates, found.steps);
                    return Err(StateProblem::Updates { group, index, updates, steps });
                }
            }
        }
        let names = |d: &Description| d.hyper_parameters.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
        if names(found) != names(&expected) {
            return Err(StateProblem::HyperParameterNames {
                expected: names(&expected),
                found: names(found),
            });
        }
        let options = expected.hyper_parameters.into_iter().zip(&found.hyper_parameters);
        let options = options.map(|((name, e), (_, f))| (name, e, *f));
        let decays = expected.groups.iter().zip(&found.groups).enumerate().map(|(group, (e, f))| {
            (format!("weight_decay of group {group}"), e.weight_decay, f.weight_decay)
        });
        match options.chain(decays).find(|(_, e, f)| e != f) {
            Some((name, expected, found)) => Err(StateProblem::HyperParameter { name, expected, found }),
            None => Ok(()),
        }
    }

    /// Whether the file has the tensors of this optimizer's state, and no others.
    fn compare_tensors(&self, metadata: &Metadata, description: &Description) -> Result<(), StateProblem> {
        let mut left = metadata.tensors();
        for (g, (group, described)) in self.groups.iter().zip(&description.groups).enumerate() {
            let members = group.members.iter().zip(&described.parameters).enumerate();
            for (i, (member, _)) in members.filter(|(_, (_, d))| d.updates > 0) {
                for name in self.rule.state() {
                    let name = tensor_name(g, i, name);
                    let Some(info) = left.remove(&name) else {
                        return Err(StateProblem::MissingTensor(name));
                    };
                    if info.dtype != dtype::<T>() || info.shape != member.shape {
                        let (expected, found) =
                            (format!("{:?} {:?}", dtype::<T>(), member.shape), shown(info));
                        return Err(StateProblem::Tensor { name, expected, found });
                    }
                }
            }
        }
        match left.into_keys().min() {
            Some(name) => Err(StateProblem::UnexpectedTensor(name)),
            None => Ok(()),
        }
    }
}

fn shown(info: &TensorInfo) -> String {
    format!("{:?} {:?}", info.dtype, info.shape)
}

impl<T: Float> Member<T> {
    fn len(&self) -> usize {
        self.shape.iter().product()
    }
}
