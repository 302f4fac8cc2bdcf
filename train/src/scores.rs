//! Precision, recall and F1.
//!
//! With the true positives TP, false positives FP and false negatives FN of a class: precision is TP/(TP +
//! FP), recall is TP/(TP + FN), and F1, the harmonic mean of both, is 2TP/(2TP + FP + FN).

use crate::{ConfusionMatrix, table};
use std::fmt;

/// Precision, recall and F1, of a class or averaged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Of the examples predicted to be of the class, the share that is. 0 where none was predicted.
    pub precision: f64,
    /// Of the examples of the class, the share that was found. 0 where there are none.
    pub recall: f64,
    /// The harmonic mean of precision and recall. 0 where both are.
    pub f1: f64,
}

impl Scores {
    /// From counts of true positives, false positives and false negatives.
    fn of(tp: u64, fp: u64, fn_: u64) -> Self {
        Scores {
            precision: ratio(tp, tp + fp),
            recall: ratio(tp, tp + fn_),
            f1: ratio(2 * tp, 2 * tp + fp + fn_),
        }
    }
}

/// How the scores of classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Average {
    /// The mean over the classes, each counting the same however rare it is. Classes that appear neither in
    /// labels nor in predictions are left out.
    Macro,
    /// From the counts of all classes together, each example counting the same. Where every example has one
    /// label and one prediction, precision, recall and F1 are all the accuracy.
    Micro,
    /// The mean over the classes, each counting as often as it has examples.
    Weighted,
}

/// The harmonic mean of precision and recall, 2PR/(P + R); 0 where both are 0.
///
/// It ranks classifiers that trade one for the other:
/// ```
/// use wengert::train::f1_score;
///
/// let (a, b) = (f1_score(0.95, 0.90), f1_score(0.98, 0.85));
/// assert_eq!(format!("{:.1} % and {:.1} %", 100.0 * a, 100.0 * b), "92.4 % and 91.0 %");
/// ```
///
/// # Panics
/// When precision or recall is not in 0..=1.
#[track_caller]
pub fn f1_score(precision: f64, recall: f64) -> f64 {
    let valid = 0.0..=1.0;
    assert!(
        valid.contains(&precision) && valid.contains(&recall),
        "f1_score: precision {precision} and recall {recall} are not both in 0..=1"
    );
    if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

/// Scores from the counts. A ratio 0/0 is 0, as scikit-learn has it: a class that is never predicted has
/// precision 0, and one without examples recall 0.
impl ConfusionMatrix {
    /// The share of right predictions; 0 when nothing was recorded.
    pub fn accuracy(&self) -> f64 {
        ratio(self.right(), self.total())
    }

    /// Of the examples predicted to be of `class`, the share that is: TP/(TP + FP).
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn precision(&self, class: usize) -> f64 {
        self.scores(class).precision
    }

    /// Of the examples of `class`, the share that was found: TP/(TP + FN).
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn recall(&self, class: usize) -> f64 {
        self.scores(class).recall
    }

    /// The harmonic mean of both: 2TP/(2TP + FP + FN).
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn f1(&self, class: usize) -> f64 {
        self.scores(class).f1
    }

    /// Precision, recall and F1 of a class against all others. For a binary classifier, those of class 1 are
    /// *the* precision, recall and F1.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn scores(&self, class: usize) -> Scores {
        let tp = self.count(class, class);
        Scores::of(tp, self.predicted(class) - tp, self.support(class) - tp)
    }

    /// Precision, recall and F1 averaged over the classes. The F1 is the average of the classes' F1, not that
    /// of the averaged precision and recall.
    pub fn average(&self, average: Average) -> Scores {
        match average {
            Average::Micro => {
                // A wrong prediction is a false positive of one class and a false negative of another.
                let wrong = self.total() - self.right();
                Scores::of(self.right(), wrong, wrong)
            }
            Average::Macro => self.mean(|class| u64::from(self.support(class) + self.predicted(class) > 0)),
            Average::Weighted => self.mean(|class| self.support(class)),
        }
    }

    fn mean(&self, weight: impl Fn(usize) -> u64) -> Scores {
        let mut sum = Scores { precision: 0.0, recall: 0.0, f1: 0.0 };
        let mut weights = 0;
        for class in 0..self.classes() {
            let (scores, weight) = (self.scores(class), weight(class));
            sum.precision += weight as f64 * scores.precision;
            sum.recall += weight as f64 * scores.recall;
            sum.f1 += weight as f64 * scores.f1;
            weights += weight;
        }
        // Where there are no weights, all sums are 0 already.
        let whole = weights.max(1) as f64;
        Scores { precision: sum.precision / whole, recall: sum.recall / whole, f1: sum.f1 / whole }
    }

    /// A table of the scores of all classes and of their averages, to be printed.
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

/// The scores of all classes as a table: [`ConfusionMatrix::report`].
///
/// ```
/// let mut matrix = wengert::train::ConfusionMatrix::new(["cat", "dog"]);
/// matrix.record(&[0, 1, 1, 1], &[0, 1, 1, 0]);
/// let report = matrix.report().to_string();
/// let lines: Vec<&str> = report.lines().collect();
/// assert_eq!(lines[0], "          precision  recall      F1  examples");
/// assert_eq!(lines[1], "     cat     1.0000  0.5000  0.6667         2");
/// assert_eq!(lines[2], "     dog     0.6667  1.0000  0.8000         2");
/// assert_eq!(lines[3], "   macro     0.8333  0.7500  0.7333         4");
/// assert_eq!(lines[4], "   micro     0.7500  0.7500  0.7500         4");
/// assert_eq!(lines[5], "weighted     0.8333  0.7500  0.7333         4");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Report<'a>(&'a ConfusionMatrix);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report(matrix) = self;
        let row = |name: &str, scores: Scores, examples: u64| {
            let number = |value: f64| format!("{value:.4}");
            let Scores { precision, recall, f1 } = scores;
            vec![name.to_owned(), number(precision), number(recall), number(f1), examples.to_string()]
        };
        let mut rows = vec![["", "precision", "recall", "F1", "examples"].map(str::to_owned).to_vec()];
        for (class, name) in matrix.class_names().iter().enumerate() {
            rows.push(row(name, matrix.scores(class), matrix.support(class)));
        }
        for (name, average) in
            [("macro", Average::Macro), ("micro", Average::Micro), ("weighted", Average::Weighted)]
        {
            rows.push(row(name, matrix.average(average), matrix.total()));
        }
        table::write(f, &rows)
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    fn matrix(classes: usize, predictions: &[i64], labels: &[i64]) -> ConfusionMatrix {
        let mut matrix = ConfusionMatrix::with_classes(classes);
        matrix.record(predictions, labels);
        matrix
    }

    #[test]
    fn the_averages_are_those_of_scikit_learn() {
        // The example of its precision_recall_fscore_support: y_true = cat dog pig cat dog pig,
        // y_pred = cat pig dog cat cat dog. By hand: cat 2/3, 2/2, 4/5; dog and pig 0.
        let matrix = matrix(3, &[0, 2, 1, 0, 0, 1], &[0, 1, 2, 0, 1, 2]);
        assert!(close(matrix.precision(0), 2.0 / 3.0) && matrix.recall(0) == 1.0 && close(matrix.f1(0), 0.8));
        assert_eq!(matrix.scores(1), Scores { precision: 0.0, recall: 0.0, f1: 0.0 });
        let mean = matrix.average(Average::Macro);
        assert!(
            close(mean.precision, 2.0 / 9.0) && close(mean.recall, 1.0 / 3.0) && close(mean.f1, 0.8 / 3.0)
        );
        let micro = matrix.average(Average::Micro);
        assert!([micro.precision, micro.recall, micro.f1].iter().all(|&v| close(v, 1.0 / 3.0)));
        assert_eq!(matrix.average(Average::Weighted), mean); // each class has two examples
    }

    #[test]
    fn weights_are_the_numbers_of_examples() {
        // Class 0: TP 3, FN 1, FP 0; class 1: TP 1, FN 0, FP 1.
        let matrix = matrix(2, &[0, 0, 0, 1, 1], &[0, 0, 0, 0, 1]);
        let weighted = matrix.average(Average::Weighted);
        assert!(close(weighted.precision, (4.0 + 0.5) / 5.0));
        assert!(close(weighted.recall, (4.0 * 0.75 + 1.0) / 5.0));
        assert!(close(weighted.f1, (4.0 * 6.0 / 7.0 + 2.0 / 3.0) / 5.0));
        let mean = matrix.average(Average::Macro);
        assert!(close(mean.f1, (6.0 / 7.0 + 2.0 / 3.0) / 2.0));
    }

    #[test]
    fn zero_divided_by_zero_is_zero() {
        // Class 1 is never predicted, class 2 has no examples, class 3 neither.
        let matrix = matrix(4, &[0, 2], &[0, 1]);
        assert_eq!((matrix.precision(1), matrix.recall(2), matrix.f1(3)), (0.0, 0.0, 0.0));
        // Class 3 is no evidence for anything: the mean is over three classes.
        assert!(close(matrix.average(Average::Macro).f1, 1.0 / 3.0));
        let empty = ConfusionMatrix::with_classes(2);
        assert_eq!(empty.accuracy(), 0.0);
        for average in [Average::Macro, Average::Micro, Average::Weighted] {
            assert_eq!(empty.average(average), Scores { precision: 0.0, recall: 0.0, f1: 0.0 });
        }
        assert_eq!(f1_score(0.0, 0.0), 0.0);
    }

    #[test]
    fn counts_that_make_the_precision_and_recall_of_the_notes() {
        // Classifier A: of 1000 positives 900 found, with 47 false alarms: precision 95.0 %, recall 90 %.
        let mut matrix = ConfusionMatrix::with_classes(2);
        for (prediction, label, count) in [(1, 1, 900), (0, 1, 100), (1, 0, 47), (0, 0, 953)] {
            matrix.record(&vec![prediction; count], &vec![label; count]);
        }
        let percent = |v: f64| format!("{:.1}", 100.0 * v);
        let Scores { precision, recall, f1 } = matrix.scores(1);
        assert_eq!([percent(precision), percent(recall), percent(f1)], ["95.0", "90.0", "92.4"]);
        assert_eq!(percent(f1_score(0.98, 0.85)), "91.0");
    }

    #[test]
    #[should_panic(expected = "f1_score: precision 95 and recall 0.9 are not both in 0..=1")]
    fn percentages_are_not_fractions() {
        f1_score(95.0, 0.9);
    }

    #[test]
    #[should_panic(expected = "there is no class 2 among 2")]
    fn scores_of_a_class_that_does_not_exist_panic() {
        ConfusionMatrix::with_classes(2).recall(2);
    }

    proptest! {
        #[test]
        fn scores_agree_with_their_definitions(pairs in prop::collection::vec((0i64..4, 0i64..4), 1..60)) {
            let (predictions, labels): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
            let matrix = matrix(4, &predictions, &labels);
            prop_assert_eq!(matrix.accuracy(), crate::accuracy(&predictions, &labels));
            for class in 0..4 {
                let Scores { precision, recall, f1 } = matrix.scores(class);
                prop_assert!(close(f1, f1_score(precision, recall)));
                let of = |p: bool, l: bool| {
                    let class = class as i64;
                    pairs.iter().filter(|pair| (pair.0 == class) == p && (pair.1 == class) == l).count() as f64
                };
                let (tp, fp, fn_) = (of(true, true), of(true, false), of(false, true));
                prop_assert!(tp + fp == 0.0 || close(precision, tp / (tp + fp)));
                prop_assert!(tp + fn_ == 0.0 || close(recall, tp / (tp + fn_)));
            }
            // Weighted recall, like everything micro, is the accuracy.
            prop_assert!(close(matrix.average(Average::Weighted).recall, matrix.accuracy()));
            prop_assert!(close(matrix.average(Average::Micro).f1, matrix.accuracy()));
        }
    }
}
