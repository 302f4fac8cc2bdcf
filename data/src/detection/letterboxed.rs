//! Batches of pictures of any size.

use super::{
    AnnotatedPicture, DetectionBatch, DetectionDataset, Object,
    checks::{Located, wrong},
};
use crate::{Error, picture::Reader, transform};
use autodiff::Tensor;
use ndarray::{Array3, Ix3};
use rayon::prelude::*;

impl DetectionDataset {
    /// The pictures of the given numbers, read in parallel, each fitted into the middle of a grey frame of `height` ×
    /// `width` pixels ([`transform::letterbox`]), with their objects.
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
        let pictures: Vec<&AnnotatedPicture> = indices.iter().map(|&i| self.picture("batch", i)).collect();
        let framed: Vec<(Array3<f32>, Vec<Object>)> = pictures
            .par_iter()
            .map(|picture| {
                let pixels = picture.read(reader)?;
                let view = pixels.view().into_dimensionality::<Ix3>().expect("pictures are [c, h, w]");
                let (frame, place) = transform::letterbox(view, (height, width), 0.5);
                let moved = |object: &Object| Object {
                    bounding_box: place.place(&object.bounding_box),
                    ..object.clone()
                };
                Ok((frame, picture.objects.iter().map(moved).collect()))
            })
            .collect::<Result<_, Error>>()?;
        let channels = framed.first().map_or(reader.channels(), |(frame, _)| frame.dim().0);
        if let Some(other) = framed.iter().position(|(frame, _)| frame.dim().0 != channels) {
            let found = framed[other].0.dim().0.to_string();
            let problem =
                wrong("channels", format!("{channels} as in the first picture of the batch"), found);
            return Err(Located::at(format!("picture {}", indices[other]), problem).in_file("data set"));
        }
        let mut pixels = Vec::with_capacity(framed.len() * channels * height * width);
        let mut objects = Vec::with_capacity(framed.len());
        for (frame, found) in framed {
            pixels.extend(frame);
            objects.push(found);
        }
        let pictures = Tensor::from_vec([objects.len(), channels, height, width], pixels);
        Ok(DetectionBatch { pictures, objects })
    }
}
