//! Any bytes as the pickle of an archive with a few storages; an archive as it is.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use wengert_nn::StateDict;

/// The sizes of the storages of seeds/kinds.pkl.
const STORAGES: [usize; 7] = [48, 24, 12, 12, 4, 0, 12];

/// An archive whose checksums are right, which random changes would hardly make.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    let mut add = |name: &str, content: &[u8]| {
        let (mut entry, config) = archive.new_file(name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    };
    add("a/data.pkl", pickle);
    for (key, size) in STORAGES.into_iter().enumerate() {
        add(&format!("a/data/{key}"), &vec![1; size]);
    }
    archive.finish().unwrap();
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let packed;
    let bytes = match bytes.starts_with(b"PK") {
        true => bytes,
        false => {
            packed = archive(bytes);
            &packed
        }
    };
    let Ok(dict) = StateDict::from_bytes(bytes) else { return };
    for name in dict.names() {
        let _ = dict.tensor::<f32>(name);
    }
});
