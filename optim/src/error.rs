//! What can be wrong with a saved state.

use std::io;
use std::path::PathBuf;

/// Why an optimizer's state could not be saved or loaded: what was expected, what was found, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be written. What stood under its name before stands there still.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file cannot be opened.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file or the bytes are not a state of this optimizer.
    #[error("{origin}: {problem}")]
    State {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// What is wrong with it.
        #[source]
        problem: StateProblem,
    },
}

/// What is wrong with a saved state. Groups and parameters are counted from 0, as in the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateProblem {
    /// The bytes end early.
    #[error("truncated: expected {expected} bytes, found {found}")]
    Truncated {
        /// The bytes there should be.
        expected: u64,
        /// The bytes there are.
        found: u64,
    },
    /// Bytes follow the last tensor.
    #[error("oversized: expected {expected} bytes, found {found}")]
    Oversized {
        /// The bytes there should be.
        expected: u64,
        /// The bytes there are.
        found: u64,
    },
    /// The header claims more bytes than the state of this optimizer can need.
    #[error(
        "the header claims to be {found} bytes long; that of a state of this optimizer has at most {limit}"
    )]
    HeaderTooLarge {
        /// The bound in bytes.
        limit: u64,
        /// The claimed length.
        found: u64,
    },
    /// The header is not that of a safetensors file.
    #[error("not a safetensors file: {0}")]
    Header(serde_json::Error),
    /// A safetensors file, but without an optimizer's description.
    #[error("a safetensors file, but not of an optimizer: its metadata has no entry `{0}`")]
    NoOptimizer(&'static str),
    /// The optimizer's description does not read as one.
    #[error("the metadata entry `{key}` is damaged: {source}")]
    Description {
        /// The entry.
        key: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The state of another algorithm.
    #[error("expected the state of {expected}, found that of {found}")]
    Algorithm {
        /// This optimizer's algorithm.
        expected: &'static str,
        /// The file's.
        found: String,
    },
    /// The state of parameters of another element type.
    #[error("expected the state of {expected} parameters, found that of {found} parameters")]
    ElementType {
        /// This optimizer's element type.
        expected: &'static str,
        /// The file's.
        found: String,
    },
    /// Another number of groups, or of parameters in a group.
    #[error("expected groups of {expected:?} parameters, found groups of {found:?}")]
    Groups {
        /// The sizes of this optimizer's groups.
        expected: Vec<usize>,
        /// Those of the file's.
        found: Vec<usize>,
    },
    /// A parameter has another shape.
    #[error("parameter {index} of group {group}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// The group.
        group: usize,
        /// The parameter's number in it.
        index: usize,
        /// The shape of this optimizer's parameter.
        expected: Vec<usize>,
        /// The file's.
        found: Vec<usize>,
    },
    /// The counts of steps and updates do not fit each other.
    #[error(
        "parameter {index} of group {group}: found {updates} updates in {steps} steps; expected no more \
         updates than steps, and at most 2^53 steps"
    )]
    Updates {
        /// The group.
        group: usize,
        /// The parameter's number in it.
        index: usize,
        /// The updates the file claims.
        updates: u64,
        /// The steps the file claims.
        steps: u64,
    },
    /// The counts of an L-BFGS optimizer do not fit each other.
    #[error(
        "found {steps} steps, {iterations} iterations and {evaluations} evaluations of the loss; expected at \
         least one evaluation a step, and at most 2^53 of each"
    )]
    Counts {
        /// The steps the file claims.
        steps: u64,
        /// The iterations the file claims.
        iterations: u64,
        /// The evaluations the file claims.
        evaluations: u64,
    },
    /// An L-BFGS optimizer has more pairs of step and gradient change than it can.
    #[error("expected at most {limit} pairs of step and gradient change, found {found}")]
    Pairs {
        /// The most there can be after the file's iterations.
        limit: usize,
        /// Those the file claims.
        found: usize,
    },
    /// An option has another value.
    #[error(
        "{name}: expected {expected}, found {found}; construct the optimizer as it was when it was saved"
    )]
    HyperParameter {
        /// The option.
        name: String,
        /// This optimizer's value.
        expected: f64,
        /// The file's.
        found: f64,
    },
    /// The options have other names.
    #[error("expected the options {expected:?}, found {found:?}")]
    HyperParameterNames {
        /// The names of this optimizer's options.
        expected: Vec<String>,
        /// The file's.
        found: Vec<String>,
    },
    /// A tensor is missing.
    #[error("there is no tensor `{0}`")]
    MissingTensor(String),
    /// A tensor that no parameter's state has.
    #[error("unexpected tensor `{0}`")]
    UnexpectedTensor(String),
    /// A tensor has another shape or element type than its parameter.
    #[error("tensor `{name}`: expected {expected}, found {found}")]
    Tensor {
        /// Its name.
        name: String,
        /// Its parameter's element type and shape.
        expected: String,
        /// The file's.
        found: String,
    },
    /// The bytes could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
}
