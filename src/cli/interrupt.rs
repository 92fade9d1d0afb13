//! Ctrl-C: the first one stops the reading and the result so far is printed, the second one ends
//! the program at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::progress::Progress;
use super::{Exit, say};

/// Watches for Ctrl-C; the flag turns true at the first one, and the bar makes room for the word
/// about it.
pub(super) fn watch(progress: Arc<Progress>) -> Arc<AtomicBool> {
    first(move || {
        progress.clear();
        say("interrupted: what was read so far is being diagnosed; Ctrl-C again ends at once");
    })
}

/// A flag that nobody sets: Ctrl-C ends the program as it does by itself.
pub(super) fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// Watches for Ctrl-C; at the first one the flag turns true and `told` is called.
pub(super) fn first(told: impl Fn() + Send + 'static) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    // where no handler can be set, Ctrl-C ends the program as it always did
    _ = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            abort();
        }
        told();
    });
    stop
}

#[expect(clippy::exit, reason = "the second Ctrl-C asks for exactly this")]
fn abort() {
    std::process::exit(Exit::Interrupted.code().into());
}
