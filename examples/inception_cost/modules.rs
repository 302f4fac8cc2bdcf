//! The Inception modules of GoogLeNet: Szegedy et al. (2014), table 1.

use wengert::models::vision::InceptionConfig;

/// A row of the table. The naive form has the same convolutions without reductions.
pub(crate) struct Module {
    pub(crate) name: &'static str,
    /// Height and width.
    pub(crate) side: usize,
    /// Input channels.
    pub(crate) inputs: usize,
    ch1x1: usize,
    /// To how many channels it is reduced, and to how many the 3×3 convolution goes from there.
    ch3x3: [usize; 2],
    ch5x5: [usize; 2],
    pool_proj: usize,
}

/// All nine.
pub(crate) const GOOGLENET: [Module; 9] = [
    row("3a", 28, 192, 64, [96, 128], [16, 32], 32),
    row("3b", 28, 256, 128, [128, 192], [32, 96], 64),
    row("4a", 14, 480, 192, [96, 208], [16, 48], 64),
    row("4b", 14, 512, 160, [112, 224], [24, 64], 64),
    row("4c", 14, 512, 128, [128, 256], [24, 64], 64),
    row("4d", 14, 512, 112, [144, 288], [32, 64], 64),
    row("4e", 14, 528, 256, [160, 320], [32, 128], 128),
    row("5a", 7, 832, 256, [160, 320], [32, 128], 128),
    row("5b", 7, 832, 384, [192, 384], [48, 128], 128),
];

const fn row(
    name: &'static str,
    side: usize,
    inputs: usize,
    ch1x1: usize,
    ch3x3: [usize; 2],
    ch5x5: [usize; 2],
    pool_proj: usize,
) -> Module {
    Module { name, side, inputs, ch1x1, ch3x3, ch5x5, pool_proj }
}

impl Module {
    pub(crate) fn naive(&self) -> InceptionConfig {
        InceptionConfig::naive(self.inputs, self.ch1x1, self.ch3x3[1], self.ch5x5[1]).batch_norm(true)
    }

    pub(crate) fn reduced(&self) -> InceptionConfig {
        InceptionConfig::reduced(self.inputs, self.ch1x1, self.ch3x3, self.ch5x5, self.pool_proj)
            .batch_norm(true)
    }

    pub(crate) fn naive_multiplications(&self) -> usize {
        self.side.pow(2) * self.inputs * (self.ch1x1 + 9 * self.ch3x3[1] + 25 * self.ch5x5[1])
    }

    pub(crate) fn reduced_multiplications(&self) -> usize {
        let ([less3, ch3x3], [less5, ch5x5]) = (self.ch3x3, self.ch5x5);
        let pointwise = self.inputs * (self.ch1x1 + less3 + less5 + self.pool_proj);
        self.side.pow(2) * (pointwise + 9 * less3 * ch3x3 + 25 * less5 * ch5x5)
    }
}
