//! Which classes are taken for which.

use crate::table;
use ndarray::{Array2, ArrayView2};
use std::fmt;

/// Counts of labels against predictions: element `[label, prediction]` is how many examples of class `label`
/// were taken for class `prediction`, so that the diagonal holds the right answers.
///
/// Record it batch by batch; add those of several workers with [`merge`](Self::merge). It prints as a table,
/// a row for each true class.
///
/// ```
/// use wengert::train::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(["malignant", "benign"]);
/// matrix.record(&[0, 1, 1], &[0, 1, 0]);
/// matrix.record(&[1], &[1]);
/// assert_eq!(matrix.count(0, 1), 1); // one malignant tumour was taken for benign
/// assert_eq!(matrix.accuracy(), 0.75);
/// assert_eq!(matrix.normalized(), ndarray::array![[0.5, 0.5], [0.0, 1.0]]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    counts: Array2<u64>,
    class_names: Vec<String>,
}

impl ConfusionMatrix {
    /// An empty matrix of classes with the given names.
    pub fn new(class_names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let class_names: Vec<String> = class_names.into_iter().map(Into::into).collect();
        ConfusionMatrix { counts: Array2::zeros((class_names.len(), class_names.len())), class_names }
    }

    /// An empty matrix of `classes` classes that are called by their indices.
    pub fn with_classes(classes: usize) -> Self {
        Self::new((0..classes).map(|class| class.to_string()))
    }

    /// Counts a batch.
    ///
    /// # Panics
    /// When there are not as many predictions as labels, or one of either is not in `0..classes`; then
    /// nothing of the batch is counted.
    #[track_caller]
    pub fn record(&mut self, predictions: &[i64], labels: &[i64]) {
        let (found, expected) = (predictions.len(), labels.len());
        assert!(found == expected, "ConfusionMatrix::record: {found} predictions for {expected} labels");
        self.check("prediction", predictions);
        self.check("label", labels);
        for (&prediction, &label) in predictions.iter().zip(labels) {
            self.counts[[label as usize, prediction as usize]] += 1;
        }
    }

    /// Adds the counts of another matrix of the same classes.
    ///
    /// # Panics
    /// When the names of the classes differ.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (&self.class_names, &other.class_names);
        assert!(ours == theirs, "ConfusionMatrix::merge: classes {ours:?} and {theirs:?}");
        self.counts += &other.counts;
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The names of the classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// All counts, `[label, prediction]`.
    pub fn counts(&self) -> ArrayView2<'_, u64> {
        self.counts.view()
    }

    /// How many examples of class `label` were taken for class `prediction`.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn count(&self, label: usize, prediction: usize) -> u64 {
        self.check_class(label);
        self.check_class(prediction);
        self.counts[[label, prediction]]
    }

    /// How many examples class `label` has.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn support(&self, label: usize) -> u64 {
        self.check_class(label);
        self.counts.row(label).sum()
    }

    /// How many examples were taken for class `prediction`.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn predicted(&self, prediction: usize) -> u64 {
        self.check_class(prediction);
        self.counts.column(prediction).sum()
    }

    /// How many examples were recorded.
    pub fn total(&self) -> u64 {
        self.counts.sum()
    }

    /// How many of them were right.
    pub fn right(&self) -> u64 {
        self.counts.diag().sum()
    }

    /// Each row divided by its sum: of the examples of class `label`, the share that was taken for each
    /// class, with the recalls on the diagonal. The row of a class without examples is 0.
    pub fn normalized(&self) -> Array2<f64> {
        let mut shares = self.counts.mapv(|count| count as f64);
        for mut row in shares.rows_mut() {
            let sum = row.sum();
            if sum > 0.0 {
                row /= sum;
            }
        }
        shares
    }

    #[track_caller]
    fn check(&self, what: &str, classes: &[i64]) {
        for (place, &class) in classes.iter().enumerate() {
            assert!(
                class >= 0 && (class as u64) < self.classes() as u64,
                "ConfusionMatrix::record: {what} {place} is {class}, not in 0..{}",
                self.classes()
            );
        }
    }

    #[track_caller]
    fn check_class(&self, class: usize) {
        assert!(
            class < self.classes(),
            "ConfusionMatrix: there is no class {class} among {}",
            self.classes()
        );
    }
}

impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut header = vec!["true \\ predicted".to_owned()];
        header.extend_from_slice(&self.class_names);
        let mut rows = vec![header];
        for (name, counts) in self.class_names.iter().zip(self.counts.rows()) {
            let counts = counts.iter().map(u64::to_string);
            rows.push(std::iter::once(name.clone()).chain(counts).collect());
        }
        table::write(f, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_are_labels_and_columns_predictions() {
        let mut matrix = ConfusionMatrix::with_classes(3);
        matrix.record(&[1, 1, 2], &[0, 0, 2]);
        assert_eq!(matrix.counts(), array![[0, 2, 0], [0, 0, 0], [0, 0, 1]]);
        assert_eq!((matrix.support(0), matrix.predicted(1), matrix.total(), matrix.right()), (2, 2, 3, 1));
        assert_eq!(matrix.normalized(), array![[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
    }

    #[test]
    fn batches_add_up_in_one_matrix_or_several() {
        let (predictions, labels) = ([0, 1, 1, 0, 1], [0, 0, 1, 1, 1]);
        let mut whole = ConfusionMatrix::with_classes(2);
        whole.record(&predictions, &labels);
        let mut first = ConfusionMatrix::with_classes(2);
        first.record(&predictions[..2], &labels[..2]);
        let mut second = ConfusionMatrix::with_classes(2);
        second.record(&predictions[2..], &labels[2..]);
        first.merge(&second);
        assert_eq!(first, whole);
    }

    #[test]
    fn columns_fit_the_widest_of_name_and_count() {
        let mut matrix = ConfusionMatrix::new(["é", "long name"]);
        matrix.record(&vec![0; 1234], &vec![0; 1234]);
        let lines: Vec<String> = matrix.to_string().lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "true \\ predicted     é  long name");
        assert_eq!(lines[1], "               é  1234          0");
        assert_eq!(lines[2], "       long name     0          0");
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::record: label 1 is 2, not in 0..2")]
    fn labels_out_of_range_panic() {
        ConfusionMatrix::with_classes(2).record(&[0, 1], &[0, 2]);
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::record: prediction 0 is -1, not in 0..2")]
    fn negative_predictions_panic() {
        ConfusionMatrix::with_classes(2).record(&[-1], &[0]);
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::record: 1 predictions for 2 labels")]
    fn predictions_and_labels_must_be_as_many() {
        ConfusionMatrix::with_classes(2).record(&[0], &[0, 1]);
    }

    #[test]
    #[should_panic(expected = "ConfusionMatrix::merge: classes [\"a\"] and [\"b\"]")]
    fn matrices_of_other_classes_do_not_add() {
        ConfusionMatrix::new(["a"]).merge(&ConfusionMatrix::new(["b"]));
    }
}
