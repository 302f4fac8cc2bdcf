//! Random draws, for dropout and randomized slopes: what an element gets depends on nothing but a seed, a draw number
//! and its place.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use rayon::prelude::*;

use super::parallel::worthwhile;
use super::simd::vectorized;
use crate::Float;

/// Elements of one piece, each with 32 random bits: whole blocks of the generator.
const PIECE: usize = 1 << 11;

/// The random bits of the elements from `start` on, one word each, in stream `draw` of the generator.
fn words(seed: u64, draw: u64, start: usize, words: &mut [u32]) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(draw);
    rng.set_word_pos(start as u128);
    // SAFETY: any four bytes are a u32, and u8 has no alignment.
    let bytes = unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), 4 * words.len()) };
    rng.fill_bytes(bytes);
    for word in words {
        *word = u32::from_le(*word);
    }
}

/// The least 32-bit word that keeps its element, p·2³² rounded; none if that is 2³².
fn threshold(p: f64) -> Option<u32> {
    assert!((0.0..=1.0).contains(&p), "dropout: the probability is {p}, not in 0..=1");
    u32::try_from((p * 4_294_967_296.0).round() as u64).ok()
}

/// out\[i\] ← x\[i\]/(1−p) where uᵢ ≥ p, else 0, with uᵢ uniform on [0, 1).
///
/// uᵢ is a function of (seed, draw, i) alone. With p = 1 every output is 0.
pub(crate) fn dropout<T: Float>(x: &[T], p: f64, seed: u64, draw: u64, out: &mut [T]) {
    assert_eq!(x.len(), out.len(), "dropout: the lengths differ");
    let scale = scale::<T>(p);
    let Some(least) = threshold(p) else { return out.fill(T::zero()) };
    by_word(
        x,
        seed,
        draw,
        out,
        #[inline(always)]
        move |bits, x| if bits >= least { x * scale } else { T::zero() },
    );
}

/// out\[i\] ← 1 where x\[i\] > 0, else low + (high − low)·uᵢ, with uᵢ uniform on [0, 1): a function of (seed, draw, i)
/// alone.
pub(crate) fn slopes<T: Float>(x: &[T], low: f64, high: f64, seed: u64, draw: u64, out: &mut [T]) {
    let step = (high - low) / 4_294_967_296.0;
    by_word(
        x,
        seed,
        draw,
        out,
        #[inline(always)]
        move |bits, x| if x > T::zero() { T::one() } else { T::from_f64(low + step * f64::from(bits)) },
    );
}

/// out\[i\] ← f(word of i, x\[i\]).
fn by_word<T: Float>(
    x: &[T],
    seed: u64,
    draw: u64,
    out: &mut [T],
    f: impl Fn(u32, T) -> T + Copy + Send + Sync,
) {
    let piece = |i: usize, x: &[T], out: &mut [T]| {
        let mut bits = [0u32; PIECE];
        let bits = &mut bits[..x.len()];
        words(seed, draw, i * PIECE, bits);
        vectorized(
            #[inline(always)]
            move || {
                for (&bits, (&x, out)) in bits.iter().zip(x.iter().zip(&mut *out)) {
                    *out = f(bits, x);
                }
            },
        );
    };
    if worthwhile(x.len()) {
        (out.par_chunks_mut(PIECE), x.par_chunks(PIECE))
            .into_par_iter()
            .with_min_len(4)
            .enumerate()
            .for_each(|(i, (out, x))| piece(i, x, out));
    } else {
        let pieces = x.chunks(PIECE).zip(out.chunks_mut(PIECE));
        pieces.enumerate().for_each(|(i, (x, out))| piece(i, x, out));
    }
}

/// 1/(1−p); 0 for p = 1, which keeps nothing.
fn scale<T: Float>(p: f64) -> T {
    T::from_f64(if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    fn drop(n: usize, p: f64, seed: u64, draw: u64) -> (Vec<f32>, Vec<bool>) {
        let x: Vec<f32> = (1..=n).map(|i| i as f32).collect();
        same_at_any_thread_count(|| {
            let mut out = vec![f32::NAN; n];
            dropout(&x, p, seed, draw, &mut out);
            let keep = out.iter().map(|&y| y != 0.0).collect();
            (out, keep)
        })
    }

    #[test]
    fn each_element_follows_its_own_word() {
        let n = 100_003;
        let (out, keep) = drop(n, 0.3, 7, 2);
        for i in (0..n).step_by(997).chain([PIECE - 1, PIECE, n - 1]) {
            let mut word = [0u32];
            words(7, 2, i, &mut word);
            let kept = f64::from(word[0]) / 4_294_967_296.0 >= 0.3;
            assert_eq!(keep[i], kept);
            assert_eq!(out[i], if kept { (i + 1) as f32 * (1.0 / 0.7f64) as f32 } else { 0.0 });
        }
        let (_, first) = drop(100, 0.3, 7, 2);
        assert_eq!(first, keep[..100], "the length does not matter");
        assert_ne!(drop(100, 0.3, 7, 3).1, first);
        assert_ne!(drop(100, 0.3, 8, 2).1, first);
    }

    #[test]
    fn the_share_kept_is_one_minus_p() {
        let n = 200_000;
        for p in [0.1, 0.5, 0.9] {
            let kept = drop(n, p, 1, 1).1.iter().filter(|&&k| k).count() as f64 / n as f64;
            let deviation = (p * (1.0 - p) / n as f64).sqrt();
            assert!((kept - (1.0 - p)).abs() < 5.0 * deviation, "{kept} kept at p = {p}");
        }
        let (out, keep) = drop(50, 0.0, 1, 1);
        assert!(keep.iter().all(|&k| k) && out[49] == 50.0);
        let (out, keep) = drop(50, 1.0, 1, 1);
        assert!(keep.iter().all(|&k| !k) && out.iter().all(|&v| v == 0.0));
        assert!(drop(0, 0.5, 1, 1).0.is_empty());
    }

    #[test]
    fn slopes_are_drawn_where_x_is_not_positive() {
        let n = 100_003;
        let x: Vec<f64> = (0..n).map(|i| if i % 4 == 0 { 2.0 } else { -1.0 }).collect();
        let out = same_at_any_thread_count(|| {
            let mut out = vec![f64::NAN; n];
            slopes(&x, -0.5, 1.5, 7, 2, &mut out);
            out
        });
        for i in (0..n).step_by(997).chain([PIECE - 1, PIECE, n - 1]) {
            let mut word = [0u32];
            words(7, 2, i, &mut word);
            let drawn = f64::from(word[0]) / 4_294_967_296.0 * 2.0 - 0.5;
            assert_eq!(out[i], if i % 4 == 0 { 1.0 } else { drawn });
        }
        let drawn: Vec<f64> = (0..n).filter(|i| i % 4 != 0).map(|i| out[i]).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let var = drawn.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        assert!((mean - 0.5).abs() < 0.01 && (var - 4.0 / 12.0).abs() < 0.01, "mean {mean}, variance {var}");
    }

    #[test]
    fn what_is_dropped_is_zero_whatever_it_was() {
        let mut y = [9.0f64; 2];
        dropout(&[f64::INFINITY, f64::NAN], 1.0, 0, 0, &mut y);
        assert_eq!(y, [0.0; 2]);
    }

    #[test]
    #[should_panic(expected = "the probability is 1.5")]
    fn a_probability_above_one_is_refused() {
        dropout(&[1.0f32], 1.5, 0, 0, &mut [0.0]);
    }
}
