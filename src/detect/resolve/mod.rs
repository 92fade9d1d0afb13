//! Raw names and raw times to one timeline per cluster: who is who, when it was, what belongs
//! together. The only place where names meet addresses and clocks meet UTC; works from facts,
//! after all input, and says where it had to assume.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Entry, Owner, Table};
use crate::catalog::fault::{Inference, RoleSource, Signal, Tells, ValueType};
use crate::model::format::{FORMATS, FormatDef};
use crate::model::hit::{Collected, Run, RunHit, SignalId};
use crate::model::node::{Product, Role};
use crate::model::time::EventTime;

mod clusters;
mod evidence;
mod hosts;
mod names;
mod skew;
mod states;
mod thinning;
mod timeline;
mod times;
mod views;
mod writers;
mod zones;

pub use states::StateSeen;
pub use thinning::PLENTY;
pub use timeline::{ClusterSeen, FileTimes, NodeSeen, TimedHit, Timeline, Told};
pub use times::{TimeHints, parse_time};
pub use views::ViewSeen;

use clusters::Attach;
use hosts::Hosts;
use names::{Handle, Names, Seen};
use times::Clocks;

/// Finds out who is who and when it was. Beyond `plenty` matches that speak against faults, those
/// near no proof are left out.
pub fn resolve(
    collected: &Collected,
    table: &Table<'_>,
    hints: TimeHints,
    plenty: usize,
) -> Timeline {
    let clocks = Clocks::new(&collected.files, hints, zones::read(collected, table));
    let mut seen = seen_names(collected, table);
    let products = products(collected, table, &seen);
    add_ends(collected, table, &products, &mut seen);
    let mut names = Names::new(seen);
    let facts = read_facts(collected, table, &clocks, &names);
    for (a, b) in &facts.same {
        names.join(*a, *b);
    }
    names.join_short_names();
    let inferred = infer(collected, table, &clocks, &mut names);
    clusters::join_single_reporters(collected, table, &mut names);
    let attach = Attach::new(collected, table, &names, &facts);
    let offsets = skew::offsets(&facts.shared, &names, &attach.cluster);
    timeline::build(&timeline::Parts {
        plenty,
        offsets: &offsets,
        collected,
        table,
        clocks: &clocks,
        names: &names,
        facts: &facts,
        inferred: &inferred,
        attach: &attach,
        products: &products,
    })
}

/// The product whose nodes write a signal's records.
fn product_of(signal: &Signal) -> Product {
    FORMATS
        .get(usize::from(signal.format))
        .map_or(Product::Unknown, |def| def.product)
}

/// The product of an entry: where any product may write the format, that of its rule.
fn product_of_entry(table: &Table<'_>, entry: &Entry<'_>) -> Product {
    match product_of(entry.signal) {
        Product::Unknown => match entry.owner {
            Owner::Fault(at) => table.catalog.faults.get(at).map(|rule| rule.product),
            Owner::Fact(at) => table.catalog.facts.get(at).map(|rule| rule.product),
        }
        .unwrap_or(Product::Unknown),
        product => product,
    }
}

/// The product whose nodes write a parser's records.
fn product_of_parser(parser: &str) -> Product {
    FORMATS
        .iter()
        .find(|def| def.parsers().any(|name| name == parser))
        .map_or(Product::Unknown, |def| def.product)
}

/// The raw value of a bound name in a run.
fn value<'r>(run: &'r Run, signal: &Signal, name: &str) -> Option<&'r str> {
    let place = signal.binds.iter().position(|bind| bind.name == name)?;
    run.values.get(place)?.as_deref()
}

fn seen_names(collected: &Collected, table: &Table<'_>) -> Seen {
    let mut seen = Seen::default();
    for run in &collected.runs {
        let Some(entry) = table.get(run.signal) else {
            continue;
        };
        if speaks_of_any(entry.signal) {
            continue;
        }
        let product = product_of(entry.signal);
        let mut add = |raw: &str| seen.add(product, raw);
        for bind in entry
            .signal
            .binds
            .iter()
            .filter(|bind| bind.kind == ValueType::Node)
        {
            value(run, entry.signal, &bind.name).map(&mut add);
        }
        for tells in told_by(table, entry.owner, entry.place) {
            let nodes: Vec<&String> = match tells {
                Tells::Same(a, b) | Tells::Linked(a, b) => vec![a, b],
                Tells::Clock { subject: a, .. }
                | Tells::Role(a, _)
                | Tells::Version(a, _)
                | Tells::Standalone(a)
                | Tells::Told { subject: a, .. } => vec![a],
                Tells::Members { list, reporter, .. } => {
                    let pairs = value(run, entry.signal, list)
                        .map(members)
                        .unwrap_or_default();
                    pairs
                        .iter()
                        .flat_map(|(address, name)| [Some(*address), *name])
                        .flatten()
                        .for_each(&mut add);
                    reporter.iter().collect()
                }
                Tells::State { subject, .. } => subject.iter().collect(),
                Tells::Zone(_) => Vec::new(),
            };
            nodes
                .into_iter()
                .filter_map(|name| value(run, entry.signal, name))
                .for_each(&mut add);
        }
    }
    for (product, host) in hosts::hosts(&collected.files).into_iter().flatten() {
        seen.add(product, host);
    }
    seen
}

/// True for what packets say: of nodes of any product.
fn speaks_of_any(signal: &Signal) -> bool {
    FORMATS
        .get(usize::from(signal.format))
        .is_some_and(FormatDef::speaks_of_any)
}

/// For each run the product in whose names it is read. A port number makes nobody a node of a
/// product: packets belong to one when other records know one of their ends as its node, the
/// responder before the originator; a rule of a product says nothing of others' packets.
fn products(collected: &Collected, table: &Table<'_>, seen: &Seen) -> Vec<Option<Product>> {
    let of_run = |run: &Run| {
        let entry = table.get(run.signal)?;
        let product = product_of_entry(table, entry);
        if !speaks_of_any(entry.signal) {
            return Some(product);
        }
        let ends = ["peer", "node"].map(|name| value(run, entry.signal, name));
        let mut ends = ends.into_iter().flatten();
        match product {
            Product::Net => ends
                .find_map(|raw| seen.product_of(raw))
                .or(Some(Product::Net)),
            product => ends.any(|raw| seen.knows(product, raw)).then_some(product),
        }
    };
    collected.runs.iter().map(of_run).collect()
}

/// Adds both ends of what packets say.
fn add_ends(
    collected: &Collected,
    table: &Table<'_>,
    products: &[Option<Product>],
    seen: &mut Seen,
) {
    for (run, product) in collected.runs.iter().zip(products) {
        let Some((entry, product)) = table.get(run.signal).zip(*product) else {
            continue;
        };
        if speaks_of_any(entry.signal) {
            let ends = ["node", "peer"].map(|name| value(run, entry.signal, name));
            ends.into_iter()
                .flatten()
                .for_each(|raw| seen.add(product, raw));
        }
    }
}

/// What a signal of a fact rule tells.
fn told_by<'c>(table: &Table<'c>, owner: Owner, place: u16) -> Vec<&'c Tells> {
    let Owner::Fact(at) = owner else {
        return Vec::new();
    };
    let facts = table
        .catalog
        .facts
        .get(at)
        .map_or(&[][..], |rule| rule.facts.as_slice());
    facts
        .iter()
        .filter(|fact| fact.signal.is_none_or(|signal| signal == place))
        .map(|fact| &fact.tells)
        .collect()
}

/// The `(address name)` pairs of a printed Python list.
fn members(list: &str) -> Vec<(&str, Option<&str>)> {
    // a pair that does not end was cut, and half a name is nobody's
    let pairs = list.split('(').skip(1);
    let pairs = pairs.filter_map(|part| Some(part.split_once(')')?.0));
    pairs
        .filter_map(|pair| {
            let mut words = pair.split_whitespace();
            Some((words.next()?, words.next()))
        })
        .collect()
}

/// The value that names who speaks, where a record is about others.
const REPORTER: &str = "reporter";

/// Something a fact tells of a node, with its place.
#[derive(Clone, Debug)]
struct Stated<T> {
    node: Handle,
    value: T,
    time: EventTime,
    file: u32,
    hit: RunHit,
}

/// What the facts tell.
#[derive(Clone, Debug, Default)]
struct Facts {
    same: Vec<(Handle, Handle)>,
    linked: Vec<(Handle, Handle)>,
    standalone: BTreeSet<Handle>,
    /// Roles, and who said so, if that is known.
    roles: Vec<Stated<(Role, Option<Handle>)>>,
    versions: Vec<Stated<String>>,
    told: Vec<Stated<(String, String)>>,
    shared: Vec<skew::Shared>,
}

fn read_facts(collected: &Collected, table: &Table<'_>, clocks: &Clocks, names: &Names) -> Facts {
    let mut facts = Facts::default();
    let writers: Vec<Hosts<'_>> = hosts::hosts(&collected.files);
    for run in &collected.runs {
        let Some(entry) = table.get(run.signal) else {
            continue;
        };
        for tells in told_by(table, entry.owner, entry.place) {
            read_fact(
                tells,
                run,
                entry.signal,
                (&writers, clocks, names),
                &mut facts,
            );
        }
    }
    facts
}

fn read_fact(
    tells: &Tells,
    run: &Run,
    signal: &Signal,
    (writers, clocks, names): (&[Hosts<'_>], &Clocks, &Names),
    facts: &mut Facts,
) {
    let product = product_of(signal);
    let raw = |name: &str| value(run, signal, name);
    let node = |name: &str| raw(name).and_then(|raw| names.find(product, raw));
    let Some(last) = run.hits.last() else { return };
    let time = clocks.at(run.file as usize, last.time);
    // whoever writes alone in the file speaks where the record does not say who
    let writer = || {
        let hosts = writers.get(run.file as usize)?;
        let mut own = hosts.iter().filter(|(of, _)| *of == product);
        let (_, only) = own.next()?;
        names.find(product, only).filter(|_| own.next().is_none())
    };
    let speaker = || node(REPORTER).or_else(writer);
    macro_rules! state {
        ($node:expr, $value:expr) => {
            Stated {
                node: $node,
                value: $value,
                time,
                file: run.file,
                hit: last.clone(),
            }
        };
    }
    match tells {
        Tells::Same(a, b) => facts.same.extend(node(a).zip(node(b))),
        Tells::Linked(a, b) => facts.linked.extend(node(a).or_else(writer).zip(node(b))),
        Tells::Standalone(a) => facts.standalone.extend(node(a)),
        Tells::Clock { subject, key } => {
            if let Some((node, key)) = node(subject).zip(raw(key)) {
                facts.shared.extend(run.hits.iter().filter_map(|hit| {
                    let time = clocks.at(run.file as usize, hit.time).micros?;
                    Some(skew::Shared {
                        node,
                        key: key.to_owned(),
                        time,
                        file: run.file,
                        hit: hit.clone(),
                    })
                }));
            }
        }
        Tells::Role(a, source) => {
            let role = match source {
                RoleSource::Fixed(role) => Some(*role),
                RoleSource::Bound(name) => raw(name).and_then(Role::parse),
            };
            facts.roles.extend(
                node(a)
                    .zip(role)
                    .map(|(node, role)| state!(node, (role, speaker()))),
            );
        }
        Tells::Version(a, b) => facts.versions.extend(
            node(a)
                .zip(raw(b))
                .map(|(node, version)| state!(node, version.to_owned())),
        ),
        Tells::Told {
            subject,
            name,
            value,
        } => {
            facts.told.extend(
                node(subject)
                    .zip(raw(value))
                    .map(|(node, value)| state!(node, (name.clone(), value.to_owned()))),
            );
        }
        // read with the clocks, and with the hits
        Tells::Zone(_) | Tells::State { .. } => {}
        Tells::Members {
            list,
            reporter,
            primary,
            own,
        } => {
            let pairs = raw(list).map(members).unwrap_or_default();
            let place = |name: &Option<String>| {
                name.as_ref()
                    .and_then(|name| raw(name)?.parse::<usize>().ok())
            };
            let (primary, own) = (place(primary), place(own));
            let mut all: Vec<Handle> = Vec::new();
            for (at, (address, name)) in pairs.iter().enumerate() {
                let handles: Vec<Handle> = [Some(*address), *name]
                    .into_iter()
                    .flatten()
                    .filter_map(|raw| names.find(product, raw))
                    .collect();
                facts.same.extend(
                    handles
                        .windows(2)
                        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))),
                );
                let Some(first) = handles.first() else {
                    continue;
                };
                all.push(*first);
                if let Some(primary) = primary {
                    let role = if primary == at {
                        Role::Primary
                    } else {
                        Role::Subordinate
                    };
                    let by = reporter.as_deref().and_then(node).or_else(writer);
                    facts.roles.push(state!(*first, (role, by)));
                }
                if own == Some(at) {
                    facts.same.extend(
                        reporter
                            .as_ref()
                            .and_then(|name| node(name))
                            .map(|reporter| (*first, reporter)),
                    );
                }
            }
            facts.linked.extend(
                all.windows(2)
                    .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))),
            );
        }
    }
}

/// Joins a lost name with a lost address of the same reporter where there is only one of each.
fn infer(
    collected: &Collected,
    table: &Table<'_>,
    clocks: &Clocks,
    names: &mut Names,
) -> BTreeSet<Handle> {
    let mut joined = BTreeSet::new();
    for (at, rule) in table.catalog.facts.iter().enumerate() {
        for inference in &rule.inferences {
            let signal = |place: u16| {
                table
                    .entries()
                    .iter()
                    .find(|e| e.owner == Owner::Fact(at) && e.place == place)
                    .map(|e| e.id)
            };
            let (Some(of_name), Some(of_address)) =
                (signal(inference.name_of), signal(inference.address_of))
            else {
                continue;
            };
            let lost_names = losses(collected, table, clocks, names, of_name);
            let lost_addresses = losses(collected, table, clocks, names, of_address);
            for (name, address) in only_pairs(&lost_names, &lost_addresses, inference, names) {
                names.join(name, address);
                joined.insert(name);
            }
        }
    }
    joined
        .into_iter()
        .map(|handle| names.node(handle))
        .collect()
}

/// Per reporting node: who was lost and when.
type Losses = BTreeMap<Handle, Vec<(Handle, i64)>>;

fn losses(
    collected: &Collected,
    table: &Table<'_>,
    clocks: &Clocks,
    names: &Names,
    id: SignalId,
) -> Losses {
    let mut losses = Losses::new();
    for run in collected.runs.iter().filter(|run| run.signal == id) {
        let Some(entry) = table.get(id) else { continue };
        let product = product_of(entry.signal);
        let handle = |name| value(run, entry.signal, name).and_then(|raw| names.find(product, raw));
        let (Some(node), Some(peer)) = (handle("node"), handle("peer")) else {
            continue;
        };
        let times = run
            .hits
            .iter()
            .filter_map(|hit| clocks.at(run.file as usize, hit.time).micros);
        losses
            .entry(names.node(node))
            .or_default()
            .extend(times.map(|time| (peer, time)));
    }
    losses
}

fn only_pairs(
    lost_names: &Losses,
    lost_addresses: &Losses,
    inference: &Inference,
    names: &Names,
) -> Vec<(Handle, Handle)> {
    let unknown = |handle: Handle, want_address: bool| {
        let (hosts, addresses) = names.of_node(names.node(handle));
        if want_address {
            hosts.is_empty()
        } else {
            addresses.is_empty()
        }
    };
    let mut pairs = Vec::new();
    for (node, by_name) in lost_names {
        let Some(by_address) = lost_addresses.get(node) else {
            continue;
        };
        let unknown_addresses = by_address
            .iter()
            .filter(|(handle, _)| unknown(*handle, true));
        let addresses = Lost::new(unknown_addresses.map(|(handle, at)| (*at, names.node(*handle))));
        let mut near: BTreeSet<(Handle, Handle)> = BTreeSet::new();
        for (name, at) in by_name.iter().filter(|(handle, _)| unknown(*handle, false)) {
            let close = addresses.near(*at, inference.within);
            near.extend(close.map(|address| (names.node(*name), address)));
            if near.len() > 1 {
                break;
            }
        }
        if near.len() == 1 {
            pairs.extend(near);
        }
    }
    pairs
}

/// Who was lost when, in the order of time.
struct Lost {
    events: Vec<(i64, Handle)>,
    /// For each event the next one of somebody else.
    others: Vec<usize>,
}

impl Lost {
    fn new(events: impl Iterator<Item = (i64, Handle)>) -> Self {
        let mut events: Vec<_> = events.collect();
        events.sort_unstable();
        let mut others = vec![events.len(); events.len()];
        for at in (1..events.len()).rev() {
            let same = events.get(at - 1).map(|e| e.1) == events.get(at).map(|e| e.1);
            let next = if same {
                others.get(at).copied()
            } else {
                Some(at)
            };
            if let (Some(other), Some(next)) = (others.get_mut(at - 1), next) {
                *other = next;
            }
        }
        Self { events, others }
    }

    /// Who was lost within a span around a time; of more than two the first two.
    fn near(&self, time: i64, within: i64) -> impl Iterator<Item = Handle> {
        let from = time.saturating_sub(within);
        let first = self.events.partition_point(|(at, _)| *at < from);
        let second = self.others.get(first).copied();
        let close = |at: usize| {
            let event = self.events.get(at);
            event.filter(|(at, _)| *at <= time.saturating_add(within))
        };
        let both = [close(first), second.and_then(close)];
        both.into_iter().flatten().map(|(_, handle)| *handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_two_that_are_near_are_found(
            events in prop::collection::vec((0_i64..40, 0_usize..4), 0..20), time in 0_i64..40, within in 0_i64..12,
        ) {
            let lost = Lost::new(events.iter().copied());
            let found: BTreeSet<Handle> = lost.near(time, within).collect();
            let near = events.iter().filter(|(at, _)| at.abs_diff(time) <= within.unsigned_abs());
            let all: BTreeSet<Handle> = near.map(|(_, handle)| *handle).collect();
            prop_assert_eq!(found.len(), all.len().min(2));
            prop_assert!(found.is_subset(&all));
        }
    }

    /// One name and one address, each lost so often that trying every pair would take minutes.
    #[test]
    fn a_pair_that_is_lost_again_and_again_costs_no_square() {
        const TIMES: i64 = 300_000;
        let lost = Lost::new((0..TIMES).map(|at| (at, 7)));
        let all = (0..TIMES).map(|at| lost.near(at, TIMES).count());
        assert!(all.into_iter().all(|count| count == 1));
    }

    #[test]
    fn python_lists_are_read() {
        assert_eq!(
            members("[u'(10.15.13.15 expc01)', u'(10.15.13.16 expc02)']"),
            [
                ("10.15.13.15", Some("expc01")),
                ("10.15.13.16", Some("expc02"))
            ]
        );
        assert_eq!(members("[u'(10.15.13.15)']"), [("10.15.13.15", None)]);
        assert!(members("[]").is_empty());
        assert_eq!(
            members("[u'(10.15.13.15 a)', u'(10.15.13.16 expc0…").len(),
            1
        );
    }
}
