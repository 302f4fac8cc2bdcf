//! Networks as chains of named stages.

use autodiff::{Float, Tensor};
use nn::Layer;

/// One link of a chain: a name and a layer, borrowed from its model.
pub struct Stage<'a, T: Float> {
    /// The path of the layer in the model, such as `layer1.0`; a layer without parameters is named for what it does.
    pub name: String,
    /// What it computes.
    pub layer: &'a dyn Layer<T>,
}

impl<'a, T: Float> Stage<'a, T> {
    /// A stage.
    pub fn new(name: impl Into<String>, layer: &'a dyn Layer<T>) -> Self {
        Self { name: name.into(), layer }
    }
}

/// A network that is a chain of named stages: its forward pass in evaluation applies one after the other.
///
/// From this follow its features at any point, freezing by depth, and the pictures of what it looks at.
pub trait Stages<T: Float>: Layer<T> {
    /// The stages in order.
    fn stages(&self) -> Vec<Stage<'_, T>>;

    /// The output of the last stage: what a chain's [`forward`](Layer::forward) gives.
    #[track_caller]
    fn chain(&self, x: &Tensor<T>) -> Tensor<T> {
        self.stages().iter().fold(x.clone(), |x, stage| stage.layer.forward_in(&stage.name, &x))
    }

    /// The outputs of the stages of these names, in the order of the names. What comes after the last of them is not
    /// computed.
    ///
    /// # Panics
    /// If no stage has one of the names; the text lists them.
    #[track_caller]
    fn features(&self, x: &Tensor<T>, names: &[&str]) -> Vec<Tensor<T>> {
        let stages = self.stages();
        let wanted: Vec<usize> = names.iter().map(|name| position(&stages, name)).collect();
        let mut found = vec![None; names.len()];
        let mut x = x.clone();
        for (at, stage) in stages.iter().enumerate().take(wanted.iter().max().map_or(0, |last| last + 1)) {
            x = stage.layer.forward_in(&stage.name, &x);
            for (slot, _) in found.iter_mut().zip(&wanted).filter(|(_, wanted)| **wanted == at) {
                *slot = Some(x.clone());
            }
        }
        found.into_iter().map(|feature| feature.expect("every wanted stage was passed")).collect()
    }

    /// Freezes the parameters and buffers of the stages up to the one of this name, which is included.
    ///
    /// # Panics
    /// If no stage has the name; the text lists them.
    #[track_caller]
    fn freeze_through(&self, name: &str) {
        let stages = self.stages();
        let last = position(&stages, name);
        stages[..=last].iter().for_each(|stage| stage.layer.freeze());
    }
}

#[track_caller]
fn position<T: Float>(stages: &[Stage<'_, T>], name: &str) -> usize {
    match stages.iter().position(|stage| stage.name == name) {
        Some(at) => at,
        None => {
            let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
            panic!("no stage is named `{name}`; the stages are {}", names.join(", "))
        }
    }
}
