//! Certificates in PEM form, alone or several in one file, and keys beside them.
//!
//! ```text
//! -----BEGIN CERTIFICATE-----
//! MIIBszCCAVmgAwIBAgIUP…
//! -----END CERTIFICATE-----
//! ```
//!
//! Of a private key only the line that announces it is read: its body is never decoded and stands
//! in no event.

use memchr::memmem;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::net::cert::{Certificate, date};
use crate::parse::scan::{is_blank, line_at, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

const BEGIN: &[u8] = b"-----BEGIN ";
const CERTIFICATE: [&[u8]; 2] = [
    b"-----BEGIN CERTIFICATE-----",
    b"-----BEGIN TRUSTED CERTIFICATE-----",
];
const END: &[u8] = b"-----END ";
const KEY: &[u8] = b"PRIVATE KEY-----";
/// Longest certificate that is read.
const MAX_PEM: usize = 64 * 1024;
/// Certificates of one stretch of text whose order is judged.
const MAX_BUNDLE: usize = 256;

/// The parser.
pub struct Certificates;

/// A block of PEM text.
struct Block {
    start: usize,
    /// Behind the line that ends it; for a key behind the line that begins it.
    end: usize,
    what: What,
}

enum What {
    Certificate(Box<Certificate>),
    /// The words before PRIVATE KEY.
    Key(String),
}

/// Certificates that stand close together, as in one file.
#[derive(Default)]
struct Bundle<'b> {
    all: Vec<&'b Certificate>,
    /// Number of certificates before the next block.
    place: usize,
    /// Behind the last block.
    end: usize,
}

impl<'b> Bundle<'b> {
    /// The bundle that begins with the first of these blocks.
    fn of(blocks: &'b [Block]) -> Self {
        let mut bundle = Self::default();
        let mut end = blocks.first().map_or(0, |block| block.start);
        for block in blocks {
            if block.start.saturating_sub(end) > JOIN_WINDOW || bundle.all.len() >= MAX_BUNDLE {
                break;
            }
            end = block.end;
            if let What::Certificate(details) = &block.what {
                bundle.all.push(details);
            }
        }
        bundle
    }
}

/// The blocks of a text in order; what cannot be decoded is counted.
fn blocks(bytes: &[u8], skipped: &mut dyn FnMut(usize)) -> Vec<Block> {
    let mut found = Vec::new();
    let mut hits = memmem::find_iter(bytes, BEGIN).peekable();
    while let Some(hit) = hits.next() {
        let (line, next) = line_at(bytes, hit);
        let line = trim(line);
        if let Some(kind) = line.strip_suffix(KEY) {
            let kind = trim(kind.strip_prefix(BEGIN).unwrap_or_default());
            let plain =
                kind.len() <= 32 && kind.iter().all(|b| b.is_ascii_alphabetic() || *b == b' ');
            if plain {
                found.push(Block {
                    start: hit,
                    end: next,
                    what: What::Key(text(kind).into_owned()),
                });
            }
            continue;
        }
        if !CERTIFICATE.contains(&line) {
            continue;
        }
        // what begins before the other has ended was cut; so every byte is looked at once
        let limit = hits.peek().map_or(bytes.len(), |begin| *begin);
        let window = bytes
            .get(next..limit.min(next + MAX_PEM))
            .unwrap_or_default();
        let Some(close) = memmem::find(window, END) else {
            skipped(hit);
            continue;
        };
        let end = line_at(bytes, next + close).1;
        match Certificate::from_pem(bytes.get(hit..end).unwrap_or_default()) {
            Some(details) => {
                found.push(Block {
                    start: hit,
                    end,
                    what: What::Certificate(Box::new(details)),
                });
            }
            None => skipped(hit),
        }
    }
    found
}

/// How the certificate at a place is tied to the others of its file.
fn chain(all: &[&Certificate], at: usize) -> &'static str {
    let Some(own) = all.get(at) else {
        return "open";
    };
    if own.self_signed() {
        return if all.len() == 1 { "single" } else { "root" };
    }
    let signs = |other: &&Certificate| other.subject == own.issuer;
    match all.get(at + 1) {
        _ if all.len() == 1 => "single",
        Some(next) if signs(next) => "linked",
        _ if all.iter().any(signs) => "misplaced",
        _ => "open",
    }
}

fn certificate(event: &mut Event<'_>, details: &Certificate, all: &[&Certificate], at: usize) {
    event.push("position", (at + 1).to_string());
    event.push("chain", chain(all, at));
    let values = [
        ("subject_cn", details.subject_cn.clone()),
        ("issuer_cn", details.issuer_cn.clone()),
        ("not_before", date(details.not_before)),
        ("not_after", date(details.not_after)),
    ];
    for (field, value) in values {
        if let Some(value) = value {
            event.push(field, value);
        }
    }
    for (_, name) in &details.names {
        event.push("san", name.clone());
    }
    event.push("self_signed", yes_no(details.self_signed()));
    event.push("is_ca", yes_no(details.is_ca));
    event.push("digest", details.digest.clone());
    event.push("key_digest", details.key_digest.clone());
}

fn yes_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// One event for every name of a certificate.
fn names<'c>(of: &Event<'c>, details: &Certificate, at: usize, out: &mut dyn FnMut(Event<'c>)) {
    let common = details.subject_cn.iter().map(|name| ("common-name", name));
    let others = details.names.iter().map(|(kind, name)| (*kind, name));
    for (kind, name) in others.chain(common) {
        let mut event = Event {
            format: "certificate.name",
            time: RawTime::None,
            line: of.line,
            fields: Vec::new(),
            text: of.text.clone(),
        };
        event.push("name", name.trim_end_matches('.').to_lowercase());
        event.push("kind", kind);
        event.push("position", (at + 1).to_string());
        event.push("is_ca", yes_no(details.is_ca));
        out(event);
    }
}

/// True for a line of base64 as wide as PEM writes it.
fn is_body(line: &[u8]) -> bool {
    let line = trim(line);
    let base64 = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    line.len() >= 40 && line.iter().all(base64)
}

impl LogParser for Certificates {
    fn id(&self) -> &'static str {
        "certificate"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let begins = memmem::find_iter(head, BEGIN).find(|at| {
            let line = trim(line_at(head, *at).0);
            CERTIFICATE.contains(&line) || line.ends_with(KEY)
        });
        match begins {
            None => Probe::NotForUs,
            Some(at) if is_blank(head.get(..at).unwrap_or_default()) => Probe::Certain,
            Some(_) => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        memmem::find(line, BEGIN).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        // the certificates of a bundle stay together, so that their order can be judged
        let opened = memmem::find(before, BEGIN).is_some() || memmem::find(before, END).is_some();
        let goes_on = memmem::find(after, BEGIN).is_some() || memmem::find(after, END).is_some();
        let last = before
            .strip_suffix(b"\n")
            .and_then(|rest| rest.rsplit(|b| *b == b'\n').next());
        let inside = last.is_some_and(is_body) && is_body(line_at(after, 0).0);
        inside || (opened && goes_on)
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
        let found = blocks(bytes, &mut |at| {
            stats.skipped += 1;
            stats.first_skipped.get_or_insert_with(|| chunk.line_at(at));
        });
        let mut bundle = Bundle::default();
        for (nth, block) in found.iter().enumerate() {
            let far = block.start.saturating_sub(bundle.end) > JOIN_WINDOW;
            if nth == 0 || far {
                bundle = Bundle::of(found.get(nth..).unwrap_or_default());
            }
            let at = bundle.place;
            bundle.place += usize::from(matches!(block.what, What::Certificate(_)));
            bundle.end = block.end;
            if !picked(picks, block.start, block.end) {
                continue;
            }
            let mut event = Event {
                format: "certificate",
                time: RawTime::None,
                line: numbers.line_at(block.start),
                fields: Vec::new(),
                text: text(line_at(bytes, block.start).0),
            };
            match &block.what {
                What::Key(kind) => {
                    event.format = "certificate.key";
                    if !kind.is_empty() {
                        event.push("kind", kind.clone());
                    }
                }
                What::Certificate(details) => {
                    certificate(&mut event, details, &bundle.all, at);
                    names(&event, details, at, out);
                }
            }
            stats.records += 1;
            out(event);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::{self, ISSUING, ROOT, SERVER};

    /// The certificates and keys of a text, without the events for their names.
    fn read(parser: &'static dyn LogParser, text: &str) -> Vec<Event<'static>> {
        let mut events = testing::read(parser, text);
        events.retain(|event| event.format != "certificate.name");
        events
    }

    #[test]
    fn every_name_is_an_event_of_its_own() {
        let events = testing::read(&Certificates, SERVER);
        let names: Vec<_> = events
            .iter()
            .filter(|event| event.format == "certificate.name")
            .map(|event| {
                (
                    event.line,
                    one(event, &["kind", "name", "position", "is_ca"]),
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                (1, "dns cms2.lab.example 1 false".to_owned()),
                (1, "address 10.48.54.76 1 false".to_owned()),
                (1, "common-name cms2.lab.example 1 false".to_owned()),
            ]
        );
    }

    fn one(event: &Event<'_>, names: &[&str]) -> String {
        names
            .iter()
            .map(|name| event.all(name).collect::<Vec<_>>().join("+"))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_bundle_is_read_in_its_order() {
        let text = format!("{SERVER}{ISSUING}\n{ROOT}");
        let events = read(&Certificates, &text);
        let seen: Vec<_> = events
            .iter()
            .map(|e| {
                one(
                    e,
                    &["position", "chain", "subject_cn", "is_ca", "self_signed"],
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                "1 linked cms2.lab.example false false",
                "2 linked Lab issuing true false",
                "3 root Lab root true true",
            ]
        );
        assert_eq!(
            one(&events[0], &["issuer_cn", "not_before", "not_after", "san"]),
            "Lab issuing 2016-06-01T00:00:00Z 2026-06-01T00:00:00Z cms2.lab.example+10.48.54.76"
        );
        assert_eq!(events[0].first("digest").map(str::len), Some(64));
        assert_ne!(events[0].first("digest"), events[0].first("key_digest"));
        assert_eq!(Certificates.probe(text.as_bytes()), Probe::Certain);
    }

    #[test]
    fn order_and_gaps_show_in_the_chain() {
        let chains = |text: &str| -> Vec<String> {
            let events = read(&Certificates, text);
            events.iter().map(|e| one(e, &["chain"])).collect()
        };
        assert_eq!(
            chains(&format!("{SERVER}{ROOT}{ISSUING}")),
            ["misplaced", "root", "misplaced"]
        );
        assert_eq!(chains(&format!("{SERVER}{ROOT}")), ["open", "root"]);
        assert_eq!(chains(SERVER), ["single"]);
        assert_eq!(chains(ROOT), ["single"]);
    }

    #[test]
    fn certificates_far_apart_are_two_bundles() {
        let text = format!("{SERVER}{}\n{ISSUING}", "x".repeat(JOIN_WINDOW));
        let events = read(&Certificates, &text);
        assert!(
            events
                .iter()
                .all(|e| one(e, &["position", "chain"]) == "1 single")
        );
    }

    #[test]
    fn of_a_key_only_its_presence_is_told() {
        let text = format!(
            "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n{SERVER}"
        );
        let events = read(&Certificates, &text);
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].first("kind"), Some("RSA"));
        assert!(
            events
                .iter()
                .all(|e| !format!("{e:?}").contains("c2VjcmV0"))
        );
    }

    #[test]
    fn damage_is_counted() {
        let cut = SERVER.split_at(SERVER.len() / 2).0;
        for text in [
            cut.to_owned(),
            SERVER.replace("MII", "AII"),
            format!("{cut}\n{ROOT}"),
        ] {
            let chunk = Chunk {
                bytes: text.into_bytes(),
                first_line: 1,
                line_numbers: None,
            };
            let mut seen = 0;
            let stats = Certificates.parse(&chunk, None, &mut |event| {
                seen += usize::from(event.format == "certificate");
            });
            assert_eq!(
                (seen <= 1, stats.skipped, stats.first_skipped),
                (true, 1, Some(1))
            );
        }
    }

    #[test]
    fn blocks_are_not_cut() {
        let text = format!("{SERVER}{ROOT}");
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            at += line.len();
            if at < text.len() {
                let (before, after) = text.as_bytes().split_at(at);
                assert!(Certificates.joined(before, after), "{line}");
            }
        }
    }
}
