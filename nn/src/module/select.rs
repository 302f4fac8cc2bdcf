//! Choosing parameters and buffers by their paths.

use std::collections::HashSet;

use autodiff::{Float, Parameter};
use wildmatch::WildMatch;

use super::Module;
use super::leaves::{Leaf, leaves};

/// A pattern that no path in a module matches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {wanted} matches `{pattern}`; {}", listed(.paths))]
pub struct NoMatch {
    wanted: &'static str,
    pattern: String,
    paths: Vec<String>,
}

impl NoMatch {
    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }
}

/// The first few paths, to see how they are written.
fn listed(paths: &[String]) -> String {
    const SHOWN: usize = 8;
    match paths {
        [] => "the module has none".to_owned(),
        paths if paths.len() <= SHOWN => format!("the paths are {}", paths.join(", ")),
        paths => format!("the paths are {}, … ({} in all)", paths[..SHOWN].join(", "), paths.len()),
    }
}

/// The parameters and buffers at paths that match, each once.
pub(super) fn matching<T: Float>(
    module: &(impl Module<T> + ?Sized),
    pattern: &str,
) -> Result<Vec<Leaf<T>>, NoMatch> {
    chosen(leaves(module), "parameter or buffer", pattern)
}

/// The parameters at paths that match, each once.
pub(super) fn parameters_matching<T: Float>(
    module: &(impl Module<T> + ?Sized),
    pattern: &str,
) -> Result<Vec<Parameter<T>>, NoMatch> {
    let mut all = leaves(module);
    all.retain(|(_, leaf)| matches!(leaf, Leaf::Parameter(_)));
    let found = chosen(all, "parameter", pattern)?;
    let parameter = |leaf| match leaf {
        Leaf::Parameter(parameter) => Some(parameter),
        Leaf::Buffer(_) => None,
    };
    Ok(found.into_iter().filter_map(parameter).collect())
}

fn chosen<T: Float>(
    all: Vec<(String, Leaf<T>)>,
    wanted: &'static str,
    pattern: &str,
) -> Result<Vec<Leaf<T>>, NoMatch> {
    let glob = WildMatch::new(pattern);
    let mut seen = HashSet::new();
    let matching = all.iter().filter(|(path, _)| glob.matches(path)).map(|(_, leaf)| leaf);
    let found: Vec<Leaf<T>> = matching.filter(|leaf| seen.insert(leaf.id())).cloned().collect();
    if found.is_empty() {
        let paths = all.into_iter().map(|(path, _)| path).collect();
        return Err(NoMatch { wanted, pattern: pattern.to_owned(), paths });
    }
    Ok(found)
}
