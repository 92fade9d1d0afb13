//! Samples: one folder per case, discovered, each with what a diagnosis of it has to say.
//!
//! `rules test` and the test suite run the same checks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use chrono_tz::Tz;
use serde::Deserialize;

use crate::catalog::fault::{Clause, Term};
use crate::catalog::lint::SampleFacts;
use crate::catalog::{Fault, Problem, read_yaml};
use crate::detect::incident::Open;
use crate::detect::table::{Owner, needed};
use crate::model::report::{
    Cluster, Confidence, Diagnosis, DiagnosisRole, Evidence, NodeState, Report, Severity, Verdict,
};
use crate::pipeline::{Diagnoser, Engine, Job, Judgement, Options};
use crate::source;
use crate::source::limits::Limits;

/// What a sample is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It proves its faults.
    Positive,
    /// It nearly proves them.
    NearMiss,
    /// Nothing is wrong.
    Healthy,
}

/// `expect.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// What the sample is for.
    pub kind: Kind,
    /// The faults it is about.
    #[serde(default)]
    pub of: Vec<String>,
    #[serde(default)]
    options: ExpectOptions,
    verdict: Verdict,
    #[serde(default)]
    diagnoses: Vec<ExpectDiagnosis>,
    #[serde(default)]
    ruled_out: Vec<String>,
    /// Faults of which the report says that they could not be decided.
    #[serde(default)]
    not_checked: Vec<String>,
    /// Faults of which it does not say so.
    #[serde(default)]
    checked: Vec<String>,
    /// Beginnings of `subject name value`.
    #[serde(default)]
    facts: Vec<String>,
    /// Exactly these changes of state, as `node time state: reason`, in the order of nodes and times.
    #[serde(default)]
    states: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectOptions {
    year: Option<i32>,
    timezone: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectDiagnosis {
    fault: String,
    role: Option<DiagnosisRole>,
    explained_by: Option<String>,
    node: Option<String>,
    peer: Option<String>,
    confidence: Option<Confidence>,
    severity: Option<Severity>,
    cleared: Option<bool>,
    count: Option<u64>,
    #[serde(default)]
    evidence: Vec<String>,
}

/// A sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Path below the samples folder.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// What it expects.
    pub expect: Expect,
}

/// Finds every folder with an `expect.yaml`, in the order of their paths.
pub fn discover(root: &Path) -> Result<Vec<Sample>, Vec<Problem>> {
    let mut samples = Vec::new();
    let mut problems = Vec::new();
    search(root, root, &mut samples, &mut problems);
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    if samples.is_empty() && problems.is_empty() {
        problems.push(Problem::new(
            &root.display().to_string(),
            "no samples found",
        ));
    }
    if problems.is_empty() {
        Ok(samples)
    } else {
        Err(problems)
    }
}

fn search(root: &Path, folder: &Path, samples: &mut Vec<Sample>, problems: &mut Vec<Problem>) {
    let place = folder.display().to_string();
    let file = folder.join("expect.yaml");
    if let Ok(text) = std::fs::read_to_string(&file) {
        let name = folder
            .strip_prefix(root)
            .unwrap_or(folder)
            .display()
            .to_string();
        match read_yaml::<Expect>(&file.display().to_string(), &text) {
            Ok(expect) => samples.push(Sample {
                name,
                folder: folder.to_owned(),
                expect,
            }),
            Err(problem) => problems.push(problem),
        }
        return;
    }
    match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .flatten()
            .filter(|e| e.path().is_dir())
            .for_each(|e| search(root, &e.path(), samples, problems)),
        Err(error) => problems.push(Problem::new(&place, error.to_string())),
    }
}

/// The faults that samples prove and nearly prove.
pub fn facts(samples: &[Sample]) -> SampleFacts {
    let of = |kind| {
        samples
            .iter()
            .filter(move |s| s.expect.kind == kind)
            .flat_map(|s| s.expect.of.iter().cloned())
            .collect()
    };
    SampleFacts {
        positive: of(Kind::Positive),
        near_miss: of(Kind::NearMiss),
    }
}

impl Sample {
    /// The options a diagnosis of it is made with.
    pub fn options(&self) -> Options {
        let zone = self
            .expect
            .options
            .timezone
            .as_ref()
            .and_then(|zone| zone.parse::<Tz>().ok());
        Options {
            year: self.expect.options.year,
            timezone: zone.unwrap_or(Tz::UTC),
            timezone_given: zone.is_some(),
            ..Options::default()
        }
    }

    /// What a user would hand over.
    pub fn input(&self) -> String {
        self.folder.join("input").display().to_string()
    }
}

/// Runs a sample and lists what is not as expected.
pub fn check(sample: &Sample, diagnoser: &Diagnoser<'_>) -> Vec<String> {
    // of a long log is left out what is near no proof: that must not show
    let thinned = Options {
        plenty: 0,
        ..sample.options()
    };
    let judged =
        [sample.options(), thinned].map(|options| match judge(sample, &options, diagnoser) {
            Ok(judged) => compare(&sample.expect, &judged.report),
            Err(error) => vec![error],
        });
    let mut wrong = judged.concat();
    wrong.dedup();
    wrong
}

fn judge(
    sample: &Sample,
    options: &Options,
    diagnoser: &Diagnoser<'_>,
) -> Result<Judgement, String> {
    let selection = source::select(&[sample.input()]).map_err(|error| error.to_string())?;
    let (limits, stop) = (Limits::default(), AtomicBool::new(false));
    let job = Job {
        selection: &selection,
        limits: &limits,
        options,
        progress: &|_| (),
        stop: &stop,
    };
    let collected = diagnoser
        .collect(job, &Engine::default())
        .map_err(|error| error.to_string())?;
    Ok(diagnoser.judge(&collected, options))
}

/// Lists where a report is not as expected.
pub fn compare(expect: &Expect, report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let verdict = report
        .clusters
        .first()
        .map_or(Verdict::Insufficient, |cluster| cluster.verdict);
    if verdict != expect.verdict {
        wrong.push(format!("verdict is {verdict:?}, not {:?}", expect.verdict).to_lowercase());
    }
    let mut left: Vec<(&Cluster, &Diagnosis)> = report
        .clusters
        .iter()
        .flat_map(|c| c.diagnoses.iter().map(move |d| (c, d)))
        .collect();
    // those that say more about themselves choose first
    let mut wanted: Vec<&ExpectDiagnosis> = expect.diagnoses.iter().collect();
    wanted.sort_by_key(|w| {
        std::cmp::Reverse(
            usize::from(w.node.is_some())
                + usize::from(w.peer.is_some())
                + usize::from(w.confidence.is_some())
                + w.evidence.len(),
        )
    });
    for want in wanted {
        let close = left
            .iter()
            .position(|(c, d)| d.fault == want.fault && differences(want, c, d).is_empty());
        match close.or_else(|| left.iter().position(|(_, d)| d.fault == want.fault)) {
            Some(at) => {
                let (cluster, diagnosis) = left.remove(at);
                wrong.extend(differences(want, cluster, diagnosis));
            }
            None => wrong.push(format!("{} is missing", want.fault)),
        }
    }
    wrong.extend(left.iter().map(|(_, d)| {
        format!(
            "{} on {:?} about {:?} was not expected ({:?})",
            d.fault, d.node, d.peer, d.confidence
        )
    }));
    let excluded: BTreeSet<&str> = report
        .clusters
        .iter()
        .flat_map(|c| &c.ruled_out)
        .map(|r| r.fault.as_str())
        .collect();
    wrong.extend(
        expect
            .ruled_out
            .iter()
            .filter(|fault| !excluded.contains(fault.as_str()))
            .map(|fault| format!("{fault} is not ruled out")),
    );
    let open: BTreeSet<&str> = report
        .clusters
        .iter()
        .flat_map(|c| &c.not_checked)
        .map(|n| n.fault.as_str())
        .collect();
    wrong.extend(
        expect
            .not_checked
            .iter()
            .filter(|fault| !open.contains(fault.as_str()))
            .map(|fault| format!("{fault} is not among what could not be checked")),
    );
    let undecided = expect
        .checked
        .iter()
        .filter(|fault| open.contains(fault.as_str()));
    wrong.extend(undecided.map(|fault| format!("{fault} is among what could not be checked")));
    let told: Vec<String> = report
        .clusters
        .iter()
        .flat_map(|c| &c.facts)
        .map(|fact| format!("{} {} {}", fact.subject, fact.name, fact.value))
        .collect();
    let untold = expect
        .facts
        .iter()
        .filter(|fact| !told.iter().any(|line| line.starts_with(fact.as_str())));
    wrong.extend(untold.map(|fact| format!("fact '{fact}' is not told ({})", told.join("; "))));
    wrong.extend(wrong_states(&expect.states, report));
    wrong.extend(wrong_ids(report));
    wrong
}

/// Ids that two incidents have, and links that lead to none.
fn wrong_ids(report: &Report) -> Vec<String> {
    let all = report.clusters.iter().flat_map(|c| &c.diagnoses);
    let mut ids = BTreeSet::new();
    let twice = all.clone().filter(|d| !ids.insert(d.id.as_str()));
    let twice = twice.map(|d| format!("{}: another incident has its id, {}", d.fault, d.id));
    let mut wrong: Vec<String> = twice.collect();
    let links = all.flat_map(|d| d.explained_by.iter().map(move |id| (d, id)));
    let loose = links.filter(|(_, id)| !ids.contains(id.as_str()));
    wrong.extend(loose.map(|(d, id)| format!("{}: {id} is no incident", d.fault)));
    wrong
}

/// What the history says other than expected, where anything is.
fn wrong_states(expected: &[String], report: &Report) -> Option<String> {
    let line = |state: &NodeState| {
        let at = state.at.as_deref().unwrap_or("-");
        let reason = state.reason.as_ref().map(|reason| format!(": {reason}"));
        let reason = reason.unwrap_or_default();
        format!("{} {at} {}{reason}", state.node, state.state)
    };
    let states = report.clusters.iter().flat_map(|c| &c.states);
    let told: Vec<String> = states.map(line).collect();
    let wrong = !expected.is_empty() && told != expected;
    wrong.then(|| format!("the states are {}", told.join("; ")))
}

fn differences(want: &ExpectDiagnosis, cluster: &Cluster, d: &Diagnosis) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut differ = |what: &str, is: String, should: String| {
        if is != should {
            wrong.push(format!("{}: {what} is {is}, not {should}", d.fault));
        }
    };
    macro_rules! same {
        ($what:literal, $is:expr, $should:expr) => {
            if let Some(should) = $should {
                differ(
                    $what,
                    format!("{:?}", $is).to_lowercase(),
                    format!("{should:?}").to_lowercase(),
                );
            }
        };
    }
    same!("role", d.role, want.role);
    same!("confidence", d.confidence, want.confidence);
    same!("severity", d.severity, want.severity);
    same!("cleared", d.cleared, want.cleared);
    same!("count", d.count, want.count);
    // a node may be named by any of its names
    let named = |label: &Option<String>, name: &str| {
        let Some(label) = label else { return false };
        let node = cluster.nodes.iter().find(|node| node.name == *label);
        label.eq_ignore_ascii_case(name)
            || node.is_some_and(|node| node.addresses.iter().any(|a| a == name))
            || name
                .to_lowercase()
                .starts_with(&format!("{}.", label.to_lowercase()))
    };
    for (what, label, name) in [("node", &d.node, &want.node), ("peer", &d.peer, &want.peer)] {
        if let Some(name) = name.as_ref().filter(|name| !named(label, name)) {
            differ(what, format!("{label:?}"), name.clone());
        }
    }
    if let Some(cause) = &want.explained_by {
        let found = cluster
            .diagnoses
            .iter()
            .any(|c| c.fault == *cause && d.explained_by.contains(&c.id));
        if !found {
            differ(
                "explained by",
                format!("{:?}", d.explained_by),
                cause.clone(),
            );
        }
    }
    for place in &want.evidence {
        let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
        let there = d
            .evidence
            .iter()
            .any(|e| e.origin.ends_with(file) && place_of(e).to_string() == line);
        if !there {
            let shown: Vec<String> = d
                .evidence
                .iter()
                .map(|e| {
                    format!(
                        "{}:{}",
                        e.origin.rsplit('/').next().unwrap_or(""),
                        place_of(e)
                    )
                })
                .collect();
            differ("evidence", shown.join(", "), place.clone());
        }
    }
    wrong
}

/// The line of a record, or the frame of a packet.
fn place_of(evidence: &Evidence) -> u64 {
    evidence.line.or(evidence.frame).unwrap_or(0)
}

/// Clauses and signals that are never true in any sample.
pub fn unproved(samples: &[Sample], diagnoser: &Diagnoser<'_>) -> Vec<String> {
    let (table, catalog) = (diagnoser.table(), diagnoser.table().catalog);
    let mut clauses: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut signals: BTreeSet<u32> = BTreeSet::new();
    for sample in samples {
        let Ok(judged) = judge(sample, &sample.options(), diagnoser) else {
            continue;
        };
        signals.extend(judged.timeline.hits.iter().map(|hit| hit.signal.0));
        let concluded = judged.findings.iter();
        clauses.extend(concluded.map(|finding| (finding.fault, finding.clause)));
        let open = judged.undecided.iter();
        clauses.extend(open.filter_map(|open| match open.why {
            Open::Clause(clause) => Some((open.fault, clause)),
            _ => None,
        }));
    }
    let mut missing = Vec::new();
    for (at, fault) in catalog.faults.iter().enumerate() {
        for (number, clause) in fault
            .when
            .iter()
            .enumerate()
            .filter(|(number, _)| !clauses.contains(&(at, *number)))
        {
            missing.push(format!(
                "{}: clause {} ({}) was never true",
                fault.id,
                number + 1,
                terms(fault, clause)
            ));
        }
    }
    for entry in table
        .entries()
        .iter()
        .filter(|entry| !signals.contains(&entry.id.0))
    {
        if let Owner::Fault(at) = entry.owner
            && let Some(fault) = catalog.faults.get(at)
        {
            missing.push(format!(
                "{}: signal '{}' was never seen",
                fault.id, entry.signal.name
            ));
        }
    }
    missing
}

fn terms(fault: &Fault, clause: &Clause) -> String {
    let name = |term: Term| match term {
        Term::Signal(at) => fault
            .signals
            .get(usize::from(at))
            .map_or("?", |s| s.name.as_str()),
        Term::Correlation(at) => fault
            .correlations
            .get(usize::from(at))
            .map_or("?", |c| c.name.as_str()),
    };
    needed(clause).map(name).collect::<Vec<_>>().join(", ")
}
