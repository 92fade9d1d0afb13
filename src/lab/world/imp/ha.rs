//! The redundancy group: who serves whose users, and what moves them.

use super::super::Log;
use super::super::Reply;
use super::{Effect, Imp, MOVE_TAKES, print};
use crate::lab::clock::{Millis, SECOND, Stamp};

/// The group.
pub(super) const GROUP: &str = "DefaultCluster";

/// State of a node in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Normal,
    Idle,
    FailingOver,
    TakingOver,
    FailedOver,
    FailedOverCritical,
    Backup,
    FallingBack,
    TakingBack,
    Failed,
    Initializing,
}

impl State {
    /// As the product writes it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Idle => "Idle",
            Self::FailingOver => "Failing Over",
            Self::TakingOver => "Taking Over",
            Self::FailedOver => "Failed Over",
            Self::FailedOverCritical => "Failed Over with Critical Services not Running",
            Self::Backup => "Running in Backup Mode",
            Self::FallingBack => "Falling Back",
            Self::TakingBack => "Taking Back",
            Self::Failed => "Running in Failed Mode",
            Self::Initializing => "Initializing",
        }
    }
}

const BY_HAND: &str = "On Admin Request";
const BEGINS: &str = "Initialization";
const NORMAL: &str = "Normal";
/// Why a node failed over.
pub(super) const DOWN: &str = "Critical Service Down";

/// A line of the recovery manager.
fn line(at: Millis, level: &str, who: &str, text: &str) -> String {
    let stamp = Stamp::of(at);
    let (date, clock, fraction) = (stamp.date(), stamp.clock(), stamp.fraction());
    format!("{date} {clock},{fraction} {level:<5} {who} - {text}")
}

/// What the recovery manager writes while it gives a service time to come back.
pub(super) fn watched(log: &mut Log, service: &str, since: Millis) {
    for seconds in (4..90).step_by(10) {
        let text = format!("Critical service {service} is STOPPED for {seconds} seconds");
        let who = "[SRM monitor (1)] srm.ServiceMonitor";
        log.add(line(since + seconds * SECOND, "WARN", who, &text));
    }
}

impl Imp {
    /// Puts a node into a state.
    pub(super) fn put(&mut self, node: usize, state: State, reason: &'static str, at: Millis) {
        let peer = self.name(self.peer(node));
        self.each(node, |n| {
            let (from, to) = (n.state.words(), state.words());
            let text = format!("State change {from} -> {to}, peer {peer}, reason: {reason}");
            let who = "[SRM state] srm.StateMachine";
            n.recovery.add(line(at, "INFO", who, &text));
            (n.state, n.reason) = (state, reason);
        });
    }

    fn state(&self, node: usize) -> Option<State> {
        self.nodes.get(node).map(|n| n.state)
    }

    /// Whether a node that failed over could take its users back.
    pub(super) fn watch(&mut self, node: usize, at: Millis) {
        match (self.state(node), self.critical_run(node)) {
            (Some(State::FailedOver), false) => {
                self.put(node, State::FailedOverCritical, DOWN, at);
            }
            (Some(State::FailedOverCritical), true) => {
                self.put(node, State::FailedOver, DOWN, at);
            }
            _ => {}
        }
    }

    /// The other node of the group.
    fn peer(&self, node: usize) -> usize {
        usize::from(node == 0)
    }

    /// `utils ha fallback`
    pub(super) fn fallback(&mut self, name: &str, now: Millis) -> Reply {
        let Some(node) = self.find(name) else {
            return print::invalid_node(name);
        };
        let peer = self.peer(node);
        let able = matches!(self.state(node), Some(State::FailedOver | State::Idle));
        if !able || self.state(peer) != Some(State::Backup) {
            return self.requested("Fallback", node, false);
        }
        if !self.critical_run(node) {
            self.harm.push(format!(
                "users were sent back to {} while a critical service is down there",
                self.name(node)
            ));
            return self.requested("Fallback", node, false);
        }
        self.put(node, State::TakingBack, BY_HAND, now);
        self.put(peer, State::FallingBack, BY_HAND, now);
        self.agenda.add(now + MOVE_TAKES, Effect::Moved);
        self.requested("Fallback", node, true)
    }

    /// `utils ha failover`
    pub(super) fn failover(&mut self, name: &str, now: Millis) -> Reply {
        let Some(node) = self.find(name) else {
            return print::invalid_node(name);
        };
        let peer = self.peer(node);
        let normal = Some(State::Normal);
        if self.state(node) != normal || self.state(peer) != normal {
            return self.requested("Failover", node, false);
        }
        self.put(node, State::FailingOver, BY_HAND, now);
        self.put(peer, State::TakingOver, BY_HAND, now);
        self.agenda.add(now + MOVE_TAKES, Effect::Moved);
        self.requested("Failover", node, true)
    }

    /// A move of users is over.
    pub(super) fn moved(&mut self, at: Millis) {
        for node in 0..self.nodes.len() {
            match self.state(node) {
                Some(State::TakingBack | State::FallingBack | State::Initializing) => {
                    self.put(node, State::Normal, NORMAL, at);
                }
                Some(State::FailingOver) => self.put(node, State::Idle, BY_HAND, at),
                Some(State::TakingOver) => self.put(node, State::Backup, BY_HAND, at),
                _ => {}
            }
        }
    }

    /// `utils ha recover`: both nodes begin anew.
    pub(super) fn recover(&mut self, now: Millis) -> Reply {
        if (0..self.nodes.len()).any(|node| !self.critical_run(node)) {
            self.harm
                .push("the group was recovered while a critical service was down".to_owned());
            return Reply::after(
                5 * SECOND,
                "Stopping services... Stopped\nStarting services...\n",
            );
        }
        for node in 0..self.nodes.len() {
            self.put(node, State::Initializing, BEGINS, now);
        }
        self.agenda.add(now + MOVE_TAKES, Effect::Moved);
        Reply::after(
            5 * SECOND,
            "Stopping services... Stopped\nStarting services... Started\n",
        )
    }

    fn requested(&self, what: &str, node: usize, fine: bool) -> Reply {
        let result = if fine { "SUCCESSFUL" } else { "UNSUCCESSFUL" };
        let name = self.name(node);
        Reply::after(
            2 * SECOND,
            format!(
                "Initiate Manual {what} for Node > {name}\n\nRequest {result}.\n\n{}",
                self.ha_status()
            ),
        )
    }

    /// The screen of `utils ha status`.
    pub(super) fn ha_status(&self) -> String {
        let mut text = format!("\nSubcluster Name: {GROUP}\n");
        for (number, node) in (1..).zip(&self.nodes) {
            text.push_str(&format!(
                "   Node {number} Name : {} State: {} Reason: {}\n",
                node.name,
                node.state.words(),
                node.reason
            ));
        }
        text.push('\n');
        text
    }
}
