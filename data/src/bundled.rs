//! The data sets shipped with the library. `assets/README.md` says where they come from.

use crate::{
    Dataset,
    csv::{self, Options},
};
use ndarray::IxDyn;

/// 1,797 handwritten digits of 13 writers: inputs `[1797, 1, 8, 8]` in `0..=1` (the file's 0 to 16, divided
/// by 16), ink bright on dark, classes "0" to "9".
///
/// Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, 1998, UCI Machine
/// Learning Repository, CC BY 4.0, <https://doi.org/10.24432/C50P49>.
///
/// ```
/// let digits = wengert::data::digits();
/// assert_eq!(digits.inputs().shape(), [1797, 1, 8, 8]);
/// ```
pub fn digits() -> Dataset {
    let table = csv::parse(include_bytes!("../assets/digits.csv.gz"), &Options::new().header(false))
        .expect("the digits are part of the library");
    let shape = [table.len(), 1, 8, 8];
    // Sixteenths are exact in f32.
    table
        .map_inputs(|x| {
            x.mapv(|v| v / 16.0).into_shape_with_order(IxDyn(&shape)).expect("64 pixels are 8 rows of 8")
        })
        .with_description(
            "Optical Recognition of Handwritten Digits (test part), E. Alpaydin and C. Kaynak, 1998. \
             UCI Machine Learning Repository, CC BY 4.0, https://doi.org/10.24432/C50P49",
        )
}

/// 569 tumours, 30 measurements of cell nuclei each: inputs `[569, 30]`, classes "malignant" (0) and "benign"
/// (1). The measurements are raw and of very different sizes: use a [`Normalizer`](crate::Normalizer).
///
/// Breast Cancer Wisconsin (Diagnostic), W. Wolberg, O. Mangasarian, N. Street and W. Street, 1995, UCI
/// Machine Learning Repository, CC BY 4.0, <https://doi.org/10.24432/C5DW2B>.
///
/// ```
/// assert_eq!(wengert::data::breast_cancer().counts(), [212, 357]);
/// ```
pub fn breast_cancer() -> Dataset {
    with_size_line(include_bytes!("../assets/breast_cancer.csv")).with_description(
        "Breast Cancer Wisconsin (Diagnostic), W. Wolberg, O. Mangasarian, N. Street and W. Street, 1995. \
         UCI Machine Learning Repository, CC BY 4.0, https://doi.org/10.24432/C5DW2B",
    )
}

/// 150 irises, length and width of sepal and petal in cm: inputs `[150, 4]`, classes "setosa", "versicolor",
/// "virginica".
///
/// Iris, R. A. Fisher, 1936, UCI Machine Learning Repository, CC BY 4.0, <https://doi.org/10.24432/C56C76>.
///
/// ```
/// assert_eq!(wengert::data::iris().inputs().shape(), [150, 4]);
/// ```
pub fn iris() -> Dataset {
    with_size_line(include_bytes!("../assets/iris.csv")).with_description(
        "Iris, R. A. Fisher, 1936. UCI Machine Learning Repository, CC BY 4.0, https://doi.org/10.24432/C56C76",
    )
}

/// A table after a line `examples,features,class,class,…`.
fn with_size_line(bytes: &[u8]) -> Dataset {
    let end = bytes.iter().position(|&byte| byte == b'\n').expect("the first line ends");
    let line = str::from_utf8(&bytes[..end]).expect("the first line is text").trim_end();
    let class_names = line.split(',').skip(2);
    csv::parse(&bytes[end + 1..], &Options::new().header(false))
        .expect("the table is part of the library")
        .with_class_names(class_names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    #[test]
    fn digits_are_complete_and_scaled() {
        let digits = digits();
        assert_eq!(digits.inputs().shape(), [1797, 1, 8, 8]);
        assert_eq!(digits.counts(), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(digits.class_names()[9], "9");
        let x = digits.inputs();
        assert_eq!(x.iter().copied().fold(f32::MAX, f32::min), 0.0);
        assert_eq!(x.iter().copied().fold(f32::MIN, f32::max), 1.0);
        // The mean of the raw pixels is known to be 4.8842.
        assert!((x.mapv(f64::from).mean().unwrap() * 16.0 - 4.884165).abs() < 1e-5);
        let first_row: Vec<f32> = x.slice(s![0, 0, 0, ..]).iter().map(|v| v * 16.0).collect();
        assert_eq!(first_row, [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
        assert_eq!(digits.labels()[..3], [0, 1, 2]);
    }

    #[test]
    fn breast_cancer_is_complete() {
        let data = breast_cancer();
        assert_eq!(data.inputs().shape(), [569, 30]);
        assert_eq!(data.class_names(), ["malignant", "benign"]);
        assert_eq!(data.counts(), [212, 357]);
        assert_eq!(data.inputs()[[0, 0]], 17.99);
    }

    #[test]
    fn iris_is_complete() {
        let data = iris();
        assert_eq!(data.inputs().shape(), [150, 4]);
        assert_eq!(data.class_names(), ["setosa", "versicolor", "virginica"]);
        assert_eq!(data.counts(), [50, 50, 50]);
        let means = data.inputs().mapv(f64::from).mean_axis(ndarray::Axis(0)).unwrap();
        for (mean, known) in means.iter().zip([5.843333, 3.057333, 3.758, 1.199333]) {
            assert!((mean - known).abs() < 1e-5);
        }
    }

    #[test]
    fn each_names_its_source_and_licence() {
        for data in [digits(), breast_cancer(), iris()] {
            let description = data.description().unwrap();
            assert!(description.contains("UCI Machine Learning Repository, CC BY 4.0"));
        }
    }
}
