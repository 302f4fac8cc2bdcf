//! What can be wrong with data that comes from outside.

use std::{io, path::PathBuf};

/// Why data could not be read: what was expected, what was found, and where.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    #[error("cannot read {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is not what the IDX format or its use asks for.
    #[error("{origin}: {problem}")]
    Idx {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// What is wrong with it.
        #[source]
        problem: IdxProblem,
    },
    /// A table cannot be read as a data set.
    #[error("{origin}, line {line}: {problem}")]
    Csv {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        problem: CsvProblem,
    },
    /// The file system refused to take what was to be written.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Bytes are no picture that can be read.
    #[error("{origin}: {problem}")]
    Picture {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// What is wrong with it.
        #[source]
        problem: PictureProblem,
    },
    /// A file that says what stands in pictures is not what its format or its use asks for.
    #[error("{origin}{}: {problem}", .place.as_ref().map(|place| format!(", {place}")).unwrap_or_default())]
    Label {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The line or record, where it is one that is wrong and not the whole.
        place: Option<String>,
        /// What is wrong with it.
        #[source]
        problem: LabelProblem,
    },
    /// A folder lacks a file; any one of the names would have done.
    #[error("{}: there is no file named {}", .directory.display(), .looked_for.join(" or "))]
    MissingFile {
        /// The folder.
        directory: PathBuf,
        /// The names that were tried.
        looked_for: Vec<String>,
    },
    /// A configuration that describes nothing that could be made.
    #[error("{configuration}: {field} is {found}, expected {expected}")]
    Configuration {
        /// The name of the configuration.
        configuration: &'static str,
        /// The field that is wrong.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// There are not as many labels as examples.
    #[error("{origin}: {examples} examples but {labels} labels")]
    CountMismatch {
        /// Where both came from.
        origin: String,
        /// How many examples there are.
        examples: usize,
        /// How many labels there are.
        labels: usize,
    },
    /// A label is not the index of a class.
    #[error(
        "{origin}: label {label} of example {example} is not in 0..{classes}, the range of the class indices"
    )]
    LabelOutOfRange {
        /// Where the label came from.
        origin: String,
        /// The number of the example, counted from 0.
        example: usize,
        /// Its label.
        label: i64,
        /// How many classes there are.
        classes: usize,
    },
}

/// What is wrong with an IDX file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxProblem {
    /// The magic number does not begin with two zero bytes.
    #[error(
        "not an IDX file: it begins with the bytes {:02x} {:02x} instead of 00 00",
        .0[0], .0[1]
    )]
    Magic([u8; 4]),
    /// The third byte names no element type.
    #[error(
        "unknown element type 0x{0:02x}: expected 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e (f64)"
    )]
    ElementType(u8),
    /// The fourth byte, the number of axes, is zero.
    #[error("the header claims no axes at all")]
    NoAxes,
    /// The header ends early.
    #[error("truncated: the header is {expected} bytes long, but there are only {found}")]
    TruncatedHeader {
        /// How long it should be.
        expected: usize,
        /// How long it is.
        found: usize,
    },
    /// The elements end early.
    #[error("truncated: the header claims {shape:?}, {expected} bytes, but at most {found} can follow it")]
    Truncated {
        /// The claimed shape.
        shape: Vec<usize>,
        /// The bytes it needs.
        expected: u64,
        /// The bytes there are (for gzip: the most that a file of this length can hold).
        found: u64,
    },
    /// The shape is beyond what the reader unpacks or the machine can address.
    #[error("the header claims {shape:?}, more than the {limit} bytes this reader accepts")]
    TooLarge {
        /// The claimed shape.
        shape: Vec<usize>,
        /// The bound in bytes.
        limit: u64,
    },
    /// Bytes follow the last element.
    #[error(
        "oversized: more bytes follow the {expected} bytes of elements that the header claims as {shape:?}"
    )]
    TrailingBytes {
        /// The claimed shape.
        shape: Vec<usize>,
        /// The bytes it needs.
        expected: u64,
    },
    /// The bytes could not be read or unpacked.
    #[error("cannot be read or unpacked: {0}")]
    Unreadable(#[from] io::Error),
    /// A well-formed array, but not of the kind that its file name promises.
    #[error("expected {expected}, found an array of {element} and shape {shape:?}")]
    WrongKind {
        /// What should be there.
        expected: &'static str,
        /// The element type.
        element: &'static str,
        /// The shape.
        shape: Vec<usize>,
    },
}

/// What is wrong with a file that says what stands in pictures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelProblem {
    /// The bytes could not be read or unpacked.
    #[error("cannot be read or unpacked: {0}")]
    Unreadable(#[from] io::Error),
    /// More bytes than the reader takes.
    #[error("longer than the {limit} bytes this reader accepts")]
    TooLong {
        /// The bound in bytes.
        limit: u64,
    },
    /// The bytes are no text.
    #[error("expected UTF-8, found {found}")]
    NotUtf8 {
        /// What is there instead, and where.
        found: String,
    },
    /// The text is no XML or no JSON.
    #[error("not {format}: {reason}")]
    Syntax {
        /// What it should be.
        format: &'static str,
        /// What the parser says, with the line.
        reason: String,
    },
    /// Something that must be there is not.
    #[error("there is no {field}")]
    Missing {
        /// Its name.
        field: String,
    },
    /// Something that may be there once is there twice.
    #[error("{what} is there twice{}", .first.as_ref().map(|at| format!(", first in {at}")).unwrap_or_default())]
    Repeated {
        /// What it is.
        what: String,
        /// Where it was first, if it is not in the same record.
        first: Option<String>,
    },
    /// A value is not one that it may be.
    #[error("{field}: expected {expected}, found {found}")]
    Wrong {
        /// The name of the field.
        field: String,
        /// What may stand there.
        expected: String,
        /// What stands there (shortened).
        found: String,
    },
}

/// What is wrong with a picture.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureProblem {
    /// There are no bytes.
    #[error("there are no bytes")]
    Empty,
    /// The first bytes are those of no format that is read.
    #[error("neither PNG nor JPEG: it begins with the bytes {0:02x?}")]
    UnknownFormat(Vec<u8>),
    /// The bytes end before the picture does.
    #[error("truncated: {0}")]
    Truncated(String),
    /// A part of a PNG file is not what was written: its checksum differs.
    #[error("damaged: the chunk {chunk} at byte {offset} has the checksum {found:08x}, not {expected:08x}")]
    Checksum {
        /// The chunk's type.
        chunk: String,
        /// Where it begins.
        offset: usize,
        /// The checksum that the file states.
        expected: u32,
        /// That of the bytes.
        found: u32,
    },
    /// More bytes than the reader takes.
    #[error("longer than the {limit} bytes this reader accepts")]
    TooLong {
        /// The bound in bytes.
        limit: u64,
    },
    /// More pixels than the reader decodes.
    #[error("the header claims {width} × {height} pixels, more than the {limit} this reader accepts")]
    TooLarge {
        /// The claimed width.
        width: u32,
        /// The claimed height.
        height: u32,
        /// The bound in pixels.
        limit: u64,
    },
    /// A JPEG file whose pixels come in so many passes that decoding would take for ever.
    #[error("more than {limit} scans, the most this reader accepts")]
    TooManyScans {
        /// The bound.
        limit: usize,
    },
    /// A picture has another shape than those it should stand with.
    #[error(
        "the shape {found:?} is not {expected:?}, that of the batch's first; let the last transform give one size"
    )]
    Shape {
        /// The shape of the first.
        expected: [usize; 3],
        /// That of this one.
        found: [usize; 3],
    },
    /// The decoder could make nothing of it.
    #[error("cannot be decoded: {0}")]
    Decoding(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with a line of a table. Columns are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvProblem {
    /// A row has another number of columns than the first line.
    #[error("expected {expected} columns as in the first line, found {found}")]
    Ragged {
        /// Columns of the first line.
        expected: usize,
        /// Columns of this line.
        found: usize,
    },
    /// A cell is not a number, or is NaN, infinite or beyond the range of f32.
    #[error("column {column}: expected a finite number, found `{cell}`")]
    NotANumber {
        /// The column.
        column: usize,
        /// Its text (shortened).
        cell: String,
    },
    /// A label is not a class index.
    #[error("column {column}: expected a class index from 0 to {largest}, found `{cell}`")]
    Label {
        /// The column.
        column: usize,
        /// Its text (shortened).
        cell: String,
        /// The largest index that is accepted.
        largest: i64,
    },
    /// Text labels name more classes than the reader accepts.
    #[error("the label column names more than {largest} classes")]
    TooManyClasses {
        /// The bound.
        largest: usize,
    },
    /// The column that should hold the labels does not exist.
    #[error("there is no label column {asked}: the line has {found}")]
    NoLabelColumn {
        /// The column that was asked for.
        asked: String,
        /// What the line has.
        found: String,
    },
    /// The table has a label column and nothing else.
    #[error("there are no feature columns beside the label")]
    NoFeatures,
    /// The table has no rows.
    #[error("there are no rows")]
    NoRows,
    /// The bytes could not be read, unpacked or decoded as UTF-8.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] ::csv::Error),
}

/// A text of a file as messages show it.
pub(crate) fn shortened(text: &str) -> String {
    cut(text, 40)
}

/// At most so many characters of a text.
pub(crate) fn cut(text: &str, shown: usize) -> String {
    match text.char_indices().nth(shown) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
