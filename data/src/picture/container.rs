//! Whether the bytes of a picture are all there.
//!
//! Decoders stop at the last pixel, or fill with grey what is missing; a file that was cut short should be an
//! error even where they do not see it. The walk touches each byte at most once and allocates nothing.

use crate::PictureProblem;
use image::ImageFormat;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG_SIGNATURE: &[u8] = b"\xff\xd8\xff";

/// Each scan goes over the whole picture, and takes a few bytes. Encoders make a dozen.
const MAX_SCANS: usize = 500;

/// The format of a picture whose container is whole, by its first bytes.
pub(super) fn check(bytes: &[u8]) -> Result<ImageFormat, PictureProblem> {
    if bytes.is_empty() {
        Err(PictureProblem::Empty)
    } else if bytes.starts_with(PNG_SIGNATURE) {
        png(bytes).map(|()| ImageFormat::Png)
    } else if bytes.starts_with(JPEG_SIGNATURE) {
        jpeg(bytes).map(|()| ImageFormat::Jpeg)
    } else if PNG_SIGNATURE.starts_with(bytes) || JPEG_SIGNATURE.starts_with(bytes) {
        Err(PictureProblem::Truncated("it ends within the first bytes that name its format".into()))
    } else {
        Err(PictureProblem::UnknownFormat(bytes[..bytes.len().min(8)].to_vec()))
    }
}

/// A PNG file is a chain of chunks: length, type, data, checksum of type and data; the last one is IEND.
fn png(bytes: &[u8]) -> Result<(), PictureProblem> {
    let mut offset = PNG_SIGNATURE.len();
    loop {
        let chunk = &bytes[offset..];
        let Some((length, rest)) = chunk.split_first_chunk::<4>() else {
            let problem = format!("the chunk IEND, which ends a PNG file, is missing at byte {offset}");
            return Err(PictureProblem::Truncated(problem));
        };
        let length = u32::from_be_bytes(*length) as usize;
        let Some((kind, rest)) = rest.split_first_chunk::<4>() else {
            let problem = format!("it ends within the head of a chunk at byte {offset}");
            return Err(PictureProblem::Truncated(problem));
        };
        let name = kind.escape_ascii().to_string();
        if rest.len() < length.saturating_add(4) {
            let (expected, found) = (length.saturating_add(4), rest.len());
            let problem = format!(
                "the chunk {name} at byte {offset} claims {expected} bytes after its head, but {found} follow"
            );
            return Err(PictureProblem::Truncated(problem));
        }
        let expected = u32::from_be_bytes(rest[length..length + 4].try_into().expect("four bytes"));
        let mut crc = flate2::Crc::new();
        crc.update(&chunk[4..8 + length]);
        // Lower case at the first letter: nothing that the pixels depend on, and ignored if damaged.
        if crc.sum() != expected && kind[0].is_ascii_uppercase() {
            return Err(PictureProblem::Checksum { chunk: name, offset, expected, found: crc.sum() });
        }
        if kind == b"IEND" {
            return Ok(());
        }
        offset += 12 + length;
    }
}

/// A JPEG file is a chain of segments: 0xff, marker, length, data; entropy-coded bytes, in which 0xff is
/// followed by 0 or a restart marker, come after each SOS segment; the marker EOI is the last.
fn jpeg(bytes: &[u8]) -> Result<(), PictureProblem> {
    const RESTARTS: std::ops::RangeInclusive<u8> = 0xd0..=0xd7;
    let (mut offset, mut scans) = (2, 0);
    let missing = || PictureProblem::Truncated("the marker EOI, which ends a JPEG file, is missing".into());
    loop {
        // Up to the next marker: over fill bytes, over what stands between segments, over a scan's data.
        let begin = bytes[offset..].iter().position(|&byte| byte == 0xff).ok_or_else(missing)?;
        offset += begin + 1;
        let marker = *bytes.get(offset).ok_or_else(missing)?;
        match marker {
            // The second byte may begin the next marker.
            0xff => continue,
            0x00 | 0x01 | 0xd8 => offset += 1,
            _ if RESTARTS.contains(&marker) => offset += 1,
            0xd9 if scans == 0 => {
                let problem = "the marker EOI comes before any pixels";
                return Err(PictureProblem::Truncated(problem.into()));
            }
            0xd9 => return Ok(()),
            _ => {
                let segment = &bytes[offset + 1..];
                let length = segment.first_chunk::<2>().map_or(2, |&length| u16::from_be_bytes(length));
                if segment.len() < usize::from(length) {
                    let problem = format!(
                        "the segment 0x{marker:02x} at byte {} claims {length} bytes, but {} follow",
                        offset - 1,
                        segment.len()
                    );
                    return Err(PictureProblem::Truncated(problem));
                }
                offset += 1 + usize::from(length);
                scans += usize::from(marker == 0xda);
                if scans > MAX_SCANS {
                    return Err(PictureProblem::TooManyScans { limit: MAX_SCANS });
                }
            }
        }
    }
}
