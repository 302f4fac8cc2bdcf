//! The error function, its complement, and the normal distribution, without branches.
//!
//! Near 0, erf x = x + x·R(x²). Elsewhere erfc x = e^(−x²)·P(t)/(k + x) with t = (k − x)/(k + x), which brings the
//! rest of the axis into (−1, 1): (k + x)·e^(x²)·erfc x is smooth up to infinity, so that a polynomial in t of
//! moderate degree is enough. Both polynomials were fitted with forty digits for the smallest error. Where they
//! overlap, each function takes the one whose error counts for less. The square of x is taken with the part that
//! its rounding loses, which e^(−x²) would magnify.

use super::math::Math;

/// The polynomial with these coefficients, the highest first.
macro_rules! polynomial {
    ($x:expr, $highest:expr, $($coefficient:expr),+) => {{
        let (x, mut sum) = ($x, $highest);
        $(sum = sum * x + $coefficient;)+
        sum
    }};
}

/// What is needed of an element type: the functions on x ≥ 0.
macro_rules! error_function {
    ($float:ty, high bits $mask:expr, zero from $zero:expr, near [$($near:expr),+], k $k:expr, far [$($far:expr),+]) => {
        /// (erf x where |x| < 1, erfc |x| where |x| ≥ ½, e^(−x²)).
        #[inline(always)]
        fn parts(x: $float) -> ($float, $float, $float) {
            let z = x * x;
            let near = x + x * polynomial!(z, $($near),+);
            let x = x.abs();
            let x = if x > $zero { $zero } else { x };
            let square = x * x;
            // x = high + low, with a high part so short that its square is exact.
            let high = <$float>::from_bits(x.to_bits() & $mask);
            let low = x - high;
            let lost = ((high * high - square) + 2.0 * high * low) + low * low;
            let gauss = (-square).vexp();
            let gauss = gauss - gauss * lost;
            let r = 1.0 / (x + $k);
            (near, gauss * (r * polynomial!(($k - x) * r, $($far),+)), gauss)
        }

        #[inline(always)]
        pub(in crate::kernels) fn erf(x: $float) -> $float {
            let (near, far, _) = parts(x);
            if x.abs() < 1.0 { near } else { (1.0 - far).copysign(x) }
        }

        #[inline(always)]
        pub(in crate::kernels) fn erfc(x: $float) -> $float {
            let (near, far, _) = parts(x);
            let far = if x < 0.0 { 2.0 - far } else { far };
            if x.abs() < 0.5 { 1.0 - near } else { far }
        }

        /// Φ(x) = ½ erfc(−x/√2) and φ(x) = e^(−x²/2)/√(2π).
        #[inline(always)]
        pub(in crate::kernels) fn normal(x: $float) -> ($float, $float) {
            use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};
            let z = x * FRAC_1_SQRT_2 as $float;
            let (near, far, gauss) = parts(z);
            let tail = 0.5 * far;
            let far = if x < 0.0 { tail } else { 1.0 - tail };
            let below = if z.abs() < 0.5 { 0.5 + 0.5 * near } else { far };
            (below, gauss * (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2) as $float)
        }
    };
}

pub(super) mod single {
    use super::Math;

    error_function!(
        f32, high bits !0xFFF, zero from 11.0,
        near [7.875875e-05, -0.00080168643, 0.0051890872, -0.026854211, 0.11283594, -0.37612626, 0.12837917],
        k 2.25, far [
            -0.00023839042, 9.562017e-05, 0.0016193955, -0.0008014226, -0.011656364, -0.0036103448,
            0.10121029, 0.37151745, 0.751959, 1.0398927
        ]
    );
}

pub(super) mod double {
    use super::Math;

    error_function!(
        f64, high bits !0x7FF_FFFF, zero from 28.0,
        near [
            -7.795898827002142e-10, 1.3720064546777686e-08, -1.6208483801871705e-07, 1.6447424703317362e-06,
            -1.492473690741966e-05, 0.00012055294904839707, -0.0008548325975389692, 0.0052239776071164225,
            -0.02686617064323777, 0.11283791670945006, -0.37612638903183543, 0.12837916709551256
        ],
        k 3.5, far [
            9.777366193770732e-09, 1.1846006657930113e-08, -8.55863704861145e-08, -1.033982116640224e-07,
            5.530329104219249e-07, 7.8723494576172e-07, -3.393710687264369e-06, -7.2401442253943186e-06,
            1.864787939732708e-05, 7.477597536769883e-05, -4.206234037170607e-05, -0.0007145314924362251,
            -0.0013053546644060292, 0.003177050322674302, 0.02651861987919465, 0.0923187066396039,
            0.22573862164752437, 0.43525602671686087, 0.6941136466346424, 0.9377997245671122,
            1.08705558926226
        ]
    );
}
