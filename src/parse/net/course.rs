//! How one connection went, as far as flags and order of its segments tell: what printed lists and
//! captures have in common.

use std::num::NonZeroU64;

use super::flow::{Moment, Reset, Step};
use super::tcp_state::{Segment, TcpState};
use crate::model::flow::{ConnState, Direction};

/// A [`Moment`] in as few bytes as can be: every connection that is followed holds several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The number and one, so that an absent mark costs nothing.
    place: NonZeroU64,
    /// `i64::MIN` where there is no clock.
    at: i64,
}

impl From<Moment> for Mark {
    fn from(moment: Moment) -> Self {
        Self {
            place: NonZeroU64::MIN.saturating_add(moment.number),
            at: moment.at.unwrap_or(i64::MIN),
        }
    }
}

impl From<Mark> for Moment {
    fn from(mark: Mark) -> Self {
        Self {
            number: mark.place.get() - 1,
            at: mark.at(),
        }
    }
}

impl Mark {
    /// Microseconds, if there is a clock.
    pub(super) fn at(self) -> Option<i64> {
        (self.at != i64::MIN).then_some(self.at)
    }

    /// Microseconds from an earlier mark to this one; 0 without a clock.
    pub(super) fn since(self, earlier: Self) -> i64 {
        let span = self.at().zip(earlier.at());
        span.map_or(0, |(later, earlier)| later.saturating_sub(earlier).max(0))
    }
}

/// How a connection went so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) state: TcpState,
    /// The handshake tells who opened it.
    pub(super) opened: bool,
    /// The responder took the connection.
    pub(super) accepted: bool,
    /// The originator went on behind the answer: the handshake is complete.
    pub(super) established: bool,
    /// The originator and the responder sent data.
    pub(super) said: [bool; 2],
    /// Who closed first.
    pub(super) closer: Direction,
    /// SYNs of the originator.
    pub(super) syns: u32,
    /// Packets of the originator and of the responder.
    pub(super) packets: [u32; 2],
    pub(super) first: Mark,
    pub(super) syn: Option<Mark>,
    /// The first packet of the responder behind the SYN.
    pub(super) answer: Option<Mark>,
    /// The first FIN.
    pub(super) fin: Option<Mark>,
    /// The reset, or the FIN that closed the second side.
    pub(super) end: Option<Mark>,
    pub(super) reset: Option<Reset>,
}

impl Course {
    /// A connection whose first segment is about to be taken.
    pub(super) fn new(moment: Moment, kind: Segment) -> Self {
        Self {
            state: TcpState::default(),
            opened: matches!(kind, Segment::Syn | Segment::SynAck),
            accepted: false,
            established: false,
            said: [false; 2],
            closer: Direction::FromOriginator,
            syns: 0,
            packets: [0; 2],
            first: moment.into(),
            syn: None,
            answer: None,
            fin: None,
            end: None,
            reset: None,
        }
    }

    /// One more segment. `step` tells how far the conversation is, where that is known better than
    /// by who has spoken.
    pub(super) fn advance(
        &mut self,
        moment: Moment,
        from: Direction,
        kind: Segment,
        payload: bool,
        step: Option<Step>,
    ) {
        let before = self.state;
        self.state = before.after(from, kind);
        let responds = from == Direction::FromResponder;
        if let Some(packets) = self.packets.get_mut(usize::from(responds)) {
            *packets = packets.saturating_add(1);
        }
        if kind == Segment::Syn && !responds {
            self.syns = self.syns.saturating_add(1);
            self.syn = self.syn.or(Some(moment.into()));
        }
        if responds && self.syns > 0 {
            self.answer = self.answer.or(Some(moment.into()));
        }
        let speaks = matches!(kind, Segment::SynAck | Segment::Fin | Segment::Other);
        let goes_on = self.opened && !responds && matches!(kind, Segment::Other | Segment::Fin);
        self.accepted |= (responds && speaks) || (self.syns > 0 && kind == Segment::Other);
        self.established |= goes_on && self.accepted;
        if kind == Segment::Fin && self.fin.is_none() {
            self.closer = from;
            self.fin = Some(moment.into());
        }
        if !before.is_over() && self.state.is_over() {
            self.end = Some(moment.into());
        }
        if kind == Segment::Rst && !before.is_reset() {
            self.reset = Some(Reset {
                by: from,
                step: step.unwrap_or_else(|| self.step()),
                closing: before.is_closing(),
            });
        }
        if let Some(said) = self.said.get_mut(usize::from(responds)) {
            *said |= payload;
        }
    }

    /// How far the conversation is, by who has spoken.
    pub(super) fn step(&self) -> Step {
        match self.said {
            [true, true] => Step::Data,
            [false, false] => Step::Opening,
            _ => Step::Request,
        }
    }

    /// Zeek's code.
    pub(super) fn conn_state(&self) -> ConnState {
        self.state.conn_state()
    }
}
