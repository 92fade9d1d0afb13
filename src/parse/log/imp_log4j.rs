//! Service logs of IM and Presence in log4j's layout, with the stack traces that follow records.
//!
//! ```text
//! 2019-07-14 06:00:07,842 DEBUG [Peer: imp2a in Cluster A] axl.AXLClientLogger - runSoapReq: …
//! 2019-07-14 06:00:08,001 [main] ERROR xcp.tc.db.ConnectionPool - Cannot connect
//! java.net.ConnectException: Connection refused
//! <TAB>at java.net.PlainSocketImpl.socketConnect(Native Method)
//! Caused by: java.io.IOException: x
//! ```
//!
//! Names of threads hold blanks, colons, parentheses and brackets. A copy may have lost the first
//! character of its stamp, or have a whole trace on the line of its record.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::continued::Continued;
use crate::parse::scan::{Cursor, chomp, lead, line_at, lines, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

/// Id of the parser and of its records.
pub const FORMAT: &str = "imp.log";

/// Longest name of a thread and of a class.
const THREAD_CAP: usize = 400;
const CLASS_CAP: usize = 200;
/// Exceptions of a record that are kept.
const CAUSES: usize = 32;

const LEVELS: [&[u8]; 8] = [
    b"TRACE", b"DEBUG", b"INFO", b"WARN", b"WARNING", b"ERROR", b"SEVERE", b"FATAL",
];

/// The parser.
pub struct ImpLog;

const LINES: Continued = Continued {
    starts: |line| header(line).is_some(),
    goes_on: |line| more(line).is_some(),
    // excerpts leave the first line out, not the cause
    orphan: |line| more(line) == Some(More::Exception),
};

/// The parts of a first line.
struct Header<'l> {
    time: RawTime,
    level: &'l [u8],
    thread: &'l [u8],
    class: &'l [u8],
    /// Offset of the message.
    message: usize,
}

fn header(line: &[u8]) -> Option<Header<'_>> {
    let line = chomp(line);
    let mut cursor = Cursor::from(line, lead(line));
    let time = stamp(&mut cursor)?;
    (cursor.blanks() > 0).then_some(())?;
    let before = level(&mut cursor);
    if before.is_some() {
        cursor.blanks();
    }
    cursor.eat(b'[').then_some(())?;
    let from = cursor.at;
    let reach = line.get(from..line.len().min(from + THREAD_CAP))?;
    // a name of a thread may hold brackets: the one that closes it has a class behind it
    memchr::memchr_iter(b']', reach).find_map(|len| {
        let mut ahead = Cursor::from(line, from + len + 1);
        ahead.blanks();
        let level = match before {
            Some(level) => level,
            None => level(&mut ahead)?,
        };
        ahead.blanks();
        let class = class(ahead.word())?;
        ahead.blanks();
        ahead.eat(b'-').then_some(())?;
        let parted = ahead.blanks() > 0 || ahead.rest().is_empty();
        parted.then(|| Header {
            time,
            level,
            thread: trim(reach.get(..len).unwrap_or_default()),
            class,
            message: ahead.at,
        })
    })
}

/// `2019-07-14 06:00:07,842`, also without its first digit.
fn stamp(cursor: &mut Cursor<'_>) -> Option<RawTime> {
    let mut whole = *cursor;
    if let Some(local) = whole.date_time(b" ", b",.") {
        *cursor = whole;
        return Some(RawTime::Local(local));
    }
    let rest = cursor.rest();
    let len = rest.len().min(32);
    let mended = [
        b"2".as_slice(),
        rest.get(..len).filter(|r| r.starts_with(b"0"))?,
    ]
    .concat();
    let mut mended = Cursor::new(&mended);
    let local = mended.date_time(b" ", b",.")?;
    cursor.at += mended.at - 1;
    Some(RawTime::Local(local))
}

fn level<'l>(cursor: &mut Cursor<'l>) -> Option<&'l [u8]> {
    let mut ahead = *cursor;
    let word = ahead.word();
    let known = LEVELS.contains(&word);
    known.then(|| {
        *cursor = ahead;
        word
    })
}

fn class(word: &[u8]) -> Option<&[u8]> {
    let first = word.first().is_some_and(u8::is_ascii_alphabetic);
    let plain = word.iter().all(u8::is_ascii_graphic);
    (first && plain && word.len() <= CLASS_CAP && word.last() != Some(&b':')).then_some(word)
}

/// What a line behind a record is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    /// `at package.Class.method(File.java:1)`, `... 12 more`
    Frame,
    /// `package.ExceptionName: text`, also behind `Caused by:`
    Exception,
    /// A line of an XML body.
    Body,
}

/// Says what a line adds to the record before it, by its own words alone.
fn more(line: &[u8]) -> Option<More> {
    let line = trim(line);
    match line.first()? {
        b'<' => Some(More::Body),
        b'.' if line.starts_with(b"... ") && line.ends_with(b"more") => Some(More::Frame),
        b'a' if line.starts_with(b"at ") && is_frame(line.get(3..)?) => Some(More::Frame),
        b'C' if line.starts_with(b"Caused by:") => Some(More::Exception),
        b'S' if line.starts_with(b"Suppressed:") => Some(More::Exception),
        _ => is_exception(line).then_some(More::Exception),
    }
}

/// `package.Class.method(File.java:12)`, `…(Native Method)`.
fn is_frame(text: &[u8]) -> bool {
    let plain = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'.' | b'_' | b'$' | b'<' | b'>' | b'/' | b'@' | b'-')
    };
    let len = text.iter().position(|b| !plain(b)).unwrap_or(text.len());
    len > 2
        && text.get(..len).is_some_and(|name| name.contains(&b'.'))
        && text.get(len) == Some(&b'(')
}

/// `package.ExceptionName`, alone or with a colon behind it.
fn is_exception(line: &[u8]) -> bool {
    let len = name_len(line);
    let name = line.get(..len).unwrap_or_default();
    is_exception_name(name) && matches!(line.get(len), None | Some(b':'))
}

fn name_len(text: &[u8]) -> usize {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$');
    text.iter().position(|b| !plain(b)).unwrap_or(text.len())
}

fn is_exception_name(name: &[u8]) -> bool {
    let ends: [&[u8]; 4] = [b"Exception", b"Error", b"Failure", b"Throwable"];
    name.contains(&b'.')
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && ends.iter().any(|end| name.ends_with(end))
}

/// True for a trace without its record, of the product's own classes.
fn is_excerpt(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"com.cisco.cup.").is_some()
        && lines(head).any(|(_, line)| more(line) == Some(More::Exception))
}

// every record is searched for both
static AT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(" at "));
static CAUSED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Caused by:"));

/// A text up to the first frame that is joined to it, and what stands behind that.
fn split_frame(text: &[u8]) -> (&[u8], &[u8]) {
    let at = AT
        .find_iter(text)
        .find(|at| text.get(at + 4..).is_some_and(is_frame));
    match at {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at..).unwrap_or_default(),
        ),
        None => (text, b""),
    }
}

/// The exceptions of a line whose trace is joined to it; gives the message before them.
fn unjoin<'l>(line: &'l [u8], trace: &mut Vec<&'l [u8]>) -> &'l [u8] {
    let end = CAUSED.find(line);
    let (message, _) = split_frame(line.get(..end.unwrap_or(line.len())).unwrap_or_default());
    if let Some(found) = exception_within(message).filter(|_| !message.starts_with(b"at ")) {
        trace.push(trim(found));
    }
    let mut rest = line.get(end.unwrap_or(line.len())..).unwrap_or_default();
    while let Some(cause) = rest.strip_prefix(CAUSED.needle()) {
        let next = CAUSED.find(cause).unwrap_or(cause.len());
        trace.push(trim(split_frame(cause.get(..next).unwrap_or_default()).0));
        rest = cause.get(next..).unwrap_or_default();
    }
    trim(message)
}

/// The first exception inside a message, with its text.
fn exception_within(message: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    while at < message.len() {
        let rest = message.get(at..)?;
        let len = name_len(rest);
        if is_exception_name(rest.get(..len)?) {
            return Some(rest);
        }
        at += len.max(1);
    }
    None
}

fn event(record: &[u8]) -> Option<Event<'_>> {
    let (first, mut at) = line_at(record, 0);
    let header = header(first);
    let mut event = Event {
        format: FORMAT,
        time: header.as_ref().map_or(RawTime::None, |header| header.time),
        line: 0,
        fields: Vec::with_capacity(5),
        text: text(chomp(record)),
    };
    let mut trace = Vec::new();
    let from = header.as_ref().map_or(0, |header| header.message);
    let message = unjoin(first.get(from..).unwrap_or_default(), &mut trace);
    while at < record.len() && trace.len() < CAUSES {
        let (line, next) = line_at(record, at);
        if more(line).is_some_and(|more| more != More::Body) {
            unjoin(line, &mut trace);
        }
        at = next;
    }
    if let Some(header) = header {
        event.push("level", text(header.level));
        event.push("thread", text(header.thread));
        event.push("class", text(header.class));
        event.push("message", text(message));
    }
    trace.truncate(CAUSES);
    if !trace.is_empty() {
        event.push("trace", text(&trace.join(b"\n".as_slice())).into_owned());
    }
    Some(event)
}

impl LogParser for ImpLog {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        match probe_lines(self, head) {
            // traces have more lines than records
            Probe::Unsure => Probe::Certain,
            Probe::NotForUs if is_excerpt(head) => Probe::Unsure,
            sure => sure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        header(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        LINES.joined(before, after)
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        Some(RecordHead {
            time: header(line)?.time,
            host: None,
        })
    }

    fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats {
        LINES.parse(chunk, picks, event, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    fn fields(text: &str) -> Vec<String> {
        let mut events = read(&ImpLog, text);
        assert_eq!(events.len(), 1, "{text}");
        let named = events.remove(0).fields.into_iter();
        named
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    #[test]
    fn level_and_thread_in_either_order() {
        for text in [
            "2019-07-14 06:00:07,842 DEBUG [Peer: imp2a in Cluster A] axl.AXLClientLogger - runSoapReq: x",
            "2019-07-14 06:00:07,842 [Peer: imp2a in Cluster A] DEBUG axl.AXLClientLogger - runSoapReq: x",
            "019-07-14 06:00:07,842 DEBUG  [Peer: imp2a in Cluster A]  axl.AXLClientLogger  -  runSoapReq: x",
        ] {
            assert_eq!(
                fields(text),
                [
                    "level=DEBUG",
                    "thread=Peer: imp2a in Cluster A",
                    "class=axl.AXLClientLogger",
                    "message=runSoapReq: x"
                ]
            );
            let events = read(&ImpLog, text);
            assert_eq!(events[0].time, RawTime::Local(1_563_084_007_842_000));
        }
    }

    #[test]
    fn threads_hold_brackets_and_dashes() {
        let text = "2024-12-11 14:20:52,650 INFO  [AXL Runner for parent thread ID:4741 (Peer: a[1] - b)] security.Log4jEncLogger - CCMENC::ERROR : decryptPassword - failed";
        assert_eq!(
            fields(text),
            [
                "level=INFO",
                "thread=AXL Runner for parent thread ID:4741 (Peer: a[1] - b)",
                "class=security.Log4jEncLogger",
                "message=CCMENC::ERROR : decryptPassword - failed"
            ]
        );
    }

    #[test]
    fn traces_belong_to_their_record_also_when_joined() {
        let apart = "2024-12-11 14:20:52,650 ERROR [x] services.ServiceUtil - Got an exception\n\
            javax.net.ssl.SSLException: Certificate not verified.\n\
            \tat com.a.B.c(B.java:12)\n\tat com.a.B.<init>(B.java:1)\n\
            Caused by: java.security.cert.CertificateException: Issuer not found\n\
            \tat com.d.E$1.f(Native Method)\n\t... 12 more\nplain\n";
        let joined = "2024-12-11 14:20:52,650 ERROR [x] services.ServiceUtil - Got an exception \
            javax.net.ssl.SSLException: Certificate not verified. at com.a.B.c(B.java:12) at com.a.B.<init>(B.java:1) \
            Caused by: java.security.cert.CertificateException: Issuer not found at com.d.E$1.f(Native Method) ... 12 more";
        let trace = "trace=javax.net.ssl.SSLException: Certificate not verified.\n\
            java.security.cert.CertificateException: Issuer not found";
        assert_eq!(fields(apart)[3..], ["message=Got an exception", trace]);
        assert_eq!(
            fields(joined)[3..],
            [
                "message=Got an exception javax.net.ssl.SSLException: Certificate not verified.",
                trace
            ]
        );
        let events = read(&ImpLog, apart);
        assert!(events[0].text.ends_with("12 more"));
    }

    #[test]
    fn excerpts_of_traces_without_their_record_are_read() {
        let text = "An exception:\n\
            at com.cisco.cup.admin.A.run(A.java:358) at java.lang.Thread.run(Thread.java:748) Caused by: com.rsa.sslj.x.aK: Not verified. at com.rsa.x.a(Unknown Source) ... 13 more\n\
            the cause:\n\
            Caused by: java.security.cert.CertificateException: Issuer for signed certificate [CN=a] not found : CN=b,DC=c at com.cisco.cup.security.T.c(T.java:309)\n\
            ... 16 more\n";
        assert_eq!(
            fields(text),
            [
                "trace=java.security.cert.CertificateException: Issuer for signed certificate [CN=a] not found : CN=b,DC=c"
            ]
        );
        assert_eq!(ImpLog.probe(text.as_bytes()), Probe::Unsure);
        let whole = format!(
            "2021-01-23 17:54:57,087 ERROR [t] services.ServiceUtil - x\n{}",
            text.replace("An exception:\n", "")
                .replace("the cause:\n", "")
        );
        let events = read(&ImpLog, &whole);
        assert_eq!(events.len(), 1);
        assert_eq!(
            events[0].first("trace"),
            Some(
                "com.rsa.sslj.x.aK: Not verified.\njava.security.cert.CertificateException: Issuer for signed certificate [CN=a] not found : CN=b,DC=c"
            )
        );
    }

    #[test]
    fn bodies_belong_to_their_record() {
        let text = "2019-07-14 06:00:07,842 DEBUG [x] axl.A - reply:\n<a>\n  <b/>\n</a>\njava.io.IOException\n\n2019";
        assert_eq!(
            fields(text)[3..],
            ["message=reply:", "trace=java.io.IOException"]
        );
        assert!(read(&ImpLog, text)[0].text.ends_with("java.io.IOException"));
    }

    #[test]
    fn logs_of_others_are_not_ours() {
        for text in [
            "2015-07-29 17:41:44,747 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - Notification time out: 3200",
            "2015-10-18 18:01:47,978 INFO [main] org.apache.hadoop.mapreduce.v2.app.MRAppMaster: Created MRAppMaster - x",
            "081109 203615 148 INFO dfs.DataNode$PacketResponder: x",
            "2019-07-14 06:00:07,842 [x] axl.A - no level",
            "2019-07-14 06:00:07,842 WARN x - no thread",
            "019-13-14 06:00:07,842 WARN [x] y - no month",
        ] {
            assert!(read(&ImpLog, text).is_empty(), "{text}");
        }
    }
}
