//! Handshakes of real captures against what Wireshark's tshark and OpenSSL say of them, where
//! those are at hand: `CLUSTERDX_CORPUS` names their folder. Nothing of them is kept in the
//! project.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, say why it skips and be told where to look"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use clusterdx::model::event::Event;
use clusterdx::model::flow::Direction;
use clusterdx::parse::Probe;
use clusterdx::parse::net::capture::Capture;
use clusterdx::parse::net::flow::Moment;
use clusterdx::parse::net::frame::Decoder;
use clusterdx::parse::net::packet::{Body, Packet};
use clusterdx::parse::net::stream::StreamParser;
use clusterdx::parse::net::tls::Tls;
use clusterdx::source::pcap_file::{CaptureReader, FrameSource};

/// What we do not say as tshark and OpenSSL do: file, the beginning of the difference, and why.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "pgsql/zeek-psql-aws-ssl-require.pcap",
        "server_",
        "segments came in another order, in which tshark did not put them",
    ),
    (
        "tls/sv-tls-fingerprint-alert.pcap",
        "",
        "segments came in another order, in which tshark did not put them",
    ),
    (
        "tls/sv-bug-1450-04_tls_DER-incomplete-header.pcap",
        "server_digest",
        "no certificate that OpenSSL can read: nothing is told of it",
    ),
];

/// An end: address and port, as both sides print them.
type End = (String, String);

/// A handshake: the facts that can be compared.
type Facts = BTreeMap<&'static str, String>;

/// Handshakes by originator and responder.
type Handshakes = BTreeMap<(End, End), Vec<Facts>>;

/// Digest and dates of a certificate.
type Certificate = (String, String, String);

fn captures() -> Option<PathBuf> {
    let named = std::env::var_os("CLUSTERDX_CORPUS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = named.unwrap_or_else(beside).join("captures");
    if !folder.is_dir() {
        println!("skipped: CLUSTERDX_CORPUS names no folder with captures");
        return None;
    }
    Some(folder)
}

/// A file, unpacked as far as it can be.
fn content(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if !bytes.starts_with(b"\x1f\x8b") {
        return bytes;
    }
    let mut unpacked = Vec::new();
    let _ = flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked);
    unpacked
}

/// The rows of a table by the names of its columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines().map(|line| line.split('\t'));
    let names: Vec<String> = lines
        .next()
        .map(|names| names.map(str::to_owned).collect())
        .unwrap_or_default();
    let row = |values: std::str::Split<'_, char>| {
        let values = values.map(str::to_owned);
        names.iter().cloned().zip(values).collect()
    };
    lines.map(row).collect()
}

/// Handshakes of a capture as we tell them, and the connections that begin with one. Every
/// connection is read as if it were the only one, so that all are told.
fn ours(bytes: &[u8]) -> (Handshakes, BTreeSet<(End, End)>) {
    let mut captures: BTreeMap<(End, End), Capture> = BTreeMap::new();
    let mut begins: BTreeMap<(End, End), bool> = BTreeMap::new();
    let mut events: Vec<Event<'static>> = Vec::new();
    let mut rest = bytes;
    let mut reader = CaptureReader::new(&[], &mut rest);
    let mut decoder = Decoder::new();
    while let Some(frame) = reader.next_frame() {
        let moment = Moment {
            number: frame.number,
            at: frame.at,
        };
        let Some(packet) = decoder.decode(&frame) else {
            continue;
        };
        let Packet {
            body: Body::Tcp(tcp),
            source,
            destination,
            ..
        } = &packet
        else {
            continue;
        };
        let one = (source.to_string(), tcp.ports.0.to_string());
        let two = (destination.to_string(), tcp.ports.1.to_string());
        let key = ordered(&one, &two);
        let ports = [tcp.ports.0, tcp.ports.1];
        let capture = captures
            .entry(key.clone())
            .or_insert_with(|| Capture::new(&ports));
        if !tcp.payload.is_empty() {
            let probe = || Tls.probe(tcp.payload, Direction::FromOriginator, 0) == Probe::Certain;
            begins.entry(key).or_insert_with(probe);
        }
        capture.packet(&packet, moment, &mut |event| events.push(event));
    }
    for mut capture in captures.into_values() {
        capture.finish(&mut |event| events.push(event));
    }
    let mut found = Handshakes::new();
    for event in events.iter().filter(|event| event.format == "net.tls") {
        let get = |name: &str| event.first(name).unwrap_or_default().to_owned();
        let ends = (
            (get("originator"), get("originator_port")),
            (get("responder"), get("responder_port")),
        );
        let mut facts = Facts::new();
        for name in FIELDS {
            facts.insert(name, get(name));
        }
        if facts["alert"].is_empty() {
            facts.remove("frame");
        }
        found.entry(ends).or_default().push(facts);
    }
    let begun = begins.into_iter().filter(|(_, tls)| *tls);
    (found, begun.map(|(key, _)| key).collect())
}

fn ordered(one: &End, two: &End) -> (End, End) {
    match one <= two {
        true => (one.clone(), two.clone()),
        false => (two.clone(), one.clone()),
    }
}

/// Fields that tshark or OpenSSL can confirm.
const FIELDS: [&str; 15] = [
    "frame",
    "version",
    "offered",
    "cipher",
    "sni",
    "alert",
    "alert_code",
    "alert_by",
    "server_chain",
    "server_digest",
    "server_not_before",
    "server_not_after",
    "client_digest",
    "client_not_before",
    "client_not_after",
];

/// What tshark says of a connection.
#[derive(Default)]
struct Theirs {
    ends: (End, End),
    facts: Facts,
    /// Certificates of each sender's first message: (frame, port), in order.
    certificates: BTreeMap<(u64, String), Vec<Certificate>>,
}

fn theirs(ground: &Path) -> BTreeMap<String, Theirs> {
    let mut found: BTreeMap<String, Theirs> = BTreeMap::new();
    for row in rows(&ground.with_added_extension("tls.tsv")) {
        let get = |name: &str| row.get(name).map_or("", String::as_str);
        let address = |which: &str| {
            let four = get(&format!("ip.{which}"));
            match four {
                "" => get(&format!("ipv6.{which}")).to_owned(),
                four => four.to_owned(),
            }
        };
        let source = (address("src"), get("tcp.srcport").to_owned());
        let destination = (address("dst"), get("tcp.dstport").to_owned());
        let stream = found.entry(get("tcp.stream").to_owned()).or_default();
        let types: Vec<&str> = get("tls.handshake.type").split('|').collect();
        let versions = get("tls.handshake.extensions.supported_version");
        let legacy = get("tls.handshake.version").split('|').next().unwrap_or("");
        if types.contains(&"1") && stream.facts.is_empty() {
            stream.ends = (source.clone(), destination.clone());
            let best = versions.split('|').filter_map(version).max();
            let best = best.or_else(|| version(legacy).map(|v| v.min("TLS 1.2")));
            stream
                .facts
                .insert("offered", best.unwrap_or("").to_owned());
            let name = get("tls.handshake.extensions_server_name");
            stream.facts.insert("sni", name.to_owned());
        }
        if types.contains(&"2") {
            let chosen = versions.split('|').filter_map(version).next();
            let chosen = chosen.or_else(|| version(legacy)).unwrap_or("");
            stream.facts.insert("version", chosen.to_owned());
        }
        let alert = (
            get("tls.alert_message.level"),
            get("tls.alert_message.desc"),
        );
        let modern = stream.facts.get("version").is_some_and(|v| v == "TLS 1.3");
        let fatal = alert.0 == "2" || modern && !matches!(alert.1, "" | "0" | "90");
        if fatal && !stream.facts.contains_key("alert_code") {
            let by = match source == stream.ends.0 {
                true => "originator",
                false => "responder",
            };
            stream.facts.insert("alert_by", by.to_owned());
            stream.facts.insert("alert_code", alert.1.to_owned());
            stream.facts.insert("frame", get("frame.number").to_owned());
        }
    }
    for row in rows(&ground.with_added_extension("certs.tsv")) {
        let stream = found.entry(row["stream"].clone()).or_default();
        let dates = &row["decoded_by_openssl"];
        let message = (row["frame"].parse().unwrap(), row["port"].clone());
        let certificates = stream.certificates.entry(message).or_default();
        certificates.push((
            row["sha256_of_der"].clone(),
            date(dates, "notBefore="),
            date(dates, "notAfter="),
        ));
    }
    found
}

/// `notBefore=Jan  1 00:00:00 2024 GMT` as RFC 3339.
fn date(text: &str, name: &str) -> String {
    let Some((_, date)) = text.split_once(name) else {
        return String::new();
    };
    let date = date.split(';').next().unwrap().trim();
    let words: Vec<&str> = date.split_whitespace().collect();
    let date = NaiveDateTime::parse_from_str(&words.join(" "), "%b %d %H:%M:%S %Y GMT");
    let format = |date: NaiveDateTime| date.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    date.map_or_else(|_| words.join(" "), format)
}

fn version(number: &str) -> Option<&'static str> {
    let number = u16::from_str_radix(number.trim_start_matches("0x"), 16).ok()?;
    Some(match number {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 | 0x7f00..=0x7fff | 0xfb00..=0xfbff => "TLS 1.3",
        _ => return None,
    })
}

/// Adds what is known of a side's first certificate message.
fn certificates(theirs: &mut Theirs) {
    for (side, port) in [("server", &theirs.ends.1.1), ("client", &theirs.ends.0.1)] {
        let mut messages = theirs.certificates.iter();
        let Some((_, chain)) = messages.find(|((_, of), _)| of == port) else {
            continue;
        };
        let (digest, before, after) = chain[0].clone();
        let names = match side {
            "server" => ["server_digest", "server_not_before", "server_not_after"],
            _ => ["client_digest", "client_not_before", "client_not_after"],
        };
        for (name, value) in names.into_iter().zip([digest, before, after]) {
            theirs.facts.insert(name, value);
        }
        if side == "server" {
            theirs.facts.insert("server_chain", chain.len().to_string());
        }
    }
}

/// Where two sets of facts are not the same.
fn compare(ours: &Facts, theirs: &Facts, say: &mut dyn FnMut(String)) {
    for name in FIELDS {
        let get = |facts: &Facts| facts.get(name).cloned().unwrap_or_default();
        let (own, other) = (get(ours), get(theirs));
        if !matches!(name, "cipher" | "alert") && own != other {
            say(format!("{name} is {own:?}, tshark says {other:?}"));
        }
    }
}

#[test]
fn handshakes_are_those_of_tshark() {
    let Some(captures) = captures() else {
        return;
    };
    let mut wrong = Vec::new();
    let (mut compared, mut used) = (BTreeMap::new(), BTreeSet::new());
    for group in ["made", "pgsql", "tls"] {
        for path in fs::read_dir(captures.join(group)).unwrap() {
            let path = path.unwrap().path();
            let name = format!("{group}/{}", path.file_name().unwrap().to_str().unwrap());
            let ground = captures.join("ground").join(&name);
            if !ground.with_added_extension("tls.tsv").is_file() {
                continue;
            }
            let (mut found, begun) = ours(&content(&path));
            for (stream, mut expected) in theirs(&ground) {
                let mut say = |line: String| {
                    let known = DIFFERENT.iter().position(|(file, beginning, _)| {
                        *file == name && line.starts_with(beginning)
                    });
                    match known {
                        Some(place) => drop(used.insert(place)),
                        None => wrong.push(format!("{name} stream {stream}: {line}")),
                    }
                };
                certificates(&mut expected);
                let told = found.get_mut(&expected.ends);
                match told
                    .filter(|told| !told.is_empty())
                    .map(|told| told.remove(0))
                {
                    Some(facts) => {
                        *compared.entry(name.clone()).or_insert(0) += 1;
                        compare(&facts, &expected.facts, &mut say);
                    }
                    None if begun.contains(&ordered(&expected.ends.0, &expected.ends.1)) => {
                        say(format!("nothing is told, tshark says {:?}", expected.facts));
                    }
                    None => {}
                }
            }
        }
    }
    for (place, (file, what, _)) in DIFFERENT.iter().enumerate() {
        if compared.contains_key(*file) && !used.contains(&place) {
            wrong.push(format!("{file}: no longer different: {what}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    let compared: usize = compared.values().sum();
    assert!(compared > 40, "only {compared} handshakes were compared");
    println!("{compared} handshakes compared");
}
