//! Convolutional layers.

use wengert::prelude::*;

use crate::{close, filled, ramp, rng};

// The expected numbers were computed with PyTorch in double precision.
#[test]
fn conv2d_agrees_with_pytorch() {
    let config = Conv2dConfig::new(2, 4, (3, 2)).stride((2, 1)).padding((1, 0)).dilation((1, 2)).groups(2);
    let layer = filled(config.init(&mut rng()));
    let y = layer.forward(&ramp([1, 2, 4, 4], 3));
    assert_eq!(y.shape(), [1, 4, 2, 2]);
    let expected = [
        -0.5625, -0.1875, -0.09375, -1.125, -0.625, -0.578125, -0.40625, -0.125, 0.65625, 0.375, 0.375,
        0.421875, 1.015625, 0.234375, 0.265625, 0.078125,
    ];
    close(&y, &expected);
}
