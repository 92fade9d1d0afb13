//! A progress bar for long inputs, on a terminal only and gone when the work is done.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Input of this size shows the bar at once.
const LARGE: u64 = 50 << 20;
/// Any input shows it after this time.
const PATIENCE: Duration = Duration::from_millis(300);

/// Counts bytes read and shows them.
pub(super) struct Progress {
    total: u64,
    started: Instant,
    enabled: bool,
    over: AtomicBool,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// A bar over `total` bytes. Archives may turn out larger than they are on disk.
    pub(super) fn new(total: u64) -> Self {
        Self {
            total,
            started: Instant::now(),
            enabled: io::stderr().is_terminal(),
            over: AtomicBool::new(false),
            bar: OnceLock::new(),
        }
    }

    /// `read` bytes were read so far.
    pub(super) fn show(&self, read: u64) {
        if self.enabled
            && !self.over.load(Ordering::Relaxed)
            && (self.total >= LARGE || self.started.elapsed() >= PATIENCE)
        {
            let bar = self.bar.get_or_init(|| start(self.total, read));
            bar.set_position(read);
            if read > self.total && bar.length().is_some() {
                endless(bar);
            }
        }
    }

    /// Takes the bar off the screen for good.
    pub(super) fn clear(&self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A bar that stands where the reading is when it appears.
fn start(total: u64, read: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
    style(&bar, "{bar:30} {binary_bytes} / {binary_total_bytes}");
    if read > total {
        endless(&bar);
    }
    bar.set_position(read);
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar
}

/// Packed input outgrows its size on disk; where its end is then nobody knows.
fn endless(bar: &ProgressBar) {
    bar.unset_length();
    style(bar, "{spinner} {binary_bytes}");
}

fn style(bar: &ProgressBar, template: &str) {
    // a template that is wrong would only cost the looks
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━━ "));
    }
}
