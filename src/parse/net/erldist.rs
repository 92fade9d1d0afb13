//! The handshake of Erlang's distribution (Erlang documentation, "Distribution Protocol",
//! "Distribution Handshake"): who connects, what the other node says to it, and whether the cookie
//! was accepted. What follows the handshake is not looked at.

use super::Probe;
use super::flow::{Moment, Step};
use super::message::{Cut, Cutter, Draft, Voices, be16, shown};
use super::stream::{Ending, Note, Piece, StreamParser, StreamState};
use crate::model::flow::Direction;

const FORMAT: &str = "net.erlang";
/// Ports on which clustered nodes are known to listen.
const PORTS: std::ops::RangeInclusive<u16> = 4369..=4372;
/// Longest name of a node.
const NAME: usize = 255;

/// The parser.
#[derive(Debug)]
pub(super) struct Distribution;

impl StreamParser for Distribution {
    fn id(&self) -> &'static str {
        "erlang-distribution"
    }

    fn probe(&self, first: &[u8], _from: Direction, port: u16) -> Probe {
        let whole = be16(first, 0).map(|length| usize::from(length) + 2);
        if whole != Some(first.len()) {
            return Probe::NotForUs;
        }
        match node(first, false) {
            Some(name) if name.contains(&b'@') => Probe::Certain,
            // a node that asks for a name
            Some(_) if PORTS.contains(&port) => Probe::Unsure,
            _ => Probe::NotForUs,
        }
    }

    fn start(&self) -> Box<dyn StreamState> {
        Box::new(Talk::default())
    }
}

/// The node's name in a message that gives it; with `challenge` a number stands before it.
fn node(message: &[u8], challenge: bool) -> Option<&[u8]> {
    let shift = if challenge { 4 } else { 0 };
    let name = match message.get(2)? {
        // version 5: version, flags
        b'n' if matches!(be16(message, 3)?, 5 | 6) => message.get(9 + shift..)?,
        // version 6: flags, incarnation, length of the name
        b'N' => {
            let at = 15 + shift;
            let length = usize::from(be16(message, at)?);
            message.get(at + 2..at + 2 + length)?
        }
        _ => return None,
    };
    let fits = name.len() <= NAME && name.iter().all(u8::is_ascii_graphic);
    fits.then_some(name)
}

/// How far the handshake is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Nobody has given a name.
    #[default]
    Opening,
    /// The first node gave its name.
    Named,
    /// The second node said that it goes on, or asks.
    Welcome,
    /// The second node wants to see that the first one knows the cookie.
    Challenged,
    /// The first node answered that.
    Replied(Moment),
    /// Done, refused, or not understood.
    Over,
}

/// A conversation.
#[derive(Debug, Default)]
struct Talk {
    phase: Phase,
    sides: [Cutter; 2],
    name: Option<String>,
    other: Option<String>,
    voices: Voices,
}

impl StreamState for Talk {
    fn feed(&mut self, piece: Piece<'_>, notes: &mut Vec<Note>) {
        self.voices.hear(piece.from);
        let mut bytes = piece.bytes;
        while !bytes.is_empty() && self.phase != Phase::Over {
            let place = usize::from(piece.from == Direction::FromResponder);
            let Some(side) = self.sides.get_mut(place) else {
                return;
            };
            let length = |header: &[u8]| be16(header, 0).map(|length| u64::from(length) + 2);
            match side.cut(&mut bytes, 2, length) {
                Cut::More => {}
                Cut::Foreign => self.phase = Phase::Over,
                Cut::Message(message) => self.said(&message, &piece, notes),
            }
        }
    }

    fn gap(&mut self, _from: Direction, _length: u64, _moment: Moment) {
        self.phase = Phase::Over;
    }

    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        self.voices.tell(ending.routine, notes);
        let Phase::Replied(replied) = self.phase else {
            return;
        };
        let first = match (ending.fin, ending.reset) {
            (Some(fin), Some(reset)) => Some(if fin.1 <= reset.1 { fin } else { reset }),
            (fin, reset) => fin.or(reset),
        };
        // with the right cookie it would have been acknowledged
        if let Some((Direction::FromResponder, moment)) = first
            && moment > replied
        {
            let text = "the node closed where it had to acknowledge the cookie".to_owned();
            notes.push(self.draft("cookie-refused", moment, text).note());
        }
    }

    fn wants_more(&self) -> bool {
        self.phase != Phase::Over
    }

    fn step(&self) -> Step {
        self.voices.step()
    }
}

impl Talk {
    fn draft(&self, kind: &'static str, moment: Moment, text: String) -> Draft {
        Draft::new(FORMAT, moment, text)
            .with("kind", kind)
            .with_some("name", self.name.clone())
            .with_some("other", self.other.clone())
    }

    /// One message; who connects has an odd part of the steps, the other node the even one.
    fn said(&mut self, message: &[u8], piece: &Piece<'_>, notes: &mut Vec<Note>) {
        let connects = piece.from == Direction::FromOriginator;
        let kind = message.get(2).copied();
        let body = message.get(3..).unwrap_or_default();
        self.phase = match (self.phase, connects, kind) {
            (Phase::Opening, true, Some(b'n' | b'N')) => match node(message, false) {
                Some(name) => {
                    self.name = Some(shown(name, NAME));
                    Phase::Named
                }
                None => Phase::Over,
            },
            (Phase::Named, false, Some(b's')) => self.status(body, piece.moment, notes),
            // the answer to `alive`, or what version 6 adds
            (Phase::Welcome, true, Some(b's' | b'c')) => Phase::Welcome,
            (Phase::Welcome, false, Some(b'n' | b'N')) => {
                self.other = node(message, true).map(|name| shown(name, NAME));
                Phase::Challenged
            }
            (Phase::Challenged, true, Some(b'c')) => Phase::Challenged,
            (Phase::Challenged, true, Some(b'r')) => Phase::Replied(piece.moment),
            (Phase::Replied(_), false, Some(b'a')) => {
                let text = format!(
                    "\"{}\" is connected with \"{}\"",
                    self.name.as_deref().unwrap_or_default(),
                    self.other.as_deref().unwrap_or_default()
                );
                let draft = self.draft("handshake", piece.moment, text);
                self.voices.keep(draft);
                Phase::Over
            }
            _ => Phase::Over,
        };
    }

    /// What the second node says to the name of the first.
    fn status(&self, status: &[u8], moment: Moment, notes: &mut Vec<Note>) -> Phase {
        let goes_on = matches!(status, b"ok" | b"ok_simultaneous" | b"alive");
        if goes_on || status.starts_with(b"named:") {
            return Phase::Welcome;
        }
        let status = shown(status, NAME);
        let name = self.name.as_deref().unwrap_or_default();
        let text = format!("node \"{name}\" was answered with \"{status}\"");
        let draft = self.draft("rejected", moment, text).with("status", status);
        notes.push(draft.note());
        Phase::Over
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::wire_tests::{CLIENT, SERVER, Script, closed, field, kinds, open, play};
    use super::*;
    use crate::model::flow::ConnState;

    fn say(body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).expect("short");
        [&length.to_be_bytes()[..], body].concat()
    }

    /// A message that gives a name, in version 6; a challenge has four bytes more.
    fn name(challenge: &[u8], name: &str) -> Vec<u8> {
        let length = u16::try_from(name.len()).expect("short");
        let head = [
            b"N\0\0\0\x0d\x07\xdf\x7f\xbd",
            challenge,
            b"\x6b\x00\xab\xf6",
        ]
        .concat();
        say(&[&head[..], &length.to_be_bytes(), name.as_bytes()].concat())
    }

    fn handshake() -> Script {
        vec![
            (CLIENT, name(b"", "clusterdb@b.example")),
            (SERVER, say(b"sok")),
            (SERVER, name(b"abcd", "clusterdb@a.example")),
            (CLIENT, say(b"rabcd0123456789abcdef")),
            (SERVER, say(b"a0123456789abcdef")),
            (CLIENT, b"\0\0\0\x05data!".to_vec()),
        ]
    }

    pub(in super::super) fn not_allowed() -> Script {
        let mut script = handshake();
        script.truncate(1);
        script.push((SERVER, say(b"snot_allowed")));
        script
    }

    fn told(script: &Script, by: Direction) -> Vec<Note> {
        play(&Distribution, script, &closed(script, by), usize::MAX)
    }

    #[test]
    fn handshakes_and_refusals() {
        let notes = told(&handshake(), SERVER);
        assert_eq!(kinds(&notes), [("handshake", 5)]);
        assert_eq!(field(&notes[0], "name"), Some("clusterdb@b.example"));
        assert_eq!(field(&notes[0], "other"), Some("clusterdb@a.example"));
        let notes = told(&not_allowed(), SERVER);
        assert_eq!(kinds(&notes), [("rejected", 2)]);
        assert_eq!(field(&notes[0], "status"), Some("not_allowed"));
        let mut old = handshake();
        old[0].1 = say(b"n\x00\x05\x00\x00\x00\x01clusterdb@b.example");
        old[1].1 = say(b"sok_simultaneous");
        old[2].1 = say(b"n\x00\x05\x00\x00\x00\x01abcdclusterdb@a.example");
        assert_eq!(told(&old, CLIENT), notes_of(&old));
        assert_eq!(kinds(&told(&old, CLIENT)), [("handshake", 5)]);
    }

    fn notes_of(script: &Script) -> Vec<Note> {
        play(&Distribution, script, &open(9), 3)
    }

    #[test]
    fn a_wrong_cookie_is_answered_by_silence_and_a_close() {
        let script: Script = handshake()[..4].to_vec();
        assert_eq!(kinds(&told(&script, SERVER)), [("cookie-refused", 5)]);
        // the other side gave up, or nobody did
        assert_eq!(told(&script, CLIENT), []);
        assert_eq!(notes_of(&script), []);
        let reset = Ending {
            state: ConnState::Rstr,
            reset: Some((SERVER, super::super::wire_tests::moment(7))),
            ..open(7)
        };
        let notes = play(&Distribution, &script, &reset, 2);
        assert_eq!(kinds(&notes), [("cookie-refused", 7)]);
        // before the reply there is no cookie to be refused
        assert_eq!(told(&script[..3].to_vec(), SERVER), []);
    }
}
