//! Pooling.

use wengert::autodiff::ops::Pool;
use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "max_pool1d" => |o, x| x[0].max_pool1d(max_window(o)),
        "max_pool1d_with_indices" => |o, x| x[0].max_pool1d_with_indices(max_window(o)),
        "max_pool2d" => |o, x| x[0].max_pool2d(max_window(o)),
        "max_pool2d_with_indices" => |o, x| x[0].max_pool2d_with_indices(max_window(o)),
        "max_pool3d" => |o, x| x[0].max_pool3d(max_window(o)),
        "max_pool3d_with_indices" => |o, x| x[0].max_pool3d_with_indices(max_window(o)),
        "avg_pool1d" => |o, x| x[0].avg_pool1d(average_window(o)),
        "avg_pool2d" => |o, x| x[0].avg_pool2d(average_window(o)),
        "avg_pool3d" => |o, x| x[0].avg_pool3d(average_window(o)),
        "adaptive_max_pool1d" => |o, x| x[0].adaptive_max_pool1d(size::<1>(o)),
        "adaptive_max_pool1d_with_indices" => |o, x| x[0].adaptive_max_pool1d_with_indices(size::<1>(o)),
        "adaptive_max_pool2d" => |o, x| x[0].adaptive_max_pool2d(size::<2>(o)),
        "adaptive_max_pool2d_with_indices" => |o, x| x[0].adaptive_max_pool2d_with_indices(size::<2>(o)),
        "adaptive_max_pool3d" => |o, x| x[0].adaptive_max_pool3d(size::<3>(o)),
        "adaptive_max_pool3d_with_indices" => |o, x| x[0].adaptive_max_pool3d_with_indices(size::<3>(o)),
        "adaptive_avg_pool1d" => |o, x| x[0].adaptive_avg_pool1d(size::<1>(o)),
        "adaptive_avg_pool2d" => |o, x| x[0].adaptive_avg_pool2d(size::<2>(o)),
        "adaptive_avg_pool3d" => |o, x| x[0].adaptive_avg_pool3d(size::<3>(o)),
        "global_avg_pool" => |_, x| x[0].global_avg_pool(),
        "global_max_pool" => |_, x| x[0].global_max_pool(),
        "max_unpool1d" => |o, x| x[0].max_unpool1d(&o.indices("indices"), padded(o), sizes(o, "output_size")),
        "max_unpool2d" => |o, x| x[0].max_unpool2d(&o.indices("indices"), padded(o), sizes(o, "output_size")),
        "max_unpool3d" => |o, x| x[0].max_unpool3d(&o.indices("indices"), padded(o), sizes(o, "output_size")),
        "lp_pool1d" => |o, x| x[0].lp_pool1d(o.number("p"), window(o).ceil_mode(o.flag("ceil_mode"))),
        "lp_pool2d" => |o, x| x[0].lp_pool2d(o.number("p"), window(o).ceil_mode(o.flag("ceil_mode"))),
        "lp_pool3d" => |o, x| x[0].lp_pool3d(o.number("p"), window(o).ceil_mode(o.flag("ceil_mode"))),
    }
}

/// The numbers of an option, `None` for null.
fn sizes<const D: usize>(o: &Options, name: &str) -> Option<[usize; D]> {
    let sizes = o.read::<Option<Vec<usize>>>(name)?;
    Some(sizes.try_into().expect("one for each axis"))
}

fn numbers<const D: usize>(o: &Options, name: &str) -> [usize; D] {
    sizes(o, name).expect("given")
}

/// The size of an adaptive pooling's result, null where it is the input's.
fn size<const D: usize>(o: &Options) -> [Option<usize>; D] {
    o.read::<Vec<Option<usize>>>("size").try_into().expect("one for each axis")
}

fn window<const D: usize>(o: &Options) -> Pool<D> {
    Pool::new(numbers::<D>(o, "kernel")).stride(numbers::<D>(o, "stride"))
}

fn padded<const D: usize>(o: &Options) -> Pool<D> {
    window(o).padding(numbers::<D>(o, "padding"))
}

fn max_window<const D: usize>(o: &Options) -> Pool<D> {
    padded(o).dilation(numbers::<D>(o, "dilation")).ceil_mode(o.flag("ceil_mode"))
}

fn average_window<const D: usize>(o: &Options) -> Pool<D> {
    let window = padded(o).ceil_mode(o.flag("ceil_mode")).count_include_pad(o.flag("count_include_pad"));
    match o.integer_or_none("divisor_override") {
        Some(divisor) => window.divisor_override(usize::try_from(divisor).expect("positive")),
        None => window,
    }
}
