//! Normalizations.

use wengert::prelude::*;

use crate::{close, filled, ramp};

// The expected numbers were computed with PyTorch in double precision.
#[test]
fn batch_norm_agrees_with_pytorch() {
    let norm = filled(BatchNorm2d::new(2));
    let y = norm.forward(&Tape::training(0).constant(ramp([2, 2, 2, 2], 3)));
    let expected = [
        0.175983884123,
        -0.406549849785,
        -0.989083583692,
        -1.5716173176,
        0.230590330474,
        -0.118929909871,
        -0.468450150215,
        -0.81797039056,
        -0.212371938482,
        -0.79490567239,
        -1.3774394063,
        0.175983884123,
        -0.00242316308917,
        -0.351943403434,
        -0.701463643779,
        0.230590330474,
    ];
    close(&y, &expected);
    let running = |buffer: &Option<Buffer<f64>>| buffer.as_ref().unwrap().value();
    close(&running(&norm.running_mean), &[-0.0109375, 0.0015625]);
    close(&running(&norm.running_var), &[0.918498883929, 0.918498883929]);
    let expected = [-0.224547588658, -0.469098679554, -0.298298840452, -0.445029494989];
    close(&norm.forward(&ramp([1, 2, 1, 2], 3)), &expected);
    // An evaluating tape changes nothing but records.
    let x = Tape::new().constant(ramp([1, 2, 1, 2], 3));
    close(&norm.forward(&x), &expected);
    close(&running(&norm.running_mean), &[-0.0109375, 0.0015625]);
}

#[test]
fn frozen_modules_get_no_gradients_and_learn_nothing() {
    let norm = BatchNorm2d::<f32>::new(2);
    let x = || Tape::training(0).variable(ramp([2, 2, 3, 3], 3));
    norm.freeze();
    let input = x();
    let y = norm.forward(&input);
    let evaluated = norm.forward(&input.detach());
    assert_eq!(y.to_vec(), evaluated.to_vec());
    let grads = y.sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).is_none()));
    assert!(grads.get(&input).is_some());
    let mean = norm.running_mean.as_ref().unwrap();
    assert_eq!(mean.value().to_vec(), [0.0; 2]);

    norm.unfreeze();
    let grads = norm.forward(&x()).sum(..).backward();
    assert!(norm.parameters().iter().all(|p| grads.get(p).is_some()));
    assert_ne!(mean.value().to_vec(), [0.0; 2]);
}
