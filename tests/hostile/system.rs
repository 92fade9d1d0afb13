//! Files and streams that are not what they seem, and outputs that take nothing.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::child::{Folder, good_log};

#[test]
fn a_file_that_grows_or_shrinks_is_read_as_far_as_it_goes() {
    let folder = Folder::with_good_log();
    let grows = folder.file("grows.txt", good_log());
    let shrinks = folder.file("shrinks.txt", good_log().repeat(200));
    let over = Arc::new(AtomicBool::new(false));
    let writer = thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let mut add = OpenOptions::new().append(true).open(grows).unwrap();
            let mut left = fs::metadata(&shrinks).unwrap().len();
            while !over.load(Ordering::Relaxed) {
                add.write_all(b"2020-08-12T20:57:43.000+00:00 expc01 tvcs: on\n")
                    .unwrap();
                left = left.saturating_sub(4096);
                let file = OpenOptions::new().write(true).open(&shrinks).unwrap();
                file.set_len(left).unwrap();
            }
        }
    });
    let ran = folder.diagnose();
    over.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    ran.has_the_good_logs_fault();
}

#[test]
fn devices_without_an_end_are_left_soon() {
    let folder = Folder::with_good_log();
    for device in ["/dev/zero", "/dev/urandom"] {
        let ran = folder.run(&["diagnose", device, "good.txt", "--format", "json"]);
        ran.has_the_good_logs_fault();
    }
    let null = folder.run(&["diagnose", "/dev/null"]);
    assert_eq!(null.code, Some(3));
}

fn pipe(folder: &Folder) -> std::path::PathBuf {
    let path = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    path
}

#[test]
fn a_pipe_that_is_named_is_read() {
    let folder = Folder::new();
    let path = pipe(&folder);
    let writer = thread::spawn(move || fs::write(path, good_log()).unwrap());
    folder
        .run(&["diagnose", "pipe", "--format", "json"])
        .has_the_good_logs_fault();
    writer.join().unwrap();
}

/// Waiting is right, but not in silence; the user can end it.
#[test]
fn a_pipe_without_a_writer_is_waited_for_and_told() {
    let folder = Folder::new();
    let path = pipe(&folder);
    let mut command = folder.command(&["diagnose", "pipe"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = vec![0; 20];
    child
        .stderr
        .as_mut()
        .unwrap()
        .read_exact(&mut said)
        .unwrap();
    assert!(child.try_wait().unwrap().is_none());
    // somebody comes and says nothing
    drop(OpenOptions::new().write(true).open(path).unwrap());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let mut rest = String::new();
    child.stderr.unwrap().read_to_string(&mut rest).unwrap();
    let all = String::from_utf8(said).unwrap() + &rest;
    assert_eq!(
        all,
        "waiting for somebody to write to the named pipe 'pipe'\n"
    );
}

#[test]
fn a_report_that_cannot_be_written_is_told() {
    let folder = Folder::with_good_log();
    if fs::metadata("/dev/full").is_ok() {
        for format in ["text", "json"] {
            let mut command = folder.command(&["diagnose", "good.txt", "--format", format]);
            command.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
            let done = command.stderr(Stdio::piped()).output().unwrap();
            let said = String::from_utf8(done.stderr).unwrap();
            assert_eq!(done.status.code(), Some(2), "{said}");
            assert!(said.starts_with("error: "), "{said}");
        }
    }
    let ran = folder.run(&["diagnose", "good.txt", "--output", "missing/report.txt"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
}

#[test]
fn a_closed_pipe_is_success() {
    let folder = Folder::with_good_log();
    for format in ["text", "json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = folder.command(&["diagnose", "good.txt", "--format", format]);
        let done = command
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(done.stderr).unwrap(), "");
        assert_eq!(done.status.code(), Some(0));
    }
    // standard output that is not even open
    let shell = Command::new("sh")
        .args([
            "-c",
            "exec \"$0\" diagnose good.txt >&-",
            env!("CARGO_BIN_EXE_clusterdx"),
        ])
        .current_dir(folder.path())
        .stderr(File::create(folder.path().join("err")).unwrap())
        .status()
        .unwrap();
    assert!(matches!(shell.code(), Some(0..=2)), "{shell:?}");
}
