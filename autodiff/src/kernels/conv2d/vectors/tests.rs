use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::*;
use crate::kernels::channels::Channels;
use crate::kernels::conv2d::portable;
use crate::kernels::conv2d::tests::{
    Kernels, UNIT, compare, compare_within, finishes, geometry, layers, random,
    same_at_any_number_of_threads, spoiled, square,
};

const WAYS: [Way; 4] = [Way::Channels, Way::Pixels, Way::Winograd(Tiles::Two), Way::Winograd(Tiles::Four)];

/// Calls `check` with the kernels of an extension: those of one way, whatever the shape, or else those that the shape
/// chooses, and the portable ones for what they leave.
fn with_kernels(by: Extension, way: Option<Way>, check: impl FnOnce(Kernels<f32>)) {
    let either = |c: &Correlation, done: &mut dyn FnMut(Way) -> bool| match way {
        Some(way) => {
            assert!(done(way));
            true
        }
        None => ways(by, c).any(done),
    };
    check((
        &|g, x, w, bias, y| {
            let c = Correlation::forward(g);
            if applies(g).is_none()
                || !either(&c, &mut |way| correlate(by, way, &c, x, w, bias, &Epilogue::NONE, y))
            {
                portable::forward(g, x, w, bias, y);
            }
        },
        &|g, dy, w, bias, dx| {
            let c = Correlation::input_gradient(g);
            if applies(g).is_none()
                || !either(&c, &mut |way| correlate(by, way, &c, dy, w, bias, &Epilogue::NONE, dx))
            {
                portable::input_gradient(g, dy, w, bias, dx);
            }
        },
        &|g, x, dy, dw| {
            let c = Correlation::forward(g);
            if applies(g).is_none() || !either(&c, &mut |way| sum_products(by, way, &c, x, dy, dw)) {
                portable::weight_gradient(g, x, dy, dw);
            }
        },
    ));
}

fn finish(g: &Conv2dGeometry, seed: u64, by: Extension, way: Way) {
    finishes(g, seed, random, &|g, x, w, bias, epilogue, y| {
        assert!(correlate(by, way, &Correlation::forward(g), x, w, bias, epilogue, y));
    });
}

/// Kernels of 3×3 with stride 1 and channels enough for Winograd's convolution.
fn three_by_three() -> impl Strategy<Value = Conv2dGeometry> {
    let axis = || (1usize..22, 0usize..4, prop_oneof![2 => Just(0), 1 => -2isize..3]);
    let sizes = (1usize..4, 1usize..3, 16usize..36, 16usize..70);
    (sizes, axis(), axis()).prop_filter_map("the window must fit", |(sizes, rows, columns)| {
        let (batch, groups, in_group, out_group) = sizes;
        let output = |(n, padding, more): (usize, usize, isize)| {
            (n + 2 * padding).checked_sub(2)?.checked_add_signed(more).filter(|&n| n > 0)
        };
        Some(Conv2dGeometry {
            batch,
            in_channels: groups * in_group,
            height: rows.0,
            width: columns.0,
            out_channels: groups * out_group,
            kernel: [3, 3],
            padding: [rows.1, columns.1],
            output: [output(rows)?, output(columns)?],
            groups,
            ..UNIT
        })
    })
}

proptest! {
    // The widest extension has more by the tests of what is chosen.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_extension_follows_the_formula(g in geometry(), seed: u64) {
        for by in Extension::available() {
            for way in [Way::Channels, Way::Pixels] {
                with_kernels(by, Some(way), |kernels| compare(&g, seed, random, kernels));
            }
            with_kernels(by, None, |kernels| compare(&g, seed, spoiled, kernels));
        }
    }

    #[test]
    fn every_extension_finishes_its_results(g in geometry(), seed: u64) {
        if applies(&g).is_some() {
            for by in Extension::available() {
                for way in [Way::Channels, Way::Pixels] {
                    finish(&g, seed, by, way);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn winograd_follows_the_formula(g in three_by_three(), seed: u64) {
        for by in Extension::available() {
            with_kernels(by, Some(Way::Winograd(Tiles::Two)), |kernels| compare(&g, seed, random, kernels));
            // Its rounding does not fall with the number of terms.
            with_kernels(by, Some(Way::Winograd(Tiles::Four)), |kernels| {
                compare_within(&g, seed, random, kernels, 64);
            });
            with_kernels(by, None, |kernels| compare_within(&g, seed, spoiled, kernels, 64));
            // Winograd's finishes what it must leave to others then.
            finishes(&g, seed, spoiled, &|g, x, w, bias, epilogue, y| {
                let c = Correlation::forward(g);
                if !ways(by, &c).any(|way| correlate(by, way, &c, x, w, bias, epilogue, y)) {
                    portable::forward(g, x, w, bias, y);
                    let [p, q] = g.output;
                    epilogue.finish_all(Channels { batch: g.batch, channels: g.out_channels, positions: p * q }, y);
                }
            });
            finish(&g, seed, by, Way::Winograd(Tiles::Two));
            finish(&g, seed, by, Way::Winograd(Tiles::Four));
        }
    }
}

#[test]
fn layers_follow_the_formula_with_the_same_bits_at_any_number_of_threads() {
    // The widest extension is that of the tests without a name for it.
    for by in Extension::available().skip(1) {
        for (seed, g) in layers().iter().enumerate() {
            with_kernels(by, None, |kernels| {
                compare::<f32>(g, seed as u64, random, kernels);
                same_at_any_number_of_threads(g, seed as u64, kernels);
            });
        }
    }
}

/// The error of `found`, and the greatest, as shares of the root mean square of `exact`.
fn errors(found: &[f32], exact: &[f64]) -> (f64, f64) {
    let mean_square = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>() / exact.len() as f64;
    let differences = || found.iter().zip(exact).map(|(&x, &y)| f64::from(x) - y);
    let size = mean_square(&mut exact.iter().copied()).sqrt();
    let greatest = differences().map(f64::abs).fold(0.0, f64::max);
    (mean_square(&mut differences()).sqrt() / size, greatest / size)
}

/// Single precision against double, every way to compute: of uniform data, as a table that `--nocapture` shows.
#[test]
fn every_way_is_as_exact_as_single_precision() {
    println!("| shape | way | y: rms, max | dx | dw |\n| --- | --- | --- | --- | --- |");
    let each = Extension::available().flat_map(|by| WAYS.map(|way| (by, way))).map(Some);
    let each: Vec<_> = [None].into_iter().chain(each).collect();
    // Of the last, the weight gradient is made in several pieces of one picture.
    let layers = [(1, 16, 32), (1, 64, 56), (1, 128, 28), (1, 256, 14), (2, 512, 7), (1, 64, 130)];
    for (seed, (batch, channels, size)) in layers.into_iter().enumerate() {
        let g = square(batch, channels, channels, size, 3, 1, 1);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed as u64);
        let (x, w): (Vec<f32>, _) = (random(g.input_len(), rng), random::<f32>(g.weight_len(), rng));
        let dy: Vec<f32> = random(g.output_len(), rng);
        let double = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let (x64, w64, dy64) = (double(&x), double(&w), double(&dy));
        let mut exact = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        portable::forward(&g, &x64, &w64, None, &mut exact.0);
        portable::input_gradient(&g, &dy64, &w64, None, &mut exact.1);
        portable::weight_gradient(&g, &x64, &dy64, &mut exact.2);
        for way in &each {
            let mut found = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
            let mut run = |(forward, input_gradient, weight_gradient): Kernels<f32>| {
                forward(&g, &x, &w, None, &mut found.0);
                input_gradient(&g, &dy, &w, None, &mut found.1);
                weight_gradient(&g, &x, &dy, &mut found.2);
            };
            match *way {
                Some((by, way)) => with_kernels(by, Some(way), run),
                None => run((&portable::forward, &portable::input_gradient, &portable::weight_gradient)),
            }
            let all = [errors(&found.0, &exact.0), errors(&found.1, &exact.1), errors(&found.2, &exact.2)];
            let name = way.map_or("unfolded".to_owned(), |(by, way)| format!("{by:?}, {way:?}"));
            let cells = all.map(|(mean, greatest)| format!("{mean:.1e}, {greatest:.1e}")).join(" | ");
            println!("| {channels} @ {size} | {name} | {cells} |");
            for (mean, greatest) in all {
                assert!(mean < 5e-6 && greatest < 5e-5, "{name}, {g:?}: {mean:.1e}, {greatest:.1e}");
            }
        }
    }
}
