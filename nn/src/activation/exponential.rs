//! Exponential linear units.

use super::layer;

layer! {
    /// The exponential linear unit: x where x > 0, α·(eˣ − 1) elsewhere, in −α..∞.
    ///
    /// After Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units
    /// (ELUs)" (2015).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![-1e3, 3.0]);
    /// assert_eq!(Elu::new(0.5).forward(&x).to_vec(), [-0.5, 3.0]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if α is not finite.
    Elu {
        /// The factor α: the function falls to −α (default: 1).
        alpha: f64 = 1.0,
    } => |x| x.elu(alpha)
}

layer! {
    /// The self-normalizing exponential linear unit: λ·x where x > 0, λ·α·(eˣ − 1) elsewhere, with λ ≈ 1.0507 and
    /// α ≈ 1.6733, in −λα..∞. [`AlphaDropout`](crate::AlphaDropout) goes with it.
    ///
    /// After Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks" (2017).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert!((Selu.forward(&Tensor::<f64>::ones([1])).item() - 1.0507).abs() < 1e-5);
    /// ```
    Selu => |x| x.selu()
}

layer! {
    /// The continuously differentiable exponential linear unit: x where x > 0, α·(e^(x/α) − 1) elsewhere, in −α..∞.
    ///
    /// After Barron, "Continuously differentiable exponential linear units" (2017).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![-1e3, 3.0]);
    /// assert_eq!(Celu::new(2.0).forward(&x).to_vec(), [-2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if α is 0 or not finite.
    Celu {
        /// The scale α (default: 1).
        alpha: f64 = 1.0,
    } => |x| x.celu(alpha)
}
