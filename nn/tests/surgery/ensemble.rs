//! Models that answer together.

use wengert::nn::Ensemble;
use wengert::prelude::*;

/// Gives the same logits for every example.
#[derive(Clone, Module)]
struct Fixed {
    logits: Parameter<f64>,
}

impl Layer<f64> for Fixed {
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        Tensor::zeros([x.shape()[0], 1]) + self.logits.on_tape_of(x)
    }
}

fn ensemble(logits: &[[f64; 3]]) -> Ensemble<Fixed> {
    let model = |row: &[f64; 3]| Fixed { logits: Parameter::new(Tensor::from_vec([3], row.to_vec())) };
    Ensemble::new(logits.iter().map(model).collect())
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

#[test]
fn logits_probabilities_and_votes_differ() {
    let ln = |p: [f64; 3]| p.map(f64::ln);
    // Two models hardly prefer class 1, one is very sure of class 0.
    let models = ensemble(&[ln([0.98, 0.01, 0.01]), ln([0.30, 0.40, 0.30]), ln([0.30, 0.40, 0.30])]);
    let x = Tensor::zeros([2, 7]);
    let third = |p: [f64; 3]| p.iter().map(|p: &f64| p.ln() / 3.0).sum::<f64>();
    let row = [third([0.98, 0.3, 0.3]), third([0.01, 0.4, 0.4]), third([0.01, 0.3, 0.3])];
    assert!(close(&models.forward(&x).to_vec(), &[row, row].concat()));
    let row = [1.58 / 3.0, 0.81 / 3.0, 0.61 / 3.0];
    assert!(close(&models.probabilities(&x).to_vec(), &[row, row].concat()));
    assert_eq!(models.probabilities(&x).argmax(1).to_vec(), [0, 0]);
    assert_eq!(models.vote(&x).to_vec(), [1, 1]);
}

#[test]
fn of_classes_with_as_many_votes_the_first_wins() {
    let x = Tensor::zeros([1, 1]);
    let votes = |winners: &[usize]| {
        let logits: Vec<[f64; 3]> =
            winners.iter().map(|&w| std::array::from_fn(|i| f64::from(i == w))).collect();
        ensemble(&logits).vote(&x).to_vec()
    };
    assert_eq!(votes(&[2, 1]), [1]);
    assert_eq!(votes(&[2, 1, 2]), [2]);
    assert_eq!(votes(&[2, 1, 0]), [0]);
    assert_eq!(votes(&[1, 2, 2, 1, 0]), [1]);
}

#[test]
fn maps_vote_pixel_by_pixel() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let models = Ensemble::new((0..3).map(|_| Conv2d::<f32>::new(2, 4, 1, &mut rng)).collect());
    let x = Init::normal(0.0, 1.0).tensor([2, 2, 5, 6], &mut rng);
    assert_eq!(models.vote(&x).shape(), [2, 5, 6]);
    let ones = models.probabilities(&x).sum(1).to_vec();
    assert!(ones.iter().all(|sum| (sum - 1.0).abs() < 1e-5));
}

#[test]
fn every_model_learns_from_the_average() {
    let models = ensemble(&[[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]);
    let tape = Tape::training(0);
    let y = models.probabilities(&tape.constant(Tensor::zeros([4, 1])));
    let grads = y.select(1, 0).sum(..).backward();
    assert!(models.parameters().iter().all(|p| grads.get(p).is_some()));
    let names: Vec<String> = models.named_parameters().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["models.0.logits", "models.1.logits"]);
}

#[test]
#[should_panic(expected = "Ensemble: there are no models")]
fn nobody_answers() {
    Ensemble::<Relu>::new(Vec::new());
}

#[test]
#[should_panic(expected = "Ensemble: one model gives the shape [1, 2], another [1, 3]")]
fn answers_of_different_shapes() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let models = Ensemble::new(vec![Linear::<f32>::new(4, 2, &mut rng), Linear::new(4, 3, &mut rng)]);
    models.forward(&Tensor::zeros([1, 4]));
}
