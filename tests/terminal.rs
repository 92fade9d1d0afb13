//! The program on a real terminal: `tmux` on a socket of its own plays the terminal and tells
//! what stands on the screen. Nothing sleeps; each wait asks again until what it waits for is
//! there, a bounded number of times.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use unicode_width::UnicodeWidthStr as _;

/// What the progress bar is made of.
const BAR: &str = "━━";

/// A record of an ordinary day.
const QUIET: &str =
    "Mar 31 10:14:02 user.info cms1 sfpool: Health check 10.48.54.76: success (up = 1)\n";

/// A record that no rule looks at.
const IDLE: &str = "Mar 31 10:17:02 user.info cms1 cron: nothing to do\n";

/// What is said at the start when a named pipe is to be read.
const WAITING: &str = "waiting for somebody to write to the named pipe 'pipe'\n";

/// Bytes that neither a pipe nor the program holds back.
const MUCH: usize = 8 << 20;

/// A record that proves a fault when it comes three times.
fn refused(second: u32) -> String {
    format!(
        "Mar 31 10:16:{second:02} user.info cms1 sfpool: Health check 10.48.54.75: error (up = 1): could not connect to server: Connection refused\n"
    )
}

#[path = "common/tmux.rs"]
mod tmux;
use tmux::{POLLS, Terminal};

impl Terminal {
    /// A pipe with a name, that the program reads after the large file.
    fn pipe(&self) -> Pipe {
        let path = self.path().join("pipe");
        let status = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(status.success());
        let (sender, texts) = mpsc::sync_channel::<String>(8);
        let written = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&written);
        let feeder = std::thread::spawn(move || {
            // opening waits for the program to open its end
            let mut end = OpenOptions::new().write(true).open(&path).unwrap();
            for text in texts {
                if end.write_all(text.as_bytes()).is_err() {
                    // the program has gone
                    return;
                }
                done.store(true, Ordering::Relaxed);
            }
        });
        Pipe {
            written,
            sender: Some(sender),
            feeder: Some(feeder),
        }
    }

    /// A file of a size that shows the progress bar at once.
    fn large_file(&self) {
        let file = File::create(self.path().join("large")).unwrap();
        file.set_len(64 << 20).unwrap();
    }
}

/// What the program reads slowly: it gets a text when the test says so, and the end on drop.
struct Pipe {
    written: Arc<AtomicBool>,
    sender: Option<mpsc::SyncSender<String>>,
    feeder: Option<std::thread::JoinHandle<()>>,
}

impl Pipe {
    /// Hands over a text, unless the program is behind with reading.
    fn write(&self, text: &str) {
        if let Some(sender) = &self.sender {
            _ = sender.try_send(text.to_owned());
        }
    }

    /// True once a first text has gone into the pipe as a whole.
    fn written(&self) -> bool {
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(feeder) = self.feeder.take() {
            _ = feeder.join();
        }
    }
}

fn fits(text: &str) {
    for line in text.lines() {
        assert!(line.width() <= 80, "wider than the terminal: {line}");
    }
}

#[test]
fn progress_shows_on_a_long_input_and_leaves_nothing_behind() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.large_file();
    let pipe = terminal.pipe();
    terminal.run("diagnose large pipe --year 2017");
    let text = terminal.until(BAR, || pipe.write(QUIET));
    assert!(!text.contains("HEALTHY"), "nothing is judged yet:\n{text}");
    fits(&text);
    drop(pipe);
    let text = terminal.until("exit ", || {});
    assert!(
        text.starts_with(&format!("before\n{WAITING}HEALTHY  ")),
        "{text}"
    );
    assert!(!text.contains(BAR), "the bar is gone:\n{text}");
    assert!(text.contains("\nexit 0\n"), "{text}");
    fits(&text);
}

#[test]
fn a_short_input_shows_no_progress() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    std::fs::write(terminal.path().join("syslog"), QUIET).unwrap();
    terminal.run("diagnose syslog --year 2017 2> progress");
    let text = terminal.until("exit ", || {});
    assert!(text.contains("\nexit 0\n"), "{text}");
    let told = std::fs::read_to_string(terminal.path().join("progress")).unwrap();
    assert_eq!(told, "");
}

#[test]
fn ctrl_c_gives_the_report_of_what_was_read() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.large_file();
    let pipe = terminal.pipe();
    // far more than a pipe and a reader hold: once it is gone, its beginning has been read
    let mut log = [1, 11, 21, 31].map(refused).concat();
    log.push_str(&IDLE.repeat(MUCH / IDLE.len()));
    pipe.write(&log);
    terminal.run("diagnose large pipe --year 2017");
    for _ in 0..POLLS {
        if pipe.written() {
            break;
        }
        terminal.text();
    }
    assert!(pipe.written(), "{}", terminal.text());
    terminal.until(BAR, || {});
    terminal.press("C-c");
    terminal.until("interrupted: ", || {});
    let text = terminal.until("exit ", || pipe.write(IDLE));
    assert!(text.contains("\nexit 130\n"), "{text}");
    assert!(text.contains("reading was interrupted"), "{text}");
    assert!(!text.contains(BAR), "the bar is gone:\n{text}");
    assert!(
        text.starts_with(&format!("before\n{WAITING}interrupted: ")),
        "{text}"
    );
    let (_, report) = text.split_once("\nFAULTY  ").unwrap();
    fits(report);
}

#[test]
fn ctrl_c_ends_the_waiting_for_what_never_comes() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    terminal.large_file();
    let _pipe = terminal.pipe();
    terminal.run("diagnose large pipe --year 2017");
    terminal.until(BAR, || {});
    terminal.press("C-c");
    let text = terminal.until("exit ", || {});
    assert!(text.contains("exit 130\n"), "{text}");
    assert!(text.contains("reading was interrupted"), "{text}");
    assert!(!text.contains("HEALTHY"), "{text}");
}

#[test]
fn escape_sequences_of_a_log_do_not_reach_the_terminal() {
    let Some(terminal) = Terminal::new() else {
        return;
    };
    // clears the screen, sets the title, switches to the other screen, turns text into line art,
    // goes back over the line, hides text in the direction of writing, asks for an answer
    let tricks = "\u{1b}[2J\u{1b}[H\u{1b}]0;owned\u{7}\u{1b}[?1049h\u{1b}(0\rHEALTHY\u{9b}31m\u{202e}\u{1b}[5n";
    let mut log = String::new();
    for second in [1, 11, 21, 31] {
        log.push_str(&refused(second).replace(
            "Connection refused",
            &format!("Connection refused {tricks}"),
        ));
    }
    std::fs::write(terminal.path().join("syslog"), &log).unwrap();
    // a name of a file comes from elsewhere as well
    std::fs::write(
        terminal.path().join("b\u{1b}[2J\u{1b}]0;owned\u{7}.log"),
        QUIET,
    )
    .unwrap();
    let title = {
        terminal.run("diagnose syslog b*.log --year 2017");
        terminal.title()
    };
    let text = terminal.until("exit ", || {});
    assert!(text.starts_with("before\nFAULTY  "), "{text}");
    assert!(text.contains("\nexit 1\n"), "{text}");
    assert!(
        text.contains("\\x1b[2J") || text.contains("\\u{1b}[2J"),
        "shown as text:\n{text}"
    );
    assert_eq!(terminal.title(), title, "the title is as it was");
    assert!(
        text.contains("What was read") && text.contains("clusterdx 0."),
        "{text}"
    );
    // what a terminal answers to a question would stand behind the end as typed text
    let end = text.split("exit 1\n").nth(1).unwrap();
    assert_eq!(end.trim(), "", "the terminal was asked something");
    fits(&text);
}

#[test]
fn reports_of_real_samples_fit_the_terminal() {
    for sample in [
        "cms/bundle-two-nodes",
        "expressway/peer-lost-nested-archive",
    ] {
        for lang in ["en", "ko", "pt-BR"] {
            let Some(terminal) = Terminal::new() else {
                return;
            };
            let input =
                Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/{sample}/input"));
            terminal.run(&format!("diagnose '{}' --lang {lang}", input.display()));
            let text = terminal.until("exit ", || {});
            assert!(text.contains("\nexit 1\n"), "{text}");
            fits(&text);
        }
    }
}
