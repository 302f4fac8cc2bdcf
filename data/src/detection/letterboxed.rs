//! Batches of pictures of any size.

use super::{
    DetectionBatch, DetectionDataset, Object,
    checks::{Located, wrong},
};
use crate::{
    Augmentation, Error, Examples,
    augment::{Compose, LetterboxTo, Sample, stack},
    picture::{Reader, in_order},
};
use autodiff::Tensor;
use ndarray::{Array3, Ix3};
use rayon::prelude::*;

impl DetectionDataset {
    /// The pictures of the given numbers, read in parallel, each fitted into the middle of a grey frame of `height` ×
    /// `width` pixels ([`letterbox`](crate::transform::letterbox)), with their objects.
    ///
    /// ```
    /// use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object};
    /// use wengert::data::picture::Reader;
    /// use wengert::prelude::*;
    ///
    /// let cat = Object::new(BoundingBox::new(10.0, 0.0, 30.0, 20.0), 0);
    /// let picture = AnnotatedPicture::in_memory(Tensor::zeros([3, 20, 40]), vec![cat]);
    /// let dataset = DetectionDataset::new(vec![picture], ["cat"])?;
    /// let batch = dataset.batch(&[0, 0], (64, 64), &Reader::new())?;
    /// assert_eq!(batch.pictures.shape(), [2, 3, 64, 64]);
    /// assert_eq!(batch.objects[1][0].bounding_box, BoundingBox::new(16.0, 16.0, 48.0, 48.0));
    /// # Ok::<(), wengert::data::Error>(())
    /// ```
    ///
    /// # Errors
    /// When a picture cannot be read, has another size than its label claims, or other channels than the first.
    ///
    /// # Panics
    /// When there is no such picture, or the frame has no pixels.
    #[track_caller]
    pub fn batch(
        &self,
        indices: &[usize],
        (height, width): (usize, usize),
        reader: &Reader,
    ) -> Result<DetectionBatch, Error> {
        assert!(height > 0 && width > 0, "batch: a frame of {height} × {width} pixels");
        for &index in indices {
            self.picture("batch", index);
        }
        if indices.is_empty() {
            let pictures = Tensor::zeros([0, reader.channels(), height, width]);
            return Ok(DetectionBatch { pictures, objects: Vec::new() });
        }
        let frame = Compose::new().push(LetterboxTo::new(height, width)).min_visible(0.0);
        self.changed(indices, reader, |sample, index| frame.sample(sample, 0, 0, index))
    }

    /// The pictures of these numbers with their objects, each changed; all must come to have one shape.
    fn changed(
        &self,
        indices: &[usize],
        reader: &Reader,
        change: impl Fn(Sample, usize) -> Sample + Sync,
    ) -> Result<DetectionBatch, Error> {
        let read = |&index: &usize| {
            let picture = &self.pictures()[index];
            let pixels = picture.read(reader)?;
            let pixels =
                pixels.view().into_dimensionality::<Ix3>().expect("pictures are [c, h, w]").to_owned();
            let sample = Sample::new(pixels).objects(picture.objects.iter().cloned());
            Ok(change(sample, index).into_parts())
        };
        let read = in_order(indices.par_iter().map(read).collect())?;
        let (pictures, objects): (Vec<Array3<f32>>, Vec<Vec<Object>>) = read.into_iter().unzip();
        match stack(&pictures) {
            Ok(pictures) => Ok(DetectionBatch { pictures: pictures.into(), objects }),
            Err(other) => {
                let expected = format!("{:?} as the first picture of the batch", pictures[0].shape());
                let problem = wrong("shape", expected, format!("{:?}", pictures[other].shape()));
                Err(Located::at(format!("picture {}", indices[other]), problem).in_file("data set"))
            }
        }
    }
}

/// Pictures are read when they are asked for, by the [`reader`](DetectionDataset::reader), and changed by the augmentation
/// as they are. They must come to have one shape, which a [`LetterboxTo`] at the end of the pipeline gives them.
///
/// ```
/// use wengert::data::Batches;
/// use wengert::data::augment::{Compose, LetterboxTo, RandomHorizontalFlip};
/// use wengert::data::detection::{AnnotatedPicture, BoundingBox, DetectionDataset, Object};
/// use wengert::prelude::*;
///
/// let cat = Object::new(BoundingBox::new(10.0, 0.0, 30.0, 20.0), 0);
/// let picture = |height| AnnotatedPicture::in_memory(Tensor::zeros([3, height, 40]), vec![cat.clone()]);
/// let dataset = DetectionDataset::new(vec![picture(20), picture(30)], ["cat"])?;
/// let pipeline = Compose::new().push(RandomHorizontalFlip::new()).push(LetterboxTo::new(64, 64));
/// for batch in Batches::new(&dataset, 2).shuffle(0).augment(pipeline, 0).epoch(0).prefetch(1) {
///     assert_eq!(batch?.pictures.shape(), [2, 3, 64, 64]);
/// }
/// # Ok::<(), wengert::data::Error>(())
/// ```
impl Examples for DetectionDataset {
    type Batch = Result<DetectionBatch, Error>;

    fn len(&self) -> usize {
        self.len()
    }

    fn gather(&self, indices: &[usize], augmentation: Option<&Augmentation>) -> Self::Batch {
        self.changed(indices, &self.reader, |sample, index| match augmentation {
            Some(augmentation) => augmentation.sample(sample, index),
            None => sample,
        })
    }
}
