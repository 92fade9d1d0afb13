//! The program as a shell sees it: exit codes, what goes where, and what it says when asked
//! wrongly. Transcripts stand in `tests/golden/cli-*.txt`; `UPDATE=1` writes them anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder of its own, and the program with a quiet environment in it.
struct Shell {
    folder: TempDir,
}

impl Shell {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clusterdx"));
        command
            .args(args)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env_clear()
            .env("LANG", "C.UTF-8");
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn golden(&self, name: &str, args: &[&str]) {
        let done = self.run(args);
        let text = format!(
            "$ clusterdx {}\n{}{}exit {}\n",
            args.join(" "),
            out(&done),
            err(&done),
            code(&done)
        );
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/cli-{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text == expected,
            "tests/golden/cli-{name}.txt differs: UPDATE=1 writes it anew\n{text}"
        );
    }
}

fn out(done: &Output) -> String {
    String::from_utf8(done.stdout.clone()).unwrap()
}

fn err(done: &Output) -> String {
    String::from_utf8(done.stderr.clone()).unwrap()
}

fn code(done: &Output) -> i32 {
    done.status.code().unwrap()
}

fn trouble(done: &Output) {
    assert_eq!(code(done), 2, "{}", err(done));
    assert_eq!(out(done), "");
    assert!(err(done).starts_with("error: "), "{}", err(done));
}

#[test]
fn wrong_usage_is_told_with_a_way_out() {
    let shell = Shell::new();
    shell.file("syslog-cms1", "x\n");
    shell.golden("no-command", &[]);
    shell.golden("unknown-command", &["diagnos", "x"]);
    shell.golden("no-path", &["diagnose"]);
    shell.golden(
        "wrong-format",
        &["diagnose", "syslog-cms1", "--format", "jsn"],
    );
    shell.golden(
        "wrong-fail-on",
        &["diagnose", "syslog-cms1", "--fail-on", "fatal"],
    );
    shell.golden(
        "wrong-time",
        &["diagnose", "syslog-cms1", "--since", "yesterday"],
    );
    shell.golden(
        "wrong-range",
        &[
            "diagnose",
            "syslog-cms1",
            "--since",
            "2020-01-02",
            "--until",
            "2020-01-01",
        ],
    );
    shell.golden(
        "wrong-zone",
        &["diagnose", "syslog-cms1", "--timezone", "Asia/Soul"],
    );
    shell.golden(
        "wrong-language",
        &["diagnose", "syslog-cms1", "--lang", "tlh"],
    );
    shell.golden("missing-path", &["diagnose", "syslog-cms2"]);
    shell.golden(
        "missing-rules",
        &["diagnose", "syslog-cms1", "--rules", "nowhere"],
    );
    shell.golden(
        "wrong-fault",
        &[
            "diagnose",
            "syslog-cms1",
            "--why",
            "cms.db.conection-refused",
        ],
    );
    shell.golden(
        "why-json",
        &[
            "diagnose",
            "syslog-cms1",
            "--why",
            "cms.db.connection-refused",
            "--format",
            "json",
        ],
    );
}

#[test]
fn a_missing_path_is_named_even_when_others_exist() {
    let shell = Shell::new();
    shell.file("here.log", "x\n");
    let done = shell.run(&["diagnose", "here.log", "gone\x1b[31m.log", "also-gone"]);
    trouble(&done);
    assert!(
        err(&done).contains("'gone\\x1b[31m.log'") && err(&done).contains("'also-gone'"),
        "{}",
        err(&done)
    );
}

#[test]
fn help_and_version_are_results() {
    let shell = Shell::new();
    for args in [
        &["--help"][..],
        &["--version"],
        &["diagnose", "--help"],
        &["rules", "lint", "-h"],
    ] {
        let done = shell.run(args);
        assert_eq!(code(&done), 0, "{args:?}");
        assert!(
            !done.stdout.is_empty() && done.stderr.is_empty() && !out(&done).contains('\u{1b}'),
            "{args:?}"
        );
    }
}

#[test]
fn nothing_recognised_is_not_healthy() {
    let shell = Shell::new();
    shell.file("notes.txt", "buy milk\nand bread\n");
    let done = shell.run(&["diagnose", "notes.txt"]);
    assert_eq!(code(&done), 3, "{}", err(&done));
    assert!(
        out(&done).starts_with("NOTHING RECOGNISED\n"),
        "{}",
        out(&done)
    );
    assert_eq!(err(&done), "");
    let korean = shell.run(&["diagnose", "notes.txt", "--lang", "ko"]);
    assert!(
        out(&korean).contains("notes.txt") && !out(&korean).contains("NOTHING"),
        "{}",
        out(&korean)
    );
    assert_eq!(
        code(&shell.run(&["diagnose", "notes.txt", "--fail-on", "never"])),
        3
    );
}

#[test]
fn standard_input_is_read() {
    let shell = Shell::new();
    let mut child = shell
        .command(&["diagnose", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"nothing known\n")
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(code(&done), 3, "{}", err(&done));
}

#[test]
fn json_is_one_value_without_colour_or_noise() {
    let shell = Shell::new();
    shell.file("notes.txt", "buy milk\n");
    let done = shell.run(&["diagnose", "notes.txt", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["schema"], "clusterdx.report/1");
    assert_eq!(report["coverage"][0]["origin"], "notes.txt");
    assert_eq!(report["coverage"][0]["format"], "unrecognised");
}

#[test]
fn the_report_goes_to_a_file_or_the_run_fails() {
    let shell = Shell::new();
    let notes = shell.file("in/notes.txt", "buy milk\n");
    let done = shell.run(&["diagnose", "in", "--output", "report.txt"]);
    assert_eq!(
        (code(&done), out(&done).as_str()),
        (3, ""),
        "{}",
        err(&done)
    );
    assert!(
        fs::read_to_string(shell.path().join("report.txt"))
            .unwrap()
            .starts_with("NOTHING RECOGNISED")
    );
    for place in [
        "no/such/folder/report.txt",
        "in",
        "in/notes.txt/report.txt",
        "in/notes.txt/",
    ] {
        trouble(&shell.run(&["diagnose", "in", "--output", place]));
    }
    trouble(&shell.run(&["diagnose", "in/notes.txt", "--output", "in/notes.txt"]));
    assert_eq!(
        fs::read_to_string(notes).unwrap(),
        "buy milk\n",
        "an input is never overwritten"
    );
    let names: Vec<_> = fs::read_dir(shell.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 2, "nothing else is left: {names:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_not() {
    let shell = Shell::new();
    shell.file("notes.txt", "buy milk\n");
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    for args in [
        &["diagnose", "notes.txt"][..],
        &["rules", "list"],
        &["man"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let done = shell.command(args).stdout(full()).output().unwrap();
        trouble(&done);
    }
    trouble(&shell.run(&["diagnose", "notes.txt", "--output", "/dev/full"]));
    // the reader leaves before the first byte
    for args in [&["diagnose", "notes.txt"][..], &["rules", "list"], &["man"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = shell
            .command(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!((code(&done), err(&done).as_str()), (0, ""), "{args:?}");
    }
}

#[test]
fn completions_for_every_shell() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let done = shell.run(&["completions", name]);
        assert_eq!(code(&done), 0);
        assert!(
            out(&done).contains("diagnose") && out(&done).contains("fail-on"),
            "{name}"
        );
    }
    trouble(&shell.run(&["completions", "tcsh"]));
}

#[test]
fn the_man_page_is_one_page() {
    let shell = Shell::new();
    let done = shell.run(&["man"]);
    assert_eq!(code(&done), 0);
    assert_eq!(out(&done).matches(".TH ").count(), 1);
    assert!(out(&done).contains("EXIT STATUS"));
}

#[test]
fn explain_answers_to_names_parts_and_says_what_is_near() {
    let shell = Shell::new();
    let by_id = shell.run(&["explain", "CMS.DB.connection-refused"]);
    assert_eq!(code(&by_id), 0, "{}", err(&by_id));
    assert!(out(&by_id).contains("cms.db.connection-refused") && err(&by_id).is_empty());
    let by_part = shell.run(&["explain", "cms.db"]);
    assert_eq!(code(&by_part), 0);
    assert!(out(&by_part).lines().count() > 3, "{}", out(&by_part));
    let near = shell.run(&["explain", "cms.db.conection-refused"]);
    assert_eq!((code(&near), out(&near).as_str()), (1, ""));
    assert!(
        err(&near).contains("did you mean 'cms.db.connection-refused'"),
        "{}",
        err(&near)
    );
    let nothing = shell.run(&["explain", "zzzzzz\x1b[2J"]);
    assert_eq!(code(&nothing), 1);
    assert!(!err(&nothing).contains('\u{1b}'));
    trouble(&shell.run(&["explain"]));
}

#[test]
fn rules_are_listed_and_wrong_ones_are_all_named() {
    let shell = Shell::new();
    let list = shell.run(&["rules", "list"]);
    assert_eq!(code(&list), 0, "{}", err(&list));
    assert!(
        out(&list)
            .lines()
            .any(|line| line.starts_with("cms.db.connection-refused ")),
        "{}",
        out(&list)
    );
    shell.file(
        "rules/faults/a.yaml",
        "id: x.y\nproduct: cms\nseverty: error\n",
    );
    shell.file("rules/faults/b.yaml", "id: [unclosed\n");
    shell.file("notes.txt", "buy milk\n");
    let lint = shell.run(&["rules", "lint", "--rules", "rules"]);
    assert_eq!(code(&lint), 1, "{}", err(&lint));
    assert!(
        out(&lint).contains("a.yaml:") && out(&lint).contains("b.yaml:"),
        "{}",
        out(&lint)
    );
    let diagnose = shell.run(&["diagnose", "notes.txt", "--rules", "rules"]);
    trouble(&diagnose);
    assert!(
        err(&diagnose).contains("a.yaml:") && err(&diagnose).contains("b.yaml:"),
        "{}",
        err(&diagnose)
    );
    trouble(&shell.run(&["rules", "lint", "--rules", "nowhere"]));
    trouble(&shell.run(&["rules", "test"]));
    trouble(&shell.run(&["rules", "polish"]));
}

/// Waits until the program catches Ctrl-C, sends it, and returns.
#[cfg(target_os = "linux")]
fn interrupt(child: &std::process::Child) {
    let caught = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap_or("0");
        u64::from_str_radix(mask.trim(), 16).unwrap_or(0) & 0b10 != 0
    };
    let started = std::time::Instant::now();
    while !caught() && started.elapsed().as_secs() < 20 {
        std::thread::yield_now();
    }
    let done = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// Waits for the program's answer to the first Ctrl-C.
#[cfg(target_os = "linux")]
fn answered(child: &mut std::process::Child) {
    use std::io::Read as _;

    let mut answer = [0; 12];
    child
        .stderr
        .as_mut()
        .unwrap()
        .read_exact(&mut answer)
        .unwrap();
    assert_eq!(&answer, b"interrupted:");
}

#[cfg(target_os = "linux")]
fn waiting_for_input(shell: &Shell) -> std::process::Child {
    let mut command = shell.command(&["diagnose", "-"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn the_first_ctrl_c_prints_what_was_read() {
    let shell = Shell::new();
    let mut child = waiting_for_input(&shell);
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"nothing known\n")
        .unwrap();
    interrupt(&child);
    answered(&mut child);
    // it does not wait for the rest of what somebody may still write
    let _still_open = child.stdin.take();
    let done = child.wait_with_output().unwrap();
    assert_eq!(code(&done), 130, "{}", err(&done));
    let text = out(&done);
    assert!(text.contains("reading was interrupted"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_the_waiting_for_a_named_pipe() {
    let shell = Shell::new();
    let pipe = shell.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut command = shell.command(&["diagnose", "pipe"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    interrupt(&child);
    let done = child.wait_with_output().unwrap();
    assert_eq!(code(&done), 130, "{}", err(&done));
    let text = out(&done);
    assert!(text.contains("nothing came before"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_second_ctrl_c_ends_the_program() {
    let shell = Shell::new();
    // more text than a pipe holds, and nobody reads it
    for nth in 0..2000 {
        shell.file(
            &format!("logs/a rather long name of a file {nth}.txt"),
            "x\n",
        );
    }
    let mut command = shell.command(&["diagnose", "logs", "--format", "json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    interrupt(&child);
    // otherwise the two could become one
    answered(&mut child);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
