//! COCO's labels: one JSON file for a whole data set.
//!
//! Lin et al., "Microsoft COCO: common objects in context" (2014). `images`, `annotations` and `categories` are read;
//! everything else, outlines above all, is passed over without being kept. Boxes are `[left, top, width, height]` in
//! pixels. The numbers of pictures and categories are arbitrary there; here classes are numbered from 0 in the order of
//! their categories' ids.
//!
//! ```
//! use wengert::data::detection::{BoundingBox, coco};
//!
//! let file = r#"{
//!     "images": [{"id": 42, "file_name": "a.jpg", "width": 640, "height": 480}],
//!     "annotations": [{"id": 1, "image_id": 42, "category_id": 18, "bbox": [10, 20, 30, 40], "area": 700, "iscrowd": 0}],
//!     "categories": [{"id": 18, "name": "dog"}]
//! }"#;
//! let labels = coco::parse(file.as_bytes())?;
//! let picture = &labels.dataset().pictures()[0];
//! assert_eq!(picture.objects[0].bounding_box, BoundingBox::new(10.0, 20.0, 40.0, 60.0));
//! assert_eq!((picture.objects[0].class, picture.objects[0].area()), (0, 700.0));
//!
//! let error = coco::parse(file.replace("\"image_id\": 42", "\"image_id\": 7").as_bytes()).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "bytes, annotations[0]: image_id: expected the id of one of the 1 images, found 7"
//! );
//! # Ok::<(), wengert::data::Error>(())
//! ```

mod field;
mod reader;
mod record;
mod writer;

use super::{DetectionDataset, checks::Located};
use crate::{Error, source::Source};
use std::{io::BufReader, path::Path};

pub use writer::encode;

/// A data set with the numbers that its file has for pictures and categories.
#[derive(Clone, Debug)]
pub struct Labels {
    dataset: DetectionDataset,
    image_ids: Vec<u64>,
    category_ids: Vec<u64>,
}

impl Labels {
    /// The pictures with their objects. The paths of pictures are as the file has them, relative to a folder:
    /// [`DetectionDataset::in_folder`].
    pub fn dataset(&self) -> &DetectionDataset {
        &self.dataset
    }

    /// The same, when the numbers are not needed any more.
    pub fn into_dataset(self) -> DetectionDataset {
        self.dataset
    }

    /// The `id` of each picture.
    pub fn image_ids(&self) -> &[u64] {
        &self.image_ids
    }

    /// The `id` of each class.
    pub fn category_ids(&self) -> &[u64] {
        &self.category_ids
    }
}

/// How a file of labels is read.
///
/// Published files may have annotations without width or height. They are errors by default, as are all empty boxes,
/// and are left out on request.
///
/// ```
/// use wengert::data::detection::coco::Reader;
///
/// let file = r#"{
///     "images": [{"id": 1, "file_name": "a.jpg", "width": 8, "height": 8}],
///     "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 3, 4, 0]}],
///     "categories": [{"id": 1, "name": "dog"}]
/// }"#;
/// assert!(Reader::new().parse(file.as_bytes()).is_err());
/// assert_eq!(Reader::new().skip_empty_boxes(true).parse(file.as_bytes())?.dataset().counts(), [0]);
/// # Ok::<(), wengert::data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader {
    skip_empty_boxes: bool,
}

impl Reader {
    /// Without options.
    pub const fn new() -> Self {
        Self { skip_empty_boxes: false }
    }

    /// Whether annotations whose box has no width or no height are left out, instead of being an error.
    pub const fn skip_empty_boxes(mut self, skip: bool) -> Self {
        self.skip_empty_boxes = skip;
        self
    }

    /// Reads a file, gzipped or not, record by record.
    ///
    /// Of each image `id`, `file_name`, `width` and `height` must be there, of each annotation `id`, `image_id`,
    /// `category_id` and `bbox`, of each category `id` and `name`; `area` and `iscrowd` may be. A box that reaches over
    /// the picture's edge by up to a pixel is cut.
    ///
    /// # Errors
    /// When the file cannot be read, is longer than 2 GiB or no JSON, lacks a list or a field or has it twice, a field has
    /// another type or a number that it cannot have, an id is there twice or refers to nothing, or a box is empty or not
    /// inside its picture. The error tells the record. Of a record only these fields are kept, and of a list in
    /// their place its length alone.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Labels, Error> {
        self.labels(Source::open(path.as_ref())?)
    }

    /// Reads a file from memory, else as [`read`](Self::read).
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(&self, bytes: &[u8]) -> Result<Labels, Error> {
        self.labels(Source::of(bytes))
    }

    fn labels(&self, source: Source<'_>) -> Result<Labels, Error> {
        let Source { origin, reader, .. } = source;
        let lists = reader::lists(BufReader::with_capacity(1 << 16, reader));
        lists.and_then(|lists| lists.join(self)).map_err(|located: Located| located.in_file(&origin))
    }
}

/// Reads a file: [`Reader::read`] without options.
///
/// # Errors
/// As there.
pub fn read(path: impl AsRef<Path>) -> Result<Labels, Error> {
    Reader::new().read(path)
}

/// Reads a file from memory: [`Reader::parse`] without options.
///
/// # Errors
/// As there.
pub fn parse(bytes: &[u8]) -> Result<Labels, Error> {
    Reader::new().parse(bytes)
}
