//! Distributions along an axis.

use super::layer;

layer! {
    /// eˣⁱ / Σⱼ eˣʲ along an axis: numbers in 0..1 whose sum is 1.
    ///
    /// After Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([1, 2], vec![1000.0, 1000.0]);
    /// assert_eq!(Softmax::new(1).forward(&x).to_vec(), [0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the axis is out of range.
    Softmax {
        /// The axis; negative ones count from the last (default: −1).
        axis: isize = -1,
    } => |x| x.softmax(axis)
}

layer! {
    /// e⁻ˣⁱ / Σⱼ e⁻ˣʲ along an axis: the softmax of −x.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, 3f64.ln()]);
    /// let y = Softmin::default().forward(&x).to_vec();
    /// assert!((y[0] - 0.75).abs() < 1e-15 && (y[1] - 0.25).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the axis is out of range.
    Softmin {
        /// The axis; negative ones count from the last (default: −1).
        axis: isize = -1,
    } => |x| (-x).softmax(axis)
}

layer! {
    /// xᵢ − ln Σⱼ eˣʲ along an axis: the logarithm of [`Softmax`], computed as a whole, in −∞..0.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, 1000.0]);
    /// assert_eq!(LogSoftmax::new(0).forward(&x).to_vec(), [-1000.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the axis is out of range.
    LogSoftmax {
        /// The axis; negative ones count from the last (default: −1).
        axis: isize = -1,
    } => |x| x.log_softmax(axis)
}

layer! {
    /// [`Softmax`] over the channels at each position of pictures [batch, channels, height, width] or of one
    /// [channels, height, width].
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let y = Softmax2d.forward(&Tensor::<f64>::zeros([1, 4, 2, 2]));
    /// assert_eq!(y.to_vec(), [0.25; 16]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the input has other axes.
    Softmax2d => |x| {
        assert!(
            matches!(x.ndim(), 3 | 4),
            "Softmax2d: the input {:?} is not [batch, channels, height, width] or [channels, height, width]",
            x.shape()
        );
        x.softmax(-3)
    }
}
