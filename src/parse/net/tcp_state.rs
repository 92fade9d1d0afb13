//! How far a TCP connection came, as one pure function of a state, a direction and a segment.
//!
//! States are those of Zeek's connection log (`conn_state`); segments those of RFC 9293 3.5 and 3.6.
//! What differs from Zeek, and why: a connection whose beginning was not seen is `OTH` whatever
//! follows, because without a SYN nobody knows who opened it; and the first reset decides, because
//! the question is who ended the connection.

use crate::model::flow::{ConnState, Direction};

/// What a segment means to the state, from its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// SYN without ACK.
    Syn,
    /// SYN with ACK.
    SynAck,
    /// FIN.
    Fin,
    /// RST.
    Rst,
    /// Data or a plain acknowledgement.
    Other,
}

impl Segment {
    /// By the flags; a reset outweighs all others.
    pub fn of(syn: bool, ack: bool, fin: bool, rst: bool) -> Self {
        match (rst, syn, ack, fin) {
            (true, ..) => Self::Rst,
            (_, true, true, _) => Self::SynAck,
            (_, true, false, _) => Self::Syn,
            (_, _, _, true) => Self::Fin,
            _ => Self::Other,
        }
    }
}

/// How far one end came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// Nothing was seen of it.
    #[default]
    Silent,
    /// It spoke, though its part of the handshake was not seen.
    Partial,
    SynSent,
    SynAckSent,
    Established,
    Closed,
    Reset,
}

/// What was seen first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Opening {
    #[default]
    Nothing,
    /// The handshake.
    Handshake,
    /// Anything else: the connection is older than what is looked at.
    Middle,
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpState {
    opening: Opening,
    originator: End,
    responder: End,
}

impl TcpState {
    /// The state after one more segment.
    #[must_use]
    pub fn after(self, direction: Direction, segment: Segment) -> Self {
        use Direction::{FromOriginator, FromResponder};
        if self.is_reset() {
            return self;
        }
        let mut next = self;
        if self.opening == Opening::Nothing {
            let handshake = matches!(
                (direction, segment),
                (FromOriginator, Segment::Syn) | (FromResponder, Segment::SynAck)
            );
            next.opening = if handshake {
                Opening::Handshake
            } else {
                Opening::Middle
            };
        }
        let (own, peer) = match direction {
            FromOriginator => (&mut next.originator, &mut next.responder),
            FromResponder => (&mut next.responder, &mut next.originator),
        };
        (*own, *peer) = step(*own, *peer, segment);
        next
    }

    /// Zeek's code.
    pub fn conn_state(self) -> ConnState {
        if self.opening != Opening::Handshake {
            return ConnState::Oth;
        }
        match (self.originator, self.responder) {
            (End::SynSent, End::Reset) => ConnState::Rej,
            (End::Silent, End::Reset) => ConnState::Rstrh,
            (_, End::Reset) => ConnState::Rstr,
            (End::Reset, End::Silent) => ConnState::Rstos0,
            (End::Reset, _) => ConnState::Rsto,
            (End::Closed, End::Closed) => ConnState::SF,
            (End::Closed, End::Silent) => ConnState::Sh,
            (End::Closed, _) => ConnState::S2,
            (End::Silent, End::Closed) => ConnState::Shr,
            (_, End::Closed) => ConnState::S3,
            (End::SynSent, End::Silent) => ConnState::S0,
            (End::Established, End::Established) => ConnState::S1,
            _ => ConnState::Oth,
        }
    }

    /// A reset was seen: nothing changes any more.
    pub fn is_reset(self) -> bool {
        self.originator == End::Reset || self.responder == End::Reset
    }

    /// The connection is over, as far as was seen.
    pub fn is_over(self) -> bool {
        self.is_reset() || (self.originator == End::Closed && self.responder == End::Closed)
    }

    /// One side or both have closed.
    pub fn is_closing(self) -> bool {
        self.originator == End::Closed || self.responder == End::Closed
    }

    /// An attempt that nothing has answered yet.
    pub fn is_waiting(self) -> bool {
        self.conn_state() == ConnState::S0
    }
}

/// The sender's and the other end after a segment.
fn step(own: End, peer: End, segment: Segment) -> (End, End) {
    use End::{Closed, Established, Partial, Silent, SynAckSent, SynSent};
    match (segment, own, peer) {
        (Segment::Rst, ..) => (End::Reset, peer),
        // who answers a SYN with something else has answered all the same
        (Segment::Fin, Silent | SynSent, SynSent) => (Closed, Partial),
        (Segment::Other, Silent, SynSent) => (Partial, Partial),
        (Segment::Fin, ..) => (Closed, peer),
        // the SYN was listed behind its answer
        (Segment::Syn, Silent, SynAckSent) => (Established, Established),
        (Segment::Syn, Silent, Closed) => (Partial, peer),
        (Segment::Syn, Silent, _) => (SynSent, peer),
        // the answer; RFC 9293 3.5 lets both ends open at once
        (Segment::SynAck, Silent, SynSent | SynAckSent)
        | (Segment::SynAck, SynSent, SynSent | Established)
        | (Segment::Other, Silent, SynAckSent)
        | (Segment::Other, SynSent, SynSent) => (Established, Established),
        (Segment::SynAck, Silent, Silent) => (SynAckSent, peer),
        (Segment::SynAck, Silent, _) => (Established, peer),
        // who goes on behind its own SYN has got the answer, seen or not
        (Segment::Other, SynSent, _) => (Established, peer),
        (Segment::Other, Silent, _) => (Partial, peer),
        _ => (own, peer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{FromOriginator as O, FromResponder as R};

    type Sent = (Direction, Segment);

    fn state(sent: &[Sent]) -> TcpState {
        let begin = TcpState::default();
        sent.iter().fold(begin, |state, (direction, segment)| {
            state.after(*direction, *segment)
        })
    }

    /// The definitions in words, asked of the whole sequence at once.
    fn oracle(sent: &[Sent]) -> ConnState {
        let end = sent
            .iter()
            .position(|(_, segment)| *segment == Segment::Rst);
        let seen = &sent[..end.unwrap_or(sent.len())];
        let begun = matches!(sent.first(), Some((O, Segment::Syn) | (R, Segment::SynAck)));
        if !begun {
            return ConnState::Oth;
        }
        let spoke = |who| seen.iter().any(|(by, _)| *by == who);
        let sent_one = |who, what: &[Segment]| {
            seen.iter()
                .any(|(by, segment)| *by == who && what.contains(segment))
        };
        let closed = |who| sent_one(who, &[Segment::Fin]);
        let asked = sent_one(O, &[Segment::Syn]);
        // an answer is anything but another attempt
        let answered = sent_one(R, &[Segment::SynAck, Segment::Other, Segment::Fin]);
        // the originator goes on as if it had been answered, or answers the other's attempt
        let crossing = seen.iter().position(|one| *one == (R, Segment::Syn));
        let accepts = crossing.is_some_and(|at| seen[at..].contains(&(O, Segment::SynAck)));
        let goes_on = sent_one(O, &[Segment::Other, Segment::Fin]) || accepts;
        match end.map(|at| sent[at].0) {
            Some(R) if asked && !answered && !goes_on => ConnState::Rej,
            Some(R) if !spoke(O) => ConnState::Rstrh,
            Some(R) => ConnState::Rstr,
            Some(O) if !spoke(R) => ConnState::Rstos0,
            Some(O) => ConnState::Rsto,
            None if closed(O) && closed(R) => ConnState::SF,
            None if closed(O) && !spoke(R) => ConnState::Sh,
            None if closed(O) => ConnState::S2,
            None if closed(R) && !spoke(O) => ConnState::Shr,
            None if closed(R) => ConnState::S3,
            None if asked && !spoke(R) && !goes_on => ConnState::S0,
            None if established(seen) => ConnState::S1,
            None => ConnState::Oth,
        }
    }

    /// Both ends are known to hold the connection.
    fn established(seen: &[Sent]) -> bool {
        let find = |one: Sent| seen.iter().position(|other| *other == one);
        let (own, others) = (find((O, Segment::Other)), find((R, Segment::Other)));
        let before =
            |a: Option<usize>, b: Option<usize>| a.is_some_and(|a| b.is_none_or(|b| a < b));
        let answer = find((R, Segment::SynAck));
        // the responder answers before it says anything else
        let straight = before(answer, others);
        if find((O, Segment::Syn)).is_none() {
            let completes = own.is_some() || find((O, Segment::SynAck)).is_some();
            return straight && completes;
        }
        // both open at once, and one accepts the other's attempt
        let crossing = find((R, Segment::Syn));
        let accepts = crossing.is_some_and(|at| seen[at..].contains(&(O, Segment::SynAck)));
        let accepted = before(crossing, own) && (accepts || own.is_some());
        straight || (before(crossing, others) && (accepted || others.is_some()))
    }

    /// Every sequence of up to five segments.
    #[test]
    fn states_are_those_of_their_definitions() {
        let segments = [
            Segment::Syn,
            Segment::SynAck,
            Segment::Fin,
            Segment::Rst,
            Segment::Other,
        ];
        let all: Vec<Sent> = [O, R]
            .into_iter()
            .flat_map(|d| segments.map(|s| (d, s)))
            .collect();
        let mut open: Vec<Vec<Sent>> = vec![Vec::new()];
        let mut checked = 0;
        for _ in 0..5 {
            let longer = open
                .iter()
                .flat_map(|sent| all.iter().map(|one| [sent.as_slice(), &[*one]].concat()));
            open = longer.collect();
            for sent in &open {
                assert_eq!(state(sent).conn_state(), oracle(sent), "{sent:?}");
                checked += 1;
            }
        }
        assert_eq!(checked, 111_110);
    }

    #[test]
    fn a_handshake_and_its_ends() {
        let open = [(O, Segment::Syn), (R, Segment::SynAck), (O, Segment::Other)];
        let then = |more: &[Sent]| state(&[&open, more].concat()).conn_state().code();
        assert_eq!(then(&[]), "S1");
        assert_eq!(then(&[(O, Segment::Fin), (R, Segment::Fin)]), "SF");
        assert_eq!(then(&[(R, Segment::Rst)]), "RSTR");
        assert_eq!(then(&[(O, Segment::Rst), (R, Segment::Rst)]), "RSTO");
        assert_eq!(
            state(&[(O, Segment::Syn), (R, Segment::Rst)])
                .conn_state()
                .code(),
            "REJ"
        );
        assert_eq!(
            state(&[(O, Segment::Other), (R, Segment::Rst)])
                .conn_state()
                .code(),
            "OTH"
        );
    }

    #[test]
    fn a_reset_outweighs_other_flags() {
        assert_eq!(Segment::of(false, true, false, true), Segment::Rst);
        assert_eq!(Segment::of(true, true, false, false), Segment::SynAck);
        assert_eq!(Segment::of(false, true, true, false), Segment::Fin);
        assert_eq!(Segment::of(false, true, false, false), Segment::Other);
    }
}
