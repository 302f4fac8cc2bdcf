//! Pictures, what stands in each, and the names of the classes.

use super::{
    Object,
    checks::{self, Located, wrong},
};
use crate::{Error, LabelProblem, picture::Reader};
use autodiff::Tensor;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where the pixels of a picture are.
#[derive(Clone, Debug)]
pub enum PictureSource {
    /// In a PNG or JPEG file.
    File(PathBuf),
    /// Here, `[c, h, w]` in 0..=1.
    Memory(Tensor<f32>),
}

/// A picture and what stands in it.
#[derive(Clone, Debug)]
pub struct AnnotatedPicture {
    /// Where its pixels are.
    pub source: PictureSource,
    /// Its width in pixels.
    pub width: usize,
    /// Its height in pixels.
    pub height: usize,
    /// What stands in it, in its pixels.
    pub objects: Vec<Object>,
}

impl AnnotatedPicture {
    /// A picture in a file, of the size that its label claims.
    pub fn in_file(path: impl Into<PathBuf>, width: usize, height: usize, objects: Vec<Object>) -> Self {
        Self { source: PictureSource::File(path.into()), width, height, objects }
    }

    /// A picture `[c, h, w]` of values in 0..=1.
    ///
    /// # Panics
    /// If it has another rank.
    #[track_caller]
    pub fn in_memory(picture: Tensor<f32>, objects: Vec<Object>) -> Self {
        let [_, height, width] = *picture.shape() else {
            panic!("AnnotatedPicture: expected a picture [c, h, w], found shape {:?}", picture.shape());
        };
        Self { source: PictureSource::Memory(picture.detach()), width, height, objects }
    }

    /// The file, if it is in one.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            PictureSource::File(path) => Some(path),
            PictureSource::Memory(_) => None,
        }
    }

    /// The pixels, `[c, h, w]` in 0..=1. A picture in memory is as it is, whatever the reader's options.
    ///
    /// # Errors
    /// When the file cannot be read as a picture, or has another size than the label claims.
    pub fn read(&self, reader: &Reader) -> Result<Tensor<f32>, Error> {
        let path = match &self.source {
            PictureSource::File(path) => path,
            PictureSource::Memory(picture) => return Ok(picture.clone()),
        };
        let picture = reader.read(path)?;
        let (height, width) = (picture.shape()[1], picture.shape()[2]);
        if (width, height) != (self.width, self.height) {
            let expected = format!("{} × {} pixels as its label says", self.width, self.height);
            let problem = wrong("size", expected, format!("{width} × {height}"));
            return Err(Located::from(problem).in_file(&path.display().to_string()));
        }
        Ok(picture)
    }
}

/// Pictures with objects: what the readers of Pascal VOC's, COCO's and YOLO's labels give, or what a program puts
/// together. [`Batches`](crate::Batches) takes them; clones share them.
///
/// ```
/// use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object};
/// use wengert::prelude::*;
///
/// let cat = Object::new(BoundingBox::new(10.0, 0.0, 30.0, 20.0), 0);
/// let picture = AnnotatedPicture::in_memory(Tensor::zeros([3, 20, 40]), vec![cat]);
/// let dataset = DetectionDataset::new(vec![picture], ["cat", "dog"])?;
/// assert_eq!(dataset.counts(), [1, 0]);
/// # Ok::<(), wengert::data::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DetectionDataset {
    pictures: Arc<[AnnotatedPicture]>,
    class_names: Arc<[String]>,
    pub(super) reader: Reader,
}

impl DetectionDataset {
    /// A data set of pictures with objects of these classes.
    ///
    /// # Errors
    /// When an object's class is not the index of a name, its box is not inside its picture, is empty or not finite, the
    /// area of its outline is negative or not finite, a picture has no pixels, or two classes have the same name.
    pub fn new(
        pictures: Vec<AnnotatedPicture>,
        class_names: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, Error> {
        let origin = "data set";
        let class_names =
            checks::class_names(class_names).map_err(|problem| Located::from(problem).in_file(origin))?;
        for (i, picture) in pictures.iter().enumerate() {
            let (width, height) = (picture.width, picture.height);
            for (field, side) in [("width", width), ("height", height)] {
                checks::side(field, side as f64)
                    .map_err(|problem| Located::at(format!("picture {i}"), problem).in_file(origin))?;
            }
            for (k, object) in picture.objects.iter().enumerate() {
                check(object, width, height, class_names.len()).map_err(|problem| {
                    Located::at(format!("picture {i}, object {k}"), problem).in_file(origin)
                })?;
            }
        }
        Ok(Self::checked(pictures, class_names))
    }

    /// Of parts that a reader has checked.
    pub(super) fn checked(pictures: Vec<AnnotatedPicture>, class_names: Vec<String>) -> Self {
        Self { pictures: pictures.into(), class_names: class_names.into(), reader: Reader::new() }
    }

    /// How [`Batches`](crate::Batches) reads the pictures: their channels, and a bound on their size.
    pub fn reader(mut self, reader: Reader) -> Self {
        self.reader = reader;
        self
    }

    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// The pictures.
    pub fn pictures(&self) -> &[AnnotatedPicture] {
        &self.pictures
    }

    /// The names of the classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// How many classes there are (some may have no object here).
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// How many objects of each class there are.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        for object in self.pictures.iter().flat_map(|picture| &picture.objects) {
            counts[object.class] += 1;
        }
        counts
    }

    /// The pictures of the given numbers, in the given order.
    ///
    /// # Panics
    /// When there is no such picture.
    #[track_caller]
    pub fn subset(&self, indices: &[usize]) -> Self {
        let pictures = indices.iter().map(|&i| self.picture("subset", i).clone()).collect();
        Self { pictures, ..self.clone() }
    }

    /// The same pictures in a folder: the paths of files are taken as relative to it.
    pub fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        let in_folder = |mut picture: AnnotatedPicture| {
            if let PictureSource::File(path) = &mut picture.source {
                *path = folder.as_ref().join(&*path);
            }
            picture
        };
        self.pictures = self.pictures.iter().cloned().map(in_folder).collect();
        self
    }

    #[track_caller]
    pub(super) fn picture(&self, operation: &str, index: usize) -> &AnnotatedPicture {
        match self.pictures.get(index) {
            Some(picture) => picture,
            None => panic!("{operation}: there is no picture {index} among {}", self.len()),
        }
    }
}

fn check(object: &Object, width: usize, height: usize, classes: usize) -> Result<(), LabelProblem> {
    if object.class >= classes {
        return Err(wrong("class", format!("an index below {classes}"), object.class.to_string()));
    }
    if let Some(area) = object.outline_area.filter(|area| !(area.is_finite() && *area >= 0.0)) {
        return Err(wrong("outline area", "a number of pixels, 0 or more", area.to_string()));
    }
    let cut = checks::inside("bounding box", object.bounding_box, width, height)?;
    if cut != object.bounding_box {
        let expected = format!("a box inside the picture of {width} × {height} pixels");
        return Err(wrong("bounding box", expected, format!("{:?}", object.bounding_box)));
    }
    Ok(())
}
