//! Files built piece by piece, so that each piece can lie.

use std::io::Write;

use flate2::Compression;
use flate2::Crc;
use flate2::write::DeflateEncoder;

/// A file inside a zip archive, with everything the archive says of it.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    /// The name before the bytes, where it is another.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) crc: u32,
    /// The bytes in the file.
    pub(crate) packed: Vec<u8>,
    pub(crate) packed_size: u32,
    pub(crate) size: u32,
    /// Where the directory says it lies, if not where it does.
    pub(crate) offset: Option<u32>,
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

pub(crate) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn stored(name: &str, bytes: &[u8]) -> Member {
    let size = bytes.len() as u32;
    Member {
        name: name.into(),
        local_name: None,
        method: 0,
        flags: 0,
        crc: crc(bytes),
        packed: bytes.to_vec(),
        packed_size: size,
        size,
        offset: None,
    }
}

pub(crate) fn deflated(name: &str, bytes: &[u8]) -> Member {
    let packed = deflate(bytes);
    Member { method: 8, packed_size: packed.len() as u32, packed, ..stored(name, bytes) }
}

impl Member {
    pub(crate) fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let mut bytes = b"PK\x03\x04\x14\0".to_vec();
        bytes.extend([self.flags.to_le_bytes(), self.method.to_le_bytes(), [0; 2], [0; 2]].as_flattened());
        bytes.extend([self.crc, self.packed_size, self.size].map(u32::to_le_bytes).as_flattened());
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name);
        bytes.extend(&self.packed);
        bytes
    }

    fn central(&self, offset: u32) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14\0\x14\0".to_vec();
        bytes.extend([self.flags.to_le_bytes(), self.method.to_le_bytes(), [0; 2], [0; 2]].as_flattened());
        bytes.extend([self.crc, self.packed_size, self.size].map(u32::to_le_bytes).as_flattened());
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend([0; 12]);
        bytes.extend(self.offset.unwrap_or(offset).to_le_bytes());
        bytes.extend(&self.name);
        bytes
    }
}

/// The archive, whose end claims so many files more than there are.
pub(crate) fn zip_claiming(members: &[Member], more: i16) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        directory.extend(member.central(bytes.len() as u32));
        // A member without bytes lies inside another one.
        if member.offset.is_none() {
            bytes.extend(member.local());
        }
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    let count = (members.len() as i16 + more).to_le_bytes();
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].as_flattened());
    bytes.extend([directory.len() as u32, start].map(u32::to_le_bytes).as_flattened());
    bytes.extend([0, 0]);
    bytes
}

pub(crate) fn zip(members: &[Member]) -> Vec<u8> {
    zip_claiming(members, 0)
}

/// What `torch.save` writes, with this pickle and these storages.
pub(crate) fn pt(pickle: &[u8], storages: &[&[u8]]) -> Vec<u8> {
    let mut members = vec![stored("a/data.pkl", pickle), stored("a/byteorder", b"little")];
    members.extend(storages.iter().enumerate().map(|(key, bytes)| stored(&format!("a/data/{key}"), bytes)));
    zip(&members)
}

/// The pickle of protocol 2 with this body.
pub(crate) fn program(body: &[u8]) -> Vec<u8> {
    [b"\x80\x02", body, b"."].concat()
}

pub(crate) fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

pub(crate) fn int(number: i64) -> Vec<u8> {
    [b"\x8a\x08", &number.to_le_bytes()[..]].concat()
}

pub(crate) fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &items.concat()[..], b"t"].concat()
}

pub(crate) fn dict(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [b"}(", &items[..], b"u"].concat()
}

pub(crate) fn storage(key: &str, length: i64) -> Vec<u8> {
    let class = global("torch", "FloatStorage");
    [tuple(&[text("storage"), class, text(key), text("cpu"), int(length)]), b"Q".to_vec()].concat()
}

/// A tensor of this storage, all of whose numbers may lie.
pub(crate) fn tensor(storage: Vec<u8>, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    let numbers = |list: &[i64]| tuple(&list.iter().map(|&n| int(n)).collect::<Vec<_>>());
    let hooks = [&global("collections", "OrderedDict")[..], b")R"].concat();
    let arguments = [storage, int(offset), numbers(shape), numbers(strides), vec![0x89], hooks];
    [global("torch._utils", "_rebuild_tensor_v2"), tuple(&arguments), b"R".to_vec()].concat()
}

/// A `.npy` array of version 1 with this header.
pub(crate) fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}
