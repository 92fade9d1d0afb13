//! What is said inside one connection: bytes put in order and handed to the protocol they speak.

use super::assemble::{Assembler, Out};
use super::flow::{Moment, Step};
use super::packet::Tcp;
use super::stream::{Ending, Note, Piece, StreamState};
use super::{Spoken, choose};
use crate::model::flow::Direction;

/// One conversation.
#[derive(Debug)]
pub(super) struct Talk {
    sides: [Assembler; 2],
    /// The responder's port, a hint.
    port: u16,
    /// The name of what is spoken; none before anybody has said anything.
    protocol: Option<&'static str>,
    state: Option<Box<dyn StreamState>>,
    /// Bytes were missing before the protocol was known.
    deaf: bool,
    /// Somebody wants to hear every message.
    narrated: bool,
}

/// The number of a direction.
fn place(from: Direction) -> usize {
    usize::from(from == Direction::FromResponder)
}

impl Talk {
    pub(super) fn new(port: u16, narrated: bool) -> Self {
        Self {
            sides: Default::default(),
            port,
            protocol: None,
            state: None,
            deaf: false,
            narrated,
        }
    }

    /// What was said since the last time, message by message.
    pub(super) fn narration(&mut self) -> Vec<String> {
        self.state
            .as_mut()
            .map_or_else(Vec::new, |state| state.narration())
    }

    /// A side begins with this sequence number.
    pub(super) fn begin(&mut self, from: Direction, sequence: u32) {
        if let Some(side) = self.sides.get_mut(place(from)) {
            side.begin(sequence);
        }
    }

    /// A segment with data.
    pub(super) fn data(
        &mut self,
        from: Direction,
        tcp: &Tcp<'_>,
        moment: Moment,
        notes: &mut Vec<Note>,
    ) {
        self.with(from, notes, moment, |side, out| {
            let first = tcp.sequence.wrapping_add(u32::from(tcp.syn));
            side.segment(first, tcp.payload, tcp.length, moment, out);
        });
    }

    /// The other side of `from` has got everything before `number`.
    pub(super) fn acknowledged(
        &mut self,
        from: Direction,
        number: u32,
        moment: Moment,
        notes: &mut Vec<Note>,
    ) {
        self.with(from, notes, moment, |side, out| {
            side.acknowledged(number, out);
        });
    }

    /// Works on one side and hands what comes out of it to the protocol.
    fn with(
        &mut self,
        from: Direction,
        notes: &mut Vec<Note>,
        moment: Moment,
        work: impl FnOnce(&mut Assembler, &mut dyn FnMut(Out<'_>)),
    ) {
        let Some(side) = self.sides.get_mut(place(from)) else {
            return;
        };
        let mut ear = Ear {
            port: self.port,
            protocol: &mut self.protocol,
            state: &mut self.state,
            deaf: &mut self.deaf,
            narrated: self.narrated,
        };
        work(side, &mut |out| ear.hear(from, &out, moment, notes));
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, ending: &Ending, notes: &mut Vec<Note>) {
        if self.state.is_some() {
            for from in [Direction::FromOriginator, Direction::FromResponder] {
                self.with(from, notes, ending.last, Assembler::finish);
            }
        }
        if let Some(state) = &mut self.state {
            state.end(ending, notes);
        }
    }

    /// False when further bytes can tell nothing more.
    pub(super) fn wants_more(&self) -> bool {
        let open = self.sides.iter().any(|side| !side.is_done());
        let heard = match (&self.state, self.protocol) {
            (Some(state), _) => state.wants_more(),
            (None, protocol) => protocol.is_none(),
        };
        open && heard && !self.deaf
    }

    /// What is spoken.
    pub(super) fn protocol(&self) -> Option<&'static str> {
        self.protocol
    }

    /// Bytes were missing before anything could be recognised.
    pub(super) fn is_deaf(&self) -> bool {
        self.deaf
    }

    /// How far the conversation is.
    pub(super) fn step(&self) -> Option<Step> {
        self.state.as_ref().map(|state| state.step())
    }
}

/// What listens to the bytes of a conversation.
struct Ear<'t> {
    port: u16,
    protocol: &'t mut Option<&'static str>,
    state: &'t mut Option<Box<dyn StreamState>>,
    deaf: &'t mut bool,
    narrated: bool,
}

impl Ear<'_> {
    fn hear(&mut self, from: Direction, out: &Out<'_>, at: Moment, notes: &mut Vec<Note>) {
        match (out, &mut *self.state) {
            (Out::Gap(length), Some(state)) => state.gap(from, *length, at),
            (Out::Gap(_), None) => *self.deaf |= self.protocol.is_none(),
            (Out::Bytes(bytes, moment), Some(state)) => {
                let piece = Piece {
                    from,
                    bytes,
                    moment: *moment,
                };
                state.feed(piece, notes);
            }
            (Out::Bytes(bytes, moment), None) => {
                if self.protocol.is_some() || *self.deaf {
                    return;
                }
                let Spoken { protocol, parser } = choose(bytes, from, self.port);
                *self.protocol = Some(protocol);
                if let Some(parser) = parser {
                    let mut state = parser.start();
                    if self.narrated {
                        state.narrate();
                    }
                    let piece = Piece {
                        from,
                        bytes,
                        moment: *moment,
                    };
                    state.feed(piece, notes);
                    *self.state = Some(state);
                }
            }
        }
    }
}
