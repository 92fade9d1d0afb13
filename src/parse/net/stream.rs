//! What is said inside a TCP connection: the traits of wire protocols.
//!
//! The flow table hands the bytes of both directions in order, up to [`DEPTH`] of each; a protocol
//! turns them into [`Note`]s. Ports are hints: a protocol is chosen by the first bytes.

use std::borrow::Cow;
use std::fmt;

use super::Probe;
use super::flow::{Moment, Step};
use crate::model::flow::{ConnState, Direction};

/// Bytes of each direction that are looked at.
pub const DEPTH: u64 = 64 << 10;

/// Bytes of one direction in their order, as one segment brought them.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'s> {
    /// Who sent them.
    pub from: Direction,
    /// The bytes; never empty.
    pub bytes: &'s [u8],
    /// The frame that brought them.
    pub moment: Moment,
}

/// One thing that was said, on its way to become an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Id of the format, such as `net.tls`.
    pub format: &'static str,
    /// The frame that proves it.
    pub moment: Moment,
    /// Its fields beside those of the connection, which are added by the flow table.
    pub fields: Vec<(&'static str, Cow<'static, str>)>,
    /// What the frame says, for the reader of a report: one line, text of the wire in quotes.
    pub text: String,
    /// It hinders nobody: what is ordinary, or only worth knowing.
    pub routine: bool,
}

/// How a connection ended, or how it stands at the end of what was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How it stands.
    pub state: ConnState,
    /// The first FIN.
    pub fin: Option<(Direction, Moment)>,
    /// The first reset.
    pub reset: Option<(Direction, Moment)>,
    /// The last segment.
    pub last: Moment,
    /// The capture goes on for so many microseconds behind the last segment.
    pub silence: Option<i64>,
    /// What is ordinary is wanted as well; else only what could be a fault.
    pub routine: bool,
    /// Nothing was told of these two for a while: what is not ordinary and hinders nobody is wanted.
    pub fresh: bool,
}

/// A protocol inside TCP.
pub trait StreamParser: Sync {
    /// Its name in the field `protocol` of `net.flow`: `tls`, `postgresql`, `xmpp`, `sip`, `http`,
    /// `ssh`, `erlang-distribution`, `erlang-port-mapper`, …
    fn id(&self) -> &'static str;

    /// Judges the first bytes that a side says; at most the first segment's. The port is the
    /// responder's.
    fn probe(&self, first: &[u8], from: Direction, port: u16) -> Probe;

    /// A new conversation.
    fn start(&self) -> Box<dyn StreamState>;
}

/// A conversation that is listened to.
pub trait StreamState: Send + fmt::Debug {
    /// More bytes.
    fn feed(&mut self, piece: Piece<'_>, notes: &mut Vec<Note>);

    /// So many bytes of one direction are missing (not captured, or cut off by the snap length)
    /// before what comes next; `u64::MAX` when nobody knows how many.
    fn gap(&mut self, from: Direction, length: u64, moment: Moment);

    /// The connection is over, or what was captured is. Called once.
    fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>);

    /// False when further bytes can tell nothing more.
    fn wants_more(&self) -> bool;

    /// How far the conversation is, for a reset that comes now.
    fn step(&self) -> Step;

    /// From now on what is said is also told message by message, if the protocol can.
    fn narrate(&mut self) {}

    /// What was said since the last time: names of messages, text of the wire in quotes.
    fn narration(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Messages of one segment that are told.
const TOLD: usize = 64;

/// What is said message by message, for somebody who wants to see all of it; nobody else pays for
/// more than a pointer.
#[derive(Debug, Default)]
pub(super) struct Narration(Option<Box<Lines>>);

#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Narration {
    /// Somebody listens from now on.
    pub(super) fn begin(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Tells a message, if somebody listens.
    pub(super) fn say(&mut self, message: impl FnOnce() -> String) {
        let Some(Lines(lines)) = self.0.as_deref_mut() else {
            return;
        };
        match lines.len() {
            told if told < TOLD => lines.push(message()),
            TOLD => lines.push("…".to_owned()),
            _ => {}
        }
    }

    /// What was told since the last time; who listens goes on to do so.
    pub(super) fn take(&mut self) -> Vec<String> {
        let lines = self.0.as_deref_mut().map(|Lines(lines)| lines);
        lines.map(std::mem::take).unwrap_or_default()
    }

    /// Somebody listens.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.is_some()
    }
}
