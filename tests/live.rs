//! Live captures: what is found while packets come is what the written file tells afterwards.

#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_clusterdx");

/// The program alone in a folder, and what is to be its helper.
fn alone(folder: &Path, helper: Option<&str>) -> PathBuf {
    let program = folder.join("clusterdx");
    fs::hard_link(PROGRAM, &program)
        .or_else(|_| fs::copy(PROGRAM, &program).map(drop))
        .expect("a copy");
    if let Some(script) = helper {
        let path = folder.join("clusterdx-capture");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it may run");
    }
    program
}

fn capture(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program)
        .arg("capture")
        .args(arguments)
        .env("LC_ALL", "C")
        .env("PATH", "/nowhere")
        .output()
        .expect("it runs")
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn without_the_helper_it_says_where_it_looked() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = alone(folder.path(), None);
    let output = capture(&program, &["-i", "eth0"]);
    assert_eq!(output.status.code(), Some(2));
    let words = words(&output);
    assert!(
        words.starts_with("error: cannot find the capture helper 'clusterdx-capture'\n  cause: "),
        "{words}"
    );
    assert!(words.contains("  help: "), "{words}");
}

#[test]
fn without_privilege_it_says_the_command_that_gives_it_and_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r"printf 'no-privilege\tsocket: Operation not permitted\n' >&2; exit 10";
    let program = alone(folder.path(), Some(script));
    let file = folder.path().join("x.pcapng");
    let name = file.to_str().expect("text");
    let output = capture(&program, &["-i", "eth0", "--write", name]);
    assert_eq!(output.status.code(), Some(2));
    let helper = folder.path().join("clusterdx-capture");
    let help = format!("sudo setcap cap_net_raw=ep {}\n", helper.display());
    let words = words(&output);
    assert!(
        words.contains("cause: socket: Operation not permitted\n") && words.contains(&help),
        "{words}"
    );
    assert!(!file.exists());
}

#[test]
fn an_unknown_interface_is_answered_with_those_that_are_near() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"if [ "$1" = --list ]; then printf 'eth0\t192.0.2.1\tup\neth1\t\tdown\n'; exit 0; fi
printf 'no-interface\tNo such device exists\n' >&2; exit 11"#;
    let program = alone(folder.path(), Some(script));
    let output = capture(&program, &["-i", "eht0"]);
    let words = words(&output);
    assert_eq!(output.status.code(), Some(2), "{words}");
    assert!(words.contains("cannot capture on 'eht0'"), "{words}");
    let output = capture(&program, &["--list"]);
    assert_eq!(output.stdout, b"eth0  192.0.2.1\n");
}

#[test]
fn a_capture_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = alone(folder.path(), Some("exit 0"));
    let file = folder.path().join("x.pcapng");
    fs::write(&file, "mine").expect("a file");
    let output = capture(
        &program,
        &["-i", "eth0", "--write", file.to_str().expect("text")],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(words(&output).contains("never overwritten"));
    assert_eq!(fs::read(&file).expect("it is there"), b"mine");
}

/// What a report says, without where the evidence stands: a live capture has another name.
fn incidents(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    let clusters = report["clusters"].as_array().expect("clusters").iter();
    let diagnoses = clusters.flat_map(|known| known["diagnoses"].as_array().expect("diagnoses"));
    let told = diagnoses.map(|known| {
        let parts = [
            "fault",
            "node",
            "peer",
            "role",
            "severity",
            "confidence",
            "count",
            "first_seen",
            "last_seen",
        ];
        let parts: Vec<String> = parts.iter().map(|part| known[part].to_string()).collect();
        parts.join(" ")
    });
    told.collect()
}

#[test]
fn real_faults_are_found_live_as_in_the_file() {
    found_live_as_in_the_file(&[
        ("refused", "net.tcp.refused"),
        ("syn-dropped", "net.tcp.no-answer"),
        ("answers-dropped", "net.tcp.no-answer"),
        ("reset-in-session", "net.tcp.reset"),
        ("ca-unknown-to-client-tls12", "net.tls.unknown-ca"),
    ]);
}

/// Two nodes that write to each other, and a router that drops everything between them.
#[test]
fn a_database_cut_in_half_is_found_live_as_in_the_file() {
    found_live_as_in_the_file(&[("mnesia-cut-in-half", "net.tcp.stalled")]);
}

/// Runs cases of `tests/net/cases.sh` while `clusterdx capture` looks on.
fn found_live_as_in_the_file(cases: &[(&str, &str)]) {
    if !Path::new(PROGRAM)
        .with_file_name("clusterdx-capture")
        .exists()
    {
        eprintln!("skipped: the capture helper is not built (feature 'capture')");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("tests/net/live")
        .args([Path::new(PROGRAM), folder.path()])
        .args(cases.iter().map(|(case, _)| case))
        .output()
        .expect("it runs");
    let words = words(&output);
    if output.status.code() == Some(77) {
        eprintln!("skipped: {}", words.trim_end());
        return;
    }
    assert!(output.status.success(), "{words}");
    for (case, fault) in cases {
        let live = incidents(&folder.path().join(format!("{case}.live.json")));
        let file = incidents(&folder.path().join(format!("{case}.file.json")));
        assert_eq!(live, file, "{case}: {words}");
        assert!(
            live.iter().any(|told| told.contains(fault)),
            "{case}: {live:?}"
        );
    }
}
