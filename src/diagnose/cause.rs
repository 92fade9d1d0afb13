//! Which incident explains which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, entry, order};
use crate::detect::finding::Finding;
use crate::detect::settle;
use crate::model::report::{Diagnosis, DiagnosisRole};

/// The incidents of a cluster as report entries, each symptom with the causes at the root of it.
/// `taken` are the ids of all entries made so far.
pub(super) fn explained(
    case: &Case<'_>,
    findings: &[&Finding],
    taken: &mut BTreeSet<String>,
) -> Vec<Diagnosis> {
    let links = links(case, findings);
    let mut entries: Vec<Diagnosis> = findings
        .iter()
        .filter_map(|finding| entry::diagnosis(case, finding))
        .collect();
    for entry in &mut entries {
        entry.id = entry::unique(entry, taken);
    }
    let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
    for (at, entry) in entries.iter_mut().enumerate() {
        let roots = roots(&links, at);
        if !roots.is_empty() {
            entry.role = DiagnosisRole::Symptom;
            entry.explained_by = roots
                .into_iter()
                .filter_map(|root| ids.get(root).cloned())
                .collect();
            entry.explained_by.sort();
        }
    }
    entries.sort_by_cached_key(order);
    entries
}

/// Causes named for one symptom. Where something flaps for hours each of thousands explains the
/// next; the first of them say it all.
const CAUSES: usize = 16;

/// Findings of one fault by their node, each list in the order of their beginning; those without
/// a time come first.
type Begun = BTreeMap<Option<usize>, Vec<(Option<i64>, usize)>>;

/// For each finding those that explain it directly.
fn links(case: &Case<'_>, findings: &[&Finding]) -> Vec<Vec<usize>> {
    let mut by_fault: BTreeMap<&str, Begun> = BTreeMap::new();
    let mut by_peer: BTreeMap<&str, Begun> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        if let Some(fault) = case.catalog().faults.get(finding.fault) {
            let of_fault = by_fault.entry(fault.id.as_str()).or_default();
            let of_node = of_fault.entry(finding.node).or_default();
            of_node.push((finding.first.micros, at));
            if finding.peer.is_some() {
                let of_fault = by_peer.entry(fault.id.as_str()).or_default();
                let of_peer = of_fault.entry(finding.peer).or_default();
                of_peer.push((finding.first.micros, at));
            }
        }
    }
    let all = by_fault.values_mut().chain(by_peer.values_mut());
    for begun in all.flat_map(BTreeMap::values_mut) {
        begun.sort_unstable();
    }
    let mut links = vec![Vec::new(); findings.len()];
    for (cause_at, cause) in findings.iter().enumerate() {
        let Some(fault) = case.catalog().faults.get(cause.fault) else {
            continue;
        };
        let span = span(cause, fault.explains_within, fault.quiet);
        for id in &fault.explains {
            let seen_from = by_fault.get(id.as_str());
            let seen_from = seen_from
                .into_iter()
                .flat_map(|begun| on_nodes(begun, cause));
            // what anybody says about the node that is lost or at fault
            let about = cause.peer.or(cause.node);
            let seen_of = by_peer.get(id.as_str()).and_then(|begun| begun.get(&about));
            for symptom_at in seen_from.chain(seen_of).flat_map(|list| near(list, span)) {
                let concerned = findings.get(symptom_at).is_some_and(|s| {
                    concerns(cause, s) && settle::alike(cause, s, case.timeline, case.table)
                });
                let list = links.get_mut(symptom_at).filter(|_| concerned);
                let fresh =
                    |list: &&mut Vec<usize>| list.len() < CAUSES && list.last() != Some(&cause_at);
                if let Some(list) = list.filter(fresh) {
                    list.push(cause_at);
                }
            }
        }
    }
    links
}

/// The symptom is on the cause's node about the same peer, or is the peer's own view of it, or
/// what another node sees of a node that is at fault as a whole, or of the same peer.
fn concerns(cause: &Finding, symptom: &Finding) -> bool {
    let fits = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a == b;
    let own_view = fits(cause.node, symptom.node) && fits(cause.peer, symptom.peer);
    let peers_view =
        cause.peer.is_some() && cause.peer == symptom.node && fits(cause.node, symptom.peer);
    // what is wrong on a node as a whole explains what others see of it
    let others_view = cause.peer.is_none() && cause.node.is_some() && cause.node == symptom.peer;
    // a third node loses the same peer
    let third_view = cause.peer.is_some() && cause.peer == symptom.peer;
    own_view || peers_view || others_view || third_view
}

/// A symptom begins while the cause lasts, or a little before its first proof. What has no time,
/// such as a status, is taken as belonging together.
fn span(cause: &Finding, lead: i64, quiet: i64) -> Option<(i64, i64)> {
    let (from, to) = (cause.first.micros?, cause.last.micros?);
    let end = cause
        .cleared_at
        .micros
        .unwrap_or(to.saturating_add(quiet))
        .max(to.saturating_add(lead));
    Some((from.saturating_sub(lead), end))
}

/// Findings on the nodes from which the cause may be seen.
fn on_nodes<'b>(
    begun: &'b Begun,
    cause: &Finding,
) -> impl Iterator<Item = &'b Vec<(Option<i64>, usize)>> + use<'b> {
    let nodes: Vec<Option<usize>> = match cause.node {
        Some(_) => BTreeSet::from([None, cause.node, cause.peer])
            .into_iter()
            .collect(),
        None => begun.keys().copied().collect(),
    };
    nodes.into_iter().filter_map(|node| begun.get(&node))
}

/// Those of a sorted list that begin in the span, and those without a time.
fn near(
    list: &[(Option<i64>, usize)],
    span: Option<(i64, i64)>,
) -> impl Iterator<Item = usize> + use<'_> {
    let untimed = list.partition_point(|(begin, _)| begin.is_none());
    let (from, to) = match span {
        None => (untimed, list.len()),
        Some((from, to)) => (
            list.partition_point(|(begin, _)| begin.is_none_or(|begin| begin < from)),
            list.partition_point(|(begin, _)| begin.is_none_or(|begin| begin <= to)),
        ),
    };
    let timed = list.get(from..to).unwrap_or(&[]);
    let untimed = list.get(..untimed).unwrap_or(&[]);
    untimed.iter().chain(timed).map(|(_, at)| *at)
}

/// The findings at the root of one, which nothing explains any more. Faults never explain each
/// other in a circle; the catalog refuses that.
fn roots(links: &[Vec<usize>], at: usize) -> BTreeSet<usize> {
    let direct = |at: usize| links.get(at).map_or(&[][..], Vec::as_slice);
    let mut roots = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = direct(at).to_vec();
    while let Some(one) = open.pop() {
        if seen.insert(one) {
            let above = direct(one);
            if above.is_empty() {
                roots.insert(one);
            }
            open.extend_from_slice(above);
        }
    }
    roots
}
