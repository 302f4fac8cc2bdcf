//! Why gradients cannot be checked.

/// Why a function's gradients cannot be checked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// There is no gradient to compare.
    #[error(
        "no output of the function depends on an input or parameter that wants a gradient: there are none, \
         all are frozen, or the function leaves the tape (detach(), or values read out of a tensor)"
    )]
    NothingToCheck,
    /// Two calls gave different bits.
    #[error(
        "the function is not deterministic: output {output} at {index:?} was {first:e} in the first call and \
         {second:e} in the second; random draws must come from the tape (Check::training(seed)) or from a \
         generator made anew in each call"
    )]
    NotDeterministic {
        /// The number of the output.
        output: usize,
        /// The coordinates of the element.
        index: Vec<usize>,
        /// Its value in the first call.
        first: f64,
        /// Its value in the second call.
        second: f64,
    },
    /// Two calls gave outputs of different shapes.
    #[error("the function gave outputs of the shapes {first:?} in one call and {second:?} in another")]
    ShapesChanged {
        /// The shapes of the outputs of the first call.
        first: Vec<Vec<usize>>,
        /// Those of a later one.
        second: Vec<Vec<usize>>,
    },
    /// An output is infinite or NaN, at the point given or within a step of it.
    #[error(
        "output {output} at {index:?} is {value}, at the point given or within a step of it (Check::epsilon \
         sets the step)"
    )]
    NotFinite {
        /// The number of the output.
        output: usize,
        /// The coordinates of the element.
        index: Vec<usize>,
        /// Its value.
        value: f64,
    },
}
