//! Two reports of the same clusters: what is over, what is new, what is as it was. Pure.
//!
//! An incident is over when a record says so, when the later evidence excludes it, or when the nodes
//! that told of it wrote the same kind of file later and it is not there. Where none of this holds
//! nothing is claimed.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::diff::{
    Cleared, ClusterChange, Diff, How, Incident, Proof, SCHEMA, Source, Unchanged, Undecided, Why,
};
use crate::model::node::Product;
use crate::model::report::{Cluster, Coverage, Diagnosis, Evidence, ReadStatus, Report};

/// Entries of a list.
const MOST: usize = 5_000;

/// Compares an earlier report with a later one.
pub fn diff(before: &Report, after: &Report) -> Diff {
    let aliases = Aliases::of(before, after);
    let mut found = Diff {
        schema: SCHEMA.to_owned(),
        before: before.tool.clone(),
        after: after.tool.clone(),
        clusters: Vec::new(),
        cleared: Vec::new(),
        new: Vec::new(),
        unchanged: Vec::new(),
        undecided: Vec::new(),
        omitted: 0,
    };
    let mut met = BTreeSet::new();
    for cluster in &before.clusters {
        let later = after
            .clusters
            .iter()
            .position(|other| aliases.same_cluster(cluster, other));
        met.extend(later);
        let later = later.and_then(|at| after.clusters.get(at));
        let pair = Pair {
            before,
            after,
            cluster,
            later,
            aliases: &aliases,
        };
        pair.compare(&mut found);
    }
    let only_later = after.clusters.iter().enumerate();
    for (_, cluster) in only_later.filter(|(at, _)| !met.contains(at)) {
        found.clusters.push(ClusterChange {
            name: cluster.name.clone(),
            product: cluster.product,
            before: None,
            after: Some(cluster.verdict),
        });
        let all = cluster.diagnoses.iter();
        found
            .new
            .extend(all.map(|one| Incident::of(&cluster.name, one)));
    }
    shorten(&mut found);
    found
}

fn shorten(found: &mut Diff) {
    let mut left_out = 0;
    let mut cap = |length: usize| {
        left_out += length.saturating_sub(MOST);
        MOST
    };
    let most = [
        cap(found.cleared.len()),
        cap(found.new.len()),
        cap(found.unchanged.len()),
        cap(found.undecided.len()),
    ];
    found.cleared.truncate(most[0]);
    found.new.truncate(most[1]);
    found.unchanged.truncate(most[2]);
    found.undecided.truncate(most[3]);
    found.omitted = left_out as u64;
}

/// A cluster of the earlier report and what the later one has of it.
struct Pair<'r> {
    before: &'r Report,
    after: &'r Report,
    cluster: &'r Cluster,
    later: Option<&'r Cluster>,
    aliases: &'r Aliases,
}

impl Pair<'_> {
    fn compare(&self, found: &mut Diff) {
        let name = self.later.map_or(&self.cluster.name, |later| &later.name);
        found.clusters.push(ClusterChange {
            name: name.clone(),
            product: self
                .later
                .map_or(self.cluster.product, |later| later.product),
            before: Some(self.cluster.verdict),
            after: self.later.map(|later| later.verdict),
        });
        let later: &[Diagnosis] = self.later.map_or(&[], |later| &later.diagnoses);
        let mut used = BTreeSet::new();
        // the same incident first, so that one that came back is not taken for it
        let mut open: Vec<&Diagnosis> = Vec::new();
        for earlier in self.cluster.diagnoses.iter() {
            let same = later.iter().position(|one| one.id == earlier.id);
            used.extend(same);
            let same = same.and_then(|at| later.get(at));
            match same {
                _ if earlier.cleared => {}
                Some(one) if one.cleared => found.cleared.push(Cleared {
                    incident: Incident::of(name, earlier),
                    proof: recorded(one),
                }),
                Some(one) => found.unchanged.push(unchanged(name, earlier, one)),
                None => open.push(earlier),
            }
        }
        for earlier in open {
            let again = |(at, one): &(usize, &Diagnosis)| {
                !used.contains(at) && !one.cleared && self.aliases.same_incident(earlier, one)
            };
            if let Some((at, one)) = later.iter().enumerate().find(again) {
                used.insert(at);
                found.unchanged.push(unchanged(name, earlier, one));
                continue;
            }
            match self.gone(earlier) {
                Ok(proof) => found.cleared.push(Cleared {
                    incident: Incident::of(name, earlier),
                    proof,
                }),
                Err(why) => found.undecided.push(Undecided {
                    incident: Incident::of(name, earlier),
                    why,
                    wanted: self.sources(earlier),
                }),
            }
        }
        let new = later
            .iter()
            .enumerate()
            .filter(|(at, _)| !used.contains(at));
        found
            .new
            .extend(new.map(|(_, one)| Incident::of(name, one)));
    }

    /// What shows that an incident is over which the later report does not tell of.
    fn gone(&self, earlier: &Diagnosis) -> Result<Proof, Why> {
        let later = self.later.ok_or(Why::NoCluster)?;
        let ruled_out = later
            .ruled_out
            .iter()
            .find(|one| one.fault == earlier.fault);
        if let Some(one) = ruled_out {
            return Ok(Proof {
                how: How::RuledOut,
                at: None,
                because: Some(one.because.clone()),
                evidence: one.evidence.clone(),
            });
        }
        if later
            .not_checked
            .iter()
            .any(|one| one.fault == earlier.fault)
        {
            return Err(Why::NotChecked);
        }
        if self.after.omitted.diagnoses > 0 || self.after.omitted.coverage > 0 {
            return Err(Why::LeftOut);
        }
        let told = self.told_by(earlier);
        if told.is_empty() {
            return Err(Why::NotCollected);
        }
        let mut files = Vec::new();
        for source in told {
            files.push(self.again(source, earlier)?);
        }
        files.sort_by(|a, b| a.origin.cmp(&b.origin));
        files.dedup_by(|a, b| a.origin == b.origin);
        let evidence = files.iter().map(|file| Evidence {
            origin: file.origin.clone(),
            line: None,
            frame: None,
            time: file.last.clone(),
            excerpt: String::new(),
        });
        Ok(Proof {
            how: How::NotSeen,
            at: files.iter().filter_map(|file| file.last.clone()).max(),
            because: None,
            evidence: evidence.collect(),
        })
    }

    /// The files of the earlier report that prove an incident.
    fn told_by(&self, earlier: &Diagnosis) -> Vec<&Coverage> {
        let proves = |file: &&Coverage| {
            let mut evidence = earlier.evidence.iter();
            evidence.any(|one| one.origin == file.origin)
        };
        self.before.coverage.iter().filter(proves).collect()
    }

    fn sources(&self, earlier: &Diagnosis) -> Vec<Source> {
        let files = self.told_by(earlier).into_iter();
        let sources: BTreeSet<Source> = files
            .map(|file| Source {
                format: file.format.clone(),
                nodes: file.nodes.clone(),
            })
            .collect();
        sources.into_iter().collect()
    }

    /// A file of the later report in which the incident would show.
    fn again(&self, source: &Coverage, earlier: &Diagnosis) -> Result<&Coverage, Why> {
        // what passes one place says nothing about another
        if source.packets > 0 {
            return Err(Why::NotCollected);
        }
        let mut best = Why::NotCollected;
        for file in &self.after.coverage {
            if !shares_format(source, file) || !self.same_writers(source, file, earlier) {
                continue;
            }
            if file.status != ReadStatus::Read {
                best = Why::NotRead;
            } else if !is_later(earlier, source, file) {
                best = Why::NotLater;
            } else {
                return Ok(file);
            }
        }
        Err(best)
    }

    fn same_writers(&self, source: &Coverage, file: &Coverage, earlier: &Diagnosis) -> bool {
        let writes = |node: &String| {
            let mut nodes = file.nodes.iter();
            nodes.any(|other| self.aliases.same(node, other))
        };
        if !source.nodes.is_empty() {
            // a log of many nodes shows an incident by the one it is about
            let about = earlier.node.iter().filter(|node| {
                let mut nodes = source.nodes.iter();
                nodes.any(|other| self.aliases.same(node, other))
            });
            let about: Vec<&String> = about.collect();
            return match about.as_slice() {
                [] => source.nodes.iter().all(writes),
                about => about.iter().all(|node| writes(node)),
            };
        }
        let known = |node: &String| {
            let mut nodes = self.later.into_iter().flat_map(|later| &later.nodes);
            nodes.any(|other| self.aliases.same(node, &other.name))
        };
        let fits = |node: &String| match file.nodes.is_empty() {
            true => known(node),
            false => writes(node),
        };
        earlier.node.as_ref().is_none_or(fits)
    }
}

/// True when a file goes on after the last proof of an incident. A screen has no time: whoever gives
/// it as the later one says that it is.
fn is_later(earlier: &Diagnosis, source: &Coverage, file: &Coverage) -> bool {
    match (&earlier.last_seen, &file.last) {
        (Some(seen), Some(last)) => last > seen,
        (_, None) => source.last.is_none(),
        (None, Some(_)) => true,
    }
}

fn shares_format(one: &Coverage, other: &Coverage) -> bool {
    let has = |id: &str| other.format.split('+').any(|known| known == id);
    one.format != "unrecognised" && one.format.split('+').any(has)
}

/// The record itself stands in the later report only where it also proves the fault.
fn recorded(later: &Diagnosis) -> Proof {
    let ends = |one: &&Evidence| one.time.is_some() && one.time == later.cleared_at;
    Proof {
        how: How::Recorded,
        at: later.cleared_at.clone(),
        because: None,
        evidence: later.evidence.iter().filter(ends).cloned().collect(),
    }
}

fn unchanged(cluster: &str, earlier: &Diagnosis, later: &Diagnosis) -> Unchanged {
    Unchanged {
        incident: Incident::of(cluster, later),
        was: earlier.id.clone(),
        count_before: earlier.count,
        severity_before: earlier.severity,
    }
}

/// Which names and addresses mean one node, as either report tells.
struct Aliases {
    group: BTreeMap<String, usize>,
}

impl Aliases {
    fn of(before: &Report, after: &Report) -> Self {
        let mut group: BTreeMap<String, usize> = BTreeMap::new();
        let clusters = before.clusters.iter().chain(&after.clusters);
        for (number, node) in clusters.flat_map(|cluster| &cluster.nodes).enumerate() {
            let names = std::iter::once(&node.name).chain(&node.addresses);
            let names: Vec<String> = names.map(|name| name.to_lowercase()).collect();
            let known: BTreeSet<usize> =
                names.iter().filter_map(|n| group.get(n)).copied().collect();
            for of in group.values_mut().filter(|of| known.contains(of)) {
                *of = number;
            }
            group.extend(names.into_iter().map(|name| (name, number)));
        }
        Self { group }
    }

    fn same(&self, one: &str, other: &str) -> bool {
        let (one, other) = (one.to_lowercase(), other.to_lowercase());
        let of = |name: &str| self.group.get(name);
        one == other || of(&one).is_some_and(|group| Some(group) == of(&other))
    }

    fn same_place(&self, one: Option<&str>, other: Option<&str>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => self.same(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    fn same_incident(&self, one: &Diagnosis, other: &Diagnosis) -> bool {
        one.fault == other.fault
            && self.same_place(one.node.as_deref(), other.node.as_deref())
            && self.same_place(one.peer.as_deref(), other.peer.as_deref())
    }

    fn same_cluster(&self, one: &Cluster, other: &Cluster) -> bool {
        let unlike = one.product != other.product;
        let known = one.product != Product::Unknown && other.product != Product::Unknown;
        if unlike && known {
            return false;
        }
        let shares = |node: &str| other.nodes.iter().any(|n| self.same(node, &n.name));
        one.name == other.name || one.nodes.iter().any(|node| shares(&node.name))
    }
}
