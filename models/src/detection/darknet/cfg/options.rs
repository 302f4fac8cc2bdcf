//! The options of a section, each read as what it must be.

use std::cell::Cell;

use super::error::shown;
use super::text::RawSection;
use super::{CfgError, Ignored};

/// The largest integer: Darknet keeps them in 32 bits.
const MOST: i64 = i32::MAX as i64;

/// The largest stride. Those of networks are below 10, and what a kernel plans may grow with it.
const MOST_STRIDE: i64 = 4096;

/// The most numbers of a list: far more than any network has, and few enough for a hostile file.
const MOST_NUMBERS: usize = 4096;

/// A section whose options are taken one by one, so that what remains is known.
pub(super) struct Options<'a> {
    section: &'a RawSection,
    taken: Vec<Cell<bool>>,
}

impl<'a> Options<'a> {
    pub(super) fn of(section: &'a RawSection) -> Self {
        Self { section, taken: section.options.iter().map(|_| Cell::new(false)).collect() }
    }

    /// An error about the section.
    pub(super) fn error(&self, what: impl Into<String>) -> CfgError {
        CfgError::at(self.section.line, what).in_section(&self.section.name)
    }

    /// An error about an option, at its line if it stands there.
    pub(super) fn wrong(&self, key: &str, expected: &str) -> CfgError {
        match self.section.options.iter().find(|option| option.key == key) {
            Some(option) => {
                let what = format!("`{key}` is `{}`, expected {expected}", shown(&option.value));
                CfgError::at(option.line, what).in_section(&self.section.name)
            }
            None => self.error(format!("`{key}` is missing, expected {expected}")),
        }
    }

    /// The first option of this name, as in Darknet.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        let at = self.section.options.iter().position(|option| option.key == key)?;
        self.taken[at].set(true);
        Some(&self.section.options[at].value)
    }

    /// An integer from `least` on.
    pub(super) fn integer(&self, key: &str, default: usize, least: usize) -> Result<usize, CfgError> {
        Ok(self.optional_integer(key, least)?.unwrap_or(default))
    }

    /// A stride: an integer from 1 on.
    pub(super) fn stride(&self, default: usize) -> Result<usize, CfgError> {
        Ok(self.integer_within("stride", 1, MOST_STRIDE)?.unwrap_or(default))
    }

    fn optional_integer(&self, key: &str, least: usize) -> Result<Option<usize>, CfgError> {
        self.integer_within(key, least, MOST)
    }

    fn integer_within(&self, key: &str, least: usize, most: i64) -> Result<Option<usize>, CfgError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        match text.parse::<i64>() {
            Ok(n) if (least as i64..=most).contains(&n) => Ok(Some(n as usize)),
            _ => Err(self.wrong(key, &format!("an integer in {least}..={most}"))),
        }
    }

    pub(super) fn required_integer(&self, key: &str, least: usize) -> Result<usize, CfgError> {
        match self.optional_integer(key, least)? {
            Some(n) => Ok(n),
            None => Err(self.wrong(key, &format!("an integer in {least}..={MOST}"))),
        }
    }

    /// 0 for no, any other integer for yes.
    pub(super) fn flag(&self, key: &str, default: bool) -> Result<bool, CfgError> {
        let Some(text) = self.text(key) else { return Ok(default) };
        let n = text.parse::<i32>().map_err(|_| self.wrong(key, "0 or 1"))?;
        Ok(n != 0)
    }

    /// A finite number.
    pub(super) fn number(&self, key: &str, default: f64) -> Result<f64, CfgError> {
        let Some(text) = self.text(key) else { return Ok(default) };
        number(text).ok_or_else(|| self.wrong(key, "a finite number"))
    }

    /// Finite numbers with commas between them. None where the option is missing.
    pub(super) fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>, CfgError> {
        self.list(key, number, "finite numbers with commas between them")
    }

    /// Integers with commas between them. None where the option is missing.
    pub(super) fn integers(&self, key: &str) -> Result<Option<Vec<i64>>, CfgError> {
        let integer = |text: &str| text.parse().ok().filter(|n: &i64| (-MOST..=MOST).contains(n));
        self.list(key, integer, "integers with commas between them")
    }

    fn list<N>(
        &self,
        key: &str,
        read: impl Fn(&str) -> Option<N>,
        expected: &str,
    ) -> Result<Option<Vec<N>>, CfgError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        // Public files end some lists with a comma.
        let text = text.strip_suffix(',').unwrap_or(text);
        if text.split(',').nth(MOST_NUMBERS).is_some() {
            return Err(self.wrong(key, &format!("at most {MOST_NUMBERS} numbers")));
        }
        let numbers: Option<Vec<N>> = text.split(',').map(read).collect();
        numbers.map(Some).ok_or_else(|| self.wrong(key, expected))
    }

    /// Refuses an option that would change what the layer computes, unless it is 0.
    pub(super) fn refuse(&self, key: &str) -> Result<(), CfgError> {
        match self.text(key) {
            None => Ok(()),
            Some(text) if number(text) == Some(0.0) => Ok(()),
            Some(_) => Err(self.wrong(key, "0: it is not supported")),
        }
    }

    /// Takes options that say how Darknet trains the layer.
    pub(super) fn pass_over(&self, keys: &[&str]) {
        for (option, taken) in self.section.options.iter().zip(&self.taken) {
            if keys.contains(&option.key.as_str()) {
                taken.set(true);
            }
        }
    }

    /// What was not taken.
    pub(super) fn ignored(&self) -> impl Iterator<Item = Ignored> {
        let rest = self.section.options.iter().zip(&self.taken).filter(|(_, taken)| !taken.get());
        rest.map(|(option, _)| Ignored {
            line: option.line,
            section: self.section.name.clone(),
            key: option.key.clone(),
            value: option.value.clone(),
        })
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}
