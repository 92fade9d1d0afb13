//! Alarms in CiscoLog's form, as nodes of IM and Presence and their collectors write them.
//!
//! ```text
//! May 21 08:10:24 imp1a local7 1 : 62: imp1a.apolo.local: May 21 2021 13:10:24.476 UTC : %UC_ICSA-2-InterclusterSyncAgentPeerDown: %[remotePeer=imp2a][AppID=Cisco Intercluster Sync Agent][ClusterID=][NodeID=imp1a]: text
//! 31 imp1a local7 3 : 41679: imp1a.apolo.local Jul 02 2015 06:22:31 UTC :   %UC_Xcp-3-XcpDBConnectError: %[NodeID=imp1a]: text
//! <134>25: imp1a: Feb 13 2007 18:23:21.408 +0000: %UC_Xcp-3-XcpDBConnectError: [NodeID=imp1a]: text
//! ```
//!
//! A monitor wraps the alarm that made it speak: one record may then hold several, and what counts
//! is what is wrapped. Parameters come in any order, and any may be absent.

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::wanted_lines;
use crate::parse::scan::{Cursor, chomp, decimal, lead, line_at, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

mod stamp;

use stamp::{ahead_of_utc, ctime, inner_stamp, offset};

/// Id of the parser and of its records.
pub const FORMAT: &str = "imp.alarm";

/// Longest facility or name, and how many parameters of an alarm are read.
const WORD_CAP: usize = 80;
const PARAMETERS: usize = 64;
/// Alarms of one record.
const ALARMS: usize = 16;

/// Alarms of monitors that only carry another one.
const WRAPPERS: [&[u8]; 3] = [
    b"RTMT_ALERT",
    b"SyslogSeverityMatchFound",
    b"SyslogStringMatchFound",
];
/// Parameters that name the other side, whatever the facility.
const PEERS: [&[u8]; 6] = [
    b"remotePeer",
    b"remotePeerAddress",
    b"remotePeerName",
    b"peer",
    b"peerAddress",
    b"peerNode",
];
/// Facilities in which `hostname` is the other side.
const HOSTNAME_IS_PEER: [&[u8]; 2] = [b"UC_ICSA", b"UC_XcpCM"];
/// Parameters that are fields of their own.
const OWN: [&str; 8] = [
    "AppID",
    "ClusterID",
    "NodeID",
    "FromNode",
    "ToNode",
    "Reason",
    "ErrorCode",
    "UserID",
];
/// What stands for a value where a catalogue prints the shape of an alarm.
const TYPES: [&[u8]; 7] = [
    b"String", b"Int", b"UInt", b"Long", b"ULong", b"Enum", b"Float",
];
/// Names of severities by their numbers.
const SEVERITIES: [&str; 8] = [
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "info",
    "debug",
];

/// The parser.
pub struct CiscoLog;

/// One alarm in a line.
struct Alarm<'l> {
    /// Offsets of its percent sign, and of the end of its text.
    start: usize,
    end: usize,
    facility: &'l [u8],
    severity: u8,
    name: &'l [u8],
    parameters: Vec<Parameter<'l>>,
    /// Offset of the text.
    text: usize,
}

/// What stands before the percent sign.
#[derive(Default)]
struct Header<'l> {
    time: Option<RawTime>,
    /// Host of the collector's part, and the name that CiscoLog itself writes.
    host: Option<&'l [u8]>,
    full_name: Option<&'l [u8]>,
    /// Seconds by which the wall clock is ahead of UTC.
    ahead: Option<i64>,
}

/// Reads `%FACILITY-SEVERITY-NAME: %[a=b][c=d]: text` at an offset of a line that has closed its
/// last bracket before `closed`.
fn alarm(line: &[u8], start: usize, closed: usize) -> Option<Alarm<'_>> {
    let mut cursor = Cursor::from(line, start);
    if !cursor.eat(b'%') {
        return None;
    }
    let mut parted = cursor.blanks();
    let facility = word(&mut cursor)?;
    let severity = dash_then_digit(&mut cursor)?;
    cursor.eat(b'-').then_some(())?;
    let name = word(&mut cursor)?;
    parted += cursor.blanks();
    cursor.eat(b':').then_some(())?;
    cursor.blanks();
    let parameters = parameters(&mut cursor);
    // a catalogue parts the words; torn off before its types it would pass for an alarm
    let torn = matches!(cursor.rest().trim_ascii(), [] | [b'%' | b'[', ..]);
    if parted > 0 && parameters.is_empty() && torn {
        return None;
    }
    let ours = facility
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"UC_"));
    // what the missing parameters say may turn the alarm into its opposite
    let mut ahead = cursor;
    ahead.blanks();
    ahead.eat(b'%');
    if ahead.at >= closed && ahead.peek() == Some(b'[') {
        return None;
    }
    // routers write the same first half, and text behind it
    if (!ours && parameters.is_empty()) || is_shape(&parameters) {
        return None;
    }
    if !parameters.is_empty() {
        cursor.blanks();
        cursor.eat(b':');
    }
    cursor.blanks();
    Some(Alarm {
        start,
        end: line.len(),
        facility,
        severity,
        name,
        parameters,
        text: cursor.at,
    })
}

/// Where a line has closed its last bracket; what opens behind that was cut off.
fn closed(line: &[u8]) -> usize {
    memchr::memrchr(b']', line).map_or(0, |at| at + 1)
}

/// True for a line that ends inside the parameters of one of our alarms.
fn breaks_off(line: &[u8]) -> bool {
    let before = memchr::memrchr(b'[', line).filter(|open| *open >= closed(line));
    let before = before.and_then(|open| line.get(..open));
    before.is_some_and(|before| memchr::memmem::find(before, b"%UC_").is_some())
}

/// A facility or a name.
fn word<'l>(cursor: &mut Cursor<'l>) -> Option<&'l [u8]> {
    let rest = cursor.rest();
    let len = cursor.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
    rest.get(..len).filter(|_| (1..=WORD_CAP).contains(&len))
}

fn dash_then_digit(cursor: &mut Cursor<'_>) -> Option<u8> {
    cursor.eat(b'-').then_some(())?;
    let digit = cursor.peek().filter(|b| (b'0'..=b'7').contains(b))?;
    cursor.at += 1;
    Some(digit - b'0')
}

/// A parameter: what stands between its brackets, and its name and value without the blanks.
struct Parameter<'l> {
    written: &'l [u8],
    name: &'l [u8],
    value: &'l [u8],
}

/// The parameters in brackets; the cursor ends behind the last one.
fn parameters<'l>(cursor: &mut Cursor<'l>) -> Vec<Parameter<'l>> {
    let mut found = Vec::new();
    while found.len() < PARAMETERS {
        let mut ahead = *cursor;
        ahead.blanks();
        ahead.eat(b'%');
        let Some(parameter) = parameter(&mut ahead) else {
            break;
        };
        found.push(parameter);
        *cursor = ahead;
    }
    found
}

/// `[name=value]`. A value ends at a bracket behind which the next parameter or the text begins.
fn parameter<'l>(cursor: &mut Cursor<'l>) -> Option<Parameter<'l>> {
    cursor.eat(b'[').then_some(())?;
    cursor.blanks();
    let written = cursor.rest();
    let rest = written;
    let len =
        cursor.skip_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b' '));
    let name = trim(rest.get(..len)?);
    cursor.eat(b'=').then_some(())?;
    if name.is_empty() {
        return None;
    }
    let rest = cursor.rest();
    let end = memchr::memchr_iter(b']', rest).find(|at| {
        let behind = rest.get(at + 1..).unwrap_or_default().trim_ascii_start();
        behind.is_empty() || behind.starts_with(b"[") || behind.starts_with(b":")
    });
    let end = end.or_else(|| memchr::memchr(b']', rest))?;
    cursor.at += end + 1;
    Some(Parameter {
        written: trim(written.get(..written.len() - rest.len() + end)?),
        name,
        value: trim(rest.get(..end)?),
    })
}

/// The shape of an alarm as a catalogue prints it: types in place of values.
fn is_shape(parameters: &[Parameter<'_>]) -> bool {
    !parameters.is_empty() && parameters.iter().all(|known| TYPES.contains(&known.value))
}

impl<'l> Alarm<'l> {
    fn value(&self, name: &[u8]) -> Option<&'l [u8]> {
        let mut all = self.parameters.iter();
        let known = all.find(|known| known.name.eq_ignore_ascii_case(name))?;
        Some(known.value).filter(|value| !value.is_empty())
    }

    fn wraps(&self) -> bool {
        WRAPPERS.iter().any(|w| self.name.eq_ignore_ascii_case(w))
    }

    /// Who it is about.
    fn peer(&self) -> Option<&'l [u8]> {
        let named = PEERS.iter().find_map(|name| self.value(name));
        named.or_else(|| {
            let facility = |known: &&[u8]| self.facility.eq_ignore_ascii_case(known);
            let host = HOSTNAME_IS_PEER.iter().any(facility);
            host.then(|| self.value(b"hostname")).flatten()
        })
    }

    /// A part of a long message that is not its first: `part=16.2/3`.
    fn is_later_part(&self) -> bool {
        let number = || {
            let part = self.value(b"part")?;
            let part = part.get(..memchr::memchr(b'/', part)?)?;
            let dot = memchr::memrchr(b'.', part).map_or(0, |dot| dot + 1);
            decimal(part.get(dot..)?)
        };
        number().is_some_and(|number| number > 1)
    }
}

/// The alarms of a line: those that are wrapped, else the only one.
fn alarms(line: &[u8]) -> Vec<Alarm<'_>> {
    let mut found: Vec<Alarm<'_>> = Vec::new();
    let closed = closed(line);
    for at in memchr::memchr_iter(b'%', line) {
        let Some(alarm) = alarm(line, at, closed) else {
            continue;
        };
        let apart = |last: &Alarm<'_>| last.wraps() || carried(line, last.start, at);
        if found.last().is_none_or(apart) {
            found.push(alarm);
        }
        if found.len() == ALARMS {
            break;
        }
    }
    let wrapped = found.len() > 1;
    found.retain(|alarm| !wrapped || !alarm.wraps());
    for alarm in &mut found {
        if wrapped || carried(line, 0, alarm.start) {
            alarm.end = carried_end(line, alarm.text);
        }
    }
    found
}

/// True when a monitor's mark stands between two alarms: both are wrapped.
fn carried(line: &[u8], from: usize, to: usize) -> bool {
    let between = line.get(from..to).unwrap_or_default();
    memchr::memmem::find(between, b"MatchedEvent").is_some()
}

/// The end of the text of an alarm that a monitor carries: what follows is the monitor's own.
fn carried_end(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    let ends: [&[u8]; 4] = [b"#012", b" AppID :", b"SeverityMatch :", b"]["];
    let end = ends
        .iter()
        .filter_map(|end| memchr::memmem::find(rest, end));
    from + end.min().unwrap_or(rest.len())
}

/// What stands before an alarm, from `from` on.
fn header(line: &[u8], from: usize, to: usize) -> Header<'_> {
    let before = line.get(from..to).unwrap_or_default();
    let mark = memchr::memmem::rfind(before, b"MatchedEvent").map_or(0, |at| at + 12);
    let before = before.get(mark..).unwrap_or_default();
    let mut cursor = Cursor::new(before);
    while cursor.blanks() > 0 || cursor.eat(b':') {}
    if cursor.eat(b'<') {
        cursor.skip_while(|b| b.is_ascii_digit());
        cursor.eat(b'>');
    }
    let mut found = Header::default();
    let mut ahead = cursor;
    let outer = ahead.bsd_stamp();
    if outer.is_some() {
        cursor = ahead;
        cursor.blanks();
    } else if cursor.number(1, 10).is_some() {
        // a number that a collector gave it
        cursor.eat(b':');
        cursor.blanks();
    }
    found.host = host(cursor.word());
    let Some((time, at)) = inner_stamp(before) else {
        found.time = outer;
        return found;
    };
    found.time = Some(time);
    found.full_name = before.get(..at).and_then(last_word).and_then(host);
    if let (Some(outer), RawTime::Instant(inner)) = (outer, time) {
        found.ahead = ahead_of_utc(outer, inner);
    }
    found
}

/// A name of a host, without the colon behind it.
fn host(word: &[u8]) -> Option<&[u8]> {
    let word = word.strip_suffix(b":").unwrap_or(word);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let named = word.iter().any(u8::is_ascii_alphabetic)
        || word.iter().filter(|b| **b == b'.').count() == 3;
    (named && word.len() <= 255 && word.iter().all(plain)).then_some(word)
}

fn last_word(text: &[u8]) -> Option<&[u8]> {
    let text = trim(text);
    text.rsplit(|b| *b == b' ').next()
}

/// What a monitor says of its own: the node and the alert in `on node NAME, the following ALERT events`.
fn alert(detail: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let behind = |mark: &[u8]| {
        let at = memchr::memmem::find(detail, mark)? + mark.len();
        let rest = detail.get(at..)?;
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let len = rest.iter().position(|b| !plain(b)).unwrap_or(rest.len());
        rest.get(..len).filter(|word| !word.is_empty())
    };
    (behind(b" on node "), behind(b"the following "))
}

fn event<'l>(line: &'l [u8], alarm: &Alarm<'l>, header: &Header<'l>) -> Event<'l> {
    let mut event = Event {
        format: FORMAT,
        time: header.time.unwrap_or(RawTime::None),
        line: 0,
        fields: Vec::with_capacity(16),
        text: text(line),
    };
    let mut put = |name: &'static str, value: Option<&'l [u8]>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            event.push(name, text(value));
        }
    };
    let wrapped = alarm.value(b"AlertName").filter(|_| alarm.wraps());
    let told = alarm
        .value(b"AlertDetail")
        .and_then(|detail| alert(detail).0);
    let node = told.or_else(|| alarm.value(b"NodeID"));
    put("host", node.or(header.full_name).or(header.host));
    put("full_name", header.full_name);
    put("facility", Some(alarm.facility));
    put("name", wrapped.or(Some(alarm.name)));
    put("remote_peer", alarm.peer());
    for name in OWN {
        put(name, alarm.value(name.as_bytes()));
    }
    put("text", line.get(alarm.text..alarm.end).map(trim));
    event.push("severity", alarm.severity.to_string());
    if let Some(name) = SEVERITIES.get(usize::from(alarm.severity)) {
        event.push("severity_name", *name);
    }
    if !alarm.parameters.is_empty() {
        event.push("parameters", joined_parameters(&alarm.parameters));
    }
    if let Some(ahead) = header.ahead {
        event.push("utc_offset", offset(ahead));
    }
    event
}

/// One a line, as written.
fn joined_parameters(parameters: &[Parameter<'_>]) -> String {
    let lines: Vec<_> = parameters.iter().map(|known| text(known.written)).collect();
    lines.join("\n")
}

/// What a monitor says where it carries no alarm: `At Fri May 21 08:11:00 CDT 2021 on node imp1a,
/// the following ALERT events generated:`.
fn mail(line: &[u8]) -> Option<Event<'_>> {
    let node_at = memchr::memmem::find(line, b" on node ")?;
    let rest = line.get(node_at..)?;
    memchr::memmem::find(rest, b" events generated")?;
    let before = line.get(..node_at)?;
    let stamp = before.get(memchr::memmem::rfind(before, b"At ")? + 3..)?;
    let (node, name) = alert(rest);
    let mut event = Event {
        format: FORMAT,
        time: ctime(stamp).unwrap_or(RawTime::None),
        line: 0,
        fields: Vec::with_capacity(4),
        text: text(line),
    };
    event.push("host", text(node?));
    event.push("facility", "UC_RTMT");
    event.push("name", text(name?));
    Some(event)
}

/// The events of a line.
fn events(line: &[u8]) -> Vec<Event<'_>> {
    let found = alarms(line);
    if found.is_empty() {
        return mail(line).into_iter().collect();
    }
    let mut from = lead(line);
    let mut events = Vec::with_capacity(found.len());
    for alarm in found.iter().filter(|alarm| !alarm.is_later_part()) {
        events.push(event(line, alarm, &header(line, from, alarm.start)));
        from = alarm.text;
    }
    events
}

impl LogParser for CiscoLog {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        probe_lines(self, head)
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        !alarms(chomp(line)).is_empty() || mail(chomp(line)).is_some()
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let line = chomp(line);
        let alarm = alarms(line).into_iter().next()?;
        let header = header(line, lead(line), alarm.start);
        let node = alarm.value(b"NodeID").or(header.full_name).or(header.host);
        Some(RecordHead {
            time: header.time.unwrap_or(RawTime::None),
            host: node.and_then(|node| std::str::from_utf8(node).ok()),
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
            let (line, _) = line_at(bytes, start);
            let events = events(line);
            if events.is_empty() && breaks_off(line) {
                stats.skipped += 1;
                let number = numbers.line_at(start);
                stats.first_skipped.get_or_insert(number);
            }
            for mut event in events {
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
    use crate::model::time::SECOND;
    use crate::parse::testing::read;

    const HEAD: &str =
        "May 21 08:10:24 imp1a local7 1 : 62: imp1a.apolo.local: May 21 2021 13:10:24.476 UTC : ";
    const DOWN: &str = "%UC_ICSA-2-InterclusterSyncAgentPeerDown: %[remotePeer=imp2a.apolo.local]\
        [AppID=Cisco Intercluster Sync Agent][ClusterID=][NodeID=imp1a]: Peer is unreachable";
    const AT: i64 = 1_621_602_624_476_000;

    fn one(text: &str) -> Event<'static> {
        let mut events = read(&CiscoLog, text);
        assert_eq!(events.len(), 1, "{text}");
        events.remove(0)
    }

    fn fields(text: &str) -> Vec<String> {
        let named = one(text).fields.into_iter();
        named
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    #[test]
    fn what_is_cut_off_inside_its_parameters_is_counted_and_tells_nothing() {
        let whole = format!("{HEAD}{DOWN}");
        let from = whole.find("%[remotePeer").unwrap() + 2;
        let to = whole.find("]: Peer").unwrap();
        for cut in from..=to {
            let text = whole.get(..cut).unwrap();
            if text.ends_with(']') {
                continue;
            }
            let chunk = Chunk {
                bytes: text.as_bytes().to_vec(),
                first_line: 1,
                line_numbers: None,
            };
            let mut events = 0;
            let stats = CiscoLog.parse(&chunk, None, &mut |_| events += 1);
            assert_eq!(
                (events, stats.skipped, stats.first_skipped),
                (0, 1, Some(1)),
                "{text}"
            );
        }
        let text = format!("{HEAD}%UC_ICSA-2-Odd: [not a parameter]: text [of a kind");
        assert_eq!(one(&text).first("name"), Some("Odd"));
    }

    #[test]
    fn the_form_of_the_local_log() {
        let text = format!("{HEAD}{DOWN}");
        assert_eq!(one(&text).time, RawTime::Instant(AT));
        assert_eq!(
            fields(&text),
            [
                "host=imp1a",
                "full_name=imp1a.apolo.local",
                "facility=UC_ICSA",
                "name=InterclusterSyncAgentPeerDown",
                "remote_peer=imp2a.apolo.local",
                "AppID=Cisco Intercluster Sync Agent",
                "NodeID=imp1a",
                "text=Peer is unreachable",
                "severity=2",
                "severity_name=critical",
                "parameters=remotePeer=imp2a.apolo.local\nAppID=Cisco Intercluster Sync Agent\nClusterID=\nNodeID=imp1a",
                "utc_offset=-05:00",
            ]
        );
    }

    #[test]
    fn the_forms_of_collectors_and_older_products() {
        let node = |text: &str| {
            let event = one(text);
            (event.first("host").map(str::to_owned), event.time)
        };
        let host = |name: &str| Some(name.to_owned());
        let text = "31 imp1a local7 3 : 41679: imp1a.apolo.local Jul 02 2015 06:22:31 UTC :   \
                    %UC_Xcp-3-XcpDBConnectError: %[AppID=x][NodeID=]: y";
        let at = RawTime::Instant(1_435_818_151_000_000);
        assert_eq!(node(text), (host("imp1a.apolo.local"), at));
        let text = "16: imp1a.apolo.local: Jun 13 2003 23:11:52.468 UTC: \
                    %BACC-3-UNEXPECTED_EXCEPTION: %[pname.orig=rdu][part=16.1/3]: Null pointer";
        let at = RawTime::Instant(1_055_545_912_468_000);
        assert_eq!(node(text), (host("imp1a.apolo.local"), at));
        let text = "<134>25: imp1a: Feb 13 2007 18:23:21.408 +0100: \
                    %ICM_Router_CallRouter-6-10500FF: [comp=Router-A][NodeID=imp1b]: y";
        let at = RawTime::Instant(1_171_387_401_408_000);
        assert_eq!(node(text), (host("imp1b"), at));
        let text =
            "<190>62: imp1a: *May 21 2021 01:10:24.476 PM EST : %UC_SRM-2-SRMFailed: %[NodeID=]: y";
        assert_eq!(node(text), (host("imp1a"), RawTime::Local(AT)));
        let text = "May 21 08:10:24 imp1a %UC_SRM-2-SRMFailed: y";
        let at = RawTime::Yearless {
            month: 5,
            day: 21,
            micros: 29_424 * SECOND,
        };
        assert_eq!(node(text), (host("imp1a"), at));
        let text = "% UC_ICSA-2-InterClusterSyncAgentPeerSyncFailure : %[NodeID=imp1a][remotePeerAddress=10.60.2.11]: y";
        assert_eq!(node(text), (host("imp1a"), RawTime::None));
    }

    #[test]
    fn later_parts_shapes_and_routers_are_no_alarms() {
        for text in [
            "16: a.b: Jun 13 2003 23:11:52.468 UTC: %UC_DB-3-X: %[pname.orig=rdu][part=16.2/3]: y",
            "% UC_ICSA-2-InterClusterSyncAgentPeerSyncFailure : %[remotePeerAddress=String][AppID=String]: y",
            "Mar  1 18:46:11: %SYS-5-CONFIG_I: Configured from console by vty2",
            "%LINK-3-UPDOWN: Interface [up=down",
            "50% UC_DB-9-X: y",
            "100%",
            "% UC_ICSA-2-",
        ] {
            assert!(read(&CiscoLog, text).is_empty(), "{text}");
        }
    }

    #[test]
    fn values_hold_anything_but_the_end_of_a_value() {
        let text = "%UC_SRM-2-SRMFailover: %[FromNode=imp1a] [ToNode=imp1b] [Reason=a=b, [c] d: e][NodeID=x]: t [u] : v";
        let event = one(text);
        assert_eq!(event.first("Reason"), Some("a=b, [c] d: e"));
        assert_eq!(event.first("FromNode"), Some("imp1a"));
        assert_eq!(event.first("NodeID"), Some("x"));
        assert_eq!(event.first("text"), Some("t [u] : v"));
        let text =
            "%UC_XcpCM-2-XCPConfigMgrHostNameResolutionFailed: %[hostname=imp2a][NodeID=imp1a]: t";
        assert_eq!(one(text).first("remote_peer"), Some("imp2a"));
    }

    #[test]
    fn what_a_monitor_wraps_counts() {
        let wrap = |inside: &str| {
            format!(
                "May 21 08:11:01 imp1b local7 3 : 70: imp1b.apolo.local: May 21 2021 13:11:01.000 UTC : \
                 %UC_RTMT-3-RTMT_ALERT: %[AlertName=SyslogSeverityMatchFound][AlertDetail= At Fri May 21 08:11:00 CDT 2021 \
                 on node imp1a.apolo.local, the following SyslogSeverityMatchFound events generated: #012SeverityMatch : Alert\
                 {inside}][AppID=Cisco AMC Service][ClusterID=][NodeID=imp1b]: RTMT Alert"
            )
        };
        let inside =
            format!("#012MatchedEvent : {HEAD}{DOWN} AppID : Cisco Syslog Agent ClusterID : #012");
        let bare = wrap(&inside);
        let bare = bare.split_once("%UC_RTMT-3-RTMT_ALERT: ").unwrap().1;
        let event = one(&format!(
            "Custom Message: Alarm ID: 5 (x) : Event Message: ({bare}"
        ));
        assert_eq!(event.first("text"), Some("Peer is unreachable"));
        assert_eq!(event.first("host"), Some("imp1a"));
        let event = one(&wrap(&inside));
        assert_eq!(event.first("host"), Some("imp1a"));
        assert_eq!(event.time, RawTime::Instant(AT));
        assert_eq!(event.first("utc_offset"), Some("-05:00"));
        assert_eq!(event.first("text"), Some("Peer is unreachable"));
        let two = read(&CiscoLog, &wrap(&inside.repeat(2)));
        assert_eq!(two.len(), 2);
        let text = wrap("").replace("SyslogSeverityMatchFound", "XcpTxtConfDBConnectError");
        let event = one(&text);
        assert_eq!(event.first("name"), Some("XcpTxtConfDBConnectError"));
        assert_eq!(event.first("host"), Some("imp1a.apolo.local"));
        let text = "At Fri May 21 08:11:00 CDT 2021 on node 10.60.1.11, the following InterclusterSyncAgentPeerDown events generated:";
        let event = one(text);
        assert_eq!(event.first("name"), Some("InterclusterSyncAgentPeerDown"));
        assert_eq!(event.first("host"), Some("10.60.1.11"));
        assert_eq!(event.time, RawTime::Local(1_621_584_660_000_000));
    }

    #[test]
    fn the_wall_clock_tells_the_zone_where_it_can() {
        let ahead = |outer: &str, inner: &str| {
            let text = format!("{outer} h local7 2 : 1: h.a: {inner} UTC : %UC_SRM-2-SRMFailed: y");
            one(&text).first("utc_offset").map(str::to_owned)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            ahead("Jan  1 02:00:03", "Dec 31 2020 23:59:59.900"),
            some("+02:00")
        );
        assert_eq!(
            ahead("Dec 31 18:00:00", "Jan 01 2021 00:00:00.000"),
            some("-06:00")
        );
        assert_eq!(
            ahead("Jan  1 05:45:01", "Jan 01 2021 00:00:00"),
            some("+05:45")
        );
        assert_eq!(ahead("Jan  1 05:37:01", "Jan 01 2021 00:00:00"), None);
        assert_eq!(ahead("Mar  1 05:45:01", "Jan 01 2021 00:00:00"), None);
    }
}
