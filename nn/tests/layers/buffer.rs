//! Buffers that change together.

use std::panic::AssertUnwindSafe;
use std::thread;

use wengert::prelude::*;

use crate::panic_of;

#[test]
fn a_joint_update_is_seen_whole_and_none_gets_lost() {
    let (up, down) = (Buffer::new(Tensor::<f64>::zeros([3])), Buffer::new(Tensor::zeros([3])));
    thread::scope(|scope| {
        for turned in [false, true] {
            let (up, down) = (&up, &down);
            scope.spawn(move || {
                for _ in 0..500 {
                    let step = |x: &Tensor<f64>, d: f64| {
                        Tensor::from_vec([3], x.to_vec().into_iter().map(|x| x + d).collect())
                    };
                    // Whoever names them in another order locks them in the same.
                    if turned {
                        Buffer::update([down, up], |[d, u]| [step(&d, -1.0), step(&u, 1.0)]);
                    } else {
                        Buffer::update([up, down], |[u, d]| [step(&u, 1.0), step(&d, -1.0)]);
                    }
                }
            });
            scope.spawn(move || {
                for _ in 0..500 {
                    let [u, d] = if turned { Buffer::values([up, down]) } else { Buffer::values([down, up]) };
                    assert!(u.to_vec().iter().zip(d.to_vec()).all(|(u, d)| u + d == 0.0));
                }
            });
        }
    });
    assert_eq!(up.value().to_vec(), [1000.0; 3]);
}

#[test]
fn wrong_joint_updates_are_refused_and_change_nothing() {
    let (a, b) = (Buffer::new(Tensor::<f32>::zeros([2])), Buffer::new(Tensor::zeros([3])));
    let text = panic_of(AssertUnwindSafe(|| Buffer::update([&a, &b], |[a, _]| [&a + 1.0, a])));
    assert_eq!(text, "Buffer::update: the buffer has shape [3], the new value [2]");
    assert_eq!(a.value().to_vec(), [0.0; 2]);
    let text = panic_of(AssertUnwindSafe(|| drop(Buffer::values([&a, &b, &a.clone()]))));
    assert_eq!(text, "Buffer::values: a buffer is given twice");
    // A function that panics leaves all as they were, and the buffers usable.
    panic_of(AssertUnwindSafe(|| Buffer::update([&a, &b], |_| panic!("{}", "no"))));
    a.set(&Tensor::ones([2]));
    assert_eq!(Buffer::values([&b, &a])[1].to_vec(), [1.0; 2]);
}
