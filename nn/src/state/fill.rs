//! Setting a module's parameters and buffers to what was read.

use std::collections::HashMap;

use autodiff::{Float, Tensor};

use super::dict::{StateDict, entry, lies_below};
use super::dtype::Dtype;
use super::report::{Entry, LoadError, LoadReport, MisShaped};
use super::stored::Stored;
use super::{Leaf, Target};

impl StateDict<'_> {
    /// Sets the leaves of a module. Everything is read before the first one changes.
    pub(super) fn fill<T: Float>(
        &self,
        mut targets: Vec<Target<T>>,
        strict: bool,
    ) -> Result<LoadReport, LoadError> {
        for target in &mut targets {
            target.paths.retain(|path| !self.excepted.iter().any(|excepted| lies_below(path, excepted)));
        }
        targets.retain(|target| !target.paths.is_empty());
        let mut report = LoadReport::default();
        let mut fitting = Vec::new();
        for target in &targets {
            let value = target.value();
            let shape = value.shape();
            let present: Vec<(&String, &Stored)> =
                target.paths.iter().filter_map(|path| Some((path, self.entries.get(path)?))).collect();
            // Files from before the count was kept have none.
            if present.is_empty() && !target.is_count() {
                let dtype = Dtype::of::<T>().to_string();
                report.missing.push(Entry { name: target.paths[0].clone(), shape: shape.to_vec(), dtype });
            }
            let (fit, unfit): (Vec<_>, Vec<_>) =
                present.into_iter().partition(|(_, stored)| stored.shape == shape);
            report.mis_shaped.extend(unfit.iter().map(|(path, stored)| MisShaped {
                name: path.to_string(),
                expected: shape.to_vec(),
                found: stored.shape.clone(),
            }));
            if unfit.is_empty() && !fit.is_empty() {
                fitting.push((target, fit));
            }
        }
        let known: HashMap<&str, &Leaf<T>> =
            targets.iter().flat_map(|t| t.paths.iter().map(|path| (path.as_str(), &t.leaf))).collect();
        for (name, stored) in &self.entries {
            if !known.contains_key(name.as_str()) && !is_batch_counter(name, &known) {
                report.unexpected.push(entry(name, stored));
            }
        }
        if strict && !report.is_complete() {
            return Err(LoadError::Mismatch { origin: self.origin.clone(), report });
        }
        let mut values = Vec::with_capacity(fitting.len());
        for (target, entries) in &fitting {
            let (first, _) = entries[0];
            let value: Tensor<T> = self.read(first, target.is_count())?;
            for (other, _) in &entries[1..] {
                let other_value: Tensor<T> = self.read(other, target.is_count())?;
                // By bits, so that NaN equals itself.
                let mut pairs = value.view().into_iter().zip(other_value.view());
                if pairs.any(|(&a, &b)| a.to_f64().to_bits() != b.to_f64().to_bits()) {
                    return Err(LoadError::Conflict {
                        origin: self.origin.clone(),
                        first: first.clone(),
                        second: other.to_string(),
                    });
                }
            }
            report.loaded.extend(entries.iter().map(|(path, _)| path.to_string()));
            values.push((target, value));
        }
        for (target, value) in values {
            target.set(&value);
        }
        Ok(report)
    }
}

/// Whether this is the number of batches that PyTorch's batch normalization has seen, beside statistics of a
/// layer that keeps no such count.
fn is_batch_counter<T: Float>(name: &str, known: &HashMap<&str, &Leaf<T>>) -> bool {
    name.strip_suffix("num_batches_tracked")
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .is_some_and(|prefix| {
            matches!(known.get(format!("{prefix}running_mean").as_str()), Some(Leaf::Buffer(_)))
        })
}
