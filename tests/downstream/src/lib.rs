//! A model as a user writes it, in a crate that depends on `wengert` alone: the derive must find its way, and
//! the model must learn.

use wengert::prelude::*;

/// Two layers and a scale of their result, written without a float parameter.
#[derive(Clone, Module)]
pub struct Curve {
    hidden: Linear,
    output: Linear,
    scale: Parameter,
    /// No parameter, and nothing to say about it.
    pub width: usize,
}

impl Curve {
    pub fn new(width: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self {
            hidden: Linear::new(1, width, &mut rng),
            output: Linear::new(width, 1, &mut rng),
            scale: Parameter::new(Tensor::ones([1])),
            width,
        }
    }
}

impl Layer<f32> for Curve {
    fn forward(&self, x: &Tensor) -> Tensor {
        let y = self.output.forward(&self.hidden.forward(x).tanh());
        let scale = self.scale.on_tape_of(&y);
        y * scale
    }
}

/// The same for both element types.
#[derive(Module)]
pub struct Pair<T: Float> {
    pub left: Linear<T>,
    pub right: Option<Linear<T>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_ones_own_learns_a_sine() {
        let model = Curve::new(16, 1);
        assert_eq!(model.parameter_count(), 16 + 16 + 16 + 1 + 1);
        let xs: Vec<f32> = (0..64).map(|i| i as f32 / 10.0 - 3.2).collect();
        let ys: Vec<f32> = xs.iter().map(|x| x.sin()).collect();
        let (x, y) = (Tensor::from_vec([64, 1], xs), Tensor::from_vec([64, 1], ys));
        let mut adam = Adam::new(model.parameters(), 0.02);
        let mut last = f32::INFINITY;
        for seed in 0..600 {
            let tape = Tape::training(seed);
            let loss = model.forward(&tape.constant(&x)).mse_loss(&y);
            last = loss.item();
            adam.step(&loss.backward());
        }
        // Seeds 0 to 9 end between 0.000003 and 0.00006.
        assert!(last < 0.001, "the loss is still {last}");
    }

    #[test]
    fn names_are_paths() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let pair = Pair::<f64> { left: Linear::new(2, 3, &mut rng), right: None };
        let names: Vec<String> = pair.named_parameters().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["left.weight", "left.bias"]);
    }
}
