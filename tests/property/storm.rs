//! A storm of records stays bounded and hides nothing: what is kept, what is concluded and what
//! is reported has limits, and a peer that is lost in the middle of it is still found.

use std::fmt::Write as _;
use std::fs;

use clusterdx::detect::runs::Budget;
use clusterdx::model::report::ReadStatus;
use clusterdx::pipeline::{Engine, Options};

use super::bench::{Dice, Outcome, all_samples, run, table, text};

/// Alarms of a few nodes.
const LINES: usize = 20_000;
/// Records of 2,000 nodes.
const NAMED: usize = 6_000;

/// A tenth of what users get, so that a tenth of the records is a storm.
fn budget() -> Budget {
    let whole = Budget::default();
    Budget {
        text_bytes: whole.text_bytes / 10,
        hits: whole.hits / 10,
        all_hits: whole.all_hits / 10,
        runs: whole.runs / 10,
        ..whole
    }
}

/// `2020-08-12T…` of a second of the day, and the same for `UTCTime`.
fn stamps(second: usize, milli: usize) -> (String, String) {
    let (h, m, s) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let day = 12 + second / 86_400;
    (
        format!("2020-08-{day:02}T{h:02}:{m:02}:{s:02}.{milli:03}+00:00"),
        format!("2020-08-{day:02} {h:02}:{m:02}:{s:02},{milli:03}"),
    )
}

/// An alarm record.
fn alarm(log: &mut String, at: usize, host: &str, what: &str, id: &str) {
    let (iso, utc) = stamps(at / 4, at % 4 * 250);
    let _ = writeln!(
        log,
        "{iso} {host} alarm: Level=\"WARN\" Event=\"Alarm {what}\" Id=\"{id}\" UUID=\"{at:08x}-d954-4f6f-85c1-2ef1eae6f764\" Severity=\"warning\" Detail=\"Cluster communication failure: The system is unable to communicate with one or more of the cluster peers\" UTCTime=\"{utc}\""
    );
}

/// What expc01 writes when it loses expc02, as in the sample, at its own time.
fn loss() -> String {
    let sample = all_samples()
        .iter()
        .find(|s| s.name == "expressway/peer-lost")
        .expect("the sample");
    fs::read_to_string(sample.folder.join("input/loggingsnapshot.txt")).expect("its log")
}

fn diagnose(log: &str) -> Outcome {
    diagnose_within(log, budget())
}

fn diagnose_within(log: &str, budget: Budget) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("log.txt");
    fs::write(&file, log).expect("a temporary file");
    run(
        &[text(&file)],
        &Options {
            threads: 2,
            ..Options::default()
        },
        &Engine {
            budget,
            ..Engine::default()
        },
    )
}

/// The storm with the loss in its middle, or behind it.
fn with_loss(storm: &[String], at: usize) -> String {
    [storm[..at].concat(), loss(), storm[at..].concat()].concat()
}

fn check(what: &str, outcome: &Outcome, full: impl Fn(&Budget, usize, usize) -> bool) {
    let (budget, signals) = (budget(), table().entries().len());
    let kept: usize = outcome
        .collected
        .runs
        .iter()
        .map(|run| run.hits.len())
        .sum();
    let texts: usize = outcome
        .collected
        .runs
        .iter()
        .flat_map(|run| &run.hits)
        .filter_map(|hit| hit.excerpt.as_ref())
        .map(|text| text.len())
        .sum();
    let diagnoses: usize = outcome
        .report
        .clusters
        .iter()
        .map(|c| c.diagnoses.len())
        .sum();
    let json = outcome.json().len();
    println!(
        "{what}: {} runs, {kept} hits, {texts} bytes of text, {} findings, {diagnoses} diagnoses, {json} bytes of report",
        outcome.collected.runs.len(),
        outcome.findings.len()
    );
    assert!(
        outcome.collected.runs.len() <= budget.most_runs(signals),
        "{what}"
    );
    assert!(kept <= budget.most_hits(signals), "{what}");
    let runs = outcome.collected.runs.len();
    assert!(
        full(&budget, runs, kept) && texts >= budget.text_bytes,
        "{what}: the storm is too weak to fill the budget"
    );
    assert!(texts <= budget.most_text(signals), "{what}");
    assert!(json < 64 << 20, "{what}");
    let lost = outcome
        .report
        .clusters
        .iter()
        .flat_map(|c| &c.diagnoses)
        .find(|d| {
            d.fault == "expressway.cluster.peer-unreachable"
                && d.node.as_deref() == Some("expc01")
                && d.peer.as_deref() == Some("expc02")
        });
    let lost = lost.unwrap_or_else(|| panic!("{what}: the lost peer is not found"));
    assert!(
        lost.evidence.iter().all(|e| !e.excerpt.is_empty()),
        "{what}: the proof has no text"
    );
}

#[test]
fn a_storm_of_alarms_hides_nothing() {
    let ids = ["20004", "20006", "15008", "40055", "20018", "20021"];
    let mut dice = Dice(6);
    let mut storm = Vec::with_capacity(LINES);
    for at in 0..LINES {
        let mut line = String::new();
        let host = format!("exp{:02}", 10 + dice.below(40));
        let what = if dice.below(2) == 0 {
            "Raised"
        } else {
            "Lowered"
        };
        alarm(&mut line, at, &host, what, ids[dice.below(ids.len())]);
        storm.push(line);
    }
    let log = with_loss(&storm, LINES / 2);
    check(
        "alarms, the loss in the middle",
        &diagnose(&log),
        |budget, _, hits| hits >= budget.all_hits,
    );
}

#[test]
fn a_storm_of_names_hides_nothing() {
    let mut storm = Vec::with_capacity(NAMED);
    for at in 0..NAMED {
        let mut line = String::new();
        let what = if at % 3 == 0 { "Lowered" } else { "Raised" };
        // 2,000 hosts, and now and then a lost peer that nobody else has heard of
        let host = format!("host{:05}", at / 3);
        if at % 300 == 0 {
            let (iso, utc) = stamps(at / 4, at % 4 * 250);
            let _ = writeln!(
                line,
                "{iso} {host} UTCTime=\"{utc}\" Module=\"developer.clusterdb.cdb\" Level=\"INFO\" Node=\"clusterdb@{host}.apolo.local\" PID=\"<0.159.0>\" Detail=\"Processed mnesia_down event from accessible node\" Node=\"clusterdb@peer{at:06}.apolo.local\""
            );
        } else {
            alarm(&mut line, at, &host, what, "20004");
        }
        storm.push(line);
    }
    let log = with_loss(&storm, NAMED);
    check(
        "names, the loss at the end",
        &diagnose(&log),
        |budget, runs, _| runs >= budget.runs,
    );
}

/// The records that speak against a split come behind the storm, and for some of them there is no
/// place any more: the split must be told as undecided, not as found.
#[test]
fn what_a_storm_took_never_turns_into_another_fault() {
    let mut storm = String::new();
    for at in 0..40 {
        let (iso, utc) = stamps(at, 0);
        let _ = writeln!(
            storm,
            "{iso} host{at} UTCTime=\"{utc}\" Module=\"developer.clusterdb.cdb\" Level=\"INFO\" Node=\"clusterdb@host{at}.apolo.local\" PID=\"<0.159.0>\" Detail=\"Processed mnesia_down event from accessible node\" Node=\"clusterdb@peer{at}.apolo.local\""
        );
    }
    let log = storm + &loss();
    let split = "expressway.cluster.partitioned";
    let faults = |outcome: &Outcome| -> Vec<String> {
        let clusters = outcome.report.clusters.iter();
        let found = clusters.flat_map(|cluster| &cluster.diagnoses);
        found.map(|diagnosis| diagnosis.fault.clone()).collect()
    };
    let all = diagnose(&log);
    assert!(faults(&all).contains(&"expressway.cluster.peer-unreachable".to_owned()));
    assert!(!faults(&all).contains(&split.to_owned()));
    assert_eq!(all.report.coverage[0].status, ReadStatus::Read);
    let some = diagnose_within(
        &log,
        Budget {
            runs: 20,
            own_runs: 20,
            ..Budget::default()
        },
    );
    assert!(!faults(&some).contains(&split.to_owned()));
    assert_eq!(some.report.coverage[0].status, ReadStatus::Partial);
    let mut open = some.report.clusters.iter().flat_map(|c| &c.not_checked);
    assert!(open.any(|entry| entry.fault == split && entry.because.contains("left out")));
}
