//! Gated units.

use super::layer;

layer! {
    /// The gated linear unit: a·σ(b), where a and b are the first and the second half of the input along an axis.
    ///
    /// After Dauphin, Fan, Auli and Grangier, "Language modeling with gated convolutional networks" (2017).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([1, 4], vec![2.0, -4.0, 0.0, 1e3]);
    /// assert_eq!(Glu::default().forward(&x).to_vec(), [1.0, -4.0]);
    /// assert_eq!(Glu::new(1).forward(&Tensor::<f32>::ones([2, 6, 3])).shape(), [2, 3, 3]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if the axis is out of range or has an odd number of elements.
    Glu {
        /// The axis; negative ones count from the last (default: −1).
        axis: isize = -1,
    } => |x| x.glu(axis)
}
