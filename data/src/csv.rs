//! Tables of comma-separated values: numbers in every column, and a class in one of them.
//!
//! ```
//! use wengert::data::csv::{self, LabelColumn, Options};
//!
//! let table = "species,length,width\nsetosa,5.1,3.5\nvirginica,6.3,3.3\n";
//! let options = Options::new().label(LabelColumn::First).named_classes(true);
//! let dataset = csv::parse(table.as_bytes(), &options)?;
//! assert_eq!(dataset.inputs().shape(), [2, 2]);
//! assert_eq!(dataset.class_names(), ["setosa", "virginica"]);
//!
//! let error = csv::parse(b"a,b,label\n1.5,?,0\n", &Options::new()).unwrap_err();
//! assert_eq!(error.to_string(), "bytes, line 2: column 2: expected a finite number, found `?`");
//! # Ok::<(), wengert::data::Error>(())
//! ```

use crate::{CsvProblem, Dataset, Error, error::shortened, source::Source};
use csv::{Position, ReaderBuilder, StringRecord, Trim};
use ndarray::{ArrayD, IxDyn};
use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    io::{self, Read},
    path::Path,
};

/// The most classes that a label column may have: one mistyped index must not make a million names.
pub const MAX_CLASSES: usize = 1 << 16;

/// Which column holds the labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LabelColumn {
    /// The first one.
    First,
    /// The last one.
    #[default]
    Last,
    /// The one of this number, counted from 0.
    Index(usize),
    /// The one that the header calls so.
    Name(String),
}

/// How a table is written. By default: commas, a header, and the labels in the last column, as indices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    header: bool,
    label: LabelColumn,
    named_classes: bool,
    delimiter: u8,
}

impl Default for Options {
    fn default() -> Self {
        Options { header: true, label: LabelColumn::Last, named_classes: false, delimiter: b',' }
    }
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the first line names the columns.
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// Which column holds the labels.
    pub fn label(mut self, column: LabelColumn) -> Self {
        self.label = column;
        self
    }

    /// Whether the labels are names instead of indices. Classes are then numbered in the alphabetical order
    /// of their names.
    pub fn named_classes(mut self, named: bool) -> Self {
        self.named_classes = named;
        self
    }

    /// The byte between columns.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }
}

/// Reads a table from a file, gzipped or not.
///
/// The inputs are `[rows, columns − 1]`, the columns in their order without that of the labels. White space
/// around cells and empty lines are skipped.
///
/// # Errors
/// When the file cannot be read, has no rows or no features, the label column does not exist, a row has
/// another number of columns than the first line, a feature is not a finite number in the range of `f32`, or
/// a label is not a class index below [`MAX_CLASSES`]. The error names line and column.
pub fn read(path: impl AsRef<Path>, options: &Options) -> Result<Dataset, Error> {
    table(Source::open(path.as_ref())?, options)
}

/// Reads a table from memory, gzipped or not; else as [`read`].
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], options: &Options) -> Result<Dataset, Error> {
    table(Source::of(bytes), options)
}

fn table(source: Source<'_>, options: &Options) -> Result<Dataset, Error> {
    let Source { origin, reader, .. } = source;
    let failed = |line: u64, problem: CsvProblem| Error::Csv { origin: origin.clone(), line, problem };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(options.delimiter)
        .trim(Trim::All)
        .from_reader(Lines::new(reader));

    let mut record = StringRecord::new();
    let mut layout: Option<Layout> = None;
    let mut header = options.header;
    let mut elements = Vec::new();
    let mut labels = Labels::new(options.named_classes);
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = reader.get_mut().line(error.position());
                return Err(failed(line, error.into()));
            }
        }
        let line = reader.get_mut().line(record.position());
        let at_line = |problem| failed(line, problem);
        let layout = match &layout {
            Some(layout) => layout,
            None => layout.insert(Layout::of(&record, options).map_err(at_line)?),
        };
        if record.len() != layout.columns {
            return Err(at_line(CsvProblem::Ragged { expected: layout.columns, found: record.len() }));
        }
        if std::mem::take(&mut header) {
            continue;
        }
        for (column, cell) in record.iter().enumerate() {
            if column == layout.label {
                labels.push(column, cell).map_err(at_line)?;
            } else {
                elements.push(number(column, cell).map_err(at_line)?);
            }
        }
    }
    let rows = labels.labels.len();
    let Some(layout) = layout.filter(|_| rows > 0) else {
        return Err(failed(reader.get_mut().line(None), CsvProblem::NoRows));
    };
    let inputs = ArrayD::from_shape_vec(IxDyn(&[rows, layout.columns - 1]), elements)
        .expect("every row has as many features");
    let (labels, class_names) = labels.finish();
    Dataset::new(inputs, labels, class_names)
}

/// How many columns each line has, and which of them is the label.
struct Layout {
    columns: usize,
    label: usize,
}

impl Layout {
    fn of(first: &StringRecord, options: &Options) -> Result<Self, CsvProblem> {
        let columns = first.len();
        let label = match &options.label {
            LabelColumn::First => Some(0),
            LabelColumn::Last => columns.checked_sub(1),
            LabelColumn::Index(index) => Some(*index).filter(|&index| index < columns),
            LabelColumn::Name(name) if options.header => first.iter().position(|cell| cell == name),
            LabelColumn::Name(_) => None,
        };
        let label = label.ok_or_else(|| match &options.label {
            LabelColumn::Name(name) if options.header => CsvProblem::NoLabelColumn {
                asked: format!("`{}`", shortened(name)),
                found: format!("the columns {}", shortened(&first.iter().collect::<Vec<_>>().join(", "))),
            },
            LabelColumn::Name(name) => CsvProblem::NoLabelColumn {
                asked: format!("`{}`", shortened(name)),
                found: "no names, because the table is read without a header".to_owned(),
            },
            other => {
                CsvProblem::NoLabelColumn { asked: format!("{other:?}"), found: format!("{columns} columns") }
            }
        })?;
        if columns < 2 {
            return Err(CsvProblem::NoFeatures);
        }
        Ok(Layout { columns, label })
    }
}

/// The labels read so far.
struct Labels {
    labels: Vec<i64>,
    /// For labels that are names: the number of each name in the order of appearance.
    names: Option<BTreeMap<String, i64>>,
}

impl Labels {
    fn new(named: bool) -> Self {
        Labels { labels: Vec::new(), names: named.then(BTreeMap::new) }
    }

    fn push(&mut self, column: usize, cell: &str) -> Result<(), CsvProblem> {
        let largest = MAX_CLASSES as i64 - 1;
        let label =
            match &mut self.names {
                None => cell.parse().ok().filter(|label| (0..=largest).contains(label)).ok_or_else(|| {
                    CsvProblem::Label { column: column + 1, cell: shortened(cell), largest }
                })?,
                Some(names) => {
                    let next = names.len() as i64;
                    match names.entry(cell.to_owned()) {
                        Entry::Occupied(entry) => *entry.get(),
                        Entry::Vacant(_) if next > largest => {
                            return Err(CsvProblem::TooManyClasses { largest: MAX_CLASSES });
                        }
                        Entry::Vacant(entry) => *entry.insert(next),
                    }
                }
            };
        self.labels.push(label);
        Ok(())
    }

    /// The labels and the names of the classes, in alphabetical order where they are names.
    fn finish(self) -> (Vec<i64>, Vec<String>) {
        let Labels { mut labels, names } = self;
        match names {
            None => {
                let classes = labels.iter().max().map_or(0, |largest| largest + 1);
                (labels, (0..classes).map(|class| class.to_string()).collect())
            }
            Some(names) => {
                let mut alphabetical = vec![0; names.len()];
                for (place, &number) in names.values().enumerate() {
                    alphabetical[number as usize] = place as i64;
                }
                for label in &mut labels {
                    *label = alphabetical[*label as usize];
                }
                (labels, names.into_keys().collect())
            }
        }
    }
}

/// The number in a cell. Rust also parses "nan", "inf" and numbers beyond f32 as infinite: all are refused.
fn number(column: usize, cell: &str) -> Result<f32, CsvProblem> {
    cell.parse()
        .ok()
        .filter(|value: &f32| value.is_finite())
        .ok_or_else(|| CsvProblem::NotANumber { column: column + 1, cell: shortened(cell) })
}

/// Where the lines begin in the bytes read so far. (The positions of the `csv` crate do not count what lies
/// between two records: empty lines, and the second half of `\r\n`.)
struct Lines<R> {
    inner: R,
    /// Offset and number of the first byte of each line that is not empty; those of earlier records are
    /// dropped.
    starts: VecDeque<(u64, u64)>,
    offset: u64,
    line: u64,
    at_start: bool,
    after_return: bool,
}

impl<R> Lines<R> {
    fn new(inner: R) -> Self {
        let starts = VecDeque::new();
        Lines { inner, starts, offset: 0, line: 1, at_start: true, after_return: false }
    }

    /// The line of the record that was read from `position` on, where empty lines may come before it.
    fn line(&mut self, position: Option<&Position>) -> u64 {
        let offset = position.map_or(u64::MAX, Position::byte);
        while self.starts.front().is_some_and(|start| start.0 < offset) {
            self.starts.pop_front();
        }
        self.starts.front().map_or(self.line, |start| start.1)
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for &byte in &buffer[..read] {
            match byte {
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => {
                    self.line += 1;
                    self.at_start = true;
                }
                _ if self.at_start => {
                    self.starts.push_back((self.offset, self.line));
                    self.at_start = false;
                }
                _ => {}
            }
            self.after_return = byte == b'\r';
            self.offset += 1;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::gzip;
    use ndarray::array;

    fn problem(text: &str, options: &Options) -> (u64, String) {
        match parse(text.as_bytes(), options).unwrap_err() {
            Error::Csv { line, problem, .. } => (line, problem.to_string()),
            other => panic!("not a CSV error: {other}"),
        }
    }

    #[test]
    fn the_label_column_can_stand_anywhere() {
        let text = "a,b,c\n 1, 0 ,2\n-3e1,1,.5\n";
        let expect = |label, inputs: [[f32; 2]; 2], labels: [i64; 2]| {
            let data = parse(text.as_bytes(), &Options::new().label(label)).unwrap();
            assert_eq!(data.inputs(), &ndarray::arr2(&inputs).into_dyn());
            assert_eq!(data.labels(), labels);
        };
        expect(LabelColumn::Index(1), [[1.0, 2.0], [-30.0, 0.5]], [0, 1]);
        expect(LabelColumn::Name("b".into()), [[1.0, 2.0], [-30.0, 0.5]], [0, 1]);
        let first = parse(b"1,7\n0,8\n", &Options::new().header(false).label(LabelColumn::First)).unwrap();
        assert_eq!((first.labels(), first.inputs()), (&[1, 0][..], &array![[7.0], [8.0]].into_dyn()));
        let last = parse(b"7;3\n8;0", &Options::new().header(false).delimiter(b';')).unwrap();
        assert_eq!((last.labels(), last.classes()), (&[3, 0][..], 4));
    }

    #[test]
    fn named_classes_are_numbered_alphabetically() {
        let text = "x,y\n1,pear\n2,apple\n3,\"plum, red\"\n4,apple\n";
        let data = parse(text.as_bytes(), &Options::new().named_classes(true)).unwrap();
        assert_eq!(data.class_names(), ["apple", "pear", "plum, red"]);
        assert_eq!(data.labels(), [1, 0, 2, 0]);
    }

    #[test]
    fn gzip_line_ends_empty_lines_and_a_byte_order_mark_make_no_difference() {
        let plain = parse(b"x,y\n1,0\n2,1\n", &Options::new()).unwrap();
        assert_eq!(parse(b"\xef\xbb\xbfx,y\r\n\r\n1,0\r\n2,1", &Options::new()).unwrap(), plain);
        assert_eq!(parse(&gzip(b"x,y\n1,0\n2,1\n"), &Options::new()).unwrap(), plain);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("table");
        std::fs::write(&path, gzip(b"x,y\n1,0\n2,1\n")).unwrap();
        assert_eq!(read(&path, &Options::new()).unwrap(), plain);
    }

    #[test]
    fn errors_name_line_and_column() {
        let options = &Options::new();
        assert_eq!(
            problem("x,y\n1,0\n1,2,0\n", options),
            (3, "expected 2 columns as in the first line, found 3".into())
        );
        for cell in ["", "abc", "NaN", "inf", "-Infinity", "1e39", "1,"] {
            let text = format!("x,y,z\n1,1,0\n2,\"{cell}\",0\n");
            let expected = format!("column 2: expected a finite number, found `{cell}`");
            assert_eq!(problem(&text, options), (3, expected));
        }
        for cell in ["-1", "65536", "1.0", "", "99999999999999999999"] {
            let (line, text) = problem(&format!("x,y\n1,{cell}\n"), options);
            assert_eq!(line, 2);
            assert!(text.starts_with("column 2: expected a class index from 0 to 65535"), "{text}");
        }
        let long = format!("x,y\n{},0\n", "é".repeat(1000));
        assert!(problem(&long, options).1.len() < 160);
    }

    #[test]
    fn lines_are_counted_through_empty_lines_and_either_line_end() {
        for end in ["\n", "\r\n", "\r"] {
            for empty in [0, 1, 2] {
                let text = ["x,y", "1,0"].join(end) + &end.repeat(empty + 1) + "?,0" + end;
                assert_eq!(problem(&text, &Options::new()).0, 3 + empty as u64, "{text:?}");
            }
        }
        // A quoted cell may span lines; the record begins on the first of them.
        assert_eq!(problem("x,y\n\"1\n2\",0\n", &Options::new()).0, 2);
    }

    #[test]
    fn tables_without_rows_features_or_labels_are_refused() {
        let options = &Options::new();
        assert_eq!(problem("", options).1, "there are no rows");
        assert_eq!(problem("x,y\n", options).1, "there are no rows");
        assert_eq!(problem("y\n1\n", options).1, "there are no feature columns beside the label");
        let named = options.clone().label(LabelColumn::Name("z".into()));
        let missing = problem("x,y\n1,0\n", &named).1;
        assert_eq!(missing, "there is no label column `z`: the line has the columns x, y");
        assert!(problem("1,0\n", &named.header(false)).1.ends_with("read without a header"));
        let index = options.clone().label(LabelColumn::Index(2));
        assert_eq!(
            problem("x,y\n1,0\n", &index).1,
            "there is no label column Index(2): the line has 2 columns"
        );
    }

    #[test]
    fn unreadable_bytes_are_errors() {
        assert!(matches!(
            parse(b"x,y\n\xff\xfe,0\n", &Options::new()),
            Err(Error::Csv { line: 2, problem: CsvProblem::Unreadable(_), .. })
        ));
        let mut packed = gzip(("x,y\n".to_owned() + &"1,0\n".repeat(50)).as_bytes());
        packed.truncate(packed.len() - 9);
        assert!(matches!(
            parse(&packed, &Options::new()),
            Err(Error::Csv { problem: CsvProblem::Unreadable(_), .. })
        ));
        let missing = read("no/such/table.csv", &Options::new()).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read no/such/table.csv: "));
        assert!(matches!(read(".", &Options::new()), Err(Error::Io { .. })));
    }
}
