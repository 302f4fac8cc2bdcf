//! Recurrent layers with dense ones above.

use autodiff::{Float, Indices, Tensor};

use super::{Kind, Recurrent};
use crate::{Layer, Module, Sequential};

/// A deep recurrent network: recurrent layers below, which connect the steps, and above them layers that are applied to
/// each step by itself.
///
/// The upper layers see the steps of all sequences as the rows of one matrix, [rows, features], those of padding left
/// out, so that batch normalization among them is over real steps only. With sequences of several lengths the outputs
/// beyond them are zeros.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let below = RnnConfig::new(5, 8).num_layers(3).init(&mut rng);
/// let above = Sequential::new()
///     .push(Linear::new(8, 8, &mut rng))
///     .push(Tanh)
///     .push(Linear::new(8, 2, &mut rng));
/// let net = DeepRnn::<_, f32>::new(below, above);
/// assert_eq!(net.forward(&Tensor::zeros([7, 4, 5])).shape(), [7, 4, 2]);
/// let (y, h) = net.forward_with(&Tensor::ones([7, 4, 5]), None, Some(&[7, 3, 5, 1]));
/// assert_eq!((y.shape(), h.shape()), (&[7, 4, 2][..], &[3, 4, 8][..]));
/// assert_eq!(y.select(1, 3).slice(0, 1..).to_vec(), [0.0; 12]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct DeepRnn<K: Kind, T: Float = f32> {
    /// The layers that connect the steps.
    pub recurrent: Recurrent<K, T>,
    /// The layers that are applied to each step.
    pub dense: Sequential<T>,
}

impl<K: Kind, T: Float> DeepRnn<K, T> {
    /// Recurrent layers, and the layers above them.
    pub fn new(recurrent: Recurrent<K, T>, dense: Sequential<T>) -> Self {
        Self { recurrent, dense }
    }

    /// The outputs at all steps, [steps, batch, …] or [batch, steps, …], and the last state of the recurrent layers, all
    /// else being as for [`Recurrent::forward_with`].
    ///
    /// # Panics
    /// If the shapes or lengths do not fit, or the upper layers do not give a row for each row.
    #[track_caller]
    pub fn forward_with(
        &self,
        x: &Tensor<T>,
        state: Option<&K::State<T>>,
        lengths: Option<&[usize]>,
    ) -> (Tensor<T>, K::State<T>) {
        let (states, last) = self.recurrent.forward_with(x, state, lengths);
        let (features, leading) = states.shape().split_last().expect("sequences have features");
        let steps: usize = leading.iter().product();
        let rows = states.reshape([steps, *features]);
        let valid = lengths.map(|lengths| self.valid(leading, lengths));
        let given = match &valid {
            Some(valid) => rows.index_select(0, valid),
            None => rows,
        };
        let y = self.dense.forward_in("dense", &given);
        assert!(
            y.ndim() > 0 && y.shape()[0] == given.shape()[0],
            "DeepRnn: the upper layers made {:?} of {:?}, not a row of each row",
            y.shape(),
            given.shape()
        );
        let outputs = &y.shape()[1..];
        let y = match &valid {
            Some(valid) => Tensor::zeros([&[steps], outputs].concat()).index_copy(0, valid, &y),
            None => y.clone(),
        };
        (y.reshape([leading, outputs].concat()), last)
    }

    /// The rows of steps within the lengths, which fit, among all.
    fn valid(&self, leading: &[usize], lengths: &[usize]) -> Indices {
        // The step's share and the sequence's share of a row's number.
        let (step, sequence) = match *leading {
            [_, steps] if self.recurrent.batch_first => (1, steps),
            [_, batch] => (batch, 1),
            _ => (1, 0),
        };
        let rows =
            lengths.iter().enumerate().flat_map(|(i, &n)| (0..n).map(move |t| t * step + i * sequence));
        Indices::from(rows.map(|row| row as i64).collect::<Vec<_>>())
    }
}

/// The outputs at all steps, from a state of zeros.
impl<K: Kind, T: Float> Layer<T> for DeepRnn<K, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.forward_with(x, None, None).0
    }
}
