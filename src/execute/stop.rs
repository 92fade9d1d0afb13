//! Ctrl-C, for those who wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// A wish to stop that any thread may utter and that wakes who sleeps.
#[derive(Debug, Default)]
pub struct Stop {
    wanted: AtomicBool,
    told: Notify,
}

impl Stop {
    /// Utters it.
    pub fn stop(&self) {
        self.wanted.store(true, Ordering::SeqCst);
        self.told.notify_one();
    }

    /// True when it was uttered.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst)
    }

    /// Sleeps, or until it is uttered; true when it was.
    pub(super) async fn sleep(&self, time: Duration) -> bool {
        if !self.is_wanted() {
            // either way the answer is the flag's
            _ = timeout(time, self.told.notified()).await;
        }
        self.is_wanted()
    }

    /// Until it is uttered.
    pub async fn uttered(&self) {
        while !self.is_wanted() {
            self.told.notified().await;
        }
    }
}
