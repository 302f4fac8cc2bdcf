//! Many pictures on one sheet.

use crate::transform;
use autodiff::Tensor;
use ndarray::{Array3, Axis, s};

/// Pictures side by side in rows, as torchvision's `make_grid`.
///
/// | | default |
/// | --- | --- |
/// | [`columns`](Self::columns) | 8 pictures a row (torchvision's `nrow`) |
/// | [`padding`](Self::padding) | 2 pixels around each |
/// | [`fill`](Self::fill) | 0: the gaps and the places that stay empty are black |
///
/// ```
/// use wengert::data::{digits, picture::Grid};
///
/// let sheet = Grid::new().columns(10).padding(1).layout(&digits().to_batch().inputs);
/// assert_eq!(sheet.shape(), [1, 180 * 9 + 1, 10 * 9 + 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    columns: usize,
    padding: usize,
    fill: f32,
}

impl Default for Grid {
    fn default() -> Self {
        Self::new()
    }
}

impl Grid {
    /// Without options.
    pub const fn new() -> Self {
        Self { columns: 8, padding: 2, fill: 0.0 }
    }

    /// The most pictures in a row.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub const fn columns(mut self, columns: usize) -> Self {
        assert!(columns > 0, "Grid: rows of 0 pictures");
        self.columns = columns;
        self
    }

    /// The pixels between two pictures, and around all.
    pub const fn padding(mut self, padding: usize) -> Self {
        self.padding = padding;
        self
    }

    /// The value where there is no picture.
    pub const fn fill(mut self, fill: f32) -> Self {
        self.fill = fill;
        self
    }

    /// The sheet of pictures `[n, c, h, w]`: `[c, rows·(h + padding) + padding, columns·(w + padding) + padding]`.
    /// No pictures give a sheet of no rows and no columns.
    ///
    /// # Panics
    /// If they have another rank.
    #[track_caller]
    pub fn layout(&self, pictures: &Tensor<f32>) -> Tensor<f32> {
        let pictures = transform::pictures("Grid", pictures.view());
        let (n, c, h, w) = pictures.dim();
        let columns = self.columns.min(n);
        let rows = n.div_ceil(self.columns);
        let (down, across) = (h + self.padding, w + self.padding);
        let size = (rows * down + self.padding, columns * across + self.padding);
        let mut sheet = Array3::from_elem((c, size.0, size.1), self.fill);
        for (i, picture) in pictures.axis_iter(Axis(0)).enumerate() {
            let (top, left) =
                (self.padding + i / self.columns * down, self.padding + i % self.columns * across);
            sheet.slice_mut(s![.., top..top + h, left..left + w]).assign(&picture);
        }
        sheet.into()
    }
}
