//! Tensors repeated, turned around, cut and rearranged.

use wengert::autodiff::ops::MeshIndexing;
use wengert::prelude::*;

use super::{Operation, Results, rows};
use crate::cases::Options;

fn several<T: Float>(tensors: Vec<Tensor<T>>) -> Results<T> {
    Results { tensors, integers: Vec::new() }
}

pub(super) fn operations<T: Float>() -> Vec<(&'static str, Operation<T>)> {
    rows! {
        "expand" => |o, x| x[0].expand(o.read::<Vec<isize>>("sizes")),
        "repeat" => |o, x| x[0].repeat(o.read::<Vec<usize>>("repeats")),
        "tile" => |o, x| x[0].tile(o.read::<Vec<usize>>("repeats")),
        "repeat_interleave" => |o, x| x[0].repeat_interleave(o.size("repeats"), o.integer_or_none("axis")),
        "repeat_interleave_each" => |o, x| {
            x[0].repeat_interleave(&o.indices("repeats"), o.integer_or_none("axis"))
        },
        "meshgrid" => |o, x| {
            let indexing = if o.text("indexing") == "xy" { MeshIndexing::Xy } else { MeshIndexing::Ij };
            several(Tensor::meshgrid(&x.iter().collect::<Vec<_>>(), indexing))
        },
        "flip" => |o, x| x[0].flip(&o.read::<Vec<isize>>("axes")[..]),
        "roll" => |o, x| x[0].roll(o.read::<Vec<isize>>("shifts"), o.read::<Vec<isize>>("axes")),
        "movedim" => |o, x| {
            x[0].movedim(o.read::<Vec<isize>>("source"), o.read::<Vec<isize>>("destination"))
        },
        "pixel_shuffle" => |o, x| x[0].pixel_shuffle(o.size("factor")),
        "pixel_unshuffle" => |o, x| x[0].pixel_unshuffle(o.size("factor")),
        "tril" => |o, x| x[0].tril(o.integer("diagonal")),
        "triu" => |o, x| x[0].triu(o.integer("diagonal")),
        "split_each" => |o, x| several(x[0].split(o.size("size"), o.integer("axis"))),
        "split" => |o, x| several(x[0].split(&o.read::<Vec<usize>>("sizes")[..], o.integer("axis"))),
        "split_last" => |o, x| {
            x[0].split(&o.read::<Vec<usize>>("sizes")[..], o.integer("axis")).pop().unwrap().square()
        },
        "chunk" => |o, x| several(x[0].chunk(o.size("chunks"), o.integer("axis"))),
        "unbind" => |o, x| several(x[0].unbind(o.integer("axis"))),
        "narrow" => |o, x| x[0].narrow(o.integer("axis"), o.integer("start"), o.size("length")),
    }
}
