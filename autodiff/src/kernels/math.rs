//! Elementary functions without branches, tables or calls, so that loops over them vectorize.
//!
//! The `f32` functions that training calls most (exp, tanh, sigmoid) stay in single precision, with
//! constants split so that the reduced argument is exact. The others compute in `f64`, where a short series
//! leaves an error near half a unit in the last place of the `f32` result.
//!
//! The methods begin with `v` (for vector) so that they are never taken for those of `num_traits::Float`.

use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

use super::erf::{double, single};

/// Elementary functions of an element type, accurate to two units in the last place; [`verfc`](Self::verfc) and the
/// `f64` error functions to a few more.
pub trait Math: Sized {
    /// eˣ.
    #[doc(hidden)]
    fn vexp(self) -> Self;
    /// eˣ − 1, exact to the last places near 0.
    #[doc(hidden)]
    fn vexp_m1(self) -> Self;
    /// ln x.
    #[doc(hidden)]
    fn vln(self) -> Self;
    /// ln(1 + x), exact to the last places near 0.
    #[doc(hidden)]
    fn vln_1p(self) -> Self;
    /// log₂ x.
    #[doc(hidden)]
    fn vlog2(self) -> Self;
    /// log₁₀ x.
    #[doc(hidden)]
    fn vlog10(self) -> Self;
    /// tanh x.
    #[doc(hidden)]
    fn vtanh(self) -> Self;
    /// σ(x) = 1/(1 + e⁻ˣ).
    #[doc(hidden)]
    fn vsigmoid(self) -> Self;
    /// ln(1 + eˣ).
    #[doc(hidden)]
    fn vsoftplus(self) -> Self;
    /// erf x = 2/√π ∫₀ˣ e^(−t²) dt.
    #[doc(hidden)]
    fn verf(self) -> Self;
    /// 1 − erf x, with all its digits where it is small.
    #[doc(hidden)]
    fn verfc(self) -> Self;
    /// The normal distribution: Φ(x), with its digits where it is small, and its density φ(x).
    #[doc(hidden)]
    fn vnormal(self) -> (Self, Self);
    /// The nearest whole number; halves go to the even one.
    #[doc(hidden)]
    fn vround(self) -> Self;
}

/// 1.5·2⁵²: added to a small number, it leaves the nearest integer in the low bits.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// (eʳ − 1, 2ⁿ) with x = n·ln 2 + r, |r| ≤ ln 2 / 2, for |x| ≤ 700.
#[inline(always)]
fn exp_parts(x: f64) -> (f64, f64) {
    let shifted = x * LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let scale = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    let r = x - n * LN_2;
    // Taylor's series: the first term left out is below 2⁻³³ of the sum.
    let mut p = 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5_040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    (r + r * r * p, scale)
}

/// (eʳ, n) with x = n·ln 2 + r, |r| ≤ ln 2 / 2, for |x| ≤ 128.
#[inline(always)]
fn exp_parts_f32(x: f32) -> (f32, i32) {
    // 1.5·2²³, whose sum with n has n in its low bits; subtracting its bits leaves n.
    const ROUNDER: f32 = 12_582_912.0;
    // ln 2 in two parts, the first short enough that its products with n are exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (LN_2 - 355.0 / 512.0) as f32;
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let (high, low) = (x - n * LN_2_HIGH, n * LN_2_LOW);
    let r = high - low;
    // (eʳ − 1 − r)/r², fitted on the interval for the smallest relative error of eʳ, 3·10⁻⁹.
    let mut q = 0.001_381_446_7_f32;
    q = q * r + 0.008_368_78;
    q = q * r + 0.041_668_394;
    q = q * r + 0.166_665_2;
    q = q * r + 0.499_999_93;
    // eʳ = 1 + r + r²q; what is lost in rounding r and 1 + r goes to the small term.
    let lost_by_r = (high - r) - low;
    let sum = 1.0 + r;
    let lost_by_sum = r - (sum - 1.0);
    let power = sum + (r * r * q + (lost_by_r + lost_by_sum));
    (power, shifted.to_bits().wrapping_sub(ROUNDER.to_bits()) as i32)
}

/// 2ⁿ of a normal float.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -104.5 { -104.5 } else { x };
    let (power, n) = exp_parts_f32(x);
    // In two halves, since 2ⁿ itself need not be a normal float.
    let half = n >> 1;
    power * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// x within ±`limit`; NaN stays.
#[inline(always)]
fn clamp(x: f64, limit: f64) -> f64 {
    let x = if x > limit { limit } else { x };
    if x < -limit { -limit } else { x }
}

#[inline(always)]
fn exp(x: f64) -> f64 {
    let (p, scale) = exp_parts(clamp(x, 200.0));
    scale + scale * p
}

#[inline(always)]
fn exp_m1(x: f64) -> f64 {
    let (p, scale) = exp_parts(clamp(x, 200.0));
    scale * p + (scale - 1.0)
}

/// ln x of a normal positive x; wrong elsewhere.
#[inline(always)]
fn ln_positive(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const ONE: u64 = 0x3FF0_0000_0000_0000;
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    // x = 2ᵏ·m, m in [√½, √2); k is turned into a float by putting it below the bits of 2⁵².
    let bits = x.to_bits();
    let exponent = bits.wrapping_add(ONE - SQRT_HALF) >> 52;
    let k = f64::from_bits(TWO_52 | exponent) - (4_503_599_627_370_496.0 + 1023.0);
    let m = f64::from_bits(bits.wrapping_sub(exponent << 52).wrapping_add(ONE));
    // ln m = 2 artanh s.
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut p = 2.0 / 15.0;
    p = p * z + 2.0 / 13.0;
    p = p * z + 2.0 / 11.0;
    p = p * z + 2.0 / 9.0;
    p = p * z + 2.0 / 7.0;
    p = p * z + 2.0 / 5.0;
    p = p * z + 2.0 / 3.0;
    k * LN_2 + (2.0 * s + s * z * p)
}

#[inline(always)]
fn ln(x: f64) -> f64 {
    let y = ln_positive(x);
    let y = if x < f64::INFINITY { y } else { x }; // also NaN
    let y = if x == 0.0 { f64::NEG_INFINITY } else { y };
    if x < 0.0 { f64::NAN } else { y }
}

/// ln(1 + x) of an `f32` x.
#[inline(always)]
fn ln_1p(x: f64) -> f64 {
    // What the sum 1 + x loses is not 0 for tiny x only, where the derivative of ln is 1.
    let u = 1.0 + x;
    let lost = x - (u - 1.0);
    let y = ln(u);
    if u < f64::INFINITY { y + lost } else { y }
}

impl Math for f32 {
    #[inline(always)]
    fn vexp(self) -> f32 {
        exp_f32(self)
    }

    #[inline(always)]
    fn vexp_m1(self) -> f32 {
        let y = exp_m1(f64::from(self)) as f32;
        if self == 0.0 { self } else { y }
    }

    #[inline(always)]
    fn vln(self) -> f32 {
        ln(f64::from(self)) as f32
    }

    #[inline(always)]
    fn vln_1p(self) -> f32 {
        let y = ln_1p(f64::from(self)) as f32;
        if self == 0.0 { self } else { y }
    }

    #[inline(always)]
    fn vlog2(self) -> f32 {
        (ln(f64::from(self)) * LOG2_E) as f32
    }

    #[inline(always)]
    fn vlog10(self) -> f32 {
        (ln(f64::from(self)) * LOG10_E) as f32
    }

    #[inline(always)]
    fn vtanh(self) -> f32 {
        // Near 0 an odd polynomial, fitted for a relative error of 10⁻⁹; else 1 − 2E/(1 + E), E = e^(−2|x|).
        let x = self.abs();
        let z = x * x;
        let mut near = -0.006_187_885_f32;
        near = near * z + 0.021_013_756;
        near = near * z - 0.053_839_125;
        near = near * z + 0.133_324_7;
        near = near * z - 0.333_333_14;
        let near = x + x * z * near;
        let bounded = if x > 20.0 { 20.0 } else { x };
        let (power, n) = exp_parts_f32(-2.0 * bounded);
        let power = power * power_of_two(n);
        let far = 1.0 - (2.0 * power) / (1.0 + power);
        (if x < 0.5625 { near } else { far }).copysign(self)
    }

    #[inline(always)]
    fn vsigmoid(self) -> f32 {
        // e to a negative power never overflows, and keeps the digits of small results.
        let e = exp_f32(-self.abs());
        // With q = e/(1 + e), σ(−|x|) = q = e − eq and σ(|x|) = 1 − q: the errors of q count for little.
        let q = e / (1.0 + e);
        let near = if self < 0.0 { e } else { 1.0 };
        near - near * q
    }

    #[inline(always)]
    fn vsoftplus(self) -> f32 {
        let x = f64::from(self);
        let e = exp(-x.abs());
        let u = 1.0 + e;
        let tail = ln_positive(u) + (e - (u - 1.0));
        ((if x < 0.0 { 0.0 } else { x }) + tail) as f32
    }

    #[inline(always)]
    fn verf(self) -> f32 {
        single::erf(self)
    }

    #[inline(always)]
    fn verfc(self) -> f32 {
        single::erfc(self)
    }

    #[inline(always)]
    fn vnormal(self) -> (f32, f32) {
        single::normal(self)
    }

    #[inline(always)]
    fn vround(self) -> f32 {
        self.round_ties_even()
    }
}

impl Math for f64 {
    #[inline(always)]
    fn vexp(self) -> f64 {
        self.exp()
    }

    #[inline(always)]
    fn vexp_m1(self) -> f64 {
        self.exp_m1()
    }

    #[inline(always)]
    fn vln(self) -> f64 {
        self.ln()
    }

    #[inline(always)]
    fn vln_1p(self) -> f64 {
        self.ln_1p()
    }

    #[inline(always)]
    fn vlog2(self) -> f64 {
        self.log2()
    }

    #[inline(always)]
    fn vlog10(self) -> f64 {
        self.log10()
    }

    #[inline(always)]
    fn vtanh(self) -> f64 {
        self.tanh()
    }

    #[inline(always)]
    fn vsigmoid(self) -> f64 {
        let e = (-self.abs()).exp();
        (if self < 0.0 { e } else { 1.0 }) / (1.0 + e)
    }

    #[inline(always)]
    fn vsoftplus(self) -> f64 {
        self.max(0.0) + (-self.abs()).exp().ln_1p()
    }

    #[inline(always)]
    fn verf(self) -> f64 {
        double::erf(self)
    }

    #[inline(always)]
    fn verfc(self) -> f64 {
        double::erfc(self)
    }

    #[inline(always)]
    fn vnormal(self) -> (f64, f64) {
        double::normal(self)
    }

    #[inline(always)]
    fn vround(self) -> f64 {
        self.round_ties_even()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pair = (&'static str, fn(f32) -> f32, fn(f64) -> f64);

    fn functions() -> [Pair; 11] {
        [
            ("exp", Math::vexp, f64::exp),
            ("exp_m1", Math::vexp_m1, f64::exp_m1),
            ("ln", Math::vln, f64::ln),
            ("ln_1p", Math::vln_1p, f64::ln_1p),
            ("tanh", Math::vtanh, f64::tanh),
            ("sigmoid", Math::vsigmoid, Math::vsigmoid),
            ("softplus", Math::vsoftplus, Math::vsoftplus),
            ("log2", Math::vlog2, f64::log2),
            ("log10", Math::vlog10, f64::log10),
            ("erf", Math::verf, Math::verf),
            // Turned round, so that it grows as the others do.
            ("erfc", |x| (-x).verfc(), |x| (-x).verfc()),
        ]
    }

    /// Distance in units in the last place of the `f32` next to the exact value.
    fn ulps(got: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        if got == rounded || (got.is_nan() && exact.is_nan()) {
            return 0.0;
        }
        if !got.is_finite() || !rounded.is_finite() {
            return f64::INFINITY;
        }
        let ulp = f64::from(rounded.abs().next_up()) - f64::from(rounded.abs());
        (f64::from(got) - exact).abs() / ulp
    }

    #[test]
    fn f32_functions_are_within_a_few_ulps_everywhere() {
        for (name, f, exact) in functions() {
            let mut worst = (0.0, 0.0);
            // Every 977th bit pattern: all exponents, both signs, subnormals, infinities and NaN.
            for bits in (0..=u32::MAX).step_by(977) {
                let x = f32::from_bits(bits);
                let error = ulps(f(x), exact(f64::from(x)));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            // Densely where the functions bend.
            for i in -400_000..=400_000 {
                let x = i as f32 * 2.6e-4;
                let error = ulps(f(x), exact(f64::from(x)));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            let allowed = if name == "erfc" { 5.0 } else { 2.0 };
            assert!(worst.0 <= allowed, "{name}({}) is off by {} ulp", worst.1, worst.0);
        }
    }

    /// x, erf x and erfc x, computed with sixty digits.
    #[rustfmt::skip]
    const ERROR_FUNCTION: [(f64, f64, f64); 25] = [
        (1e-300, 1.1283791670955126e-300, 1.0),
        (1e-09, 1.1283791670955127e-09, 0.9999999988716208),
        (0.0625, 0.07043197772238707, 0.9295680222776129),
        (0.3, 0.3286267594591274, 0.6713732405408726),
        (0.4999, 0.5204119951613866, 0.4795880048386134),
        (0.5, 0.5204998778130465, 0.4795001221869535),
        (0.625, 0.623240882188418, 0.376759117811582),
        (0.8, 0.7421009647076605, 0.2578990352923395),
        (1.0, 0.8427007929497149, 0.15729920705028513),
        (1.3, 0.9340079449406524, 0.06599205505934755),
        (1.75, 0.9866716712191824, 0.013328328780817557),
        (2.0, 0.9953222650189527, 0.004677734981047266),
        (2.7, 0.9998656672600594, 0.0001343327399405242),
        (3.3, 0.9999969422902035, 3.0577097964381654e-06),
        (4.0, 0.9999999845827421, 1.541725790028002e-08),
        (5.1, 0.9999999999994507, 5.49382021755532e-13),
        (6.0, 1.0, 2.1519736712498913e-17),
        (8.25, 1.0, 1.8735664705504997e-31),
        (10.0, 1.0, 2.088487583762545e-45),
        (13.5, 1.0, 2.949433113257988e-81),
        (17.0, 1.0, 1.0212280150942608e-127),
        (20.0, 1.0, 5.395865611607901e-176),
        (23.3, 1.0, 4.069478844476608e-238),
        (25.0, 1.0, 8.300172571196523e-274),
        (26.5, 1.0, 2.2109076642637343e-307),
    ];

    #[test]
    fn the_error_function_is_within_four_ulps() {
        let off = |got: f64, exact: f64| (got - exact).abs() / (exact.next_up() - exact);
        for (x, erf, erfc) in ERROR_FUNCTION {
            let errors = [off(x.verf(), erf), off(x.verfc(), erfc), off((-x).verfc(), 1.0 + erf)];
            assert!(errors.iter().all(|&e| e <= 4.0), "at {x}: off by {errors:?} ulp");
            assert_eq!((-x).verf(), -x.verf());
            // x/√2 is rounded, and the tail magnifies that by x².
            let tolerance = (4.0 + 4.0 * x * x) * f64::EPSILON;
            let (below, density) = (-x * std::f64::consts::SQRT_2).vnormal();
            assert!((below / (0.5 * erfc) - 1.0).abs() <= tolerance, "Φ(−√2·{x}) = {below}");
            let expected = (-x * x).exp() / std::f64::consts::TAU.sqrt();
            assert!((density / expected - 1.0).abs() <= tolerance, "φ(√2·{x}) = {density}");
        }
        const INF: f64 = f64::INFINITY;
        assert_eq!([INF.verf(), (-INF).verf(), INF.verfc(), (-INF).verfc()], [1.0, -1.0, 0.0, 2.0]);
        assert_eq!([INF.vnormal(), (-INF).vnormal()], [(1.0, 0.0), (0.0, 0.0)]);
        assert!(
            (-0.0f64).verf().is_sign_negative() && f64::NAN.verfc().is_nan() && f64::NAN.vnormal().0.is_nan()
        );
        assert_eq!([5e-324f64.verf(), 5e-324f64.verfc()], [5e-324, 1.0]);
    }

    #[test]
    fn limits() {
        const INF: f32 = f32::INFINITY;
        for (name, f, _) in functions() {
            assert!(f(f32::NAN).is_nan(), "{name}(NaN)");
        }
        assert_eq!(
            [1.0f32.vexp(), 0.0f32.vexp(), (-INF).vexp(), INF.vexp()],
            [std::f32::consts::E, 1.0, 0.0, INF]
        );
        assert_eq!([88.73f32.vexp(), (-104.0f32).vexp()], [INF, 0.0]);
        assert!((-103.0f32).vexp() > 0.0, "subnormal results are kept");
        assert_eq!([1.0f32.vln(), 0.0f32.vln(), (-0.0f32).vln(), INF.vln()], [0.0, -INF, -INF, INF]);
        assert!((-1.0f32).vln().is_nan() && (-INF).vln().is_nan());
        assert_eq!([(-1.0f32).vln_1p(), INF.vln_1p()], [-INF, INF]);
        assert!((-1.5f32).vln_1p().is_nan());
        assert_eq!([(-INF).vexp_m1(), INF.vexp_m1()], [-1.0, INF]);
        assert_eq!([(-INF).vtanh(), INF.vtanh(), 20.0f32.vtanh()], [-1.0, 1.0, 1.0]);
        assert_eq!([(-INF).vsigmoid(), INF.vsigmoid(), 0.0f32.vsigmoid()], [0.0, 1.0, 0.5]);
        assert_eq!([(-INF).vsoftplus(), INF.vsoftplus(), 100.0f32.vsoftplus()], [0.0, INF, 100.0]);
        for f in [Math::vtanh, Math::vexp_m1, Math::vln_1p] as [fn(f32) -> f32; 3] {
            assert!(f(0.0).to_bits() == 0 && f(-0.0).to_bits() == 1 << 31, "the sign of zero is kept");
        }
        assert_eq!([(-745.0f64).vsigmoid(), (-f64::INFINITY).vsigmoid()], [5e-324, 0.0]);
        assert_eq!([1e300f64.vsoftplus(), (-1e300f64).vsoftplus()], [1e300, 0.0]);
        assert!(f64::NAN.vsoftplus().is_nan() && f64::NAN.vsigmoid().is_nan());
    }

    #[test]
    fn no_steps_near_the_cutoffs() {
        // Rounding may let a result fall back by one place, a bad seam by more.
        for (name, f, _) in functions() {
            for center in [
                -104.0f32, -87.4, -20.0, -9.01, -0.5625, -0.5, -0.3466, 0.3466, 0.5, 0.5625, 1.0, 9.01, 20.0,
                88.7,
            ] {
                let mut x = center - 0.01 * center.abs();
                let mut last = f(x);
                for _ in 0..20_000 {
                    x = x.next_up();
                    let y = f(x);
                    assert!(last.is_nan() || y >= last.next_down(), "{name} falls at {x}: {last} then {y}");
                    last = y;
                }
            }
        }
    }

    #[test]
    fn vector_and_scalar_code_give_the_same_bits() {
        let x: Vec<f32> = (0..50_000).map(|i| f32::from_bits(i * 85_899)).collect();
        for (name, f, _) in functions() {
            let plain: Vec<u32> = x.iter().map(|&x| f(x).to_bits()).collect();
            let mut out = vec![0.0; x.len()];
            match name {
                "exp" => super::super::vector::map(&x, &mut out, Math::vexp),
                "exp_m1" => super::super::vector::map(&x, &mut out, Math::vexp_m1),
                "ln" => super::super::vector::map(&x, &mut out, Math::vln),
                "ln_1p" => super::super::vector::map(&x, &mut out, Math::vln_1p),
                "tanh" => super::super::vector::map(&x, &mut out, Math::vtanh),
                "sigmoid" => super::super::vector::map(&x, &mut out, Math::vsigmoid),
                "softplus" => super::super::vector::map(&x, &mut out, Math::vsoftplus),
                "log2" => super::super::vector::map(&x, &mut out, Math::vlog2),
                "log10" => super::super::vector::map(&x, &mut out, Math::vlog10),
                "erf" => super::super::vector::map(&x, &mut out, Math::verf),
                _ => super::super::vector::map(
                    &x,
                    &mut out,
                    #[inline(always)]
                    |x| (-x).verfc(),
                ),
            }
            for ((&x, &p), o) in x.iter().zip(&plain).zip(&out) {
                assert!(p == o.to_bits() || o.is_nan(), "{name}({x})");
            }
        }
    }
}
