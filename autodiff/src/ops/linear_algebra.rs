//! Products of vectors, matrices and batches of matrices, each of the ranks that its name says.

use super::MatMul;
use crate::Float;
use crate::shape::{Shape, ShapeError, refuse};
use crate::tensor::{Tensor, apply_one};

/// The operands must have these ranks.
#[track_caller]
fn check_ranks<T: Float>(operation: &'static str, operands: &[(&Tensor<T>, usize)]) {
    const NAMES: [&str; 4] = ["number", "vector", "matrix", "batch of matrices"];
    if let Some(i) = operands.iter().position(|(x, rank)| x.ndim() != *rank) {
        let (x, rank) = operands[i];
        let shapes: Vec<&[usize]> = operands.iter().map(|(x, _)| x.shape()).collect();
        let error =
            ShapeError::new(format!("operand {i} has rank {}, not {rank} as a {}", x.ndim(), NAMES[rank]));
        refuse(error.of(operation, &shapes));
    }
}

/// An axis of one operand must be as long as one of the other.
#[track_caller]
fn check_sizes<T: Float>(operation: &'static str, operands: [&Tensor<T>; 2], axes: [usize; 2]) {
    let [n, m] = [operands[0].shape()[axes[0]], operands[1].shape()[axes[1]]];
    if n != m {
        let error = ShapeError::new(format!(
            "axis {} of the left operand has {n} elements, axis {} of the right has {m}",
            axes[0], axes[1]
        ));
        refuse(error.of(operation, &[operands[0].shape(), operands[1].shape()]));
    }
}

impl<T: Float> Tensor<T> {
    /// The product of two vectors, Σ aᵢ·bᵢ.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(a.dot(&a).item(), 5.0);
    /// ```
    ///
    /// # Panics
    /// If the operands are not vectors of the same length.
    #[track_caller]
    pub fn dot(&self, other: &Self) -> Self {
        check_ranks("dot", &[(self, 1), (other, 1)]);
        check_sizes("dot", [self, other], [0, 0]);
        self.matmul(other)
    }

    /// The product of a matrix and a vector, yᵢ = Σⱼ aᵢⱼ·vⱼ.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(a.mv(&Tensor::from_vec([2], vec![10.0, 1.0])).to_vec(), [12.0, 34.0]);
    /// ```
    ///
    /// # Panics
    /// If the operands are not a matrix and a vector as long as its rows.
    #[track_caller]
    pub fn mv(&self, vector: &Self) -> Self {
        check_ranks("mv", &[(self, 2), (vector, 1)]);
        check_sizes("mv", [self, vector], [1, 0]);
        self.matmul(vector)
    }

    /// The outer product of two vectors, cᵢⱼ = aᵢ·bⱼ.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// let b = Tensor::from_vec([2], vec![10.0, 20.0]);
    /// assert_eq!(a.outer(&b).to_vec(), [10.0, 20.0, 20.0, 40.0]);
    /// ```
    ///
    /// # Panics
    /// If the operands are not vectors.
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        check_ranks("outer", &[(self, 1), (other, 1)]);
        self.unsqueeze(1).matmul(&other.unsqueeze(0))
    }

    /// The products of two batches of matrices: [b, m, k] by [b, k, n] gives [b, m, n]. Nothing is broadcast, as
    /// [`matmul`](Self::matmul) would.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (a, b) = (Tensor::<f32>::ones([5, 2, 3]), Tensor::ones([5, 3, 4]));
    /// assert_eq!(a.bmm(&b).shape(), [5, 2, 4]);
    /// ```
    ///
    /// # Panics
    /// If the operands have not rank 3, their batches differ, or the inner sizes do.
    #[track_caller]
    pub fn bmm(&self, other: &Self) -> Self {
        check_ranks("bmm", &[(self, 3), (other, 3)]);
        check_sizes("bmm", [self, other], [0, 0]);
        check_sizes("bmm", [self, other], [2, 1]);
        apply_one(MatMul::default(), &[self, other])
    }

    /// A scaled product of matrices added to this tensor, which broadcasts to it: β·x + α·a·b. With β = 0 this
    /// tensor's elements and its gradient do not matter. In PyTorch both are 1 unless said otherwise.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, a) = (Tensor::<f64>::ones([2]), Tensor::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// assert_eq!(x.addmm(&a, &a, 1.0, 10.0).to_vec(), [71.0, 101.0, 151.0, 221.0]);
    /// ```
    ///
    /// # Panics
    /// If the operands are not matrices that fit, or this tensor does not broadcast to their product.
    #[track_caller]
    pub fn addmm(&self, a: &Self, b: &Self, beta: f64, alpha: f64) -> Self {
        check_ranks("addmm", &[(a, 2), (b, 2)]);
        check_sizes("addmm", [a, b], [1, 0]);
        self.plus_product("addmm", a, b, beta, alpha)
    }

    /// Scaled products of batches of matrices added to this tensor, which broadcasts to them: β·x + α·a·b. With
    /// β = 0 this tensor's elements and its gradient do not matter. In PyTorch both are 1 unless said otherwise.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, a) = (Tensor::<f64>::ones([1]), Tensor::ones([3, 2, 2]));
    /// assert_eq!(x.baddbmm(&a, &a, -1.0, 0.5).to_vec(), [0.0; 12]);
    /// ```
    ///
    /// # Panics
    /// If the operands are not batches of matrices that fit, or this tensor does not broadcast to their products.
    #[track_caller]
    pub fn baddbmm(&self, a: &Self, b: &Self, beta: f64, alpha: f64) -> Self {
        check_ranks("baddbmm", &[(a, 3), (b, 3)]);
        check_sizes("baddbmm", [a, b], [0, 0]);
        check_sizes("baddbmm", [a, b], [2, 1]);
        self.plus_product("baddbmm", a, b, beta, alpha)
    }

    #[track_caller]
    fn plus_product(&self, operation: &'static str, a: &Self, b: &Self, beta: f64, alpha: f64) -> Self {
        let product = apply_one(MatMul::default(), &[a, b]);
        if !crate::shape::broadcasts_to(self.shape(), product.shape()) {
            let error = ShapeError::new(format!(
                "the tensor does not broadcast to the product {:?}",
                product.shape()
            ));
            refuse(error.of(operation, &[self.shape(), a.shape(), b.shape()]));
        }
        let product = if alpha == 1.0 { product } else { product * alpha };
        if beta == 0.0 {
            product
        } else if beta == 1.0 {
            self + product
        } else {
            self * beta + product
        }
    }

    /// The Gram matrices of the channels of feature maps: [N, C, …] gives [N, C, C], the products of every two
    /// channels summed over positions, Gᵢⱼ = Σₚ xᵢₚ·xⱼₚ.
    ///
    /// Nothing is divided by. Style transfer (Gatys, Ecker and Bethge, *Image style transfer using convolutional
    /// neural networks*, 2016) compares these sums and puts 1 / (4C²P²) before the squared differences, for P
    /// positions; many programs divide the matrices by C·P instead: `x.gram_matrix() / (c * p) as f64`.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.gram_matrix().to_vec(), [5.0, 11.0, 11.0, 25.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than two axes.
    #[track_caller]
    pub fn gram_matrix(&self) -> Self {
        let &[n, c, ref positions @ ..] = self.shape() else {
            let error = ShapeError::new("the input is not [batch, channels, …]");
            refuse(error.of("gram_matrix", &[self.shape()]));
        };
        let rows = self.reshape(Shape::from_slice(&[n, c, positions.iter().product()]));
        apply_one(MatMul { transpose_a: false, transpose_b: true }, &[&rows, &rows])
    }
}
