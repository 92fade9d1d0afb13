//! Findings to the report's judgement: causes and symptoms, what is ruled out, what could not be
//! checked, what was read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::detect::finding::FAULTY;
use crate::detect::finding::Finding;
use crate::detect::incident::Undecided;
use crate::detect::resolve::{ClusterSeen, TimedHit, Timeline};
use crate::detect::table::Table;
use crate::model::hit::FileSeen;
use crate::model::node::{Product, Role};
use crate::model::report::{
    Cluster, DiagnosisRole, Evidence, Fact, Node, NodeState, ReadStatus, Report, SCHEMA, Tool,
    Verdict, View,
};
use crate::model::time::EventTime;

mod caps;
mod cause;
mod coverage;
mod entry;
mod not_checked;
mod round_trips;
mod ruled_out;

/// What the judgement is made from.
pub struct Case<'a> {
    /// Files that were met.
    pub files: &'a [FileSeen],
    /// Everything on one time axis.
    pub timeline: &'a Timeline,
    /// Signals.
    pub table: &'a Table<'a>,
    /// Incidents.
    pub findings: &'a [Finding],
    /// What the logs end too early to tell.
    pub undecided: &'a [Undecided],
    /// Language of texts.
    pub lang: Lang,
    /// Version of the program.
    pub version: &'a str,
}

/// Judges.
pub fn diagnose(case: &Case<'_>) -> Report {
    let coverage = coverage::coverage(case);
    let complete = coverage
        .iter()
        .all(|entry| entry.status == ReadStatus::Read);
    let kept = caps::kept(case.findings);
    let unjudged = case.findings.len().saturating_sub(kept.len());
    let mut by_cluster: BTreeMap<usize, Vec<&Finding>> = BTreeMap::new();
    for finding in kept {
        by_cluster.entry(finding.cluster).or_default().push(finding);
    }
    let mut ids = BTreeSet::new();
    let mut clusters: Vec<Cluster> = (0..case.timeline.clusters.len())
        .filter_map(|at| {
            let findings = by_cluster.remove(&at).unwrap_or_default();
            cluster(case, at, &findings, complete, &mut ids)
        })
        .collect();
    if clusters.is_empty() {
        clusters.extend(unnamed(case, complete));
    }
    round_trips::tell(case, &mut clusters);
    clusters.sort_by(|a, b| {
        (rank(a.verdict), a.product, &a.name).cmp(&(rank(b.verdict), b.product, &b.name))
    });
    let mut omitted = caps::shorten(&mut clusters);
    omitted.diagnoses += unjudged as u64;
    Report {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            version: case.version.to_owned(),
            rules_digest: case.catalog().digest().to_owned(),
        },
        clusters,
        coverage,
        omitted,
    }
}

/// Logs of engines, whose silence about any node is no silence about their health.
const ENGINES: [(&str, Product); 2] = [
    ("postgresql.log", Product::Postgresql),
    ("erlang.log", Product::Mnesia),
];

/// Faulty clusters come first.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Faulty => 0,
        Verdict::Insufficient => 1,
        Verdict::Healthy => 2,
    }
}

impl<'a> Case<'a> {
    fn catalog(&self) -> &'a Catalog {
        self.table.catalog
    }

    fn label(&self, node: Option<usize>) -> Option<String> {
        node.and_then(|at| self.timeline.nodes.get(at))
            .map(|node| node.label().to_owned())
    }

    fn hit(&self, at: usize) -> Option<&'a TimedHit> {
        self.timeline.hits.get(at)
    }

    fn evidence(
        &self,
        file: u32,
        line: u64,
        time: EventTime,
        excerpt: Option<&str>,
    ) -> Option<Evidence> {
        let file = self.files.get(usize::try_from(file).ok()?)?;
        Some(Evidence {
            origin: file.origin.to_string(),
            // what is numbered in a capture are its frames
            line: (file.packets == 0).then_some(line),
            frame: None,
            time: time.rfc3339(),
            excerpt: excerpt.unwrap_or("").to_owned(),
        })
    }

    /// A word of the program in the report's language.
    fn word(&self, key: &str, fills: &[(&str, &str)]) -> String {
        let words = &self.catalog().words;
        let text = [self.lang.code(), Lang::En.code()]
            .into_iter()
            .find_map(|lang| words.get(lang)?.get(key));
        let mut text = text.map_or_else(|| key.to_owned(), Clone::clone);
        for (name, value) in fills {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

fn cluster(
    case: &Case<'_>,
    at: usize,
    findings: &[&Finding],
    complete: bool,
    ids: &mut BTreeSet<String>,
) -> Option<Cluster> {
    let seen = case.timeline.clusters.get(at)?;
    let reports = seen.nodes.iter().any(|node| {
        case.timeline
            .nodes
            .get(*node)
            .is_some_and(|node| node.reports || node.listed)
    });
    // names that only a passing mention brought up are no cluster
    if !reports && findings.is_empty() {
        return None;
    }
    let diagnoses = cause::explained(case, findings, ids);
    let open = |d: &&crate::model::report::Diagnosis| !d.cleared && d.severity >= FAULTY;
    let verdict = match diagnoses.iter().find(open) {
        Some(_) => Verdict::Faulty,
        None if complete => Verdict::Healthy,
        None => Verdict::Insufficient,
    };
    let nodes = match seen.product {
        Product::Net => ends(&diagnoses),
        _ => nodes(case, seen),
    };
    Some(Cluster {
        name: name(case, &nodes),
        product: outward(seen.product),
        verdict,
        facts: facts(case, at),
        states: states(case, at),
        views: views(case, at),
        ruled_out: ruled_out::ruled_out(case, findings),
        not_checked: not_checked::not_checked(case, at, seen, findings, &diagnoses),
        nodes,
        diagnoses,
    })
}

/// The product as reports name it: packets alone show none.
fn outward(product: Product) -> Product {
    match product {
        Product::Net => Product::Unknown,
        other => other,
    }
}

/// What packets alone, or logs of engines that name no node, show when nothing is wrong in them.
/// An empty capture shows nothing.
fn unnamed(case: &Case<'_>, complete: bool) -> Option<Cluster> {
    let seen: BTreeSet<u32> = case.timeline.hits.iter().map(|hit| hit.file).collect();
    // of a printed list nothing is known but what rules saw in it
    let packets = |(at, file): (u32, &FileSeen)| {
        let shows =
            file.packets > 0 || (file.parsers.contains(&"packet.list") && seen.contains(&at));
        shows.then_some(Product::Unknown)
    };
    let engine = |file: &FileSeen| {
        let mut parsers = file.samples.iter().map(|sample| sample.parser);
        parsers.find_map(|parser| {
            let (_, product) = ENGINES.iter().find(|(id, _)| *id == parser)?;
            Some(*product)
        })
    };
    let product = case
        .files
        .iter()
        .find_map(engine)
        .or_else(|| (0u32..).zip(case.files).find_map(packets))?;
    let name = match product {
        Product::Unknown => "judge.cluster_packets",
        _ => "judge.cluster_unnamed",
    };
    Some(Cluster {
        name: case.word(name, &[]),
        product,
        verdict: if complete {
            Verdict::Healthy
        } else {
            Verdict::Insufficient
        },
        nodes: Vec::new(),
        facts: Vec::new(),
        states: Vec::new(),
        views: Vec::new(),
        diagnoses: Vec::new(),
        ruled_out: Vec::new(),
        not_checked: Vec::new(),
    })
}

/// The hosts that take part in what packets alone prove.
fn ends(diagnoses: &[crate::model::report::Diagnosis]) -> Vec<Node> {
    let hosts = diagnoses.iter().flat_map(|one| [&one.node, &one.peer]);
    let hosts: BTreeSet<&String> = hosts.flatten().collect();
    let node = |host: &String| Node {
        name: host.clone(),
        addresses: vec![host.clone()],
        role: Role::Unknown,
        role_as_of: None,
        version: None,
    };
    hosts.into_iter().map(node).collect()
}

/// The names of the first nodes, primary first.
fn name(case: &Case<'_>, nodes: &[Node]) -> String {
    /// Names in a cluster's name.
    const SHOWN: usize = 3;
    if nodes.is_empty() {
        return case.word("judge.cluster_unnamed", &[]);
    }
    let mut names: Vec<(bool, &str)> = nodes
        .iter()
        .map(|node| (node.role != Role::Primary, node.name.as_str()))
        .collect();
    names.sort_unstable();
    let shown = names
        .iter()
        .take(SHOWN)
        .map(|(_, name)| *name)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} +{more}"),
    }
}

fn nodes(case: &Case<'_>, seen: &ClusterSeen) -> Vec<Node> {
    let mut nodes: Vec<Node> = seen
        .nodes
        .iter()
        .filter_map(|at| case.timeline.nodes.get(*at))
        .map(|node| Node {
            name: node.label().to_owned(),
            addresses: node.addresses.clone(),
            role: node.role.map_or(Role::Unknown, |(role, _)| role),
            role_as_of: node.role.and_then(|(_, time)| time.rfc3339()),
            version: node.version.clone(),
        })
        .collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}

fn facts(case: &Case<'_>, cluster: usize) -> Vec<Fact> {
    let told = case.timeline.told.iter().filter(|told| {
        case.timeline
            .nodes
            .get(told.node)
            .is_some_and(|node| node.cluster == Some(cluster))
    });
    let mut facts: Vec<Fact> = told
        .map(|told| Fact {
            subject: case.label(Some(told.node)).unwrap_or_default(),
            name: told.name.clone(),
            value: told.value.clone(),
            observed: told.time.rfc3339(),
            evidence: case
                .evidence(told.file, told.line, told.time, told.excerpt.as_deref())
                .into_iter()
                .collect(),
        })
        .collect();
    facts.sort_by(|a, b| (&a.subject, &a.name).cmp(&(&b.subject, &b.name)));
    facts
}

/// What state the nodes of a cluster were in.
fn states(case: &Case<'_>, cluster: usize) -> Vec<NodeState> {
    let of_cluster = case.timeline.states.iter().filter(|seen| {
        let node = case.timeline.nodes.get(seen.node);
        node.is_some_and(|node| node.cluster == Some(cluster))
    });
    let mut states: Vec<NodeState> = of_cluster
        .map(|seen| NodeState {
            node: case.label(Some(seen.node)).unwrap_or_default(),
            name: seen.name.clone(),
            state: seen.state.clone(),
            reason: seen.reason.clone(),
            at: seen.time.rfc3339(),
            evidence: case
                .evidence(seen.file, seen.line, seen.time, seen.excerpt.as_deref())
                .into_iter()
                .collect(),
        })
        .collect();
    // within a node they stand in the order of their times already
    states.sort_by(|a, b| (&a.node, &a.name).cmp(&(&b.node, &b.name)));
    states
}

/// Who saw whom in which role.
fn views(case: &Case<'_>, cluster: usize) -> Vec<View> {
    let inside = |node: usize| {
        let node = case.timeline.nodes.get(node);
        node.is_some_and(|node| node.cluster == Some(cluster))
    };
    let of_cluster = case.timeline.views.iter();
    let of_cluster = of_cluster.filter(|seen| inside(seen.observer) && inside(seen.node));
    let mut views: Vec<View> = of_cluster
        .map(|seen| View {
            observer: case.label(Some(seen.observer)).unwrap_or_default(),
            node: case.label(Some(seen.node)).unwrap_or_default(),
            role: seen.role,
            at: seen.time.rfc3339(),
            evidence: case
                .evidence(seen.file, seen.line, seen.time, seen.excerpt.as_deref())
                .into_iter()
                .collect(),
        })
        .collect();
    // of a pair they stand in the order of their times already
    views.sort_by(|a, b| (&a.observer, &a.node).cmp(&(&b.observer, &b.node)));
    views
}

/// Causes first, then the graver, then the earlier.
#[allow(clippy::type_complexity, reason = "a sort key is a tuple")]
fn order(
    d: &crate::model::report::Diagnosis,
) -> (
    DiagnosisRole,
    Reverse<crate::model::report::Severity>,
    bool,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    String,
) {
    (
        d.role,
        Reverse(d.severity),
        d.first_seen.is_none(),
        d.first_seen.clone(),
        d.fault.clone(),
        d.node.clone(),
        d.peer.clone(),
        d.id.clone(),
    )
}
