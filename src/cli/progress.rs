//! A progress bar for long inputs, on a terminal only and gone when the work is done.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use terminal_size::{Width, terminal_size_of};

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
    bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(Line::default())));
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

/// Standard error with the cursor left at the start of the bar's line. A bar fills its line, so
/// behind it the `^C` that a terminal shows would go to the next line, and clearing would clear
/// that one.
#[derive(Debug, Default)]
struct Line {
    held: Mutex<String>,
}

impl Line {
    fn hold(&self, text: &str) -> io::Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push_str(text);
        Ok(())
    }

    fn jump(&self, count: usize, way: char) -> io::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.hold(&format!("\x1b[{count}{way}"))
    }
}

impl TermLike for Line {
    fn width(&self) -> u16 {
        terminal_size_of(io::stderr()).map_or(80, |(Width(columns), _)| columns)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.jump(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.jump(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.jump(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.jump(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.hold(text)?;
        self.hold("\n")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.hold(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.hold("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push('\r');
        let mut out = io::stderr().lock();
        out.write_all(held.as_bytes())?;
        held.clear();
        out.flush()
    }
}
