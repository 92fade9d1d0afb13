//! Who saw whom in which role when the gravest incident began, and which ways were broken.

use std::collections::{BTreeMap, BTreeSet};

use super::build::Source;
use super::{Block, Edge, Line, Place, Section, Table, Topology, causes};
use crate::model::node::Role;
use crate::model::report::{Cluster, Diagnosis, Node, Severity, View};
use crate::report::sort::Sorted;
use crate::report::{time, words};

/// Nodes that are drawn: more are no drawing but a ball of wool.
const DRAWN: usize = 8;

/// The drawing and its tables.
pub(super) fn section(
    source: &Source<'_>,
    cluster: &Cluster,
    sorted: &Sorted<'_>,
) -> Option<Section> {
    if cluster.nodes.is_empty() {
        return None;
    }
    let lead = sorted.groups.first().map(|group| group.lead);
    let when = lead.and_then(|lead| lead.first_seen.as_deref());
    let views = at_the_time(&cluster.views, when);
    let broken = broken(cluster);
    let order = order(cluster, &broken);
    let drawn: Vec<&Node> = order
        .iter()
        .take(DRAWN.min(source.limits.drawn))
        .copied()
        .collect();
    let place = |name: &str| drawn.iter().position(|node| node.name == name);
    let ways = broken.iter().filter_map(|one| {
        Some(Edge {
            from: place(one.node.as_deref()?)?,
            to: place(one.peer.as_deref()?)?,
            broken: Some(one.severity),
        })
    });
    let mut edges = gravest(ways);
    let lost: BTreeSet<(usize, usize)> = edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let seen = views.iter().filter_map(|view| {
        let (from, to) = (place(&view.observer)?, place(&view.node)?);
        let hidden = from == to || lost.contains(&(from, to));
        (!hidden).then_some(Edge {
            from,
            to,
            broken: None,
        })
    });
    edges.extend(seen);
    let caption = match when {
        Some(when) => source
            .locale()
            .fill("page.topology_at", &[("time", &time::moment(when))]),
        None => source.word("page.topology_last").to_owned(),
    };
    let drawing = Topology {
        caption,
        places: drawn
            .iter()
            .map(|node| mark(source, cluster, node, &views))
            .collect(),
        edges,
        nodes: nodes(source, &order),
        table: table(source, &views, &broken),
    };
    let mut blocks = vec![Block::Topology(drawing)];
    let most = source.limits.nodes;
    let left = order.len().saturating_sub(most);
    blocks.extend(source.more(left).map(Block::Text));
    Some(Section::new(source.word("page.topology"), blocks))
}

/// What each node said of each other at a time: the last word before it, else the first one.
fn at_the_time<'c>(views: &'c [View], when: Option<&str>) -> Vec<&'c View> {
    let key = |time: &str| time.trim_end_matches('Z').to_owned();
    let when = when.map(key);
    let is_before = |view: &View| match (&view.at, &when) {
        (Some(at), Some(when)) => key(at) <= *when,
        // a screen without a time was taken when somebody looked, and without a time the last counts
        (None, _) | (_, None) => true,
    };
    let mut chosen: BTreeMap<(&str, &str), &View> = BTreeMap::new();
    for view in views {
        let pair = (view.observer.as_str(), view.node.as_str());
        if is_before(view) || !chosen.contains_key(&pair) {
            chosen.insert(pair, view);
        }
    }
    chosen.into_values().collect()
}

/// Open incidents between two nodes.
fn broken(cluster: &Cluster) -> Vec<&Diagnosis> {
    let open = |one: &&Diagnosis| {
        !one.cleared
            && one.severity >= Severity::Warning
            && one.node.is_some()
            && one.peer.is_some()
    };
    cluster.diagnoses.iter().filter(open).collect()
}

/// The gravest of the ways between the same two nodes.
fn gravest(ways: impl Iterator<Item = Edge>) -> Vec<Edge> {
    let mut best: BTreeMap<(usize, usize), Edge> = BTreeMap::new();
    for way in ways {
        let known = best
            .entry((way.from, way.to))
            .or_insert_with(|| way.clone());
        known.broken = known.broken.max(way.broken);
    }
    best.into_values().collect()
}

fn leads(role: Role) -> bool {
    matches!(role, Role::Primary | Role::Publisher)
}

/// Nodes that lead first, then those that incidents name, then the others.
fn order<'c>(cluster: &'c Cluster, broken: &[&Diagnosis]) -> Vec<&'c Node> {
    let named: BTreeSet<&str> = broken
        .iter()
        .flat_map(|one| [one.node.as_deref(), one.peer.as_deref()])
        .flatten()
        .collect();
    let mut nodes: Vec<&Node> = cluster.nodes.iter().collect();
    nodes.sort_by_key(|node| (!leads(node.role), !named.contains(node.name.as_str())));
    nodes
}

fn mark(source: &Source<'_>, cluster: &Cluster, node: &Node, views: &[&View]) -> Place {
    let open = cluster.diagnoses.iter().filter(|one| {
        let about = one.node.as_deref() == Some(&*node.name);
        about && !one.cleared && one.severity >= Severity::Warning
    });
    // at the time of the drawing; what others said counts where the node itself is silent
    let own = |own: bool| {
        let mut said = views.iter().filter(|view| view.node == node.name);
        said.find(|view| (view.observer == node.name) == own)
    };
    let role = own(true)
        .or_else(|| own(false))
        .map_or(node.role, |view| view.role);
    Place {
        name: node.name.clone(),
        role: match role {
            Role::Unknown => String::new(),
            role => source.word(words::role(role)).to_owned(),
        },
        leads: leads(role),
        trouble: open.map(|one| one.severity).max(),
    }
}

/// The nodes in words, as they were last seen.
fn nodes(source: &Source<'_>, order: &[&Node]) -> Table {
    let row = |node: &&Node| {
        let role = match node.role {
            Role::Unknown => "",
            role => source.word(words::role(role)),
        };
        let others = node.addresses.iter().filter(|one| **one != node.name);
        let addresses = Line::joined(others.take(8).map(Line::code), ", ");
        let seen = node.role_as_of.as_deref().map(time::moment);
        vec![
            Line::code(&*node.name),
            Line::words(role),
            addresses,
            Line::words(node.version.as_deref().unwrap_or_default()),
            Line::words(seen.unwrap_or_default()),
        ]
    };
    let heads = [
        "column.node",
        "column.role",
        "column.addresses",
        "column.version",
        "column.role_as_of",
    ];
    let table = Table {
        caption: source.word("section.nodes").to_owned(),
        heads: heads.map(|key| source.word(key).to_owned()).to_vec(),
        numbers: Vec::new(),
        rows: order.iter().take(source.limits.nodes).map(row).collect(),
    };
    // names alone stand in the drawing already
    match table.columns().len() > 1 || order.len() > DRAWN {
        true => table,
        false => Table::default(),
    }
}

/// Who sees whom and what is broken, in words.
fn table(source: &Source<'_>, views: &[&View], broken: &[&Diagnosis]) -> Table {
    let lost = broken.iter().map(|one| {
        vec![
            Line::code(one.node.as_deref().unwrap_or_default()),
            Line::code(one.peer.as_deref().unwrap_or_default()),
            causes::severity(source, one).and(" ").and(&*one.title),
            Line::words(time::span(
                source.locale(),
                one.first_seen.as_deref(),
                one.last_seen.as_deref(),
            )),
        ]
    });
    let seen = views.iter().map(|view| {
        let role = source.word(words::role(view.role));
        let text = source.locale().fill("page.seen_as", &[("role", role)]);
        vec![
            Line::code(&*view.observer),
            Line::code(&*view.node),
            Line::words(text),
            Line::words(view.at.as_deref().map(time::moment).unwrap_or_default()),
        ]
    });
    let heads = ["page.from", "page.to", "page.what", "page.when"];
    Table {
        caption: source.word("page.ways").to_owned(),
        heads: heads.map(|key| source.word(key).to_owned()).to_vec(),
        numbers: Vec::new(),
        rows: lost.chain(seen).take(source.limits.rows).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(role: Role, at: Option<&str>) -> View {
        View {
            observer: "a".into(),
            node: "b".into(),
            role,
            at: at.map(str::to_owned),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn the_last_word_before_the_incident_counts() {
        let views = [
            view(Role::Primary, Some("2020-01-01T00:00:00Z")),
            view(Role::Replica, Some("2020-01-01T00:00:09.5Z")),
        ];
        let role = |when: Option<&str>| at_the_time(&views, when)[0].role;
        assert_eq!(role(Some("2020-01-01T00:00:05Z")), Role::Primary);
        assert_eq!(role(Some("2020-01-01T00:00:10Z")), Role::Replica);
        assert_eq!(role(Some("2019-01-01T00:00:10Z")), Role::Primary);
        assert_eq!(role(None), Role::Replica);
    }
}
