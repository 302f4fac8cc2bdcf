//! Examples with their labels.

use crate::{Batch, Error, split};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use rand::Rng;
use std::sync::Arc;

/// Examples, the class of each, and the names of the classes.
///
/// `inputs` is `[n, …]`: example `i` is `inputs[i]`, and `labels[i]`, in `0..classes`, is the index of its
/// class. A clone shares the inputs.
///
/// ```
/// use wengert::data::{Dataset, iris};
/// use ndarray::array;
///
/// let points = array![[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].into_dyn();
/// let dataset = Dataset::new(points, vec![0, 1, 1], ["left", "right"])?;
/// assert_eq!(dataset.counts(), [1, 2]);
/// assert_eq!(iris().counts(), [50, 50, 50]);
/// # Ok::<(), wengert::data::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    // Always in standard layout, so that an example is one slice; shared, so that a clone on another thread is cheap.
    inputs: Arc<ArrayD<f32>>,
    labels: Vec<i64>,
    class_names: Vec<String>,
    description: Option<String>,
}

impl Dataset {
    /// A data set of `inputs` `[n, …]`, `n` labels, and the names of the classes.
    ///
    /// # Errors
    /// When there are not as many labels as examples, or a label is not in `0..class_names.len()`.
    ///
    /// # Panics
    /// When `inputs` has no axes.
    #[track_caller]
    pub fn new(
        inputs: ArrayD<f32>,
        labels: Vec<i64>,
        class_names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, Error> {
        assert!(inputs.ndim() > 0, "Dataset::new: the inputs have no axes; expected [n, …]");
        let class_names: Vec<String> = class_names.into_iter().map(Into::into).collect();
        let origin = || "data set".to_owned();
        if inputs.len_of(Axis(0)) != labels.len() {
            let (examples, labels) = (inputs.len_of(Axis(0)), labels.len());
            return Err(Error::CountMismatch { origin: origin(), examples, labels });
        }
        let classes = class_names.len();
        if let Some(example) = labels.iter().position(|&label| label < 0 || label as usize >= classes) {
            return Err(Error::LabelOutOfRange {
                origin: origin(),
                example,
                label: labels[example],
                classes,
            });
        }
        let inputs = Arc::new(into_standard_layout(inputs));
        Ok(Dataset { inputs, labels, class_names, description: None })
    }

    /// The same data with a text that says what they are and whom to thank for them.
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The same data with other names for the classes.
    ///
    /// # Panics
    /// When there are not as many names as classes.
    #[track_caller]
    pub fn with_class_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let (found, expected) = (names.len(), self.classes());
        assert!(found == expected, "with_class_names: {found} names for {expected} classes");
        self.class_names = names;
        self
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The examples, `[n, …]`, in standard layout.
    pub fn inputs(&self) -> &ArrayD<f32> {
        &self.inputs
    }

    /// The class of each example.
    pub fn labels(&self) -> &[i64] {
        &self.labels
    }

    /// How many classes there are (some may have no example here).
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The names of the classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// What the data are and whom to thank for them, where that is known.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The shape of one example: that of the inputs without their first axis.
    pub fn example_shape(&self) -> &[usize] {
        &self.inputs.shape()[1..]
    }

    /// Example `index` and its label.
    ///
    /// # Panics
    /// When there is no such example.
    #[track_caller]
    pub fn example(&self, index: usize) -> (ArrayViewD<'_, f32>, i64) {
        self.check("example", index);
        (self.inputs.index_axis(Axis(0), index), self.labels[index])
    }

    /// How many examples each class has.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        for &label in &self.labels {
            counts[label as usize] += 1;
        }
        counts
    }

    /// The examples of the given numbers, in the given order, as a data set; a number may stand there twice.
    ///
    /// # Panics
    /// When there is no such example.
    #[track_caller]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let (inputs, labels) = self.gather("subset", indices);
        Dataset {
            inputs: Arc::new(inputs),
            labels,
            class_names: self.class_names.clone(),
            description: self.description.clone(),
        }
    }

    /// The examples of the given numbers, in the given order, as a batch.
    ///
    /// # Panics
    /// When there is no such example.
    #[track_caller]
    pub fn batch(&self, indices: &[usize]) -> Batch {
        let (inputs, labels) = self.gather("batch", indices);
        Batch::new(inputs, labels)
    }

    /// The whole data set as one batch, as batch gradient descent and a small test part want it.
    pub fn to_batch(&self) -> Batch {
        Batch::new(self.inputs.as_ref().clone(), self.labels.clone())
    }

    /// The same labels with inputs `f(inputs)`: normalized, resized, flattened.
    ///
    /// # Panics
    /// When `f` changes the number of examples.
    #[track_caller]
    pub fn map_inputs(&self, f: impl FnOnce(&ArrayD<f32>) -> ArrayD<f32>) -> Self {
        let inputs = f(&self.inputs);
        assert!(
            inputs.shape().first() == Some(&self.len()),
            "map_inputs: {} examples of shape {:?} became an array of shape {:?}",
            self.len(),
            self.example_shape(),
            inputs.shape()
        );
        let inputs = Arc::new(into_standard_layout(inputs));
        Dataset {
            inputs,
            labels: self.labels.clone(),
            class_names: self.class_names.clone(),
            description: self.description.clone(),
        }
    }

    /// Random parts of the given fractions, each with the same share of every class: [`split::stratified`] by
    /// label.
    ///
    /// ```
    /// use rand::{SeedableRng, rngs::ChaCha8Rng};
    ///
    /// let digits = wengert::data::digits();
    /// let [train, dev, test] = digits.split([0.6, 0.2, 0.2], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert_eq!([train.len(), dev.len(), test.len()], [1078, 360, 359]);
    /// ```
    ///
    /// # Panics
    /// When the fractions are not positive or do not sum to 1.
    #[track_caller]
    pub fn split<const PARTS: usize>(&self, fractions: [f64; PARTS], rng: &mut impl Rng) -> [Self; PARTS] {
        split::stratified(&self.labels, fractions, rng).map(|indices| self.subset(&indices))
    }

    #[track_caller]
    fn gather(&self, operation: &str, indices: &[usize]) -> (ArrayD<f32>, Vec<i64>) {
        let size: usize = self.example_shape().iter().product();
        let elements = self.inputs.as_slice().expect("inputs are in standard layout");
        let mut gathered = Vec::with_capacity(indices.len() * size);
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            self.check(operation, index);
            gathered.extend_from_slice(&elements[index * size..][..size]);
            labels.push(self.labels[index]);
        }
        let mut shape = self.inputs.shape().to_vec();
        shape[0] = indices.len();
        (
            ArrayD::from_shape_vec(IxDyn(&shape), gathered).expect("the shape fits the gathered elements"),
            labels,
        )
    }

    #[track_caller]
    fn check(&self, operation: &str, index: usize) {
        assert!(index < self.len(), "{operation}: there is no example {index} among {}", self.len());
    }
}

fn into_standard_layout(array: ArrayD<f32>) -> ArrayD<f32> {
    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn small() -> Dataset {
        let inputs = array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]].into_dyn();
        Dataset::new(inputs, vec![1, 0, 1], ["a", "b", "c"]).unwrap().with_description("three points")
    }

    #[test]
    fn says_what_it_holds() {
        let data = small();
        assert_eq!((data.len(), data.classes(), data.is_empty()), (3, 3, false));
        assert_eq!(data.example_shape(), [2]);
        assert_eq!(data.counts(), [1, 2, 0]);
        assert_eq!(data.example(1), (array![2.0, 3.0].into_dyn().view(), 0));
        assert_eq!(data.description(), Some("three points"));
        assert_eq!(data.with_class_names(["x", "y", "z"]).class_names(), ["x", "y", "z"]);
    }

    #[test]
    fn subsets_keep_order_and_repetitions() {
        let part = small().subset(&[2, 0, 2]);
        assert_eq!(part.inputs(), &array![[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]].into_dyn());
        assert_eq!(part.labels(), [1, 1, 1]);
        assert_eq!((part.class_names().len(), part.description()), (3, Some("three points")));
        assert_eq!(small().subset(&[]).inputs().shape(), [0, 2]);
    }

    #[test]
    fn inputs_of_any_layout_are_taken_in_their_logical_order() {
        let transposed = array![[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]].reversed_axes().into_dyn();
        assert!(!transposed.is_standard_layout());
        let data = Dataset::new(transposed.clone(), vec![1, 0, 1], ["a", "b", "c"]).unwrap();
        assert_eq!(data.subset(&[1]).inputs(), &array![[2.0, 3.0]].into_dyn());
        assert_eq!(small().map_inputs(|_| transposed).subset(&[1]).inputs(), &array![[2.0, 3.0]].into_dyn());
    }

    #[test]
    fn rejects_labels_that_do_not_fit() {
        let inputs = || ArrayD::zeros(IxDyn(&[2, 1]));
        let error = Dataset::new(inputs(), vec![0], ["a"]).unwrap_err();
        assert_eq!(error.to_string(), "data set: 2 examples but 1 labels");
        for label in [-1, 2] {
            let error = Dataset::new(inputs(), vec![0, label], ["a", "b"]).unwrap_err();
            assert!(
                matches!(error, Error::LabelOutOfRange { example: 1, label: l, classes: 2, .. } if l == label)
            );
        }
    }

    #[test]
    #[should_panic(expected = "subset: there is no example 3 among 3")]
    fn a_subset_of_examples_that_do_not_exist_panics() {
        small().subset(&[0, 3]);
    }

    #[test]
    #[should_panic(expected = "map_inputs: 3 examples of shape [2] became an array of shape [2, 3]")]
    fn mapping_may_not_change_the_number_of_examples() {
        small().map_inputs(|x| x.clone().reversed_axes());
    }
}
