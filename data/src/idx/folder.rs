//! A folder of IDX files under MNIST's names.

use super::{IdxArray, read};
use crate::{Dataset, Error, IdxProblem};
use ndarray::{ArrayD, Axis};
use std::path::{Path, PathBuf};

/// The parts of an MNIST-like data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    /// The training part, `train-…`, where the folder has it.
    pub train: Option<Dataset>,
    /// The test part, `t10k-…`.
    pub test: Dataset,
}

/// Reads a data set from a folder of IDX files under their usual names:
///
/// | | images | labels |
/// | --- | --- | --- |
/// | train (optional) | `train-images-idx3-ubyte` | `train-labels-idx1-ubyte` |
/// | test | `t10k-images-idx3-ubyte` | `t10k-labels-idx1-ubyte` |
///
/// each with or without `.gz`, and also with a dot before `idx`, as some archives have them. Images, `[n, h,
/// w]` in bytes, become inputs `[n, 1, h, w]` in `0..=1` (divided by 255). The classes are "0", "1", … up to
/// the largest label of both parts; [`Dataset::with_class_names`] gives them better names.
///
/// ```no_run
/// let mnist = wengert::data::idx::folder("mnist")?;
/// println!("{} images to test", mnist.test.len());
/// # Ok::<(), wengert::data::Error>(())
/// ```
///
/// # Errors
/// When a file of the test part is missing, or one of the two of the training part; when a file is not what
/// [`read`] accepts, or holds no images or labels in bytes, or images of another size than the other part's;
/// and when there are not as many labels as images.
pub fn folder(directory: impl AsRef<Path>) -> Result<Folder, Error> {
    let directory = directory.as_ref();
    // "Not found" or "not a folder" says more than the absence of four files.
    std::fs::read_dir(directory).map_err(|source| Error::Io { path: directory.to_owned(), source })?;
    let train = match (File::find(directory, "train", IMAGES), File::find(directory, "train", LABELS)) {
        (Err(_), Err(_)) => None,
        (images, labels) => Some(Part::read(&images?, &labels?)?),
    };
    let images = File::find(directory, "t10k", IMAGES)?;
    let labels = File::find(directory, "t10k", LABELS)?;
    let test = Part::read(&images, &labels)?;
    if let Some(train) = &train
        && train.images.shape()[1..] != test.images.shape()[1..]
    {
        let (element, shape) = ("u8", test.images.shape().to_vec());
        let problem =
            IdxProblem::WrongKind { expected: "images of the training part's size", element, shape };
        return Err(Error::Idx { origin: images.0.display().to_string(), problem });
    }
    let parts = train.iter().chain([&test]);
    let classes = parts.flat_map(|part| &part.labels).max().map_or(0, |&largest| usize::from(largest) + 1);
    Ok(Folder {
        train: train.map(|part| part.into_dataset(classes, directory)).transpose()?,
        test: test.into_dataset(classes, directory)?,
    })
}

const IMAGES: &str = "images?idx3-ubyte";
const LABELS: &str = "labels?idx1-ubyte";

/// The path of a file that exists.
struct File(PathBuf);

impl File {
    /// Finds `part-kind` by any of its usual names.
    fn find(directory: &Path, part: &str, kind: &str) -> Result<Self, Error> {
        let names = ["-", "."].map(|separator| format!("{part}-{}", kind.replace('?', separator)));
        let looked_for: Vec<String> =
            names.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]).collect();
        match looked_for.iter().map(|name| directory.join(name)).find(|path| path.is_file()) {
            Some(path) => Ok(File(path)),
            None => Err(Error::MissingFile { directory: directory.to_owned(), looked_for }),
        }
    }

    fn wrong_kind(&self, expected: &'static str, found: &IdxArray) -> Error {
        let (element, shape) = (found.element_type(), found.shape().to_vec());
        let problem = IdxProblem::WrongKind { expected, element, shape };
        Error::Idx { origin: self.0.display().to_string(), problem }
    }
}

/// Images `[n, h, w]` and as many labels, still in bytes.
struct Part {
    images: ArrayD<u8>,
    labels: Vec<u8>,
}

impl Part {
    fn read(image_file: &File, label_file: &File) -> Result<Self, Error> {
        let images = match read(&image_file.0)? {
            IdxArray::U8(images) if images.ndim() == 3 && !images.is_empty() => images,
            other => {
                return Err(image_file.wrong_kind("images: u8 of shape [n, h, w], none of them 0", &other));
            }
        };
        let labels = match read(&label_file.0)? {
            IdxArray::U8(labels) if labels.ndim() == 1 => labels.into_raw_vec_and_offset().0,
            other => return Err(label_file.wrong_kind("labels: u8 of shape [n]", &other)),
        };
        if images.len_of(Axis(0)) != labels.len() {
            return Err(Error::CountMismatch {
                origin: format!("{} and {}", image_file.0.display(), label_file.0.display()),
                examples: images.len_of(Axis(0)),
                labels: labels.len(),
            });
        }
        Ok(Part { images, labels })
    }

    fn into_dataset(self, classes: usize, directory: &Path) -> Result<Dataset, Error> {
        let inputs = self.images.mapv(|byte| f32::from(byte) / 255.0).insert_axis(Axis(1));
        let labels = self.labels.iter().map(|&label| i64::from(label)).collect();
        let class_names = (0..classes).map(|class| class.to_string());
        let dataset = Dataset::new(inputs, labels, class_names)?;
        Ok(dataset.with_description(format!("IDX files of {}", directory.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{idx::encode, source::gzip};

    fn write(directory: &Path, name: &str, bytes: &[u8]) {
        std::fs::write(directory.join(name), bytes).unwrap();
    }

    fn images(n: u32) -> Vec<u8> {
        encode(0x08, &[n, 2, 3], &(0..6 * n as usize).map(|i| (51 * i) as u8).collect::<Vec<_>>())
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        encode(0x08, &[labels.len() as u32], labels)
    }

    #[test]
    fn both_parts_are_found_gzipped_or_not() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "train-images-idx3-ubyte.gz", &gzip(&images(3)));
        write(dir.path(), "train-labels.idx1-ubyte", &labels(&[0, 4, 1]));
        write(dir.path(), "t10k-images-idx3-ubyte", &images(1));
        write(dir.path(), "t10k-labels-idx1-ubyte.gz", &labels(&[2]));
        let Folder { train, test } = folder(dir.path()).unwrap();
        let train = train.unwrap();
        assert_eq!((train.inputs().shape(), train.labels()), (&[3, 1, 2, 3][..], &[0, 4, 1][..]));
        assert_eq!(test.example(0).0.iter().copied().collect::<Vec<_>>(), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        // Both know the classes of both.
        assert_eq!(train.class_names(), ["0", "1", "2", "3", "4"]);
        assert_eq!(test.classes(), 5);
    }

    #[test]
    fn the_test_part_alone_will_do() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "t10k-images-idx3-ubyte", &images(2));
        write(dir.path(), "t10k-labels-idx1-ubyte", &labels(&[1, 0]));
        let parts = folder(dir.path()).unwrap();
        assert!(parts.train.is_none());
        assert_eq!(parts.test.counts(), [1, 1]);
        assert!(parts.test.description().unwrap().contains(dir.path().to_str().unwrap()));
    }

    #[test]
    fn a_missing_file_is_named_with_all_names_that_would_do() {
        let dir = tempfile::tempdir().unwrap();
        let missing = |part: &str, kind: &str| {
            let error = folder(dir.path()).unwrap_err().to_string();
            let names = ["-", "."].map(|dot| format!("{part}-{}", kind.replace('?', dot)));
            let [a, b] = names;
            let expected =
                format!("{}: there is no file named {a} or {a}.gz or {b} or {b}.gz", dir.path().display());
            assert_eq!(error, expected);
        };
        missing("t10k", "images?idx3-ubyte");
        write(dir.path(), "t10k-images-idx3-ubyte", &images(2));
        missing("t10k", "labels?idx1-ubyte");
        write(dir.path(), "t10k-labels-idx1-ubyte", &labels(&[1, 0]));
        assert!(folder(dir.path()).is_ok());
        // Half a training part is an error, not a data set without one.
        write(dir.path(), "train-labels-idx1-ubyte", &labels(&[1, 0]));
        missing("train", "images?idx3-ubyte");
        let no_folder = folder(dir.path().join("none")).unwrap_err();
        assert!(matches!(no_folder, Error::Io { .. }));
    }

    #[test]
    fn files_that_do_not_fit_together_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let result = |images: &[u8], labels: &[u8]| {
            write(dir.path(), "t10k-images-idx3-ubyte", images);
            write(dir.path(), "t10k-labels-idx1-ubyte", labels);
            folder(dir.path())
        };
        assert!(matches!(
            result(&images(2), &labels(&[1, 0, 1])),
            Err(Error::CountMismatch { examples: 2, labels: 3, .. })
        ));
        let wrong_kind = |result: Result<Folder, Error>| {
            matches!(result, Err(Error::Idx { problem: IdxProblem::WrongKind { .. }, .. }))
        };
        assert!(wrong_kind(result(&labels(&[1]), &labels(&[1]))));
        assert!(wrong_kind(result(&images(1), &images(1))));
        assert!(wrong_kind(result(&images(0), &labels(&[]))));
        assert!(wrong_kind(result(&images(1), &encode(0x09, &[1], &[255]))));
        assert!(result(&images(1), &labels(&[1])).is_ok());
        write(dir.path(), "train-images-idx3-ubyte", &encode(0x08, &[1, 3, 2], &[0; 6]));
        write(dir.path(), "train-labels-idx1-ubyte", &labels(&[1]));
        assert!(wrong_kind(folder(dir.path())));
    }
}
