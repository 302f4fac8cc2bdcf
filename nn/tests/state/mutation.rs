//! Files with random damage: they are read or refused, and nothing panics.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use wengert::prelude::*;

use crate::build::{npy, pt, stored, zip};
use crate::{alone, fixture};

const FIXTURES: [&str; 8] = [
    "kinds.pt",
    "protocol5.pt",
    "views.pt",
    "checkpoint.pth",
    "arrays.npz",
    "compressed.npz",
    "kinds.safetensors",
    "version3.npy",
];

fn read(bytes: &[u8]) {
    let Ok(dict) = StateDict::from_bytes(bytes) else { return };
    for name in dict.names() {
        let _ = dict.tensor::<f32>(name);
    }
    let layer = Linear::<f32>::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0));
    let _ = dict.load_into_lenient(&layer);
}

/// Bytes that change, a piece that occurs again at another place, and where the rest is cut off.
#[derive(Clone, Debug)]
struct Damage {
    changes: Vec<(Index, u8)>,
    piece: Option<(Index, Index, Index)>,
    cut: Option<Index>,
}

fn damage() -> impl Strategy<Value = Damage> {
    let changes = prop::collection::vec((any::<Index>(), any::<u8>()), 1..8);
    let piece = prop::option::of((any::<Index>(), any::<Index>(), any::<Index>()));
    let cut = prop::option::weighted(0.2, any::<Index>());
    (changes, piece, cut).prop_map(|(changes, piece, cut)| Damage { changes, piece, cut })
}

impl Damage {
    fn on(self, mut bytes: Vec<u8>) -> Vec<u8> {
        for (at, byte) in self.changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((from, to, at)) = self.piece {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let copy = bytes[from.min(to)..from.max(to)].to_vec();
            let at = at.index(bytes.len());
            bytes.splice(at..at, copy);
        }
        if let Some(cut) = self.cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn damaged_files_never_panic(file in prop::sample::select(&FIXTURES[..]), damage in damage()) {
        let _alone = alone();
        read(&damage.on(fixture(file)));
    }

    /// What a checksum would reveal in a file: the pickle is damaged before it is summed.
    #[test]
    fn damaged_pickles_never_panic(damage in damage()) {
        let _alone = alone();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/kinds.pkl");
        let pickle = damage.on(fs::read(path).unwrap());
        let storages = [48, 24, 12, 12, 4, 0, 12].map(|size| vec![1; size]);
        read(&pt(&pickle, &storages.each_ref().map(Vec::as_slice)));
    }

    /// The same of an array in an archive.
    #[test]
    fn damaged_arrays_never_panic(damage in damage()) {
        let _alone = alone();
        let array = npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", &[1; 24]);
        read(&zip(&[stored("weight.npy", &damage.on(array))]));
    }
}
