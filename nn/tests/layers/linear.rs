//! Fully connected and bilinear layers.

use wengert::prelude::*;

use crate::{panic_of, rng};

#[test]
fn a_bilinear_layer_says_which_inputs_it_takes() {
    let of = |a: &'static [usize], b: &'static [usize]| {
        panic_of(move || {
            let layer = Bilinear::<f32>::new(3, 2, 4, &mut rng());
            drop(layer.forward(&Tensor::zeros(a), &Tensor::zeros(b)));
        })
    };
    let expected =
        "Bilinear: the inputs [5, 3] and [6, 2] are not [.., 3] and [.., 2] with the same axes before";
    assert_eq!(of(&[5, 3], &[6, 2]), expected);
    assert!(of(&[5, 2], &[5, 2]).contains("are not [.., 3] and [.., 2]"));
    assert!(of(&[], &[2]).contains("are not [.., 3] and [.., 2]"));
    let error = BilinearConfig::new(1, 0, 1).try_init::<f32>(&mut rng()).unwrap_err();
    assert_eq!(error.to_string(), "BilinearConfig: in2_features is 0, expected at least 1");
    let config = BilinearConfig::new(3, 2, 4).bias(false).weight_init(Init::zeros());
    let json = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<BilinearConfig>(&json).unwrap(), config);
}

/// Either input may be the one that lies on the tape.
#[test]
fn a_bilinear_layer_finds_the_tape_of_either_input() {
    let layer = Bilinear::<f64>::new(3, 2, 4, &mut rng());
    let (a, b) = (Tensor::ones([5, 3]), Tensor::ones([5, 2]));
    let on = |x: &Tensor<f64>| Tape::new().constant(x);
    for y in [layer.forward(&on(&a), &b), layer.forward(&a, &on(&b))] {
        let grads = y.sum(..).backward();
        assert_eq!(grads.get(&layer.weight).unwrap().to_vec(), [5.0; 24]);
        assert_eq!(grads.get(layer.bias.as_ref().unwrap()).unwrap().to_vec(), [5.0; 4]);
    }
}

/// Below ε the gradient is that of the formula, which is not PyTorch's.
#[test]
fn a_cosine_divides_by_no_norm_below_its_bound() {
    let tape = Tape::new();
    let a = tape.variable(Tensor::<f64>::from_vec([1, 2], vec![1.0, 0.0]));
    let b = Tensor::from_vec([1, 2], vec![0.5, 1.5]);
    let cosine = CosineSimilarity::new().eps(2.0).forward(&a, &b);
    assert_eq!(cosine.to_vec(), [0.5 / (2.0 * 2.0)]);
    assert_eq!(cosine.sum(..).backward().get(&a).unwrap().to_vec(), [0.125, 0.375]);
}
