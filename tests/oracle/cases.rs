//! The cases as `generate` wrote them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::BufReader;

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::{Map, Value};
use wengert::autodiff::Axes;
use wengert::prelude::*;

#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) torch: String,
    /// How many cases there are: none gets lost unnoticed.
    pub(crate) count: usize,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) op: String,
    pub(crate) options: Options,
    pub(crate) inputs: Vec<Array>,
    pub(crate) outputs: Vec<Array>,
    pub(crate) integers: Vec<Array>,
    pub(crate) first: Vec<Gradient>,
    pub(crate) second: Vec<Gradient>,
}

/// All cases, from the file that was compiled in.
pub(crate) fn read() -> File {
    let packed = GzDecoder::new(&include_bytes!("operations.json.gz")[..]);
    serde_json::from_reader(BufReader::new(packed)).expect("operations.json.gz is well formed")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<Number>,
}

/// A number, or the name of one that JSON has not.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Number(pub(crate) f64);

impl TryFrom<Value> for Number {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match (value.as_f64(), value.as_str()) {
            (Some(x), _) => Ok(Self(x)),
            (_, Some("NaN")) => Ok(Self(f64::NAN)),
            (_, Some("inf")) => Ok(Self(f64::INFINITY)),
            (_, Some("-inf")) => Ok(Self(f64::NEG_INFINITY)),
            _ => Err(format!("{value} is no number")),
        }
    }
}

/// A gradient: an array, `0` where all of it is 0, `null` where there is none, or the word `singular` where it
/// stands at a pole and is not compared.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Gradient {
    Array(Array),
    Zero(u8),
    Absent(()),
    Singular(Singular),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Singular {
    Singular,
}

/// What to expect of a gradient.
#[derive(Debug)]
pub(crate) enum Expected {
    Numbers(Vec<f64>),
    Absent,
    /// Anything.
    Singular,
}

impl Array {
    pub(crate) fn numbers(&self) -> Vec<f64> {
        self.values.iter().map(|x| x.0).collect()
    }
}

impl Gradient {
    /// The gradient of an input of this shape.
    pub(crate) fn of(&self, shape: &[usize]) -> Expected {
        match self {
            Self::Array(array) => {
                assert_eq!(array.shape, shape, "a gradient has the shape of its input");
                Expected::Numbers(array.numbers())
            }
            Self::Zero(zero) => {
                assert_eq!(*zero, 0);
                Expected::Numbers(vec![0.0; shape.iter().product()])
            }
            Self::Absent(()) => Expected::Absent,
            Self::Singular(Singular::Singular) => Expected::Singular,
        }
    }
}

/// The options of a case, which remember which of them were read: an option that nobody reads is a mistake.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Options {
    values: Map<String, Value>,
    #[serde(skip)]
    read: RefCell<BTreeSet<String>>,
}

impl Options {
    fn get(&self, name: &str) -> &Value {
        self.read.borrow_mut().insert(name.to_owned());
        self.values.get(name).unwrap_or_else(|| panic!("there is no option {name}"))
    }

    /// The options that were not asked for.
    pub(crate) fn unread(&self) -> Vec<&String> {
        self.values.keys().filter(|name| !self.read.borrow().contains(*name)).collect()
    }

    pub(crate) fn number(&self, name: &str) -> f64 {
        self.get(name).as_f64().unwrap_or_else(|| panic!("option {name} is no number"))
    }

    /// A number, or `None` for null.
    pub(crate) fn number_or_none(&self, name: &str) -> Option<f64> {
        (!self.get(name).is_null()).then(|| self.number(name))
    }

    pub(crate) fn integer(&self, name: &str) -> isize {
        let value = self.get(name).as_i64().unwrap_or_else(|| panic!("option {name} is no integer"));
        isize::try_from(value).expect("small")
    }

    pub(crate) fn integer_or_none(&self, name: &str) -> Option<isize> {
        (!self.get(name).is_null()).then(|| self.integer(name))
    }

    pub(crate) fn size(&self, name: &str) -> usize {
        usize::try_from(self.integer(name)).expect("not negative")
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or_else(|| panic!("option {name} is neither true nor false"))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_else(|| panic!("option {name} is no text"))
    }

    /// The option as any type that reads itself.
    pub(crate) fn read<D: serde::de::DeserializeOwned>(&self, name: &str) -> D {
        let value = self.get(name).clone();
        serde_json::from_value(value).unwrap_or_else(|e| panic!("option {name}: {e}"))
    }

    /// The axes of a reduction: `axes` (null for all) and `keepdim`.
    pub(crate) fn axes(&self) -> Axes {
        let axes = match self.read::<Option<Vec<isize>>>("axes") {
            None => (..).into(),
            Some(axes) => Axes::from(&axes[..]),
        };
        if self.flag("keepdim") { keepdim(axes) } else { axes }
    }

    pub(crate) fn indices(&self, name: &str) -> Indices {
        let array: Array = self.read(name);
        Indices::from_vec(&array.shape, array.values.iter().map(|x| x.0 as i64).collect())
    }

    pub(crate) fn reduction(&self) -> Reduction {
        match self.text("reduction") {
            "mean" => Reduction::Mean,
            "sum" => Reduction::Sum,
            "none" => Reduction::None,
            other => panic!("{other} is no reduction"),
        }
    }
}
