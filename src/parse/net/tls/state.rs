//! How far a handshake came: what each side said, as far as it can be seen.
//!
//! Up to TLS 1.2 each side ends its part with ChangeCipherSpec and one encrypted message. In TLS
//! 1.3 all behind the hellos is encrypted: the client's Finished is known by its size, which the
//! cipher suite fixes, and an alert by its own. Where a client packs several messages into one
//! record neither can be told, and nothing is concluded.

use std::sync::Arc;

use super::alert::{self, Alert};
use super::chain::Chain;
use super::handshake::{ClientHello, Message, TLS12, TLS13, seal, sealed_finished};
use super::record::{ALERT, APPLICATION_DATA, HANDSHAKE, HEADER, HEARTBEAT, Item, OLD_HELLO};
use crate::model::flow::Direction;
use crate::parse::net::course::Mark;
use crate::parse::net::flow::Moment;

/// Records with data that one side sent behind its part of the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Number of records; in TLS 1.3 encrypted alerts and tickets are among them, as nobody can
    /// tell them apart.
    pub records: u32,
    /// Bytes of the first one, its header among them.
    pub first: usize,
    /// The frame that completed it.
    pub(super) first_at: Option<Mark>,
}

impl Said {
    fn add(&mut self, bytes: usize, at: Mark) {
        if self.records == 0 {
            self.first = bytes;
            self.first_at = Some(at);
        }
        self.records = self.records.saturating_add(1);
    }
}

/// A value of each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides<T> {
    pub(super) originator: T,
    pub(super) responder: T,
}

impl<T> Sides<T> {
    pub(super) fn of(&self, side: Direction) -> &T {
        match side {
            Direction::FromOriginator => &self.originator,
            Direction::FromResponder => &self.responder,
        }
    }

    pub(super) fn of_mut(&mut self, side: Direction) -> &mut T {
        match side {
            Direction::FromOriginator => &mut self.originator,
            Direction::FromResponder => &mut self.responder,
        }
    }
}

/// The certificates of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Certificates {
    /// It was asked for some and has none.
    Empty,
    /// What it sent, and the frame that completed it.
    Sent(Arc<Chain>, Mark),
}

/// What is known of one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// It said something.
    pub(super) heard: bool,
    pub(super) certificates: Option<Certificates>,
    /// Its ChangeCipherSpec.
    switched: bool,
    /// It ended its part of the handshake.
    pub(super) finished: bool,
    /// Behind the handshake.
    pub(super) said: Said,
    /// Bytes of its last encrypted record without the header (TLS 1.3).
    pub(super) last_sealed: usize,
    /// Its first encrypted alert (TLS 1.2 and older).
    pub(super) sealed_alert: Option<Mark>,
    /// Its close_notify in clear.
    pub(super) closing: Option<Mark>,
}

/// A handshake.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Something is missing.
    pub(super) partial: bool,
    /// The originator answers what was not heard of the responder.
    pub(super) answers: bool,
    /// A side that speaks no TLS.
    pub(super) foreign: Option<Direction>,
    pub(super) hello: Option<Box<ClientHello>>,
    /// Version, and the frame that agreed on it.
    pub(super) agreed: Option<(u16, Mark)>,
    pub(super) cipher: Option<u16>,
    pub(super) retried: bool,
    pub(super) requested: bool,
    pub(super) hello_done: bool,
    pub(super) client_key: bool,
    pub(super) sides: Sides<Side>,
    /// The last message in clear and who sent it.
    pub(super) last: Option<(&'static str, Direction, Mark)>,
    /// The last step, encrypted ones among them.
    step: Option<&'static str>,
    pub(super) completed: bool,
    /// TLS 1.3: the client's part cannot be told from its data.
    pub(super) packed: bool,
    /// An alert that does not end the handshake by itself; dropped when its sender goes on.
    pub(super) warning: Option<Alert>,
}

impl State {
    /// The version, if agreed.
    pub(super) fn version(&self) -> Option<u16> {
        self.agreed.map(|(version, _)| version)
    }

    /// TLS 1.3 was agreed.
    pub(super) fn is_modern(&self) -> bool {
        self.version() == Some(TLS13)
    }

    /// True when handshake records of a side are encrypted from now on.
    pub(super) fn sealed(&self, from: Direction) -> bool {
        let old = match self.version() {
            Some(version) => version <= TLS12,
            // the hello was missed
            None => self.partial,
        };
        self.sides.of(from).switched && old
    }

    /// Bytes of an encrypted record that holds nothing but an alert (TLS 1.3).
    pub(super) fn alert_size(&self) -> usize {
        2 + seal(self.cipher.unwrap_or_default())
    }

    /// True when the last encrypted record of a side may hold an alert and nothing else (TLS 1.3).
    pub(super) fn ends_like_alert(&self, side: Direction) -> bool {
        self.is_modern() && self.sides.of(side).last_sealed == self.alert_size()
    }

    /// One thing was said; an alert that ends it all is handed back.
    pub(super) fn take(&mut self, from: Direction, item: Item<'_>, at: Moment) -> Option<Alert> {
        let at = Mark::from(at);
        self.sides.of_mut(from).heard = true;
        self.answers |= from == Direction::FromOriginator && self.answers_unheard(&item);
        self.partial |= self.answers;
        let goes_on = !matches!(item, Item::Alert(..) | Item::Sealed(ALERT, _));
        if goes_on && self.warning.is_some_and(|alert| alert.by == from) {
            self.warning = None;
        }
        match item {
            Item::Message(kind, body) => self.message(from, Message::read(kind, body), at),
            Item::Alert(level, code) => return self.alert(from, level, code, at),
            Item::ChangeCipherSpec => {
                self.sides.of_mut(from).switched = true;
                self.step = Some("change-cipher-spec");
            }
            Item::Sealed(kind, bytes) if self.is_modern() => {
                if kind == APPLICATION_DATA {
                    self.sealed_modern(from, bytes, at);
                }
            }
            Item::Sealed(kind, bytes) => self.sealed_old(from, kind, bytes, at),
            Item::Lost => self.partial = true,
            Item::Foreign => {
                self.foreign = self.foreign.or(Some(from));
                // an originator that speaks no TLS was taken for one that does
                self.partial |= from == Direction::FromOriginator;
            }
        }
        None
    }

    /// True for what an originator says only to a hello of the responder that was not captured,
    /// as when only one way was.
    fn answers_unheard(&self, item: &Item<'_>) -> bool {
        let early = self.hello.as_ref().is_some_and(|hello| hello.early);
        let hello = matches!(item, Item::Message(1 | OLD_HELLO, _) | Item::Alert(..));
        self.agreed.is_none() && !early && !hello
    }

    fn message(&mut self, from: Direction, message: Message, at: Mark) {
        if self.completed {
            return;
        }
        let Some(name) = message.name() else {
            self.partial = true;
            return;
        };
        self.last = Some((name, from, at));
        self.step = Some(name);
        let responds = from == Direction::FromResponder;
        match message {
            Message::ClientHello(hello) if !responds => {
                self.hello.get_or_insert(hello);
            }
            Message::ServerHello(hello) if responds => {
                self.partial |= self.hello.is_none();
                self.agreed = Some((hello.version, at));
                self.cipher = Some(hello.cipher);
                self.retried |= hello.retry;
            }
            Message::HelloRetryRequest if responds => self.retried = true,
            Message::Certificate(chain) => {
                let found =
                    chain.map_or(Certificates::Empty, |chain| Certificates::Sent(chain, at));
                self.sides.of_mut(from).certificates.get_or_insert(found);
            }
            Message::CertificateRequest if responds => self.requested = true,
            Message::ServerHelloDone if responds => self.hello_done = true,
            Message::ClientKeyExchange if !responds => self.client_key = true,
            Message::Other(_) => {}
            // said by the side that cannot say it: nobody knows who is who
            _ => self.partial = true,
        }
    }

    fn alert(&mut self, from: Direction, level: u8, code: u8, at: Mark) -> Option<Alert> {
        if !(1..=2).contains(&level) {
            return None;
        }
        let found = Alert {
            code,
            by: from,
            at,
            after: self.step,
        };
        if alert::is_fatal(level, code, self.version()) {
            return Some(found);
        }
        match code {
            alert::CLOSE_NOTIFY => {
                self.sides.of_mut(from).closing.get_or_insert(at);
            }
            alert::NO_CERTIFICATE if from == Direction::FromOriginator => {
                self.sides.originator.certificates = Some(Certificates::Empty);
            }
            _ => self.warning = Some(found),
        }
        None
    }

    /// An encrypted record up to TLS 1.2.
    fn sealed_old(&mut self, from: Direction, kind: u8, bytes: usize, at: Mark) {
        let agreed = self.agreed.is_some();
        let side = self.sides.of_mut(from);
        match kind {
            HANDSHAKE if !self.completed => {
                self.step = Some("finished");
                side.finished = true;
                let sides = &self.sides;
                self.completed = sides.originator.finished && sides.responder.finished;
            }
            ALERT if bytes > 2 => {
                side.sealed_alert.get_or_insert(at);
            }
            APPLICATION_DATA | HEARTBEAT => {
                side.said.add(bytes + HEADER, at);
                // a client may speak before the server has finished (RFC 7918), a server not
                self.completed |= agreed && from == Direction::FromResponder;
            }
            _ => {}
        }
    }

    /// An encrypted record of TLS 1.3.
    fn sealed_modern(&mut self, from: Direction, bytes: usize, at: Mark) {
        let whole = bytes == sealed_finished(self.cipher.unwrap_or_default());
        let alert = bytes == self.alert_size();
        let early = self.hello.as_ref().is_some_and(|hello| hello.early);
        let side = self.sides.of_mut(from);
        side.last_sealed = bytes;
        self.step = Some("encrypted");
        if self.completed {
            side.said.add(bytes + HEADER, at);
            return;
        }
        match from {
            Direction::FromOriginator if early => self.packed = true,
            Direction::FromOriginator => {
                side.finished = whole;
                self.completed = whole;
                self.packed |= !whole && !alert;
            }
            // the server has taken what the client packed into its records
            Direction::FromResponder => {
                let answers = self.packed && !alert;
                side.said.add(bytes + HEADER, at);
                self.completed = answers;
            }
        }
        if self.completed && whole && from == Direction::FromOriginator {
            self.packed = early;
            self.sides.originator.said = Said::default();
            self.sides.responder.said = Said::default();
        }
    }
}
