//! What incidents make of each other once all are known: expected windows lower them, and a wider
//! one takes the place of its parts.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::keys::fits;
use super::resolve::Timeline;
use super::table::{Owner, Table};
use crate::catalog::text::Text;
use crate::catalog::version::Versions;
use crate::model::report::Confidence;

/// Drops what does not apply to the software that a node runs; what nobody can tell to apply is
/// never certain.
pub(super) fn apply(found: &mut Vec<Finding>, timeline: &Timeline, table: &Table<'_>) {
    found.retain_mut(|finding| {
        let fault = table.catalog.faults.get(finding.fault);
        let Some(range) = fault.and_then(|fault| fault.versions.as_ref()) else {
            return true;
        };
        let applies = applies(finding, timeline, range);
        if applies.is_none() {
            finding.confidence = finding.confidence.min(Confidence::Likely);
        }
        applies != Some(false)
    });
}

/// Whether a range holds the software of an incident's node, or of every node of its cluster when
/// it is about all of them; `None` when no version is known.
pub fn applies(finding: &Finding, timeline: &Timeline, range: &Versions) -> Option<bool> {
    let cluster = timeline.clusters.get(finding.cluster);
    let nodes = match finding.node {
        Some(node) => vec![node],
        None => cluster.map_or_else(Vec::new, |cluster| cluster.nodes.clone()),
    };
    let known = nodes.iter().filter_map(|at| {
        let version = timeline.nodes.get(*at)?.version.as_deref()?;
        range.hold(version)
    });
    known.reduce(|a, b| a || b)
}

/// Lowers what an expected window explains.
pub(super) fn expect(found: &mut [Finding], timeline: &Timeline, table: &Table<'_>) {
    let marks = Marks::new(timeline, table);
    let mut known: BTreeMap<(usize, &str), Vec<Window>> = BTreeMap::new();
    for finding in found {
        let Some(fault) = table.catalog.faults.get(finding.fault) else {
            continue;
        };
        let Some((first, last)) = span(finding, timeline) else {
            continue;
        };
        for (id, ceiling) in &fault.expected_during {
            let windows = known
                .entry((finding.cluster, id))
                .or_insert_with(|| marks.windows(table, finding.cluster, id));
            let inside = windows.iter().find(|window| {
                let end = window.meets(first, last);
                end.is_some_and(|end| !outlasts(finding, timeline, end))
            });
            if let Some(window) = inside.filter(|_| finding.severity > *ceiling) {
                finding.severity = *ceiling;
                finding.expected = Some(window.title.clone());
            }
        }
    }
}

/// When an incident was seen. A screen or a dump has no time of its own: it was taken with the last
/// records of its node or, where that has none, of its cluster.
fn span(finding: &Finding, timeline: &Timeline) -> Option<(i64, i64)> {
    if let (Some(first), Some(last)) = (finding.first.micros, finding.last.micros) {
        return Some((first, last));
    }
    let last = |at: &usize| {
        let node = timeline.nodes.get(*at)?;
        node.writing.values().map(|(_, last)| *last).max()
    };
    let own = finding.node.as_ref().and_then(last);
    let of_cluster = || {
        let cluster = timeline.clusters.get(finding.cluster)?;
        cluster.nodes.iter().filter_map(last).max()
    };
    let taken = own.or_else(of_cluster)?;
    Some((taken, taken))
}

/// True when the node's records go on behind the end of a window and nothing cleared the incident:
/// what was expected for a while has not passed.
fn outlasts(finding: &Finding, timeline: &Timeline, end: i64) -> bool {
    let node = finding.node.and_then(|at| timeline.nodes.get(at));
    let mut writing = node.into_iter().flat_map(|node| node.writing.values());
    !finding.cleared && writing.any(|(_, last)| *last > end)
}

/// An expected window on a cluster.
struct Window {
    title: Text,
    /// When it was open: ascending, apart from each other.
    spans: Vec<(i64, i64)>,
}

impl Window {
    /// The end of the span that a time meets.
    fn meets(&self, first: i64, last: i64) -> Option<i64> {
        let at = self.spans.partition_point(|(_, to)| *to < first);
        let met = self.spans.get(at).filter(|(from, _)| *from <= last);
        met.map(|(_, to)| *to)
    }
}

/// When the signals of facts were seen: by fact rule, place of the signal and cluster, ascending.
struct Marks(BTreeMap<(usize, u16, usize), Vec<i64>>);

impl Marks {
    fn new(timeline: &Timeline, table: &Table<'_>) -> Self {
        let mut marks = Self(BTreeMap::new());
        // hits are in the order of time
        for hit in &timeline.hits {
            if let Some((Owner::Fact(rule), place)) =
                table.get(hit.signal).map(|e| (e.owner, e.place))
                && let Some(time) = hit.time.micros
            {
                let times = marks.0.entry((rule, place, hit.cluster)).or_default();
                times.push(time);
            }
        }
        marks
    }

    /// The windows with this id on a cluster.
    fn windows(&self, table: &Table<'_>, cluster: usize, id: &str) -> Vec<Window> {
        let mut found = Vec::new();
        for (rule_at, rule) in table.catalog.facts.iter().enumerate() {
            let times = |place| {
                let times = self.0.get(&(rule_at, place, cluster));
                times.map_or(&[][..], Vec::as_slice)
            };
            for window in rule.windows.iter().filter(|window| window.id == id) {
                let ends = window.end.map_or(&[][..], times);
                let mut spans: Vec<(i64, i64)> = Vec::new();
                for start in times(window.start) {
                    let longest = start.saturating_add(window.span);
                    let end = ends
                        .get(ends.partition_point(|end| end < start))
                        .map_or(longest, |end| longest.min(*end));
                    match spans.last_mut() {
                        Some((_, to)) if *to >= *start => *to = end.max(*to),
                        _ => spans.push((*start, end)),
                    }
                }
                found.push(Window {
                    title: window.title.clone(),
                    spans,
                });
            }
        }
        found
    }
}

/// Folds incidents into the one that replaces them.
pub(super) fn replace(found: &mut Vec<Finding>, timeline: &Timeline, table: &Table<'_>) {
    let rule = |finding: &Finding| table.catalog.faults.get(finding.fault);
    let mut known: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    for (at, finding) in found.iter().enumerate() {
        if let Some(fault) = rule(finding) {
            let key = (fault.id.as_str(), finding.cluster);
            known.entry(key).or_default().push(at);
        }
    }
    let place = |at: &usize| timeline.hits.get(*at).map(|hit| (hit.file, hit.line));
    let mut gone = BTreeSet::new();
    for winner in found.iter() {
        let Some(fault) = rule(winner).filter(|fault| !fault.replaces.is_empty()) else {
            continue;
        };
        let records: BTreeSet<_> = winner.hits.iter().filter_map(place).collect();
        let losers = fault.replaces.iter();
        for at in losers.filter_map(|id| known.get(&(id.as_str(), winner.cluster))) {
            gone.extend(at.iter().copied().filter(|at| {
                found.get(*at).is_some_and(|other| {
                    let mut shared = other.hits.iter().filter_map(place);
                    // what is over is folded only where the same records say so
                    let same = !other.cleared
                        && concerns(winner, other)
                        && alike(winner, other, timeline, table);
                    same || shared.any(|record| records.contains(&record))
                })
            }));
        }
    }
    let mut at = 0;
    found.retain(|_| {
        at += 1;
        !gone.contains(&(at - 1))
    });
}

/// The values that keep the other's incidents apart, such as a port, are the winner's as well, as
/// far as it knows them.
pub fn alike(winner: &Finding, other: &Finding, timeline: &Timeline, table: &Table<'_>) -> bool {
    let value = |finding: &Finding, name: &str| {
        finding.hits.iter().find_map(|at| {
            let hit = timeline.hits.get(*at)?;
            hit.values
                .get(table.value_place(hit.signal, name)?)?
                .clone()
        })
    };
    let apart = table.catalog.faults.get(other.fault);
    let mut names = apart.iter().flat_map(|fault| &fault.per);
    names.all(|name| {
        let both = value(winner, name).zip(value(other, name));
        both.is_none_or(|(a, b)| a == b)
    })
}

/// The other is on the winner's nodes, or is what somebody else says about the winner's node.
fn concerns(winner: &Finding, other: &Finding) -> bool {
    let about = winner.node.is_some() && winner.peer.is_none() && winner.node == other.peer;
    about || fits((winner.node, winner.peer), (other.node, other.peer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::resolve::{ClusterSeen, NodeSeen};
    use crate::model::node::Product;
    use crate::model::report::Severity;
    use crate::model::time::EventTime;

    fn node(version: Option<&str>) -> NodeSeen {
        NodeSeen {
            names: Vec::new(),
            addresses: Vec::new(),
            role: None,
            version: version.map(str::to_owned),
            cluster: Some(0),
            inferred: false,
            ahead: 0,
            writing: BTreeMap::new(),
            reports: true,
            listed: false,
        }
    }

    fn timeline(versions: &[Option<&str>]) -> Timeline {
        Timeline {
            nodes: versions.iter().map(|version| node(*version)).collect(),
            clusters: vec![ClusterSeen {
                product: Product::Cms,
                nodes: (0..versions.len()).collect(),
                assumed: false,
            }],
            ..Timeline::default()
        }
    }

    fn finding(fault: usize, node: Option<usize>) -> Finding {
        Finding {
            fault,
            cluster: 0,
            node,
            peer: None,
            confidence: Confidence::Certain,
            severity: Severity::Error,
            expected: None,
            first: EventTime::NONE,
            last: EventTime::NONE,
            cleared: false,
            cleared_at: EventTime::NONE,
            count: 1,
            hits: Vec::new(),
            clause: 0,
        }
    }

    #[test]
    fn a_range_is_held_against_the_node_or_its_cluster() {
        let range = Versions::parse(">=2.7").expect("a range");
        let timeline = timeline(&[Some("2.6"), None, Some("3.1"), Some("?")]);
        let of = |node| applies(&finding(0, node), &timeline, &range);
        assert_eq!(of(Some(0)), Some(false));
        assert_eq!(of(Some(1)), None);
        assert_eq!(of(Some(2)), Some(true));
        assert_eq!(of(Some(3)), None);
        assert_eq!(of(None), Some(true), "one node of the cluster is enough");
    }

    #[test]
    fn what_does_not_apply_is_dropped_and_what_may_not_is_never_certain() {
        let catalog = crate::catalog::Catalog::builtin().expect("built-in rules");
        let table = Table::new(&catalog);
        let ranged = |fault: &crate::catalog::Fault| {
            let range = fault.versions.as_ref();
            range.is_some_and(|range| range.written == ">=2.7")
        };
        let fault = catalog
            .faults
            .iter()
            .position(ranged)
            .expect("a rule for releases");
        let left = |version: Option<&str>| {
            let mut found = vec![finding(fault, Some(0))];
            apply(&mut found, &timeline(&[version]), &table);
            found.first().map(|finding| finding.confidence)
        };
        assert_eq!(left(Some("2.6.4")), None);
        assert_eq!(left(Some("2.9")), Some(Confidence::Certain));
        assert_eq!(left(None), Some(Confidence::Likely));
    }
}
