//! The text of a `.cfg` file: sections of options.

use super::CfgError;
use super::error::shown;

/// A section as it stands in the file.
pub(super) struct RawSection {
    /// Its line, from 1 on.
    pub(super) line: usize,
    /// Its name, without brackets.
    pub(super) name: String,
    pub(super) options: Vec<RawOption>,
}

/// A line `key=value`.
pub(super) struct RawOption {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// The sections of a text.
///
/// As in Darknet, blanks count nowhere, not even inside a line, and a line that begins with `#` or `;` is a comment.
/// What stands after a `#` in another line is one too.
pub(super) fn sections(text: &str) -> Result<Vec<RawSection>, CfgError> {
    let mut sections: Vec<RawSection> = Vec::new();
    for (line, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line + 1;
        let text = text.split('#').next().unwrap_or_default();
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if text.is_empty() || text.starts_with(';') {
            continue;
        }
        if let Some(name) = text.strip_prefix('[') {
            let Some(name) = name.strip_suffix(']').filter(|name| !name.is_empty()) else {
                let what = format!("found `{}`, expected a section's name in brackets", shown(&text));
                return Err(CfgError::at(line, what));
            };
            sections.push(RawSection { line, name: name.to_owned(), options: Vec::new() });
            continue;
        }
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let what = format!("found `{}`, expected `key=value`, a section or a comment", shown(&text));
            return Err(match sections.last() {
                Some(section) => CfgError::at(line, what).in_section(&section.name),
                None => CfgError::at(line, what),
            });
        };
        let Some(section) = sections.last_mut() else {
            let what = format!("the option `{}` stands before the first section, expected [net]", shown(key));
            return Err(CfgError::at(line, what));
        };
        section.options.push(RawOption { line, key: key.to_owned(), value: value.to_owned() });
    }
    Ok(sections)
}
