//! What torchvision makes of pictures, and PIL of files. The values are in `torchvision.json.gz`, which `generate.py`
//! wrote.

use flate2::read::GzDecoder;
use ndarray::{Array2, Array3, ArrayD, Ix2, Ix3};
use serde::Deserialize;
use serde_json::Value;
use wengert::data::picture::Reader;
use wengert::data::transform::{
    self, Affine, Border, Homography, Interpolation, Resampling, adjust_brightness, adjust_contrast,
    adjust_hue, adjust_saturation, five_crop, ten_crop,
};
use wengert::prelude::*;

#[derive(Deserialize)]
struct Oracle {
    torchvision: String,
    cases: Vec<Case>,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Case {
    op: String,
    options: Value,
    input: Array,
    output: Array,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl Array {
    fn array(&self) -> ArrayD<f32> {
        ArrayD::from_shape_vec(self.shape.clone(), self.values.clone()).unwrap()
    }

    fn picture(&self) -> Array3<f32> {
        self.array().into_dimensionality::<Ix3>().unwrap()
    }
}

#[derive(Deserialize)]
struct File {
    name: String,
    bytes: String,
    shape: Vec<usize>,
    pixels: Vec<u8>,
}

fn oracle() -> Oracle {
    serde_json::from_reader(GzDecoder::new(&include_bytes!("torchvision.json.gz")[..])).unwrap()
}

impl Case {
    fn get<T: for<'a> Deserialize<'a>>(&self, key: &str) -> T {
        T::deserialize(self.options[key].clone()).unwrap_or_else(|e| panic!("{}: {key}: {e}", self.op))
    }

    fn displacement(&self, key: &str) -> Array2<f32> {
        self.get::<Array>(key).array().into_dimensionality::<Ix2>().unwrap()
    }

    /// The same by Wengert.
    fn answer(&self) -> ArrayD<f32> {
        let batch = || -> Tensor<f32> { self.input.array().into() };
        match self.op.as_str() {
            "five_crop" => return five_crop(&batch(), self.get("size")).into_array(),
            "ten_crop" => {
                return ten_crop(&batch(), self.get("size"), self.get("vertical")).into_array();
            }
            _ => {}
        }
        let picture = self.input.picture();
        let x = picture.view();
        let (_, height, width) = x.dim();
        let points = |key: &str| self.get::<[(f64, f64); 4]>(key);
        let answer = match self.op.as_str() {
            "resize" => {
                let how = match self.get::<String>("how").as_str() {
                    "antialiased" => Resampling::Antialiased,
                    "bilinear" => Resampling::Bilinear,
                    "nearest" => Resampling::Nearest,
                    other => panic!("{other}"),
                };
                transform::resize(x, self.get("size"), how)
            }
            "shorter_side" => {
                let size = transform::shorter_side((height, width), self.get("size"));
                transform::resize(x, size, Resampling::Antialiased)
            }
            "horizontal_flip" => transform::horizontal_flip(x),
            "vertical_flip" => transform::vertical_flip(x),
            "center_crop" => transform::center_crop(x, self.get("size")),
            "pad" => {
                let border = match self.get::<String>("mode").as_str() {
                    "constant" => Border::Constant(0.25),
                    "edge" => Border::Edge,
                    "reflect" => Border::Reflect,
                    "symmetric" => Border::Symmetric,
                    other => panic!("{other}"),
                };
                transform::pad(x, self.get("padding"), border)
            }
            "affine" => {
                let map = Affine {
                    angle: self.get("angle"),
                    translate: self.get("translate"),
                    scale: self.get("scale"),
                    shear: self.get("shear"),
                };
                let interpolation = match self.get::<String>("interpolation").as_str() {
                    "bilinear" => Interpolation::Bilinear,
                    "nearest" => Interpolation::Nearest,
                    other => panic!("{other}"),
                };
                transform::affine(x, &map, interpolation, self.options["fill"].as_f64().unwrap_or(0.0) as f32)
            }
            "perspective" => {
                let source = Homography::through(points("end"), points("start")).unwrap();
                transform::perspective(x, &source, Interpolation::Bilinear, 0.0)
            }
            "elastic" => {
                let (dx, dy) = (self.displacement("dx"), self.displacement("dy"));
                transform::elastic(x, dx.view(), dy.view(), Interpolation::Bilinear, 0.0)
            }
            "gaussian_blur" => transform::gaussian_blur(x, self.get("kernel"), self.get("sigma")),
            "erase" => transform::erase(x, (self.get("top"), self.get("left")), self.get("size"), 0.3),
            "adjust_brightness" => adjust_brightness(x, self.get("factor")),
            "adjust_contrast" => adjust_contrast(x, self.get("factor")),
            "adjust_saturation" => adjust_saturation(x, self.get("factor")),
            "adjust_hue" => adjust_hue(x, self.get("factor")),
            "rgb_to_grayscale" => transform::rgb_to_grayscale(x),
            other => panic!("no such operation: {other}"),
        };
        answer.into_dyn()
    }
}

#[test]
fn operations_give_what_torchvision_gives() {
    let oracle = oracle();
    assert_eq!(oracle.cases.len(), 299);
    let mut failures = Vec::new();
    for case in &oracle.cases {
        let (found, expected) = (case.answer(), case.output.array());
        let difference = if found.shape() == expected.shape() {
            found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        } else {
            f32::INFINITY
        };
        // NaN is no agreement.
        if difference.is_nan() || difference > 1e-5 {
            let (op, options) = (&case.op, &case.options);
            let shapes = (&case.input.shape, found.shape(), expected.shape());
            failures.push(format!("{op} {options} of {shapes:?}: off by {difference}"));
        }
    }
    let count = oracle.cases.len();
    let torchvision = oracle.torchvision;
    assert!(
        failures.is_empty(),
        "{} of {count} cases of torchvision {torchvision}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn files_have_the_pixels_that_pil_reads() {
    let oracle = oracle();
    assert_eq!(oracle.files.len(), 34);
    let mut failures = Vec::new();
    for file in &oracle.files {
        let hex = file.bytes.as_bytes().chunks(2);
        let bytes: Vec<u8> =
            hex.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
        let read = Reader::new().decode(&bytes).unwrap_or_else(|e| panic!("{}: {e}", file.name));
        let view = read.view().into_dimensionality::<Ix3>().unwrap();
        let view = view.permuted_axes([1, 2, 0]);
        if view.shape() != file.shape {
            failures.push(format!("{}: {:?} instead of {:?}", file.name, view.shape(), file.shape));
            continue;
        }
        let differences = view.iter().zip(&file.pixels).map(|(a, &b)| (a * 255.0 - f32::from(b)).abs());
        let (mut worst, mut sum) = (0f32, 0.0);
        differences.for_each(|d| (worst, sum) = (worst.max(d), sum + d));
        let mean = sum / file.pixels.len() as f32;
        // JPEG leaves the inverse transform's rounding to the reader, and what colour stands between two samples. Laid
        // over white, half a step may be rounded away.
        let (most, most_mean) = match file.name.as_str() {
            name if name.starts_with("PNG LA") || name.starts_with("PNG RGBA") => (1.01, 0.5),
            name if name.starts_with("PNG") => (0.01, 0.01),
            _ => (8.0, 1.0),
        };
        if worst > most || mean > most_mean {
            failures.push(format!("{}: off by up to {worst}, in the mean {mean}", file.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
