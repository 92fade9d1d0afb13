//! The reader of captures and the decoder against captures of other programs, where those are at
//! hand: `CLUSTERDX_CORPUS` names their folder, `captures` in it what Wireshark's tshark said of
//! each. Nothing of them is kept in the project.

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

#[path = "captures/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clusterdx::model::flow::ConnState;
use clusterdx::model::frame::CaptureStats;
use clusterdx::model::ladder::Connection;
use clusterdx::parse::net::flow::{Barrier, Moment};
use clusterdx::parse::net::frame::Decoder;
use clusterdx::parse::net::ladder::{self, Recorder};
use clusterdx::parse::net::packet::{Body, IcmpQuote, Packet, Transport};
use clusterdx::source::pcap_file::{CaptureReader, FrameSource, is_capture};

/// Frames that tshark sees otherwise: file, and why we do not follow it.
const FRAMES: &[(&str, &str)] = &[];

/// Interfaces that tshark numbers otherwise: file, and why we do not follow it.
const INTERFACES: &[(&str, &str)] = &[
    ("formats/ngtest-be-test201.pcapng", SECTIONS),
    ("formats/ngtest-be-test202.pcapng", SECTIONS),
];
const SECTIONS: &str = "tshark numbers the interfaces of every section from 0";

/// Rows of a table that are all of a long capture.
const FIRST: usize = 50;

/// Connections that tshark sees otherwise: file, and why we do not follow it.
const CONNECTIONS: &[(&str, &str)] = &[
    ("formats/libpcap-AH-IPcomp-IPv4.pcap", COMPRESSED),
    ("formats/libpcap-AH-IPcomp-IPv6.pcap", COMPRESSED),
    ("tcp/libpcap-AH-IPcomp-IPv4.pcap", COMPRESSED),
    ("tcp/libpcap-AH-IPcomp-IPv6.pcap", COMPRESSED),
    ("formats/libpcap-arcnet-rfc1051-arp-icmp-http.pcap", LINK),
    ("formats/libpcap-http_PPI.pcap", LINK),
    ("tcp/zeek-gre-aruba-amsdu.pcap", LINK),
    ("tcp/zeek-gtp6_gtp_0x32.pcap", MOBILE),
    ("tcp/zeek-gtp9_unknown_or_too_short_payload.pcap", MOBILE),
    (
        "tcp/sv-bug-4571-04_ipv6_over_ipv4.pcap",
        "the table has the outer packet's addresses; those of the inner one are right",
    ),
    (
        "tcp/sv-tcp-session-decode-malformed-ipv4.pcap",
        "IP options that make no sense do not hide the segment behind them",
    ),
];
const COMPRESSED: &str = "what IPComp compressed is not unpacked";
const LINK: &str = "no cluster speaks over ARCNET, or is captured in the air";
const MOBILE: &str = "tunnels of mobile networks (GTP) are not entered";

/// ICMP errors that tshark sees otherwise: file, and why we do not follow it.
const ERRORS: &[(&str, &str)] = &[];

/// Connections of which the state or the round-trip time is not what tshark's counts say: file, and
/// why.
const STATES: &[(&str, &str)] = &[
    (
        "pgsql/zeek-psql-login-no-role.pcap",
        "every packet is in it twice, and tshark counts from the copy",
    ),
    ("tcp/libpcap-AH-IPcomp-IPv4.pcap", COMPRESSED),
    ("tcp/libpcap-AH-IPcomp-IPv6.pcap", COMPRESSED),
    (
        "tcp/sv-tcp-fastopen-07_tcp_fastopen_segmentation.pcap",
        ANY_ACK,
    ),
    (
        "tcp/sv-bug-3286-03-windows-evasion_with_evasion_windows.pcap",
        ANY_ACK,
    ),
    ("tcp/zeek-rst-inject-rae.pcap", ANY_ACK),
    (
        "tcp/sv-tcp-split-handshake-01-4whs_split-handshake-4whs.pcap",
        "both sides open; the round trip ends with the originator's next segment",
    ),
    (
        "tcp/zeek-syn-then-ack-then-rst.pcap",
        "the SYN is answered by a bare ACK: an answer all the same",
    ),
    (
        "tls/zeek-chrome-1250-tls-x25519-kyber.pcap",
        "written by a program that gives the whole handshake one time; tshark takes a later one",
    ),
];
const ANY_ACK: &str = "tshark ends the round trip with any ACK, ours ends with the originator's";

/// The folder of captures; a test that gets none has said that it skips.
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

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// The rows of a table of tshark, without the names of the columns.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1);
    rows.map(|row| row.split('\t').map(str::to_owned).collect())
        .collect()
}

/// A capture, its bytes, and the rows of a table about it.
type Told = (String, Vec<u8>, Vec<Vec<String>>);

/// Every capture of which there is a table of this kind, with its rows.
fn told(kind: &str) -> Option<Vec<Told>> {
    let captures = captures()?;
    let mut found = Vec::new();
    for group in ["formats", "h323sip", "made", "pgsql", "tcp", "tls"] {
        for table in files(&captures.join("ground").join(group)) {
            let name = table.file_name().unwrap().to_str().unwrap();
            if let Some(name) = name.strip_suffix(&format!(".{kind}.tsv")) {
                let bytes = content(&captures.join(group).join(name));
                found.push((format!("{group}/{name}"), bytes, rows(&table)));
            }
        }
    }
    assert!(!found.is_empty(), "no table of the kind {kind}");
    Some(found)
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

/// Differences by file.
type Differences = BTreeMap<String, Vec<String>>;

fn say(different: &mut Differences, file: &str, line: String) {
    different.entry(file.to_owned()).or_default().push(line);
}

/// Fails with all differences but those that the list explains, and with what it explains
/// though there is no difference.
fn judge(different: &Differences, explained: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (file, lines) in different {
        if !explained.iter().any(|(name, _)| name == file) {
            let shown = lines.iter().take(8);
            wrong.extend(shown.map(|line| format!("{file}: {line}")));
        }
    }
    for (name, _) in explained {
        if !different.contains_key(*name) {
            wrong.push(format!("{name} is explained, but there is no difference"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is compared of a frame.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    number: u64,
    at: Option<i64>,
    length: u32,
    captured: usize,
}

fn frames(bytes: &[u8]) -> (Vec<(Seen, u32)>, CaptureStats) {
    let mut rest = bytes;
    let mut reader = CaptureReader::new(&[], &mut rest);
    let mut found = Vec::new();
    while let Some(frame) = reader.next_frame() {
        let seen = Seen {
            number: frame.number,
            at: frame.at,
            length: frame.length,
            captured: frame.data.len(),
        };
        found.push((seen, frame.interface));
    }
    (found, reader.stats().clone())
}

#[test]
fn frames_are_those_that_wireshark_counts() {
    let Some(told) = told("frames") else { return };
    let (mut different, mut elsewhere) = (BTreeMap::new(), BTreeMap::new());
    for (file, bytes, mut rows) in told {
        // blocks of pcapng that have numbers, but are no frames
        rows.retain(|row| !row[7].starts_with("Custom Block:"));
        let (seen, stats) = frames(&bytes);
        let count = if rows.len() == FIRST {
            seen.len().min(FIRST)
        } else {
            seen.len()
        };
        if count != rows.len() {
            let line = format!("{count} frames, not {}: {:?}", rows.len(), stats.damage);
            say(&mut different, &file, line);
        }
        for ((seen, interface), row) in seen.iter().zip(&rows) {
            let expected = Seen {
                number: row[0].parse().unwrap(),
                at: microseconds(&row[1]),
                length: row[2].parse().unwrap(),
                captured: row[3].parse().unwrap(),
            };
            if *seen != expected {
                say(&mut different, &file, format!("{seen:?}, not {row:?}"));
            }
            if row[5]
                .parse::<u32>()
                .is_ok_and(|theirs| theirs != *interface)
            {
                say(
                    &mut elsewhere,
                    &file,
                    format!("interface {interface}, not {row:?}"),
                );
            }
        }
    }
    judge(&elsewhere, INTERFACES);
    judge(&different, FRAMES);
}

/// `1335958313.152630000`
fn microseconds(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.')?;
    let fraction: i64 = fraction.get(..6)?.parse().ok()?;
    let seconds: i64 = seconds.parse().ok()?;
    Some(seconds * 1_000_000 + fraction)
}

fn decoded(bytes: &[u8], with: &mut dyn FnMut(u64, &Packet<'_>)) {
    let mut rest = bytes;
    let mut reader = CaptureReader::new(&[], &mut rest);
    let mut decoder = Decoder::new();
    while let Some(frame) = reader.next_frame() {
        if let Some(packet) = decoder.decode(&frame) {
            with(frame.number, &packet);
        }
    }
}

/// Segments, payload on the wire, and flags of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Side {
    packets: u64,
    payload: u64,
    opening: u64,
    rst: u64,
    fin: u64,
}

type Ends = (IpAddr, u16, IpAddr, u16);

#[test]
fn connections_are_those_that_wireshark_sees() {
    let Some(told) = told("conv") else { return };
    let mut different = Differences::new();
    for (file, bytes, rows) in told {
        let mut seen: BTreeMap<Ends, Side> = BTreeMap::new();
        decoded(&bytes, &mut |_, packet| {
            if let Body::Tcp(tcp) = packet.body {
                let ends = (packet.source, tcp.ports.0, packet.destination, tcp.ports.1);
                let side = seen.entry(ends).or_default();
                side.packets += 1;
                side.payload += u64::from(tcp.length);
                side.opening += u64::from(tcp.syn);
                side.rst += u64::from(tcp.rst);
                side.fin += u64::from(tcp.fin);
            }
        });
        let expected = conversations(&rows);
        let ends: std::collections::BTreeSet<_> = seen.keys().chain(expected.keys()).collect();
        for ends in ends {
            let (ours, theirs) = (seen.get(ends), expected.get(ends));
            if ours != theirs {
                let line = format!("{ends:?}: {ours:?}, not {theirs:?}");
                say(&mut different, &file, line);
            }
        }
    }
    judge(&different, CONNECTIONS);
}

/// Both directions of every row, added up where ports were used again.
fn conversations(rows: &[Vec<String>]) -> BTreeMap<Ends, Side> {
    let mut found: BTreeMap<Ends, Side> = BTreeMap::new();
    for row in rows {
        let number = |at: usize| row[at].parse::<u64>().unwrap_or(0);
        // tshark's table names the versions of a tunnel where they are not the same
        let address = |at: usize| row[at].trim_start_matches("mixed:").parse::<IpAddr>();
        let client = (address(1).unwrap(), row[2].parse().unwrap());
        let server = (address(3).unwrap(), row[4].parse().unwrap());
        for (way, (from, to)) in [(client, server), (server, client)].into_iter().enumerate() {
            if number(5 + way) > 0 {
                let side = found.entry((from.0, from.1, to.0, to.1)).or_default();
                side.packets += number(5 + way);
                side.payload += number(9 + way);
                side.opening += number(11 + way);
                side.rst += number(13 + way);
                side.fin += number(15 + way);
            }
        }
    }
    found
}

/// How a connection went, by what tshark counts of it.
struct Counted {
    opened: bool,
    answered: bool,
    rst: [bool; 2],
    fin: [bool; 2],
    rtt: Option<i64>,
}

impl Counted {
    fn of(row: &[String]) -> Self {
        let any = |at: usize| row[at].parse::<u64>().is_ok_and(|count| count > 0);
        Self {
            opened: any(11),
            answered: any(12),
            rst: [any(13), any(14)],
            fin: [any(15), any(16)],
            rtt: row[26]
                .parse::<f64>()
                .ok()
                .map(|seconds| (seconds * 1e6).round() as i64),
        }
    }

    /// True for a state that the flags leave room for. Resets behind two FINs change nothing, and
    /// which of several resets came first the counts do not tell.
    fn allows(&self, state: ConnState) -> bool {
        let [rst_own, rst_peer] = self.rst;
        let [fin_own, fin_peer] = self.fin;
        match state {
            ConnState::S0 => self.opened && !self.answered && !rst_peer && !fin_own,
            // the answer alone proves that somebody asked
            ConnState::S1 => self.answered && !rst_own && !rst_peer,
            ConnState::SF => self.answered && fin_own && fin_peer,
            ConnState::Rej => self.opened && rst_peer,
            ConnState::S2 => self.answered && fin_own && !fin_peer,
            ConnState::S3 => self.answered && fin_peer && !fin_own,
            ConnState::Rsto => self.answered && rst_own,
            ConnState::Rstr => rst_peer,
            ConnState::Rstos0 => self.opened && rst_own && !self.answered,
            ConnState::Rstrh => !self.opened && self.answered && rst_peer,
            ConnState::Sh => self.opened && fin_own && !self.answered,
            ConnState::Shr => !self.opened && self.answered && fin_peer,
            ConnState::Oth => !(self.opened && self.answered),
        }
    }
}

/// The only connection of each pair of ends, the lesser end first.
fn connections(bytes: &[u8]) -> BTreeMap<Pair, Connection> {
    let mut rest = bytes;
    let mut reader = CaptureReader::new(&[], &mut rest);
    let mut decoder = Decoder::new();
    let mut recorders = BTreeMap::new();
    while let Some(frame) = reader.next_frame() {
        let Some(packet) = decoder.decode(&frame) else {
            continue;
        };
        if let (Some(ends), Body::Tcp(_)) = (ladder::ends(&packet), packet.body) {
            let moment = Moment {
                number: frame.number,
                at: frame.at,
            };
            recorders
                .entry(pair(ends.originator, ends.responder))
                .or_insert_with(|| Recorder::new(Vec::new()))
                .packet(&packet, moment);
        }
    }
    let only = recorders.into_iter().filter_map(|(ends, recorder)| {
        let ladder = recorder.finish("capture")?;
        match ladder.connections[..] {
            [connection] => Some((ends, connection)),
            _ => None,
        }
    });
    only.collect()
}

type Pair = (SocketAddr, SocketAddr);

fn pair(a: SocketAddr, b: SocketAddr) -> Pair {
    (a.min(b), a.max(b))
}

/// The rows of ends that were used once.
fn once(rows: &[Vec<String>]) -> BTreeMap<Pair, &Vec<String>> {
    let mut found: BTreeMap<Pair, Vec<&Vec<String>>> = BTreeMap::new();
    for row in rows {
        let end = |at: usize| {
            let host: IpAddr = row[at].parse().ok()?;
            Some(SocketAddr::new(host, row[at + 1].parse().ok()?))
        };
        if let Some((a, b)) = end(1).zip(end(3)) {
            found.entry(pair(a, b)).or_default().push(row);
        }
    }
    let once = found.into_iter().filter(|(_, rows)| rows.len() == 1);
    once.map(|(ends, rows)| (ends, rows[0])).collect()
}

#[test]
fn states_and_round_trips_fit_what_wireshark_counts() {
    let Some(told) = told("conv") else { return };
    let mut different = Differences::new();
    let mut compared = 0;
    for (file, bytes, rows) in told {
        if !["made/", "tcp/", "pgsql/", "tls/"]
            .iter()
            .any(|group| file.starts_with(group))
        {
            continue;
        }
        let connections = connections(&bytes);
        for (ends, row) in once(&rows) {
            let Some(connection) = connections.get(&ends) else {
                continue;
            };
            let counted = Counted::of(row);
            if !counted.allows(connection.state) {
                say(
                    &mut different,
                    &file,
                    format!("{ends:?}: {:?}, {row:?}", connection.state),
                );
            }
            // who repeats a SYN has no round trip of ours
            let far = |(ours, theirs): (i64, i64)| ours.abs_diff(theirs) > 1;
            if connection.rtt.zip(counted.rtt).is_some_and(far) {
                say(
                    &mut different,
                    &file,
                    format!("{ends:?}: {:?}, {row:?}", connection.rtt),
                );
            }
            compared += 1;
        }
    }
    assert!(compared > 200, "only {compared}");
    judge(&different, STATES);
}

#[test]
fn icmp_errors_are_those_that_wireshark_sees() {
    let Some(told) = told("icmp") else { return };
    let mut different = Differences::new();
    let mut compared = 0;
    for (file, bytes, rows) in told {
        let mut seen = BTreeMap::new();
        decoded(&bytes, &mut |number, packet| {
            if let Body::Icmp(quote) = packet.body {
                seen.insert(number, (packet.source, packet.destination, quote));
            }
        });
        for row in &rows {
            let number: u64 = row[0].parse().unwrap();
            let ours = seen.remove(&number);
            let theirs = barrier(row);
            compared += u32::from(theirs.is_some());
            let same = match (&ours, theirs) {
                (None, None) => true,
                (Some((from, to, quote)), Some(barrier)) => {
                    quote.barrier == barrier && agrees(row, *from, *to, quote)
                }
                _ => false,
            };
            if !same {
                let line = format!("{ours:?}, not {row:?}");
                say(&mut different, &file, line);
            }
        }
        for (number, _) in seen {
            let line = format!("frame {number} is no error");
            say(&mut different, &file, line);
        }
    }
    assert!(compared >= 20, "only {compared} errors");
    judge(&different, ERRORS);
}

/// What the type and code of a row mean.
fn barrier(row: &[String]) -> Option<Barrier> {
    if addresses(row, 2, 4).len() < 2 {
        // it quotes nothing
        return None;
    }
    let number = |at: usize| {
        row[at]
            .split('|')
            .next_back()
            .unwrap_or("")
            .parse::<u8>()
            .ok()
    };
    let v4 = number(6).zip(number(7));
    let v6 = number(9).zip(number(10));
    match (v4, v6) {
        (Some((3, 3)), _) | (_, Some((1, 4))) => Some(Barrier::PortUnreachable),
        (Some((3, 4)), _) | (_, Some((2, _))) => Some(Barrier::TooBig),
        (Some((3, 9 | 10 | 13..=15)), _) | (_, Some((1, 1 | 5 | 6))) => Some(Barrier::Prohibited),
        (Some((3, _)), _) | (_, Some((1, _))) => Some(Barrier::Unreachable),
        (Some((11, 0)), _) | (_, Some((3, 0))) => Some(Barrier::Expired),
        _ => None,
    }
}

/// The addresses of a row, from outside inwards.
fn addresses(row: &[String], v4: usize, v6: usize) -> Vec<IpAddr> {
    let both = format!("{}|{}", row[v4], row[v6]);
    both.split('|').filter_map(|one| one.parse().ok()).collect()
}

/// Addresses, ports and size of a row: those of the error first, then those of the quote.
fn agrees(row: &[String], from: IpAddr, to: IpAddr, quote: &IcmpQuote) -> bool {
    let last_two = |v4, v6| {
        let all = addresses(row, v4, v6);
        all[all.len() - 2..].to_vec()
    };
    let port = |tcp: usize, udp: usize| {
        let column = if quote.transport == Transport::Tcp {
            tcp
        } else {
            udp
        };
        row[column]
            .split('|')
            .next_back()
            .and_then(|port| port.parse::<u16>().ok())
    };
    let mtu = |at: usize| row[at].parse::<u32>().ok().filter(|mtu| *mtu > 0);
    last_two(2, 4) == [from, quote.source]
        && last_two(3, 5) == [to, quote.destination]
        && port(12, 14).zip(port(13, 15)) == quote.ports.filter(|_| port(12, 14).is_some())
        && (quote.barrier != Barrier::TooBig || mtu(8).or(mtu(11)) == quote.mtu)
}

/// Hands out at most so many bytes at a time.
struct Slow<'b>(&'b [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.1);
        self.0.read(&mut out[..count])
    }
}

/// Everything that reader and decoder make of bytes, as numbers that can be compared.
fn digest(bytes: &[u8], at_once: usize) -> (u64, u64, usize) {
    let mut source = Slow(bytes, at_once);
    let mut reader = CaptureReader::new(&[], &mut source);
    let mut decoder = Decoder::new();
    let (mut packets, mut payload) = (0, 0);
    while let Some(frame) = reader.next_frame() {
        assert!(frame.data.len() <= bytes.len());
        if let Some(packet) = decoder.decode(&frame) {
            packets += 1;
            payload += match packet.body {
                Body::Tcp(tcp) => tcp.payload.len(),
                Body::Udp(udp) => udp.payload.len(),
                Body::Icmp(_) | Body::Other => 0,
            };
        }
    }
    (reader.stats().frames, packets, payload)
}

#[test]
fn broken_captures_harm_nobody() {
    let Some(captures) = captures() else { return };
    let mut read = 0;
    for folder in ["malformed", "formats"] {
        for path in files(&captures.join(folder)) {
            let bytes = content(&path);
            read += u32::from(is_capture(&bytes));
            let whole = digest(&bytes, usize::MAX);
            assert_eq!(digest(&bytes, 1000), whole, "{}", path.display());
        }
    }
    assert!(read > 300, "only {read} captures");
}

#[test]
fn every_beginning_of_a_capture_is_read() {
    let Some(captures) = captures() else { return };
    for path in files(&captures.join("made")) {
        let bytes = fs::read(&path).unwrap();
        if !is_capture(&bytes) {
            continue;
        }
        // every length of the small ones, and of the larger ones some hundred
        let step = if bytes.len() < 2500 {
            1
        } else {
            bytes.len() / 150 + 1
        };
        let (all, ..) = digest(&bytes, usize::MAX);
        let mut before = 0;
        for length in (0..bytes.len()).step_by(step) {
            let (count, stats) = frames(&bytes[..length]);
            let count = count.len() as u64;
            assert!(before <= count && count <= all, "{}", path.display());
            before = count;
            assert!(stats.damage.len() <= 1, "{:?}", stats.damage);
        }
        assert_eq!(digest(&bytes, usize::MAX).0, all);
    }
}
