//! Cutting examples into random parts, such as train, dev and test, or the folds of a cross-validation.
//!
//! Every function gives, for each part, the ascending numbers of its examples; every example is in exactly
//! one part. The *stratified* ones keep the shares of the groups in each part: stratified by label, each part
//! has the same mix of classes; by any other key, "80 % of day and 80 % of night".
//!
//! ```
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//! use wengert::data::split;
//!
//! let taken_at = ["day", "night", "day", "day", "night", "day", "day", "night", "night", "night"];
//! let [train, test] = split::stratified(&taken_at, [0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(0));
//! let nights = |part: &[usize]| part.iter().filter(|&&i| taken_at[i] == "night").count();
//! assert_eq!((train.len(), nights(&train)), (8, 4));
//! assert_eq!((test.len(), nights(&test)), (2, 1));
//! ```
//!
//! # How the counts are found
//! All by largest remainders, in whole numbers. First the sizes of the parts: part *j* of *n* examples gets
//! ⌊fⱼn⌋, and those that are left go one each to the parts with the largest remainders of fⱼn. Then part
//! after part takes its examples from what the earlier ones left of each group, in proportion to it: ⌊cⱼ·m/M⌋
//! of a group that has *m* of the *M* examples left, and again the rest one each by largest remainder. So
//! every part has exactly its size, with two parts each group is cut within one example of its share, and
//! where all shares are whole numbers they are met exactly. Ties go to the part or group that comes first.
//! [Folds](stratified_folds) are dealt out instead.

use rand::{Rng, seq::SliceRandom};
use std::{array, collections::BTreeMap};

/// Parts of the given fractions of `examples` examples, at random.
///
/// # Panics
/// When a fraction is not positive, or they do not sum to 1 (within 10⁻⁶).
#[track_caller]
pub fn random<const PARTS: usize>(
    examples: usize,
    fractions: [f64; PARTS],
    rng: &mut impl Rng,
) -> [Vec<usize>; PARTS] {
    let sizes = sizes("split::random", examples, fractions);
    cut(vec![(0..examples).collect()], sizes, rng)
}

/// Parts of the given sizes of `examples` examples, at random.
///
/// # Panics
/// When the sizes do not sum to `examples`.
#[track_caller]
pub fn random_counts<const PARTS: usize>(
    examples: usize,
    counts: [usize; PARTS],
    rng: &mut impl Rng,
) -> [Vec<usize>; PARTS] {
    check_counts("split::random_counts", examples, &counts);
    cut(vec![(0..examples).collect()], counts, rng)
}

/// Parts of the given fractions, each with the same share of every group. `keys[i]` says to which group
/// example `i` belongs: its label, the time of day, the writer.
///
/// # Panics
/// When a fraction is not positive, or they do not sum to 1 (within 10⁻⁶).
#[track_caller]
pub fn stratified<K: Ord, const PARTS: usize>(
    keys: &[K],
    fractions: [f64; PARTS],
    rng: &mut impl Rng,
) -> [Vec<usize>; PARTS] {
    let sizes = sizes("split::stratified", keys.len(), fractions);
    cut(groups(keys), sizes, rng)
}

/// Parts of the given sizes, each with the same share of every group; `keys` as in [`stratified`].
///
/// # Panics
/// When the sizes do not sum to the number of keys.
#[track_caller]
pub fn stratified_counts<K: Ord, const PARTS: usize>(
    keys: &[K],
    counts: [usize; PARTS],
    rng: &mut impl Rng,
) -> [Vec<usize>; PARTS] {
    check_counts("split::stratified_counts", keys.len(), &counts);
    cut(groups(keys), counts, rng)
}

/// The examples cut into `folds` parts for cross-validation, at random: each fold is tested on once by a model that
/// learned from the others. [`rest`] gives these.
///
/// The sizes differ by at most one; the first folds are the larger ones.
///
/// # Panics
/// When there are fewer than two folds, or fewer examples than folds.
#[track_caller]
pub fn folds(examples: usize, folds: usize, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    check_folds("split::folds", examples, folds);
    deal(vec![(0..examples).collect()], folds, rng)
}

/// The same, each fold with the same share of every group; `keys` as in [`stratified`].
///
/// Both the sizes of the folds and what they have of each group differ by at most one. (The groups are dealt out like
/// cards, one after the other without a break.)
///
/// ```
/// use rand::{SeedableRng, rngs::ChaCha8Rng};
/// use wengert::data::{digits, split};
///
/// let digits = digits();
/// let folds = split::stratified_folds(digits.labels(), 5, &mut ChaCha8Rng::seed_from_u64(0));
/// let sizes: Vec<usize> = folds.iter().map(Vec::len).collect();
/// assert_eq!(sizes, [360, 360, 359, 359, 359]);
/// let train = digits.subset(&split::rest(&folds, 2));
/// assert_eq!((train.len(), train.counts()[0]), (1438, 142));
/// ```
///
/// # Panics
/// When there are fewer than two folds, or fewer examples than folds.
#[track_caller]
pub fn stratified_folds<K: Ord>(keys: &[K], folds: usize, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    check_folds("split::stratified_folds", keys.len(), folds);
    deal(groups(keys), folds, rng)
}

/// The ascending numbers of the examples in all folds but one: what is learned from when that one is tested on.
///
/// # Panics
/// When there is no such fold.
#[track_caller]
pub fn rest(folds: &[Vec<usize>], fold: usize) -> Vec<usize> {
    assert!(fold < folds.len(), "split::rest: there is no fold {fold} among {}", folds.len());
    let others = folds.iter().enumerate().filter(|(number, _)| *number != fold);
    let mut rest: Vec<usize> = others.flat_map(|(_, examples)| examples).copied().collect();
    rest.sort_unstable();
    rest
}

#[track_caller]
fn check_folds(operation: &str, examples: usize, folds: usize) {
    assert!(
        (2..=examples).contains(&folds),
        "{operation}: {examples} examples cannot be cut into {folds} folds; expected at least two folds and an \
         example for each"
    );
}

/// Deals shuffled groups out to so many folds.
fn deal(mut groups: Vec<Vec<usize>>, folds: usize, rng: &mut impl Rng) -> Vec<Vec<usize>> {
    let mut dealt = vec![Vec::new(); folds];
    for group in &mut groups {
        group.shuffle(rng);
    }
    for (turn, example) in groups.into_iter().flatten().enumerate() {
        dealt[turn % folds].push(example);
    }
    dealt.iter_mut().for_each(|fold| fold.sort_unstable());
    dealt
}

#[track_caller]
fn check_counts(operation: &str, examples: usize, counts: &[usize]) {
    let sum = counts.iter().try_fold(0usize, |sum, &count| sum.checked_add(count));
    assert!(sum == Some(examples), "{operation}: parts of {counts:?} do not sum to the {examples} examples");
}

/// The sizes of the parts, by largest remainder.
#[track_caller]
fn sizes<const PARTS: usize>(operation: &str, examples: usize, fractions: [f64; PARTS]) -> [usize; PARTS] {
    // Not `f <= 0.0`: NaN is wrong too.
    assert!(
        fractions.iter().all(|&f| f > 0.0) && (fractions.iter().sum::<f64>() - 1.0).abs() < 1e-6,
        "{operation}: the fractions {fractions:?} are not positive numbers that sum to 1"
    );
    // A share that misses a whole number only by rounding, such as 0.29·100, is that number.
    let shares = fractions.map(|fraction| {
        let share = fraction * examples as f64;
        if (share - share.round()).abs() < 1e-6 { share.round() } else { share }
    });
    let mut sizes = shares.map(|share| share as usize);
    let mut order: [usize; PARTS] = array::from_fn(|part| part);
    order.sort_by(|&a, &b| shares[b].fract().total_cmp(&shares[a].fract()));
    // The tolerance of the sum can leave more than PARTS examples over, or claim some too many.
    let mut sum: usize = sizes.iter().sum();
    for &part in order.iter().cycle() {
        if sum == examples {
            break;
        } else if sum < examples {
            (sizes[part], sum) = (sizes[part] + 1, sum + 1);
        } else if sizes[part] > 0 {
            (sizes[part], sum) = (sizes[part] - 1, sum - 1);
        }
    }
    sizes
}

/// The examples of each key, in the order of the keys.
fn groups<K: Ord>(keys: &[K]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    for (example, key) in keys.iter().enumerate() {
        groups.entry(key).or_default().push(example);
    }
    groups.into_values().collect()
}

/// Cuts shuffled groups into parts of `sizes`, which sum to the number of examples.
fn cut<const PARTS: usize>(
    mut groups: Vec<Vec<usize>>,
    sizes: [usize; PARTS],
    rng: &mut impl Rng,
) -> [Vec<usize>; PARTS] {
    for group in &mut groups {
        group.shuffle(rng);
    }
    sizes.map(|size| {
        let left: Vec<usize> = groups.iter().map(Vec::len).collect();
        let mut part = Vec::with_capacity(size);
        for (group, count) in groups.iter_mut().zip(apportion(size, &left)) {
            part.extend(group.drain(group.len() - count..));
        }
        part.sort_unstable();
        part
    })
}

/// How many of `seats ≤ Σ weights` each weight gets, by largest remainder: none gets more than its weight.
fn apportion(seats: usize, weights: &[usize]) -> Vec<usize> {
    let total: usize = weights.iter().sum();
    if total == 0 {
        return vec![0; weights.len()];
    }
    let share = |weight: usize| {
        let product = seats as u128 * weight as u128;
        (product / total as u128, product % total as u128)
    };
    let mut counts: Vec<usize> = weights.iter().map(|&weight| share(weight).0 as usize).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(share(weights[i]).1));
    let rest = seats - counts.iter().sum::<usize>();
    for &i in &order[..rest] {
        counts[i] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn is_partition(parts: &[Vec<usize>], examples: usize) -> bool {
        let mut all = parts.concat();
        all.sort_unstable();
        all == (0..examples).collect::<Vec<_>>()
    }

    #[test]
    fn sizes_are_exact() {
        assert_eq!(sizes("", 10, [0.6, 0.2, 0.2]), [6, 2, 2]);
        assert_eq!(sizes("", 100, [0.29, 0.71]), [29, 71]);
        assert_eq!(sizes("", 1797, [0.6, 0.2, 0.2]), [1078, 360, 359]); // 1078.2, 359.4, 359.4
        assert_eq!(sizes("", 1, [0.5, 0.5]), [1, 0]);
        assert_eq!(sizes("", 0, [0.5, 0.5]), [0, 0]);
        let third = 1.0 / 3.0;
        assert_eq!(sizes("", 11, [third; 3]), [4, 4, 3]);
        assert_eq!(sizes("", 100_000_000, [0.5, 0.499_999_5]).iter().sum::<usize>(), 100_000_000);
        assert_eq!(sizes("", 100_000_000, [0.5, 0.500_000_5]).iter().sum::<usize>(), 100_000_000);
    }

    #[test]
    fn sixty_twenty_twenty_of_each_class() {
        let labels: Vec<i64> = (0..300).map(|i| i % 3).collect();
        let parts = stratified(&labels, [0.6, 0.2, 0.2], &mut rng(3));
        for (part, count) in parts.iter().zip([60, 20, 20]) {
            for class in 0..3 {
                assert_eq!(part.iter().filter(|&&i| labels[i] == class).count(), count);
            }
        }
    }

    #[test]
    fn fixed_counts_are_met() {
        let parts = random_counts(10, [7, 3, 0], &mut rng(0));
        assert_eq!(parts.each_ref().map(Vec::len), [7, 3, 0]);
        assert!(is_partition(&parts, 10));
        let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
        let parts = stratified_counts(&labels, [6, 3], &mut rng(0));
        assert_eq!(parts[1].iter().filter(|&&i| labels[i] == 1).count(), 1);
    }

    #[test]
    fn the_seed_alone_decides() {
        let split = |seed| random(100, [0.5, 0.5], &mut rng(seed));
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn folds_of_one_example_each_leave_one_out() {
        let folds = folds(4, 4, &mut rng(0));
        assert!(is_partition(&folds, 4) && folds.iter().all(|fold| fold.len() == 1));
        assert_eq!(rest(&folds, 1).len(), 3);
        assert!(!rest(&folds, 1).contains(&folds[1][0]));
    }

    #[test]
    #[should_panic(
        expected = "split::folds: 4 examples cannot be cut into 5 folds; expected at least two folds"
    )]
    fn more_folds_than_examples_panic() {
        folds(4, 5, &mut rng(0));
    }

    #[test]
    #[should_panic(expected = "split::stratified_folds: 3 examples cannot be cut into 1 folds")]
    fn a_single_fold_panics() {
        stratified_folds(&[0; 3], 1, &mut rng(0));
    }

    #[test]
    #[should_panic(expected = "split::rest: there is no fold 2 among 2")]
    fn the_rest_of_no_fold_panics() {
        rest(&[vec![0], vec![1]], 2);
    }

    #[test]
    #[should_panic(
        expected = "split::stratified: the fractions [0.8, 0.3] are not positive numbers that sum to 1"
    )]
    fn fractions_that_do_not_sum_to_one_panic() {
        stratified(&[0; 10], [0.8, 0.3], &mut rng(0));
    }

    #[test]
    #[should_panic(expected = "split::random_counts: parts of [8, 3] do not sum to the 10 examples")]
    fn counts_that_do_not_sum_to_all_panic() {
        random_counts(10, [8, 3], &mut rng(0));
    }

    proptest! {
        #[test]
        fn every_example_is_in_exactly_one_part_and_groups_keep_their_share(
            keys in prop::collection::vec(0u8..6, 0..200), weights: [u8; 3], seed: u64,
        ) {
            let weights = weights.map(|w| f64::from(w) + 1.0);
            let sum: f64 = weights.iter().sum();
            let fractions = weights.map(|w| w / sum);
            let parts = stratified(&keys, fractions, &mut rng(seed));
            prop_assert!(is_partition(&parts, keys.len()));
            for (part, fraction) in parts.iter().zip(fractions) {
                prop_assert!(part.is_sorted());
                prop_assert!((part.len() as f64 - fraction * keys.len() as f64).abs() < 1.0 + 1e-6);
                for key in 0..6 {
                    let all = keys.iter().filter(|&&k| k == key).count() as f64;
                    let here = part.iter().filter(|&&i| keys[i] == key).count() as f64;
                    prop_assert!((here - fraction * all).abs() < 3.0, "{here} of {all} at {fraction}");
                }
            }
        }

        #[test]
        fn folds_have_every_example_once_and_groups_evenly(
            keys in prop::collection::vec(0u8..6, 7..200), count in 2usize..8, seed: u64,
        ) {
            let folds = stratified_folds(&keys, count, &mut rng(seed));
            prop_assert_eq!(&folds, &stratified_folds(&keys, count, &mut rng(seed)));
            prop_assert!(folds.len() == count && is_partition(&folds, keys.len()));
            let even = |counts: Vec<usize>| counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1;
            prop_assert!(even(folds.iter().map(Vec::len).collect()));
            for key in 0..6 {
                let of_key = |fold: &Vec<usize>| fold.iter().filter(|&&i| keys[i] == key).count();
                prop_assert!(even(folds.iter().map(of_key).collect()));
            }
            for (number, fold) in folds.iter().enumerate() {
                prop_assert!(is_partition(&[rest(&folds, number), fold.clone()], keys.len()));
                prop_assert!(fold.is_sorted() && rest(&folds, number).is_sorted());
            }
        }

        #[test]
        fn two_parts_cut_each_group_within_one_of_its_share(
            keys in prop::collection::vec(0u8..6, 1..200), at in 0.0..1.0f64, seed: u64,
        ) {
            let first = (at * keys.len() as f64) as usize;
            let parts = stratified_counts(&keys, [first, keys.len() - first], &mut rng(seed));
            prop_assert!(is_partition(&parts, keys.len()));
            prop_assert_eq!(parts[0].len(), first);
            for key in 0..6 {
                let all = keys.iter().filter(|&&k| k == key).count() as f64;
                let here = parts[0].iter().filter(|&&i| keys[i] == key).count() as f64;
                prop_assert!((here - all * first as f64 / keys.len() as f64).abs() < 1.0);
            }
        }
    }
}
