//! The archive that PyTorch's and NumPy's files are: which files it holds, and where.
//!
//! The directory at the archive's end is the only source: a file that another one overlaps, that lies twice in
//! the directory, whose name the header before its bytes gives otherwise, or that could not unpack to the size
//! it claims, is refused. So is what follows the archive's end.

use std::collections::BTreeMap;

use rawzip::{CompressionMethod, ErrorKind, ZipLocator};

use super::report::quoted;
use super::source::{Problem, Source};
use super::stored::Part;

/// An entry of the directory is at most a header, a name, an extra field and a comment.
const RECORD: usize = rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE;

/// Deflate packs at most 258 bytes into two bits.
const DEFLATE_RATIO: u64 = 1032;

pub(super) const MAGIC: [u8; 4] = *b"PK\x03\x04";

/// The files of an archive by name.
pub(super) fn parts(source: &Source<'_>) -> Result<BTreeMap<String, Part>, Problem> {
    let mut buffer = vec![0; RECORD];
    let locator = ZipLocator::new();
    let archive =
        locator.locate_in_reader(source, &mut buffer, source.length()).map_err(|(_, e)| problem(e))?;
    if archive.end_offset() != source.length() {
        let (end, length) = (archive.end_offset(), source.length());
        return Err(Problem::new(format!("its archive ends at byte {end}, the file at byte {length}")));
    }
    let mut found = BTreeMap::new();
    // Each from its header to its last byte, to see whether they overlap.
    let mut extents = Vec::new();
    let mut header = vec![0; 2 * usize::from(u16::MAX)];
    let mut entries = archive.entries(&mut buffer);
    let mut count = 0;
    while let Some(entry) = entries.next_entry().map_err(problem)? {
        count += 1;
        let path = entry.file_path();
        let name = std::str::from_utf8(path.as_bytes())
            .map_err(|_| Problem::new("the name of a file in its archive is not UTF-8"))?
            .to_owned();
        let wrong = |text: String| Problem::new(format!("{} in its archive {text}", quoted(&name)));
        if entry.flags().is_encrypted() {
            return Err(wrong("is encrypted".into()));
        }
        let (packed, size) = (entry.compressed_size_hint(), entry.uncompressed_size_hint());
        let deflated = match entry.compression_method() {
            CompressionMethod::STORE => false,
            CompressionMethod::DEFLATE => true,
            other => {
                return Err(wrong(format!("is compressed by method {other}; read are 0 and 8 (DEFLATE)")));
            }
        };
        let possible = if deflated { packed.saturating_mul(DEFLATE_RATIO) } else { packed };
        if size > possible || !deflated && size != packed {
            return Err(wrong(format!("claims {size} bytes, which its {packed} in the file cannot be")));
        }
        let (from, crc) = (entry.local_header_offset(), entry.crc32());
        let local = archive.get_entry(entry.wayfinder()).map_err(problem)?;
        if local.local_header(&mut header).map_err(problem)?.file_path().as_bytes() != name.as_bytes() {
            return Err(wrong("has another name before its bytes".into()));
        }
        let (start, end) = local.compressed_data_range();
        if end > archive.directory_offset() {
            return Err(wrong(format!(
                "ends at byte {end}, behind the directory at byte {}",
                archive.directory_offset()
            )));
        }
        extents.push((from, end, name.clone()));
        let part = Part { bytes: start..end, size, deflated, crc: Some(crc) };
        if let Some((name, _)) = found.insert(name.clone(), part).map(|part| (name, part)) {
            return Err(Problem::new(format!("its archive holds {} twice", quoted(&name))));
        }
    }
    if count != archive.entries_hint() {
        let claimed = archive.entries_hint();
        return Err(Problem::new(format!("its archive claims {claimed} files and has {count}")));
    }
    extents.sort_unstable();
    if let Some(pair) = extents.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        let (a, b) = (quoted(&pair[0].2), quoted(&pair[1].2));
        return Err(Problem::new(format!("{a} and {b} overlap in its archive")));
    }
    Ok(found)
}

fn problem(error: rawzip::Error) -> Problem {
    match error.into_kind() {
        ErrorKind::IO(error) => error.into(),
        ErrorKind::Eof => Problem::new("its zip archive ends before its content does"),
        ErrorKind::MissingEndOfCentralDirectory => {
            Problem::new("its zip archive has no directory at its end: the file is cut off or damaged")
        }
        other => Problem::new(format!("its zip archive is damaged: {other}")),
    }
}
