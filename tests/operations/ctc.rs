//! Rows: connectionist temporal classification.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::loss::reduction;
use crate::row;
use crate::strategies::{Plan, cases, some, up_to};

#[derive(Clone, Debug)]
struct Targets {
    targets: Indices,
    input_lengths: Indices,
    target_lengths: Indices,
    options: CtcOptions,
}

/// The steps that a target needs: one for each label, and one between equal neighbours.
fn needed(labels: &[i64]) -> usize {
    labels.len() + labels.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// Targets in rows or one after another, with lengths of their own; without `zero_infinity` only such as some
/// path spells.
fn targets() -> impl Strategy<Value = Plan<Targets>> {
    let options = (reduction(), any::<bool>(), any::<bool>(), any::<bool>());
    let sizes = (up_to(4, 12), some(), up_to(4, 40), options, any::<prop::sample::Index>());
    let draw = |(steps, batch, classes, (reduction, zero_infinity, rows, alone), blank): (
        usize,
        usize,
        usize,
        (Reduction, bool, bool, bool),
        prop::sample::Index,
    )| {
        let (batch, alone) = if alone { (1, true) } else { (batch, false) };
        let blank = blank.index(classes);
        let labels =
            prop::collection::vec(0..(classes as i64 - 1).max(1), 0..=if classes == 1 { 0 } else { steps });
        let examples = prop::collection::vec((labels, steps.div_ceil(2)..=steps), batch);
        examples.prop_map(move |examples| {
            let (mut all, mut padded, mut input_lengths, mut target_lengths) =
                (vec![], vec![], vec![], vec![]);
            for (mut labels, length) in examples {
                for label in &mut labels {
                    *label += i64::from(*label >= blank as i64);
                }
                while !zero_infinity && needed(&labels) > length {
                    labels.pop();
                }
                input_lengths.push(length as i64);
                target_lengths.push(labels.len() as i64);
                all.extend(&labels);
                // What stands behind a target does not matter.
                labels.resize(steps, -7);
                padded.extend(labels);
            }
            let targets =
                if rows && !alone { Indices::from_vec([batch, steps], padded) } else { Indices::from(all) };
            let shape = if alone { vec![steps, classes] } else { vec![steps, batch, classes] };
            let options = CtcOptions::new().blank(blank).zero_infinity(zero_infinity).reduction(reduction);
            let (input_lengths, target_lengths) = (input_lengths.into(), target_lengths.into());
            (vec![shape], Targets { targets, input_lengths, target_lengths, options })
        })
    };
    sizes.prop_flat_map(draw)
}

row!(ctc_loss, cases(targets(), -2.0..=2.0), |x, o: Targets| {
    x[0].ctc_loss_with(&o.targets, &o.input_lengths, &o.target_lengths, o.options)
});
row!(mean_ctc_loss, cases(targets(), -2.0..=2.0), |x, o: Targets| {
    let lengths = Indices::from_vec(o.target_lengths.shape(), vec![0; o.target_lengths.len()]);
    let none = Indices::from(vec![]);
    x[0].log_softmax(-1).ctc_loss(&none, &o.input_lengths, &lengths)
});
