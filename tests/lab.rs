//! Simulated clusters: stock OpenSSH logs in to them, and what they write is what a diagnosis reads.

#![cfg(feature = "lab")]
#![allow(
    clippy::print_stderr,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use clusterdx::lab::{Expected, Lab, LabNode, LabOptions, Manner, SCENARIOS, Truth, scenario};
use serde_json::Value;
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
        ssh.args(["-tt", "-F", "none"])
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
    // where nobody gets in, nobody reads
    _ = input.write_all(text.as_bytes());
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// True where tests of ssh can run.
fn has_ssh() -> bool {
    let found = Command::new("ssh").arg("-V").output().is_ok();
    if !found {
        eprintln!("skipped: there is no ssh");
    }
    found
}

/// Asks again until it is so, for at most ten seconds.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..500 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("never: {what}");
}

/// Open incidents that a diagnosis of a folder names as causes, each once.
fn open_causes(folder: &Path) -> Vec<String> {
    let said = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["diagnose", "--format", "json", "--fail-on", "never"])
        .arg(folder)
        .output()
        .expect("a diagnosis");
    let report: Value = serde_json::from_slice(&said.stdout).expect("a report");
    let clusters = report["clusters"].as_array().expect("clusters");
    let incidents = clusters
        .iter()
        .flat_map(|cluster| cluster["diagnoses"].as_array().expect("incidents"));
    let mut open: Vec<String> = incidents
        .filter(|incident| incident["role"] == "cause" && incident["cleared"] == false)
        .map(|incident| incident["fault"].as_str().expect("an id").to_owned())
        .collect();
    open.sort();
    open.dedup();
    open
}

#[test]
fn stock_ssh_logs_in_by_either_method_and_runs_a_command() {
    if !has_ssh() {
        return;
    }
    let bench = bench("cms-schema-upgrade", &fast());
    for method in ["password", "keyboard-interactive"] {
        let only = format!("PreferredAuthentications={method}");
        let mut child = bench.ssh("cms1", &["-o", &only]).spawn().expect("ssh");
        type_in(&mut child, &["database cluster status", "exit"]);
        let said = child.wait_with_output().expect("an end");
        let shown = text(&said.stdout);
        assert!(said.status.success(), "{shown}{}", text(&said.stderr));
        assert!(
            shown.contains("cms1> database cluster status\r\n"),
            "{shown}"
        );
        assert!(shown.contains("10.48.54.75 (me)"), "{shown}");
        assert!(text(&said.stderr).contains("Authorised users only"));
    }
    let sent = bench.lab.sent();
    assert_eq!((sent.len(), sent[0].node.as_str()), (2, "cms1"));
}

#[test]
fn a_wrong_password_and_commands_without_a_session_are_refused() {
    if !has_ssh() {
        return;
    }
    let bench = bench("cms-schema-upgrade", &fast());
    let exec = bench.ssh("cms1", &["-T"]).arg("version").output();
    let exec = exec.expect("an end");
    assert!(!exec.status.success());
    assert!(
        text(&exec.stderr).contains("exec request failed"),
        "{}",
        text(&exec.stderr)
    );
    answer(bench.folder.path(), "something else");
    let said = bench.say("cms1", &["exit"]);
    assert_eq!(said.status.code(), Some(255));
    assert!(
        text(&said.stderr).contains("Permission denied"),
        "{}",
        text(&said.stderr)
    );
}

#[test]
fn two_sessions_see_the_same_cluster() {
    if !has_ssh() {
        return;
    }
    let bench = bench("cms-node-error", &fast());
    let mut first = bench.ssh("cms1", &[]).spawn().expect("ssh");
    let mut shown = BufReader::new(first.stdout.take().expect("an output"));
    let mut line = String::new();
    while !line.contains("is ready") {
        line.clear();
        assert_ne!(shown.read_line(&mut line).expect("a line"), 0);
    }
    // the first session is open while the second one changes what both show
    let second = bench.say("cms2", &["database cluster clear_error", "exit"]);
    assert!(second.status.success());
    type_in(&mut first, &["database cluster status", "exit"]);
    let mut rest = String::new();
    shown.read_to_string(&mut rest).expect("the rest");
    assert!(
        rest.contains("Status                   : Enabled"),
        "{rest}"
    );
    assert!(first.wait().expect("an end").success());
    assert!(bench.lab.truth().repaired);
}

#[test]
fn a_node_that_restarts_hangs_up_and_lets_nobody_in_meanwhile() {
    if !has_ssh() {
        return;
    }
    let slow = LabOptions {
        time_scale: 40.0,
        ..LabOptions::default()
    };
    let bench = bench("cms-schema-upgrade", &slow);
    let mut session = bench.ssh("cms2", &[]).spawn().expect("ssh");
    let mut input = session.stdin.take().expect("an input");
    input.write_all(b"reboot\r").expect("typed");
    assert_eq!(session.wait().expect("an end").code(), Some(255));
    let away = bench.say("cms2", &["exit"]);
    assert!(
        text(&away.stderr).contains("refused"),
        "{}",
        text(&away.stderr)
    );
    let screen = bench.say("cms1", &["database cluster status", "exit"]);
    assert!(
        text(&screen.stdout).contains("Disconnected"),
        "{}",
        text(&screen.stdout)
    );
    until("it is back", || {
        bench.say("cms2", &["exit"]).status.success()
    });
}

#[test]
fn keys_that_are_not_those_of_the_list_are_refused() {
    if !has_ssh() {
        return;
    }
    for (manner, why) in [
        (Manner::ChangedKey, "HOST IDENTIFICATION HAS CHANGED"),
        (Manner::OtherAlgorithm, "Host key verification failed"),
    ] {
        let options = LabOptions {
            manners: vec![("cms1".to_owned(), manner)],
            ..fast()
        };
        let bench = bench("cms-schema-upgrade", &options);
        let said = bench.say("cms1", &["exit"]);
        assert_eq!(said.status.code(), Some(255));
        assert!(text(&said.stderr).contains(why), "{}", text(&said.stderr));
        assert!(bench.say("cms2", &["exit"]).status.success());
    }
}

#[test]
fn a_key_may_change_with_a_restart() {
    if !has_ssh() {
        return;
    }
    let options = LabOptions {
        manners: vec![("cms2".to_owned(), Manner::ChangedKeyAfterRestart)],
        ..fast()
    };
    let bench = bench("cms-schema-upgrade", &options);
    assert!(bench.say("cms2", &["exit"]).status.success());
    bench.say("cms2", &["reboot"]);
    until("another key", || {
        let said = bench.say("cms2", &["exit"]);
        text(&said.stderr).contains("HAS CHANGED")
    });
}

#[test]
fn a_flood_comes_whole() {
    if !has_ssh() {
        return;
    }
    let flood = Manner::Flood {
        command: "version".to_owned(),
        bytes: 3_000_000,
    };
    let options = LabOptions {
        manners: vec![("cms1".to_owned(), flood)],
        ..fast()
    };
    let said = bench("cms-schema-upgrade", &options).say("cms1", &["version", "exit"]);
    assert!(said.status.success());
    assert!(said.stdout.len() > 3_000_000, "{}", said.stdout.len());
}

/// Commands that repair a scenario, node by node; after each the model comes to rest.
fn repair(name: &str) -> &'static [(&'static str, &'static [&'static str])] {
    const UPGRADE: &str = "database cluster upgrade_schema";
    match name {
        "cms-schema-upgrade" => &[("cms1", &["database cluster clear_error", UPGRADE])],
        "cms-schema-upgrade-old-spelling" => {
            &[("cms1", &["database cluster clear error", UPGRADE])]
        }
        "cms-schema-upgrade-on-replica" => &[
            ("cms2", &["database cluster clear_error"]),
            ("cms1", &[UPGRADE]),
        ],
        "cms-node-error" => &[("cms2", &["database cluster clear_error"])],
        "expressway-key-file" => &[("expc01", &["xCommand ForceSystemKeyUpdate"])],
        "expressway-force-config-update" => &[("expc02", &["xCommand ForceConfigUpdate"])],
        "expressway-restart-in-order" => &[
            ("expc01", &["xCommand Restart"]),
            ("expc02", &["xCommand Restart"]),
        ],
        "expressway-restart-separated" => &[
            ("expc01", &["xCommand Restart"]),
            ("expc02", &["xCommand Restart"]),
            ("expc03", &["xCommand Restart"]),
        ],
        "expressway-key-file-alone" => &[("expc01", &["xCommand ForceSystemKeyUpdate"])],
        "expressway-h323-off" => &[("expc01", &["xConfiguration H323 Mode: On"])],
        "expressway-peer-config-missing" => &[("expc02", &["xCommand Restart"])],
        "expressway-database-sync-failed" => &[("expc02", &["xCommand Boot"])],
        "imp-axl-stopped" => &[("imp1b", &["utils service start Cisco AXL Web Service"])],
        "imp-ha-service-down" => &[(
            "imp1a",
            &[
                "utils service start Cisco Presence Engine",
                "utils ha fallback imp1a",
            ],
        )],
        "imp-service-failed" => &[(
            "imp1a",
            &["utils service start Cisco XCP SIP Federation Connection Manager"],
        )],
        "imp-ha-failed-mode" => &[("imp1a", &["utils ha recover DefaultCluster"])],
        "imp-router-restart" => &[("imp1a", &["utils service restart Cisco XCP Router"])],
        "imp-service-stopped" => &[(
            "imp1b",
            &["utils service start Cisco XCP Text Conference Manager"],
        )],
        "imp-ha-fallback" => &[("imp1a", &["utils ha fallback imp1a"])],
        "imp-agent-memory" => &[
            // in one session the second would not wait until the first has started
            ("imp1a", &["utils service restart Cisco SIP Proxy"]),
            (
                "imp1a",
                &["utils service restart Cisco Intercluster Sync Agent"],
            ),
        ],
        "imp-sync-agent" => &[(
            "imp1a",
            &["utils service restart Cisco Intercluster Sync Agent"],
        )],
        _ => &[],
    }
}

#[test]
fn each_name_is_used_once_and_found() {
    let all: Vec<_> = SCENARIOS.iter().flat_map(|of| of.iter()).collect();
    assert!(all.len() >= 15);
    for of in &all {
        let same = all.iter().filter(|other| other.name == of.name).count();
        assert_eq!(
            (same, scenario(of.name).map(|s| s.name)),
            (1, Some(of.name))
        );
        assert!(of.name.starts_with(of.product.as_str()), "{}", of.name);
    }
}

/// What was broken is the one open cause before, and nothing is open after the right commands.
fn proves(product: &str) {
    let all = SCENARIOS.iter().flat_map(|of| of.iter());
    for scenario in all.filter(|s| s.product.as_str() == product) {
        let bench = bench(scenario.name, &fast());
        let before = bench.folder.path().join("before");
        bench.lab.collect(&before).expect("collected");
        let causes = open_causes(&before);
        assert!(
            causes.contains(&scenario.fault.to_owned()),
            "{}: {causes:?}",
            scenario.name
        );
        let Expected::Repaired { fault } = scenario.expected else {
            continue;
        };
        assert_eq!(causes, [fault], "{}", scenario.name);
        if !has_ssh() {
            continue;
        }
        for (node, lines) in repair(scenario.name) {
            let mut lines = lines.to_vec();
            lines.push("exit");
            // a node that restarts may hang up before it has read the end
            bench.say(node, &lines);
            assert!(
                bench.lab.settle(Duration::from_secs(10)),
                "{}",
                scenario.name
            );
        }
        let sent = bench.lab.sent();
        let sent: Vec<&str> = sent.iter().map(|sent| sent.line.as_str()).collect();
        let wanted = repair(scenario.name)
            .iter()
            .flat_map(|(_, lines)| lines.iter());
        assert_eq!(
            sent,
            wanted.copied().collect::<Vec<_>>(),
            "{}",
            scenario.name
        );
        let good = Truth {
            repaired: true,
            harm: Vec::new(),
        };
        assert_eq!(bench.lab.truth(), good, "{}", scenario.name);
        let after = bench.folder.path().join("after");
        bench.lab.collect(&after).expect("collected");
        assert_eq!(
            open_causes(&after),
            Vec::<String>::new(),
            "{}",
            scenario.name
        );
    }
}

#[test]
fn meeting_server_scenarios_are_found_and_their_repair_is_seen() {
    proves("cms");
}

#[test]
fn expressway_scenarios_are_found_and_their_repair_is_seen() {
    proves("expressway");
}

#[test]
fn presence_scenarios_are_found_and_their_repair_is_seen() {
    proves("imp");
}

#[test]
fn swapped_agents_lead_to_other_nodes() {
    let bench = bench("cms-swapped-inventory", &fast());
    let yaml = bench.lab.inventory_yaml();
    let wrong = bench.node("cms2").port;
    assert!(
        yaml.contains(&format!(
            "name: cms1, address: 10.48.54.75, agent: \"ssh://admin@127.0.0.1:{wrong}\""
        )),
        "{yaml}"
    );
}

#[test]
fn the_list_has_one_scenario_a_line() {
    let said = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["lab", "list"])
        .output()
        .expect("a list");
    let shown = text(&said.stdout);
    let names: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let all: Vec<&str> = SCENARIOS
        .iter()
        .flat_map(|of| of.iter())
        .map(|s| s.name)
        .collect();
    assert_eq!(names, all);
}

#[test]
fn a_lab_runs_until_ctrl_c_and_leaves_its_files() {
    let folder = TempDir::new().expect("a folder");
    let mut child = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["lab", "up", "cms", "--speed", "100"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a lab");
    let mut shown = BufReader::new(child.stdout.take().expect("an output"));
    let mut told = String::new();
    while !told.contains("Ctrl-C ends") {
        assert_ne!(shown.read_line(&mut told).expect("a line"), 0, "{told}");
    }
    assert!(
        told.contains("clusterdx diagnose cms-schema-upgrade/collected"),
        "{told}"
    );
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.expect("kill").success());
    assert!(child.wait().expect("an end").success());
    let made = folder.path().join("cms-schema-upgrade");
    for file in [
        "inventory.yaml",
        "known_hosts",
        "collected/cms1/syslog",
        "after/cms1/status.txt",
    ] {
        assert!(made.join(file).is_file(), "{file}");
    }
}

#[test]
fn a_folder_in_use_and_a_scenario_of_another_product_are_refused() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("mine"), "").expect("a file");
    let path = folder.path().display().to_string();
    for (args, why) in [
        (vec!["cms", "--dir", &path], "is not empty"),
        (
            vec!["imp", "--scenario", "cms-two-primaries"],
            "lab up cms --scenario",
        ),
        (
            vec!["cms", "--scenario", "cms-two-primarys"],
            "did you mean 'cms-two-primaries'?",
        ),
    ] {
        let said = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
            .args(["lab", "up"])
            .args(&args)
            .output()
            .expect("an end");
        assert_eq!(said.status.code(), Some(2));
        assert!(text(&said.stderr).contains(why), "{}", text(&said.stderr));
    }
}
