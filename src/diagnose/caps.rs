//! How much of everything a report tells. What goes is counted, and what stays is what matters
//! most: open and grave incidents, some of every fault, nodes that incidents name.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::detect::finding::{FAULTY, Finding};
use crate::model::node::Role;
use crate::model::report::{Cluster, Node, Omitted, Verdict};

/// Incidents of a report; a fault that comes and goes for days has more than anybody reads.
const MOST: usize = 10_000;
/// Incidents of every fault that are kept whatever else happens.
const OF_EACH: usize = 50;
/// Clusters of a report.
const CLUSTERS: usize = 2_000;
/// Nodes of a report, over all clusters.
const NODES: usize = 10_000;
/// Facts of a report, over all clusters; the same of what is ruled out and of what could not be
/// checked.
const LISTED: usize = 2_000;

/// The incidents that are told, in their own order: the open and grave ones first, and some of
/// every fault.
pub(super) fn kept(findings: &[Finding]) -> Vec<&Finding> {
    if findings.len() <= MOST {
        return findings.iter().collect();
    }
    let mut ranked: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
    ranked.sort_by_key(|(_, f)| {
        let open = !f.cleared && f.severity >= FAULTY;
        (Reverse(open), Reverse(f.severity), Reverse(f.confidence))
    });
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let (first, rest): (Vec<_>, Vec<_>) = ranked.into_iter().partition(|(_, finding)| {
        let seen = seen.entry(finding.fault).or_default();
        *seen += 1;
        *seen <= OF_EACH
    });
    let mut kept: Vec<_> = first.into_iter().chain(rest).take(MOST).collect();
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, finding)| finding).collect()
}

/// Cuts everything but incidents, whose number [`kept`] has bounded, and tells what went.
pub(super) fn shorten(clusters: &mut Vec<Cluster>) -> Omitted {
    let mut omitted = keep_clusters(clusters, CLUSTERS);
    omitted.nodes += keep_nodes(clusters, NODES);
    omitted.facts += keep_first(clusters, LISTED, |cluster| &mut cluster.facts);
    omitted.states += keep_first(clusters, LISTED, |cluster| &mut cluster.states);
    omitted.views += keep_first(clusters, LISTED, |cluster| &mut cluster.views);
    omitted.ruled_out += keep_first(clusters, LISTED, |cluster| &mut cluster.ruled_out);
    omitted.not_checked += keep_first(clusters, LISTED, |cluster| &mut cluster.not_checked);
    omitted
}

/// Keeps the faulty clusters first, those of the gravest and most various incidents before others,
/// and leaves them in their order. Everything in the others is left out with them.
fn keep_clusters(clusters: &mut Vec<Cluster>, most: usize) -> Omitted {
    let mut omitted = Omitted::default();
    if clusters.len() <= most {
        return omitted;
    }
    let rank = |cluster: &Cluster| {
        let open = cluster.diagnoses.iter().filter(|d| !d.cleared);
        let gravest = open.clone().map(|d| d.severity).max();
        let kinds: BTreeSet<&str> = open.map(|d| d.fault.as_str()).collect();
        let healthy = cluster.verdict == Verdict::Healthy;
        let faulty = cluster.verdict == Verdict::Faulty;
        Reverse((faulty, gravest, kinds.len(), !healthy))
    };
    let mut ranked: Vec<_> = std::mem::take(clusters).into_iter().enumerate().collect();
    ranked.sort_by_cached_key(|(_, cluster)| rank(cluster));
    for (_, cluster) in ranked.split_off(most) {
        omitted.clusters += 1;
        omitted.diagnoses += cluster.diagnoses.len() as u64;
        omitted.nodes += cluster.nodes.len() as u64;
        omitted.facts += cluster.facts.len() as u64;
        omitted.states += cluster.states.len() as u64;
        omitted.views += cluster.views.len() as u64;
        omitted.ruled_out += cluster.ruled_out.len() as u64;
        omitted.not_checked += cluster.not_checked.len() as u64;
    }
    ranked.sort_by_key(|(at, _)| *at);
    clusters.extend(ranked.into_iter().map(|(_, cluster)| cluster));
    omitted
}

/// Cuts the nodes of every cluster so that all together are `most` at most, the first clusters
/// theirs first. Nodes with a role and those that incidents name stay before others.
fn keep_nodes(clusters: &mut [Cluster], most: usize) -> u64 {
    let mut room = most;
    let mut left_out = 0;
    for cluster in clusters {
        if cluster.nodes.len() > room {
            let named = cluster.diagnoses.iter().flat_map(|d| [&d.node, &d.peer]);
            let named: BTreeSet<&str> = named.flatten().map(String::as_str).collect();
            let place = |node: &Node| match node.role {
                Role::Primary => 0,
                _ if named.contains(node.name.as_str()) => 1,
                Role::Unknown => 3,
                _ => 2,
            };
            cluster.nodes.sort_by_key(place);
            left_out += cluster.nodes.split_off(room).len();
            cluster.nodes.sort_by(|a, b| a.name.cmp(&b.name));
        }
        room -= cluster.nodes.len();
    }
    left_out as u64
}

/// Cuts one list of every cluster so that all together have `most` entries at most, the first
/// clusters theirs first, and tells how many went.
fn keep_first<T>(
    clusters: &mut [Cluster],
    most: usize,
    list: impl Fn(&mut Cluster) -> &mut Vec<T>,
) -> u64 {
    let mut room = most;
    let mut left_out = 0;
    for cluster in clusters {
        let list = list(cluster);
        left_out += list.len().saturating_sub(room);
        list.truncate(room);
        room -= list.len();
    }
    left_out as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::Product;
    use crate::model::report::{
        Confidence, Diagnosis, DiagnosisRole, Fact, NotChecked, RuledOut, Severity,
    };
    use crate::model::time::TimeCertainty;

    /// A faulty cluster with so many nodes, of which the last one is named by its only incident.
    fn cluster(name: &str, severity: Severity, nodes: usize) -> Cluster {
        let node = |at| Node {
            name: format!("n{at:05}"),
            addresses: Vec::new(),
            role: Role::Unknown,
            role_as_of: None,
            version: None,
        };
        let nodes: Vec<Node> = (0..nodes).map(node).collect();
        let diagnosis = Diagnosis {
            id: name.into(),
            fault: "cms.x".into(),
            role: DiagnosisRole::Cause,
            explained_by: Vec::new(),
            severity,
            confidence: Confidence::Certain,
            title: String::new(),
            summary: String::new(),
            node: nodes.last().map(|node| node.name.clone()),
            peer: None,
            flow: None,
            bindings: BTreeMap::new(),
            first_seen: None,
            last_seen: None,
            time_certainty: TimeCertainty::Unknown,
            count: 1,
            cleared: false,
            cleared_at: None,
            expected: None,
            evidence: Vec::new(),
            remedies: Vec::new(),
            references: Vec::new(),
            disputed: None,
        };
        Cluster {
            name: name.into(),
            product: Product::Cms,
            verdict: Verdict::Faulty,
            nodes,
            facts: Vec::new(),
            states: Vec::new(),
            views: Vec::new(),
            diagnoses: vec![diagnosis],
            ruled_out: Vec::new(),
            not_checked: Vec::new(),
        }
    }

    #[test]
    fn facts_ruled_out_and_not_checked_end_at_their_limits_and_are_counted() {
        let fact = Fact {
            subject: "s".into(),
            name: "n".into(),
            value: "v".into(),
            observed: None,
            evidence: Vec::new(),
        };
        let ruled_out = RuledOut {
            fault: "f".into(),
            because: "b".into(),
            evidence: Vec::new(),
        };
        let not_checked = NotChecked {
            fault: "f".into(),
            because: "b".into(),
            collect: "c".into(),
        };
        let mut clusters = vec![
            cluster("a", Severity::Error, 1),
            cluster("b", Severity::Error, 1),
        ];
        for (cluster, part) in clusters.iter_mut().zip([3, 2]) {
            cluster.facts = vec![fact.clone(); LISTED / part];
            cluster.ruled_out = vec![ruled_out.clone(); LISTED / part + 700];
            cluster.not_checked = vec![not_checked.clone(); LISTED * part];
        }
        let omitted = shorten(&mut clusters);
        let all = |list: fn(&Cluster) -> usize| clusters.iter().map(list).sum::<usize>();
        assert_eq!(all(|c| c.facts.len()), LISTED / 3 + LISTED / 2);
        assert_eq!(all(|c| c.ruled_out.len()), LISTED);
        assert_eq!(all(|c| c.not_checked.len()), LISTED);
        assert_eq!(clusters[0].not_checked.len(), LISTED);
        let expected = Omitted {
            ruled_out: (LISTED / 3 + LISTED / 2 + 1400 - LISTED) as u64,
            not_checked: 4 * LISTED as u64,
            ..Omitted::default()
        };
        assert_eq!(omitted, expected);
    }

    #[test]
    fn nodes_end_at_their_limit_and_those_of_incidents_stay() {
        let mut clusters = vec![
            cluster("a", Severity::Error, 5),
            cluster("b", Severity::Error, NODES + 1),
        ];
        let omitted = shorten(&mut clusters);
        assert_eq!(omitted.nodes, 6);
        assert_eq!(clusters[1].nodes.len(), NODES - 5);
        let last = clusters[1].nodes.last().unwrap();
        assert_eq!(Some(&last.name), clusters[1].diagnoses[0].node.as_ref());
        assert!(clusters[1].nodes.is_sorted_by_key(|node| &node.name));
    }

    #[test]
    fn the_gravest_cluster_stays_whatever_its_name() {
        let mut clusters: Vec<Cluster> = (0..CLUSTERS)
            .map(|at| cluster(&format!("c{at}"), Severity::Warning, 2))
            .collect();
        clusters.push(cluster("z", Severity::Critical, 2));
        let omitted = shorten(&mut clusters);
        assert_eq!(clusters.len(), CLUSTERS);
        assert_eq!(clusters.last().unwrap().name, "z");
        assert_eq!(clusters[CLUSTERS - 2].name, format!("c{}", CLUSTERS - 2));
        assert_eq!(
            (omitted.clusters, omitted.diagnoses, omitted.nodes),
            (1, 1, 2)
        );
        assert_eq!(omitted.total(), 4);
    }
}
