//! Normalizations.

use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "batch_norm" => |o, x| {
            let (y, mean, var) = x[0].batch_norm(&x[1], &x[2], o.number("eps"));
            [y, mean, var]
        },
        "batch_norm_output" => |o, x| x[0].batch_norm(&x[1], &x[2], o.number("eps")).0,
        "batch_norm_rectified" => |o, x| {
            let (y, mean, var) =
                x[0].batch_norm_rectified(&x[1], &x[2], o.number("eps"), x.get(3), o.number("slope"));
            [y, mean, var]
        },
        "channel_affine" => |o, x| x[0].channel_affine(&x[1], &x[2], x.get(3), o.number("slope")),
        "batch_norm_with" => |o, x| {
            let [weight, bias] = weights(o, &x[3..]);
            x[0].batch_norm_with(&x[1], &x[2], weight, bias, o.number("eps"))
        },
        "layer_norm" => |o, x| {
            let [weight, bias] = weights(o, &x[1..]);
            x[0].layer_norm(o.read::<Vec<usize>>("normalized_shape"), weight, bias, o.number("eps"))
        },
        "rms_norm" => |o, x| {
            let weight = o.flag("weight").then(|| &x[1]);
            // The default is single precision's in the file, and not its own in double precision.
            let eps = o.number_or_none("eps").unwrap_or(f64::from(f32::EPSILON));
            let y = x[0].rms_norm(o.read::<Vec<usize>>("normalized_shape"), weight, eps);
            if o.number_or_none("eps").is_none() && T::NAME == "f32" {
                let default = x[0].rms_norm(o.read::<Vec<usize>>("normalized_shape"), weight, None);
                assert_eq!(default.to_vec(), y.to_vec());
            }
            y
        },
        "group_norm" => |o, x| {
            let [weight, bias] = weights(o, &x[1..]);
            x[0].group_norm(o.size("groups"), weight, bias, o.number("eps"))
        },
        "instance_norm" => |o, x| {
            let [weight, bias] = weights(o, &x[1..]);
            let (y, mean, var) = x[0].instance_norm(weight, bias, o.number("eps"));
            [y, mean, var]
        },
        "local_response_norm" => |o, x| x[0].local_response_norm(
            o.size("size"),
            o.number("alpha"),
            o.number("beta"),
            o.number("k"),
        ),
    }
}

/// The weight and the bias, where there are.
fn weights<'a, T: Float>(o: &Options, x: &'a [Tensor<T>]) -> [Option<&'a Tensor<T>>; 2] {
    let mut rest = x.iter();
    [o.flag("weight").then(|| rest.next().unwrap()), o.flag("bias").then(|| rest.next().unwrap())]
}
