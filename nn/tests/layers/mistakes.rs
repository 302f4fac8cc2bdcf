//! What a wrong program is told, and where.

use wengert::prelude::*;

use crate::{panic_of, rng};

#[test]
fn wrong_inputs_panic_with_the_shapes() {
    let text = panic_of(|| drop(BatchNorm2d::<f32>::new(3).forward(&Tensor::zeros([2, 3]))));
    assert_eq!(text, "BatchNorm2d: the input [2, 3] is not [batch, channels, height, width]");
    let text = panic_of(|| drop(BatchNorm2d::<f32>::new(1).forward(&Tensor::zeros([2, 3, 4, 4]))));
    assert_eq!(text, "BatchNorm2d: axis 1 of the input [2, 3, 4, 4] has 3 channels, the layer 1");
    let one = || Tape::training(0).constant(Tensor::zeros([1, 3]));
    let text = panic_of(move || drop(BatchNorm1d::<f32>::new(3).forward(&one())));
    assert!(text.contains("one value to a channel"), "{text}");
    let text = panic_of(|| drop(Linear::<f32>::new(3, 2, &mut rng()).forward(&Tensor::zeros([2, 4]))));
    assert!(text.starts_with("linear: "), "{text}");
    let text =
        panic_of(|| drop(Conv2d::<f32>::new(3, 2, 5, &mut rng()).forward(&Tensor::zeros([1, 3, 4, 4]))));
    assert!(text.starts_with("conv2d: "), "{text}");
    let text = panic_of(|| {
        let _ = Dropout::new(f64::NAN);
    });
    assert_eq!(text, "Dropout: p is NaN, expected a probability in 0..=1");
}

/// A program's mistake is reported at the program's line, not in the layer's file.
#[test]
fn a_wrong_input_is_reported_at_the_callers_line() {
    use std::sync::{Arc, Mutex};
    let place = Arc::new(Mutex::new(None));
    let (seen, before) = (place.clone(), std::panic::take_hook());
    let here = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == here {
            *seen.lock().unwrap() = info.location().map(|l| (l.file().to_owned(), l.line()));
        }
    }));
    let layer = Linear::<f32>::new(3, 2, &mut rng());
    let line = line!() + 1;
    let result = std::panic::catch_unwind(|| layer.forward(&Tensor::zeros([2, 4])));
    std::panic::set_hook(before);
    assert!(result.is_err());
    assert_eq!(*place.lock().unwrap(), Some((file!().to_owned(), line)));
}
