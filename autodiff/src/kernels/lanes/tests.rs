use super::*;

/// Calls `check` with each extension that the processor has.
macro_rules! on_each {
    ($check:ident) => {
        #[cfg(target_arch = "x86_64")]
        {
            if Avx512::available() {
                $check::<Avx512>();
            }
            if Avx2::available() {
                $check::<Avx2>();
            }
        }
        #[cfg(target_arch = "aarch64")]
        if Neon::available() {
            $check::<Neon>();
        }
    };
}

/// 0, 1, 2, …
fn counted() -> [f32; 2 * LANES] {
    std::array::from_fn(|i| i as f32)
}

fn elements<V: Lanes>(x: V) -> [f32; LANES] {
    let mut elements = [f32::NAN; LANES];
    // SAFETY: there is a vector, and room for it.
    unsafe { x.store(elements.as_mut_ptr()) };
    elements
}

#[test]
fn some_lanes_are_read_and_written() {
    fn check<V: Lanes>() {
        let from = counted();
        for lanes in (0..=LANES).map(mask).chain([0b1010_0110_0000_0001, 0x8000, 0x00ff, 0xff00]) {
            let there = |i: usize| lanes >> i & 1 == 1;
            // Behind what is read nothing may be touched: the last element is that of the last lane.
            let len = LANES - lanes.leading_zeros() as usize;
            let read: Vec<f32> = from[..len].to_vec();
            let mut written = vec![-1.0; len];
            // SAFETY: the processor has the extension, and the lanes lie in both.
            let x = unsafe {
                let x = V::load_some(lanes, read.as_ptr());
                V::load(from[3..].as_ptr()).store_some(lanes, written.as_mut_ptr());
                x
            };
            for (i, x) in elements(x).into_iter().enumerate() {
                assert_eq!(x, if there(i) { from[i] } else { 0.0 }, "{lanes:b}");
            }
            for (i, x) in written.into_iter().enumerate() {
                assert_eq!(x, if there(i) { from[i + 3] } else { -1.0 }, "{lanes:b}");
            }
        }
    }
    on_each!(check);
}

#[test]
fn arithmetic_is_that_of_each_lane() {
    fn check<V: Lanes>() {
        let from = counted();
        // SAFETY: the processor has the extension, and there are sixteen elements from either place on.
        let (a, b, c) = unsafe { (V::load(from.as_ptr()), V::load(from[7..].as_ptr()), V::splat(0.1)) };
        let each = |f: &dyn Fn(f32, f32) -> f32| std::array::from_fn(|i| f(i as f32, (i + 7) as f32));
        assert_eq!(elements(a + b), each(&|a, b| a + b));
        assert_eq!(elements(a - b), each(&|a, b| a - b));
        assert_eq!(elements(a * 0.3), each(&|a, _| a * 0.3));
        assert_eq!(elements(a.plus(b, c)), each(&|a, b| b.mul_add(0.1, a)));
        assert_eq!(elements(a.plus_scaled(0.7, b)), each(&|a, b| b.mul_add(0.7, a)));
        assert_eq!(a.sum(), 120.0);
    }
    on_each!(check);
}

#[test]
fn elements_change_places() {
    fn check<V: Lanes>() {
        let from = counted();
        // SAFETY: the processor has the extension, and all that is read is there.
        unsafe {
            let (low, high) = (V::load(from.as_ptr()), V::load(from[LANES..].as_ptr()));
            assert_eq!(elements(V::even(low, high)), std::array::from_fn(|i| (2 * i) as f32));
            let both = V::interleave(low, high).map(elements);
            for (i, &x) in both.as_flattened().iter().enumerate() {
                assert_eq!(x, (i / 2 + i % 2 * LANES) as f32);
            }
            let mut rows = std::array::from_fn(|i| V::load(from.as_ptr()) * (i + 1) as f32);
            V::transpose(&mut rows);
            for (j, row) in rows.map(elements).into_iter().enumerate() {
                assert_eq!(row, std::array::from_fn(|i| (j * (i + 1)) as f32));
            }
            for (stride, present) in [(1, 16), (2, 16), (5, 4), (7, 0), (31, 2)] {
                let found = elements(V::gather(&from, stride, present));
                let expected = std::array::from_fn(|i| if i < present { (i * stride) as f32 } else { 0.0 });
                assert_eq!(found, expected, "{stride} {present}");
            }
        }
    }
    on_each!(check);
}

#[test]
fn rows_turn_to_lanes_and_back() {
    fn check<V: Lanes>() {
        for (rows, len) in [(16, 16), (1, 1), (3, 40), (16, 5), (7, 33), (0, 4)] {
            let (pitch, stride) = (len + 3, LANES + 1);
            let from: Vec<f32> = (0..rows * pitch).map(|i| i as f32).collect();
            let mut lanes = vec![-1.0; len * stride];
            let mut back = vec![-1.0; rows * pitch];
            // SAFETY: the processor has the extension, and all have the lengths.
            unsafe {
                rows_to_lanes::<V>(from.as_ptr(), pitch, rows, len, lanes.as_mut_ptr(), stride);
                lanes_to_rows::<V>(lanes.as_ptr(), stride, len, rows, back.as_mut_ptr(), pitch);
            }
            for (i, &x) in lanes.iter().enumerate() {
                let (column, row) = (i / stride, i % stride);
                let expected = match row {
                    LANES => -1.0,
                    row if row < rows => from[row * pitch + column],
                    _ => 0.0,
                };
                assert_eq!(x, expected);
            }
            for (i, (&found, &expected)) in back.iter().zip(&from).enumerate() {
                assert_eq!(found, if i % pitch < len { expected } else { -1.0 });
            }
        }
    }
    on_each!(check);
}
