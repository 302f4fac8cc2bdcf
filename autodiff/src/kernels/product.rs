//! Matrix products through gemm and matrixmultiply.

use gemm::Parallelism;


/// An element type with matrix products.
///
/// It is sealed with [`Float`](crate::Float); its methods are for the kernels.
pub trait Product: Sized {
    #[doc(hidden)]
    #[allow(clippy::too_many_arguments)]
    /// c ← a·b (+ c if `accumulate`) for an m×k by k×n product.
    ///
    /// # Safety
    /// Every element that the sizes and strides reach must be readable (a, b) or writable (c), and c
    /// must not overlap a or b.
    unsafe fn product(
        m: usize,
        k: usize,
        n: usize,
        a: *const Self,
        a_strides: (isize, isize),
        b: *const Self,
        b_strides: (isize, isize),
        c: *mut Self,
        c_strides: (isize, isize),
        accumulate: bool,
        parallel: bool,
    );
}

macro_rules! impl_product {
    ($t:ty) => {
        impl Product for $t {
            unsafe fn product(
                m: usize,
                k: usize,
                n: usize,
                a: *const Self,
                a_strides: (isize, isize),
                b: *const Self,
                b_strides: (isize, isize),
                c: *mut Self,
                c_strides: (isize, isize),
                accumulate: bool,
                parallel: bool,
            ) {
                let parallelism = if parallel { Parallelism::Rayon(0) } else { Parallelism::None };
                // SAFETY: the caller vouches for every element reached.
                unsafe {
                    gemm::gemm(
                        m, n, k, c, c_strides.1, c_strides.0, accumulate, a, a_strides.1, a_strides.0, b,
                        b_strides.1, b_strides.0, 1.0, 1.0, false, false, false, parallelism,
                    );
                }
            }
        }
    };
}

impl_product!(f32);
impl_product!(f64);
