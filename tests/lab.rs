//! Simulated clusters: stock OpenSSH logs in to them, and what they write is what a diagnosis reads.

#![cfg(feature = "lab")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use clusterdx::lab::{Lab, LabNode, LabOptions, scenario};
use tempfile::TempDir;

/// A lab with a folder for the client.
struct Bench {
    lab: Lab,
    folder: TempDir,
}

fn bench(name: &str, options: &LabOptions) -> Bench {
    let lab = Lab::start(scenario(name).expect("a scenario"), options).expect("a lab");
    let folder = TempDir::new().expect("a folder");
    lab.write_inventory(folder.path()).expect("an inventory");
    answer(folder.path(), lab.password());
    Bench { lab, folder }
}

fn fast() -> LabOptions {
    LabOptions {
        time_scale: 1000.0,
        ..LabOptions::default()
    }
}

/// Writes the program that ssh asks for the password.
fn answer(folder: &Path, password: &str) {
    let program = folder.join("askpass");
    fs::write(&program, format!("#!/bin/sh\necho '{password}'\n")).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("a mode");
}

impl Bench {
    fn node(&self, name: &str) -> &LabNode {
        let mut nodes = self.lab.nodes().iter();
        nodes.find(|node| node.name == name).expect("a node")
    }

    /// ssh to a node, with a terminal on its side, as the agent uses it.
    fn ssh(&self, name: &str, more: &[&str]) -> Command {
        let mut ssh = Command::new("ssh");
        let known = self.folder.path().join("known_hosts");
        ssh.args(["-tt", "-F", "none", "-o", "LogLevel=ERROR"])
            .args(["-o", "NumberOfPasswordPrompts=1"])
            .args(["-o", "StrictHostKeyChecking=yes"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", known.display()))
            .args(["-o", "GlobalKnownHostsFile=none"])
            .args(["-p", &self.node(name).port.to_string()])
            .args(more)
            .arg("admin@127.0.0.1")
            .env("SSH_ASKPASS", self.folder.path().join("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        ssh
    }

    /// What a node says to lines that are typed at once.
    fn say(&self, name: &str, lines: &[&str]) -> Output {
        let mut child = self.ssh(name, &[]).spawn().expect("ssh");
        type_in(&mut child, lines);
        child.wait_with_output().expect("an end")
    }
}

fn type_in(child: &mut Child, lines: &[&str]) {
    let mut input = child.stdin.take().expect("an input");
    let text: String = lines.iter().map(|line| format!("{line}\r")).collect();
    input.write_all(text.as_bytes()).expect("typed");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// True where tests of ssh can run.
fn has_ssh() -> bool {
    let found = Command::new("ssh").arg("-V").output().is_ok();
    if !found {
        println!("skipped: there is no ssh");
    }
    found
}

#[test]
fn stock_ssh_logs_in_by_password_and_runs_a_command() {
    if !has_ssh() {
        return;
    }
    let bench = bench("cms-schema-upgrade", &fast());
    let only = "PreferredAuthentications=password";
    for more in [&["-o", only][..], &[]] {
        let mut child = bench.ssh("cms1", more).spawn().expect("ssh");
        type_in(&mut child, &["database cluster status", "exit"]);
        let said = child.wait_with_output().expect("an end");
        let shown = text(&said.stdout);
        assert!(said.status.success(), "{shown}{}", text(&said.stderr));
        assert!(
            shown.contains("cms1> database cluster status\r\n"),
            "{shown}"
        );
        assert!(shown.contains("10.48.54.75 (me)"), "{shown}");
    }
}
