//! Maps as coloured pictures.

use autodiff::{Float, Tensor};
use ndarray::{Array3, Array4, Ix3, Ix4, Zip};
use serde::{Deserialize, Serialize};

/// Colours for numbers from 0 to 1; what lies outside has the colour of the nearer end, and what is no number (NaN) that
/// of 0.
///
/// ```
/// use wengert::models::vision::explain::ColorMap;
/// use wengert::prelude::*;
///
/// let map = Tensor::<f32>::from_vec([1, 1, 2], vec![0.0, 1.0]);
/// let picture = ColorMap::Gray.apply(&map);
/// assert_eq!(picture.shape(), [1, 3, 1, 2]);
/// assert_eq!(picture.to_vec(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(ColorMap::Jet.color(0.5), [0.5, 1.0, 0.5]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColorMap {
    /// From dark violet over green to yellow, evenly lighter throughout: Matplotlib's map of that name, within 6/255.
    #[default]
    Viridis,
    /// From dark blue over cyan, green and yellow to dark red: MATLAB's map of that name, in which many papers show heat.
    Jet,
    /// From black to white.
    Gray,
}

/// Matplotlib's viridis at sixteenths, in 255ths.
const VIRIDIS: [[u8; 3]; 17] = [
    [68, 1, 84],
    [72, 24, 106],
    [71, 45, 123],
    [66, 64, 134],
    [59, 82, 139],
    [51, 99, 141],
    [44, 114, 142],
    [38, 129, 142],
    [33, 144, 140],
    [31, 159, 136],
    [40, 174, 128],
    [62, 188, 116],
    [93, 201, 99],
    [130, 211, 76],
    [171, 220, 50],
    [213, 226, 26],
    [253, 231, 37],
];

impl ColorMap {
    /// The colour of a number: red, green and blue in 0..=1.
    pub fn color(self, x: f64) -> [f64; 3] {
        // max first: it gives 0 for NaN.
        #[allow(clippy::manual_clamp)]
        let x = x.max(0.0).min(1.0);
        match self {
            Self::Viridis => {
                let place = x * (VIRIDIS.len() - 1) as f64;
                let below = (place as usize).min(VIRIDIS.len() - 2);
                let weight = place - below as f64;
                let between = |a: u8, b: u8| (1.0 - weight) * f64::from(a) + weight * f64::from(b);
                [0, 1, 2].map(|k| between(VIRIDIS[below][k], VIRIDIS[below + 1][k]) / 255.0)
            }
            // Each colour a trapezium of the height 1 about its middle.
            Self::Jet => [0.75, 0.5, 0.25].map(|middle| (1.5 - 4.0 * (x - middle).abs()).clamp(0.0, 1.0)),
            Self::Gray => [x; 3],
        }
    }

    /// Maps [batch, height, width] with values in 0..=1 as pictures [batch, 3, height, width].
    ///
    /// # Panics
    /// If the maps have another rank.
    #[track_caller]
    pub fn apply<T: Float>(self, maps: &Tensor<T>) -> Tensor<T> {
        let Ok(maps) = maps.view().into_dimensionality::<Ix3>() else {
            panic!("ColorMap: expected maps [batch, height, width], found shape {:?}", maps.shape());
        };
        let (n, h, w) = maps.dim();
        let mut pictures = Array4::zeros((n, 3, h, w));
        for ((i, y, x), &value) in maps.indexed_iter() {
            for (k, part) in self.color(Float::to_f64(value)).into_iter().enumerate() {
                pictures[[i, k, y, x]] = T::from_f64(part);
            }
        }
        pictures.into()
    }
}

/// Each map [batch, height, width] divided by its largest value, so that maps that are at least 0 lie in 0..=1. A map
/// without a value above 0 stays as it is.
///
/// # Panics
/// If the maps have another rank.
#[track_caller]
pub fn scaled<T: Float>(maps: &Tensor<T>) -> Tensor<T> {
    let Ok(view) = maps.view().into_dimensionality::<Ix3>() else {
        panic!("scaled: expected maps [batch, height, width], found shape {:?}", maps.shape());
    };
    let mut maps: Array3<T> = view.to_owned();
    for mut map in maps.outer_iter_mut() {
        let largest = map.iter().copied().fold(T::from_f64(0.0), |a, b| if b > a { b } else { a });
        if largest > T::from_f64(0.0) {
            map.mapv_inplace(|x| x / largest);
        }
    }
    maps.into()
}

/// Maps in colours over the pictures they are of: (1 − opacity)·picture + opacity·colour, [batch, 3, height, width].
///
/// The pictures are [batch, 1 or 3, height, width] with values in 0..=1, the maps [batch, height, width] with values in
/// 0..=1 ([`scaled`]).
///
/// # Panics
/// If the shapes are others, or the opacity is not in 0..=1.
#[track_caller]
pub fn overlay<T: Float>(
    pictures: &Tensor<T>,
    maps: &Tensor<T>,
    colors: ColorMap,
    opacity: f64,
) -> Tensor<T> {
    assert!((0.0..=1.0).contains(&opacity), "overlay: an opacity of {opacity} is not in 0..=1");
    let (&[n, c, h, w], &[m, mh, mw]) = (pictures.shape(), maps.shape()) else {
        panic!(
            "overlay: expected pictures [batch, channels, height, width] and maps [batch, height, width], found {:?} \
             and {:?}",
            pictures.shape(),
            maps.shape()
        );
    };
    if !matches!(c, 1 | 3) {
        panic!("overlay: pictures of {c} channels are neither grey nor red, green and blue");
    }
    if [n, h, w] != [m, mh, mw] {
        panic!(
            "overlay: maps of shape {:?} do not fit pictures of shape {:?}",
            maps.shape(),
            pictures.shape()
        );
    }
    let (over, under) = (T::from_f64(opacity), T::from_f64(1.0 - opacity));
    let mut mixed: Array4<T> =
        colors.apply(maps).into_array().into_dimensionality::<Ix4>().expect("four axes");
    let pictures = pictures.view().into_dimensionality::<Ix4>().expect("four axes");
    let pictures = pictures.broadcast((n, 3, h, w)).expect("one channel or three");
    Zip::from(&mut mixed).and(&pictures).for_each(|mixed, &picture| *mixed = under * picture + over * *mixed);
    mixed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_have_their_colours() {
        assert_eq!(ColorMap::Viridis.color(0.0).map(|part| (part * 255.0).round()), [68.0, 1.0, 84.0]);
        assert_eq!(ColorMap::Viridis.color(1.0).map(|part| (part * 255.0).round()), [253.0, 231.0, 37.0]);
        // Matplotlib's value.
        let near = ColorMap::Viridis.color(0.3);
        assert!(
            near.iter().zip([0.2068, 0.3718, 0.5531]).all(|(a, b)| (a - b).abs() < 6.0 / 255.0),
            "{near:?}"
        );
        assert_eq!(ColorMap::Jet.color(0.0), [0.0, 0.0, 0.5]);
        assert_eq!(ColorMap::Jet.color(1.0), [0.5, 0.0, 0.0]);
        assert_eq!(ColorMap::Gray.color(0.25), [0.25; 3]);
    }

    #[test]
    fn what_is_outside_has_the_colour_of_the_nearer_end() {
        for map in [ColorMap::Viridis, ColorMap::Jet, ColorMap::Gray] {
            for x in [-3.0, f64::NEG_INFINITY, f64::NAN] {
                assert_eq!(map.color(x), map.color(0.0));
            }
            assert_eq!(map.color(f64::INFINITY), map.color(1.0));
            assert!(
                (0..=100)
                    .all(|i| map.color(f64::from(i) / 100.0).iter().all(|part| (0.0..=1.0).contains(part)))
            );
        }
    }

    #[test]
    fn viridis_grows_lighter_throughout() {
        let lightness = |x: f64| {
            let [r, g, b] = ColorMap::Viridis.color(x);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((0..100).all(|i| lightness(f64::from(i) / 100.0) < lightness(f64::from(i + 1) / 100.0)));
    }

    #[test]
    fn each_map_is_scaled_by_its_own_largest_value() {
        let maps = Tensor::<f64>::from_vec([3, 1, 2], vec![1.0, 4.0, 0.0, 0.0, 0.5, 0.25]);
        assert_eq!(scaled(&maps).to_vec(), [0.25, 1.0, 0.0, 0.0, 1.0, 0.5]);
        assert_eq!(scaled(&Tensor::<f32>::zeros([0, 4, 4])).shape(), [0, 4, 4]);
    }

    #[test]
    fn an_overlay_mixes_grey_and_coloured_pictures_alike() {
        let maps = Tensor::<f64>::from_vec([1, 1, 2], vec![0.0, 1.0]);
        let grey = Tensor::<f64>::from_vec([1, 1, 1, 2], vec![1.0, 0.5]);
        let mixed = overlay(&grey, &maps, ColorMap::Gray, 0.25);
        assert_eq!(mixed.to_vec(), [0.75, 0.625].repeat(3));
        let coloured = Tensor::concat(&[&grey, &grey, &grey], 1);
        assert_eq!(overlay(&coloured, &maps, ColorMap::Gray, 0.25).to_vec(), mixed.to_vec());
        assert_eq!(overlay(&grey, &maps, ColorMap::Jet, 0.0).to_vec(), coloured.to_vec());
        assert_eq!(overlay(&grey, &maps, ColorMap::Jet, 1.0).to_vec(), ColorMap::Jet.apply(&maps).to_vec());
    }

    #[test]
    #[should_panic(expected = "overlay: maps of shape [1, 2, 1] do not fit pictures of shape [1, 1, 1, 2]")]
    fn maps_of_another_size_panic() {
        overlay(&Tensor::<f32>::zeros([1, 1, 1, 2]), &Tensor::zeros([1, 2, 1]), ColorMap::Jet, 0.5);
    }

    #[test]
    #[should_panic(expected = "overlay: pictures of 2 channels are neither grey nor red, green and blue")]
    fn pictures_of_two_channels_panic() {
        overlay(&Tensor::<f32>::zeros([1, 2, 1, 2]), &Tensor::zeros([1, 1, 2]), ColorMap::Jet, 0.5);
    }
}
