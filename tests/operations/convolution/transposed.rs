//! Transposed convolution.

use proptest::prelude::*;
use wengert::autodiff::ops::ConvTransposeOptions;
use wengert::prelude::*;

use super::{along, batch, channels, shape};
use crate::row;
use crate::strategies::{Plan, cases};

fn transposed<const D: usize>(n: usize, most: usize) -> impl Strategy<Value = Plan<ConvTransposeOptions<D>>> {
    let sizes = (batch(), channels(), along::<D>(n, most), any::<bool>());
    sizes.prop_filter_map("something is left", |(batch, (groups, c, k), axes, bias)| {
        let output_padding = axes.map(|a| a.more.min(a.stride.max(a.dilation) - 1));
        let options = ConvTransposeOptions::new()
            .stride(axes.map(|a| a.stride))
            .padding(axes.map(|a| a.padding))
            .output_padding(output_padding)
            .dilation(axes.map(|a| a.dilation))
            .groups(groups);
        let left = |a: usize| {
            let reach = (axes[a].size - 1) * axes[a].stride + axes[a].dilation * (axes[a].kernel - 1) + 1;
            reach + output_padding[a] > 2 * axes[a].padding
        };
        if !(0..D).all(left) {
            return None;
        }
        let x = shape(batch, [groups * c], axes.map(|a| a.size));
        let w = shape(None, [groups * c, k], axes.map(|a| a.kernel));
        let b = bias.then(|| vec![groups * k]);
        Some(([x, w].into_iter().chain(b).collect(), options))
    })
}

row!(conv_transpose1d, cases(transposed::<1>(5, 300), -2.0..=2.0), |x, o: ConvTranspose1dOptions| {
    x[0].conv_transpose1d(&x[1], x.get(2), *o)
});
row!(conv_transpose2d, cases(transposed::<2>(3, 30), -2.0..=2.0), |x, o: ConvTranspose2dOptions| {
    x[0].conv_transpose2d(&x[1], x.get(2), *o)
});
row!(conv_transpose3d, cases(transposed::<3>(2, 9), -2.0..=2.0), |x, o: ConvTranspose3dOptions| {
    x[0].conv_transpose3d(&x[1], x.get(2), *o)
});
