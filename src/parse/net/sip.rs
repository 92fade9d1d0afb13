//! SIP (RFC 3261) over TCP and UDP: which request got which status, and no more. A call is never
//! looked at; only whether somebody answers.

use super::Probe;
use super::exchange::{Answer, Exchange, Exchanges};
use super::flow::{Moment, Step};
use super::message::{Draft, Voices, split};
use super::stream::{Ending, Note, Piece, StreamParser, StreamState};
use crate::model::flow::Direction;
use crate::model::time::SECOND;

/// Timers B and F: 64 times T1 (RFC 3261 17.1).
pub(super) const PATIENCE: i64 = 32 * SECOND;
/// Requests that got their last answer, after which a connection is known to work.
const ENOUGH: u32 = 4;
/// Requests of one connection that are followed.
const FOLLOWED: usize = 64;
/// Bytes of a start line with its headers.
const HEAD: usize = 16 << 10;
/// Header lines that are read.
const LINES: usize = 128;
/// Bytes of a Call-ID that tell it from others.
const CALL: usize = 96;

/// Methods of RFC 3261 and its extensions.
const METHODS: &[&str] = &[
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "REFER",
    "MESSAGE",
    "UPDATE",
];

/// A transaction, as far as both sides name it alike.
pub(super) type Transaction = (Vec<u8>, u32, &'static str);

/// A request or response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sip {
    /// The status; `None` for a request.
    pub(super) status: Option<u16>,
    /// Call-ID, number and method.
    pub(super) transaction: Transaction,
    /// Bytes of its body.
    length: u64,
}

/// Reads a start line with its headers; what follows them is not looked at.
pub(super) fn read(message: &[u8]) -> Option<Sip> {
    let mut lines = message.split(|byte| *byte == b'\n').take(LINES);
    let status = start(lines.next()?.trim_ascii_end())?;
    let (mut call, mut sequence, mut length) = (None, None, 0);
    for line in lines {
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let is = |full: &str| name.trim_ascii().eq_ignore_ascii_case(full.as_bytes());
        if is("call-id") || is("i") {
            call = call.or(value.get(..value.len().min(CALL)));
        } else if is("cseq") {
            sequence = sequence.or(numbered(value));
        } else if is("content-length") || is("l") {
            length = number(value).unwrap_or(0);
        }
    }
    let (number, method) = sequence?;
    Some(Sip {
        status,
        transaction: (call?.to_vec(), number, method),
        length: u64::from(length),
    })
}

/// Number and method of a CSeq.
fn numbered(value: &[u8]) -> Option<(u32, &'static str)> {
    let mut words = value.split(u8::is_ascii_whitespace);
    let (first, last) = (words.next()?, words.next_back()?);
    Some((number(first)?, method(last)?))
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn method(word: &[u8]) -> Option<&'static str> {
    METHODS
        .iter()
        .find(|known| known.as_bytes() == word)
        .copied()
}

/// Reads a start line: the status, or nothing for a request. `None` if it is none.
fn start(line: &[u8]) -> Option<Option<u16>> {
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let code = number(rest.get(..3)?)?;
        return Some(Some(
            u16::try_from(code)
                .ok()
                .filter(|code| (100..700).contains(code))?,
        ));
    }
    let mut words = line.split(|byte| *byte == b' ');
    method(words.next()?)?;
    (words.next_back()? == b"SIP/2.0").then_some(None)
}

/// True for the first line of a message.
pub(super) fn is_sip(first: &[u8]) -> bool {
    let line = first
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    start(line.trim_ascii_end()).is_some()
}

/// Takes a message into account; `ends` says who sends it to whom.
pub(super) fn take<K: Ord + Clone, E>(
    exchanges: &mut Exchanges<K, E>,
    sip: &Sip,
    key: K,
    ends: E,
    moment: Moment,
) {
    let method = sip.transaction.2;
    match sip.status {
        // nothing answers an ACK
        None if method == "ACK" => {}
        None => exchanges.ask(key, method, ends, moment),
        Some(status) => {
            let answer = Answer {
                word: status.to_string().into(),
                last: status >= 200,
            };
            exchanges.answer(&key, answer, moment);
        }
    }
}

/// What became of a request, if somebody should hear of it.
pub(super) fn told<E>(exchange: &Exchange<E>, latest: Option<i64>, routine: bool) -> Option<Note> {
    let unanswered = exchange.is_unanswered(latest, PATIENCE);
    let status = exchange.answer.as_ref().map(|(answer, _)| &answer.word);
    let broken = status.is_some_and(|status| status.starts_with('5') || status == "408");
    if !unanswered && !broken && !routine {
        return None;
    }
    let (method, tries) = (exchange.request, exchange.tries);
    let text = match (status, unanswered) {
        (Some(status), _) => format!("{method} was answered with {status}"),
        (None, true) => format!("{method} was sent {tries} times and not answered"),
        (None, false) => format!("{method} has no answer yet"),
    };
    let answered = exchange.answer.as_ref().map(|(_, moment)| *moment);
    let draft = Draft::new("net.sip", answered.unwrap_or(exchange.first), text)
        .with("method", method)
        .with_some("status", status.cloned())
        .with_some("unanswered", unanswered.then_some("true"))
        .with("tries", tries.to_string());
    let ordinary = !unanswered && !broken;
    let draft = if ordinary { draft.routine() } else { draft };
    Some(draft.note())
}

/// The parser of SIP over TCP.
#[derive(Debug)]
pub(super) struct SipStream;

impl StreamParser for SipStream {
    fn id(&self) -> &'static str {
        "sip"
    }

    fn probe(&self, first: &[u8], _from: Direction, _port: u16) -> Probe {
        match is_sip(first.trim_ascii_start()) {
            true => Probe::Certain,
            false => Probe::NotForUs,
        }
    }

    fn start(&self) -> Box<dyn StreamState> {
        Box::new(Talk {
            sides: Default::default(),
            voices: Voices::default(),
            exchanges: Exchanges::new(FOLLOWED, PATIENCE),
            early: Vec::new(),
            answered: 0,
        })
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    head: Vec<u8>,
    /// Bytes of a body that are still to come.
    body: u64,
    lost: bool,
}

impl Side {
    /// Takes bytes off the front, up to the end of a head.
    fn take(&mut self, bytes: &mut &[u8]) -> Option<Sip> {
        if self.body > 0 {
            let taken = split(bytes, usize::try_from(self.body).unwrap_or(usize::MAX));
            self.body -= taken.len() as u64;
            return None;
        }
        let [byte] = split(bytes, 1) else { return None };
        if self.head.is_empty() && byte.is_ascii_whitespace() {
            // between messages: somebody keeps the connection alive
            return None;
        }
        self.head.push(*byte);
        if !self.head.ends_with(b"\n\r\n") && !self.head.ends_with(b"\n\n") {
            self.lost = self.head.len() >= HEAD;
            return None;
        }
        let sip = read(&std::mem::take(&mut self.head));
        self.body = sip.as_ref().map_or(0, |sip| sip.length);
        self.lost = sip.is_none();
        sip
    }
}

/// A conversation.
#[derive(Debug)]
struct Talk {
    sides: [Side; 2],
    voices: Voices,
    /// By transaction and who asks.
    exchanges: Exchanges<(Transaction, Direction), ()>,
    /// Requests that were handed out before the end.
    early: Vec<Exchange<()>>,
    /// Requests that got their last answer.
    answered: u32,
}

impl StreamState for Talk {
    fn feed(&mut self, piece: Piece<'_>, _notes: &mut Vec<Note>) {
        self.voices.hear(piece.from);
        let place = usize::from(piece.from == Direction::FromResponder);
        let Some(side) = self.sides.get_mut(place) else {
            return;
        };
        let mut bytes = piece.bytes;
        while !bytes.is_empty() && !side.lost {
            let Some(sip) = side.take(&mut bytes) else {
                continue;
            };
            let asks = match sip.status {
                Some(_) => piece.from.reversed(),
                None => piece.from,
            };
            let early = &mut self.early;
            self.exchanges.pass(piece.moment.at, &mut |_, exchange| {
                if early.len() < FOLLOWED {
                    early.push(exchange.clone());
                }
            });
            let last = sip.status.is_some_and(|status| status >= 200);
            self.answered += u32::from(last);
            let key = (sip.transaction.clone(), asks);
            take(&mut self.exchanges, &sip, key, (), piece.moment);
        }
    }

    fn gap(&mut self, from: Direction, length: u64, _moment: Moment) {
        let place = usize::from(from == Direction::FromResponder);
        if let Some(side) = self.sides.get_mut(place) {
            match side.body.checked_sub(length) {
                Some(body) if side.body > 0 => side.body = body,
                _ => side.lost = true,
            }
        }
    }

    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        let at = ending.last.at;
        let latest = at.map(|at| at.saturating_add(ending.silence.unwrap_or(0)));
        let mut all = std::mem::take(&mut self.early);
        self.exchanges
            .finish(&mut |_, exchange| all.push(exchange.clone()));
        // one request that was answered is enough to know that it works
        let mut routine = ending.routine;
        let lost = self.sides.iter().any(|side| side.lost) || self.answered >= ENOUGH;
        for exchange in all {
            // what answers it may stand in what was not captured
            if lost && exchange.answer.is_none() {
                continue;
            }
            let note = told(&exchange, latest, routine);
            routine &= note.as_ref().is_none_or(|note| !note.routine);
            notes.extend(note);
        }
    }

    fn wants_more(&self) -> bool {
        self.answered < ENOUGH && !self.sides.iter().all(|side| side.lost)
    }

    fn step(&self) -> Step {
        self.voices.step()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::wire_tests::{CLIENT, SERVER, Script, closed, field, open, play};
    use super::*;

    /// A message with its headers.
    pub(in super::super) fn say(line: &str, method: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        format!(
            "{line}\r\nVia: SIP/2.0/TCP a.example;branch=z9hG4bK1\r\ni: 7@a.example\r\n\
             CSeq: 1 {method}\r\nContent-Length : {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    pub(in super::super) fn unavailable() -> Script {
        vec![
            (CLIENT, say("OPTIONS sip:b.example SIP/2.0", "OPTIONS", "")),
            (CLIENT, b"\r\n\r\n".to_vec()),
            (
                SERVER,
                say("SIP/2.0 503 Service Unavailable", "OPTIONS", "v=0\r\n\r\n"),
            ),
            (
                CLIENT,
                say("INVITE sip:b.example SIP/2.0", "INVITE", "v=0\r\n"),
            ),
            (SERVER, say("SIP/2.0 100 Trying", "INVITE", "")),
            (SERVER, say("SIP/2.0 200 OK", "INVITE", "")),
            (CLIENT, say("ACK sip:b.example SIP/2.0", "ACK", "")),
        ]
    }

    fn told(script: &Script) -> Vec<(Option<String>, Option<String>, u64)> {
        let notes = play(&SipStream, script, &closed(script, CLIENT), usize::MAX);
        let own = |note: &Note, name| field(note, name).map(str::to_owned);
        notes
            .iter()
            .map(|note| (own(note, "method"), own(note, "status"), note.moment.number))
            .collect()
    }

    #[test]
    fn requests_get_their_status() {
        let some = |text: &str| Some(text.to_owned());
        let told = told(&unavailable());
        assert_eq!(
            told,
            [
                (some("OPTIONS"), some("503"), 3),
                (some("INVITE"), some("200"), 6)
            ]
        );
    }

    #[test]
    fn what_waits_long_enough_is_unanswered() {
        let script: Script = unavailable()[..1].to_vec();
        let ending = |seconds: i64| Ending {
            silence: Some(seconds * SECOND),
            ..open(1)
        };
        let unanswered = |seconds| {
            let notes = play(&SipStream, &script, &ending(seconds), 7);
            field(&notes[0], "unanswered").is_some()
        };
        assert!(unanswered(32) && !unanswered(31));
    }

    #[test]
    fn heads_are_read_as_far_as_they_go() {
        let sip = read(b"SIP/2.0 200 OK\nCall-ID:a\nCSeq: 5 BYE\nl: 3\n\n").expect("a response");
        assert_eq!(sip.status, Some(200));
        assert_eq!(sip.transaction, (b"a".to_vec(), 5, "BYE"));
        assert_eq!(sip.length, 3);
        for message in [
            &b"SIP/2.0 99 No\nCall-ID:a\nCSeq: 5 BYE\n\n"[..],
            b"SIP/2.0 \xff00\n",
            b"GET / HTTP/1.1\r\nCall-ID:a\nCSeq: 5 BYE\n\n",
            b"BYE sip:a SIP/2.0\r\nCall-ID:a\r\n\r\nCSeq: 5 BYE\n",
            b"BYE sip:a SIP/2.0\r\nCall-ID:a\r\nCSeq: 5 WHAT\r\n\r\n",
            b"",
        ] {
            assert_eq!(read(message), None, "{message:?}");
        }
    }
}
