//! What the Meeting Server's command line says about keys and certificates, and its verdicts.
//!
//! ```text
//! cms1> pki inspect dbserver.crt
//! Checking user configured certificates and keys...found
//! File contains a PEM encoded certificate
//! Certificate:
//!     Data:
//!         Issuer: CN=dbca
//!         Validity
//!             Not Before: Sep 17 12:12:12 2019 GMT
//!             Not After : Sep 16 12:12:12 2020 GMT
//!         Subject: CN=cms1.example.com
//! cms1> pki match dbserver.key dbserver.crt
//! SUCCESS: Key and certificate pair match
//! ```
//!
//! A record begins at a prompt with a command, at `Certificate:` or at a verdict, and what follows
//! a prompt belongs to its command until the next prompt.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::scan::{is_blank, line_at, lines, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

/// Lines of a printed certificate that are read; keys and signatures fill most of them.
const MAX_LINES: usize = 400;
/// Bytes of an answer that are read; no more than the window in which a cut looks for its prompt.
const MAX_ANSWER: usize = JOIN_WINDOW;

/// The parser.
pub struct CmsPki;

/// `cms1> pki match a b`
#[derive(Clone, Copy, Debug)]
struct Prompt<'l> {
    host: &'l [u8],
    command: &'l [u8],
}

fn prompt(line: &[u8]) -> Option<Prompt<'_>> {
    let line = trim(line);
    let end = memchr::memchr(b'>', line)?;
    let host = line.get(..end)?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let fits = !host.is_empty() && host.len() <= 255 && host.iter().all(plain);
    let command = trim(line.get(end + 1..)?);
    let words = command
        .iter()
        .all(|b| (b' '..0x7f).contains(b) && *b != b'<');
    (fits && words).then_some(Prompt { host, command })
}

/// `SUCCESS: …` or `FAILURE: …`
fn verdict(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = trim(line);
    let colon = memchr::memchr(b':', line.get(..line.len().min(16))?)?;
    let word = line.get(..colon)?;
    let known = matches!(word, b"SUCCESS" | b"FAILURE");
    let message = trim(line.get(colon + 1..)?);
    (known && !message.is_empty()).then_some((word, message))
}

fn is_certificate(line: &[u8]) -> bool {
    trim(line) == b"Certificate:"
}

/// A record of the text, with the prompt it answers.
struct Record<'l> {
    start: usize,
    end: usize,
    prompt: Option<Prompt<'l>>,
    what: What<'l>,
}

enum What<'l> {
    Verdict(&'l [u8], &'l [u8]),
    Certificate(Printed<'l>),
}

/// The lines of `openssl x509 -text` that matter.
#[derive(Default)]
struct Printed<'l> {
    subject: Option<&'l [u8]>,
    issuer: Option<&'l [u8]>,
    not_before: Option<&'l [u8]>,
    not_after: Option<&'l [u8]>,
    names: Option<&'l [u8]>,
    is_ca: bool,
}

impl Printed<'_> {
    fn is_whole(&self) -> bool {
        self.subject.is_some() && self.issuer.is_some() && self.not_after.is_some()
    }
}

/// Reads the certificate printed from the line at `start` on; also where it ends.
fn printed(bytes: &[u8], start: usize) -> Option<(Printed<'_>, usize)> {
    let mut found = Printed::default();
    let (_, mut at) = line_at(bytes, start);
    let mut end = at;
    let mut names_follow = false;
    for _ in 0..MAX_LINES {
        let (line, next) = line_at(bytes, at);
        let over = at >= bytes.len() || next - start > MAX_ANSWER;
        if over || prompt(line).is_some() || is_certificate(line) || verdict(line).is_some() {
            break;
        }
        let line = trim(line);
        let value = |key: &str| {
            let rest = line.strip_prefix(key.as_bytes())?;
            Some(trim(trim(rest).strip_prefix(b":")?))
        };
        if names_follow {
            found.names = Some(line);
        }
        names_follow = line.starts_with(b"X509v3 Subject Alternative Name");
        found.subject = found.subject.or_else(|| value("Subject"));
        found.issuer = found.issuer.or_else(|| value("Issuer"));
        found.not_before = found.not_before.or_else(|| value("Not Before"));
        found.not_after = found.not_after.or_else(|| value("Not After"));
        found.is_ca |= line == b"CA:TRUE" || line.starts_with(b"CA:TRUE,");
        (at, end) = (next, next);
    }
    found.is_whole().then_some((found, end))
}

/// The records of a text in order.
fn records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut at = 0;
    let mut asked: Option<(usize, Prompt<'_>)> = None;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            let (line, next) = line_at(bytes, at);
            at = next;
            // cheap tests first: almost no line of a log is one of these
            let first = trim(line).first().copied().unwrap_or(0);
            if let Some(here) = prompt(line).filter(|_| first != b'<') {
                asked = (!here.command.is_empty()).then_some((start, here));
                continue;
            }
            let prompt = asked
                .filter(|(from, _)| next - from <= MAX_ANSWER)
                .map(|(_, prompt)| prompt);
            if first == b'C' && is_certificate(line) {
                if let Some((certificate, end)) = printed(bytes, start) {
                    at = end;
                    return Some(Record {
                        start,
                        end,
                        prompt,
                        what: What::Certificate(certificate),
                    });
                }
            } else if let Some((word, message)) = verdict(line) {
                return Some(Record {
                    start,
                    end: next,
                    prompt,
                    what: What::Verdict(word, message),
                });
            }
        }
        None
    })
}

/// The common name in `C=US, O=x, CN=name` or `/C=US/CN=name`.
fn common_name(name: &[u8]) -> Option<&[u8]> {
    let part = name
        .split(|b| matches!(b, b',' | b'/'))
        .find_map(|part| trim(part).strip_prefix(b"CN"))?;
    Some(trim(trim(part).strip_prefix(b"=")?))
}

/// `Sep 17 12:12:12 2019 GMT` as RFC 3339.
fn rfc3339(stamp: &[u8]) -> Option<String> {
    let stamp = text(stamp);
    let words = stamp.trim_end_matches("GMT").trim();
    let time = NaiveDateTime::parse_from_str(words, "%b %e %H:%M:%S %Y").ok()?;
    let time: DateTime<Utc> = time.and_utc();
    Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn certificate<'c>(record: &Record<'c>, found: &Printed<'c>, event: &mut Event<'c>) {
    event.format = "cms.pki";
    let name = record.prompt.and_then(|prompt| {
        let mut words = prompt
            .command
            .split(|b| *b == b' ')
            .filter(|w| !w.is_empty());
        (words.next() == Some(b"pki") && words.next() == Some(b"inspect")).then_some(())?;
        words.next()
    });
    let mut put = |field: &'static str, value: Option<&'c [u8]>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            event.push(field, text(value));
        }
    };
    put("name", name);
    put("prompt_host", record.prompt.map(|prompt| prompt.host));
    put("subject_cn", found.subject.and_then(common_name));
    put("issuer_cn", found.issuer.and_then(common_name));
    for (field, stamp) in [
        ("not_before", found.not_before),
        ("not_after", found.not_after),
    ] {
        if let Some(time) = stamp.and_then(rfc3339) {
            event.push(field, time);
        }
    }
    let names = found.names.unwrap_or_default().split(|b| *b == b',');
    for name in names.filter_map(|name| {
        let name = trim(name);
        name.strip_prefix(b"DNS:")
            .or_else(|| name.strip_prefix(b"IP Address:"))
    }) {
        event.push("san", text(name));
    }
    let yes_no = |value: bool| if value { "true" } else { "false" };
    event.push("self_signed", yes_no(found.subject == found.issuer));
    event.push("is_ca", yes_no(found.is_ca));
}

impl LogParser for CmsPki {
    fn id(&self) -> &'static str {
        "cms.pki"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        // without a prompt anybody may have printed this
        match records(head).find(|record| record.prompt.is_some()) {
            None => Probe::NotForUs,
            Some(_) => {
                let first = lines(head).find(|(_, line)| !is_blank(line));
                match first.and_then(|(_, line)| prompt(line)) {
                    Some(_) => Probe::Certain,
                    None => Probe::Unsure,
                }
            }
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        prompt(line).is_some_and(|prompt| !prompt.command.is_empty())
            || is_certificate(line)
            || verdict(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let text = [before, after].concat();
        let cut = before.len();
        let torn = records(&text).any(|record| record.start < cut && record.end > cut);
        // an answer right behind the cut needs the prompt before it
        torn || records(&text)
            .find(|record| record.start >= cut)
            .and_then(|record| record.prompt)
            .is_some_and(|_| {
                let first = lines(after).find(|(_, line)| self.is_record_start(line));
                first.is_some_and(|(_, line)| prompt(line).is_none())
            })
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let prompt = prompt(line).filter(|prompt| !prompt.command.is_empty())?;
        Some(RecordHead {
            time: RawTime::None,
            host: std::str::from_utf8(prompt.host).ok(),
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
            if !picked(picks, record.start, record.end) {
                continue;
            }
            let source = bytes.get(record.start..record.end).unwrap_or_default();
            let mut event = Event {
                format: "cms.verdict",
                time: RawTime::None,
                line: numbers.line_at(record.start),
                fields: Vec::new(),
                text: text(source.trim_ascii_end()),
            };
            match &record.what {
                What::Certificate(found) => certificate(&record, found, &mut event),
                What::Verdict(word, message) => {
                    event.push("verdict", text(word));
                    event.push("message", text(message));
                    if let Some(prompt) = record.prompt {
                        event.push("command", text(prompt.command));
                        let words = prompt.command.split(|b| *b == b' ');
                        for word in words.filter(|word| !word.is_empty()).skip(2) {
                            event.push("argument", text(word));
                        }
                        event.push("prompt_host", text(prompt.host));
                    }
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
    use crate::parse::testing::read;

    const TEXT: &str = "cms1> pki inspect dbserver.crt\nChecking ssh public keys...not found\n\
        Checking user configured certificates and keys...found\nFile contains a PEM encoded certificate\n\
        Certificate:\n    Data:\n        Version: 3 (0x2)\n        Issuer: C=PT, O=x, CN=dbca\n        Validity\n\
        \x20           Not Before: Sep  7 12:12:12 2019 GMT\n            Not After : Sep 16 12:12:12 2020 GMT\n\
        \x20       Subject: CN = cms1.example.com\n        Subject Public Key Info:\n        X509v3 extensions:\n\
        \x20           X509v3 Subject Alternative Name: \n                DNS:cms1.example.com, IP Address:10.1.1.1\n\
        cms1> pki match dbserver.key dbserver.crt\r\nFAILURE: Key and certificate do not match\r\ncms1> \n";

    fn fields(event: &Event<'_>) -> Vec<String> {
        let fields = event.fields.iter();
        fields
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    #[test]
    fn answers_are_read_with_their_commands() {
        let events = read(&CmsPki, TEXT);
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].format, events[0].line), ("cms.pki", 5));
        assert_eq!(
            fields(&events[0]),
            [
                "name=dbserver.crt",
                "prompt_host=cms1",
                "subject_cn=cms1.example.com",
                "issuer_cn=dbca",
                "not_before=2019-09-07T12:12:12Z",
                "not_after=2020-09-16T12:12:12Z",
                "san=cms1.example.com",
                "san=10.1.1.1",
                "self_signed=false",
                "is_ca=false",
            ]
        );
        assert_eq!(
            fields(&events[1]),
            [
                "verdict=FAILURE",
                "message=Key and certificate do not match",
                "command=pki match dbserver.key dbserver.crt",
                "argument=dbserver.key",
                "argument=dbserver.crt",
                "prompt_host=cms1",
            ]
        );
        assert_eq!(CmsPki.probe(TEXT.as_bytes()), Probe::Certain);
    }

    #[test]
    fn without_a_prompt_it_is_nobodys() {
        for text in [
            "Certificate:\n Issuer: CN=a\n Not After : x\n Subject: CN=b\n",
            "SUCCESS: done\n",
            "cms1> pki list\n",
            "cms1>\nSUCCESS: done\n",
            "<a>b</a>\nSUCCESS: x\n",
        ] {
            assert_eq!(CmsPki.probe(text.as_bytes()), Probe::NotForUs, "{text}");
        }
    }

    #[test]
    fn an_answer_stays_with_its_prompt() {
        for cut in ["    Data:", "FAILURE", "Certificate:"] {
            let cut = TEXT.find(cut).unwrap_or_default();
            let (before, after) = TEXT.as_bytes().split_at(cut);
            assert!(CmsPki.joined(before, after), "{cut}");
        }
        let cut = TEXT.find("cms1> pki match").unwrap_or_default();
        let (before, after) = TEXT.as_bytes().split_at(cut);
        assert!(!CmsPki.joined(before, after));
    }
}
