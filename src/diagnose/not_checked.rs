//! What could not be decided, and what to collect.

use std::collections::BTreeSet;

use super::Case;
use crate::catalog::Fault;
use crate::catalog::fault::Need;
use crate::catalog::text::fill;
use crate::detect::finding::Finding;
use crate::detect::incident::Open;
use crate::detect::resolve::ClusterSeen;
use crate::detect::settle;
use crate::model::node::Product;
use crate::model::report::{Confidence, Diagnosis, DiagnosisRole, NotChecked};

/// What is open about a cluster: what its uncertain incidents need, what its logs end too early
/// to tell, and nodes whose own log is missing.
pub(super) fn not_checked(
    case: &Case<'_>,
    at: usize,
    seen: &ClusterSeen,
    findings: &[&Finding],
    diagnoses: &[Diagnosis],
) -> Vec<NotChecked> {
    let mut out: Vec<NotChecked> = Vec::new();
    for finding in findings
        .iter()
        .filter(|finding| finding.confidence < Confidence::Certain && !finding.cleared)
    {
        let Some(fault) = case.catalog().faults.get(finding.fault) else {
            continue;
        };
        out.extend(needs(case, fault, finding.node, finding.peer));
    }
    out.extend(findings.iter().filter_map(|finding| release(case, finding)));
    for open in case.undecided.iter().filter(|open| open.cluster == at) {
        let Some(fault) = case.catalog().faults.get(open.fault) else {
            continue;
        };
        let node = case
            .label(open.node)
            .unwrap_or_else(|| case.word("judge.a_node", &[]));
        let (because, collect) = match open.why {
            Open::LogEnds => ("judge.log_ends_too_early", "judge.collect_later_log"),
            Open::Lost => ("judge.records_were_lost", "judge.collect_shorter_log"),
            Open::Clause(_) => {
                out.extend(needs(case, fault, open.node, None));
                continue;
            }
        };
        let title = fault.title.general(case.lang);
        let fills = [("node", node.as_str()), ("fault", title.as_str())];
        out.push(NotChecked {
            fault: fault.id.clone(),
            because: case.word(because, &fills),
            collect: case.word(collect, &fills),
        });
    }
    let cause = diagnoses
        .iter()
        .find(|d| d.role == DiagnosisRole::Cause && !d.cleared);
    let about = cause.map_or_else(
        || format!("{}.*", seen.product.as_str()),
        |cause| cause.fault.clone(),
    );
    for node in missing_logs(case, seen) {
        out.push(NotChecked {
            fault: about.clone(),
            because: case.word("judge.no_log_of", &[("node", &node)]),
            collect: case.word(log_of(seen.product), &[("node", &node)]),
        });
    }
    let mut known = BTreeSet::new();
    out.retain(|entry| {
        known.insert((
            entry.fault.clone(),
            entry.because.clone(),
            entry.collect.clone(),
        ))
    });
    out
}

/// What a fault needs to be decided.
fn needs<'a>(
    case: &'a Case<'_>,
    fault: &'a Fault,
    node: Option<usize>,
    peer: Option<usize>,
) -> impl Iterator<Item = NotChecked> + 'a {
    fault.needs.iter().map(move |need| NotChecked {
        fault: fault.id.clone(),
        because: because(case, need, node, peer),
        collect: collect(case, need, node, peer),
    })
}

/// The word for what one collects from a node of a product.
fn log_of(product: Product) -> &'static str {
    match product {
        Product::Cms => "judge.collect_cms_log",
        Product::Expressway => "judge.collect_expressway_log",
        _ => "judge.collect_log",
    }
}

/// That nobody can tell whether an incident's fault applies to the release that runs.
fn release(case: &Case<'_>, finding: &Finding) -> Option<NotChecked> {
    let fault = case.catalog().faults.get(finding.fault)?;
    let range = fault.versions.as_ref().filter(|_| !finding.cleared)?;
    if settle::applies(finding, case.timeline, range).is_some() {
        return None;
    }
    let node = case
        .label(finding.node)
        .unwrap_or_else(|| case.word("judge.a_node", &[]));
    Some(NotChecked {
        fault: fault.id.clone(),
        because: case.word(
            "judge.release_unknown",
            &[("node", &node), ("versions", &range.written)],
        ),
        collect: case.word("judge.collect_release", &[("node", &node)]),
    })
}

fn because(case: &Case<'_>, need: &Need, node: Option<usize>, peer: Option<usize>) -> String {
    let (node, peer) = (case.label(node), case.label(peer));
    let value = |name: &str| match name {
        "node" => node.clone(),
        "peer" => peer.clone(),
        _ => None,
    };
    match &need.because {
        Some(text) => fill(text.get(case.lang), &value),
        None => case.word("judge.would_be_certain", &[]),
    }
}

/// The thing to collect, and where, how long and with which filter in brackets.
fn collect(case: &Case<'_>, need: &Need, node: Option<usize>, peer: Option<usize>) -> String {
    let place = match need.node.as_deref() {
        Some("node") => case.label(node),
        Some("peer") => case.label(peer),
        other => other.map(str::to_owned),
    };
    let mut details = Vec::new();
    details.extend(place.map(|node| case.word("judge.on_node", &[("node", &node)])));
    details.extend(
        need.span
            .as_ref()
            .map(|span| case.word("judge.for_span", &[("span", span)])),
    );
    details.extend(
        need.filter
            .as_ref()
            .map(|filter| case.word("judge.with_filter", &[("filter", filter)])),
    );
    if details.is_empty() {
        need.collect.clone()
    } else {
        format!("{}   ({})", need.collect, details.join(", "))
    }
}

/// Nodes that belong to the cluster and whose own log is not in the input.
fn missing_logs(case: &Case<'_>, seen: &ClusterSeen) -> Vec<String> {
    let nodes: Vec<_> = seen
        .nodes
        .iter()
        .filter_map(|at| case.timeline.nodes.get(*at))
        .collect();
    let missing: BTreeSet<String> = nodes
        .iter()
        .filter(|node| !node.reports)
        .map(|node| node.label().to_owned())
        .collect();
    // a writer known by name only may be one of those known by address only
    let nameless = nodes
        .iter()
        .filter(|node| !node.reports && node.names.is_empty())
        .count();
    let homeless = nodes
        .iter()
        .filter(|node| node.reports && node.addresses.is_empty())
        .count();
    if homeless > 0 && nameless <= homeless {
        return nodes
            .iter()
            .filter(|node| !node.reports && !node.names.is_empty())
            .map(|node| node.label().to_owned())
            .collect();
    }
    missing.into_iter().collect()
}
