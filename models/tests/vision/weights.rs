//! The formula of the oracle's weights and pictures, as `generate/networks.py` has it, and state dicts made of them.

use std::collections::BTreeMap;

use wengert::prelude::*;

/// A well-mixed number of 32 bits.
pub(crate) fn hashed(seed: u32, i: u32) -> u32 {
    let mut x = i.wrapping_mul(0x9E37_79B9).wrapping_add(seed);
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^ (x >> 16)
}

/// In −1..1, exact in single precision.
pub(crate) fn uniform(seed: u32, n: usize) -> impl Iterator<Item = f32> {
    (0..n as u32).map(move |i| one(seed, i))
}

fn one(seed: u32, i: u32) -> f32 {
    (hashed(seed, i) >> 8) as f32 * (1.0 / (1 << 23) as f32) - 1.0
}

/// Pictures [batch, 3, side, side].
pub(crate) fn pictures<T: Float>(seed: u32, batch: usize, side: usize) -> Tensor<T> {
    let elements = uniform(seed, batch * 3 * side * side).map(|x| T::from_f64(x.into()));
    Tensor::from_vec([batch, 3, side, side], elements.collect())
}

/// A safetensors file with exactly these keys and shapes.
pub(crate) fn state_dict(shapes: &BTreeMap<String, Vec<usize>>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut end = 0;
    for (key, shape) in shapes {
        let (dtype, size) = if key.ends_with("num_batches_tracked") { ("I64", 8) } else { ("F32", 4) };
        let start = end;
        end += size * shape.iter().product::<usize>();
        let entry = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        header.insert(key.clone(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut bytes = Vec::with_capacity(8 + header.len() + end);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    for (key, shape) in shapes {
        write(key, shape, shapes, &mut bytes);
    }
    bytes
}

fn write(key: &str, shape: &[usize], keys: &BTreeMap<String, Vec<usize>>, bytes: &mut Vec<u8>) {
    if key.ends_with("num_batches_tracked") {
        return bytes.extend(3i64.to_le_bytes());
    }
    let (seed, n) = (crc32(key.as_bytes()), shape.iter().product::<usize>());
    if shape.len() > 1 {
        let fan_in: usize = shape[1..].iter().product();
        let bound = (6.0 / fan_in as f64).sqrt() as f32;
        put(seed, n, bytes, |u| u * bound);
    } else if key.ends_with("running_var") {
        put(seed, n, bytes, |u| 1.0 + 0.5 * u);
    } else if key.ends_with("weight") {
        let scale = if ends_branch(key, keys) { 0.05 } else { 0.16 };
        put(seed, n, bytes, |u| scale * (1.0 + 0.1 * u));
    } else if key.strip_suffix("bias").is_some_and(|layer| keys.contains_key(&format!("{layer}running_mean")))
    {
        let scale = if ends_branch(key, keys) { 0.1 } else { 1.0 };
        let some_are_off = !ends_branch(key, keys) && !is_added_to(key);
        put(seed, n, bytes, |u| {
            let size = scale * (1.0 + 0.1 * u);
            if some_are_off && u < -0.5 { -size } else { size }
        });
    } else {
        put(seed, n, bytes, |u| 0.1 * u);
    }
}

/// Whether a normalization is the last of a residual branch.
fn ends_branch(key: &str, keys: &BTreeMap<String, Vec<usize>>) -> bool {
    key.contains("bn3.") || key.contains("bn2.") && !keys.contains_key(&key.replace("bn2.", "bn3."))
}

/// Whether a residual branch is added to what a normalization gives.
fn is_added_to(key: &str) -> bool {
    key.contains("downsample") || key.starts_with("bn1.")
}

/// Appends n numbers. All at once: there are many millions.
fn put(seed: u32, n: usize, bytes: &mut Vec<u8>, number: impl Fn(f32) -> f32) {
    let start = bytes.len();
    bytes.resize(start + 4 * n, 0);
    for (i, to) in bytes[start..].as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *to = number(one(seed, i as u32)).to_le_bytes();
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
