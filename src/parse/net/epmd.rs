//! Erlang's port mapper (Erlang documentation, "Distribution Protocol", "EPMD Protocol"): which
//! port a node listens on, and that it is not known.

use super::Probe;
use super::flow::{Moment, Step};
use super::message::{Cut, Cutter, Draft, Voices, be16, shown, split};
use super::stream::{Ending, Note, Piece, StreamParser, StreamState};
use crate::model::flow::Direction;

const FORMAT: &str = "net.erlang";
/// The port of the port mapper.
const PORT: u16 = 4369;
/// Longest name of a node; only the part before the `@` is registered.
const NAME: usize = 255;

const ALIVE: u8 = 120;
const ALIVE_ANSWER: u8 = 121;
/// With a longer number of the node's incarnation (since Erlang/OTP 23).
const ALIVE_ANSWER_LONG: u8 = 118;
const PORT_PLEASE: u8 = 122;
const PORT_ANSWER: u8 = 119;
/// NAMES, DUMP, KILL and STOP.
const OTHERS: [u8; 4] = [110, 100, 107, 115];

/// The parser.
#[derive(Debug)]
pub(super) struct Epmd;

impl StreamParser for Epmd {
    fn id(&self) -> &'static str {
        "erlang-port-mapper"
    }

    fn probe(&self, first: &[u8], from: Direction, port: u16) -> Probe {
        let whole = be16(first, 0).map(|length| usize::from(length) + 2);
        if whole != Some(first.len()) || from == Direction::FromResponder {
            return Probe::NotForUs;
        }
        let fits = match Request::read(first) {
            Some(Request::Alive(name, _)) => !name.is_empty(),
            Some(Request::PortPlease(name)) => {
                name.len() <= NAME && name.iter().all(u8::is_ascii_graphic)
            }
            Some(Request::Other) => first.len() == 3,
            None => false,
        };
        match fits {
            true if port == PORT => Probe::Certain,
            true => Probe::Unsure,
            false => Probe::NotForUs,
        }
    }

    fn start(&self) -> Box<dyn StreamState> {
        Box::new(Talk::default())
    }
}

/// What is asked for.
enum Request<'r> {
    /// A node registers itself with its port.
    Alive(&'r [u8], u16),
    /// Somebody wants to know where a node listens.
    PortPlease(&'r [u8]),
    /// Anything else.
    Other,
}

impl<'r> Request<'r> {
    /// Reads a request with its length.
    fn read(request: &'r [u8]) -> Option<Self> {
        match *request.get(2)? {
            ALIVE => {
                let length = usize::from(be16(request, 11)?);
                let name = request.get(13..13_usize.checked_add(length)?)?;
                Some(Self::Alive(name, be16(request, 3)?))
            }
            PORT_PLEASE => Some(Self::PortPlease(request.get(3..)?)),
            other => OTHERS.contains(&other).then_some(Self::Other),
        }
    }
}

/// A conversation: one request and its answer.
#[derive(Debug, Default)]
struct Talk {
    request: Cutter,
    /// Name and port that are registered, or the name that is asked for.
    asked: Option<(String, Option<u16>)>,
    /// The first bytes of the answer.
    answer: Vec<u8>,
    over: bool,
    voices: Voices,
}

impl StreamState for Talk {
    fn feed(&mut self, piece: Piece<'_>, notes: &mut Vec<Note>) {
        self.voices.hear(piece.from);
        let mut bytes = piece.bytes;
        if piece.from == Direction::FromOriginator {
            self.ask(&mut bytes);
        } else {
            // the port of a node stands in the third and fourth byte
            let missing = 4_usize.saturating_sub(self.answer.len());
            self.answer.extend_from_slice(split(&mut bytes, missing));
            self.answered(piece.moment, notes);
        }
    }

    fn gap(&mut self, _from: Direction, _length: u64, _moment: Moment) {
        self.over = true;
    }

    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        self.voices.tell(ending.routine, notes);
    }

    fn wants_more(&self) -> bool {
        !self.over
    }

    fn step(&self) -> Step {
        self.voices.step()
    }
}

impl Talk {
    fn ask(&mut self, bytes: &mut &[u8]) {
        if self.over || self.asked.is_some() {
            return;
        }
        let length = |header: &[u8]| be16(header, 0).map(|length| u64::from(length) + 2);
        let request = match self.request.cut(bytes, 2, length) {
            Cut::More => return,
            Cut::Message(request) => request,
            Cut::Foreign => Vec::new(),
        };
        match Request::read(&request) {
            Some(Request::Alive(name, port)) => self.asked = Some((shown(name, NAME), Some(port))),
            Some(Request::PortPlease(name)) => self.asked = Some((shown(name, NAME), None)),
            _ => self.over = true,
        }
    }

    /// Judges the answer as soon as enough of it is there.
    fn answered(&mut self, moment: Moment, notes: &mut Vec<Note>) {
        let Some((name, registers)) = self.asked.as_ref().filter(|_| !self.over) else {
            return;
        };
        let draft = |kind, text| {
            Draft::new(FORMAT, moment, text)
                .with("kind", kind)
                .with("name", name.clone())
        };
        let (kind, refused) = match *self.answer.as_slice() {
            [] | [_] => return,
            [kind, result, ..] => (kind, result != 0),
        };
        let port = match self.answer.as_slice() {
            [_, _, high, low] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        match (kind, registers, refused) {
            (PORT_ANSWER, None, true) => {
                let text = format!("node \"{name}\" is not registered");
                notes.push(draft("node-unknown", text).note());
            }
            (PORT_ANSWER, None, false) => {
                let Some(port) = port else { return };
                let text = format!("node \"{name}\" listens on port {port}");
                let draft = draft("node-port", text).with("port", port.to_string());
                self.voices.keep(draft);
            }
            (ALIVE_ANSWER | ALIVE_ANSWER_LONG, Some(port), true) => {
                let text = format!("the name \"{name}\" cannot be registered");
                let draft = draft("rejected", text)
                    .with("status", "registration-refused")
                    .with("port", port.to_string());
                notes.push(draft.note());
            }
            (ALIVE_ANSWER | ALIVE_ANSWER_LONG, Some(port), false) => {
                let text = format!("node \"{name}\" registers itself with port {port}");
                let draft = draft("registered", text).with("port", port.to_string());
                self.voices.keep(draft);
            }
            _ => {}
        }
        self.over = true;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::wire_tests::{CLIENT, SERVER, Script, closed, field, kinds, play};
    use super::*;

    pub(in super::super) fn unknown() -> Script {
        vec![
            (CLIENT, b"\x00\x0azclusterdb".to_vec()),
            (SERVER, b"\x77\x01".to_vec()),
        ]
    }

    fn told(request: &[u8], answer: &[u8]) -> Vec<Note> {
        let script = vec![(CLIENT, request.to_vec()), (SERVER, answer.to_vec())];
        play(&Epmd, &script, &closed(&script, SERVER), usize::MAX)
    }

    #[test]
    fn names_that_are_known_and_such_that_are_not() {
        let script = unknown();
        let notes = play(&Epmd, &script, &closed(&script, SERVER), 1);
        assert_eq!(kinds(&notes), [("node-unknown", 2)]);
        assert_eq!(field(&notes[0], "name"), Some("clusterdb"));
        // as a port mapper answered on the wire
        let known = b"\x77\x00\x11\x14\x4d\x00\x00\x06\x00\x05\x00\x09clusterdb\x00\x00";
        let notes = told(b"\x00\x0azclusterdb", known);
        assert_eq!(kinds(&notes), [("node-port", 2)]);
        assert_eq!(field(&notes[0], "port"), Some("4372"));
        assert_eq!(told(b"\x00\x0azclusterdb", b"\x77"), []);
        assert_eq!(told(b"\x00\x0azclusterdb", b"\x77\x00\x11"), []);
        assert_eq!(
            told(b"\x00\x01n", b"\x00\x00\x11\x11name a at port 1\n"),
            []
        );
    }

    #[test]
    fn nodes_register() {
        let alive = b"\x00\x0ex\x11\x14M\x00\x00\x06\x00\x05\x00\x01a\x00\x00";
        let notes = told(alive, b"\x76\x00\x00\x00\x00\x07");
        assert_eq!(kinds(&notes), [("registered", 2)]);
        assert_eq!(field(&notes[0], "port"), Some("4372"));
        let notes = told(alive, b"\x79\x01\x00\x63");
        assert_eq!(kinds(&notes), [("rejected", 2)]);
        assert_eq!(field(&notes[0], "name"), Some("a"));
    }
}
