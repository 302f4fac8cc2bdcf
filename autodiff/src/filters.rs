//! Kernels that find the edges of a picture, for [`Tensor::correlate2d`] and [`Tensor::convolve2d`].
//!
//! A *vertical* filter answers where brightness changes from left to right, at the vertical edges: positively
//! where the left is brighter. A *horizontal* one is its transpose, and positive where the upper side is
//! brighter. Flipping a kernel, as [`convolve2d`](Tensor::convolve2d) does, changes the sign.
//!
//! ```
//! use wengert::autodiff::filters;
//! use wengert::prelude::*;
//!
//! // Bright on the left, dark on the right: four columns see the edge in the middle.
//! let row = [10.0, 10.0, 10.0, 0.0, 0.0, 0.0];
//! let x = Tensor::<f32>::from_vec([6, 6], row.repeat(6));
//! let y = x.correlate2d(&filters::vertical_edge(), ());
//! assert_eq!(y.to_vec(), [0.0, 30.0, 30.0, 0.0].repeat(4));
//! assert_eq!(x.correlate2d(&filters::horizontal_edge(), ()).to_vec(), [0.0; 16]);
//!
//! let x = Tensor::<f32>::from_vec([6, 6], vec![
//!     1.0, 3.0, 8.0, 1.0, 7.0, 5.0, //
//!     6.0, 8.0, 8.0, 0.0, 3.0, 0.0, //
//!     3.0, 5.0, 2.0, 2.0, 7.0, 7.0, //
//!     9.0, 0.0, 0.0, 7.0, 7.0, 7.0, //
//!     3.0, 0.0, 7.0, 0.0, 2.0, 8.0, //
//!     4.0, 1.0, 6.0, 8.0, 5.0, 8.0,
//! ]);
//! let y = x.correlate2d(&filters::vertical_edge(), ());
//! assert_eq!(y.shape(), [4, 4]);
//! assert_eq!(y.view()[[0, 0]], (1.0 + 6.0 + 3.0) - (8.0 + 8.0 + 2.0));
//! ```

use crate::{Float, Tensor};

/// The 3 × 3 kernel whose columns are a, 0 and −a.
fn vertical<T: Float>([top, middle, bottom]: [f64; 3]) -> Tensor<T> {
    let rows = [top, middle, bottom].map(|a| [a, 0.0, -a].map(T::from_f64));
    Tensor::from_vec([3, 3], rows.concat())
}

/// The 3 × 3 kernel whose rows are a, 0 and −a.
fn horizontal<T: Float>([left, middle, right]: [f64; 3]) -> Tensor<T> {
    let row = |sign: f64| [left, middle, right].map(|a| T::from_f64(sign * a));
    Tensor::from_vec([3, 3], [row(1.0), row(0.0), row(-1.0)].concat())
}

/// The standard vertical filter: three rows 1, 0, −1.
pub fn vertical_edge<T: Float>() -> Tensor<T> {
    vertical([1.0, 1.0, 1.0])
}

/// The standard horizontal filter: rows of ones, zeros and minus ones.
pub fn horizontal_edge<T: Float>() -> Tensor<T> {
    horizontal([1.0, 1.0, 1.0])
}

/// Prewitt's vertical filter (Prewitt 1970, *Object enhancement and extraction*), which is the standard one.
pub fn prewitt_vertical<T: Float>() -> Tensor<T> {
    vertical_edge()
}

/// Prewitt's horizontal filter, which is the standard one.
pub fn prewitt_horizontal<T: Float>() -> Tensor<T> {
    horizontal_edge()
}

/// Sobel's vertical filter, which gives the middle row twice the weight (Sobel & Feldman 1968): rows
/// 1, 0, −1; 2, 0, −2; 1, 0, −1.
///
/// ```
/// use wengert::autodiff::filters;
///
/// let rows = [1.0, 0.0, -1.0, 2.0, 0.0, -2.0, 1.0, 0.0, -1.0];
/// assert_eq!(filters::sobel_vertical::<f32>().to_vec(), rows);
/// ```
pub fn sobel_vertical<T: Float>() -> Tensor<T> {
    vertical([1.0, 2.0, 1.0])
}

/// Sobel's horizontal filter: rows 1, 2, 1; 0, 0, 0; −1, −2, −1.
pub fn sobel_horizontal<T: Float>() -> Tensor<T> {
    horizontal([1.0, 2.0, 1.0])
}

/// Scharr's vertical filter, whose answer depends least on the direction of an edge (Scharr 2000, *Optimal
/// operators in digital image processing*): rows 3, 0, −3; 10, 0, −10; 3, 0, −3.
pub fn scharr_vertical<T: Float>() -> Tensor<T> {
    vertical([3.0, 10.0, 3.0])
}

/// Scharr's horizontal filter: rows 3, 10, 3; 0, 0, 0; −3, −10, −3.
///
/// ```
/// use wengert::autodiff::filters;
///
/// let rows = [3.0, 10.0, 3.0, 0.0, 0.0, 0.0, -3.0, -10.0, -3.0];
/// assert_eq!(filters::scharr_horizontal::<f32>().to_vec(), rows);
/// ```
pub fn scharr_horizontal<T: Float>() -> Tensor<T> {
    horizontal([3.0, 10.0, 3.0])
}
