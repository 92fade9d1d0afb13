//! `diff`: what is claimed to be over is proved, and nothing else is claimed. The built program
//! compares reports that it made itself.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_clusterdx");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn program(folder: &Path, words: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(words)
        .current_dir(folder)
        .env("COLUMNS", "100")
        .output()
        .unwrap()
}

/// A folder in which reports are made.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Diagnoses a file `name` with this text.
    fn report(&self, report: &str, name: &str, text: &str) {
        let input = self.0.path().join(report);
        fs::create_dir_all(&input).unwrap();
        fs::write(input.join(name), text).unwrap();
        let output = format!("{report}.json");
        let words = ["diagnose", report, "--format", "json", "--output", &output];
        let made = program(self.0.path(), &[&words[..], &["--year", "2017"]].concat());
        assert!(matches!(made.status.code(), Some(0 | 1 | 3)), "{made:?}");
    }

    fn diff(&self) -> Value {
        let words = ["diff", "before.json", "after.json", "--format", "json"];
        let done = program(self.0.path(), &words);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        serde_json::from_slice(&done.stdout).unwrap()
    }

    fn text(&self, words: &[&str]) -> String {
        let all = [&["diff", "before.json", "after.json"], words].concat();
        let done = program(self.0.path(), &all);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    }
}

/// Faults of a list.
fn faults<'v>(diff: &'v Value, list: &str) -> Vec<&'v str> {
    let entries = diff[list].as_array().unwrap().iter();
    entries.map(|one| one["fault"].as_str().unwrap()).collect()
}

/// The lengths of all four lists.
fn lengths(diff: &Value) -> [usize; 4] {
    ["cleared", "new", "unchanged", "undecided"].map(|list| faults(diff, list).len())
}

fn answer(name: &str) -> String {
    fs::read_to_string(root().join("tests/answers/cms-mmp").join(name)).unwrap()
}

const UPGRADE: &str = "cms.db.schema-upgrade-failed";
const REFUSED: &str = "cms.db.connection-refused";

/// Health checks of the pool on one node, at these minutes after ten; refused until `well`.
fn checks(minutes: std::ops::Range<u32>, well: u32) -> String {
    let line = |minute: u32| {
        let said = match minute < well {
            true => "error (up = 1): could not connect to server: Connection refused|",
            false => "success (up = 1) in 4 ms, lag 0 bytes",
        };
        format!(
            "Mar 31 10:{minute:02}:09 user.info acanosrv02 sfpool:  Health check 10.48.54.119: {said}\n"
        )
    };
    minutes.map(line).collect()
}

#[test]
fn a_screen_of_the_same_node_without_the_fault_clears_it() {
    let desk = Desk::new();
    desk.report("before", "status.txt", &answer("status-replica-error.txt"));
    desk.report("after", "status.txt", &answer("status-replica.txt"));
    let diff = desk.diff();
    assert_eq!(faults(&diff, "cleared"), [UPGRADE]);
    assert_eq!(lengths(&diff), [1, 0, 0, 0], "{diff:#}");
    assert_eq!(diff["cleared"][0]["proof"]["how"], "not-seen");
    assert_eq!(diff["clusters"][0]["before"], "faulty");
    assert_eq!(diff["clusters"][0]["after"], "healthy");
}

#[test]
fn a_screen_of_another_node_clears_nothing() {
    let desk = Desk::new();
    desk.report("before", "status.txt", &answer("status-replica-error.txt"));
    desk.report("after", "status.txt", &answer("status-primary.txt"));
    let diff = desk.diff();
    assert_eq!(lengths(&diff), [0, 0, 0, 1], "{diff:#}");
    assert_eq!(diff["undecided"][0]["why"], "not-collected");
    assert_eq!(diff["undecided"][0]["wanted"][0]["format"], "cms.status");
}

#[test]
fn a_record_that_ends_the_fault_is_its_proof() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 60));
    desk.report("after", "syslog", &checks(10..30, 20));
    let diff = desk.diff();
    assert_eq!(faults(&diff, "cleared"), [REFUSED], "{diff:#}");
    let proof = &diff["cleared"][0]["proof"];
    assert_eq!(
        (&proof["how"], &proof["at"]),
        (&"recorded".into(), &"2017-03-31T10:20:09Z".into())
    );
    assert_eq!(lengths(&diff), [1, 0, 0, 0]);
}

#[test]
fn a_log_that_goes_on_without_the_fault_clears_it_and_one_that_ends_early_does_not() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 60));
    // rotated: the bad times are in the file before
    desk.report("after", "syslog", &checks(25..59, 0));
    let diff = desk.diff();
    assert_eq!(faults(&diff, "cleared"), [REFUSED], "{diff:#}");
    assert_eq!(diff["cleared"][0]["proof"]["how"], "not-seen");

    desk.report("after", "syslog", &checks(1..9, 0));
    let diff = desk.diff();
    assert_eq!(lengths(&diff), [0, 0, 0, 1], "{diff:#}");
    assert_eq!(diff["undecided"][0]["why"], "not-later");
}

#[test]
fn what_goes_on_is_unchanged_and_what_begins_is_new() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 60));
    desk.report("after", "syslog", &checks(10..40, 60));
    let diff = desk.diff();
    assert_eq!(lengths(&diff), [0, 0, 1, 0], "{diff:#}");
    assert_eq!(diff["unchanged"][0]["was"], diff["unchanged"][0]["id"]);
    assert!(diff["unchanged"][0]["count_before"].as_u64() < diff["unchanged"][0]["count"].as_u64());

    // the same trouble in a rotated log has another beginning
    desk.report("after", "syslog", &checks(30..50, 60));
    assert_eq!(lengths(&desk.diff()), [0, 0, 1, 0]);

    desk.report("before", "syslog", &checks(10..20, 0));
    assert_eq!(faults(&desk.diff(), "new"), [REFUSED]);
}

#[test]
fn another_cluster_says_nothing_about_this_one() {
    let desk = Desk::new();
    desk.report("before", "status.txt", &answer("status-replica-error.txt"));
    let sample = root().join("samples/cms/healthy-status/input/status.txt");
    desk.report("after", "status.txt", &fs::read_to_string(sample).unwrap());
    let diff = desk.diff();
    assert_eq!(lengths(&diff), [0, 0, 0, 1], "{diff:#}");
    assert_eq!(diff["undecided"][0]["why"], "no-cluster");
}

#[test]
fn the_text_tells_the_proof_in_three_languages() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 60));
    desk.report("after", "syslog", &checks(10..30, 20));
    for (lang, words) in [
        (
            "en",
            "A record of 2017-03-31 10:20:09 UTC shows that it is over.",
        ),
        ("ko", "2017-03-31 10:20:09 UTC 기록에서"),
        ("pt-BR", "Um registro de 2017-03-31 10:20:09 UTC mostra"),
    ] {
        let text = desk.text(&["--lang", lang]);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn the_text_fits_a_terminal_of_80_columns() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 60));
    desk.report("after", "syslog", &checks(1..9, 0));
    let words = ["diff", "before.json", "after.json"];
    let mut narrow = Command::new(PROGRAM);
    let narrow = narrow.args(words).current_dir(desk.0.path());
    let done = narrow.env("COLUMNS", "80").output().unwrap();
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("acanosrv02 →"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn text_of_reports_never_reaches_the_terminal_as_it_is() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 0));
    desk.report("after", "syslog", &checks(10..20, 60));
    let path = desk.0.path().join("after.json");
    let report = fs::read_to_string(&path).unwrap();
    let hostile = report.replace("acanosrv02", "acano\\u001b[2Jsrv\\u202e\\u0007\\n02");
    fs::write(&path, hostile).unwrap();
    let text = desk.text(&[]);
    assert!(text.contains("srv"), "{text}");
    let forbidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(forbidden), "{text:?}");
}

#[test]
fn what_is_no_report_is_refused() {
    let desk = Desk::new();
    desk.report("before", "syslog", &checks(10..20, 0));
    for (text, cause) in [
        ("{}", "missing field"),
        ("not json", "expected"),
        ("", "EOF"),
    ] {
        fs::write(desk.0.path().join("after.json"), text).unwrap();
        let done = program(desk.0.path(), &["diff", "before.json", "after.json"]);
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{told}");
        assert!(told.contains(cause), "{told}");
    }
    let plan = fs::read_to_string(desk.0.path().join("before.json")).unwrap();
    let other = plan.replace("clusterdx.report/1", "clusterdx.report/9");
    fs::write(desk.0.path().join("after.json"), other).unwrap();
    let done = program(desk.0.path(), &["diff", "before.json", "after.json"]);
    assert_eq!(done.status.code(), Some(2));
}
