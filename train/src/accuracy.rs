//! The share of right answers, and answers from probabilities.

/// The share of predictions that equal their labels.
///
/// ```
/// assert_eq!(wengert::train::accuracy(&[3, 1, 4, 1], &[3, 1, 1, 1]), 0.75);
/// ```
///
/// # Panics
/// When there are no predictions, or not as many as labels.
#[track_caller]
pub fn accuracy(predictions: &[i64], labels: &[i64]) -> f64 {
    let (found, expected) = (predictions.len(), labels.len());
    assert!(found == expected, "accuracy: {found} predictions for {expected} labels");
    assert!(found > 0, "accuracy: there are no predictions");
    let right = predictions.iter().zip(labels).filter(|(prediction, label)| prediction == label).count();
    right as f64 / found as f64
}

/// The decisions of a binary classifier: 1 where the probability of class 1 is at least `threshold`, else 0.
///
/// A higher threshold gives fewer, surer positives: more precision, less recall.
///
/// ```
/// use wengert::train::threshold;
///
/// assert_eq!(threshold(&[0.1f32, 0.5, 0.9], 0.5), [0, 1, 1]);
/// assert_eq!(threshold(&[0.1f64, 0.5, 0.9], 0.7), [0, 0, 1]);
/// ```
///
/// # Panics
/// When a probability is NaN.
#[track_caller]
pub fn threshold<T: Copy + Into<f64>>(probabilities: &[T], threshold: f64) -> Vec<i64> {
    let mut decisions = Vec::with_capacity(probabilities.len());
    for (example, &probability) in probabilities.iter().enumerate() {
        let probability: f64 = probability.into();
        assert!(!probability.is_nan(), "threshold: the probability of example {example} is NaN");
        decisions.push(i64::from(probability >= threshold));
    }
    decisions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "accuracy: 2 predictions for 3 labels")]
    fn predictions_and_labels_must_be_as_many() {
        accuracy(&[0, 1], &[0, 1, 0]);
    }

    #[test]
    #[should_panic(expected = "accuracy: there are no predictions")]
    fn accuracy_of_nothing_panics() {
        accuracy(&[], &[]);
    }

    #[test]
    #[should_panic(expected = "threshold: the probability of example 1 is NaN")]
    fn nan_is_no_decision() {
        threshold(&[0.5, f64::NAN], 0.5);
    }
}
