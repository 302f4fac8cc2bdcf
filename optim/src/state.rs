//! The state of a [`Descent`], saved and taken over.

use std::io::Read;

use autodiff::Float;
use serde::{Deserialize, Serialize};

use crate::StateProblem;
use crate::archive::{self, Archive, Entry, decode, encode};
use crate::descent::{Descent, Group, Member};
use crate::rule::Rule;

/// What the tensors belong to.
#[derive(Serialize, Deserialize)]
struct Description {
    algorithm: String,
    element: String,
    steps: u64,
    groups: Vec<DescribedGroup>,
}

#[derive(Serialize, Deserialize)]
struct DescribedGroup {
    options: Vec<(String, f64)>,
    parameters: Vec<DescribedParameter>,
}

#[derive(Serialize, Deserialize)]
struct DescribedParameter {
    shape: Vec<usize>,
    updates: u64,
}

impl<R: Rule, T: Float> Descent<R, T> {
    fn describe(&self) -> Description {
        let parameter = |m: &Member<T>| DescribedParameter { shape: m.shape.clone(), updates: m.updates };
        let group = |group: &Group<R, T>| DescribedGroup {
            options: self
                .rule_of(group)
                .hyper_parameters()
                .into_iter()
                .chain([
                    ("weight_decay", self.weight_decay_of(group)),
                    ("maximize", f64::from(self.maximizes(group))),
                ])
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            parameters: group.members.iter().map(parameter).collect(),
        };
        Description {
            algorithm: R::NAME.to_owned(),
            element: T::NAME.to_owned(),
            steps: self.steps,
            groups: self.groups.iter().map(group).collect(),
        }
    }

    /// The tensors of a parameter's state, by which a file and the memory are brought together.
    fn entries(&self, group: usize, index: usize) -> Vec<Entry> {
        let rule = self.rule_of(&self.groups[group]);
        let shape = &self.groups[group].members[index].shape;
        let named = |name: &str| format!("{group}.{index}.{name}");
        let tensors = rule.state().iter().map(|name| Entry::of::<T>(named(name), shape));
        tensors.chain(rule.scalar().map(|(name, _)| Entry::numbers(named(name), &[]))).collect()
    }

    pub(crate) fn state_bytes(&self) -> Vec<u8> {
        let mut tensors = Vec::new();
        for (g, group) in self.groups.iter().enumerate() {
            let rule = self.rule_of(group);
            for (i, member) in group.members.iter().enumerate().filter(|(_, m)| m.updates > 0) {
                // State that an option has only now called for is what the next update will begin with.
                let step = self.step_of(g, member);
                let elements = rule.state().iter().map(|&name| match member.state_named(name) {
                    Some(elements) => encode(elements),
                    None => encode(&member.initial_state(rule, name, &step)),
                });
                let scalar = rule.scalar().map(|_| encode(&[step.scalar]));
                tensors.extend(self.entries(g, i).into_iter().zip(elements.chain(scalar)));
            }
        }
        archive::serialize(&self.describe(), &tensors)
    }

    /// Takes over the state that `reader` holds in `len` bytes.
    pub(crate) fn load_from(&mut self, reader: impl Read, len: u64) -> Result<(), StateProblem> {
        let tensors = self.groups.iter().map(|g| g.members.len() * (2 + self.rule_of(g).state().len()));
        let archive = Archive::open(reader, len, tensors.sum())?;
        let description: Description = archive.description::<_, T>(R::NAME)?;
        self.compare(&description)?;
        let mut expected = Vec::new();
        for (g, group) in description.groups.iter().enumerate() {
            for (i, _) in group.parameters.iter().enumerate().filter(|(_, p)| p.updates > 0) {
                expected.extend(self.entries(g, i));
            }
        }
        let mut tensors = archive.tensors(&expected)?.into_iter();
        let mut next = || tensors.next().expect("as many tensors as were expected");
        for (group, described) in self.groups.iter_mut().zip(&description.groups) {
            let rule = group.rule.as_ref().unwrap_or(&self.rule);
            for (member, described) in group.members.iter_mut().zip(&described.parameters) {
                member.updates = described.updates;
                member.state = Vec::new();
                if member.updates > 0 {
                    member.state = rule.state().iter().map(|&name| (name, decode(&next()))).collect();
                    member.scalar = rule.scalar().map_or(0.0, |_| decode(&next())[0]);
                }
            }
        }
        self.steps = description.steps;
        Ok(())
    }

    /// Whether a description is that of this optimizer, steps and updates aside.
    fn compare(&self, found: &Description) -> Result<(), StateProblem> {
        let expected = self.describe();
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
        for (group, (e, f)) in expected.groups.iter().zip(&found.groups).enumerate() {
            archive::compare_options(&format!(" of group {group}"), &e.options, &f.options)?;
        }
        Ok(())
    }
}
