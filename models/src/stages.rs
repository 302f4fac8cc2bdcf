//! Networks as chains of named stages.

use std::fmt;

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

impl<T: Float> fmt::Debug for Stage<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.layer.kind())
    }
}

/// A network that is a chain of named stages: its forward pass in evaluation applies one after the other.
///
/// From this follow its features at any point, freezing by depth, and the pictures of what it looks at.
///
/// ```
/// use wengert::prelude::*;
///
/// let model = ResNet::<f32>::resnet20(10, &mut ChaCha8Rng::seed_from_u64(0));
/// let stages = model.stages();
/// let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
/// assert_eq!(names[..4], ["conv1", "bn1", "relu", "layer1.0"]);
/// assert_eq!(names[11..], ["layer3.2", "avgpool", "flatten", "fc"]);
///
/// // What two of them give, in any order, in one pass.
/// let x = Tensor::zeros([1, 3, 32, 32]);
/// let [deep, shallow] = &model.features(&x, &["flatten", "relu"])[..] else { unreachable!() };
/// assert_eq!((deep.shape(), shallow.shape()), (&[1, 64][..], &[1, 16, 32, 32][..]));
///
/// // Only the last stage of blocks and the linear layer learn on.
/// model.freeze_through("layer2.2");
/// assert!(model.layers[1][2].conv2.weight.is_frozen() && !model.layers[2][0].conv1.weight.is_frozen());
/// ```
pub trait Stages<T: Float>: Layer<T> {
    /// The stages in order.
    fn stages(&self) -> Vec<Stage<'_, T>>;

    /// The output of the last stage: what a chain's [`forward`](Layer::forward) gives.
    #[track_caller]
    fn chain(&self, x: &Tensor<T>) -> Tensor<T> {
        // A nameless scope around the stages': by it a report knows them for neighbours.
        let _stages = x.tape().map(|tape| tape.scope(""));
        self.stages().iter().fold(x.clone(), |x, stage| stage.layer.forward_in(&stage.name, &x))
    }

    /// The outputs of the stages of these names, in the order of the names. What comes after the last of them is not
    /// computed. On a training tape they are those of training.
    ///
    /// # Panics
    /// If no stage has one of the names; the text lists them.
    #[track_caller]
    fn features(&self, x: &Tensor<T>, names: &[&str]) -> Vec<Tensor<T>> {
        let stages = self.stages();
        // A loop, as a closure would hide the caller's line.
        let mut wanted = Vec::with_capacity(names.len());
        for name in names {
            wanted.push(position(&stages, name));
        }
        let mut found = Wanted::new(&wanted);
        let _stages = x.tape().map(|tape| tape.scope(""));
        let mut x = x.clone();
        for (at, stage) in stages.iter().enumerate().take(wanted.iter().max().map_or(0, |last| last + 1)) {
            x = stage.layer.forward_in(&stage.name, &x);
            found.pass(at, &x);
        }
        found.into_outputs()
    }

    /// Freezes the parameters and buffers of the stages up to the one of this name, which is included: they keep their
    /// values, and their batch normalization uses its running statistics.
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

/// The outputs of some layers of a chain, picked up as it is gone through.
pub(crate) struct Wanted<'a, T: Float> {
    layers: &'a [usize],
    found: Vec<Option<Tensor<T>>>,
}

impl<'a, T: Float> Wanted<'a, T> {
    /// Of the layers of these numbers, of which one may occur twice.
    pub(crate) fn new(layers: &'a [usize]) -> Self {
        Self { layers, found: vec![None; layers.len()] }
    }

    /// Keeps the output of a layer if it is wanted.
    pub(crate) fn pass(&mut self, layer: usize, output: &Tensor<T>) {
        for (slot, _) in self.found.iter_mut().zip(self.layers).filter(|(_, wanted)| **wanted == layer) {
            *slot = Some(output.clone());
        }
    }

    /// In the order in which they are wanted.
    pub(crate) fn into_outputs(self) -> Vec<Tensor<T>> {
        self.found.into_iter().map(|output| output.expect("every wanted layer was passed")).collect()
    }
}
