//! Arrays [batch, channels, positions].

/// The sizes of such an array: what belongs to a channel lies in `batch` runs of `positions` elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channels {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) positions: usize,
}

impl Channels {
    pub(crate) fn of(shape: &[usize]) -> Self {
        Self { batch: shape[0], channels: shape[1], positions: shape[2..].iter().product() }
    }

    pub(super) fn len(self) -> usize {
        self.batch * self.channels * self.positions
    }
}
