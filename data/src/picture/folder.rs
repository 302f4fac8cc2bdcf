//! A folder of pictures for each class.

use super::Reader;
use crate::augment::{Compose, Resize, Sample, stack};
use crate::source::ends_in;
use crate::{Augmentation, Batch, Dataset, Error, Examples, PictureProblem, split};
use autodiff::Tensor;
use ndarray::{Array3, ArrayD, IxDyn};
use rand::Rng;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Labelled pictures on the disk, `root/class/…/picture.png`, which are read when they are asked for; torchvision's
/// `ImageFolder`.
///
/// The classes are the folders in the root, sorted by name; their pictures are all files in them, at any depth, whose
/// names end in `.png`, `.jpg` or `.jpeg`, sorted by path. What begins with a dot is hidden and left out. Links are
/// followed.
///
/// ```no_run
/// use wengert::data::augment::{Compose, Normalize, RandomHorizontalFlip, RandomResizedCrop};
/// use wengert::data::{Batches, ImageFolder};
///
/// let pets = ImageFolder::open("pets")?;
/// let pipeline = Compose::new()
///     .push(RandomResizedCrop::new(224, 224))
///     .push(RandomHorizontalFlip::new())
///     .push(Normalize::imagenet());
/// let batches = Batches::new(&pets, 32).shuffle(0).augment(pipeline, 0);
/// for batch in batches.epoch(0).prefetch(2) {
///     println!("{:?}", batch?.inputs.shape()); // [32, 3, 224, 224]
/// }
/// # Ok::<(), wengert::data::Error>(())
/// ```
///
/// A batch is a `Result`, since a file may turn out to be no picture. The pictures of a batch must have one size, which a
/// [`Resize`] or a crop at the end of the pipeline gives them.
#[derive(Clone, Debug)]
pub struct ImageFolder {
    root: PathBuf,
    class_names: Arc<[String]>,
    samples: Arc<[FolderSample]>,
    reader: Reader,
}

/// One picture of an [`ImageFolder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderSample {
    /// Its file.
    pub path: PathBuf,
    /// The index of its class.
    pub label: i64,
}

/// The most files and folders that are looked at.
const MAX_ENTRIES: usize = 1 << 25;

impl ImageFolder {
    /// Lists the classes and their pictures; none is read yet.
    ///
    /// # Errors
    /// When a folder or what a link leads to cannot be read; when there are no classes, or one has no pictures; when links
    /// lead to a folder twice in one class, as they do in a circle; and beyond 2²⁵ files and folders.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref();
        let mut left = MAX_ENTRIES;
        let mut class_names = Vec::new();
        let mut samples = Vec::new();
        for entry in entries(root, &mut left)? {
            if !entry.is_dir {
                continue;
            }
            let label = class_names.len() as i64;
            let before = samples.len();
            let mut pictures = Vec::new();
            walk(&entry.path, &mut BTreeSet::new(), &mut left, &mut pictures)?;
            samples.extend(pictures.into_iter().map(|path| FolderSample { path, label }));
            if samples.len() == before {
                return Err(no_file(&entry.path, ["*.png", "*.jpg", "*.jpeg"]));
            }
            let name = entry.path.file_name().expect("an entry of a folder has a name");
            class_names.push(name.to_string_lossy().into_owned());
        }
        if class_names.is_empty() {
            return Err(no_file(root, ["*/*.png", "*/*.jpg", "*/*.jpeg"]));
        }
        Ok(Self {
            root: root.to_owned(),
            class_names: class_names.into(),
            samples: samples.into(),
            reader: Reader::new(),
        })
    }

    /// How the pictures are read: their channels, and a bound on their size.
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are no pictures; of a folder that could be opened only a part can have none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// The names of the classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The files and their labels.
    pub fn samples(&self) -> &[FolderSample] {
        &self.samples
    }

    /// Reads picture `index`, `[c, h, w]`.
    ///
    /// # Errors
    /// See [`Reader::read`].
    ///
    /// # Panics
    /// When there is no such picture.
    #[track_caller]
    pub fn read(&self, index: usize) -> Result<(Tensor<f32>, i64), Error> {
        let sample = self.sample("read", index);
        Ok((self.reader.read(&sample.path)?, sample.label))
    }

    /// The pictures of the given numbers, in the given order, with the same classes.
    ///
    /// # Panics
    /// When there is no such picture.
    #[track_caller]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let samples = indices.iter().map(|&index| self.sample("subset", index).clone()).collect();
        Self { samples, ..self.clone() }
    }

    /// Random parts of the given fractions, each with the same share of every class: [`split::stratified`] by label.
    ///
    /// # Panics
    /// When the fractions are not positive or do not sum to 1.
    #[track_caller]
    pub fn split<const PARTS: usize>(&self, fractions: [f64; PARTS], rng: &mut impl Rng) -> [Self; PARTS] {
        let labels: Vec<i64> = self.samples.iter().map(|sample| sample.label).collect();
        split::stratified(&labels, fractions, rng).map(|indices| self.subset(&indices))
    }

    /// Reads all pictures into memory, resized to `height` × `width` pixels (antialiased, whatever becomes of the ratio):
    /// 4·n·c·height·width bytes.
    ///
    /// # Errors
    /// When a file is no picture, and when the memory is not there.
    ///
    /// # Panics
    /// When the height or width is 0.
    #[track_caller]
    pub fn to_dataset(&self, height: usize, width: usize) -> Result<Dataset, Error> {
        let resize = Compose::new().push(Resize::new(height, width));
        let shape = [self.len(), self.reader.channels(), height, width];
        let size = shape.iter().try_fold(1usize, |size, &axis| size.checked_mul(axis));
        let mut elements: Vec<f32> = Vec::new();
        if size.is_none_or(|size| elements.try_reserve_exact(size).is_err()) {
            let message = format!("{shape:?} pixels do not fit into memory");
            let source = io::Error::new(io::ErrorKind::OutOfMemory, message);
            return Err(Error::Io { path: self.root.clone(), source });
        }
        // Some at a time, so that few are there in their full size.
        for samples in self.samples.chunks(64) {
            let read = |sample: &FolderSample| {
                let picture = self.picture(sample)?;
                Ok(resize.sample(Sample::new(picture), 0, 0, 0).into_parts().0)
            };
            for picture in in_order(samples.par_iter().map(read).collect())? {
                elements.extend(picture.iter());
            }
        }
        let inputs = ArrayD::from_shape_vec(IxDyn(&shape), elements).expect("pictures of one size");
        let labels = self.samples.iter().map(|sample| sample.label).collect();
        let dataset = Dataset::new(inputs, labels, self.class_names.iter().cloned())?;
        Ok(dataset.with_description(format!("Pictures of {}", self.root.display())))
    }

    #[track_caller]
    fn sample(&self, operation: &str, index: usize) -> &FolderSample {
        let len = self.len();
        assert!(index < len, "{operation}: there is no picture {index} among {len}");
        &self.samples[index]
    }

    fn picture(&self, sample: &FolderSample) -> Result<Array3<f32>, Error> {
        let picture = self.reader.read_array(&sample.path)?;
        let (c, h, w) = picture.dim();
        // The decoders refuse pictures without pixels; the transforms count on it.
        debug_assert!(c > 0 && h > 0 && w > 0);
        Ok(picture)
    }
}

impl Examples for ImageFolder {
    type Batch = Result<Batch, Error>;

    fn len(&self) -> usize {
        self.len()
    }

    fn gather(&self, indices: &[usize], augmentation: Option<&Augmentation>) -> Result<Batch, Error> {
        let read = |&index: &usize| {
            let sample = Sample::new(self.picture(self.sample("batch", index))?);
            let seen = match augmentation {
                Some(augmentation) => augmentation.sample(sample, index),
                None => sample,
            };
            Ok(seen.into_parts().0)
        };
        let pictures = in_order(indices.par_iter().map(read).collect())?;
        let labels = indices.iter().map(|&index| self.samples[index].label).collect();
        match stack(&pictures) {
            Ok(inputs) => Ok(Batch::new(inputs.into_dyn(), labels)),
            Err(other) => {
                let shape = |i: usize| <[usize; 3]>::from(pictures[i].dim());
                Err(Error::Picture {
                    origin: self.samples[indices[other]].path.display().to_string(),
                    problem: PictureProblem::Shape { expected: shape(0), found: shape(other) },
                })
            }
        }
    }
}

/// What was made in parallel; of several errors always the first.
pub(crate) fn in_order<T>(results: Vec<Result<T, Error>>) -> Result<Vec<T>, Error> {
    results.into_iter().collect()
}

fn no_file(directory: &Path, names: [&str; 3]) -> Error {
    let looked_for = names.map(str::to_owned).to_vec();
    Error::MissingFile { directory: directory.to_owned(), looked_for }
}

struct Entry {
    path: PathBuf,
    is_dir: bool,
    is_file: bool,
}

/// What is not hidden in a folder, sorted by name, links followed.
fn entries(directory: &Path, left: &mut usize) -> Result<Vec<Entry>, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let entry = entry.map_err(failed(directory))?;
        *left = left.checked_sub(1).ok_or_else(|| {
            let message = format!("more than {MAX_ENTRIES} files and folders");
            failed(directory)(io::Error::new(io::ErrorKind::QuotaExceeded, message))
        })?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let metadata = fs::metadata(&path).map_err(failed(&path))?;
        found.push(Entry { path, is_dir: metadata.is_dir(), is_file: metadata.is_file() });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The pictures of a class. `seen` are the folders, by their true paths.
fn walk(
    directory: &Path,
    seen: &mut BTreeSet<PathBuf>,
    left: &mut usize,
    pictures: &mut Vec<PathBuf>,
) -> Result<(), Error> {
    let failed = |source| Error::Io { path: directory.to_owned(), source };
    if !seen.insert(fs::canonicalize(directory).map_err(failed)?) {
        let message = "links lead to this folder a second time";
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, message)));
    }
    for entry in entries(directory, left)? {
        if entry.is_dir {
            walk(&entry.path, seen, left, pictures)?;
        } else if entry.is_file && ends_in(&entry.path, super::EXTENSIONS) {
            pictures.push(entry.path);
        }
    }
    Ok(())
}
