//! Training that is stopped, saved, loaded and continued ends with the bits of training that was not.

use wengert::prelude::*;

use crate::optimizers::{Make, all, bits};

/// With chance in it (dropout), and with buffers that learn (batch norm).
#[derive(Module)]
struct Net<T: Float = f32> {
    hidden: Linear<T>,
    norm: BatchNorm1d<T>,
    #[module(skip)]
    dropout: Dropout,
    output: Linear<T>,
}

impl<T: Float> Net<T> {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            hidden: Linear::new(3, 6, &mut rng),
            norm: BatchNorm1d::new(6),
            dropout: Dropout::new(0.3),
            output: Linear::new(6, 1, &mut rng),
        }
    }

    /// The loss of the batch of a step, on a tape that the step seeds.
    fn loss(&self, step: u64) -> Tensor<T> {
        let element = |i: u64| T::from_f64(((step * 31 + i * 7) as f64 * 0.37).sin());
        let x = Tensor::from_vec([8, 3], (0..24).map(element).collect());
        let target = x.slice(1, 0..1) * x.slice(1, 1..2);
        let h = self.hidden.forward(&Tape::training(step).constant(x));
        let h = self.dropout.forward(&self.norm.forward(&h).tanh());
        (self.output.forward(&h) - target).square().mean(..)
    }

    /// The bits of all that was learned.
    fn learned(&self) -> Vec<u64> {
        let buffers = self.named_buffers().into_iter().flat_map(|(_, buffer)| buffer.value().to_vec());
        bits(&self.parameters()).into_iter().chain(buffers.map(|x| x.to_f64().to_bits())).collect()
    }
}

fn check<T: Float>(name: &str, make: Make<T>) {
    let folder = tempfile::tempdir().unwrap();
    let (weights, state) = (folder.path().join("net.safetensors"), folder.path().join("state.safetensors"));
    let net = Net::<T>::new(0);
    let mut optimizer = make(net.parameters(), false);
    (0..5).for_each(|step| optimizer.minimize(&|| net.loss(step)));
    net.save(&weights).unwrap();
    optimizer.save_to(&state).unwrap();
    let stopped = net.learned();
    (5..12).for_each(|step| optimizer.minimize(&|| net.loss(step)));

    let again = Net::<T>::new(1);
    again.load(&weights).unwrap();
    assert_eq!(again.learned(), stopped, "{name}");
    let mut resumed = make(again.parameters(), false);
    resumed.load_from(&state).unwrap();
    (5..12).for_each(|step| resumed.minimize(&|| again.loss(step)));
    assert_eq!(again.learned(), net.learned(), "{name}");
    assert_eq!(resumed.state(), optimizer.state(), "{name}");
    assert_ne!(net.learned(), stopped, "{name}");

    // Without the state the bits are others: what is compared above depends on it.
    let without = Net::<T>::new(1);
    without.load(&weights).unwrap();
    let mut fresh = make(without.parameters(), false);
    (5..12).for_each(|step| fresh.minimize(&|| without.loss(step)));
    assert!(name == "sgd" || without.learned() != net.learned(), "{name} has no state");
}

#[test]
fn resumed_training_goes_on_with_the_same_bits_f32() {
    all::<f32>().into_iter().for_each(|(name, make)| check(name, make));
}

#[test]
fn resumed_training_goes_on_with_the_same_bits_f64() {
    all::<f64>().into_iter().for_each(|(name, make)| check(name, make));
}
