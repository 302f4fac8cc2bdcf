//! What hostile files make the readers take of memory: a program of its own, so that nothing else is counted.

#[path = "pictures/png.rs"]
mod png;

use peak_alloc::PeakAlloc;
use png::{chunk, header, png, small};
use std::sync::{Mutex, MutexGuard, PoisonError};
use wengert::data::detection::coco;
use wengert::data::picture::Reader;
use wengert::prelude::*;

#[global_allocator]
static PEAK: PeakAlloc = PeakAlloc;

/// Held by each test, so that what one of them takes is not counted as another's.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many bytes more than before are in use at a time while `f` runs.
fn taken(f: impl FnOnce()) -> usize {
    let before = PEAK.current_usage();
    PEAK.reset_peak_usage();
    f();
    PEAK.peak_usage().saturating_sub(before)
}

/// A zlib stream of a gibibyte of zeros, in a mebibyte.
fn gibibyte() -> Vec<u8> {
    use flate2::{Compress, Compression, FlushCompress};
    let zeros = vec![0; 1 << 20];
    let mut compress = Compress::new(Compression::best(), true);
    let mut block = |flush| {
        let mut out = Vec::with_capacity(1 << 16);
        compress.compress_vec(&zeros, &mut out, flush).unwrap();
        out
    };
    let first = block(FlushCompress::Full);
    // After a full flush nothing before is referred to.
    let again = block(FlushCompress::Full);
    [first, again.repeat(1023)].concat()
}

#[test]
fn bombs_take_no_more_memory_than_their_bound() {
    let _alone = alone();
    let [ihdr, idat, iend] = small();
    let bomb = gibibyte();
    assert!(bomb.len() < 1 << 21);
    let profile = chunk(b"iCCP", &[&b"profile\0\0"[..], &bomb].concat());
    let text = chunk(b"zTXt", &[&b"Comment\0\0"[..], &bomb].concat());
    let more_text = chunk(b"iTXt", &[&b"Comment\0\x01\0\0\0"[..], &bomb].concat());
    let pixels = chunk(b"IDAT", &bomb);
    let square = header(1 << 10, 1 << 10, 6);
    let reader = Reader::new().max_pixels(1 << 20);
    for (chunks, fits) in [
        // What a picture says about itself is left out where it is too long.
        (vec![ihdr.clone(), profile, idat.clone(), iend.clone()], true),
        (vec![ihdr.clone(), text, idat.clone(), iend.clone()], true),
        (vec![ihdr.clone(), more_text, idat.clone(), iend.clone()], true),
        (vec![ihdr, pixels.clone(), iend.clone()], true),
        (vec![square, pixels.clone(), iend.clone()], true),
        (vec![header(1 << 14, 1 << 14, 6), pixels, iend], false),
    ] {
        let bytes = png(&chunks);
        let taken = taken(|| assert_eq!(reader.decode(&bytes).is_ok(), fits));
        // 8 MiB of pixels and 16 beside them are the decoder's limit; where a buffer of it grows, the old one and a new
        // one of twice the length are there at a time.
        assert!(taken < 56 << 20, "{taken} bytes");
    }
}

#[test]
fn long_narrow_pictures_do_not_grow_without_bound() {
    let _alone = alone();
    use wengert::data::augment::{CenterCrop, Compose, RandomResizedCrop, Resize};
    let narrow = Tensor::<f32>::zeros([1, 1, 1, 1 << 20]);
    let resized = Compose::new().push(Resize::shorter_side(8)).apply(&narrow, 0);
    assert_eq!(resized.shape(), [1, 1, 1, 512]);
    let at_most = Compose::new().push(Resize::shorter_side(8).max_size(100)).apply(&narrow, 0);
    assert_eq!(at_most.shape(), [1, 1, 1, 100]);
    let crop = RandomResizedCrop::new(200, 200).ratio(1e-9, 1e9);
    let crop = Compose::new().push(crop).push(CenterCrop::new(9, 9));
    let whole = Compose::new().push(Resize::new(200, 200));
    for x in [narrow.transpose(2, 3), narrow] {
        let taken = taken(|| {
            assert_eq!(crop.apply(&x, 0).shape(), [1, 1, 9, 9]);
            assert_eq!(whole.apply(&x, 0).shape(), [1, 1, 200, 200]);
        });
        // The picture has four mebibytes.
        assert!(taken < 32 << 20, "{taken} bytes");
    }
}

#[test]
fn a_list_where_a_number_should_be_is_not_kept() {
    let _alone = alone();
    let list = "1,".repeat(1 << 22);
    for field in ["id", "name", "area"] {
        let text = format!("{{\"images\":[{{\"{field}\":[{list}1]}}]}}");
        let taken = taken(|| drop(coco::parse(text.as_bytes()).unwrap_err()));
        assert!(taken < 1 << 20, "{taken} bytes");
    }
}
