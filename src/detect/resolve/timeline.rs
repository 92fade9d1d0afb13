//! The timeline: nodes, clusters and hits in UTC order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::clusters::Attach;
use super::evidence::Evidence;
use super::names::{Handle, Names};
use super::skew::Offset;
use super::states::{self, StateSeen};
use super::thinning::Thinning;
use super::times::Clocks;
use super::views::{self, ViewSeen};
use super::writers::Writers;
use super::{Facts, Stated, product_of_parser, value};
use crate::detect::table::Table;
use crate::model::format::FORMATS;
use crate::model::hit::{Collected, FileSeen, Run, SignalId, Values, Wire};
use crate::model::node::{Product, Role};
use crate::model::time::{EventTime, SECOND};

/// Earliest and latest record of a file, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTimes {
    /// Of the earliest sampled record.
    pub first: EventTime,
    /// Of the latest sampled record.
    pub last: EventTime,
    /// Indices of the nodes that write in it.
    pub by: Vec<usize>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSeen {
    /// Host names, the most telling first.
    pub names: Vec<String>,
    /// Addresses in their canonical form.
    pub addresses: Vec<String>,
    /// Role as last seen, and when.
    pub role: Option<(Role, EventTime)>,
    /// Software version as last seen.
    pub version: Option<String>,
    /// Index of its cluster; `None` for somebody outside, such as a neighbour.
    pub cluster: Option<usize>,
    /// A name and an address were joined because they failed together.
    pub inferred: bool,
    /// How far its clock is ahead of the cluster's reference node, in microseconds.
    pub ahead: i64,
    /// For each of its files the first and last time at which that proves that it was writing.
    pub writing: BTreeMap<u32, (i64, i64)>,
    /// It wrote at least one of the files.
    pub reports: bool,
    /// A screen of its cluster lists it.
    pub listed: bool,
}

impl NodeSeen {
    /// Its most telling name, else its address.
    pub fn label(&self) -> &str {
        self.names
            .first()
            .or(self.addresses.first())
            .map_or("?", String::as_str)
    }
}

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterSeen {
    /// Its product.
    pub product: Product,
    /// Indices of its nodes.
    pub nodes: Vec<usize>,
    /// That some of its nodes belong to it was assumed, not told.
    pub assumed: bool,
}

/// A hit with its place on the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedHit {
    /// The signal.
    pub signal: SignalId,
    /// When.
    pub time: EventTime,
    /// Index of the file.
    pub file: u32,
    /// Line of the record's first part.
    pub line: u64,
    /// Where it is among packets; records of logs have none.
    pub wire: Option<Arc<Wire>>,
    /// Index of the node that reports or suffers.
    pub node: Option<usize>,
    /// Index of the other node.
    pub peer: Option<usize>,
    /// Index of the cluster.
    pub cluster: usize,
    /// Raw values, in the order of the signal's `bind` list.
    pub values: Values,
    /// The record, unless the budget took it.
    pub excerpt: Option<Arc<str>>,
    /// Number of records it stands for.
    pub weight: u64,
}

impl TimedHit {
    /// Number of the frame, of packets whose source numbers them.
    pub fn frame(&self) -> Option<u64> {
        self.wire.as_ref()?.frame
    }

    /// The connection, of packets.
    pub fn flow(&self) -> Option<&str> {
        self.wire.as_ref()?.flow.as_deref()
    }
}

/// Something the records tell of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Index of the node.
    pub node: usize,
    /// What it is about.
    pub name: String,
    /// The value.
    pub value: String,
    /// When.
    pub time: EventTime,
    /// Index of the file.
    pub file: u32,
    /// Line of the record.
    pub line: u64,
    /// The record.
    pub excerpt: Option<Arc<str>>,
}

/// Everything on one time axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Times of the files, in the order of the files.
    pub files: Vec<FileTimes>,
    /// Nodes.
    pub nodes: Vec<NodeSeen>,
    /// Clusters.
    pub clusters: Vec<ClusterSeen>,
    /// Hits in the order of (time, file, line, signal); hits without a time come last.
    pub hits: Vec<TimedHit>,
    /// What is told of nodes, the latest of each name.
    pub told: Vec<Told>,
    /// What state nodes were in, by node, kind of state and time.
    pub states: Vec<StateSeen>,
    /// Who said of whom which role it has.
    pub views: Vec<ViewSeen>,
    /// By file, the signals of which the memory budget took matches that may decide.
    pub lost: BTreeMap<u32, BTreeSet<SignalId>>,
}

/// What the timeline is built from.
pub(super) struct Parts<'a, 'c> {
    pub(super) collected: &'a Collected,
    pub(super) table: &'a Table<'c>,
    pub(super) clocks: &'a Clocks,
    pub(super) names: &'a Names,
    pub(super) facts: &'a Facts,
    pub(super) inferred: &'a BTreeSet<Handle>,
    pub(super) offsets: &'a BTreeMap<Handle, Offset>,
    pub(super) attach: &'a Attach,
    /// Matches of contrast beyond which those near no proof are left out.
    pub(super) plenty: usize,
    /// For each run the product in whose names it is read, if any.
    pub(super) products: &'a [Option<Product>],
}

/// Builds the timeline.
pub(super) fn build(parts: &Parts<'_, '_>) -> Timeline {
    let files = parts.collected.files.iter().enumerate();
    let (times, spans): (Vec<_>, Vec<_>) = files.map(|(at, file)| sampled(parts, at, file)).unzip();
    let mut timeline = Timeline {
        files: times,
        lost: lost(&parts.collected.files),
        ..Timeline::default()
    };
    let places = nodes_and_clusters(parts, &spans, &mut timeline);
    for (file, writers) in timeline.files.iter_mut().zip(&parts.attach.writers) {
        file.by = writers
            .iter()
            .filter_map(|root| places.get(root).copied())
            .collect();
    }
    tell(parts, &places, &mut timeline);
    timeline.states = states::read(parts, &places);
    timeline.views = views::read(parts, &places);
    place_hits(parts, &places, &mut timeline);
    timeline
}

/// By parser and host in the head of records, the earliest and the latest one.
type Spans<'f> = BTreeMap<(&'static str, Option<&'f str>), (i64, i64)>;

/// What the samples of a file tell: its first and last record, and those of everybody who writes.
fn sampled<'f>(parts: &Parts<'_, '_>, at: usize, file: &'f FileSeen) -> (FileTimes, Spans<'f>) {
    let mut times = FileTimes {
        first: EventTime::NONE,
        last: EventTime::NONE,
        by: Vec::new(),
    };
    let mut spans = Spans::new();
    for sample in &file.samples {
        let time = parts.clocks.at(at, sample.time);
        let Some(micros) = time.micros else {
            continue;
        };
        if times.first.micros.is_none_or(|first| micros < first) {
            times.first = time;
        }
        if times.last.micros.is_none_or(|last| micros >= last) {
            times.last = time;
        }
        let who = (sample.parser, sample.host.as_deref());
        let span = spans.entry(who).or_insert((micros, micros));
        *span = (span.0.min(micros), span.1.max(micros));
    }
    (times, spans)
}

fn lost(files: &[FileSeen]) -> BTreeMap<u32, BTreeSet<SignalId>> {
    let lossy = (0u32..).zip(files);
    lossy
        .filter(|(_, file)| !file.lost.signals.is_empty())
        .map(|(at, file)| (at, file.lost.signals.clone()))
        .collect()
}

/// Indices of nodes by their root.
pub(super) type Places = BTreeMap<Handle, usize>;

fn nodes_and_clusters(
    parts: &Parts<'_, '_>,
    spans: &[Spans<'_>],
    timeline: &mut Timeline,
) -> Places {
    let roots: BTreeSet<Handle> = (0..parts.names.len())
        .map(|handle| parts.names.node(handle))
        .collect();
    let mut clusters: BTreeMap<Handle, usize> = BTreeMap::new();
    let mut places = Places::new();
    let writing = writing(parts, spans);
    let reporting: BTreeSet<Handle> = parts.attach.writers.iter().flatten().copied().collect();
    for root in roots {
        let (names, addresses) = parts.names.of_node(root);
        let at = timeline.nodes.len();
        let cluster = parts.attach.cluster.get(&root).map(|home| {
            *clusters.entry(*home).or_insert_with(|| {
                let product = parts
                    .names
                    .get(*home)
                    .map_or(Product::Unknown, |(product, _)| *product);
                timeline.clusters.push(ClusterSeen {
                    product,
                    nodes: Vec::new(),
                    assumed: parts.attach.assumed.contains(home),
                });
                timeline.clusters.len() - 1
            })
        });
        if let Some(cluster) = cluster.and_then(|at| timeline.clusters.get_mut(at)) {
            cluster.nodes.push(at);
        }
        places.insert(root, at);
        timeline.nodes.push(NodeSeen {
            names,
            addresses,
            role: None,
            version: None,
            cluster,
            inferred: parts.inferred.contains(&root),
            ahead: parts.offsets.get(&root).map_or(0, |offset| offset.ahead),
            writing: writing.get(&root).cloned().unwrap_or_default(),
            reports: reporting.contains(&root),
            listed: parts.attach.listed.contains(&root),
        });
    }
    places
}

/// For each node and file the span over which its own records are sampled. Records that name no
/// host are by the only node that writes there.
fn writing(
    parts: &Parts<'_, '_>,
    spans: &[Spans<'_>],
) -> BTreeMap<Handle, BTreeMap<u32, (i64, i64)>> {
    let mut writing: BTreeMap<Handle, BTreeMap<u32, (i64, i64)>> = BTreeMap::new();
    let writers = Writers::new(parts);
    for (at, spans) in (0u32..).zip(spans) {
        for ((parser, host), (first, last)) in spans {
            let product = product_of_parser(parser);
            let handle = match host {
                Some(host) => parts.names.find(product, host),
                None => writers.of(at, product),
            };
            if let Some(handle) = handle {
                let of_node = writing.entry(parts.names.node(handle)).or_default();
                let span = of_node.entry(at).or_insert((*first, *last));
                *span = (span.0.min(*first), span.1.max(*last));
            }
        }
    }
    writing
}

/// A statement's rank: later is better, a record without time counts as taken last.
fn rank<T>(stated: &Stated<T>) -> (i64, u32, u64) {
    (
        stated.time.micros.unwrap_or(i64::MAX),
        stated.file,
        stated.hit.line,
    )
}

fn tell(parts: &Parts<'_, '_>, places: &Places, timeline: &mut Timeline) {
    fn latest<'s, T>(
        parts: &Parts<'_, '_>,
        places: &Places,
        stated: &'s [Stated<T>],
    ) -> BTreeMap<usize, &'s Stated<T>> {
        let mut best: BTreeMap<usize, &Stated<T>> = BTreeMap::new();
        for one in stated {
            let Some(at) = places.get(&parts.names.node(one.node)) else {
                continue;
            };
            let better = best.get(at).is_none_or(|old| rank(*old) <= rank(one));
            if better {
                best.insert(*at, one);
            }
        }
        best
    }
    for (at, stated) in latest(parts, places, &parts.facts.roles) {
        if let Some(node) = timeline.nodes.get_mut(at) {
            node.role = Some((stated.value.0, stated.time));
        }
    }
    for (at, stated) in latest(parts, places, &parts.facts.versions) {
        if let Some(node) = timeline.nodes.get_mut(at) {
            node.version = Some(stated.value.clone());
        }
    }
    let mut told: BTreeMap<(usize, &str), &Stated<(String, String)>> = BTreeMap::new();
    for one in &parts.facts.told {
        let Some(at) = places.get(&parts.names.node(one.node)) else {
            continue;
        };
        let key = (*at, one.value.0.as_str());
        if told.get(&key).is_none_or(|old| rank(old) <= rank(one)) {
            told.insert(key, one);
        }
    }
    timeline.told = told
        .into_iter()
        .map(|((node, name), one)| Told {
            node,
            name: name.to_owned(),
            value: one.value.1.clone(),
            time: one.time,
            file: one.file,
            line: one.hit.line,
            excerpt: one.hit.excerpt.clone(),
        })
        .collect();
    timeline.told.extend(clock_facts(parts, places));
}

/// Clocks that are apart are told as facts of their nodes.
fn clock_facts(parts: &Parts<'_, '_>, places: &Places) -> Vec<Told> {
    let told = parts.offsets.iter().filter_map(|(root, offset)| {
        let (hosts, addresses) = parts.names.of_node(offset.reference);
        let reference = hosts.into_iter().chain(addresses).next()?;
        let seconds = offset.ahead as f64 / SECOND as f64;
        let error = offset.error as f64 / SECOND as f64;
        Some(Told {
            node: *places.get(root)?,
            name: "clock".to_owned(),
            value: format!(
                "{seconds:+.1} s (±{error:.1} s) against {reference}, {} shared changes",
                offset.instants
            ),
            time: parts.clocks.at(offset.file as usize, offset.hit.time),
            file: offset.file,
            line: offset.hit.line,
            excerpt: offset.hit.excerpt.clone(),
        })
    });
    told.collect()
}

/// A hit, the product in whose names it is read, and the cluster of its nodes.
struct Placed {
    cluster: Option<usize>,
    product: Product,
    hit: TimedHit,
}

/// What makes two hits of overlapping bundles the same record.
type Twin = (SignalId, EventTime, u64, Values, Option<usize>);

/// Whom the hits of a run are about.
pub(super) struct About {
    product: Product,
    pub(super) node: Option<usize>,
    peer: Option<usize>,
    cluster: Option<usize>,
    values: Values,
}

/// Whom the hits of each run are about; nothing where the run proves nothing here.
fn about(parts: &Parts<'_, '_>, places: &Places, timeline: &Timeline) -> Vec<Option<About>> {
    let writers = Writers::new(parts);
    let evidence = Evidence::new(&parts.collected.files, &timeline.files);
    let runs = parts.collected.runs.iter().zip(parts.products);
    let of_run = |(run, product): (&Run, &Option<Product>)| {
        let (entry, product) = parts.table.get(run.signal).zip(*product)?;
        let index = |name| {
            let handle = parts.names.find(product, value(run, entry.signal, name)?)?;
            places.get(&parts.names.node(handle)).copied()
        };
        if !evidence.allows(run, entry.signal) {
            return None;
        }
        let named = FORMATS
            .get(usize::from(entry.signal.format))
            .is_some_and(|def| def.names_node);
        let node = index("node").or_else(|| {
            let root = (!named).then(|| writers.of(run.file, product))?;
            places.get(&root?).copied()
        });
        let peer = index("peer");
        // whoever is named nowhere as the one who writes speaks of itself there
        if peer.is_some() && peer == node && index("node").is_none() {
            return None;
        }
        let mut both = [node, peer].into_iter().flatten();
        Some(About {
            product,
            node,
            peer,
            cluster: both.find_map(|at| timeline.nodes.get(at)?.cluster),
            values: evidence.values(run, entry.signal),
        })
    };
    runs.map(of_run).collect()
}

fn place_hits(parts: &Parts<'_, '_>, places: &Places, timeline: &mut Timeline) {
    let mut hits: Vec<Placed> = Vec::new();
    let mut seen: HashMap<Twin, u32> = HashMap::new();
    let about = about(parts, places, timeline);
    let thinning = Thinning::new(parts, &about, &timeline.nodes);
    for (run, about) in parts.collected.runs.iter().zip(&about) {
        let Some(about) = about else { continue };
        let kept = thinning.kept(parts, run, about.node, &timeline.nodes);
        let passed_over = (run.hits.len() - kept.len()) as u64;
        for hit in kept {
            let time = parts.clocks.at(run.file as usize, hit.time);
            // overlapping bundles hold the same record twice: it counts once; equal records of one
            // file, or of two nodes, are different observations
            let twin = (run.signal, time, hit.hash, about.values.clone(), about.node);
            if *seen.entry(twin).or_insert(run.file) != run.file {
                continue;
            }
            let weight = match run.hits.last().is_some_and(|last| std::ptr::eq(last, hit)) {
                true => 1 + run.dropped + passed_over,
                false => 1,
            };
            let timed = TimedHit {
                signal: run.signal,
                time,
                file: run.file,
                line: hit.line,
                wire: hit.wire.clone(),
                node: about.node,
                peer: about.peer,
                cluster: 0,
                values: about.values.clone(),
                excerpt: hit.excerpt.clone(),
                weight,
            };
            hits.push(Placed {
                cluster: about.cluster,
                product: about.product,
                hit: timed,
            });
        }
    }
    drop(seen);
    give_clusters(parts, places, &mut hits, timeline);
    timeline.hits = hits.into_iter().map(|placed| placed.hit).collect();
    timeline.hits.sort_by_key(|hit| {
        (
            hit.time.micros.is_none(),
            hit.time.micros,
            hit.file,
            hit.line,
            hit.signal,
        )
    });
}

/// A hit that names no node goes with the nearest hit of its file, else with the file's writers,
/// else with the only cluster of its product, else into a cluster without nodes.
fn give_clusters(
    parts: &Parts<'_, '_>,
    places: &Places,
    hits: &mut [Placed],
    timeline: &mut Timeline,
) {
    let nameless = |placed: &&Placed| placed.cluster.is_none() && placed.product != Product::Net;
    let asked: BTreeSet<u32> = hits.iter().filter(nameless).map(|p| p.hit.file).collect();
    let mut known: BTreeMap<u32, BTreeMap<u64, usize>> = BTreeMap::new();
    for Placed { cluster, hit, .. } in hits.iter().filter(|p| asked.contains(&p.hit.file)) {
        if let Some(cluster) = *cluster {
            let lines = known.entry(hit.file).or_default();
            let at = lines.entry(hit.line).or_insert(cluster);
            *at = cluster.min(*at);
        }
    }
    let mut only: BTreeMap<(u32, Product), Option<usize>> = BTreeMap::new();
    let mut bare: BTreeMap<Product, usize> = BTreeMap::new();
    for Placed {
        cluster,
        product,
        hit,
    } in hits.iter_mut()
    {
        let product = *product;
        hit.cluster = cluster.unwrap_or_else(|| {
            // strangers in a capture are not the cluster's
            let of_file = known.get(&hit.file).filter(|_| product != Product::Net);
            let near = of_file.and_then(|lines| {
                let below = lines.range(..=hit.line).next_back();
                let above = lines.range(hit.line..).next();
                let both = below.into_iter().chain(above);
                both.min_by_key(|(line, at)| (line.abs_diff(hit.line), **at))
                    .map(|(_, at)| *at)
            });
            let only = only
                .entry((hit.file, product))
                .or_insert_with(|| only_cluster(parts, places, hit.file, product, timeline));
            near.or(*only).unwrap_or_else(|| {
                *bare.entry(product).or_insert_with(|| {
                    timeline.clusters.push(ClusterSeen {
                        product,
                        nodes: Vec::new(),
                        assumed: true,
                    });
                    timeline.clusters.len() - 1
                })
            })
        });
    }
}

fn only_cluster(
    parts: &Parts<'_, '_>,
    places: &Places,
    file: u32,
    product: Product,
    timeline: &Timeline,
) -> Option<usize> {
    let writers = parts.attach.writers.get(file as usize);
    let homes: BTreeSet<usize> = writers
        .into_iter()
        .flatten()
        .filter_map(|root| timeline.nodes.get(*places.get(root)?)?.cluster)
        .filter(|at| {
            timeline
                .clusters
                .get(*at)
                .is_some_and(|cluster| cluster.product == product)
        })
        .collect();
    let of_product: Vec<usize> = timeline
        .clusters
        .iter()
        .enumerate()
        .filter(|(_, c)| c.product == product && !c.nodes.is_empty())
        .map(|(at, _)| at)
        .collect();
    match (
        homes.into_iter().collect::<Vec<_>>().as_slice(),
        of_product.as_slice(),
    ) {
        ([only], _) | ([], [only]) => Some(*only),
        _ => None,
    }
}
