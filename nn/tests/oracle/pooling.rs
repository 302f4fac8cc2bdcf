use serde::de::DeserializeOwned;
use wengert::autodiff::ops::Sizes;
use wengert::prelude::*;

use crate::cases::Case;
use crate::subject::{Subject, layer, module};

/// A pooling, which gives its indices too where the case has them.
macro_rules! with_indices {
    ($Pool:ty, $case:expr) => {{
        let pool = $case.read::<$Pool>();
        match $case.evaluated.len() {
            1 => layer(pool),
            _ => module(pool, |pool, x, _| {
                let (y, indices) = pool.forward_with_indices(&x[0]);
                let positions = indices.as_slice().iter().map(|&i| i as f64).collect();
                vec![y, Tensor::from_vec(indices.shape(), positions)]
            }),
        }
    }};
}

/// The maxima of windows of two put back.
macro_rules! unpool {
    ($Pool:ty, $Unpool:ty, $case:expr) => {{
        let mut case = $case.clone();
        let to = output_size(&mut case);
        let pool = <$Pool>::new(2);
        module(case.read::<$Unpool>(), move |unpool, x, _| {
            let (y, indices) = pool.forward_with_indices(&x[0]);
            vec![match to {
                Some(to) => unpool.forward_with(&y, &indices, to),
                None => unpool.forward(&y, &indices),
            }]
        })
    }};
}

fn output_size<const D: usize>(case: &mut Case) -> Option<Sizes<D>>
where
    Sizes<D>: DeserializeOwned,
{
    let size = case.options.as_object_mut()?.remove("output_size")?;
    Some(serde_json::from_value(size).expect("sizes"))
}

pub(crate) fn build(case: &Case) -> Box<dyn Subject> {
    match case.layer.as_str() {
        "MaxPool1d" => with_indices!(MaxPool1d, case),
        "MaxPool2d" => with_indices!(MaxPool2d, case),
        "MaxPool3d" => with_indices!(MaxPool3d, case),
        "AvgPool1d" => layer(case.read::<AvgPool1d>()),
        "AvgPool2d" => layer(case.read::<AvgPool2d>()),
        "AvgPool3d" => layer(case.read::<AvgPool3d>()),
        "LpPool1d" => layer(case.read::<LpPool1d>()),
        "LpPool2d" => layer(case.read::<LpPool2d>()),
        "LpPool3d" => layer(case.read::<LpPool3d>()),
        "AdaptiveAvgPool1d" => layer(case.read::<AdaptiveAvgPool1d>()),
        "AdaptiveAvgPool2d" => layer(case.read::<AdaptiveAvgPool2d>()),
        "AdaptiveAvgPool3d" => layer(case.read::<AdaptiveAvgPool3d>()),
        "AdaptiveMaxPool1d" => with_indices!(AdaptiveMaxPool1d, case),
        "AdaptiveMaxPool2d" => with_indices!(AdaptiveMaxPool2d, case),
        "AdaptiveMaxPool3d" => with_indices!(AdaptiveMaxPool3d, case),
        "MaxUnpool1d" => unpool!(MaxPool1d, MaxUnpool1d, case),
        "MaxUnpool2d" => unpool!(MaxPool2d, MaxUnpool2d, case),
        "MaxUnpool3d" => unpool!(MaxPool3d, MaxUnpool3d, case),
        other => panic!("no layer {other}"),
    }
}
