//! What ends or wakes a capture: signals, a reader or a parent that went away, time.
//!
//! Waiting for packets may last for ever, as an interface may be silent. So one thread wakes the
//! waiting ten times a second, and another one waits for signals.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};

/// How long packets of a slow interface may wait, in milliseconds.
const TICK: u16 = 100;

/// Starts to watch. `wake` is called at every tick, and after the flag has turned true.
///
/// # Errors
/// When the system has no thread left, or signals cannot be taken.
pub(crate) fn start(
    wake: impl Fn() + Send + Sync + 'static,
    stop_at_eof: bool,
) -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    // threads inherit what is blocked: only the one that waits gets them
    signals.thread_block()?;
    let flag = Arc::clone(&stop);
    thread::Builder::new().spawn(move || {
        while signals.wait().is_ok() {
            if flag.swap(true, Ordering::Relaxed) {
                abort();
            }
        }
    })?;
    let flag = Arc::clone(&stop);
    thread::Builder::new().spawn(move || {
        loop {
            if ended(stop_at_eof) {
                flag.store(true, Ordering::Relaxed);
                // whoever is gone needs no quick answers, and poll would not wait
                thread::sleep(std::time::Duration::from_millis(TICK.into()));
            }
            wake();
        }
    })?;
    Ok(stop)
}

#[expect(clippy::exit, reason = "the second signal asks for exactly this")]
fn abort() {
    std::process::exit(130);
}

/// Waits for a tick; true when nobody wants more packets.
fn ended(stop_at_eof: bool) -> bool {
    let (input, output) = (io::stdin(), io::stdout());
    // errors and hang-ups are told without being asked for
    let mut watched = vec![PollFd::new(output.as_fd(), PollFlags::empty())];
    if stop_at_eof {
        watched.push(PollFd::new(input.as_fd(), PollFlags::POLLIN));
    }
    if !matches!(poll(&mut watched, PollTimeout::from(TICK)), Ok(found) if found > 0) {
        return false;
    }
    let happened = |at: usize| watched.get(at).is_some_and(|fd| fd.any().unwrap_or(true));
    // what is written there says nothing; its end does
    happened(0) || (happened(1) && matches!(input.lock().read(&mut [0; 64]), Ok(0) | Err(_)))
}
