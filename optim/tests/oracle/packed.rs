//! Reading what the generators wrote, and comparing with it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::BufReader;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a `.json.gz` that was compiled in holds.
pub(crate) fn read<F: DeserializeOwned>(packed: &[u8]) -> F {
    serde_json::from_reader(BufReader::new(GzDecoder::new(packed))).expect("the packed file is well formed")
}

/// Whether two numbers agree as two programs that compute the same in `f64` should.
pub(crate) fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs() + 1e-15
}

/// Options by the names that the other library gives them. They remember which of them were read: an option
/// that nobody reads is a mistake.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Options {
    values: Map<String, Value>,
    #[serde(skip)]
    read: RefCell<BTreeSet<String>>,
}

impl Options {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.read.borrow_mut().insert(name.to_owned());
        self.values.get(name)
    }

    /// The option's value, if it is given and no null.
    pub(crate) fn optional<V: DeserializeOwned>(&self, name: &str) -> Option<V> {
        let value = self.get(name).filter(|value| !value.is_null())?;
        Some(serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("option {name}: {e}")))
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        self.optional(name).unwrap_or_else(|| panic!("there is no option {name}"))
    }

    /// Panics if there are options that were not asked for.
    pub(crate) fn assert_all_read(&self, place: &str) {
        let read = self.read.borrow();
        let unread: Vec<_> = self.values.keys().filter(|name| !read.contains(*name)).collect();
        assert!(unread.is_empty(), "{place}: nobody read the options {unread:?}");
    }
}
