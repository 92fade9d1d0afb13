//! Expressway logs: local time with offset, host, program, `Key="value"` pairs and free text.
//!
//! ```text
//! 2020-08-12T14:57:43.353-05:00 expc01 UTCTime="2020-08-12 19:57:43,353" Module="developer.clusterdb.cdb" …
//! 2020-08-12T15:13:24.976-05:00 expc01 httpd[15060]: web: Event="System Configuration Changed" …
//! ```
//!
//! A key may stand twice: the first `Node` is the reporter, the last one whom it speaks of.
//! Message bodies (SIP, HTTP) follow a record on lines of their own (`parse::body`); only the first line
//! of a record is read. Excerpts without a time (`Event="…" …`, `host program: UTCTime="…" …`) are
//! records, too.

use memchr::memmem;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::wanted_lines;
use crate::parse::scan::{Cursor, chomp, decimal, is_blank, lead, line_at, lines, text};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead};

pub(crate) const FORMAT: &str = "expressway.log";

/// How far ahead of a closing quote the next pair is looked for.
const LOOK_AHEAD: usize = 1024;

/// The parser.
pub struct Expressway;

/// The parts before the program.
pub(crate) struct Header<'l> {
    pub(crate) time: RawTime,
    pub(crate) host: Option<&'l [u8]>,
    /// Offset behind the host.
    pub(crate) end: usize,
}

/// Reads the header of a record; `None` when the line does not begin one. The time is `None`
/// for records that were copied without it.
pub(crate) fn header(line: &[u8]) -> Option<Header<'_>> {
    let line = chomp(line);
    let mut cursor = Cursor::from(line, lead(line));
    let first = cursor.peek()?;
    if first.is_ascii_digit() && cursor.rest().get(4) == Some(&b'-') {
        let time = cursor.instant()?;
        if cursor.blanks() == 0 {
            return None;
        }
        let start = cursor.at;
        let Some(host) = host(cursor.word()) else {
            // the page of the event log names no host
            return pairs_of(Cursor::from(line, start)).then_some(Header {
                time,
                host: None,
                end: start,
            });
        };
        return Some(Header {
            time,
            host: Some(host),
            end: cursor.at,
        });
    }
    if first.is_ascii_alphanumeric() {
        timeless(cursor)
    } else {
        None
    }
}

/// `UTCTime="…" Module="…"`, `Event="…" Service="…"` or `Level="…" Event="…"`, also behind a
/// program: what the web interface shows of a record.
fn pairs_of(mut cursor: Cursor<'_>) -> bool {
    let mut ahead = cursor;
    if program_word(ahead.word()).is_some() {
        ahead.blanks();
        cursor = ahead;
    }
    let kinds: [(&[u8], &[&[u8]]); 3] = [
        (
            b"Event=\"",
            &[
                b"Service=",
                b"Detail=",
                b"Level=",
                b"Protocol=",
                b"Severity=",
            ],
        ),
        (b"UTCTime=\"", &[b" Module=\"", b" Event=\"", b" Level=\""]),
        (b"Level=\"", &[b" Event=\""]),
    ];
    let rest = cursor.rest();
    kinds.iter().any(|(first, others)| {
        rest.starts_with(first)
            && others
                .iter()
                .any(|other| memmem::find(rest, other).is_some())
    })
}

/// Records that were copied without their stamp: without a host as well ([`pairs_of`]), or
/// `host program[pid]: UTCTime="…"`.
fn timeless(mut cursor: Cursor<'_>) -> Option<Header<'_>> {
    let none = RawTime::None;
    if pairs_of(cursor) {
        return Some(Header {
            time: none,
            host: None,
            end: cursor.at,
        });
    }
    let host = host(cursor.word())?;
    let end = cursor.at;
    if cursor.blanks() == 0 {
        return None;
    }
    let mut ahead = cursor;
    let word = ahead.word();
    if program_word(word).is_some() {
        ahead.blanks();
        cursor = ahead;
    }
    let told = cursor.literal(b"UTCTime=\"")
        || (pair_key(cursor).is_some() && memmem::find(cursor.rest(), b" UTCTime=\"").is_some());
    told.then_some(Header {
        time: none,
        host: Some(host),
        end,
    })
}

fn host(word: &[u8]) -> Option<&[u8]> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b".-_:".contains(b) || *b >= 0x80;
    let fits = !word.is_empty() && word.iter().all(plain) && word.last() != Some(&b':');
    fits.then_some(word)
}

/// A program as it stands in a record.
struct Program<'l> {
    name: &'l [u8],
    pid: Option<&'l [u8]>,
    /// Bytes of the word that belong to it, the colon included.
    len: usize,
}

/// `tvcs:`, `httpd[15060]:`, also with text right behind the colon of a pid.
fn program_word(word: &[u8]) -> Option<Program<'_>> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-./".contains(b);
    let len = word.iter().position(|b| !plain(b))?;
    let name = word.get(..len).filter(|name| !name.is_empty())?;
    let mut cursor = Cursor::from(word, len);
    let mut pid = None;
    if cursor.eat(b'[') {
        let digits = word.get(cursor.at..)?;
        let n = cursor.skip_while(|b| b.is_ascii_digit());
        pid = Some(digits.get(..n).filter(|digits| decimal(digits).is_some())?);
        if !cursor.eat(b']') {
            return None;
        }
    }
    let whole = cursor.eat(b':') && (pid.is_some() || cursor.peek().is_none());
    whole.then_some(Program {
        name,
        pid,
        len: cursor.at,
    })
}

/// The programs of a record (`httpd[15060]: web:` has two) and the offset of its message.
fn programs(line: &[u8], at: usize) -> (Vec<Program<'_>>, usize) {
    let mut found = Vec::new();
    let mut cursor = Cursor::from(line, at);
    cursor.blanks();
    let start = cursor.at;
    let word = cursor.word();
    let Some(first) = program_word(word) else {
        // `host program UTCTime="…"`
        cursor.blanks();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
        if !word.is_empty() && word.iter().all(plain) && pair_key(cursor).is_some() {
            found.push(Program {
                name: word,
                pid: None,
                len: word.len(),
            });
            return (found, cursor.at);
        }
        return (found, start);
    };
    cursor.at = start + first.len;
    cursor.blanks();
    found.push(first);
    let mut ahead = cursor;
    let second = program_word(ahead.word()).filter(|program| program.pid.is_none());
    ahead.blanks();
    if let Some(second) = second.filter(|_| pair_key(ahead).is_some()) {
        found.push(second);
        return (found, ahead.at);
    }
    (found, cursor.at)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Length of the key when a pair begins here.
fn pair_key(mut cursor: Cursor<'_>) -> Option<usize> {
    let key = cursor.skip_while(is_key_byte);
    if key == 0 || !cursor.eat(b'=') {
        return None;
    }
    cursor.blanks();
    (cursor.peek() == Some(b'"')).then_some(key)
}

/// Next pair from `from` on: start of its key, length of the key, offset behind its quote.
fn next_pair(message: &[u8], from: usize) -> Option<(usize, usize, usize)> {
    let mut at = from;
    loop {
        let equals = at + memchr::memchr(b'=', message.get(at..)?)?;
        let before = message.get(from..equals)?;
        let length = before.iter().rev().take_while(|b| is_key_byte(**b)).count();
        let key = equals - length;
        let mut cursor = Cursor::from(message, equals + 1);
        cursor.blanks();
        let bounded = before
            .len()
            .checked_sub(length + 1)
            .and_then(|at| before.get(at))
            .is_none_or(|b| b.is_ascii_whitespace() || b",:;([{\"".contains(b));
        if length > 0 && bounded && cursor.eat(b'"') {
            return Some((key, length, cursor.at));
        }
        at = equals + 1;
    }
}

/// Offset of the quote that closes the value at `start`; a record that was cut has none.
///
/// Values hold quotes of their own. The closing one has a separator or nothing behind it, and
/// up to the next pair the quotes behind it come in twos.
fn value_end(message: &[u8], start: usize) -> Option<usize> {
    let mut fallback = None;
    let mut at = start;
    while let Some(quote) = message
        .get(at..)
        .and_then(|rest| memchr::memchr(b'"', rest))
        .map(|n| at + n)
    {
        at = quote + 1;
        let escaped = quote > start && message.get(quote - 1) == Some(&b'\\');
        let closes = message
            .get(at)
            .is_none_or(|b| b.is_ascii_whitespace() || b",:;)]}".contains(b));
        if escaped || !closes {
            continue;
        }
        let ahead = message
            .get(at..message.len().min(at + LOOK_AHEAD))
            .unwrap_or_default();
        let between = next_pair(ahead, 0)
            .and_then(|(key, ..)| ahead.get(..key))
            .unwrap_or(ahead);
        if memchr::memchr_iter(b'"', between).count().is_multiple_of(2) {
            return Some(quote);
        }
        fallback = fallback.or(Some(quote));
    }
    fallback
}

/// A piece of a message.
enum Piece<'l> {
    Pair(&'l [u8], &'l [u8]),
    Text(&'l [u8]),
}

fn pieces<'l>(message: &'l [u8], mut out: impl FnMut(Piece<'l>)) {
    let mut at = 0;
    while let Some((key, length, start)) = next_pair(message, at) {
        free_text(message.get(at..key), &mut out);
        // what was cut in mid-value could be taken for another name: it stays text
        let Some(end) = value_end(message, start) else {
            return free_text(message.get(key..), &mut out);
        };
        let name = message.get(key..key + length).unwrap_or_default();
        out(Piece::Pair(
            name,
            message.get(start..end).unwrap_or_default().trim_ascii(),
        ));
        at = (end + 1).min(message.len());
    }
    if at > 0 {
        free_text(message.get(at..), &mut out);
    }
}

fn free_text<'l>(text: Option<&'l [u8]>, out: &mut impl FnMut(Piece<'l>)) {
    let separator = |b: &u8| b.is_ascii_whitespace() || b",:;".contains(b);
    let text = text.unwrap_or_default();
    let from = text
        .iter()
        .position(|b| !separator(b))
        .unwrap_or(text.len());
    let to = text
        .iter()
        .rposition(|b| !separator(b))
        .map_or(from, |at| at + 1);
    if let Some(text) = text.get(from..to).filter(|text| !text.is_empty()) {
        out(Piece::Text(text));
    }
}

fn utc_time(value: &[u8]) -> RawTime {
    Cursor::new(value)
        .date_time(b" ", b",.")
        .map_or(RawTime::None, RawTime::Instant)
}

/// `clusterdb@expc01.example.com`: who wrote a record that was copied without its host. A node
/// outside of any cluster gives the address of its loopback, as all of them do.
fn node_name(node: &[u8]) -> Option<&[u8]> {
    let at = memchr::memchr(b'@', node)?;
    host(node.get(at + 1..)?).filter(|name| !name.starts_with(b"127."))
}

fn event(line: &[u8]) -> Option<Event<'_>> {
    let header = header(line)?;
    let (programs, start) = programs(line, header.end);
    let message = line.get(start..)?.trim_ascii_end();
    let mut event = Event {
        format: FORMAT,
        time: header.time,
        line: 0,
        fields: Vec::new(),
        text: text(line),
    };
    if let Some(host) = header.host {
        event.push("host", text(host));
    }
    for program in &programs {
        event.push("program", text(program.name));
        if let Some(pid) = program.pid {
            event.push("pid", text(pid));
        }
    }
    event.push("message", text(message));
    let (mut reporter, mut subject) = (None, None);
    pieces(message, |piece| match piece {
        Piece::Text(words) => event.push("text", text(words)),
        Piece::Pair(name, value) => {
            match name {
                b"Node" if reporter.is_none() => reporter = Some(value),
                b"Node" => subject = Some(value),
                b"UTCTime" if event.time == RawTime::None => event.time = utc_time(value),
                _ => {}
            }
            event.push(text(name), text(value));
        }
    });
    if header.host.is_none()
        && let Some(name) = reporter.and_then(node_name)
    {
        event.push("host", text(name));
    }
    for (name, value) in [("reporter", reporter), ("subject", subject)] {
        if let Some(value) = value {
            event.push(name, text(value));
        }
    }
    Some(event)
}

/// What a record that begins in the middle of a line looks like: its header has a time, and a
/// program or a pair follows. The message is empty when the line ends there.
pub(crate) fn opening(line: &[u8]) -> Option<(Header<'_>, &[u8])> {
    let header = header(line)?;
    let (programs, start) = programs(line, header.end);
    let message = chomp(line).get(start..)?.trim_ascii();
    let known =
        !programs.is_empty() || message.is_empty() || pair_key(Cursor::new(message)).is_some();
    known.then_some((header, message))
}

/// True when the text begins with a pair.
pub(crate) fn begins_pair(text: &[u8]) -> bool {
    pair_key(Cursor::new(text)).is_some()
}

/// True when a pair stands in the text.
pub(crate) fn has_pair(text: &[u8]) -> bool {
    next_pair(text, 0).is_some()
}

/// True for a record that only this product writes; the header alone is common.
fn is_telling(line: &[u8]) -> bool {
    if header(line).is_none() {
        return false;
    }
    let has = |needle: &[u8]| memmem::find(line, needle).is_some();
    has(b"UTCTime=\"")
        || has(b" traffic_server[")
        || (has(b"Level=\"") && (has(b"Module=\"") || has(b"Event=\"")))
        || (has(b"Event=\"") && has(b"Service=\""))
}

impl LogParser for Expressway {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let (mut ours, mut all) = (0_usize, 0_usize);
        let mut bare = false;
        for (_, line) in lines(head).filter(|(_, line)| !is_blank(line)) {
            all += 1;
            // a record may be wrapped behind its program
            let torn = bare
                && line
                    .get(lead(line)..)
                    .is_some_and(|l| l.starts_with(b"UTCTime=\""));
            ours += usize::from(torn || is_telling(line));
            bare = opening(line).is_some_and(|(_, message)| message.is_empty());
        }
        match ours {
            0 => Probe::NotForUs,
            // message bodies take most of the lines of a detailed log
            _ if ours * 16 >= all => Probe::Certain,
            _ => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        header(line).is_some()
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let header = header(line)?;
        let time = match header.time {
            RawTime::None => memmem::find(line, b"UTCTime=\"")
                .and_then(|at| line.get(at + 9..))
                .map_or(RawTime::None, utc_time),
            stated => stated,
        };
        Some(RecordHead {
            time,
            host: header.host.and_then(|host| std::str::from_utf8(host).ok()),
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
        for start in wanted_lines(bytes, picks) {
            let line = line_at(bytes, start).0;
            if let Some(mut event) = event(line) {
                event.line = numbers.line_at(start);
                stats.records += 1;
                out(event);
            }
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    fn one(line: &str) -> Event<'static> {
        let mut events = read(&Expressway, line);
        assert_eq!(events.len(), 1, "{line}");
        events.remove(0)
    }

    /// Every field but the message, as `name=value`.
    fn fields(line: &str) -> Vec<String> {
        let event = one(line);
        let named = event.fields.iter().filter(|field| field.name != "message");
        named
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    #[test]
    fn a_record_of_a_program_is_read() {
        let line = "2020-07-21T15:16:50.321-05:00 expc01 replication: UTCTime=\"2020-07-21 20:16:50,321\" \
                    Module=\"developer.replication\" Level=\"INFO\" \
                    CodeLocation=\"clusterconfigurationsynchroniser(270)\" Detail=\"Starting synchronisation\"";
        assert_eq!(
            fields(line),
            [
                "host=expc01",
                "program=replication",
                "UTCTime=2020-07-21 20:16:50,321",
                "Module=developer.replication",
                "Level=INFO",
                "CodeLocation=clusterconfigurationsynchroniser(270)",
                "Detail=Starting synchronisation",
            ]
        );
        let event = one(line);
        assert_eq!(event.time, RawTime::Instant(1_595_362_610_321_000));
        assert!(
            event
                .first("message")
                .is_some_and(|m| m.starts_with("UTCTime=\"2020"))
        );
        assert_eq!(event.text, line);
    }

    #[test]
    fn a_key_may_stand_twice() {
        let event = one(
            "2020-08-12T14:57:43.353-05:00 expc01 UTCTime=\"2020-08-12 19:57:43,353\" \
             Module=\"developer.clusterdb.synchronise\" Level=\"WARN\" Node=\"clusterdb@expc01.apolo.local\" \
             PID=\"<0.159.0>\" Detail=\"Failed connecting to node\" Node=\"clusterdb@expc02.apolo.local\" \
             Reason=\"{ badrpc, { EXIT, { aborted, { noproc, [ dets_sup ] } } } }\"",
        );
        assert_eq!(event.first("program"), None);
        let nodes: Vec<_> = event.all("Node").collect();
        assert_eq!(
            nodes,
            [
                "clusterdb@expc01.apolo.local",
                "clusterdb@expc02.apolo.local"
            ]
        );
        assert_eq!(
            event.first("reporter"),
            Some("clusterdb@expc01.apolo.local")
        );
        assert_eq!(event.first("subject"), Some("clusterdb@expc02.apolo.local"));
        assert_eq!(
            event.first("Reason"),
            Some("{ badrpc, { EXIT, { aborted, { noproc, [ dets_sup ] } } } }")
        );
        let single =
            one("2020-08-12T14:57:43.353-05:00 e UTCTime=\"x\" Node=\"clusterdb@127.0.0.1\"");
        assert_eq!(
            (single.first("reporter"), single.first("subject")),
            (Some("clusterdb@127.0.0.1"), None)
        );
    }

    #[test]
    fn every_variant_is_read() {
        for (line, expected) in [
            (
                "2020-08-12T14:57:43.524-05:00 expc01 alarm: Level=\"WARN\" Event=\"Alarm Raised\" Id=\"20006\" Detail=\"Failure: The database\" UTCTime=\"2020-08-12 19:57:43,524\"",
                "host=expc01 program=alarm Level=WARN Event=Alarm Raised Id=20006 Detail=Failure: The database UTCTime=2020-08-12 19:57:43,524",
            ),
            (
                "2020-08-12T14:57:53.872-05:00 expc01 tvcs: UTCTime=\"a\" Level=\"INFO\":  Action=\"Sent\" Dst-ip=\"10.15.13.16\" Dst-port=\"1719\"",
                "host=expc01 program=tvcs UTCTime=a Level=INFO Action=Sent Dst-ip=10.15.13.16 Dst-port=1719",
            ),
            (
                "2020-08-12T15:13:24.976-05:00 expc01 httpd[15060]: web: Event=\"System Configuration Changed\" Detail=\"tls_verify - changed from: 'Permissive' to: 'Enforcing'\" Level=\"1\" UTCTime=\"2020-08-12 20:13:24\" ",
                "host=expc01 program=httpd pid=15060 program=web Event=System Configuration Changed Detail=tls_verify - changed from: 'Permissive' to: 'Enforcing' Level=1 UTCTime=2020-08-12 20:13:24",
            ),
            (
                "2014-09-25T13:46:20-04:00 RTP-TBTP-EXPRWY-C edgeconfigprovisioning UTCTime=\"2014-09-25 17:46:20,92\" Level=\"DEBUG\"",
                "host=RTP-TBTP-EXPRWY-C program=edgeconfigprovisioning UTCTime=2014-09-25 17:46:20,92 Level=DEBUG",
            ),
            (
                "2017-09-20T10:49:18-04:00 vcs tvcs: UTCTime=\"x\" Thread=\"0x7f29ddefa700\": TTSSL_continueHandshake: Failed to establish SSL connection iResult=\"-1\" localAddress=\"['IPv4''TCP''172.16.2.2:5062']\"",
                "host=vcs program=tvcs UTCTime=x Thread=0x7f29ddefa700 text=TTSSL_continueHandshake: Failed to establish SSL connection iResult=-1 localAddress=['IPv4''TCP''172.16.2.2:5062']",
            ),
            (
                "2017-09-20T10:49:18-04:00 vcs tvcs: Event=\" Inbound TLS Negotiation Error \" Service=\"SIP\" Detail=\" self signed certificate in certificate chain \"",
                "host=vcs program=tvcs Event=Inbound TLS Negotiation Error Service=SIP Detail=self signed certificate in certificate chain",
            ),
            (
                "2022-07-11T18:55:26.016+02:00 vcsc traffic_server[18242]: [ET_NET 0] WARNING: Core server certificate verification failed",
                "host=vcsc program=traffic_server pid=18242",
            ),
            (
                "2022-07-11T18:55:26.016+02:00 vcsc traffic_server[2030]:[ET_NET 1]ERROR:SSL connection failed",
                "host=vcsc program=traffic_server pid=2030",
            ),
            (
                "2025-06-30T21:53:09.102-04:00 ccnp-expressway-hybrid1 _c_mgmt: PermissionError: [Errno 13] Permission denied: '/mnt'",
                "host=ccnp-expressway-hybrid1 program=_c_mgmt",
            ),
            (
                "2020-08-12T14:57:43-05:00 alarm: Level=\"WARN\" Event=\"Alarm Raised\" Id=\"20006\"",
                "program=alarm Level=WARN Event=Alarm Raised Id=20006",
            ),
            (
                "2020-08-12T14:57:43-05:00 UTCTime=\"a\" Module=\"m\" Node=\"clusterdb@expc01\" Node=\"clusterdb@expc02\"",
                "UTCTime=a Module=m Node=clusterdb@expc01 Node=clusterdb@expc02 host=expc01 reporter=clusterdb@expc01 subject=clusterdb@expc02",
            ),
            (
                "tvcs: Event=\"External Server Communications Failure\" Reason=\"gatekeeper timed out\" Detail=\"x\"",
                "program=tvcs Event=External Server Communications Failure Reason=gatekeeper timed out Detail=x",
            ),
            (
                "UTCTime=\"a\" Module=\"m\" Node=\"clusterdb@127.0.0.1\"",
                "UTCTime=a Module=m Node=clusterdb@127.0.0.1 reporter=clusterdb@127.0.0.1",
            ),
            (
                "Event=\"Outbound TLS Negotiation Error\" Service=\"SIP\" Detail= \"Peer's TLS certificate identity was unacceptable\" Protocol=\"TLS\"",
                "Event=Outbound TLS Negotiation Error Service=SIP Detail=Peer's TLS certificate identity was unacceptable Protocol=TLS",
            ),
            (
                "xwayc XCP_JABBERD[23843]: UTCTime=\"2014-03-25 17:19:45,847\" Module=\"Jabber\" Detail=\" Unable to connect to host '10.48.36.171', port 7400 :(111) Connection refused\"",
                "host=xwayc program=XCP_JABBERD pid=23843 UTCTime=2014-03-25 17:19:45,847 Module=Jabber Detail=Unable to connect to host '10.48.36.171', port 7400 :(111) Connection refused",
            ),
            (
                "2020-01-01T00:00:00Z e x: Detail=\" CMS check failed \" Address=\"192.168.1.212\", Error=\"[Errno 111] Connection refused \"",
                "host=e program=x Detail=CMS check failed Address=192.168.1.212 Error=[Errno 111] Connection refused",
            ),
            (
                "2020-07-21T15:16:50.330-05:00 expc01 replication: AlternateIPAddresses=\"[u'(10.15.13.15 expc01)', u'(10.15.13.16 expc02)']\" LocalPeerIndex=\"1\"",
                "host=expc01 program=replication AlternateIPAddresses=[u'(10.15.13.15 expc01)', u'(10.15.13.16 expc02)'] LocalPeerIndex=1",
            ),
            (
                "Line 190: 2015-05-07T07:34:01-04:00 XXXXXXXXXXXXXXXX tvcs: UTCTime=\"2015-05-07 11:34:01,3\"",
                "host=XXXXXXXXXXXXXXXX program=tvcs UTCTime=2015-05-07 11:34:01,3",
            ),
            (
                "2022-02-21T10:00:15.018-06:00 localhost UTCTime=\"x\" Module=\"hybridservices.c_cal\" TrackingId=\"\" Detail=\"y\"",
                "host=localhost UTCTime=x Module=hybridservices.c_cal TrackingId= Detail=y",
            ),
        ] {
            assert_eq!(fields(line).join(" "), expected);
        }
    }

    #[test]
    fn times_come_from_the_header_else_from_the_record() {
        let time = |line: &str| one(line).time;
        assert_eq!(
            time("2016-04-19T17:09:13+10:00 expc tvcs: UTCTime=\"2016-04-19 07:09:13,980\""),
            RawTime::Instant(1_461_049_753_000_000)
        );
        assert_eq!(
            time("xwayc XCP_JABBERD[23843]: UTCTime=\"2014-03-25 17:19:45,847\""),
            RawTime::Instant(1_395_767_985_847_000)
        );
        assert_eq!(time("Event=\"a\" Service=\"b\""), RawTime::None);
        let head = Expressway
            .head(b"xwayc XCP[1]: UTCTime=\"2014-03-25 17:19:45,847\"")
            .expect("a head");
        assert_eq!(
            head,
            RecordHead {
                time: RawTime::Instant(1_395_767_985_847_000),
                host: Some("xwayc")
            }
        );
    }

    #[test]
    fn quotes_inside_values_do_not_derail() {
        let of = |rest: &str| fields(&format!("2020-01-01T00:00:00Z e x: {rest}"))[2..].join(" ");
        assert_eq!(
            of(r#"A="say "hello world" now" B="2""#),
            r#"A=say "hello world" now B=2"#
        );
        assert_eq!(of(r#"A="a \" b" B="2""#), r#"A=a \" b B=2"#);
        assert_eq!(of(r#"A="a "b"" B="2""#), r#"A=a "b" B=2"#);
        assert_eq!(of(r#"A="never closed B"#), r#"text=A="never closed B"#);
        assert_eq!(of(r#"A="" B="2""#), "A= B=2");
        assert_eq!(
            of(r#"A="1" and text, B="2": end"#),
            "A=1 text=and text B=2 text=end"
        );
    }

    #[test]
    fn bodies_belong_to_the_record_before() {
        let text = "2020-01-01T00:00:00Z e tvcs: UTCTime=\"x\" Level=\"DEBUG\":  Action=\"Sent\"\n SIPMSG:\n\
                    |INVITE sip:a@b SIP/2.0\nAuthorization: Digest username=\"a\"\n\n|\n\
                    2020-01-01T00:00:01Z e tvcs: UTCTime=\"y\" Level=\"DEBUG\":  Action=\"Sent\"\n";
        let events = read(&Expressway, text);
        assert_eq!(
            events.iter().map(|event| event.line).collect::<Vec<_>>(),
            [1, 7]
        );
        assert!(events[0].first("username").is_none());
        assert_eq!(Expressway.probe(text.as_bytes()), Probe::Certain);
    }

    #[test]
    fn many_quotes_cost_no_more_than_their_length() {
        let line = format!("2020-01-01T00:00:00Z e x: A=\"{}", "\" ".repeat(30_000));
        assert_eq!(fields(&line).first().map(String::as_str), Some("host=e"));
    }
}
