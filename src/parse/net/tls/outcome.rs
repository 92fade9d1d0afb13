//! What came of a handshake: judged when a connection is over.

use super::alert::Alert;
use super::handshake::{TLS12, version_name};
use super::record::HEADER;
use super::state::{Certificates, Said, State};
use crate::model::flow::{ConnState, Direction};
use crate::parse::net::flow::{Moment, WAIT};
use crate::parse::net::stream::Ending;

/// Longest record that counts as a short answer: more than any error message needs, less than the
/// beginning of a session says.
const SHORT: usize = 512;

/// What a protocol inside TLS can learn about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Both sides have finished the handshake, as far as can be seen.
    pub completed: bool,
    /// The version that was agreed: `TLS 1.2`, `TLS 1.3`, …
    pub version: Option<&'static str>,
    /// Common name in the client's certificate; hidden in TLS 1.3.
    pub client_cn: Option<String>,
    /// Data of the originator behind the handshake.
    pub originator: Said,
    /// Data of the responder behind the handshake.
    pub responder: Said,
    /// Who closed first: by an alert, a FIN or a reset.
    pub closed_by: Option<Direction>,
    /// The responder's only data was one short record, and it closed first, or the originator did
    /// without another word: its bytes, header included, and its frame. In TLS 1.3 one of 24 bytes (16 with a short tag) is an alert.
    pub short_answer: Option<(usize, Moment)>,
    /// That record is as long as an encrypted alert and nothing else (TLS 1.3).
    pub like_alert: bool,
    /// The originator left at once without a word.
    pub left_at_once: bool,
    /// An alert in clear ended it.
    pub alert: bool,
    /// Only a part was captured; nothing is concluded from what is missing.
    pub partial: bool,
}

impl Facts {
    pub(super) fn of(state: &State, alert: Option<Alert>, ending: &Ending) -> Self {
        let outcome = Outcome::of(state, ending);
        let client = match &state.sides.originator.certificates {
            Some(Certificates::Sent(chain, _)) => chain.leaf.as_ref(),
            _ => None,
        };
        let ended = alert.is_some();
        let short = outcome.short_answer.filter(|_| !ended);
        Self {
            completed: state.completed,
            version: state.version().and_then(version_name),
            client_cn: client.and_then(|leaf| leaf.subject_cn.clone()),
            originator: state.sides.originator.said,
            responder: state.sides.responder.said,
            closed_by: closes(state, ending).map(|close| close.by),
            short_answer: short,
            like_alert: short.is_some_and(|(bytes, _)| {
                state.is_modern() && bytes == state.alert_size() + HEADER
            }),
            left_at_once: outcome.left_at_once && !ended,
            alert: ended,
            partial: state.partial,
        }
    }
}

/// How something stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Reset,
    Closed,
    Silent,
}

/// Where and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) how: How,
    pub(super) by: Option<Direction>,
    pub(super) moment: Moment,
}

/// The first close.
struct Close {
    how: How,
    by: Direction,
    moment: Moment,
}

/// The judgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The alert in clear that ended it.
    pub(super) alert: Option<Alert>,
    pub(super) incomplete: Option<Stop>,
    /// The frame that closed.
    pub(super) left_at_once: bool,
    pub(super) short_answer: Option<(usize, Moment)>,
    pub(super) encrypted_end: bool,
    /// When it closed, else its last message.
    closed: Option<Moment>,
    /// The last frame of the connection.
    last: Option<Moment>,
}

impl Outcome {
    /// An alert in clear that ends it now.
    pub(super) fn alert(alert: Alert) -> Self {
        Self {
            alert: Some(alert),
            ..Self::default()
        }
    }

    /// At the end of a connection.
    pub(super) fn of(state: &State, ending: &Ending) -> Self {
        let close = closes(state, ending);
        let sure = !state.partial && !state.packed;
        // what was lost of the asking side does not matter when nothing answers it
        let asked = matches!(state.last, None | Some(("client-hello", ..)));
        let mute = asked && !state.packed && !state.answers && !state.sides.responder.heard;
        let alert = state.warning.filter(|_| !state.completed);
        let done = state.completed && sure;
        let by = |side| close.as_ref().is_some_and(|close| close.by == side);
        Self {
            alert,
            incomplete: stopped(state, ending, close.as_ref())
                .filter(|_| (sure || mute) && !state.completed && alert.is_none()),
            left_at_once: done && by(Direction::FromOriginator) && !spoke(state),
            short_answer: short_answer(state).filter(|(_, answered)| {
                let given_up = close.as_ref().is_some_and(|close| {
                    close.moment.number >= answered.number && asked_once(state)
                });
                done && (by(Direction::FromResponder) || given_up)
            }),
            encrypted_end: close.is_some() && ends_encrypted(state),
            closed: close.map(|close| close.moment),
            last: Some(ending.last),
        }
    }

    /// True for anything that may be a fault.
    pub(super) fn hinders(&self) -> bool {
        self.alert.is_some()
            || self.incomplete.is_some()
            || self.left_at_once
            || self.short_answer.is_some()
    }

    /// True when something of it should be known although it works.
    pub(super) fn is_remarkable(state: &State) -> bool {
        let old = state.version().is_some_and(|version| version < TLS12);
        let sides = [&state.sides.originator, &state.sides.responder];
        let dated = sides
            .iter()
            .any(|side| out_of_date(side.certificates.as_ref()));
        old || dated
    }

    /// The frame that proves it.
    pub(super) fn moment(&self, state: &State) -> Moment {
        let stopped = self.incomplete.map(|stop| stop.moment);
        let answer = self.short_answer.map(|(_, moment)| moment);
        let left = self.closed.filter(|_| self.left_at_once);
        let dated = [&state.sides.responder, &state.sides.originator]
            .into_iter()
            .find(|side| out_of_date(side.certificates.as_ref()))
            .and_then(|side| match side.certificates {
                Some(Certificates::Sent(_, mark)) => Some(mark.into()),
                _ => None,
            });
        let agreed = state.agreed.map(|(_, mark)| mark.into());
        let said = state.last.map(|(_, _, mark)| mark.into());
        let alert = self.alert.map(|alert| alert.at.into());
        let proofs = [alert, stopped, answer, left, dated, agreed, said, self.last];
        let none = Moment {
            number: 0,
            at: None,
        };
        proofs.into_iter().flatten().next().unwrap_or(none)
    }
}

/// True when what follows can change no judgement: the handshake is complete and both sides have
/// said more than a short answer.
pub(super) fn is_settled(state: &State) -> bool {
    let answer = state.sides.responder.said;
    // behind a short one may stand an encrypted alert
    let long = answer.first > SHORT || answer.records > 2;
    state.completed && long && spoke(state)
}

fn out_of_date(certificates: Option<&Certificates>) -> bool {
    let Some(Certificates::Sent(chain, mark)) = certificates else {
        return false;
    };
    mark.at().is_some_and(|at| chain.out_of_date(at))
}

fn closes(state: &State, ending: &Ending) -> Option<Close> {
    let sides = [Direction::FromOriginator, Direction::FromResponder];
    let alerts = sides.into_iter().filter_map(|by| {
        // in TLS 1.3 an alert is only a guess, and a FIN no later than it
        let side = state.sides.of(by);
        let moment = side.closing.or(side.sealed_alert)?;
        Some((How::Closed, by, moment.into()))
    });
    let fin = ending.fin.map(|(by, moment)| (How::Closed, by, moment));
    let reset = ending.reset.map(|(by, moment)| (How::Reset, by, moment));
    alerts
        .chain(fin)
        .chain(reset)
        .min_by_key(|(_, _, moment)| moment.number)
        .map(|(how, by, moment)| Close { how, by, moment })
}

/// How a handshake that is not complete stopped. That the capture ends proves nothing, and neither
/// does a side that is never seen.
fn stopped(state: &State, ending: &Ending, close: Option<&Close>) -> Option<Stop> {
    let responder = Direction::FromResponder;
    let unseen = matches!(
        ending.state,
        ConnState::S0 | ConnState::Sh | ConnState::Rstos0 | ConnState::Oth
    );
    let closes = close.is_some_and(|close| close.by == responder);
    if unseen && !closes && !state.sides.responder.heard {
        return None;
    }
    if let Some(close) = close {
        return Some(Stop {
            how: close.how,
            by: Some(close.by),
            moment: close.moment,
        });
    }
    // As long as an attempt has to stay without an answer: whoever waits for an answer of TCP has
    // asked twice more by then, and no step of a handshake takes a healthy side as long.
    ending.silence.filter(|silence| *silence >= WAIT)?;
    Some(Stop {
        how: How::Silent,
        by: turn(state),
        moment: state.last.map_or(ending.last, |(_, _, mark)| mark.into()),
    })
}

/// Who would have had to speak.
fn turn(state: &State) -> Option<Direction> {
    let (originator, responder) = (Direction::FromOriginator, Direction::FromResponder);
    let sides = &state.sides;
    match state.last {
        None if sides.originator.heard && !sides.responder.heard => Some(responder),
        None => Some(originator),
        Some(("client-hello", ..)) => Some(responder),
        Some(("hello-retry-request", ..)) => Some(originator),
        // whether the server's part is whole cannot be seen
        _ if state.is_modern() => None,
        _ if sides.originator.finished => Some(responder),
        _ if state.hello_done || sides.responder.finished => Some(originator),
        _ => Some(responder),
    }
}

/// The originator said something behind the handshake. In TLS 1.3 a record as long as an alert
/// is none when it is the only one.
fn spoke(state: &State) -> bool {
    let said = state.sides.originator.said;
    let alert = state.ends_like_alert(Direction::FromOriginator);
    said.records > u32::from(alert)
}

/// The originator said one thing. Who gets a refusal for an answer often closes before the one who
/// refused does.
fn asked_once(state: &State) -> bool {
    let said = state.sides.originator.said;
    let alert = state.ends_like_alert(Direction::FromOriginator);
    said.records <= 1 + u32::from(alert)
}

/// The responder's only record if it is short, whatever alert follows it. Where the originator
/// did not speak only an alert of TLS 1.3 can be an answer: to the client's part of the handshake.
fn short_answer(state: &State) -> Option<(usize, Moment)> {
    let said = state.sides.responder.said;
    let alert = state.ends_like_alert(Direction::FromResponder);
    let only = said.records == 1 || said.records == 2 && alert;
    let verdict = said.records == 1 && alert;
    let short = only && said.first <= SHORT && (spoke(state) || verdict);
    said.first_at
        .filter(|_| short)
        .map(|mark| (said.first, mark.into()))
}

fn ends_encrypted(state: &State) -> bool {
    [Direction::FromOriginator, Direction::FromResponder]
        .into_iter()
        .any(|side| state.sides.of(side).sealed_alert.is_some() || state.ends_like_alert(side))
}
