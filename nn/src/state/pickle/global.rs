//! The functions and classes that a pickle of tensors may name.

use std::fmt;

use super::super::dtype::Dtype;
use super::super::report::{clipped, quoted};

/// What a name stands for. Nothing is looked up by it but this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Global {
    /// `torch._utils._rebuild_tensor`, and its versions 2 and 3.
    RebuildTensor(u8),
    /// `torch._utils._rebuild_parameter`, and that for a parameter with attributes.
    RebuildParameter {
        with_state: bool,
    },
    /// `torch._tensor._rebuild_from_type_v2`: a tensor with attributes.
    RebuildFromType,
    /// `torch.Tensor` and `torch.nn.parameter.Parameter`, as arguments of the one above.
    TensorType,
    /// `torch.FloatStorage` and so on; that of bytes has no type.
    Storage(Option<Type>),
    /// `torch.float32` and so on.
    Type(Type),
    OrderedDict,
    Size,
    /// A constructor of something that is no tensor and cannot hold one: passed over.
    Opaque,
}

/// One of PyTorch's types of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Type(u8);

impl Type {
    pub(in super::super) fn dtype(self) -> Dtype {
        TYPES[usize::from(self.0)].2
    }
}

/// PyTorch's types: what the storage is called, what the type is called.
const TYPES: [(&str, &str, Dtype); 20] = [
    ("DoubleStorage", "float64", Dtype::F64),
    ("FloatStorage", "float32", Dtype::F32),
    ("HalfStorage", "float16", Dtype::F16),
    ("BFloat16Storage", "bfloat16", Dtype::Bf16),
    ("LongStorage", "int64", Dtype::I64),
    ("IntStorage", "int32", Dtype::I32),
    ("ShortStorage", "int16", Dtype::I16),
    ("CharStorage", "int8", Dtype::I8),
    ("ByteStorage", "uint8", Dtype::U8),
    ("BoolStorage", "bool", Dtype::BOOL),
    ("ComplexFloatStorage", "complex64", Dtype::C64),
    ("ComplexDoubleStorage", "complex128", Dtype::C128),
    // The newer ones lie in storages of bytes.
    ("", "uint64", Dtype::U64),
    ("", "uint32", Dtype::U32),
    ("", "uint16", Dtype::U16),
    ("", "complex32", Dtype::Other("C32", 4)),
    ("", "float8_e4m3fn", Dtype::Other("F8_E4M3", 1)),
    ("", "float8_e5m2", Dtype::Other("F8_E5M2", 1)),
    ("", "float8_e4m3fnuz", Dtype::Other("F8_E4M3FNUZ", 1)),
    ("", "float8_e5m2fnuz", Dtype::Other("F8_E5M2FNUZ", 1)),
];

impl Global {
    pub(super) fn named(module: &str, name: &str) -> Result<Self, String> {
        let at = |index: usize| Type(index as u8);
        let storage = || TYPES.iter().position(|t| !name.is_empty() && t.0 == name).map(at);
        let element = || TYPES.iter().position(|t| t.1 == name).map(at);
        let global = match (module, name) {
            ("torch._utils", "_rebuild_tensor") => Some(Self::RebuildTensor(1)),
            ("torch._utils", "_rebuild_tensor_v2") => Some(Self::RebuildTensor(2)),
            ("torch._utils", "_rebuild_tensor_v3") => Some(Self::RebuildTensor(3)),
            ("torch._utils", "_rebuild_parameter") => Some(Self::RebuildParameter { with_state: false }),
            ("torch._utils", "_rebuild_parameter_with_state") => {
                Some(Self::RebuildParameter { with_state: true })
            }
            ("torch._tensor", "_rebuild_from_type_v2") => Some(Self::RebuildFromType),
            ("torch", "Tensor") | ("torch.nn.parameter", "Parameter") => Some(Self::TensorType),
            ("torch.storage", "UntypedStorage") => Some(Self::Storage(None)),
            ("torch", "Size") => Some(Self::Size),
            ("torch", "device") => Some(Self::Opaque),
            ("torch", _) => storage().map(|t| Self::Storage(Some(t))).or_else(|| element().map(Self::Type)),
            ("collections", "OrderedDict") => Some(Self::OrderedDict),
            ("collections", "Counter")
            | ("_codecs", "encode")
            | ("builtins" | "__builtin__", "set" | "complex" | "bytearray") => Some(Self::Opaque),
            _ => None,
        };
        global.ok_or_else(|| {
            format!(
                "it names {}, which is not among the names that tensors need; nothing of it was run. Save a \
                 state dict: torch.save(model.state_dict(), path)",
                quoted(&clipped(&format!("{module}.{name}")))
            )
        })
    }
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RebuildTensor(1) => f.write_str("_rebuild_tensor"),
            Self::RebuildTensor(version) => write!(f, "_rebuild_tensor_v{version}"),
            Self::RebuildParameter { with_state: false } => f.write_str("_rebuild_parameter"),
            Self::RebuildParameter { with_state: true } => f.write_str("_rebuild_parameter_with_state"),
            Self::RebuildFromType => f.write_str("_rebuild_from_type_v2"),
            Self::TensorType => f.write_str("Tensor"),
            Self::Storage(Some(element)) => write!(f, "a storage of {}", element.dtype()),
            Self::Storage(None) => f.write_str("UntypedStorage"),
            Self::Type(element) => write!(f, "the type {}", element.dtype()),
            Self::OrderedDict => f.write_str("OrderedDict"),
            Self::Size => f.write_str("Size"),
            Self::Opaque => f.write_str("a class without tensors"),
        }
    }
}
