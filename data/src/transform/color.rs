//! Light and colour. Pictures have one channel or three, red, green, blue, in `0..=1`.

use super::check_channels;
use ndarray::{Array3, ArrayView3, Axis};

/// 0.2989 R + 0.587 G + 0.114 B, as torchvision has it (whose sum is 0.9999: white darkens by that).
fn gray(red: f32, green: f32, blue: f32) -> f32 {
    red * 0.2989 + green * 0.587 + blue * 0.114
}

/// The picture's grey as one channel: 0.2989 R + 0.587 G + 0.114 B. A grey picture stays as it is.
///
/// # Panics
/// When there are not 1 or 3 channels.
#[track_caller]
pub fn rgb_to_grayscale(picture: ArrayView3<'_, f32>) -> Array3<f32> {
    let (c, h, w) = picture.dim();
    check_channels("rgb_to_grayscale", c);
    if c == 1 {
        return picture.as_standard_layout().into_owned();
    }
    let [red, green, blue] = [0, 1, 2].map(|channel| picture.index_axis(Axis(0), channel));
    let gray = ndarray::Zip::from(red).and(green).and(blue).map_collect(|&r, &g, &b| gray(r, g, b));
    gray.into_shape_with_order((1, h, w)).expect("a value a pixel")
}

/// Every value times `factor`, cut to `0..=1`: 0 is black, 1 the picture.
///
/// # Panics
/// When the factor is negative, or there are not 1 or 3 channels.
#[track_caller]
pub fn adjust_brightness(picture: ArrayView3<'_, f32>, factor: f64) -> Array3<f32> {
    check("adjust_brightness", picture, factor);
    let factor = factor as f32;
    picture.mapv(|x| (x * factor).clamp(0.0, 1.0))
}

/// factor·x + (1 − factor)·m, cut to `0..=1`, where m is the mean of the picture's grey: 0 is that grey alone, 1 the
/// picture.
///
/// # Panics
/// When the factor is negative, or there are not 1 or 3 channels.
#[track_caller]
pub fn adjust_contrast(picture: ArrayView3<'_, f32>, factor: f64) -> Array3<f32> {
    check("adjust_contrast", picture, factor);
    if picture.is_empty() {
        return picture.to_owned();
    }
    let gray = rgb_to_grayscale(picture);
    let mean = (gray.iter().map(|&x| f64::from(x)).sum::<f64>() / gray.len() as f64) as f32;
    picture.mapv(|x| blend(x, mean, factor))
}

/// factor·x + (1 − factor)·g, cut to `0..=1`, where g is the pixel's grey: 0 is a grey picture, 1 the picture. A picture
/// of one channel stays as it is.
///
/// # Panics
/// When the factor is negative, or there are not 1 or 3 channels.
#[track_caller]
pub fn adjust_saturation(picture: ArrayView3<'_, f32>, factor: f64) -> Array3<f32> {
    check("adjust_saturation", picture, factor);
    map_pixels(picture, |[red, green, blue]| {
        let gray = gray(red, green, blue);
        [red, green, blue].map(|x| blend(x, gray, factor))
    })
}

/// The hue of every pixel turned by `shift` of the colour circle, from −½ to ½, in HSV space. A picture of one channel
/// stays as it is.
///
/// # Panics
/// When the shift is not in −½..=½, or there are not 1 or 3 channels.
#[track_caller]
pub fn adjust_hue(picture: ArrayView3<'_, f32>, shift: f64) -> Array3<f32> {
    check_channels("adjust_hue", picture.dim().0);
    assert!((-0.5..=0.5).contains(&shift), "adjust_hue: a shift of {shift} is not in -0.5..=0.5");
    let shift = shift as f32;
    map_pixels(picture, |rgb| {
        let [hue, saturation, value] = rgb_to_hsv(rgb);
        hsv_to_rgb([(hue + shift).rem_euclid(1.0), saturation, value])
    })
}

#[track_caller]
fn check(operation: &str, picture: ArrayView3<'_, f32>, factor: f64) {
    check_channels(operation, picture.dim().0);
    assert!(factor >= 0.0, "{operation}: the factor {factor} is negative");
}

fn blend(x: f32, other: f32, factor: f64) -> f32 {
    (x * factor as f32 + other * (1.0 - factor) as f32).clamp(0.0, 1.0)
}

fn map_pixels(picture: ArrayView3<'_, f32>, f: impl Fn([f32; 3]) -> [f32; 3]) -> Array3<f32> {
    let mut mapped = picture.as_standard_layout().into_owned();
    let (channels, height, width) = mapped.dim();
    if channels == 3 && height * width > 0 {
        let values = mapped.as_slice_mut().expect("standard layout");
        let (red, others) = values.split_at_mut(height * width);
        let (green, blue) = others.split_at_mut(height * width);
        for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
            [*red, *green, *blue] = f([*red, *green, *blue]);
        }
    }
    mapped
}

/// Hue in 0..1 from red over green and blue, saturation and value.
fn rgb_to_hsv([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let most = red.max(green).max(blue);
    let range = most - red.min(green).min(blue);
    // Of grey pixels the hue does not matter; NaN has none either.
    if range.is_nan() || range <= 0.0 {
        return [0.0, 0.0, most];
    }
    let [r, g, b] = [red, green, blue].map(|x| (most - x) / range);
    let sixth = if most == red {
        b - g
    } else if most == green {
        2.0 + r - b
    } else {
        4.0 + g - r
    };
    [(sixth / 6.0 + 1.0) % 1.0, range / most, most]
}

fn hsv_to_rgb([hue, saturation, value]: [f32; 3]) -> [f32; 3] {
    let sixth = hue * 6.0;
    let f = sixth - sixth.floor();
    let level = |x: f32| (value * x).clamp(0.0, 1.0);
    let (p, q, t) =
        (level(1.0 - saturation), level(1.0 - saturation * f), level(1.0 - saturation + saturation * f));
    match sixth.floor() as i64 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}
