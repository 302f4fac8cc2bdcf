//! Catching panics, to see what they say and where they point.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static FILE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The text of the panic in `wrong`, and the file it points at. Panics of other threads are reported as ever.
#[track_caller]
pub(crate) fn panic_of<R>(wrong: impl FnOnce() -> R) -> (String, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.get() {
                FILE.set(info.location().map(|l| l.file().to_owned()).unwrap_or_default());
            } else {
                others(info);
            }
        }));
    });
    CATCHING.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| drop(wrong())));
    CATCHING.set(false);
    let payload = outcome.expect_err("no panic");
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()));
    (text.expect("a text"), FILE.take())
}
