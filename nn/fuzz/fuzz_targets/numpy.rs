//! Any bytes as an array, and as the two arrays of an archive; an archive as it is.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use wengert_nn::StateDict;

/// An archive whose checksums are right, which random changes would hardly make.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in files {
        let (mut entry, config) = archive.new_file(name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

fn read(bytes: &[u8]) {
    let Ok(dict) = StateDict::from_bytes(bytes) else { return };
    for name in dict.names() {
        let _ = dict.tensor::<f64>(name);
    }
}

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    if bytes.starts_with(b"\x93NUMPY") {
        read(&archive(&[("a.npy", bytes), ("b.npy", bytes)]));
    }
});
