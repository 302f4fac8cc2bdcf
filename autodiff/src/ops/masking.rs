//! Elements picked and replaced where a mask is true.

use super::{Concat, IndexSelect};
use crate::Float;
use crate::mask::Mask;
use crate::shape::{Shape, ShapeError, broadcast, refuse};
use crate::tensor::{Tensor, apply_one};

impl<T: Float> Tensor<T> {
    /// The elements where a mask is true, in row-major order, as a tensor of rank 1. Tensor and mask broadcast.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, -2.0, 3.0, -4.0]);
    /// assert_eq!(x.masked_select(&x.gt(0.0)).to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn masked_select(&self, mask: &Mask) -> Self {
        let shape = match broadcast(self.shape(), mask.shape()) {
            Ok(shape) => shape,
            Err(error) => refuse(error.of("masked_select", &[self.shape(), mask.shape()])),
        };
        let held = mask.view();
        let held = held.broadcast(&shape[..]).expect("the shapes broadcast");
        let picked: Vec<i64> = (0..).zip(held).filter(|&(_, &held)| held).map(|(i, _)| i).collect();
        let x = self.broadcast_to(&shape);
        apply_one(IndexSelect { axis: 0, indices: picked.into() }, &[&x.reshape([x.len()])])
    }

    /// This tensor with the elements where a mask is true replaced by those of `source`, one after the other in
    /// row-major order. The mask broadcasts; what the source holds beyond is not used.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![1.0, -2.0, 3.0, -4.0]);
    /// let source = Tensor::from_vec([3], vec![10.0, 20.0, 30.0]);
    /// assert_eq!(x.masked_scatter(&x.lt(0.0), &source).to_vec(), [1.0, 10.0, 3.0, 20.0]);
    /// ```
    ///
    /// # Panics
    /// If the mask does not broadcast to the tensor's shape, or the source has fewer elements than are true.
    #[track_caller]
    pub fn masked_scatter(&self, mask: &Mask, source: &Self) -> Self {
        let held = mask.view();
        let held = match held.broadcast(self.shape()) {
            Some(held) => held,
            None => refuse(
                ShapeError::new("the mask does not broadcast to the tensor's shape")
                    .of("masked_scatter", &[self.shape(), mask.shape()]),
            ),
        };
        let n = self.len() as i64;
        let mut next = n;
        let mut picked = Vec::with_capacity(self.len());
        for (i, &held) in (0..).zip(held) {
            picked.push(if held { next } else { i });
            next += i64::from(held);
        }
        if next - n > source.len() as i64 {
            refuse(
                ShapeError::new(format!(
                    "the mask asks for {} elements, the source has {}",
                    next - n,
                    source.len()
                ))
                .of("masked_scatter", &[self.shape(), mask.shape(), source.shape()]),
            );
        }
        let flat = |x: &Self| Shape::from_elem(x.len(), 1);
        let both = [self.reshape(flat(self)), source.reshape(flat(source))];
        let both = apply_one(Concat { axis: 0 }, &[&both[0], &both[1]]);
        apply_one(IndexSelect { axis: 0, indices: picked.into() }, &[&both]).reshape(self.shape())
    }
}
