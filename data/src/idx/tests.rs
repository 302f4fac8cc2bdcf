use super::*;
use crate::source::gzip;
use ndarray::array;
use proptest::prelude::*;

fn problem(bytes: &[u8]) -> IdxProblem {
    match parse(bytes) {
        Err(Error::Idx { problem, .. }) => problem,
        other => panic!("not an IDX error: {other:?}"),
    }
}

#[test]
fn every_element_type_is_read_big_endian() {
    let bytes = |numbers: &[[u8; 2]]| numbers.concat();
    let read =
        |element_type, length, elements: &[u8]| parse(&encode(element_type, &[length], elements)).unwrap();
    assert_eq!(read(0x08, 2, &[0, 255]), IdxArray::U8(array![0, 255].into_dyn()));
    assert_eq!(read(0x09, 2, &[127, 255]), IdxArray::I8(array![127, -1].into_dyn()));
    assert_eq!(read(0x0b, 2, &bytes(&[[1, 0], [255, 254]])), IdxArray::I16(array![256, -2].into_dyn()));
    assert_eq!(read(0x0c, 1, &bytes(&[[1, 0], [0, 2]])), IdxArray::I32(array![(1 << 24) + 2].into_dyn()));
    assert_eq!(read(0x0d, 1, &1.5f32.to_be_bytes()), IdxArray::F32(array![1.5].into_dyn()));
    assert_eq!(read(0x0e, 1, &(-0.1f64).to_be_bytes()), IdxArray::F64(array![-0.1].into_dyn()));
    for (element_type, size) in [(0x08, 1), (0x09, 1), (0x0b, 2), (0x0c, 4), (0x0d, 4), (0x0e, 8)] {
        let array = parse(&encode(element_type, &[3, 2], &vec![0; 6 * size])).unwrap();
        assert_eq!(array.shape(), [3, 2]);
        assert_eq!(array.to_f32(), ArrayD::<f32>::zeros(IxDyn(&[3, 2])));
    }
    assert_eq!(read(0x09, 1, &[0x80]).to_f32(), array![-128.0].into_dyn());
}

#[test]
fn what_is_not_idx_is_told_so() {
    assert!(matches!(problem(b"\x89PNG\r\n"), IdxProblem::Magic([0x89, b'P', b'N', b'G'])));
    assert!(matches!(problem(&[0, 0, 0x0a, 1, 0, 0, 0, 0]), IdxProblem::ElementType(0x0a)));
    assert!(matches!(problem(&[0, 0, 0x08, 0, 1]), IdxProblem::NoAxes));
    assert!(matches!(problem(&[]), IdxProblem::TruncatedHeader { expected: 4, found: 0 }));
    assert!(matches!(
        problem(&[0, 0, 0x08, 2, 0, 0, 0, 1, 9]),
        IdxProblem::TruncatedHeader { expected: 12, found: 9 }
    ));
}

#[test]
fn lengths_that_disagree_with_the_header_are_errors() {
    let whole = encode(0x0b, &[2, 3], &[7; 12]);
    let short = problem(&whole[..whole.len() - 1]);
    assert!(
        matches!(short, IdxProblem::Truncated { expected: 12, found: 11, ref shape } if *shape == [2, 3])
    );
    let long = problem(&[&whole[..], &[0]].concat());
    assert!(matches!(long, IdxProblem::TrailingBytes { expected: 12, ref shape } if *shape == [2, 3]));
    // The same inside gzip, where the length is not known beforehand.
    let short = problem(&gzip(&whole[..whole.len() - 1]));
    assert!(matches!(short, IdxProblem::Truncated { expected: 12, found: 11, .. }));
    let long = problem(&gzip(&[&whole[..], &[0; 100_000]].concat()));
    assert!(matches!(long, IdxProblem::TrailingBytes { expected: 12, .. }));
}

#[test]
fn a_damaged_gzip_stream_is_an_error() {
    let packed = gzip(&encode(0x08, &[4], &[1, 2, 3, 4]));
    assert!(parse(&packed).is_ok());
    let mut damaged = packed.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    assert!(matches!(problem(&damaged), IdxProblem::Unreadable(_)));
    for end in 0..packed.len() {
        assert!(parse(&packed[..end]).is_err(), "{end} of {} bytes", packed.len());
    }
}

#[test]
fn claims_of_any_size_are_refused_without_believing_them() {
    // 2^40 images; a product beyond u64; the same hidden behind an axis of length 0.
    let huge = [1u32 << 31, 1 << 9, 28, 28];
    for shape in [&huge[..], &[u32::MAX; 255], &[0, u32::MAX, u32::MAX, u32::MAX]] {
        let bytes = encode(0x0e, shape, &[0; 64]);
        for bytes in [&bytes, &gzip(&bytes)] {
            assert!(matches!(problem(bytes), IdxProblem::TooLarge { .. }));
        }
    }
    // Below the limit of the reader, but more than the file holds or can unpack to.
    for bytes in [encode(0x08, &[1 << 30], &[0; 64]), gzip(&encode(0x08, &[1 << 30], &[0; 64]))] {
        assert!(matches!(problem(&bytes), IdxProblem::Truncated { expected: 0x4000_0000, .. }));
    }
    // Within what a gzip stream of this length could hold: the claim is followed only as far as bytes come.
    let packed = gzip(&encode(0x08, &[20_000], &[0; 64]));
    assert!(matches!(problem(&packed), IdxProblem::Truncated { expected: 20_000, found: 64, .. }));
}

#[test]
fn files_are_known_by_their_bytes_not_by_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = encode(0x08, &[2], &[5, 6]);
    let expected = IdxArray::U8(array![5, 6].into_dyn());
    for (name, content) in [("a.gz", &bytes), ("b", &gzip(&bytes))] {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        assert_eq!(read(&path).unwrap(), expected);
    }
    let path = dir.path().join("short");
    std::fs::write(&path, &bytes[..9]).unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: truncated", path.display())), "{error}");
    assert!(matches!(read(dir.path()), Err(Error::Io { .. })));
    assert!(matches!(read(dir.path().join("none")), Err(Error::Io { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_written_is_read(shape in prop::collection::vec(0u32..5, 1..5), wide: bool, packed: bool) {
        let count: u32 = shape.iter().product();
        let numbers: Vec<i32> = (0..count as i32).map(|i| i.wrapping_mul(0x0123_4567)).collect();
        let axes: Vec<usize> = shape.iter().map(|&length| length as usize).collect();
        let (bytes, expected) = if wide {
            let elements: Vec<u8> = numbers.iter().flat_map(|v| v.to_be_bytes()).collect();
            let array = ArrayD::from_shape_vec(axes, numbers).unwrap();
            (encode(0x0c, &shape, &elements), IdxArray::I32(array))
        } else {
            let elements: Vec<u8> = numbers.iter().map(|&v| v as u8).collect();
            (encode(0x08, &shape, &elements), IdxArray::U8(ArrayD::from_shape_vec(axes, elements).unwrap()))
        };
        let bytes = if packed { gzip(&bytes) } else { bytes };
        prop_assert_eq!(parse(&bytes).unwrap(), expected);
    }

    #[test]
    fn every_truncation_is_an_error(
        shape in prop::collection::vec(1u32..5, 1..4), at in 0.0..1.0f64, packed: bool,
    ) {
        let count: u32 = shape.iter().product();
        let bytes = encode(0x0b, &shape, &vec![3; 2 * count as usize]);
        let bytes = if packed { gzip(&bytes) } else { bytes };
        let end = (at * bytes.len() as f64) as usize;
        prop_assert!(parse(&bytes[..end]).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..64), element_type in 7u8..16, axes in 0u8..6,
        packed: bool,
    ) {
        for (byte, value) in bytes.iter_mut().zip([0, 0, element_type, axes, 0, 0, 0]) {
            *byte = value;
        }
        let bytes = if packed { gzip(&bytes) } else { bytes };
        if let Ok(array) = parse(&bytes) {
            prop_assert!(array.shape().iter().product::<usize>() <= 64);
        }
    }
}
