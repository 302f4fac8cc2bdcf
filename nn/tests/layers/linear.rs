//! Fully connected layers.

use wengert::prelude::*;

use crate::{close, filled, ramp, rng};

// The expected numbers were computed with PyTorch in double precision.
#[test]
fn linear_agrees_with_pytorch() {
    let layer = filled(Linear::new(3, 2, &mut rng()));
    close(&layer.forward(&ramp([2, 3], 3)), &[-0.15625, -0.34375, -0.734375, -0.453125]);
}
