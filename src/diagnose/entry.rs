//! One incident as an entry of the report.

use std::collections::{BTreeMap, BTreeSet};

use super::Case;
use crate::catalog::Fault;
use crate::catalog::text::fill;
use crate::detect::finding::Finding;
use crate::detect::resolve::TimedHit;
use crate::model::digest::sha256;
use crate::model::report::{Binding, Diagnosis, DiagnosisRole, Evidence};

/// Evidence shown from each end of an incident.
const ENDS: usize = 3;

/// The entry of an incident; links to others are filled in later.
pub(super) fn diagnosis(case: &Case<'_>, finding: &Finding) -> Option<Diagnosis> {
    let fault = case.catalog().faults.get(finding.fault)?;
    let bindings = bindings(case, finding);
    let (node, peer) = (case.label(finding.node), case.label(finding.peer));
    let value = |name: &str| match name {
        "node" => node.clone(),
        "peer" => peer.clone(),
        "count" => Some(finding.count.to_string()),
        "nodes" => Some(nodes(case, finding)),
        other => bindings.get(other).map(|binding| binding.value.clone()),
    };
    let summary = fault
        .summary
        .as_ref()
        .unwrap_or(&fault.title)
        .get(case.lang);
    Some(Diagnosis {
        id: id(case, fault, finding),
        fault: fault.id.clone(),
        role: DiagnosisRole::Cause,
        explained_by: Vec::new(),
        severity: finding.severity,
        confidence: finding.confidence,
        title: fill(fault.title.get(case.lang), &value),
        summary: fill(summary, &value),
        flow: flow(case, finding),
        first_seen: finding.first.rfc3339(),
        last_seen: finding.last.rfc3339(),
        time_certainty: finding.first.certainty,
        count: finding.count,
        cleared: finding.cleared,
        cleared_at: finding.cleared_at.rfc3339(),
        expected: expected(case, finding),
        evidence: evidence(case, finding),
        remedies: fault.remedies.clone(),
        references: fault.references.clone(),
        disputed: fault
            .disputed
            .as_ref()
            .map(|text| text.get(case.lang).trim().to_owned()),
        bindings,
        node,
        peer,
    })
}

/// The first connection that it was seen on.
fn flow(case: &Case<'_>, finding: &Finding) -> Option<String> {
    let hits = finding.hits.iter().filter_map(|at| case.hit(*at));
    let mut flows = hits.filter_map(TimedHit::flow);
    flows.next().map(str::to_owned)
}

/// What made it expected, in the language of the report.
fn expected(case: &Case<'_>, finding: &Finding) -> Option<String> {
    let title = finding.expected.as_ref()?;
    Some(title.get(case.lang).to_owned())
}

/// The nodes an incident was seen on.
fn nodes(case: &Case<'_>, finding: &Finding) -> String {
    let names: BTreeSet<String> = finding
        .hits
        .iter()
        .filter_map(|at| case.label(case.hit(*at)?.node))
        .collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// A digest of what makes an incident itself: fault, raw names, the values that keep its incidents
/// apart, and time of its first proof. Where that names no node, who writes it tells.
fn id(case: &Case<'_>, fault: &Fault, finding: &Finding) -> String {
    let first = finding
        .hits
        .iter()
        .filter_map(|at| case.hit(*at))
        .find(|hit| hit.time.micros == finding.first.micros);
    let raw = |name: &str| {
        let hit = first?;
        let place = case.table.value_place(hit.signal, name)?;
        Some(hit.values.get(place)?.as_deref()?.to_owned())
    };
    let node = raw("node").or_else(|| case.label(finding.node));
    let when = finding.first.rfc3339().unwrap_or_else(|| {
        first
            .and_then(|hit| hit.excerpt.as_deref())
            .unwrap_or("")
            .to_owned()
    });
    let named = [node, raw("peer"), Some(when)];
    let per = fault.per.iter().map(|name| raw(name));
    let parts: Vec<String> = std::iter::once(fault.id.clone())
        .chain(named.into_iter().chain(per).map(Option::unwrap_or_default))
        .collect();
    digest(&parts)
}

/// An id that no other incident of the report has: two of one record, told apart by what the rest
/// of the input says of their nodes.
pub(super) fn unique(entry: &Diagnosis, taken: &mut BTreeSet<String>) -> String {
    let mut id = entry.id.clone();
    while !taken.insert(id.clone()) {
        let names = [&entry.node, &entry.peer].map(|name| name.clone().unwrap_or_default());
        id = digest(&[&[id], names.as_slice()].concat());
    }
    id
}

/// Twelve digits that stand for a list of texts.
fn digest(parts: &[String]) -> String {
    let mut id = sha256(parts.join("\0"));
    id.truncate(12);
    id
}

/// The last value of every bound name but node and peer.
fn bindings(case: &Case<'_>, finding: &Finding) -> BTreeMap<String, Binding> {
    let mut bindings = BTreeMap::new();
    for hit in finding.hits.iter().filter_map(|at| case.hit(*at)) {
        let Some(entry) = case.table.get(hit.signal) else {
            continue;
        };
        for (bind, value) in entry.signal.binds.iter().zip(hit.values.iter()) {
            let Some(value) = value.as_deref().filter(|value| {
                bind.name != "node" && bind.name != "peer" && bind.kind.holds(value)
            }) else {
                continue;
            };
            bindings.insert(
                bind.name.clone(),
                Binding {
                    kind: bind.kind.as_str().to_owned(),
                    value: value.to_owned(),
                },
            );
        }
    }
    bindings
}

/// The first record of every kind, and the first and last few; each record once.
pub(super) fn evidence(case: &Case<'_>, finding: &Finding) -> Vec<Evidence> {
    let mut records: Vec<usize> = Vec::new();
    let mut places = BTreeSet::new();
    for at in &finding.hits {
        if case
            .hit(*at)
            .is_some_and(|hit| places.insert((hit.file, hit.line)))
        {
            records.push(*at);
        }
    }
    let mut kinds = BTreeSet::new();
    let last = records.len().saturating_sub(ENDS);
    let shown = records.iter().enumerate().filter_map(|(n, at)| {
        let hit = case.hit(*at)?;
        let new_kind = kinds.insert(hit.signal);
        (n < ENDS || n >= last || new_kind).then_some(hit)
    });
    let shown = shown.filter_map(|hit| {
        let shown = case.evidence(hit.file, hit.line, hit.time, hit.excerpt.as_deref())?;
        Some(Evidence {
            frame: hit.frame(),
            ..shown
        })
    });
    let mut frames = BTreeSet::new();
    shown
        .flat_map(by_frame)
        .filter(|one| one.line.is_some() || frames.insert((one.origin.clone(), one.frame)))
        .collect()
}

/// What several frames of a capture prove together, frame by frame.
fn by_frame(all: Evidence) -> Vec<Evidence> {
    let numbered = |line: &str| {
        let (number, text) = line.strip_prefix("frame ")?.split_once(": ")?;
        Some((number.parse().ok()?, text.to_owned()))
    };
    let frames: Option<Vec<(u64, String)>> = all.excerpt.lines().map(numbered).collect();
    let frames = frames.filter(|frames| all.line.is_none() && !frames.is_empty());
    let Some(frames) = frames else {
        return vec![all];
    };
    let one = |(number, excerpt)| Evidence {
        frame: Some(number),
        time: all.time.clone().filter(|_| all.frame == Some(number)),
        origin: all.origin.clone(),
        line: None,
        excerpt,
    };
    frames.into_iter().map(one).collect()
}
