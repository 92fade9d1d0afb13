//! Captures of faults that were made on purpose, and the logs of client and server of the same
//! runs, where they are at hand (`CLUSTERDX_CORPUS`): each gives its one true root cause, alone
//! and together, and logs that agree make it certain. Nothing of them is kept in the project.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, say why it skips and be told where to look"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// For each run: its name, the cause by packets alone, with the client's words, with the server's
/// log, and with everything; empty where it is healthy or there is no such text.
const RUNS: &[(&str, [&str; 4])] = &[
    ("01a-ok-tls12", HEALTHY),
    ("01b-ok-tls13", HEALTHY),
    ("01d-ok-tls12-any", HEALTHY),
    ("01e-ok-tls12-snap96", HEALTHY),
    ("01f-ok-two-ifaces", HEALTHY),
    // the server's log says only that it was stopped
    (
        "02-refused",
        ["net.tcp.refused", REFUSED, "net.tcp.refused", REFUSED],
    ),
    ("03-syn-drop-router", ["net.tcp.no-answer"; 4]),
    ("05-icmp-admin-prohibited", ["net.icmp.prohibited"; 4]),
    (
        "06-server-cert-expired-tls12",
        with_logs("net.tls.certificate-expired", CERTIFICATE),
    ),
    (
        "06-server-cert-expired-tls13",
        with_logs("net.tls.certificate-expired", CERTIFICATE),
    ),
    (
        "08-unknown-ca-on-client-tls12",
        with_logs("net.tls.unknown-ca", CERTIFICATE),
    ),
    (
        "10-client-cn-wrong-tls12",
        with_logs(INSIDE, "postgresql.connection.authentication-failed"),
    ),
    (
        "11-no-hba-entry-plain",
        with_logs("net.pg.no-hba-entry", "postgresql.connection.no-hba-entry"),
    ),
    // the server logs that somebody came, and no more
    ("12-server-no-ssl", ["net.pg.tls-refused"; 4]),
    (
        "13-too-many-clients-plain",
        with_logs(
            "net.pg.too-many-connections",
            "postgresql.connection.too-many-connections",
        ),
    ),
    (
        "14a-shutting-down",
        with_logs("net.pg.shutting-down", NOT_READY),
    ),
    ("14d-starting-up", with_logs("net.pg.not-ready", NOT_READY)),
    ("16-rtt120", HEALTHY),
    ("18a-stream-ok-plain", HEALTHY),
    (
        "18b-missing-slot",
        with_logs(
            "net.pg.replication-refused",
            "postgresql.replication.slot-missing",
        ),
    ),
    ("19a-silent-cut", ["net.tcp.stalled"; 4]),
    ("20a-7400-mtls-ok", HEALTHY),
    ("20f-8443-bad-ca", ["net.tls.unknown-ca"; 4]),
];
const HEALTHY: [&str; 4] = [""; 4];
const REFUSED: &str = "postgresql.connection.refused";
const CERTIFICATE: &str = "postgresql.certificate.rejected";
const NOT_READY: &str = "postgresql.connection.not-ready";
const INSIDE: &str = "net.pg.rejected-inside-tls";

/// Packets that do not tell all: how sure they make it alone.
const ALONE: &[(&str, &str)] = &[
    ("03-syn-drop-router", "possible"),
    ("10-client-cn-wrong-tls12", "likely"),
];

const fn with_logs(packets: &'static str, logs: &'static str) -> [&'static str; 4] {
    [packets, logs, logs, logs]
}

/// The folder of the runs; a test that gets none has said that it skips.
fn made() -> Option<PathBuf> {
    let named = std::env::var_os("CLUSTERDX_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = named.unwrap_or_else(beside).join("captures/made");
    if !folder.join("TRUTH.tsv").is_file() {
        println!("skipped: CLUSTERDX_CORPUS names no folder with captures that were made");
        return None;
    }
    Some(folder)
}

/// What a report says.
struct Said {
    verdicts: BTreeSet<String>,
    /// Root causes with how sure each is.
    causes: BTreeSet<(String, String)>,
    /// Every fault with how sure it is, symptoms among them.
    all: BTreeSet<(String, String)>,
}

fn diagnose(files: &[PathBuf]) -> Said {
    let run = Command::new(env!("CARGO_BIN_EXE_clusterdx"))
        .args(["diagnose", "--format", "json"])
        .args(files)
        .output()
        .expect("the program runs");
    let report: serde_json::Value =
        serde_json::from_slice(&run.stdout).unwrap_or_else(|e| panic!("{files:?}: {e}"));
    let clusters = report["clusters"].as_array().cloned().unwrap_or_default();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let diagnoses = || {
        let all = clusters.iter().map(|cluster| &cluster["diagnoses"]);
        all.filter_map(serde_json::Value::as_array).flatten()
    };
    let pair = |d: &serde_json::Value| (word(&d["fault"]), word(&d["confidence"]));
    Said {
        verdicts: clusters.iter().map(|c| word(&c["verdict"])).collect(),
        causes: diagnoses()
            .filter(|d| d["role"] == "cause")
            .map(pair)
            .collect(),
        all: diagnoses().map(pair).collect(),
    }
}

/// The report of some files names this cause and no other, and is this sure; nothing at all for a
/// healthy run.
fn names_only(files: &[PathBuf], cause: &str, confidence: &str) -> Said {
    let said = diagnose(files);
    let wanted: BTreeSet<(String, String)> = match cause {
        "" => BTreeSet::new(),
        cause => [(cause.to_owned(), confidence.to_owned())].into(),
    };
    assert_eq!(said.causes, wanted, "{files:?}");
    if cause.is_empty() {
        assert!(said.all.is_empty(), "{files:?}: {:?}", said.all);
        assert_eq!(said.verdicts, ["healthy".to_owned()].into(), "{files:?}");
    }
    said
}

struct Run {
    captures: Vec<PathBuf>,
    client: Option<PathBuf>,
    server: Option<PathBuf>,
}

fn run_of(folder: &Path, name: &str) -> Run {
    let there = |path: PathBuf| path.is_file().then_some(path);
    let sides = ["C.pcap", "C.pcapng", "S.pcap"];
    let captures = sides.map(|end| there(folder.join(format!("{name}.{end}"))));
    Run {
        captures: captures.into_iter().flatten().collect(),
        client: there(folder.join(format!("out/{name}.client.txt"))),
        server: there(folder.join(format!("out/{name}.server.log"))),
    }
}

#[test]
fn every_capture_of_the_truth_has_a_row() {
    let Some(folder) = made() else { return };
    let truth = std::fs::read_to_string(folder.join("TRUTH.tsv")).unwrap();
    let named = |line: &str| line.split('.').next().unwrap_or_default().to_owned();
    let wanted: BTreeSet<String> = truth.lines().skip(1).map(named).collect();
    let rows: BTreeSet<String> = RUNS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(rows, wanted);
    // and what is healthy there is healthy here
    for line in truth.lines().skip(1) {
        let cause = line.split('\t').nth(3).unwrap_or_default();
        let (_, causes) = RUNS.iter().find(|(name, _)| *name == named(line)).unwrap();
        let healthy = cause.starts_with("none") || named(line) == "16-rtt120";
        assert_eq!(causes[0].is_empty(), healthy, "{line}");
    }
}

#[test]
fn packets_alone_give_the_true_cause() {
    let Some(folder) = made() else { return };
    for (name, causes) in RUNS {
        let run = run_of(&folder, name);
        let alone = ALONE.iter().find(|(run, _)| run == name);
        names_only(
            &run.captures[..1],
            causes[0],
            alone.map_or("certain", |(_, sure)| sure),
        );
    }
}

#[test]
fn packets_and_the_clients_words_make_it_certain() {
    let Some(folder) = made() else { return };
    for (name, causes) in RUNS {
        let run = run_of(&folder, name);
        let Some(client) = run.client else { continue };
        let said = names_only(&[run.captures[0].clone(), client], causes[1], "certain");
        symptom_is_certain(&said, causes);
    }
}

#[test]
fn packets_and_the_servers_log_make_it_certain() {
    let Some(folder) = made() else { return };
    for (name, causes) in RUNS {
        let run = run_of(&folder, name);
        let Some(server) = run.server else { continue };
        let said = names_only(&[run.captures[0].clone(), server], causes[2], "certain");
        symptom_is_certain(&said, causes);
    }
}

#[test]
fn both_sides_and_every_log_together_name_one_cause() {
    let Some(folder) = made() else { return };
    for (name, causes) in RUNS {
        let run = run_of(&folder, name);
        let logs = run.client.iter().chain(&run.server).cloned();
        let files: Vec<PathBuf> = run.captures.iter().cloned().chain(logs).collect();
        let said = names_only(&files, causes[3], "certain");
        symptom_is_certain(&said, causes);
        if run.captures.len() > 1 {
            let alone = ALONE.iter().any(|(run, _)| run == name);
            let sure = if alone { "likely" } else { "certain" };
            names_only_or_surer(&run.captures, causes[0], sure);
        }
    }
}

/// What packets show stays told, and is certain, where a log gives its reason.
fn symptom_is_certain(said: &Said, causes: &[&str; 4]) {
    if !causes[0].is_empty() {
        let wanted = (causes[0].to_owned(), "certain".to_owned());
        assert!(said.all.contains(&wanted), "{wanted:?} in {:?}", said.all);
    }
}

/// Two captures are at least as sure as this.
fn names_only_or_surer(files: &[PathBuf], cause: &str, least: &str) {
    let said = diagnose(files);
    let causes: BTreeSet<&str> = said
        .causes
        .iter()
        .map(|(fault, _)| fault.as_str())
        .collect();
    assert_eq!(
        causes,
        [cause].into_iter().filter(|c| !c.is_empty()).collect(),
        "{files:?}"
    );
    let sure = |(_, confidence): &(String, String)| confidence == "certain" || confidence == least;
    assert!(said.causes.iter().all(sure), "{files:?}: {:?}", said.causes);
}
