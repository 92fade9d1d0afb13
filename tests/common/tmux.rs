//! A terminal for tests: `tmux` on a socket of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[allow(
    dead_code,
    reason = "not every test that has a terminal waits this way"
)]
/// How often a wait asks before it gives up; one question takes some milliseconds.
pub(crate) const POLLS: usize = 3000;

/// A terminal of 80 columns and 24 rows with a folder of its own; gone when dropped.
pub(crate) struct Terminal {
    folder: TempDir,
}

impl Terminal {
    /// None, and a word about it, where there is no tmux.
    #[expect(
        clippy::print_stderr,
        reason = "a test that does not run has to say so"
    )]
    pub(crate) fn new() -> Option<Self> {
        let there = Command::new("tmux")
            .arg("-V")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !there {
            eprintln!("skipped: tmux is not installed");
            return None;
        }
        Some(Self {
            folder: tempfile::tempdir().unwrap(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.path().join("socket"))
            .args(["-f", "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("SHELL", "/bin/sh")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Runs `clusterdx` with these words behind it, as a shell reads them. The screen shows
    /// `exit N` when it is over, and stays.
    pub(crate) fn run(&self, words: &str) {
        // the trap keeps the shell alive over Ctrl-C; the program gets the signal as always
        let script = format!(
            "trap : INT; echo before; '{}' {words}; echo exit $?; exec cat",
            env!("CARGO_BIN_EXE_clusterdx")
        );
        let status = self
            .tmux()
            .args(["-u", "new-session", "-d", "-x", "80", "-y", "24", "-c"])
            .arg(self.path())
            .args(["/bin/sh", "-c", &script])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// What stands on the screen and above it; a line that was broken at the margin is whole.
    pub(crate) fn text(&self) -> String {
        let done = self
            .tmux()
            .args(["capture-pane", "-p", "-J", "-S", "-"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&done.stdout)
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }

    #[allow(
        dead_code,
        reason = "not every test that has a terminal waits this way"
    )]
    /// Asks until the text has what is wanted; `meanwhile` is done before each time.
    pub(crate) fn until(&self, wanted: &str, mut meanwhile: impl FnMut()) -> String {
        let mut text = String::new();
        for _ in 0..POLLS {
            meanwhile();
            text = self.text();
            if text.contains(wanted) {
                return text;
            }
        }
        panic!("'{wanted}' did not appear:\n{text}");
    }

    #[allow(
        dead_code,
        reason = "not every test that has a terminal asks for its title"
    )]
    pub(crate) fn title(&self) -> String {
        let done = self
            .tmux()
            .args(["display-message", "-p", "#{pane_title}"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    pub(crate) fn press(&self, key: &str) {
        let status = self.tmux().args(["send-keys", key]).status().unwrap();
        assert!(status.success());
    }
}

impl Terminal {
    /// Types a line.
    #[allow(dead_code, reason = "not every test that has a terminal types lines")]
    pub(crate) fn type_line(&self, line: &str) {
        let status = self
            .tmux()
            .args(["send-keys", "-l", line])
            .status()
            .unwrap();
        assert!(status.success());
        self.press("Enter");
    }

    /// Gives the terminal another size.
    #[allow(dead_code, reason = "not every test that has a terminal resizes it")]
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let status = self
            .tmux()
            .args(["resize-window", "-x", &columns, "-y", &rows])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        _ = self
            .tmux()
            .arg("kill-server")
            .stderr(Stdio::null())
            .status();
    }
}
