//! Cases of rectified sums, away from the bend of the rectifier, where there is no derivative.

use wengert::prelude::*;

use crate::strategies::Input;

/// Changes the values of a summand such that the bend, 0, lies in the widest gap of what the rectifier gets: the sums z,
/// whose axis `axis` is that of the channels. The summand has an element for each channel, or the shape of z.
pub(super) fn keep_off(z: &Tensor<f64>, axis: usize, summand: &mut Input) {
    let channels = z.shape()[axis];
    let inner: usize = z.shape()[axis + 1..].iter().product();
    let by_channel = summand.values.len() == channels && z.shape().len() > 1;
    for channel in 0..channels {
        let mut own = z.select(axis as isize, channel as isize).to_vec();
        own.sort_by(f64::total_cmp);
        let widest = own.windows(2).max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])));
        let moved = match (widest, &own[..]) {
            (Some(gap), _) if gap[0] < gap[1] => (gap[0] + gap[1]) / 2.0,
            // All are equal.
            (_, [z, ..]) => z - 0.5,
            (_, []) => 0.0,
        };
        let all = summand.values.iter_mut().enumerate();
        let own =
            all.filter(|(i, _)| if by_channel { *i == channel } else { i / inner % channels == channel });
        own.for_each(|(_, summand)| *summand -= moved);
    }
}
