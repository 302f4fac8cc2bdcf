//! Layers one after the other.

use std::fmt;

use autodiff::{Float, Tensor};

use crate::{CloneLayer, Layer, Module, Visitor, VisitorMut};

/// Layers one after the other, each applied to the output of the one before. Without layers it is the
/// identity.
///
/// The layers are named by their number, as in PyTorch, unless they are pushed with a name.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::<f32>::new()
///     .push(Linear::new(4, 8, &mut rng))
///     .push(Relu)
///     .push_named("head", Linear::new(8, 3, &mut rng));
/// assert_eq!(net.forward(&Tensor::zeros([5, 4])).shape(), [5, 3]);
/// let names: Vec<String> = net.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "head.weight", "head.bias"]);
/// ```
#[derive(Clone)]
pub struct Sequential<T: Float = f32> {
    layers: Vec<(String, Box<dyn CloneLayer<T>>)>,
}

impl<T: Float> Sequential<T> {
    /// No layers yet.
    pub fn new() -> Self {
        Self { layers: Vec::new() }
    }

    /// Appends a layer, named by its number.
    ///
    /// # Panics
    /// If an earlier layer was given this number as its name.
    #[track_caller]
    pub fn push(self, layer: impl CloneLayer<T> + 'static) -> Self {
        let name = self.layers.len().to_string();
        self.push_named(name, layer)
    }

    /// Appends a layer with a name.
    ///
    /// # Panics
    /// If the name is empty, contains a dot, or is another layer's.
    #[track_caller]
    pub fn push_named(mut self, name: impl Into<String>, layer: impl CloneLayer<T> + 'static) -> Self {
        self.insert(self.len(), name, layer);
        self
    }

    /// Puts a layer with a name before the one that is number `at`, or at the end. The others keep their names.
    ///
    /// # Panics
    /// If `at` is beyond the end, or the name is empty, contains a dot, or is another layer's.
    #[track_caller]
    pub fn insert(&mut self, at: usize, name: impl Into<String>, layer: impl CloneLayer<T> + 'static) {
        let name = name.into();
        assert!(
            !name.is_empty() && !name.contains('.'),
            "Sequential: `{name}` cannot be a layer's name: it is empty or contains a dot"
        );
        assert!(self.position(&name).is_none(), "Sequential: there is a layer named `{name}` already");
        let n = self.layers.len();
        assert!(at <= n, "Sequential: no layer can be inserted at {at}, there are {n}");
        self.layers.insert(at, (name, Box::new(layer)));
    }

    /// Puts a layer in the place of the one with this name, which is returned.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// // A pre-trained network gets a head for three classes.
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let mut net = Sequential::<f32>::new()
    ///     .push_named("body", Linear::new(4, 8, &mut rng))
    ///     .push_named("head", Linear::new(8, 1000, &mut rng));
    /// net.freeze();
    /// net.replace("head", Linear::new(8, 3, &mut rng));
    /// assert_eq!(net.forward(&Tensor::zeros([5, 4])).shape(), [5, 3]);
    /// assert_eq!(net.trainable_parameter_count(), 8 * 3 + 3);
    /// ```
    ///
    /// # Panics
    /// If no layer has this name.
    #[track_caller]
    pub fn replace(&mut self, name: &str, layer: impl CloneLayer<T> + 'static) -> Box<dyn CloneLayer<T>> {
        let at = self.expect_position(name);
        std::mem::replace(&mut self.layers[at].1, Box::new(layer))
    }

    /// Takes out the layer with this name. The others keep theirs.
    ///
    /// # Panics
    /// If no layer has this name.
    #[track_caller]
    pub fn remove(&mut self, name: &str) -> Box<dyn CloneLayer<T>> {
        let at = self.expect_position(name);
        self.layers.remove(at).1
    }

    /// The layer with this name.
    pub fn get(&self, name: &str) -> Option<&(dyn CloneLayer<T> + 'static)> {
        Some(&*self.layers[self.position(name)?].1)
    }

    /// The layer with this name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut (dyn CloneLayer<T> + 'static)> {
        let at = self.position(name)?;
        Some(&mut *self.layers[at].1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.layers.iter().position(|(other, _)| other == name)
    }

    #[track_caller]
    fn expect_position(&self, name: &str) -> usize {
        match self.position(name) {
            Some(at) => at,
            None => panic!("Sequential: no layer is named `{name}`: {self:?}"),
        }
    }

    /// Of layers whose names are different ones.
    pub(crate) fn named(layers: Vec<(String, Box<dyn CloneLayer<T>>)>) -> Self {
        Self { layers }
    }

    /// The number of layers.
    pub fn len(&self) -> usize {
        self.layers.len()
    }

    /// Whether there are no layers.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// The layers with their names, in order.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (&str, &(dyn CloneLayer<T> + 'static))> + ExactSizeIterator {
        self.layers.iter().map(|(name, layer)| (name.as_str(), &**layer))
    }
}

impl<T: Float> Default for Sequential<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Module<T> for Sequential<T> {
    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        for (name, layer) in &self.layers {
            visitor.child(name, layer);
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        for (name, layer) in &mut self.layers {
            visitor.child(name, layer);
        }
    }
}

impl<T: Float> Layer<T> for Sequential<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        // A scope without a name around the layers': by it a report knows them for neighbours, so that the names
        // of one layer's parameters tell where all of them stand in the model.
        let _layers = x.tape().map(|tape| tape.scope(""));
        let mut x = x.clone();
        for (name, layer) in &self.layers {
            x = layer.forward_in(name, &x);
        }
        x
    }
}

impl<T: Float> FromIterator<Box<dyn CloneLayer<T>>> for Sequential<T> {
    fn from_iter<I: IntoIterator<Item = Box<dyn CloneLayer<T>>>>(layers: I) -> Self {
        let layers = layers.into_iter().enumerate().map(|(i, layer)| (i.to_string(), layer)).collect();
        Self { layers }
    }
}

impl<T: Float> From<Vec<Box<dyn CloneLayer<T>>>> for Sequential<T> {
    fn from(layers: Vec<Box<dyn CloneLayer<T>>>) -> Self {
        layers.into_iter().collect()
    }
}

impl<T: Float> fmt::Debug for Sequential<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequential ")?;
        f.debug_list().entries(self.layers.iter().map(|(name, _)| name)).finish()
    }
}
