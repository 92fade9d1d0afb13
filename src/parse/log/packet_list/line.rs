//! One line of a packet list: a row of Wireshark's or tshark's table, or a line of tcpdump.
//!
//! ```text
//! 54  2017-03-31 08:36:13.558867  10.48.54.119  10.48.54.75  TCP  66  35826 → 5432 [SYN] Seq=0 Len=0
//! 20:37:20.956919 IP 10.77.1.2.44374 > 10.77.2.2.5432: Flags [S], seq 916638415, win 64240, length 0
//! ```

use std::net::IpAddr;

use memchr::memmem;

use crate::model::flow::{Endpoint, Host};
use crate::model::time::{RawTime, SECOND};
use crate::parse::net::flow::{Barrier, IcmpError, TcpSegment, Words};
use crate::parse::net::service;
use crate::parse::net::tcp_state::Segment;
use crate::parse::scan::{Cursor, chomp, lead, text};

/// The time of a row, as far as its column tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    None,
    /// Microseconds since 1970 of a wall clock that names no zone.
    Wall(i64),
    /// Microseconds since 1970 in UTC.
    Utc(i64),
    /// Microseconds since midnight of an unknown day.
    OfDay(i64),
    /// Microseconds since something in the same list.
    Elapsed(i64),
}

impl Time {
    /// What dates a record; a time without a date does not.
    pub(super) fn raw(self) -> RawTime {
        match self {
            Self::Wall(micros) => RawTime::Local(micros),
            Self::Utc(micros) => RawTime::Instant(micros),
            Self::None | Self::OfDay(_) | Self::Elapsed(_) => RawTime::None,
        }
    }
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Tcp(TcpSegment),
    /// Of a TCP conversation whose ports the line does not tell.
    Words(Host, Host, Words),
    Icmp(IcmpError),
    /// Any other packet between two hosts.
    Passes(Host, Host),
    /// Only the beginning of a packet: the next line has the rest.
    Torn,
    /// A frame without hosts.
    Foreign,
    /// A TCP segment whose port names are not known.
    Unread,
}

/// A packet of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) frame: Option<u64>,
    pub(super) time: Time,
    pub(super) body: Body,
}

/// The packet that begins on a line.
pub(super) fn packet(line: &[u8]) -> Option<Packet> {
    let line = chomp(line);
    let start = lead(line);
    // cheap, as most lines of most texts are no packets
    match line.get(start)? {
        b'0'..=b'9' => {}
        // quoted packets are indented
        b'I' if start == 0 => {}
        _ => return None,
    }
    let line = text(line.get(start..)?);
    row(&line).or_else(|| dump(&line))
}

impl Packet {
    /// The last line of a text may be torn: an ICMP error whose end is missing may be of another
    /// kind than it seems, so it is not read.
    pub(super) fn unless_torn(self, torn: bool, line: &[u8]) -> Self {
        let line = line.trim_ascii_end();
        let whole = line.ends_with(b")") || memmem::find(line, b", length ").is_some();
        match self.body {
            Body::Icmp(_) if torn && !whole => Self {
                body: Body::Unread,
                ..self
            },
            _ => self,
        }
    }
}

/// True for a line that goes on with the packet before it: its second line, what an ICMP error
/// quotes, or a dump of its bytes.
pub(super) fn follows(line: &[u8]) -> bool {
    let line = chomp(line);
    let inner = line.trim_ascii_start();
    inner.len() < line.len()
        && (inner.starts_with(b"0x")
            || inner.starts_with(b"IP (")
            || inner.starts_with(b"IP6 (")
            || conversation(&text(inner)).is_some())
}

/// The hosts, ports and flags on the second line of a packet, or in what an ICMP error quotes.
pub(super) fn rest(line: &[u8]) -> Option<Body> {
    conversation(&text(chomp(line).trim_ascii_start()))
}

/// True for a line with which somebody makes a new list: a command, or what tcpdump says first.
pub(super) fn begins_list(line: &[u8]) -> bool {
    let line = text(line);
    let typed = |name: &str| {
        let mut words = line.split_whitespace();
        words.any(|word| word == name || word.ends_with(&format!("/{name}"))) && line.contains(" -")
    };
    line.contains("reading from file ")
        || line.contains("listening on ")
        || typed("tcpdump")
        || typed("tshark")
}

/// `54  0.001  10.0.0.1 → 10.0.0.2  TCP 66 35826 → 5432 [SYN] Seq=0`; the arrow between the hosts
/// and the length may be missing.
fn row(line: &str) -> Option<Packet> {
    let mut cursor = Cursor::new(line.as_bytes());
    let frame = u64::from(cursor.number(1, 9)?);
    if cursor.blanks() == 0 {
        return None;
    }
    let time = clock(&mut cursor)?;
    let rest = line.get(cursor.at..)?;
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let (source, rest) = word(rest)?;
    let (second, behind) = word(rest)?;
    let arrow = is_arrow(second);
    let (destination, rest) = if arrow {
        word(behind)?
    } else {
        (second, behind)
    };
    let (protocol, rest) = word(rest)?;
    let sized = word(rest).filter(|(size, _)| size.bytes().all(|b| b.is_ascii_digit()));
    let info = sized.map_or(rest, |(_, info)| info).trim_start();
    let addressed = is_address(source) && is_address(destination);
    let spelled = protocol.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !spelled || !(arrow || addressed || sized.is_some()) {
        return None;
    }
    let body = match (host(source), host(destination)) {
        (Some(source), Some(destination)) => row_body(source, destination, protocol, info),
        _ => Body::Foreign,
    };
    Some(Packet {
        frame: Some(frame),
        time,
        body,
    })
}

fn row_body(source: Host, destination: Host, protocol: &str, info: &str) -> Body {
    if protocol.starts_with("ICMP") {
        return match barrier(info) {
            Some(barrier) => Body::Icmp(IcmpError {
                from: source,
                to: destination,
                barrier,
                responder: None,
                port: None,
            }),
            None => Body::Passes(source, destination),
        };
    }
    if let Some((ports, segment)) = ports_and_flags(info) {
        let Some((from, to)) = ports else {
            return Body::Unread;
        };
        return Body::Tcp(TcpSegment {
            source: Endpoint {
                host: source,
                port: from,
            },
            destination: Endpoint {
                host: destination,
                port: to,
            },
            ..segment
        });
    }
    let tls = protocol.starts_with("TLS") || protocol.starts_with("SSL");
    let words = match protocol {
        _ if tls && info.contains("Application Data") => Words::TlsData,
        _ if tls => Words::TlsHandshake,
        "TCP" | "PGSQL" | "HTTP" | "HTTP/XML" | "HTTP2" | "XMPP" | "XMPP/XML" | "SSH" | "SSHv2"
        | "EPMD" | "ERLDP" => Words::Plain,
        _ => return Body::Passes(source, destination),
    };
    Body::Words(source, destination, words)
}

/// `[TCP Retransmission] 44374 → postgresql(5432) [SYN] Seq=0 Win=64240 Len=0`: the ports, if they
/// are known, and the rest of a segment.
fn ports_and_flags(info: &str) -> Option<(Option<(u16, u16)>, TcpSegment)> {
    let mut rest = info;
    while let Some(note) = rest.strip_prefix('[') {
        rest = note.split_once(']')?.1.trim_start();
    }
    let (from, behind) = word(rest)?;
    let (arrow, behind) = word(behind)?;
    let (to, behind) = word(behind)?;
    let (flags, behind) = behind.trim_start().strip_prefix('[')?.split_once(']')?;
    if !is_arrow(arrow) {
        return None;
    }
    let has = |flag: &str| flags.split(", ").any(|one| one == flag);
    let kind = Segment::of(has("SYN"), has("ACK"), has("FIN"), has("RST"));
    let number = |name: &str| {
        let mut values = behind.split_whitespace();
        values.find_map(|value| value.strip_prefix(name)?.parse::<u32>().ok())
    };
    let nowhere = || Endpoint {
        host: Host::Name("".into()),
        port: 0,
    };
    let segment = TcpSegment {
        source: nowhere(),
        destination: nowhere(),
        kind,
        // 0 is where Wireshark begins to count in every connection
        sequence: number("Seq=").filter(|seq| *seq != 0 && kind == Segment::Syn),
        reused: info.contains("Port numbers reused"),
        payload: number("Len=").is_some_and(|length| length > 0),
    };
    Some((port(from).zip(port(to)), segment))
}

/// `5432`, `postgresql`, `postgresql(5432)`.
fn port(word: &str) -> Option<u16> {
    let inner = word.strip_suffix(')').and_then(|word| word.split_once('('));
    let word = inner.map_or(word, |(_, number)| number);
    word.parse().ok().or_else(|| service::port_of(word))
}

/// A line of tcpdump: time, interface and direction, `IP` or the Ethernet header, the packet.
fn dump(line: &str) -> Option<Packet> {
    let mut cursor = Cursor::new(line.as_bytes());
    let time = match line.starts_with('I') {
        true => Time::None,
        false => clock(&mut cursor)?,
    };
    let rest = line.get(cursor.at..)?;
    if time != Time::None && !rest.starts_with(' ') {
        return None;
    }
    let body = inside(rest)?;
    Some(Packet {
        frame: None,
        time,
        body,
    })
}

/// What stands behind `IP`, `IP6` or `ethertype IPv4 (0x0800), length 74:`.
fn inside(line: &str) -> Option<Body> {
    /// Words before the protocol: the interface and the direction.
    const BEFORE: usize = 3;
    if let Some((_, behind)) = line.split_once("ethertype IPv") {
        let (_, behind) = behind.split_once(')')?;
        let behind = behind.trim_start_matches([',', ' ']);
        let sized = behind.strip_prefix("length ");
        let behind = sized.map_or(Some(behind), |sized| Some(sized.split_once(": ")?.1))?;
        return packet_body(behind);
    }
    let mut rest = line;
    for _ in 0..BEFORE {
        let (first, behind) = word(rest)?;
        match first {
            "IP" | "IP6" => return packet_body(behind.trim_start()),
            "ARP," => return Some(Body::Foreign),
            _ => rest = behind,
        }
    }
    None
}

/// `(tos 0x0, …, length 60)` before the packet, or alone on the line, or the packet.
fn packet_body(inner: &str) -> Option<Body> {
    if !inner.starts_with('(') {
        return conversation(inner);
    }
    let mut depth = 0_u32;
    let end = inner.char_indices().find_map(|(at, c)| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at + 1)
    });
    let behind = inner.get(end?..)?.trim();
    if behind.is_empty() {
        return (inner.contains("length ")).then_some(Body::Torn);
    }
    conversation(behind)
}

/// `10.0.0.1.35826 > 10.0.0.2.5432: Flags [S], seq 1, length 0`, `… > …: ICMP …`, `… > …: UDP, …`.
fn conversation(line: &str) -> Option<Body> {
    let (source, rest) = line.split_once(" > ")?;
    let (destination, tail) = word(rest)?;
    let destination = destination.strip_suffix(':')?;
    if source.contains(char::is_whitespace) {
        return None;
    }
    let (source, from) = end_of(source)?;
    let (destination, to) = end_of(destination)?;
    let tail = tail.trim_start();
    if let Some(flags) = tail.strip_prefix("Flags [") {
        let Some((from, to)) = from.zip(to) else {
            return Some(Body::Unread);
        };
        let source = Endpoint {
            host: source,
            port: from,
        };
        let destination = Endpoint {
            host: destination,
            port: to,
        };
        return Some(Body::Tcp(flagged(source, destination, flags)?));
    }
    let told = tail
        .strip_prefix("ICMP6, ")
        .or_else(|| tail.strip_prefix("ICMP "));
    match told.and_then(|told| Some((barrier(told)?, told))) {
        Some((barrier, told)) => {
            let (responder, port) = quoted(told);
            Some(Body::Icmp(IcmpError {
                from: source,
                to: destination,
                barrier,
                responder,
                port,
            }))
        }
        None => Some(Body::Passes(source, destination)),
    }
}

/// `S.], seq 3738895207, ack 1, win 65160, length 0`.
fn flagged(source: Endpoint, destination: Endpoint, flags: &str) -> Option<TcpSegment> {
    let (flags, tail) = flags.split_once(']')?;
    let kind = Segment::of(
        flags.contains('S'),
        flags.contains('.'),
        flags.contains('F'),
        flags.contains('R'),
    );
    let number = |name: &str| {
        let digits = tail.split_once(name)?.1;
        let end = digits.find(|c: char| !c.is_ascii_digit());
        digits
            .get(..end.unwrap_or(digits.len()))?
            .parse::<u32>()
            .ok()
    };
    Some(TcpSegment {
        source,
        destination,
        kind,
        sequence: number(", seq ").filter(|_| kind == Segment::Syn),
        reused: false,
        payload: number(", length ").is_some_and(|length| length > 0),
    })
}

/// What an ICMP error says of the way: nothing for those that leave a way open.
fn barrier(told: &str) -> Option<Barrier> {
    let told = told.to_ascii_lowercase();
    let open = ["frag", "udp port"].iter().any(|word| told.contains(word));
    if !told.contains("unreachable") || open {
        return None;
    }
    let closed = ["prohibited", "filtered"]
        .iter()
        .any(|word| told.contains(word));
    Some(match (closed, told.contains("port")) {
        (true, _) => Barrier::Prohibited,
        (false, true) => Barrier::PortUnreachable,
        (false, false) => Barrier::Unreachable,
    })
}

/// Whom and which port a message of tcpdump names: `host 10.0.0.2 unreachable`,
/// `10.0.0.2 tcp port 5432 unreachable`, `unreachable port, 2001:db8::2 tcp port 5432`.
fn quoted(told: &str) -> (Option<Host>, Option<u16>) {
    let words: Vec<&str> = told
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    let by_address = words.iter().find(|word| is_address(word));
    let named = words.windows(2).find_map(|pair| match pair {
        ["host", name] => Some(name),
        _ => None,
    });
    let tcp = words.windows(3).find_map(|three| match three {
        ["tcp", "port", number] => port(number),
        _ => None,
    });
    let before = words.windows(2).find_map(|pair| match pair {
        [name, "tcp"] => Some(name),
        _ => None,
    });
    let name = by_address.or(named).or(before);
    (name.and_then(|name| host(name)), tcp)
}

/// `10.0.0.1.5432`, `2001:db8::1.5432`, `cms1.apolo.local.postgresql`; an address may stand alone.
fn end_of(word: &str) -> Option<(Host, Option<u16>)> {
    if is_address(word) {
        return Some((host(word)?, None));
    }
    match word.rsplit_once('.') {
        Some((name, last)) if port(last).is_some() => Some((host(name)?, port(last))),
        _ => Some((host(word)?, None)),
    }
}

/// Reads the time at the beginning of a line or in its column.
fn clock(cursor: &mut Cursor<'_>) -> Option<Time> {
    let mut ahead = *cursor;
    if let Some(micros) = ahead.date_time(b" ", b".,").or_else(|| {
        ahead = *cursor;
        ahead.date_time(b"T", b".,")
    }) {
        let time = match ahead.eat(b'Z') {
            true => Time::Utc(micros),
            false => Time::Wall(micros),
        };
        *cursor = ahead;
        return Some(time);
    }
    ahead = *cursor;
    if let Some(micros) = ahead.time_of_day(b".,") {
        *cursor = ahead;
        return Some(Time::OfDay(micros));
    }
    ahead = *cursor;
    let time = seconds(&mut ahead)?;
    *cursor = ahead;
    Some(time)
}

/// `0.000043`, `1490949373.558867`: a fraction has to be there.
fn seconds(cursor: &mut Cursor<'_>) -> Option<Time> {
    /// Seconds since 1970 that no list lasts, and most of them are dates (2001).
    const DATED: i64 = 1_000_000_000;
    let bytes = cursor.rest();
    let digits = cursor.skip_while(|b| b.is_ascii_digit());
    let whole = std::str::from_utf8(bytes.get(..digits)?).ok()?;
    let whole: i64 = whole.parse().ok().filter(|whole| *whole < DATED * 10)?;
    if !cursor.eat(b'.') && !cursor.eat(b',') {
        return None;
    }
    let bytes = cursor.rest();
    let digits = cursor.skip_while(|b| b.is_ascii_digit());
    let fraction = bytes.get(..digits).filter(|digits| !digits.is_empty())?;
    let micros = (0..6).fold(0, |sum, at| {
        let digit = fraction.get(at).map_or(0, |b| i64::from(b - b'0'));
        sum * 10 + digit
    });
    let all = whole * SECOND + micros;
    Some(match whole >= DATED {
        true => Time::Utc(all),
        false => Time::Elapsed(all),
    })
}

/// The next word and what stands behind it.
fn word(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let end = line.find(char::is_whitespace).unwrap_or(line.len());
    (end > 0).then(|| line.split_at(end))
}

fn is_arrow(word: &str) -> bool {
    matches!(word, "→" | ">" | "->" | "=>")
}

fn is_address(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}

/// A host by its address or its name; hardware addresses and groups name none.
fn host(word: &str) -> Option<Host> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(Host::Address(address.to_canonical()));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let named = word.len() <= 253
        && word.chars().all(plain)
        && word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.contains(|c: char| c.is_ascii_alphabetic())
        && word != "Broadcast";
    named.then(|| Host::Name(word.to_ascii_lowercase().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(line: &str) -> (Option<u64>, Time, String) {
        let packet = packet(line.as_bytes()).unwrap_or_else(|| panic!("no packet: {line}"));
        let Body::Tcp(s) = packet.body else {
            panic!("{:?}: {line}", packet.body)
        };
        let (a, b) = (s.source, s.destination);
        let told = format!(
            "{}:{} {}:{} {:?} {:?} {}",
            a.host, a.port, b.host, b.port, s.kind, s.sequence, s.payload
        );
        (packet.frame, packet.time, told)
    }

    #[test]
    fn rows_of_the_table() {
        let wall = Time::Wall(1_490_949_373_558_867);
        let told = "10.0.0.1:35826 10.0.0.2:5432 Syn None false".to_owned();
        for row in [
            "54\t2017-03-31 08:36:13.558867\t10.0.0.1\t10.0.0.2\tTCP\t66\t35826 → 5432 [SYN] Seq=0 Win=29200 Len=0",
            "   54 2017-03-31 08:36:13.558867     10.0.0.1 → 10.0.0.2     TCP 66 35826 > postgresql [SYN] Seq=0 Len=0",
            "> 54 2017-03-31 08:36:13,558867 10.0.0.1 10.0.0.2 TCP [TCP Retransmission] 35826 -> postgresql(5432) [SYN] Seq=0",
        ] {
            assert_eq!(tcp(row), (Some(54), wall, told.clone()), "{row}");
        }
        let row =
            "2 0,000043 10.0.0.2 10.0.0.1 TLSv1.2 54 5432 → 35826 [FIN, ACK] Seq=9 Ack=1 Len=3";
        let told = "10.0.0.2:5432 10.0.0.1:35826 Fin None true".to_owned();
        assert_eq!(tcp(row), (Some(2), Time::Elapsed(43), told));
        let row = "2 08:36:13 2001:db8::1 2001:db8::2 TCP 94 4 → 5432 [SYN] Seq=77 Len=0";
        let told = "2001:db8::1:4 2001:db8::2:5432 Syn Some(77) false".to_owned();
        assert_eq!(tcp(row), (Some(2), Time::OfDay(30_973 * SECOND), told));
    }

    #[test]
    fn rows_without_ports() {
        let body = |row: &str| packet(row.as_bytes()).unwrap().body;
        let words = |row: &str| match body(row) {
            Body::Words(_, _, words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(words("57 0.1 10.0.0.1 10.0.0.2 PGSQL 62 >"), Words::Plain);
        assert_eq!(
            words("61 0.1 10.0.0.1 10.0.0.2 TLSv1.2 257 Client Hello"),
            Words::TlsHandshake
        );
        assert_eq!(
            words("68 0.1 10.0.0.1 10.0.0.2 TLSv1.2 124 Application Data"),
            Words::TlsData
        );
        assert!(matches!(
            body("1 0.1 10.0.0.1 10.0.0.2 NTP 90 NTP Version 4, client"),
            Body::Passes(..)
        ));
        assert_eq!(
            body("1 0.1 VMware_aa:bb:cc Broadcast ARP 60 Who has 10.0.0.2?"),
            Body::Foreign
        );
        let Body::Icmp(error) = body(
            "2 0.000117 10.77.1.1 → 10.77.1.2 ICMP 102 Destination unreachable (Communication administratively filtered)",
        ) else {
            panic!()
        };
        assert_eq!(
            (error.barrier, error.responder),
            (Barrier::Prohibited, None)
        );
        assert!(matches!(
            body("2 0.1 10.0.0.9 10.0.0.1 ICMP 70 Destination unreachable (Fragmentation needed)"),
            Body::Passes(..)
        ));
    }

    #[test]
    fn lines_of_tcpdump() {
        let told = "10.77.1.2:44374 10.77.2.2:5432 Syn Some(916638415) false".to_owned();
        let end = "Flags [S], seq 916638415, win 64240, options [mss 1460], length 0";
        for (line, time) in [
            (
                "20:37:20.956919 IP 10.77.1.2.44374 > 10.77.2.2.5432: ",
                Time::OfDay(74_240_956_919),
            ),
            (
                "2026-11-20 20:37:20.956919 IP 10.77.1.2.44374 > 10.77.2.2.postgresql: ",
                Time::Wall(1_795_207_040_956_919),
            ),
            (
                "1795207040.956919 IP 10.77.1.2.44374 > 10.77.2.2.5432: ",
                Time::Utc(1_795_207_040_956_919),
            ),
            ("IP 10.77.1.2.44374 > 10.77.2.2.5432: ", Time::None),
            (
                "20:37:20.956919 eth0  Out IP 10.77.1.2.44374 > 10.77.2.2.5432: ",
                Time::OfDay(74_240_956_919),
            ),
            (
                "20:37:20.956919 32:ff:8f:7f:37:2d > f6:e4:0c:74:92:58, ethertype IPv4 (0x0800), length 74: 10.77.1.2.44374 > 10.77.2.2.5432: ",
                Time::OfDay(74_240_956_919),
            ),
            (
                "20:37:20.956919 IP (tos 0x0, proto TCP (6), length 60) 10.77.1.2.44374 > 10.77.2.2.5432: ",
                Time::OfDay(74_240_956_919),
            ),
        ] {
            assert_eq!(
                tcp(&format!("{line}{end}")),
                (None, time, told.clone()),
                "{line}"
            );
        }
        let told = "2001:db8::1:22 cms1.apolo.local:443 SynAck None false".to_owned();
        let line = "20:37:20.9 IP6 2001:db8::1.22 > CMS1.apolo.local.https: Flags [S.], seq 1, ack 2, length 0";
        assert_eq!(tcp(line).2, told);
        let torn = "20:37:20.956919 IP (tos 0x0, ttl 64, id 22160, offset 0, flags [DF], proto TCP (6), length 60)";
        assert_eq!(packet(torn.as_bytes()).unwrap().body, Body::Torn);
        let second = "    10.77.1.2.44374 > 10.77.2.2.5432: Flags [R.], cksum 0x1 (correct), seq 0, ack 9, length 0";
        assert!(
            follows(second.as_bytes()) && matches!(rest(second.as_bytes()), Some(Body::Tcp(_)))
        );
        assert!(follows(b"\t0x0000:  4500 003c") && !follows(b"  words"));
    }

    #[test]
    fn errors_of_tcpdump_name_whom_they_are_about() {
        let told = |tail: &str| {
            let line = format!("20:37:40.5 IP 10.77.1.1 > 10.77.1.2: {tail}, length 68");
            match packet(line.as_bytes()).unwrap().body {
                Body::Icmp(e) => {
                    let responder = e.responder.map(|host| host.to_string());
                    Some((e.barrier, responder.unwrap_or_default(), e.port))
                }
                _ => None,
            }
        };
        let (p, u) = (Barrier::Prohibited, Barrier::Unreachable);
        let c = Barrier::PortUnreachable;
        for (tail, wanted) in [
            (
                "ICMP host 10.77.2.2 unreachable - admin prohibited filter",
                Some((p, "10.77.2.2", None)),
            ),
            (
                "ICMP 10.77.2.2 tcp port 5432 unreachable",
                Some((c, "10.77.2.2", Some(5432))),
            ),
            (
                "ICMP cms1.apolo.local tcp port postgresql unreachable",
                Some((c, "cms1.apolo.local", Some(5432))),
            ),
            (
                "ICMP host cms1.apolo.local unreachable",
                Some((u, "cms1.apolo.local", None)),
            ),
            (
                "ICMP net 10.77.2.0 unreachable",
                Some((u, "10.77.2.0", None)),
            ),
            (
                "ICMP6, destination unreachable, unreachable prohibited 2001:db8::2",
                Some((p, "2001:db8::2", None)),
            ),
            (
                "ICMP6, destination unreachable, unreachable port, 2001:db8::2 tcp port 5432",
                Some((c, "2001:db8::2", Some(5432))),
            ),
            ("ICMP 10.77.2.2 unreachable - need to frag (mtu 1400)", None),
            ("ICMP 10.77.2.2 udp port 53 unreachable", None),
            ("ICMP echo request, id 1, seq 1", None),
        ] {
            let wanted = wanted.map(|(barrier, host, port)| (barrier, host.to_owned(), port));
            assert_eq!(told(tail), wanted, "{tail}");
        }
    }

    #[test]
    fn other_lines_are_no_packets() {
        for line in [
            "",
            "No.\tTime\tSource\tDestination\tProtocol\tLength\tInfo",
            "IP address: 10.0.0.1 > 10.0.0.2",
            "In 2017 > 3 nodes: yes",
            "1 2 3 4 5",
            "12 items 10.0.0.1 10.0.0.2 TCP 5",
            "20:37:20 x: IP 10.0.0.1",
            "2018-10-04  06:36:24.612  Info     call 788: incoming SIP call",
            "Mar 31 10:16:59 user.info a sfpool:  Health check 10.0.0.1: ok",
        ] {
            assert_eq!(packet(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn commands_begin_a_list() {
        assert!(begins_list(b"$ tcpdump -nr b.pcap"));
        assert!(begins_list(b"reading from file b.pcap, link-type EN10MB"));
        assert!(begins_list(b"root# /usr/sbin/tshark -r b.pcap"));
        assert!(!begins_list(b"captured with tcpdump on the server"));
    }
}
