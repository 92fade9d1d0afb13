//! The engines anywhere: a real PostgreSQL pair that is broken on purpose, in every form of its
//! log, and logs of others where they are at hand (`CLUSTERDX_CORPUS`); nothing of those is kept in
//! the project.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, say why it skips and be told where to look"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_clusterdx");

/// What a diagnosis of some files says.
struct Told {
    verdicts: Vec<String>,
    /// `fault node peer`, of open incidents at warning or above.
    open: BTreeSet<String>,
    /// The same, of those that are over or only worth a note.
    quiet: BTreeSet<String>,
}

fn diagnose(paths: &[PathBuf]) -> Told {
    let output = Command::new(PROGRAM)
        .args(["diagnose", "--format", "json"])
        .args(paths)
        .env("LC_ALL", "C")
        .output()
        .expect("it runs");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let clusters = report["clusters"].as_array().expect("clusters");
    let mut told = Told {
        verdicts: clusters
            .iter()
            .map(|known| known["verdict"].as_str().expect("a word").to_owned())
            .collect(),
        open: BTreeSet::new(),
        quiet: BTreeSet::new(),
    };
    let diagnoses = clusters
        .iter()
        .flat_map(|known| known["diagnoses"].as_array().expect("diagnoses"));
    for one in diagnoses {
        let word = |name: &str| one[name].as_str().unwrap_or("-").to_owned();
        let line = format!("{} {} {}", word("fault"), word("node"), word("peer"));
        let open = one["cleared"] == false && word("severity") != "info";
        if open {
            &mut told.open
        } else {
            &mut told.quiet
        }
        .insert(line);
    }
    told
}

/// A folder of the corpus; a test that gets none has said that it skips.
fn corpus(part: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CLUSTERDX_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = named.unwrap_or_else(beside).join(part);
    if !folder.exists() {
        eprintln!("skipped: CLUSTERDX_CORPUS names no folder with {part}");
        return None;
    }
    Some(folder)
}

/// Lets a script make its logs; `None` when it has said that it cannot here.
fn made(script: &str, folder: &Path) -> Option<()> {
    let output = Command::new(script).arg(folder).output().expect("it runs");
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        eprintln!("skipped: {}", words.trim_end());
        return None;
    }
    assert!(output.status.success(), "{words}");
    Some(())
}

/// Phases of `tests/net/replication`: what the log of the primary and that of the standby prove
/// that is open at the end, and what both together leave as causes or symptoms.
const PHASES: &[(&str, &[&str], &[&str])] = &[
    ("healthy", &[], &[]),
    (
        "slot-missing",
        &["postgresql.replication.slot-missing 192.0.2.10 -"],
        &["postgresql.replication.slot-missing - -"],
    ),
    (
        "certificate-of-another-authority",
        &["postgresql.certificate.rejected 192.0.2.10 -"],
        &["postgresql.replication.broken - 198.51.100.10"],
    ),
    (
        "certificate-of-another-name",
        &["postgresql.connection.authentication-failed 192.0.2.10 -"],
        &[
            "postgresql.connection.authentication-failed - -",
            "postgresql.replication.broken - 198.51.100.10",
        ],
    ),
    (
        "cut-off-lasting",
        &["postgresql.replication.lagging 192.0.2.10 -"],
        &["postgresql.replication.broken - -"],
    ),
    ("cut-off", &[], &[]),
    (
        "segment-removed",
        &["postgresql.replication.broken - -"],
        &["postgresql.replication.broken - -"],
    ),
    (
        "timelines-parted",
        &[],
        &["postgresql.replication.broken - -"],
    ),
];

#[test]
fn every_phase_of_a_real_pair_is_named_in_every_form_of_its_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(()) = made("tests/net/replication", folder.path()) else {
        return;
    };
    for (phase, primary, standby) in PHASES {
        let folder = folder.path().join(phase);
        let mut forms = 0;
        for form in ["log", "csv", "json"] {
            for (server, wanted) in [("primary", primary), ("standby", standby)] {
                let file = folder.join(format!("{server}.{form}"));
                // a server before release 15 has no objects
                if !file.exists() {
                    continue;
                }
                forms += 1;
                let told = diagnose(std::slice::from_ref(&file));
                let wanted: BTreeSet<String> = wanted.iter().map(|one| (*one).to_owned()).collect();
                let log = fs::read_to_string(&file).unwrap_or_default();
                assert_eq!(told.open, wanted, "{phase} {server}.{form}\n{log}");
                let verdict = if wanted.is_empty() {
                    "healthy"
                } else {
                    "faulty"
                };
                assert_eq!(told.verdicts, [verdict], "{phase} {server}.{form}\n{log}");
            }
        }
        assert!(forms >= 4, "{phase}");
    }
    // what was cut off and came back is told, but over
    let told = diagnose(&[folder.path().join("cut-off")]);
    assert_eq!(told.quiet.len(), 2, "{:?}", told.quiet);
}

/// Phases of `tests/net/mnesia`: the fault that is open at the end of each side's log.
const SPLIT: &[(&str, Option<&str>)] = &[
    ("joined", None),
    ("restarted", None),
    ("cut", Some("mnesia.node-down")),
    ("partitioned", Some("mnesia.partitioned")),
    ("joined-again", None),
];

#[test]
fn a_real_database_that_is_cut_in_half_is_named_by_both_sides() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(()) = made("tests/net/mnesia", folder.path()) else {
        return;
    };
    for (phase, wanted) in SPLIT {
        let folder = folder.path().join(phase);
        let sides = ["server.log", "client.log"].map(|name| folder.join(name));
        for files in [&sides[..1], &sides[1..], &sides[..]] {
            let told = diagnose(files);
            let logs: Vec<String> = files
                .iter()
                .map(|f| fs::read_to_string(f).unwrap_or_default())
                .collect();
            match wanted {
                None => assert!(told.open.is_empty(), "{phase} {:?}\n{logs:?}", told.open),
                Some(fault) => assert!(
                    told.open.iter().any(|line| line.starts_with(fault)),
                    "{phase} {:?}\n{logs:?}",
                    told.open
                ),
            }
        }
    }
    // each names the other
    let told = diagnose(&[folder.path().join("partitioned")]);
    for (node, peer) in [
        ("198.51.100.10", "192.0.2.10"),
        ("192.0.2.10", "198.51.100.10"),
    ] {
        let line = format!("mnesia.partitioned cdb@{node} cdb@{peer}");
        assert!(told.open.contains(&line), "{:?}", told.open);
    }
}

#[test]
fn the_logs_of_a_pair_by_somebody_else_are_named() {
    let Some(folder) = corpus("logs/postgresql/streaming") else {
        return;
    };
    let standby = diagnose(&[folder.join("standby.log")]);
    assert_eq!(standby.verdicts, ["healthy"]);
    assert!(
        standby
            .quiet
            .contains("postgresql.replication.broken - 10.98.1.1"),
        "{:?}",
        standby.quiet
    );
    // refused clients that nobody let in later; a stop and its consequences are none
    let primary = diagnose(&[folder.join("primary.log")]);
    let wanted = ["postgresql.certificate.rejected 10.98.1.2 -".to_owned()];
    assert_eq!(primary.open, BTreeSet::from(wanted), "{:?}", primary.quiet);
    for fault in [
        "postgresql.connection.authentication-failed",
        "postgresql.connection.no-hba-entry",
        "postgresql.replication.lagging",
    ] {
        let line = format!("{fault} 10.98.1.2 -");
        assert!(primary.quiet.contains(&line), "{line}");
    }
}

#[test]
fn ordinary_logs_of_postgresql_prove_nothing() {
    let Some(folder) = corpus("logs/postgresql") else {
        return;
    };
    let mut read = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        read += 1;
        let told = diagnose(std::slice::from_ref(&path));
        assert!(told.open.is_empty() && told.quiet.is_empty(), "{path:?}");
        assert_eq!(told.verdicts, ["healthy"], "{path:?}");
    }
    assert!(read > 5, "{read}");
}

#[test]
fn partitions_are_found_where_they_are_and_restarts_are_none() {
    let Some(folder) = corpus("logs/erlang") else {
        return;
    };
    let told = diagnose(&[folder.join("mnesia_events.log")]);
    let nodes = [
        "clusterdb@expc01.apolo.local",
        "clusterdb@expc02.apolo.local",
    ];
    for (node, peer) in [(nodes[0], nodes[1]), (nodes[1], nodes[0])] {
        let line = format!("mnesia.partitioned {node} {peer}");
        assert!(
            told.open.contains(&line) || told.quiet.contains(&line),
            "{line}"
        );
    }
    let products = |line: &String| line.starts_with("mnesia.");
    assert!(
        told.open.iter().chain(&told.quiet).all(products),
        "{:?}",
        told.open
    );
    for name in [
        "hotsos_rabbitmq_healthy.head600.log",
        "hotsos_rabbitmq_restart_5300-5900.log",
    ] {
        let told = diagnose(&[folder.join(name)]);
        assert!(told.open.is_empty(), "{name} {:?}", told.open);
        assert_eq!(told.verdicts, ["healthy"], "{name}");
    }
}

#[test]
fn an_ordinary_syslog_is_nobody_s() {
    let Some(file) = corpus("logs/hotsos_ubuntu_syslog.head2000.log") else {
        return;
    };
    let told = diagnose(&[file]);
    assert!(
        told.open.is_empty() && told.quiet.is_empty(),
        "{:?}",
        told.open
    );
    assert!(told.verdicts.is_empty(), "{:?}", told.verdicts);
}
