//! The same connection in captures of both sides: which side saw what tells where packets got
//! lost, as far as one capture alone cannot.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use super::conn::{Conn, End};
use super::course::Mark;
use super::flow::Flow;
use crate::model::event::Event;
use crate::model::flow::Direction;

/// Connections of one capture that are remembered for comparison.
pub(super) const SIGHTINGS: usize = 16_384;
/// Connections of one capture by which its clock is compared.
const CLOCK: usize = 1024;
/// Hosts of one capture that are remembered.
pub(super) const HOSTS: usize = 65_536;

/// What makes a connection the same in two captures: its ends and the number of its SYN.
type Name = (End, End, u32);

/// A connection that was not seen to end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    name: Name,
    /// The responder took it.
    accepted: bool,
    /// Its first packet.
    first: Option<i64>,
    /// When each side was heard last.
    last: [Option<i64>; 2],
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Question {
    /// An attempt without an answer.
    Attempt,
    /// A side repeats what nobody acknowledges since then.
    Stuck(Direction, i64),
}

/// An event that waits for what other captures show.
#[derive(Debug)]
pub struct Held {
    event: Event<'static>,
    question: Question,
    name: Name,
    at: Option<i64>,
}

/// What one capture shows.
#[derive(Debug, Default)]
pub struct View {
    /// Packets.
    pub(super) packets: u64,
    /// First and last time.
    pub(super) span: Option<(i64, i64)>,
    /// Who takes part in connections.
    pub(super) hosts: HashSet<IpAddr>,
    pub(super) open: HashMap<Name, Sighting>,
    /// When connections began, as many as tell the clock from another one.
    begun: HashMap<Name, i64>,
    /// Events that wait.
    pub(super) held: Vec<Held>,
}

impl View {
    /// Remembers a connection; of those to ports that matter also when it began.
    pub(super) fn see(&mut self, conn: &Conn, matters: bool) {
        if let Some(at) = conn.course.syn.and_then(Mark::at)
            && matters
            && self.begun.len() < CLOCK
        {
            self.begun.insert(name(conn), at);
        }
        if self.open.len() < SIGHTINGS && conn.course.opened && !conn.course.state.is_over() {
            let sides = [Direction::FromOriginator, Direction::FromResponder];
            let sighting = Sighting {
                name: name(conn),
                accepted: conn.course.accepted,
                first: conn.course.first.at(),
                last: sides.map(|of| conn.side(of).last()),
            };
            self.open.insert(sighting.name, sighting);
        }
    }

    /// Keeps an event of a connection that another capture may tell more about; gives it back when
    /// none can.
    pub(super) fn hold(
        &mut self,
        conn: &Conn,
        flow: &Flow,
        event: Event<'static>,
    ) -> Option<Event<'static>> {
        let question = match conn.stuck() {
            _ if flow.unanswered => Question::Attempt,
            Some(stuck) => Question::Stuck(stuck.by, stuck.since()),
            None => return Some(event),
        };
        if self.held.len() >= SIGHTINGS || !conn.course.opened {
            return Some(event);
        }
        self.held.push(Held {
            event,
            question,
            name: name(conn),
            at: flow.first.at,
        });
        None
    }

    /// How many microseconds the clock of this capture is ahead of another one's, and by how many
    /// connections that both hold: the middle of what they say.
    pub fn ahead_of(&self, other: &Self) -> Option<(i64, usize)> {
        let both = self.begun.iter();
        let both = both.filter_map(|(name, at)| Some(at - other.begun.get(name)?));
        let mut spans: Vec<i64> = both.collect();
        spans.sort_unstable();
        let middle = *spans.get(spans.len() / 2)?;
        Some((middle, spans.len()))
    }

    /// The events that waited.
    pub fn take(&mut self) -> Vec<Held> {
        std::mem::take(&mut self.held)
    }

    /// What this capture shows of a connection of another one.
    fn shows(&self, held: &Held) -> Option<Shown> {
        if self.packets == 0 {
            return Some(Shown::Empty);
        }
        let seen = self.open.get(&held.name);
        // at the very same microsecond: a copy, or the same wire
        if held.at.is_some() && seen.is_some_and(|seen| seen.first == held.at) {
            return None;
        }
        match (held.question, seen) {
            (Question::Attempt, Some(seen)) if seen.accepted => Some(Shown::Answered),
            (Question::Attempt, Some(_)) => Some(Shown::Silent),
            (Question::Attempt, None) => {
                let (_, responder, _) = held.name;
                let there = self.hosts.contains(&responder.0);
                (there && self.covers(held.at?)).then_some(Shown::Absent)
            }
            (Question::Stuck(by, since), Some(seen)) => {
                let [originator, responder] = seen.last;
                let last = match by {
                    Direction::FromOriginator => originator,
                    Direction::FromResponder => responder,
                };
                let missing = last.is_some_and(|last| last < since);
                Some(if missing {
                    Shown::Absent
                } else {
                    Shown::Silent
                })
            }
            (Question::Stuck(..), None) => None,
        }
    }

    fn covers(&self, at: i64) -> bool {
        self.span
            .is_some_and(|(first, last)| (first..=last).contains(&at))
    }
}

/// What another capture shows, what says least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    /// It has no packet at all.
    Empty,
    /// The packets do not arrive there.
    Absent,
    /// They arrive and nothing answers.
    Silent,
    /// They arrive and are answered.
    Answered,
}

impl Held {
    /// The event, with what the other captures show; each comes with the name of its file.
    pub fn ask<'v>(mut self, others: impl Iterator<Item = (&'v str, &'v View)>) -> Event<'static> {
        let shown = others.filter_map(|(file, view)| Some((view.shows(&self)?, file)));
        // of equal ones the first by name, whatever the order of the arguments
        let best = shown.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1)));
        if let Some((shown, file)) = best {
            let word = match shown {
                Shown::Empty => "empty",
                Shown::Absent => "absent",
                Shown::Silent => "silent",
                Shown::Answered => "answered",
            };
            self.event.push("other_side", word);
            self.event.push("other_capture", file.to_owned());
        }
        self.event
    }
}

fn name(conn: &Conn) -> Name {
    (conn.originator, conn.responder, conn.sequence)
}
