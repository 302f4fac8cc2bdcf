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
    let glob = WildMatch::new(pattern);
    let all = leaves(module);
    let mut seen = HashSet::new();
    let matching = all.iter().filter(|(path, _)| glob.matches(path)).map(|(_, leaf)| leaf);
    let found: Vec<Leaf<T>> = matching.filter(|leaf| seen.insert(leaf.id())).cloned().collect();
    if found.is_empty() {
        let paths = all.into_iter().map(|(path, _)| path).collect();
        return Err(NoMatch { wanted: "parameter or buffer", pattern: pattern.to_owned(), paths });
    }
    Ok(found)
}

/// The parameters at paths that match, each once.
pub(super) fn parameters_matching<T: Float>(
    module: &(impl Module<T> + ?Sized),
    pattern: &str,
) -> Result<Vec<Parameter<T>>, NoMatch> {
    let glob = WildMatch::new(pattern);
    let mut seen = HashSet::new();
    let (mut found, mut paths) = (Vec::new(), Vec::new());
    for (path, leaf) in leaves(module) {
        let Leaf::Parameter(parameter) = leaf else { continue };
        if glob.matches(&path) && seen.insert(parameter.id()) {
            found.push(parameter);
        }
        paths.push(path);
    }
    if found.is_empty() {
        return Err(NoMatch { wanted: "parameter", pattern: pattern.to_owned(), paths });
    }
    Ok(found)
}
