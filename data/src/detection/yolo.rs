//! YOLO's labels: a text file a picture, a line an object.
//!
//! A line is `class x y width height`: the index of the class, and the box by its centre and size as fractions of the
//! picture's. The names of the classes stand in a file of their own, one a line.
//!
//! ```
//! use wengert::data::detection::{BoundingBox, yolo};
//!
//! let objects = yolo::parse(b"3 0.5 0.5 0.25 0.5\n", 80, (640, 480))?;
//! assert_eq!(objects[0].class, 3);
//! assert_eq!(objects[0].bounding_box, BoundingBox::new(240.0, 120.0, 400.0, 360.0));
//!
//! let error = yolo::parse(b"3 0.5 0.5 0.25 0.5\n\n80 0.5 0.5 0.25 0.5", 80, (640, 480)).unwrap_err();
//! assert_eq!(error.to_string(), "bytes, line 3: class: expected an index below 80, found `80`");
//! # Ok::<(), wengert::data::Error>(())
//! ```

use super::{
    AnnotatedPicture, BoundingBox, DetectionDataset, Object,
    checks::{self, Located, wrong},
};
use crate::{Error, LabelProblem, error::shortened, picture};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::Write,
    path::{Path, PathBuf},
};

/// The most bytes of a label or of a file of names.
const MAX_BYTES: u64 = 1 << 22;

const COLUMNS: [&str; 5] = ["class", "x", "y", "width", "height"];

/// Reads the label of a picture of `(width, height)` pixels, gzipped or not.
///
/// Empty lines are passed over. Fractions are of the picture; a box that reaches over its edge by up to a pixel is cut.
///
/// # Errors
/// When the file cannot be read, is no UTF-8 or longer than 4 MiB, or a line has not five columns, a class that is no
/// index below `classes`, a number that is not finite, or a box that is empty or not inside the picture. The error
/// tells the line.
pub fn read(path: impl AsRef<Path>, classes: usize, size: (usize, usize)) -> Result<Vec<Object>, Error> {
    let path = path.as_ref();
    let bytes = checks::bytes(path, MAX_BYTES)?;
    decode(&bytes, classes, size).map_err(|located| located.in_file(&path.display().to_string()))
}

/// Reads a label from memory, else as [`read`].
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], classes: usize, size: (usize, usize)) -> Result<Vec<Object>, Error> {
    decode(bytes, classes, size).map_err(|located| located.in_file("bytes"))
}

fn decode(bytes: &[u8], classes: usize, (width, height): (usize, usize)) -> Result<Vec<Object>, Located> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(LabelProblem::TooLong { limit: MAX_BYTES }.into());
    }
    for (field, side) in [("width of the picture", width), ("height of the picture", height)] {
        checks::side(field, side as f64)?;
    }
    let mut objects = Vec::new();
    for (i, line) in checks::text(bytes)?.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let object = object(line, classes, width, height);
        objects.push(object.map_err(|problem| Located::at(format!("line {}", i + 1), problem))?);
    }
    Ok(objects)
}

fn object(line: &str, classes: usize, width: usize, height: usize) -> Result<Object, LabelProblem> {
    let columns: Vec<&str> = line.split_whitespace().take(COLUMNS.len() + 1).collect();
    if columns.len() != COLUMNS.len() {
        let found = if columns.len() > COLUMNS.len() { "more".to_owned() } else { columns.len().to_string() };
        return Err(wrong("columns", format!("the five columns {}", COLUMNS.join(", ")), found));
    }
    let class = columns[0].parse().ok().filter(|class| *class < classes);
    let class = class
        .ok_or_else(|| wrong("class", format!("an index below {classes}"), format!("`{}`", columns[0])))?;
    let mut fractions = [0.0; 4];
    for (i, slot) in fractions.iter_mut().enumerate() {
        *slot = checks::number(COLUMNS[i + 1], columns[i + 1])?;
    }
    let [x, y, w, h] = fractions;
    let bounding_box = BoundingBox::from_center(x, y, w, h).scaled(width as f64, height as f64);
    Ok(Object::new(checks::inside("box", bounding_box, width, height)?, class))
}

/// The text of a label's file: what [`parse`] reads. Whether an object is difficult or a crowd is lost.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Object, yolo};
///
/// let object = Object::new(BoundingBox::new(240.0, 120.0, 400.0, 360.0), 3);
/// assert_eq!(yolo::encode(&[object], (640, 480)), "3 0.5 0.5 0.25 0.5\n");
/// ```
pub fn encode(objects: &[Object], (width, height): (usize, usize)) -> String {
    let mut text = String::new();
    for object in objects {
        let b = object.bounding_box.scaled(1.0 / width as f64, 1.0 / height as f64);
        let (x, y) = b.center();
        writeln!(text, "{} {x} {y} {} {}", object.class, b.width(), b.height())
            .expect("a string takes what is written to it");
    }
    text
}

/// Reads the names of the classes, one a line; what is empty at the end is passed over.
///
/// # Errors
/// When the file cannot be read, is no UTF-8 or longer than 4 MiB, has no names, an empty line between them, or a name
/// twice.
pub fn read_names(path: impl AsRef<Path>) -> Result<Vec<String>, Error> {
    let path = path.as_ref();
    let bytes = checks::bytes(path, MAX_BYTES)?;
    names(&bytes).map_err(|located| located.in_file(&path.display().to_string()))
}

fn names(bytes: &[u8]) -> Result<Vec<String>, Located> {
    let mut seen = BTreeMap::new();
    let text = checks::text(bytes)?.trim_end();
    let mut names = Vec::new();
    for (i, name) in text.lines().map(str::trim).enumerate() {
        let located = |problem| Located::at(format!("line {}", i + 1), problem);
        if name.is_empty() {
            return Err(located(wrong("name", "the name of a class", "an empty line")));
        }
        if let Some(first) = seen.insert(name, i + 1) {
            let what = format!("the class `{}`", shortened(name));
            return Err(located(LabelProblem::Repeated { what, first: Some(format!("line {first}")) }));
        }
        names.push(name.to_owned());
    }
    if names.is_empty() {
        return Err(LabelProblem::Missing { field: "name of a class".to_owned() }.into());
    }
    Ok(names)
}

/// Reads a folder of PNG and JPEG pictures and a folder of their labels, which have the pictures' names with the ending
/// `.txt`; endings may be in capitals, and what begins with a dot is hidden and left out. A picture without a label has no
/// objects. The pictures come in the order of their names; of each only the size is decoded.
///
/// # Errors
/// When a folder, the size of a picture or a label cannot be read ([`read`]), a label has no picture, two pictures or two
/// labels have the same name but for the ending, or a name of the classes is there twice.
pub fn read_folder(
    pictures: impl AsRef<Path>,
    labels: impl AsRef<Path>,
    class_names: impl IntoIterator<Item = impl Into<String>>,
) -> Result<DetectionDataset, Error> {
    let class_names =
        checks::class_names(class_names).map_err(|problem| Located::from(problem).in_file("classes"))?;
    let mut unused = by_stem(checks::files(labels.as_ref(), &["txt"])?, "label")?;
    let files = by_stem(checks::files(pictures.as_ref(), picture::EXTENSIONS)?, "picture")?;
    let mut files: Vec<(OsString, PathBuf)> = files.into_iter().collect();
    files.sort_by(|(_, a), (_, b)| a.cmp(b));
    let annotated = files.into_iter().map(|(stem, path)| {
        let (width, height) = picture::size(&path)?;
        let objects = match unused.remove(&stem) {
            Some(label) => read(label, class_names.len(), (width, height))?,
            None => Vec::new(),
        };
        Ok(AnnotatedPicture::in_file(path, width, height, objects))
    });
    let annotated = annotated.collect::<Result<_, Error>>()?;
    if let Some((stem, label)) = unused.pop_first() {
        let name = shortened(&stem.display().to_string());
        let field = format!("picture `{name}` of this label in {}", pictures.as_ref().display());
        return Err(Located::from(LabelProblem::Missing { field }).in_file(&label.display().to_string()));
    }
    Ok(DetectionDataset::checked(annotated, class_names))
}

/// Files by their names without the ending, by which a picture and its label know each other.
fn by_stem(files: Vec<PathBuf>, what: &str) -> Result<BTreeMap<OsString, PathBuf>, Error> {
    let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for path in files {
        let stem = path.file_stem().unwrap_or_default().to_owned();
        if let Some(first) = found.get(&stem) {
            let what = format!("the {what} `{}`", shortened(&stem.display().to_string()));
            let problem = LabelProblem::Repeated { what, first: Some(first.display().to_string()) };
            return Err(Located::from(problem).in_file(&path.display().to_string()));
        }
        found.insert(stem, path);
    }
    Ok(found)
}
