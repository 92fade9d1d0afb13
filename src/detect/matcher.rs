//! The one evaluator of conditions: does a record fit, and what is taken from it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::bytes::{Captures, Regex};

use super::table::{Owner, Table};
use crate::catalog::Port;
use crate::catalog::condition::{self, Condition, Network, Op, Test};
use crate::catalog::fault::{Bind, Fact, Signal, Source, Tells};
use crate::model::event::Event;
use crate::model::excerpt::excerpt;
use crate::model::format::FORMATS;
use crate::model::hit::{Hit, SignalId, Values, Wire};

/// Longest bound value in bytes; a longer one is cut and ends with an ellipsis, which no name of a
/// node has: half a name is nobody's.
const VALUE_BYTES: usize = 256;
/// The same of a value that lists the members of a cluster: six with the longest names there are.
const LIST_BYTES: usize = 2 << 10;
/// Hits among which the values of the next one are looked for.
const RECENT: usize = 16;

/// Conditions ready to be tested. Shared by all workers; patterns are compiled when first needed.
#[derive(Debug)]
pub struct Matcher<'c> {
    /// By number; those that ask for what an earlier one asks for are left to that one.
    signals: Vec<Option<Ready<'c>>>,
}

#[derive(Debug)]
struct Ready<'c> {
    signal: &'c Signal,
    format: &'static str,
    ports: &'c [Port],
    /// For each bound name the most bytes of its value.
    most: Vec<usize>,
    /// For each test in order, a slot for each of its values.
    patterns: Vec<Vec<OnceLock<Option<Regex>>>>,
    /// For each test, true when values are taken from its patterns: one search serves for both.
    catching: Vec<bool>,
}

/// The records that fit a condition that belongs to no signal, such as what a check expects, and
/// the others. Where nothing is asked every record fits.
pub fn parted<'e, 'c>(
    condition: &Condition,
    ports: &[Port],
    events: impl Iterator<Item = &'e Event<'c>>,
) -> (Vec<&'e Event<'c>>, Vec<&'e Event<'c>>)
where
    'c: 'e,
{
    let signal = Signal {
        name: String::new(),
        format: 0,
        condition: condition.clone(),
        file_name: Vec::new(),
        binds: Vec::new(),
        literals: Vec::new(),
    };
    let ready = Ready::new(&signal, ports);
    events.partition(|event| condition.is_empty() || ready.fitting(event).is_some())
}

/// The alternative that fits an event.
struct Fitting<'e> {
    /// The numbers of its tests.
    tests: Range<usize>,
    /// What its patterns caught, by the number of the test.
    caught: Vec<(usize, Captures<'e>)>,
}

/// What all hits on one event share.
struct Shared {
    hash: u64,
    wire: Option<Arc<Wire>>,
    excerpt: Arc<str>,
}

impl<'c> Matcher<'c> {
    /// Takes over the signals of a table.
    pub fn new(table: &Table<'c>) -> Self {
        let mut signals: Vec<Option<Ready<'c>>> = Vec::new();
        for entry in table.entries() {
            signals.push(
                (entry.first == entry.id).then(|| Ready::new(entry.signal, &table.catalog.ports)),
            );
            let first = signals.get_mut(entry.first.0 as usize);
            if let Some(ready) = first.and_then(Option::as_mut) {
                ready.lengthen(&lists(table, entry.owner));
            }
        }
        Self { signals }
    }

    /// Adds a hit of each of the `signals` that the event fits. A signal stands for all that ask
    /// for the same; only the first of those does.
    pub fn test(&self, signals: &[SignalId], event: &Event<'_>, hits: &mut Vec<Hit>) {
        let mut shared = None;
        for id in signals {
            let ready = self.signals.get(id.0 as usize).and_then(Option::as_ref);
            let Some(ready) = ready.filter(|ready| ready.format == event.format) else {
                continue;
            };
            let Some(fitting) = ready.fitting(event) else {
                continue;
            };
            let recent = hits.iter().rev().take(RECENT);
            let recent = recent.filter(|hit| hit.signal == *id);
            let values = ready.values(&fitting, event, recent.map(|hit| &hit.values));
            let shared: &Shared = shared.get_or_insert_with(|| Shared::of(event));
            hits.push(Hit {
                signal: *id,
                time: event.time,
                line: event.line,
                wire: shared.wire.clone(),
                hash: shared.hash,
                values,
                excerpt: shared.excerpt.clone(),
            });
        }
    }

    /// The signals that stand for all others, in ascending order.
    pub fn all(&self) -> Vec<SignalId> {
        let ids = (0u32..).zip(&self.signals);
        ids.filter(|(_, ready)| ready.is_some())
            .map(|(id, _)| SignalId(id))
            .collect()
    }
}

impl Shared {
    fn of(event: &Event<'_>) -> Self {
        let mut hasher = DefaultHasher::new();
        event.text.hash(&mut hasher);
        Self {
            hash: hasher.finish(),
            wire: wire(event),
            excerpt: excerpt(&event.text),
        }
    }
}

/// Where an event stands among packets.
fn wire(event: &Event<'_>) -> Option<Arc<Wire>> {
    let frame = event.first("frame").and_then(|frame| frame.parse().ok());
    let flow = flow(event);
    (frame.is_some() || flow.is_some()).then(|| Arc::new(Wire { frame, flow }))
}

/// The connection that an event is about.
fn flow(event: &Event<'_>) -> Option<String> {
    let end = |host: &str, port: &str| {
        let (host, port) = (event.first(host)?, event.first(port)?);
        Some(if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        })
    };
    let originator = end("originator", "originator_port")?;
    let responder = end("responder", "responder_port")?;
    Some(format!("{originator} > {responder}"))
}

impl<'c> Ready<'c> {
    fn new(signal: &'c Signal, ports: &'c [Port]) -> Self {
        let slots = |test: &Test| {
            if test.op == Op::Re {
                test.values.iter().map(|_| OnceLock::new()).collect()
            } else {
                Vec::new()
            }
        };
        let groups: Vec<String> = signal.binds.iter().filter_map(group).collect();
        let catches = |test: &Test| {
            let named = |pattern: &String| groups.iter().any(|group| pattern.contains(group));
            test.op == Op::Re && !test.all && test.values.iter().any(named)
        };
        let tests = || signal.condition.iter().flatten();
        Self {
            signal,
            format: FORMATS
                .get(usize::from(signal.format))
                .map_or("", |def| def.id),
            ports,
            most: vec![VALUE_BYTES; signal.binds.len()],
            patterns: tests().map(slots).collect(),
            catching: tests().map(catches).collect(),
        }
    }

    /// Makes room for values that are lists.
    fn lengthen(&mut self, lists: &[&str]) {
        for (bind, most) in self.signal.binds.iter().zip(&mut self.most) {
            if lists.contains(&bind.name.as_str()) {
                *most = LIST_BYTES;
            }
        }
    }

    /// What is taken from an event that fits; the same as one of the recent values, if it is one:
    /// records that say the same come by the thousand, and a copy costs as much as the search.
    fn values<'r>(
        &self,
        fitting: &Fitting<'_>,
        event: &Event<'_>,
        mut recent: impl Iterator<Item = &'r Values>,
    ) -> Values {
        let binds = self.signal.binds.iter().zip(&self.most);
        let taken = binds.map(|(bind, most)| (self.value(bind, fitting, event), *most));
        let taken: Vec<(Option<&str>, usize)> = taken.collect();
        let same = |known: &&Values| {
            let mut both = known.iter().zip(&taken);
            both.all(|(known, (value, _))| known.as_deref() == *value)
        };
        recent.find(same).cloned().unwrap_or_else(|| {
            let values = taken.iter();
            values
                .map(|(value, most)| Some(bounded((*value)?, *most)))
                .collect()
        })
    }

    /// The first alternative whose tests all hold.
    fn fitting<'e>(&self, event: &'e Event<'_>) -> Option<Fitting<'e>> {
        let mut next = 0;
        let mut alternatives = self.signal.condition.iter().map(|tests| {
            let first = next;
            next += tests.len();
            (first..next, tests)
        });
        alternatives.find_map(|(numbers, tests)| self.fits(numbers, tests, event))
    }

    fn fits<'e>(
        &self,
        numbers: Range<usize>,
        tests: &[Test],
        event: &'e Event<'_>,
    ) -> Option<Fitting<'e>> {
        let mut caught = Vec::new();
        for (number, test) in numbers.clone().zip(tests) {
            if self.catching.get(number) == Some(&true) {
                caught.push((number, self.catch(number, test, event)?));
            } else if !self.holds(number, test, event) {
                return None;
            }
        }
        let tests = numbers;
        Some(Fitting { tests, caught })
    }

    /// What the first pattern of a test that fits caught in the first value that it fits.
    fn catch<'e>(&self, number: usize, test: &Test, event: &'e Event<'_>) -> Option<Captures<'e>> {
        test.values.iter().enumerate().find_map(|(slot, wanted)| {
            let regex = self.pattern(number, slot, test, wanted)?;
            let mut values = event.fields.iter().filter(|field| field.name == test.field);
            values.find_map(|field| regex.captures(field.value.as_bytes()))
        })
    }

    fn holds(&self, number: usize, test: &Test, event: &Event<'_>) -> bool {
        if test.op == Op::Exists {
            let there = event.first(&test.field).is_some();
            return test.values.iter().any(|wanted| (wanted == "true") == there);
        }
        let one = |(slot, wanted): (usize, &String)| {
            event
                .all(&test.field)
                .any(|value| self.compare(number, slot, test, wanted, value, event))
        };
        let mut wanted = test.values.iter().enumerate();
        if test.all {
            wanted.all(one)
        } else {
            wanted.any(one)
        }
    }

    fn compare(
        &self,
        number: usize,
        slot: usize,
        test: &Test,
        wanted: &str,
        value: &str,
        event: &Event<'_>,
    ) -> bool {
        let number_of = |text: &str| text.trim().parse::<f64>().ok();
        let ordered = |fits: fn(&f64, &f64) -> bool| {
            number_of(value)
                .zip(number_of(wanted))
                .is_some_and(|(a, b)| fits(&a, &b))
        };
        match test.op {
            Op::Equals | Op::Contains | Op::StartsWith | Op::EndsWith => {
                plainly(test, wanted, value)
            }
            Op::Re => self
                .pattern(number, slot, test, wanted)
                .is_some_and(|regex| regex.is_match(value.as_bytes())),
            Op::Cidr => {
                Network::parse(wanted).is_some_and(|network| network.contains(value.trim()))
            }
            Op::Gt => ordered(f64::gt),
            Op::Gte => ordered(f64::ge),
            Op::Lt => ordered(f64::lt),
            Op::Lte => ordered(f64::le),
            Op::FieldRef => event
                .all(wanted)
                .any(|other| equal(value, other, test.cased)),
            Op::PortRole => self.ports.iter().any(|port| {
                let transport = event.first("transport");
                port.role == wanted
                    && value.parse() == Ok(port.port)
                    && transport.is_none_or(|name| name == port.transport)
            }),
            Op::Exists => false,
        }
    }

    fn pattern(&self, number: usize, slot: usize, test: &Test, pattern: &str) -> Option<&Regex> {
        let slot = self.patterns.get(number)?.get(slot)?;
        slot.get_or_init(|| condition::regex(pattern, test.cased).ok())
            .as_ref()
    }

    /// A bound value; a capture comes from the alternative that fits.
    fn value<'e>(
        &'e self,
        bind: &Bind,
        fitting: &'e Fitting<'_>,
        event: &'e Event<'_>,
    ) -> Option<&'e str> {
        match &bind.source {
            Source::Field(field) => event.first(field).and_then(filled),
            Source::Capture(name) => {
                let tests = self.signal.condition.iter().flatten().enumerate();
                tests
                    .filter(|(number, test)| test.op == Op::Re && fitting.tests.contains(number))
                    .find_map(|(number, test)| {
                        let caught = fitting.caught.iter().find(|(of, _)| *of == number);
                        caught
                            .and_then(|(_, captures)| group_of(captures, name))
                            .or_else(|| self.capture(number, test, name, event))
                    })
            }
        }
    }

    /// A group that the first fit of its test did not take part in.
    fn capture<'e>(
        &self,
        number: usize,
        test: &'e Test,
        name: &str,
        event: &'e Event<'_>,
    ) -> Option<&'e str> {
        test.values.iter().enumerate().find_map(|(slot, pattern)| {
            let regex = self.pattern(number, slot, test, pattern)?;
            event
                .all(&test.field)
                .find_map(|value| group_of(&regex.captures(value.as_bytes())?, name))
        })
    }
}

/// The name of a group as it stands in a pattern.
fn group(bind: &Bind) -> Option<String> {
    match &bind.source {
        Source::Capture(name) => Some(format!("<{name}>")),
        Source::Field(_) => None,
    }
}

/// True when the name of a file is what a signal asks for.
pub(super) fn name_fits(tests: &[Test], name: &str) -> bool {
    tests.iter().all(|test| {
        let mut wanted = test.values.iter();
        let one = |wanted: &String| plainly(test, wanted, name);
        if test.all {
            wanted.all(one)
        } else {
            wanted.any(one)
        }
    })
}

/// A comparison of text with text.
fn plainly(test: &Test, wanted: &str, value: &str) -> bool {
    match test.op {
        Op::Equals => equal(value, wanted, test.cased),
        Op::Contains => contains(value, wanted, test.cased),
        Op::StartsWith => value
            .get(..wanted.len())
            .is_some_and(|start| equal(start, wanted, test.cased)),
        Op::EndsWith => value
            .len()
            .checked_sub(wanted.len())
            .and_then(|at| value.get(at..))
            .is_some_and(|end| equal(end, wanted, test.cased)),
        _ => false,
    }
}

fn equal(a: &str, b: &str, cased: bool) -> bool {
    if cased {
        a == b
    } else {
        a.eq_ignore_ascii_case(b)
    }
}

/// The names of a rule that stand for lists of members.
fn lists<'c>(table: &Table<'c>, owner: Owner) -> Vec<&'c str> {
    let Owner::Fact(at) = owner else {
        return Vec::new();
    };
    let facts = table
        .catalog
        .facts
        .get(at)
        .map_or(&[][..], |rule| &rule.facts);
    let list = |fact: &'c Fact| match &fact.tells {
        Tells::Members { list, .. } => Some(list.as_str()),
        _ => None,
    };
    facts.iter().filter_map(list).collect()
}

/// What a group caught, if that is text: a bounded `.` may have stopped inside a character.
fn group_of<'e>(captures: &Captures<'e>, name: &str) -> Option<&'e str> {
    let caught = captures.name(name)?.as_bytes();
    filled(caught.utf8_chunks().next()?.valid())
}

/// A value without the blanks around it, if there is one.
fn filled(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|value| !value.is_empty())
}

fn bounded(value: &str, most: usize) -> Arc<str> {
    match value.get(..value.floor_char_boundary(most)) {
        Some(start) if start.len() < value.len() => format!("{start}…").into(),
        _ => value.into(),
    }
}

/// True when `needle` stands in `text`, ignoring ASCII case unless `cased`.
fn contains(text: &str, needle: &str, cased: bool) -> bool {
    if cased {
        return text.contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let Some(first) = needle.first() else {
        return true;
    };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(lower, upper, text).any(|at| {
        text.get(at..at + needle.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(needle))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::condition::{Condition, parse_test};
    use crate::model::time::RawTime;

    /// True when an event fits a condition that belongs to no signal.
    fn fits(condition: &Condition, event: &Event<'_>) -> bool {
        let signal = Signal {
            name: String::new(),
            format: 0,
            condition: condition.clone(),
            file_name: Vec::new(),
            binds: Vec::new(),
            literals: Vec::new(),
        };
        Ready::new(&signal, &[]).fitting(event).is_some()
    }

    fn event(fields: &[(&'static str, &'static str)]) -> Event<'static> {
        let mut event = Event {
            format: "expressway.log",
            time: RawTime::None,
            line: 1,
            fields: Vec::new(),
            text: "".into(),
        };
        for (name, value) in fields {
            event.push(*name, *value);
        }
        event
    }

    fn holds(key: &str, values: &[&str], fields: &[(&'static str, &'static str)]) -> bool {
        let test = parse_test(key, values.iter().map(|v| (*v).to_owned()).collect()).unwrap();
        fits(&vec![vec![test]], &event(fields))
    }

    #[test]
    fn every_comparison() {
        let f = [
            ("Detail", "Alarm Raised"),
            ("n", "12"),
            ("ip", "10.1.2.3"),
            ("Node", "a"),
            ("Node", "b"),
            ("other", "B"),
        ];
        assert!(holds("Detail", &["alarm raised"], &f));
        assert!(!holds("Detail|cased", &["alarm raised"], &f));
        assert!(holds("Detail|contains", &["M RAI", "zzz"], &f));
        assert!(!holds("Detail|contains|all", &["M RAI", "zzz"], &f));
        assert!(
            holds("Detail|startswith", &["alarm"], &f) && holds("Detail|endswith", &["raised"], &f)
        );
        assert!(
            holds("n|gte", &["12"], &f)
                && !holds("n|gt", &["12"], &f)
                && holds("n|lt", &["13"], &f)
                && holds("n|lte", &["12"], &f)
        );
        assert!(holds("ip|cidr", &["10.1.0.0/16"], &f));
        assert!(holds("Node", &["b"], &f) && holds("Node|fieldref", &["other"], &f));
        assert!(holds("Node|all", &["a", "b"], &f));
        assert!(
            holds("gone|exists", &["false"], &f)
                && holds("Node|exists", &["true"], &f)
                && !holds("gone", &["x"], &f)
        );
        assert!(holds("Detail|re", &["^alarm (raised|lowered)$"], &f));
    }

    #[test]
    fn ports_are_known_by_their_part() {
        let port = |port, transport: &str| Port {
            port,
            transport: transport.to_owned(),
            role: "db".to_owned(),
            product: crate::model::node::Product::Cms,
        };
        let ports = [port(5432, "tcp"), port(1719, "udp")];
        let test = parse_test("n|port_role", vec!["other".to_owned(), "db".to_owned()]).unwrap();
        let signal = Signal {
            name: String::new(),
            format: 0,
            file_name: Vec::new(),
            condition: vec![vec![test]],
            binds: Vec::new(),
            literals: Vec::new(),
        };
        let ready = Ready::new(&signal, &ports);
        let fits =
            |fields: &[(&'static str, &'static str)]| ready.fitting(&event(fields)).is_some();
        assert!(fits(&[("n", "5432")]) && fits(&[("n", "5432"), ("transport", "tcp")]));
        assert!(!fits(&[("n", "1719"), ("transport", "tcp")]) && !fits(&[("n", "443")]));
    }

    #[test]
    fn names_of_files_fit_as_values_do() {
        let fits = |key: &str, values: &[&str]| {
            let values = values.iter().map(|v| (*v).to_owned()).collect();
            name_fits(
                &[parse_test(key, values).unwrap()],
                "Server_expc01_2020.pem",
            )
        };
        assert!(fits("file.name|startswith", &["ca_", "server_"]));
        assert!(!fits("file.name|startswith", &["ca_"]));
        assert!(fits("file.name|contains|all", &["expc01", ".pem"]));
        assert!(!fits("file.name|contains|all", &["expc02", ".pem"]));
        assert!(!fits("file.name|cased|startswith", &["server_"]));
        assert!(name_fits(&[], "anything"));
    }

    #[test]
    fn no_panic_at_character_borders() {
        assert!(!holds("Detail|startswith", &["ab"], &[("Detail", "한")]));
        assert!(!holds("Detail|endswith", &["ab"], &[("Detail", "한")]));
    }

    #[test]
    fn a_capture_comes_from_the_alternative_that_fits() {
        let test = |key: &str, value: &str| parse_test(key, vec![value.to_owned()]).unwrap();
        let signal = Signal {
            name: String::new(),
            format: 0,
            condition: vec![
                vec![
                    test("Action", "Sent"),
                    test("Detail|re", "to (?P<peer>\\S+)"),
                ],
                vec![
                    test("Action", "Received"),
                    test("Detail|re", "from (?P<peer>\\S+)"),
                ],
            ],
            file_name: Vec::new(),
            binds: vec![Bind {
                name: "peer".to_owned(),
                source: Source::Capture("peer".to_owned()),
                kind: crate::catalog::fault::ValueType::Node,
            }],
            literals: Vec::new(),
        };
        let ready = Ready::new(&signal, &[]);
        let event = event(&[("Action", "Received"), ("Detail", "to me from you")]);
        let fitting = ready.fitting(&event).unwrap();
        assert_eq!(ready.value(&signal.binds[0], &fitting, &event), Some("you"));
    }

    #[test]
    fn a_cut_value_shows_that_it_is_cut() {
        assert_eq!(&*bounded("12345", 5), "12345");
        assert_eq!(&*bounded("123456", 5), "12345…");
        assert_eq!(&*bounded("한국", 5), "한…");
        assert_eq!(filled("  \t"), None);
    }
}
