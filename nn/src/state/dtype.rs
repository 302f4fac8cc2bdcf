//! The types of elements that files hold, and their conversion.

use std::fmt;

use autodiff::Float;
use half::{bf16, f16};

/// The type of a stored tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    /// What no parameter or buffer takes: a name, and the bytes of an element.
    Other(&'static str, u64),
}

impl Dtype {
    pub(super) const BOOL: Self = Self::Other("BOOL", 1);
    pub(super) const C64: Self = Self::Other("C64", 8);
    pub(super) const C128: Self = Self::Other("C128", 16);

    /// The type of `T`.
    pub(super) fn of<T: Float>() -> Self {
        if size_of::<T>() == 4 { Self::F32 } else { Self::F64 }
    }

    /// The bytes of an element.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 => 1,
            Self::Other(_, size) => size,
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16)
    }

    /// Whether an element is a number, and so can be a count.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Self::Other(..))
    }

    /// Appends the elements that the bytes hold, converted to the nearest `T`.
    ///
    /// # Panics
    /// If they are no numbers.
    pub(super) fn decode<T: Float>(self, big_endian: bool, bytes: &[u8], elements: &mut Vec<T>) {
        macro_rules! decode {
            ($type:ty, $to_f64:expr) => {{
                let (chunks, rest) = bytes.as_chunks::<{ size_of::<$type>() }>();
                debug_assert!(rest.is_empty());
                let to_f64: fn($type) -> f64 = $to_f64;
                match big_endian {
                    false => elements
                        .extend(chunks.iter().map(|&b| T::from_f64(to_f64(<$type>::from_le_bytes(b))))),
                    true => elements
                        .extend(chunks.iter().map(|&b| T::from_f64(to_f64(<$type>::from_be_bytes(b))))),
                }
            }};
        }
        match self {
            Self::F64 => decode!(f64, |x| x),
            Self::F32 => decode!(f32, f64::from),
            Self::F16 => decode!(f16, f64::from),
            Self::Bf16 => decode!(bf16, f64::from),
            Self::I64 => decode!(i64, |x| x as f64),
            Self::I32 => decode!(i32, f64::from),
            Self::I16 => decode!(i16, f64::from),
            Self::I8 => decode!(i8, f64::from),
            Self::U64 => decode!(u64, |x| x as f64),
            Self::U32 => decode!(u32, f64::from),
            Self::U16 => decode!(u16, f64::from),
            Self::U8 => decode!(u8, f64::from),
            Self::Other(name, _) => unreachable!("elements of type {name} are refused before they are read"),
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U64 => "U64",
            Self::U32 => "U32",
            Self::U16 => "U16",
            Self::U8 => "U8",
            Self::Other(name, _) => name,
        })
    }
}

impl From<safetensors::Dtype> for Dtype {
    fn from(dtype: safetensors::Dtype) -> Self {
        use safetensors::Dtype as S;
        match dtype {
            S::F64 => Self::F64,
            S::F32 => Self::F32,
            S::F16 => Self::F16,
            S::BF16 => Self::Bf16,
            S::I64 => Self::I64,
            S::I32 => Self::I32,
            S::I16 => Self::I16,
            S::I8 => Self::I8,
            S::U64 => Self::U64,
            S::U32 => Self::U32,
            S::U16 => Self::U16,
            S::U8 => Self::U8,
            S::BOOL => Self::BOOL,
            S::C64 => Self::C64,
            S::F8_E4M3 => Self::Other("F8_E4M3", 1),
            S::F8_E5M2 => Self::Other("F8_E5M2", 1),
            // What is left is rare or smaller than a byte; its sizes are checked by the safetensors crate.
            _ => Self::Other("an element type of few bits", 0),
        }
    }
}
