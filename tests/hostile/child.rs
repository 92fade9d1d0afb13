//! The program as a child process whose memory and time are watched.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The most memory that any of these inputs may cost, in KiB: the buffers of the limits, not the
/// size of the input.
const MEMORY_KIB: u64 = 512 << 10;
/// The program is ended after this long. No input here needs a tenth of it.
const DEADLINE: Duration = Duration::from_secs(120);

/// A size that a debug build deals with in a second or two, or with `HOSTILE_FULL` set the one
/// that is meant.
pub(crate) fn size(small: usize, full: usize) -> usize {
    match std::env::var_os("HOSTILE_FULL") {
        Some(_) => full,
        None => small,
    }
}

/// A folder of its own for the input of a test.
pub(crate) struct Folder(TempDir);

/// What became of a run.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with a good log in it, `good.txt`.
    pub(crate) fn with_good_log() -> Self {
        let folder = Self::new();
        folder.file("good.txt", good_log());
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The program with a quiet environment in the folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clusterdx"));
        command
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env_clear()
            .env("LANG", "C.UTF-8");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_command(self.command(arguments))
    }

    /// A diagnosis of everything in the folder, as JSON.
    pub(crate) fn diagnose(&self) -> Ran {
        self.run(&["diagnose", ".", "--format", "json"])
    }

    /// A diagnosis of standard input, which is written while the program runs.
    pub(crate) fn diagnose_stream(
        &self,
        write: impl FnOnce(&mut ChildStdin) + Send + 'static,
    ) -> Ran {
        let mut command = self.command(&["diagnose", "-", "--format", "json"]);
        command.stdin(Stdio::piped());
        self.watch(command, |child| {
            let mut input = child.stdin.take().unwrap();
            thread::spawn(move || write(&mut input));
        })
    }

    pub(crate) fn run_command(&self, command: Command) -> Ran {
        self.watch(command, |_| {})
    }

    fn watch(&self, mut command: Command, started: impl FnOnce(&mut Child)) -> Ran {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        command
            .stdout(File::create(at("out")).unwrap())
            .stderr(File::create(at("err")).unwrap());
        let mut child = command.spawn().unwrap();
        started(&mut child);
        let begin = Instant::now();
        let mut peak = 0;
        let status = loop {
            peak = memory_kib(child.id()).unwrap_or(0).max(peak);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if peak > MEMORY_KIB || begin.elapsed() > DEADLINE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("ended at {peak} KiB after {:?}", begin.elapsed());
            }
            thread::sleep(Duration::from_millis(5));
        };
        println!("{peak} KiB, {:?}", begin.elapsed());
        let text = |name: &str| String::from_utf8(fs::read(at(name)).unwrap()).unwrap();
        let ran = Ran {
            code: status.code(),
            out: text("out"),
            err: text("err"),
        };
        let panicked = ran.err.contains("panicked") || ran.out.contains("internal error");
        assert!(!panicked, "{}", ran.err);
        ran
    }
}

/// The largest resident set that the process has had, where the system tells it.
fn memory_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

impl Ran {
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| {
            let head: String = self.out.chars().take(300).collect();
            panic!("{error}: {head}\n{}", self.err)
        })
    }

    pub(crate) fn faults(&self) -> BTreeSet<String> {
        let report = self.report();
        let clusters = report["clusters"].as_array().unwrap().iter();
        let diagnoses = clusters.flat_map(|cluster| cluster["diagnoses"].as_array().unwrap());
        diagnoses
            .map(|diagnosis| diagnosis["fault"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The fault of the good log was found, and the exit code says so.
    pub(crate) fn has_the_good_logs_fault(self) -> Self {
        assert_eq!(self.code, Some(1), "{}", self.err);
        let faults = self.faults();
        assert!(faults.contains(FAULT), "{faults:?}");
        self
    }

    /// All that the report says of files: origin, status and notes.
    pub(crate) fn coverage(&self) -> Vec<(String, String, String)> {
        let report = self.report();
        let entries = report["coverage"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        entries
            .map(|entry| {
                let notes = entry["notes"].as_array().unwrap().iter();
                let notes: Vec<String> = notes.map(text).collect();
                (
                    text(&entry["origin"]),
                    text(&entry["status"]),
                    notes.join("; "),
                )
            })
            .collect()
    }

    /// A note of a file whose origin ends like this says this.
    pub(crate) fn says(&self, origin: &str, note: &str) {
        let coverage = self.coverage();
        let mut notes = coverage.iter().filter(|(at, ..)| at.ends_with(origin));
        let said = notes.any(|(_, _, notes)| notes.contains(note));
        let some: Vec<_> = coverage.iter().take(20).collect();
        assert!(said, "{origin}: {note}\n{some:?}");
    }
}

/// What the good log proves.
pub(crate) const FAULT: &str = "expressway.cluster.peer-unreachable";

/// A log in which one peer loses the other.
pub(crate) fn good_log() -> Vec<u8> {
    let sample = "samples/expressway/peer-lost/input/loggingsnapshot.txt";
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(sample)).unwrap()
}

/// Writes a text over and over; a reader that has had enough ends it.
pub(crate) fn flood(out: &mut impl Write, text: &[u8], times: usize) -> bool {
    (0..times).all(|_| out.write_all(text).is_ok())
}
