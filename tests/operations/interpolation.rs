//! Rows: interpolation, to larger and smaller sizes.

use std::array;

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, up_to};

/// Inputs [N, C, …] of `D` axes more, and what they are resampled to.
fn resized<const D: usize>(mode: Interpolation) -> impl Strategy<Value = Plan<Interpolate>> {
    let batch = prop_oneof![6 => 1..=2usize, 1 => Just(0)];
    let size = || up_to([7, 5, 3][D - 1], [3000, 70, 18][D - 1]);
    let sizes: [_; D] = array::from_fn(|_| size());
    // Results from half to twice as long.
    let ratios: [_; D] = array::from_fn(|_| 0.5..2.0f64);
    let flags = (any::<bool>(), any::<bool>(), 0..4u8);
    (batch, up_to(2, 20), sizes, ratios, flags).prop_map(
        move |(n, c, size, ratios, (align, recompute, to))| {
            let m = array::from_fn::<_, D, _>(|a| ((size[a] as f64 * ratios[a]) as usize).max(1));
            // A factor that leaves something of each axis.
            let factors: [f64; D] = array::from_fn(|a| ratios[a].max(1.0 / size[a] as f64));
            let most = factors.iter().fold(0.0f64, |most, &factor| most.max(factor));
            let interpolate = match to {
                0 => Interpolate::size(m),
                1 => Interpolate::size(m[0]),
                2 => Interpolate::scale_factor(factors).recompute_scale_factor(recompute),
                _ => Interpolate::scale_factor(most).recompute_scale_factor(recompute),
            };
            let smooth =
                !matches!(mode, Interpolation::Nearest | Interpolation::NearestExact | Interpolation::Area);
            let mut x = vec![n, c];
            x.extend(size);
            (vec![x], interpolate.mode(mode).align_corners(align && smooth))
        },
    )
}

macro_rules! rows {
    ($($name:ident: $dims:literal, $mode:ident;)*) => {$(
        row!($name, cases(resized::<$dims>(Interpolation::$mode), -2.0..=2.0), |x, to: Interpolate| {
            x[0].interpolate(to.clone())
        });
    )*};
}

rows! {
    nearest1d: 1, Nearest;
    nearest2d: 2, Nearest;
    nearest3d: 3, Nearest;
    nearest_exact1d: 1, NearestExact;
    nearest_exact2d: 2, NearestExact;
    nearest_exact3d: 3, NearestExact;
    linear: 1, Linear;
    bilinear: 2, Bilinear;
    trilinear: 3, Trilinear;
    bicubic: 2, Bicubic;
    area1d: 1, Area;
    area2d: 2, Area;
    area3d: 3, Area;
}

#[test]
fn nearest_neighbours_are_exact() {
    for n in 1..40usize {
        let x = Tensor::<f32>::from_vec([1, 1, n], (0..n).map(|i| i as f32).collect());
        let resized = |to: Interpolate| x.interpolate(to).to_vec();
        for m in 1..130 {
            let floor: Vec<f32> = (0..m).map(|i| (i * n / m) as f32).collect();
            assert_eq!(resized(Interpolate::size(m)), floor, "{n} to {m}");
            let exact = Interpolate::size(m).mode(Interpolation::NearestExact);
            let middle: Vec<f32> = (0..m).map(|i| ((2 * i + 1) * n / (2 * m)) as f32).collect();
            assert_eq!(resized(exact), middle, "{n} to {m}");
        }
        for factor in 1..60 {
            let repeated: Vec<f32> = (0..n * factor).map(|i| (i / factor) as f32).collect();
            assert_eq!(resized(Interpolate::scale_factor(factor as f64)), repeated, "{n} times {factor}");
        }
    }
}

#[test]
fn an_area_is_an_adaptive_average() {
    let x = Tensor::<f64>::from_vec([1, 2, 5, 7], (0..70).map(|i| f64::from(i * i % 31)).collect());
    let area = x.interpolate(Interpolate::size([3, 4]).mode(Interpolation::Area)).to_vec();
    let pooled = x.adaptive_avg_pool2d([3, 4]).to_vec();
    assert!(area.iter().zip(pooled).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn cubic_interpolation_overshoots() {
    let x = Tensor::<f64>::from_vec([1, 1, 1, 6], vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    let y = x.interpolate(Interpolate::size([1, 12]).mode(Interpolation::Bicubic)).to_vec();
    assert!(y.iter().any(|&y| y < -0.05) && y.iter().any(|&y| y > 1.05), "{y:?}");
}
