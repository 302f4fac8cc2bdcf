//! What the readers of label files have in common: bounded text, names of files, sizes and boxes.

use super::BoundingBox;
use crate::{
    Error, LabelProblem,
    error::{cut, shortened},
    source::{Source, ends_in},
};
use std::{
    io::Read,
    path::{Component, Path, PathBuf},
};

/// The longest side of a picture that a label may claim.
const MAX_SIDE: f64 = (1 << 20) as f64;

/// By how many pixels a box may reach over the picture's edge; it is then cut there. Files that count pixels from 0
/// where the format counts from 1, or round, are off by no more.
const TOLERANCE: f64 = 1.0;

/// What is wrong, and in which line or record.
pub(super) struct Located {
    pub(super) place: Option<String>,
    pub(super) problem: LabelProblem,
}

impl Located {
    pub(super) fn at(place: impl Into<String>, problem: LabelProblem) -> Self {
        Self { place: Some(place.into()), problem }
    }

    pub(super) fn in_file(self, origin: &str) -> Error {
        Error::Label { origin: origin.to_owned(), place: self.place, problem: self.problem }
    }
}

impl From<LabelProblem> for Located {
    fn from(problem: LabelProblem) -> Self {
        Self { place: None, problem }
    }
}

pub(super) fn wrong(
    field: impl Into<String>,
    expected: impl Into<String>,
    found: impl AsRef<str>,
) -> LabelProblem {
    LabelProblem::Wrong { field: field.into(), expected: expected.into(), found: shortened(found.as_ref()) }
}

/// What a parser says, which may quote the file at length.
pub(super) fn reason(message: &str) -> String {
    cut(message, 200)
}

/// The bytes of a file, gzipped or not, that has at most `limit` of them.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let mut source = Source::open(path)?;
    let mut bytes = Vec::with_capacity(source.packed_len.min(limit) as usize);
    let read = source.reader.by_ref().take(limit + 1).read_to_end(&mut bytes);
    let located = |problem: LabelProblem| Located::from(problem).in_file(&source.origin);
    match read {
        Err(error) => Err(located(error.into())),
        Ok(read) if read as u64 > limit => Err(located(LabelProblem::TooLong { limit })),
        Ok(_) => Ok(bytes),
    }
}

/// How long the mark of UTF-8 is that some editors put at the head of a text; that of UTF-16 is an error.
pub(super) fn mark(head: &[u8]) -> Result<usize, LabelProblem> {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Err(LabelProblem::NotUtf8 { found: "the mark of UTF-16 at the head".to_owned() });
    }
    Ok(if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 })
}

/// Text, without the mark of its encoding.
pub(super) fn text(bytes: &[u8]) -> Result<&str, LabelProblem> {
    let bytes = &bytes[mark(bytes)?..];
    str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        LabelProblem::NotUtf8 { found: format!("0x{:02x} at byte {offset}", bytes[offset]) }
    })
}

/// A finite number.
pub(super) fn number(field: &str, text: &str) -> Result<f64, LabelProblem> {
    let number = text.trim().parse().ok().filter(|v: &f64| v.is_finite());
    number.ok_or_else(|| wrong(field, "a finite number", format!("`{text}`")))
}

/// A height or width in pixels.
pub(super) fn side(field: &str, number: f64) -> Result<usize, LabelProblem> {
    if number.fract() == 0.0 && (1.0..=MAX_SIDE).contains(&number) {
        return Ok(number as usize);
    }
    Err(wrong(field, format!("a whole number from 1 to {MAX_SIDE}"), number.to_string()))
}

/// A box, cut to a picture of this size.
pub(super) fn inside(
    field: &str,
    bounding_box: BoundingBox,
    width: usize,
    height: usize,
) -> Result<BoundingBox, LabelProblem> {
    let BoundingBox { x1, y1, x2, y2 } = bounding_box;
    let found = || format!("x from {x1} to {x2}, y from {y1} to {y2}");
    if !(x1 < x2 && y1 < y2) {
        return Err(wrong(field, "a box with a width and a height above 0", found()));
    }
    let (w, h) = (width as f64, height as f64);
    let cut = bounding_box.clipped(w, h);
    let near = x1 >= -TOLERANCE && y1 >= -TOLERANCE && x2 <= w + TOLERANCE && y2 <= h + TOLERANCE;
    if !(near && cut.x1 < cut.x2 && cut.y1 < cut.y2) {
        return Err(wrong(field, format!("a box inside the picture of {width} × {height} pixels"), found()));
    }
    Ok(cut)
}

/// The path of a file that a label names: below the folder of the pictures, never out of it.
pub(super) fn file_name(field: &str, name: &str) -> Result<PathBuf, LabelProblem> {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !plain || name.contains(['\0', '\\']) {
        return Err(wrong(field, "the name of a file below the folder of the pictures", format!("`{name}`")));
    }
    Ok(path.to_owned())
}

/// The names of classes, each once.
pub(super) fn class_names<S: Into<String>>(
    names: impl IntoIterator<Item = S>,
) -> Result<Vec<String>, LabelProblem> {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    let mut seen = std::collections::BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => {
            Err(LabelProblem::Repeated { what: format!("the class `{}`", shortened(name)), first: None })
        }
        None => Ok(names),
    }
}

/// The files of a folder whose names end in one of these, in the order of their names. What begins with a dot is hidden
/// and left out.
pub(super) fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().unwrap_or_default().as_encoded_bytes().starts_with(b".");
        if !hidden && ends_in(&path, extensions) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
