//! Sizes along spatial axes.

/// A size for each of D spatial axes, outermost first: one number for all, or an array or tuple of D.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes<const D: usize>(pub [usize; D]);

/// A size for each of the two axes of a picture, height before width.
pub type Pair = Sizes<2>;

impl<const D: usize> From<usize> for Sizes<D> {
    fn from(n: usize) -> Self {
        Self([n; D])
    }
}

impl<const D: usize> From<[usize; D]> for Sizes<D> {
    fn from(sizes: [usize; D]) -> Self {
        Self(sizes)
    }
}

impl From<(usize, usize)> for Sizes<2> {
    fn from((height, width): (usize, usize)) -> Self {
        Self([height, width])
    }
}

impl From<(usize, usize, usize)> for Sizes<3> {
    fn from((depth, height, width): (usize, usize, usize)) -> Self {
        Self([depth, height, width])
    }
}
