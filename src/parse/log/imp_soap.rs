//! Answers of the service control interface of IM and Presence nodes.
//!
//! ```text
//! <ns1:item><ns1:ServiceName>Cisco XCP Router</ns1:ServiceName><ns1:ServiceStatus>Started</ns1:ServiceStatus>
//!   <ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonCodeString> </ns1:ReasonCodeString></ns1:item>
//! <ns1:ActiveServerVersion>14.0.1.13900-8</ns1:ActiveServerVersion><ns1:PrimaryNode>imp1a</ns1:PrimaryNode>
//! ```
//!
//! Elements are found by their local names and read as plain text; entities are never expanded.
//! An answer names no node: the request beside it does, by its address or its `Host` line.

use memchr::memmem;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::log::imp_cli::{is_host, service_kind};
use crate::parse::scan::{Cursor, lines, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

/// Bytes behind the name of a service in which its state is looked for.
const ITEM: usize = 1024;

/// Elements of the product list and the names of their values.
const PRODUCT: [(&str, &str); 3] = [
    ("ActiveServerVersion", "Version"),
    ("PrimaryNode", "Primary Node"),
    ("SecondaryNode", "Secondary Node"),
];

/// The parser.
pub struct ImpSoap;

/// Something that the text tells.
#[derive(Clone, Copy, Debug)]
enum What<'l> {
    Service {
        name: &'l [u8],
        status: &'l [u8],
        reason: &'l [u8],
    },
    Setting(&'static str, &'l [u8]),
    /// Whose answers follow.
    Whose(&'l [u8]),
}

#[derive(Clone, Copy, Debug)]
struct Found<'l> {
    start: usize,
    end: usize,
    what: What<'l>,
}

/// The element whose name stands at `at`: where it begins, its text, and where it ends.
fn element<'l>(bytes: &'l [u8], at: usize, name: &str) -> Option<(usize, &'l [u8], usize)> {
    let prefix = bytes.get(..at)?.iter().rev().take(32);
    let prefix = prefix.take_while(|b| b.is_ascii_alphanumeric() || **b == b':');
    let start = at.checked_sub(prefix.count() + 1)?;
    let behind = bytes.get(at + name.len()..)?;
    let ends = behind.first().is_some_and(|b| b" >".contains(b));
    if bytes.get(start) != Some(&b'<') || !ends {
        return None;
    }
    let open = memchr::memchr(b'>', behind.get(..behind.len().min(256))?)?;
    let inner = behind.get(open + 1..)?;
    let len = memchr::memchr(b'<', inner.get(..inner.len().min(ITEM))?)?;
    let end = at + name.len() + open + 1 + len;
    Some((start, trim(inner.get(..len)?), end))
}

/// The first element of this name in a part of the text.
fn first<'l>(bytes: &'l [u8], from: usize, end: usize, name: &str) -> Option<(&'l [u8], usize)> {
    let within = bytes.get(from..end.min(bytes.len()))?;
    memmem::find_iter(within, name).find_map(|at| {
        let (_, value, behind) = element(bytes, from + at, name)?;
        (behind <= end).then_some((value, behind))
    })
}

/// Everything that the text tells, in its order.
fn all(bytes: &[u8]) -> Vec<Found<'_>> {
    let mut found: Vec<Found<'_>> = Vec::new();
    let names: Vec<usize> = memmem::find_iter(bytes, "ServiceName")
        .filter(|at| element(bytes, *at, "ServiceName").is_some())
        .collect();
    for (nth, at) in names.iter().enumerate() {
        let limit = at + ITEM;
        let next = names.get(nth + 1).copied().unwrap_or(limit).min(limit);
        found.extend(service(bytes, *at, next));
    }
    for (name, told) in PRODUCT {
        found.extend(memmem::find_iter(bytes, name).filter_map(|at| {
            let (start, value, end) = element(bytes, at, name)?;
            let what = What::Setting(told, value);
            (!value.is_empty()).then_some(Found { start, end, what })
        }));
    }
    if !found.is_empty() || memmem::find(bytes, b"/controlcenterservice").is_some() {
        found.extend(lines(bytes).filter_map(|(start, line)| {
            let end = start + line.len();
            let what = What::Whose(whose(line)?);
            Some(Found { start, end, what })
        }));
    }
    found.sort_by_key(|found| found.start);
    found
}

fn service(bytes: &[u8], at: usize, limit: usize) -> Option<Found<'_>> {
    let (start, name, end) = element(bytes, at, "ServiceName")?;
    let (status, end) = first(bytes, end, limit, "ServiceStatus")?;
    let reason = first(bytes, end, limit, "ReasonCodeString");
    let (reason, end) = reason.unwrap_or((b"", end));
    let known = !name.is_empty() && !status.is_empty();
    known.then_some(Found {
        start,
        end,
        what: What::Service {
            name,
            status,
            reason,
        },
    })
}

/// `Host: imp1a:8443`, `POST https://imp1a:8443/controlcenterservice2/…`
fn whose(line: &[u8]) -> Option<&[u8]> {
    let line = trim(line);
    let url = |line: &'_ [u8]| memmem::find(line, b"/controlcenterservice").is_some();
    let address = match line.strip_prefix(b"Host:") {
        Some(rest) => trim(rest),
        None if url(line) => {
            let at = memmem::find(line, b"https://")? + 8;
            let rest = line.get(at..)?;
            rest.get(..memchr::memchr(b'/', rest)?)?
        }
        None => return None,
    };
    let word = Cursor::new(address).word();
    let name = word.get(..memchr::memchr(b':', word).unwrap_or(word.len()))?;
    is_host(name).then_some(name)
}

fn status(word: &[u8], reason: &[u8]) -> &'static str {
    const STATES: [(&[u8], &str); 5] = [
        (b"started", "started"),
        (b"stopped", "stopped"),
        (b"starting", "starting"),
        (b"stopping", "stopping"),
        (b"notrunning", "not-running"),
    ];
    let idle = memmem::find(&reason.to_ascii_lowercase(), b"not activated").is_some();
    let known = STATES
        .iter()
        .find(|(state, _)| word.eq_ignore_ascii_case(state));
    match known {
        Some((_, "stopped")) if idle => "not-activated",
        Some((_, status)) => status,
        None => "unknown",
    }
}

/// A record with what its session tells of it.
struct Record<'l> {
    found: Found<'l>,
    whose: Option<&'l [u8]>,
    kind: Option<&'static str>,
}

/// Records in order; what stands at most a window apart is of one session.
fn records(bytes: &[u8]) -> Vec<Record<'_>> {
    let mut records: Vec<Record<'_>> = Vec::new();
    let (mut who, mut last, mut first) = (None, None::<usize>, 0);
    for found in all(bytes) {
        let apart = last.is_some_and(|last| found.start - last > JOIN_WINDOW);
        if apart || matches!(found.what, What::Whose(_)) {
            settle(records.get_mut(first..).unwrap_or_default());
            first = records.len();
            who = None;
        }
        last = Some(found.start);
        if let What::Whose(name) = found.what {
            who = Some(name);
            continue;
        }
        records.push(Record {
            found,
            whose: who,
            kind: None,
        });
    }
    settle(records.get_mut(first..).unwrap_or_default());
    records
}

/// The product of a list of services, by those that only one of them has.
fn settle(list: &mut [Record<'_>]) {
    let kinds = list.iter().filter_map(|record| match record.found.what {
        What::Service { name, .. } => service_kind(name),
        _ => None,
    });
    // `cups` is the greater word: such a node may name its neighbours
    let kind = kinds.max();
    for record in list {
        record.kind = kind;
    }
}

fn event<'c>(record: &Record<'c>, bytes: &'c [u8], line: u64) -> Event<'c> {
    let source = bytes.get(record.found.start..record.found.end);
    let mut event = Event {
        format: "imp.service",
        time: RawTime::None,
        line,
        fields: Vec::new(),
        text: text(source.unwrap_or_default()),
    };
    if let Some(node) = record.whose {
        event.push("node", text(node));
    }
    match record.found.what {
        What::Service {
            name,
            status: word,
            reason,
        } => {
            event.push("service", text(name));
            event.push("status", status(word, reason));
            if !reason.is_empty() {
                event.push("reason", text(reason));
            }
            if let Some(kind) = record.kind {
                event.push("kind", kind);
            }
        }
        What::Setting(name, value) => {
            event.format = "imp.setting";
            event.push("section", "getProductInformationList");
            event.push("name", name);
            event.push("value", text(value));
        }
        What::Whose(_) => {}
    }
    event
}

impl LogParser for ImpSoap {
    fn id(&self) -> &'static str {
        "imp.soap"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let found = all(head);
        let told = |found: &Found<'_>| !matches!(found.what, What::Whose(_));
        match found.iter().find(|found| told(found)) {
            None => Probe::NotForUs,
            Some(_) => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        whose(line).is_some()
            || [("ServiceName", "")]
                .iter()
                .chain(&PRODUCT)
                .any(|(name, _)| {
                    memmem::find_iter(line, name).any(|at| element(line, at, name).is_some())
                })
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let text = [before, after].concat();
        let found = all(&text);
        let cut = before.len();
        if found.iter().any(|it| it.start < cut && it.end > cut) {
            return true;
        }
        // a name whose state stands behind the cut may be no record before
        let from = cut.saturating_sub(ITEM);
        let open = memmem::find_iter(before.get(from..).unwrap_or_default(), "ServiceName");
        let behind = open.last().is_some();
        let at = found.partition_point(|it| it.start < cut);
        let near = at
            .checked_sub(1)
            .and_then(|last| found.get(last))
            .zip(found.get(at))
            .is_some_and(|(last, next)| next.start - last.start <= JOIN_WINDOW);
        near || behind
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        self.is_record_start(line).then(|| RecordHead {
            time: RawTime::None,
            host: whose(line).and_then(|name| std::str::from_utf8(name).ok()),
        })
    }

    fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats {
        let bytes = chunk.bytes.as_slice();
        let mut stats = ParseStats::default();
        let mut numbers = chunk.line_counter();
        for record in records(bytes) {
            if !picked(picks, record.found.start, record.found.end) {
                continue;
            }
            let line = numbers.line_at(record.found.start);
            stats.records += 1;
            out(event(&record, bytes, line));
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    const TEXT: &str = "POST https://imp1a.apolo.local:8443/controlcenterservice2/services/ControlCenterServices HTTP/1.1\n\
        Host: imp1a.apolo.local:8443\n\n<?xml version=\"1.0\"?><soapenv:Envelope><soapenv:Body>\
        <ns1:soapGetServiceStatusReturn xsi:type=\"ns1:StatusServiceList\"><ns1:ReturnCode>0</ns1:ReturnCode><ns1:ServiceInfoList>\n\
        <ns1:item><ns1:ServiceName xsi:type=\"xsd:string\">Cisco XCP Router</ns1:ServiceName><ns1:ServiceStatus>Started</ns1:ServiceStatus>\
        <ns1:ReasonCode>-1</ns1:ReasonCode><ns1:ReasonCodeString> </ns1:ReasonCodeString></ns1:item>\n\
        <ns1:item>\n<ns1:ServiceName>Cisco AXL Web Service</ns1:ServiceName>\n<ns1:ServiceStatus>Stopped</ns1:ServiceStatus>\n\
        <ns1:ReasonCode>-1068</ns1:ReasonCode>\n<ns1:ReasonCodeString>Service Not Activated</ns1:ReasonCodeString>\n</ns1:item>\n\
        </ns1:ServiceInfoList></soapenv:Body></soapenv:Envelope>\n\
        <ActiveServerVersion>14.0.1.13900-8</ActiveServerVersion><PrimaryNode>imp1a</PrimaryNode>\n";

    fn told(text: &str) -> Vec<String> {
        let events = read(&ImpSoap, text);
        let told = events.iter().map(|event| {
            let fields = event.fields.iter();
            let fields: Vec<_> = fields
                .map(|field| format!("{}={}", field.name, field.value))
                .collect();
            format!("{} {}: {}", event.line, event.format, fields.join("; "))
        });
        told.collect()
    }

    #[test]
    fn answers_are_told_with_the_node_that_was_asked() {
        assert_eq!(
            told(TEXT),
            [
                "5 imp.service: node=imp1a.apolo.local; service=Cisco XCP Router; status=started; kind=cups",
                "7 imp.service: node=imp1a.apolo.local; service=Cisco AXL Web Service; status=not-activated; \
                 reason=Service Not Activated; kind=cups",
                "13 imp.setting: node=imp1a.apolo.local; section=getProductInformationList; name=Version; value=14.0.1.13900-8",
                "13 imp.setting: node=imp1a.apolo.local; section=getProductInformationList; name=Primary Node; value=imp1a",
            ]
        );
        assert_eq!(ImpSoap.probe(TEXT.as_bytes()), Probe::Unsure);
    }

    #[test]
    fn requests_and_others_are_not_ours() {
        for text in [
            "<s:ServiceList><s:item>Cisco XCP Router</s:item></s:ServiceList>\n",
            "<ServiceName>a</ServiceName>\n<ServiceName>b</ServiceName>\n",
            "Host: imp1a\n",
            "ServiceName ServiceStatus\n",
        ] {
            assert!(told(text).is_empty(), "{text}");
            assert_eq!(ImpSoap.probe(text.as_bytes()), Probe::NotForUs, "{text}");
        }
    }
}
