//! Writing a file of weights.

use autodiff::Float;

use super::Version;
use super::layer::{DarknetLayer, Turns, transposed};

pub(super) fn to_bytes<T: Float>(layers: &[DarknetLayer<'_, T>], version: Version, seen: u64) -> Vec<u8> {
    let numbers: u64 = layers.iter().map(DarknetLayer::numbers).sum();
    let mut bytes = Vec::with_capacity(version.header_len() + 4 * numbers as usize);
    for number in [version.major, version.minor, version.revision] {
        bytes.extend(number.to_le_bytes());
    }
    match version.is_wide() {
        true => bytes.extend(seen.to_le_bytes()),
        false => bytes.extend(u32::try_from(seen).unwrap_or(u32::MAX).to_le_bytes()),
    }
    for part in layers.iter().flat_map(DarknetLayer::parts) {
        let value = part.target.value();
        let mut numbers: Vec<f32> = value.view().iter().map(|&x| Float::to_f64(x) as f32).collect();
        if part.turns == Turns::Always || part.turns == Turns::ByVersion && version.is_transposed() {
            numbers = transposed(&numbers, value.shape()[0]);
        }
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
    }
    bytes
}
