//! Answers of the Meeting Server API about its database and its alarms.
//!
//! ```text
//! <database clustered="enabled"><cluster><totalNodes>3</totalNodes><nodeInUse>10.48.54.75</nodeInUse>
//!   <node><hostname>10.48.54.76</hostname><up>true</up><syncBehind>0</syncBehind><master>false</master></node>
//! </cluster></database>
//! <alarms total="1"><alarm id="…"><type>databaseClusternodeOutofSync</type></alarm></alarms>
//! ```
//!
//! The elements are found by name and read as plain text; nothing else of XML is interpreted, so
//! entities are never expanded.

use memchr::memmem;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::scan::{is_blank, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

/// Longest document that is read; no more than the window in which a cut looks for it.
const MAX_DOCUMENT: usize = JOIN_WINDOW;

/// The parser.
pub struct CmsApi;

/// The two documents, each with the text that opens and closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Database,
    Alarm,
}

const KINDS: [(Kind, &[u8], &[u8]); 2] = [
    (Kind::Database, b"<database ", b"</database>"),
    (Kind::Alarm, b"<alarm ", b"</alarm>"),
];

/// A document's place in the text.
#[derive(Clone, Copy, Debug)]
struct Document {
    kind: Kind,
    start: usize,
    /// Behind the closing tag.
    end: usize,
}

/// The documents of a text in order.
fn documents(bytes: &[u8]) -> impl Iterator<Item = Document> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some((kind, start, close)) = next_open(bytes, at) {
            if let Some(end) = end_of(bytes, kind, start, close) {
                at = end;
                return Some(Document { kind, start, end });
            }
            at = start + 1;
        }
        None
    })
}

fn next_open(bytes: &[u8], at: usize) -> Option<(Kind, usize, &'static [u8])> {
    memchr::memchr_iter(b'<', bytes.get(at..)?).find_map(|found| {
        let start = at + found;
        let rest = bytes.get(start..)?;
        let (kind, _, close) = KINDS.iter().find(|(_, open, _)| rest.starts_with(open))?;
        Some((*kind, start, *close))
    })
}

/// End of the document that opens at `start`, if it is ours and whole.
fn end_of(bytes: &[u8], kind: Kind, start: usize, close: &[u8]) -> Option<usize> {
    let window = bytes.get(start..bytes.len().min(start + MAX_DOCUMENT))?;
    let tag_end = memchr::memchr(b'>', window)?;
    let tag = window.get(..tag_end)?;
    let wanted = match kind {
        Kind::Database => "clustered",
        Kind::Alarm => "id",
    };
    attribute(tag, wanted)?;
    if tag.ends_with(b"/") {
        return Some(start + tag_end + 1);
    }
    Some(start + memmem::find(window, close)? + close.len())
}

/// Value of an attribute of an opening tag.
fn attribute<'l>(tag: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let key = format!(" {name}=\"");
    let from = memmem::find(tag, key.as_bytes())? + key.len();
    let value = tag.get(from..)?;
    value.get(..memchr::memchr(b'"', value)?)
}

/// Text of the first element with this name.
fn element<'l>(within: &'l [u8], name: &str) -> Option<&'l [u8]> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let from = memmem::find(within, open.as_bytes())? + open.len();
    let rest = within.get(from..)?;
    Some(trim(rest.get(..memmem::find(rest, close.as_bytes())?)?))
}

/// Contents of the node elements, each with its offset in the document.
fn nodes(document: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    memmem::find_iter(document, b"<node>").filter_map(|at| {
        let rest = document.get(at..)?;
        let end = memmem::find(rest, b"</node>")?;
        Some((at, rest.get(..end)?))
    })
}

fn event<'c>(format: &'static str, line: u64, source: &'c [u8]) -> Event<'c> {
    Event {
        format,
        time: RawTime::None,
        line,
        fields: Vec::new(),
        text: text(source),
    }
}

fn put<'c>(event: &mut Event<'c>, name: &'static str, value: Option<&'c [u8]>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        event.push(name, text(value));
    }
}

fn is(node: &[u8], name: &str, value: &[u8]) -> bool {
    element(node, name).is_some_and(|found| found.eq_ignore_ascii_case(value))
}

fn database(document: &[u8], line: u64) -> Event<'_> {
    let mut found = event("cms.api.database", line, document);
    // the elements of nodes have names of their own
    put(&mut found, "clustered", attribute(document, "clustered"));
    put(&mut found, "error", element(document, "error"));
    put(&mut found, "total_nodes", element(document, "totalNodes"));
    put(&mut found, "node_in_use", element(document, "nodeInUse"));
    let count = |wanted: &dyn Fn(&[u8]) -> bool| {
        nodes(document)
            .filter(|(_, node)| wanted(node))
            .count()
            .to_string()
    };
    found.push("members", count(&|_| true));
    found.push("masters", count(&|node| is(node, "master", b"true")));
    found.push("down", count(&|node| is(node, "up", b"false")));
    let behind = |node: &[u8]| {
        element(node, "syncBehind").is_some_and(|bytes| bytes != b"0")
            && !is(node, "master", b"true")
    };
    found.push("behind", count(&behind));
    found
}

fn node<'c>(document: &'c [u8], node: &'c [u8], line: u64) -> Event<'c> {
    let mut found = event("cms.api.node", line, node);
    put(&mut found, "hostname", element(node, "hostname"));
    put(&mut found, "up", element(node, "up"));
    put(&mut found, "master", element(node, "master"));
    put(&mut found, "sync_behind", element(node, "syncBehind"));
    if element(node, "master").is_some() {
        let master = is(node, "master", b"true");
        found.push("role", if master { "primary" } else { "replica" });
    }
    let first = nodes(document).next().map(|(_, node)| node);
    put(
        &mut found,
        "block",
        first.and_then(|node| element(node, "hostname")),
    );
    found
}

fn alarm(document: &[u8], line: u64) -> Event<'_> {
    let mut found = event("cms.api.alarm", line, document);
    put(&mut found, "id", attribute(document, "id"));
    put(&mut found, "type", element(document, "type"));
    put(
        &mut found,
        "active_seconds",
        element(document, "activeTimeSeconds"),
    );
    put(
        &mut found,
        "failure_reason",
        element(document, "failureReason"),
    );
    found
}

impl LogParser for CmsApi {
    fn id(&self) -> &'static str {
        "cms.api"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        match documents(head).next() {
            None => Probe::NotForUs,
            Some(document) if is_blank(head.get(..document.start).unwrap_or_default()) => {
                Probe::Certain
            }
            Some(_) => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        KINDS
            .iter()
            .any(|(_, open, _)| memmem::find(line, open).is_some())
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let text = [before, after].concat();
        documents(&text)
            .any(|document| document.start < before.len() && document.end > before.len())
    }

    fn head<'l>(&self, _: &'l [u8]) -> Option<RecordHead<'l>> {
        None
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
        for found in documents(bytes) {
            if !picked(picks, found.start, found.end) {
                continue;
            }
            let document = bytes.get(found.start..found.end).unwrap_or_default();
            let line = numbers.line_at(found.start);
            stats.records += 1;
            match found.kind {
                Kind::Alarm => out(alarm(document, line)),
                Kind::Database => {
                    out(database(document, line));
                    for (at, inner) in nodes(document) {
                        out(node(document, inner, numbers.line_at(found.start + at)));
                    }
                }
            }
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    const TEXT: &str = "<?xml version=\"1.0\"?>\n<database clustered=\"enabled\">\n <cluster><error></error>\n  \
        <totalNodes>2</totalNodes><nodeInUse>10.1.1.1</nodeInUse>\n  <node><hostname>10.1.1.1</hostname><up>true</up>\
        <syncBehind>0</syncBehind><master>true</master></node>\n  <node>\n<hostname> 10.1.1.2 </hostname><up>false</up>\
        <syncBehind>-1</syncBehind><master>false</master></node>\n </cluster>\n</database>\n<alarms total=\"1\">\
        <alarm id=\"a1\"><type>databaseConnectionError</type><failureReason>connectFailure</failureReason></alarm></alarms>\n";

    fn fields(event: &Event<'_>) -> String {
        let fields = event.fields.iter();
        fields
            .map(|field| format!("{}={}", field.name, field.value))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn documents_nodes_and_alarms_are_events() {
        let events = read(&CmsApi, TEXT);
        let seen: Vec<_> = events
            .iter()
            .map(|event| (event.line, event.format, fields(event)))
            .collect();
        let expected = [
            (
                2,
                "cms.api.database",
                "clustered=enabled total_nodes=2 node_in_use=10.1.1.1 members=2 masters=1 down=1 behind=1",
            ),
            (
                5,
                "cms.api.node",
                "hostname=10.1.1.1 up=true master=true sync_behind=0 role=primary block=10.1.1.1",
            ),
            (
                6,
                "cms.api.node",
                "hostname=10.1.1.2 up=false master=false sync_behind=-1 role=replica block=10.1.1.1",
            ),
            (
                10,
                "cms.api.alarm",
                "id=a1 type=databaseConnectionError failure_reason=connectFailure",
            ),
        ];
        let expected = expected.map(|(line, format, fields)| (line, format, fields.to_owned()));
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_database_that_is_not_clustered_has_no_nodes() {
        let events = read(&CmsApi, "<database clustered=\"disabled\"/>\n");
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].first("clustered"), Some("disabled"));
    }

    #[test]
    fn other_xml_and_torn_documents_are_not_ours() {
        let torn = TEXT.split("</database>").next().unwrap_or_default();
        for text in [
            "<database name=\"x\"/>",
            "<alarm>x</alarm>",
            torn,
            "<alarm id=\"",
            "",
        ] {
            assert!(read(&CmsApi, text).is_empty(), "{text}");
            assert_eq!(CmsApi.probe(text.as_bytes()), Probe::NotForUs);
        }
    }

    #[test]
    fn a_document_is_not_cut() {
        let cut = TEXT.find("  <node>").unwrap_or_default();
        let (before, after) = TEXT.as_bytes().split_at(cut);
        assert!(CmsApi.joined(before, after));
        let cut = TEXT.find("<alarms").unwrap_or_default();
        let (before, after) = TEXT.as_bytes().split_at(cut);
        assert!(!CmsApi.joined(before, after));
    }
}
