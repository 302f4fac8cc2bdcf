//! Pictures whose pixels come from elsewhere: turned, enlarged, sheared, seen askew, crumpled.

use ndarray::{Array3, ArrayView2, ArrayView3};

/// What stands between pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// The four nearest pixels, by their distance.
    #[default]
    Bilinear,
    /// The nearest pixel, of two the even one.
    Nearest,
}

/// The picture of `height` × `width` pixels whose pixel (row, column) is read at `place` = (row, column) of another;
/// places count from the middle of the first pixel, and beyond the edge there is `fill`.
///
/// A pixel between the edge and the `fill` beyond it is interpolated like any other.
pub(crate) fn warp(
    picture: ArrayView3<'_, f32>,
    (height, width): (usize, usize),
    interpolation: Interpolation,
    fill: f32,
    place: impl Fn(usize, usize) -> (f32, f32),
) -> Array3<f32> {
    let picture = picture.as_standard_layout();
    let (channels, h, w) = picture.dim();
    let old = picture.as_slice().expect("standard layout");
    let mut new = vec![fill; channels * height * width];
    for r in 0..height {
        for c in 0..width {
            let source = place(r, c);
            // All around is the fill; this is so for NaN too.
            if !(source.0 > -1.0 && source.0 < h as f32 && source.1 > -1.0 && source.1 < w as f32) {
                continue;
            }
            let i = r * width + c;
            match interpolation {
                Interpolation::Bilinear => {
                    let (top, left) = (source.0.floor(), source.1.floor());
                    let (down, right) = (source.0 - top, source.1 - left);
                    let (top, left) = (top as isize, left as isize);
                    let inside = |r: isize, c: isize| {
                        let inside = (0..h as isize).contains(&r) && (0..w as isize).contains(&c);
                        inside.then(|| r as usize * w + c as usize)
                    };
                    let corners = [
                        inside(top, left),
                        inside(top, left + 1),
                        inside(top + 1, left),
                        inside(top + 1, left + 1),
                    ];
                    for channel in 0..channels {
                        let plane = &old[channel * h * w..][..h * w];
                        let [a, b, c, d] = corners.map(|corner| corner.map_or(fill, |at| plane[at]));
                        let above = a * (1.0 - right) + b * right;
                        let below = c * (1.0 - right) + d * right;
                        new[channel * height * width + i] = above * (1.0 - down) + below * down;
                    }
                }
                Interpolation::Nearest => {
                    let (row, column) = (source.0.round_ties_even(), source.1.round_ties_even());
                    if row >= 0.0 && row < h as f32 && column >= 0.0 && column < w as f32 {
                        let at = row as usize * w + column as usize;
                        for channel in 0..channels {
                            new[channel * height * width + i] = old[channel * h * w + at];
                        }
                    }
                }
            }
        }
    }
    Array3::from_shape_vec((channels, height, width), new).expect("a value a pixel")
}

/// Turning, enlarging, shearing and shifting a picture about its middle, in this order read backwards: a point p
/// goes to R(angle)·scale·Shear·(p − middle) + middle + translate.
///
/// torchvision's `affine` with the same arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Clockwise, in degrees.
    pub angle: f64,
    /// (x, y) in pixels, to the right and downwards.
    pub translate: (f64, f64),
    /// The factor of enlargement.
    pub scale: f64,
    /// (x, y) in degrees: how far upright lines lean to the right, and level ones rise to it.
    pub shear: (f64, f64),
}

impl Default for Affine {
    fn default() -> Self {
        Self { angle: 0.0, translate: (0.0, 0.0), scale: 1.0, shear: (0.0, 0.0) }
    }
}

impl Affine {
    /// R·Shear as [[a, b], [c, d]] on (x, y); its determinant is 1.
    fn matrix(&self) -> [f64; 4] {
        let turn = self.angle.to_radians();
        let (sx, sy) = (self.shear.0.to_radians(), self.shear.1.to_radians());
        let a = (turn - sy).cos() / sy.cos();
        let c = (turn - sy).sin() / sy.cos();
        [a, -(a * sx.tan() + turn.sin()), c, turn.cos() - c * sx.tan()]
    }

    /// Where the point (x, y) of a picture of `height` × `width` goes.
    pub(crate) fn point(&self, (height, width): (usize, usize), (x, y): (f64, f64)) -> (f64, f64) {
        let [a, b, c, d] = self.matrix();
        let middle = (width as f64 / 2.0, height as f64 / 2.0);
        let (x, y) = (x - middle.0, y - middle.1);
        (
            self.scale * (a * x + b * y) + middle.0 + self.translate.0,
            self.scale * (c * x + d * y) + middle.1 + self.translate.1,
        )
    }
}

/// A picture turned, enlarged, sheared and shifted; what comes in from beyond its edge is `fill`.
///
/// ```
/// use wengert::data::transform::{Affine, Interpolation, affine};
/// use wengert::ndarray::array;
///
/// let picture = array![[[1.0, 2.0], [3.0, 4.0]]];
/// let quarter = Affine { angle: 90.0, ..Affine::default() };
/// let turned = affine(picture.view(), &quarter, Interpolation::Nearest, 0.0);
/// assert_eq!(turned, array![[[3.0, 1.0], [4.0, 2.0]]]);
/// ```
///
/// # Panics
/// When the scale is not positive, or anything is not finite.
#[track_caller]
pub fn affine(
    picture: ArrayView3<'_, f32>,
    map: &Affine,
    interpolation: Interpolation,
    fill: f32,
) -> Array3<f32> {
    let amounts = [map.angle, map.translate.0, map.translate.1, map.scale, map.shear.0, map.shear.1];
    assert!(
        map.scale > 0.0 && amounts.iter().all(|amount| amount.is_finite()),
        "affine: {map:?} is no map of a picture"
    );
    let (_, height, width) = picture.dim();
    let [a, b, c, d] = map.matrix().map(|entry| entry / map.scale);
    let inverse = [a as f32, -c as f32, -b as f32, d as f32];
    let shift = (map.translate.1 as f32, map.translate.0 as f32);
    let middle = ((height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0);
    warp(picture, (height, width), interpolation, fill, |r, c| {
        let (y, x) = (r as f32 - middle.0 - shift.0, c as f32 - middle.1 - shift.1);
        (inverse[0] * y + inverse[1] * x + middle.0, inverse[2] * y + inverse[3] * x + middle.1)
    })
}

/// A map of the plane that keeps straight lines straight: a picture seen askew.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography {
    /// (x, y) ↦ ((ax + by + c)/(gx + hy + 1), (dx + ey + f)/(gx + hy + 1)).
    coefficients: [f64; 8],
}

impl Homography {
    /// The map that takes four points to four others; none if three of either lie on a line.
    ///
    /// torchvision's `_get_perspective_coeffs` with the arguments changed over.
    pub fn through(from: [(f64, f64); 4], to: [(f64, f64); 4]) -> Option<Self> {
        if on_a_line(from) || on_a_line(to) {
            return None;
        }
        let mut rows = [[0.0; 9]; 8];
        for (i, (from, to)) in from.into_iter().zip(to).enumerate() {
            let (x, y) = from;
            rows[2 * i] = [x, y, 1.0, 0.0, 0.0, 0.0, -to.0 * x, -to.0 * y, to.0];
            rows[2 * i + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -to.1 * x, -to.1 * y, to.1];
        }
        solve(rows).map(|coefficients| Self { coefficients })
    }

    /// Where (x, y) goes.
    pub fn point(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [a, b, c, d, e, f, g, h] = self.coefficients;
        let depth = g * x + h * y + 1.0;
        ((a * x + b * y + c) / depth, (d * x + e * y + f) / depth)
    }
}

/// Whether three of four points lie on a line but for rounding, or one is no point.
fn on_a_line(points: [(f64, f64); 4]) -> bool {
    (0..4).any(|out| {
        let [a, b, c] = [1, 2, 3].map(|i| points[(out + i) % 4]);
        let ((ux, uy), (vx, vy)) = ((b.0 - a.0, b.1 - a.1), (c.0 - a.0, c.1 - a.1));
        let apart = (ux * vy - uy * vx).abs() > 1e-12 * ux.hypot(uy) * vx.hypot(vy);
        !apart
    })
}

/// Elimination with the largest pivot of each column.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|&i, &j| rows[i][column].abs().total_cmp(&rows[j][column].abs()))?;
        rows.swap(column, pivot);
        let pivot = rows[column];
        if pivot[column].is_nan() || pivot[column].abs() < 1e-12 {
            return None;
        }
        for (i, row) in rows.iter_mut().enumerate() {
            if i != column {
                let factor = row[column] / pivot[column];
                row.iter_mut().zip(pivot).for_each(|(entry, pivot)| *entry -= factor * pivot);
            }
        }
    }
    Some(std::array::from_fn(|i| rows[i][8] / rows[i][i]))
}

/// A picture seen askew: its pixel at (x, y) is read at `source`(x, y); what comes in from beyond its edge is
/// `fill`.
///
/// torchvision's `perspective`, where `source` is `Homography::through(endpoints, startpoints)`.
pub fn perspective(
    picture: ArrayView3<'_, f32>,
    source: &Homography,
    interpolation: Interpolation,
    fill: f32,
) -> Array3<f32> {
    let (_, height, width) = picture.dim();
    warp(picture, (height, width), interpolation, fill, |r, c| {
        let (x, y) = source.point((c as f64 + 0.5, r as f64 + 0.5));
        ((y - 0.5) as f32, (x - 0.5) as f32)
    })
}

/// A picture whose pixel in column c and row r is read at (c + `dx`[r, c], r + `dy`[r, c]); what comes in from beyond its
/// edge is `fill`.
///
/// torchvision's `elastic`, whose displacements are in units of half the width and half the height.
///
/// # Panics
/// When the displacements have another size than the picture.
#[track_caller]
pub fn elastic(
    picture: ArrayView3<'_, f32>,
    dx: ArrayView2<'_, f32>,
    dy: ArrayView2<'_, f32>,
    interpolation: Interpolation,
    fill: f32,
) -> Array3<f32> {
    let (_, height, width) = picture.dim();
    assert!(
        dx.dim() == (height, width) && dy.dim() == (height, width),
        "elastic: displacements of {:?} and {:?} pixels for a picture of {height} × {width}",
        dx.dim(),
        dy.dim()
    );
    warp(picture, (height, width), interpolation, fill, |r, c| (r as f32 + dy[[r, c]], c as f32 + dx[[r, c]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];

    #[test]
    fn a_map_takes_its_four_points_to_the_others() {
        let skew = [(2.0, 1.0), (7.0, 0.0), (8.0, 9.0), (1.0, 6.0)];
        let map = Homography::through(SQUARE, skew).unwrap();
        for (from, to) in SQUARE.into_iter().zip(skew) {
            let found = map.point(from);
            assert!((found.0 - to.0).abs() < 1e-12 && (found.1 - to.1).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn three_points_on_a_line_have_no_map_whichever_side_they_are_on() {
        let line = [(0.0, 0.0), (1.0, 1.0), (3.0, 3.0), (0.0, 1.0)];
        let twice = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 1.0)];
        let none = [(0.0, 0.0), (1.0, 0.0), (1.0, f64::NAN), (0.0, 1.0)];
        for wrong in [line, twice, none] {
            assert_eq!(
                (Homography::through(wrong, SQUARE), Homography::through(SQUARE, wrong)),
                (None, None)
            );
        }
    }

    #[test]
    fn a_shear_leans_upright_lines_to_the_right_and_lets_level_ones_rise() {
        let lean = Affine { shear: (20.0, 0.0), ..Affine::default() };
        assert!(lean.point((10, 10), (5.0, 0.0)).0 > 5.0);
        let rise = Affine { shear: (0.0, 20.0), ..Affine::default() };
        assert!(rise.point((10, 10), (10.0, 5.0)).1 < 5.0);
    }
}
