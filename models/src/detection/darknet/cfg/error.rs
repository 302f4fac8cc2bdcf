//! What is wrong with a `.cfg` file.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What is wrong with a `.cfg` file, and where: the file if it was read from one, the line and the section.
#[derive(Debug)]
pub struct CfgError {
    file: Option<PathBuf>,
    line: Option<usize>,
    section: Option<String>,
    what: String,
    source: Option<io::Error>,
}

impl CfgError {
    /// Of the file as a whole.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { file: None, line: None, section: None, what: what.into(), source: None }
    }

    pub(super) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self { source: Some(source), ..Self::new(what) }
    }

    /// Of a line.
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::new(what) }
    }

    pub(super) fn in_section(mut self, section: &str) -> Self {
        self.section.get_or_insert_with(|| shown(section));
        self
    }

    pub(super) fn in_file(mut self, file: &Path) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// The line, from 1 on, if it is about one.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// The name of the section, if it is about one.
    pub fn section(&self) -> Option<&str> {
        self.section.as_deref()
    }
}

impl fmt::Display for CfgError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}", file.display())?,
            None => f.write_str("cfg")?,
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        if let Some(section) = &self.section {
            write!(f, "[{section}]: ")?;
        }
        f.write_str(&self.what)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for CfgError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

/// A text out of a file as a line of an error shows it: not too long, and nothing in it that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut out: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        out.push_str(" …");
    }
    out
}
