//! Which incident explains which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, entry, order};
use crate::detect::finding::Finding;
use crate::model::report::{Diagnosis, DiagnosisRole};

/// The incidents of a cluster as report entries, each symptom with the causes at the root of it.
pub(super) fn explained(case: &Case<'_>, findings: &[&Finding]) -> Vec<Diagnosis> {
    let links = links(case, findings);
    let mut entries: Vec<Diagnosis> = findings
        .iter()
        .filter_map(|finding| entry::diagnosis(case, finding))
        .collect();
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
    for (at, finding) in findings.iter().enumerate() {
        if let Some(fault) = case.catalog().faults.get(finding.fault) {
            let of_fault = by_fault.entry(fault.id.as_str()).or_default();
            let of_node = of_fault.entry(finding.node).or_default();
            of_node.push((finding.first.micros, at));
        }
    }
    for begun in by_fault.values_mut().flat_map(BTreeMap::values_mut) {
        begun.sort_unstable();
    }
    let mut links = vec![Vec::new(); findings.len()];
    for (cause_at, cause) in findings.iter().enumerate() {
        let Some(fault) = case.catalog().faults.get(cause.fault) else {
            continue;
        };
        let span = span(cause, fault.explains_within, fault.quiet);
        let symptoms = fault.explains.iter();
        for begun in symptoms.filter_map(|id| by_fault.get(id.as_str())) {
            for symptom_at in near(begun, cause, span) {
                let concerned = findings.get(symptom_at).is_some_and(|s| concerns(cause, s));
                let list = links.get_mut(symptom_at).filter(|_| concerned);
                if let Some(list) = list.filter(|list| list.len() < CAUSES) {
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

/// Findings that begin in the span, on a node from which the cause may be seen.
fn near<'b>(
    begun: &'b Begun,
    cause: &Finding,
    span: Option<(i64, i64)>,
) -> impl Iterator<Item = usize> + use<'b> {
    let nodes: Vec<Option<usize>> = match cause.node {
        Some(_) => BTreeSet::from([None, cause.node, cause.peer])
            .into_iter()
            .collect(),
        None => begun.keys().copied().collect(),
    };
    let lists = nodes.into_iter().filter_map(|node| begun.get(&node));
    lists.flat_map(move |list| {
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
    })
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
