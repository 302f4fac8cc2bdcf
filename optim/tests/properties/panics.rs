//! What a panic says and where it points.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// The message and the file of the panic that `wrong` ends in.
#[track_caller]
pub(crate) fn refusal<R>(wrong: impl FnOnce() -> R) -> (String, String) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        // The other tests' panics, on their own threads, are reported as ever.
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CATCHING.get() {
                return others(info);
            }
            let payload = info.payload();
            let literal = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = payload.downcast_ref::<String>().cloned().or(literal).unwrap_or_default();
            LAST.set(Some((message, info.location().expect("known").file().to_owned())));
        }));
    });
    CATCHING.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| drop(wrong())));
    CATCHING.set(false);
    assert!(outcome.is_err(), "nothing was refused");
    LAST.take().expect("the hook was called")
}
