//! Telling the formats of files apart.

use std::collections::BTreeMap;

use rawzip::ReaderAt;

use super::source::{Problem, Source};
use super::stored::Stored;
use super::{numpy, pytorch, safetensors, zip};

/// The tensors of a file by name.
type Entries = Result<BTreeMap<String, Stored>, Problem>;

/// Finds out by its first bytes what a file is, and reads where its tensors lie.
pub(super) fn read(source: &Source<'_>) -> (&'static str, Entries) {
    let mut first = [0; pytorch::LEGACY.len()];
    let length = first.len().min(source.length() as usize);
    if let Err(error) = source.read_exact_at(&mut first[..length], 0) {
        return ("safetensors", Err(error.into()));
    }
    // A header's length, which may look like the beginning of any other format, and the header's first character.
    if matches!(first, [_, _, _, _, 0, 0, 0, 0, b'{', ..]) {
        return ("safetensors", safetensors::entries(source));
    }
    if first.starts_with(&zip::MAGIC) {
        let parts = zip::parts(source).and_then(|parts| Ok((pytorch::folder(&parts)?, parts)));
        return match parts {
            Err(problem) => ("PyTorch or NumPy", Err(problem)),
            Ok((Some(folder), parts)) => ("PyTorch", pytorch::entries(source, &parts, &folder)),
            Ok((None, parts)) => ("NumPy", numpy::archive(source, parts)),
        };
    }
    if first.starts_with(&numpy::MAGIC) {
        return ("NumPy", numpy::single(source));
    }
    if first == pytorch::LEGACY {
        let text = "it has the format that torch.save wrote before PyTorch 1.6: torch.save(torch.load(path), path) \
                    gives the present one";
        return ("PyTorch", Err(Problem::new(text)));
    }
    if matches!(first, [0x80, 2..=5, ..]) {
        let text = "it is a bare pickle, which torch.save does not write";
        return ("PyTorch", Err(Problem::new(text)));
    }
    ("safetensors", safetensors::entries(source))
}
