//! Exponentially weighted averages.

use proptest::prelude::*;
use wengert::prelude::*;

proptest! {
    /// v_t = Σ (1−β)·βᵗ⁻ⁱ·θᵢ, and the corrected one is the mean by these weights.
    #[test]
    fn an_average_is_the_weighted_sum(
        beta in 0.0..0.999f64, values in prop::collection::vec(-1e3..1e3f64, 1..60),
    ) {
        let (mut numbers, mut tensors) = (Ewa::new(beta), Ewa::new(beta));
        for &value in &values {
            numbers.update(value);
            tensors.update(Tensor::<f64>::from_vec([2], vec![value, -value]));
        }
        let weights: Vec<f64> =
            (0..values.len()).rev().map(|age| (1.0 - beta) * beta.powi(age as i32)).collect();
        let sum: f64 = weights.iter().zip(&values).map(|(w, v)| w * v).sum();
        let total: f64 = weights.iter().sum();
        prop_assert_eq!(numbers.count(), values.len() as u64);
        prop_assert!((numbers.value().unwrap() - sum).abs() < 1e-10);
        prop_assert!((numbers.corrected().unwrap() - sum / total).abs() < 1e-9);
        let number = numbers.corrected().unwrap();
        prop_assert_eq!(tensors.corrected().unwrap().to_vec(), [number, -number]);
    }

    #[test]
    fn a_saved_average_goes_on(beta in 0.0..1.0f64, values in prop::collection::vec(-1e3..1e3f64, 0..9)) {
        let mut average = Ewa::new(beta);
        values.iter().for_each(|&value| average.update(value));
        let saved = serde_json::to_string(&average).unwrap();
        prop_assert_eq!(serde_json::from_str::<Ewa>(&saved).unwrap(), average);
    }
}

#[test]
fn nothing_has_no_average() {
    let average = Ewa::<f64>::new(0.9);
    assert_eq!((average.value(), average.corrected(), average.count()), (None, None, 0));
}

#[test]
fn a_file_cannot_set_a_wrong_beta() {
    let error = serde_json::from_str::<Ewa>(r#"{"beta": 1.0, "count": 2, "value": 0.5}"#).unwrap_err();
    assert!(error.to_string().starts_with("Ewa: expected a β in [0, 1), found 1"), "{error}");
}
