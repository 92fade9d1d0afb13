//! Whether two reports find the same.

use crate::model::report::{Cluster, Diagnosis, Report};
use crate::redact::text::Redactor;

/// Differences that are told.
const TOLD: usize = 50;

/// What the report of the redacted output finds otherwise than that of the originals, one line
/// each, in redacted names.
pub fn compare(original: &Report, redacted: &Report, redactor: &mut Redactor) -> Vec<String> {
    let mut before = incidents(original);
    let mut after = incidents(redacted);
    let mut wanted: Vec<Incident> = Vec::new();
    for (cluster, diagnosis) in before.drain(..) {
        wanted.push(Incident::of(cluster, diagnosis, Some(&mut *redactor)));
    }
    let mut found: Vec<Incident> = after
        .drain(..)
        .map(|(cluster, diagnosis)| Incident::of(cluster, diagnosis, None))
        .collect();
    let mut differences = Vec::new();
    // those that are the same in every word first, so that none takes another one's place
    wanted.retain(|one| {
        let place = found
            .iter()
            .position(|other| one.same(other) && one.node == other.node && one.peer == other.peer);
        place.map(|place| found.remove(place)).is_none()
    });
    wanted.retain(|one| {
        let place = found
            .iter()
            .position(|other| one.same(other) && one.meets(other));
        place.map(|place| found.remove(place)).is_none()
    });
    differences.extend(
        wanted
            .iter()
            .map(|one| format!("not found any more: {}", one.line())),
    );
    differences.extend(
        found
            .iter()
            .map(|one| format!("found in the output only: {}", one.line())),
    );
    let verdicts = |report: &Report| {
        let mut all: Vec<String> = report
            .clusters
            .iter()
            .map(|cluster| format!("{:?} {:?}", cluster.product, cluster.verdict).to_lowercase())
            .collect();
        all.sort();
        all
    };
    let (old, new) = (verdicts(original), verdicts(redacted));
    if old != new {
        differences.push(format!(
            "the clusters are {}, not {}",
            new.join(", "),
            old.join(", ")
        ));
    }
    let more = differences.len().saturating_sub(TOLD);
    differences.truncate(TOLD);
    if more > 0 {
        differences.push(format!("{more} further differences"));
    }
    differences
}

fn incidents(report: &Report) -> Vec<(&Cluster, &Diagnosis)> {
    let clusters = report.clusters.iter();
    clusters
        .flat_map(|cluster| cluster.diagnoses.iter().map(move |one| (cluster, one)))
        .collect()
}

/// What has to be the same of an incident.
#[derive(Clone, Debug)]
struct Incident {
    what: String,
    node: Option<String>,
    peer: Option<String>,
    /// Every name of the node and of its peer.
    nodes: Vec<String>,
    peers: Vec<String>,
}

impl Incident {
    /// With a redactor its names are replaced.
    fn of(cluster: &Cluster, one: &Diagnosis, redactor: Option<&mut Redactor>) -> Self {
        let mut nodes = aliases(cluster, one.node.as_deref());
        let mut peers = aliases(cluster, one.peer.as_deref());
        let (mut node, mut peer) = (one.node.clone(), one.peer.clone());
        if let Some(redactor) = redactor {
            let names = nodes.iter_mut().chain(&mut peers);
            for name in names.chain(node.iter_mut()).chain(peer.iter_mut()) {
                *name = redactor.text(name);
            }
        }
        let what = format!(
            "{}, {:?}, {:?}, {:?}, count {}{}, explained by {}, first {}",
            one.fault,
            one.severity,
            one.confidence,
            one.role,
            one.count,
            if one.cleared { ", cleared" } else { "" },
            one.explained_by.len(),
            one.first_seen.as_deref().unwrap_or("at an unknown time"),
        );
        Self {
            what: what.to_lowercase(),
            node: node.map(|name| name.to_lowercase()),
            peer: peer.map(|name| name.to_lowercase()),
            nodes,
            peers,
        }
    }

    fn same(&self, other: &Self) -> bool {
        self.what == other.what
    }

    fn meets(&self, other: &Self) -> bool {
        share(&self.nodes, &other.nodes) && share(&self.peers, &other.peers)
    }

    fn line(&self) -> String {
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "-".to_owned());
        format!(
            "{} (node {}, peer {})",
            self.what,
            name(&self.node),
            name(&self.peer)
        )
    }
}

fn aliases(cluster: &Cluster, name: Option<&str>) -> Vec<String> {
    let Some(name) = name else { return Vec::new() };
    let mut all = vec![name.to_owned()];
    if let Some(node) = cluster.nodes.iter().find(|node| node.name == name) {
        all.extend(node.addresses.iter().cloned());
    }
    all
}

/// True for two that have a name in common, or none at all.
fn share(one: &[String], two: &[String]) -> bool {
    let short = |name: &str| name.split('.').next().unwrap_or("").to_lowercase();
    let address = |name: &str| name.parse::<std::net::IpAddr>().is_ok();
    one.is_empty() && two.is_empty()
        || one.iter().any(|a| {
            two.iter().any(|b| {
                a.eq_ignore_ascii_case(b) || !address(a) && !address(b) && short(a) == short(b)
            })
        })
}
