//! TLS inside TCP: SSL 3.0 (RFC 6101) to TLS 1.3 (RFC 8446). One note per handshake.
//!
//! What can be seen differs by version. Up to TLS 1.2 hellos, certificates and alerts of the
//! handshake stand in clear. In TLS 1.3 only the hellos do, and alerts of a side that has not begun
//! to encrypt: certificates stay hidden, and the server's verdict about the client is a short
//! encrypted record and a close. What follows a complete handshake is only measured, which tells a
//! side that left without a word, or answered with one short record, from one that worked.
//!
//! The only user of tls-parser, together with the files of its folder. A protocol that goes over
//! to TLS hands the bytes behind its own to a [`Conversation`] and asks [`Conversation::facts`]
//! what came of it.

mod alert;
mod chain;
mod handshake;
mod narrate;
mod note;
mod outcome;
mod record;
mod state;
#[cfg(test)]
mod tests;

use super::Probe;
use super::flow::{Moment, Step};
use super::stream::{DEPTH, Ending, Narration, Note, Piece, StreamParser, StreamState};
use crate::model::flow::Direction;
use alert::Alert;
use narrate::narrate;
pub use outcome::Facts;
use outcome::Outcome;
use record::{Header, Item, Listener, Reader};
pub use state::Said;
use state::{Sides, State};

/// Bytes of a direction that may be the last ones that are handed out: what was spoken before TLS
/// counts as well.
const NEAR_DEPTH: u64 = DEPTH - 4096;

/// The parser of TLS from the first byte on.
#[derive(Debug)]
pub struct Tls;

impl StreamParser for Tls {
    fn id(&self) -> &'static str {
        "tls"
    }

    fn probe(&self, first: &[u8], from: Direction, _: u16) -> Probe {
        if from == Direction::FromOriginator && record::is_old_hello(first) {
            return Probe::Certain;
        }
        let Some(header) = Header::read(first) else {
            return Probe::NotForUs;
        };
        match (header.kind, first.get(record::HEADER)) {
            // a hello, or less of it than its type
            (record::HANDSHAKE, Some(1 | 2)) => Probe::Certain,
            (record::HANDSHAKE, None) => Probe::Unsure,
            // a server that wants no hello such as this one
            (record::ALERT, _) if header.length == 2 => Probe::Unsure,
            // in the middle of a conversation nothing can be learnt
            _ => Probe::NotForUs,
        }
    }

    fn start(&self) -> Box<dyn StreamState> {
        Box::new(Conversation::new("tls"))
    }
}

/// A conversation in TLS.
#[derive(Debug)]
pub struct Conversation {
    /// What was spoken before.
    inside: &'static str,
    /// None when nothing more is wanted: connections live on for long after their handshakes.
    readers: Option<Box<Sides<Reader>>>,
    /// Bytes that were heard.
    heard: Sides<u64>,
    state: State,
    /// Something was said.
    begun: bool,
    /// The alert that ended it; what follows is no longer listened to.
    alert: Option<Alert>,
    noted: bool,
    narration: Narration,
}

/// One direction's listener.
struct Ear<'s> {
    state: &'s mut State,
    alert: &'s mut Option<Alert>,
    narration: &'s mut Narration,
    from: Direction,
    moment: Moment,
}

impl Listener for Ear<'_> {
    fn sealed(&self) -> bool {
        self.state.sealed(self.from)
    }

    fn take(&mut self, item: Item<'_>) {
        if self.narration.is_wanted() {
            narrate(item, self.narration);
        }
        if self.alert.is_none() {
            *self.alert = self.state.take(self.from, item, self.moment);
        }
    }
}

impl Conversation {
    /// A conversation that begins with the next byte; `inside` is the name of the protocol that
    /// was spoken before it, `tls` where there was none.
    pub fn new(inside: &'static str) -> Self {
        Self {
            inside,
            readers: Some(Box::default()),
            heard: Sides::default(),
            state: State::default(),
            begun: false,
            alert: None,
            noted: false,
            narration: Narration::default(),
        }
    }

    /// What came of the handshake, for a protocol inside it; meant for the end of a connection.
    pub fn facts(&self, ending: &Ending) -> Facts {
        Facts::of(&self.state, self.alert, ending)
    }

    fn note(&mut self, outcome: &Outcome, notes: &mut Vec<Note>) {
        self.noted = true;
        notes.push(note::note(self.inside, &self.state, outcome));
    }
}

impl StreamState for Conversation {
    fn feed(&mut self, piece: Piece<'_>, notes: &mut Vec<Note>) {
        let Some(readers) = &mut self.readers else {
            return;
        };
        self.begun = true;
        let heard = self.heard.of_mut(piece.from);
        *heard = heard.saturating_add(piece.bytes.len() as u64);
        let deep = *heard >= NEAR_DEPTH;
        let mut ear = Ear {
            state: &mut self.state,
            alert: &mut self.alert,
            narration: &mut self.narration,
            from: piece.from,
            moment: piece.moment,
        };
        readers.of_mut(piece.from).feed(piece.bytes, &mut ear);
        // what follows may not be handed out
        self.state.partial |= deep && !self.state.completed;
        if let Some(alert) = self.alert {
            self.note(&Outcome::alert(alert), notes);
        }
        if self.alert.is_some() || outcome::is_settled(&self.state) {
            self.readers = None;
        }
    }

    fn gap(&mut self, from: Direction, length: u64, moment: Moment) {
        let Some(readers) = &mut self.readers else {
            return;
        };
        let mut ear = Ear {
            state: &mut self.state,
            alert: &mut self.alert,
            narration: &mut self.narration,
            from,
            moment,
        };
        let harmed = readers.of_mut(from).gap(length, &mut ear);
        self.state.partial |= harmed;
        // something was said there
        self.state.sides.of_mut(from).heard = true;
    }

    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        if self.noted || !self.begun {
            return;
        }
        let outcome = Outcome::of(&self.state, ending);
        let worth = outcome.hinders() || (ending.fresh && Outcome::is_remarkable(&self.state));
        if ending.routine || worth {
            self.note(&outcome, notes);
        }
        self.readers = None;
    }

    fn wants_more(&self) -> bool {
        self.readers.is_some()
    }

    fn step(&self) -> Step {
        match (self.begun, self.state.completed) {
            (false, _) => Step::Opening,
            (true, false) => Step::TlsHandshake,
            (true, true) => Step::Data,
        }
    }

    fn narrate(&mut self) {
        self.narration.begin();
    }

    fn narration(&mut self) -> Vec<String> {
        self.narration.take()
    }
}
