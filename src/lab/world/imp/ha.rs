//! The redundancy group: who serves whose users, and what moves them.

use super::super::Reply;
use super::{Effect, Imp, MOVE_TAKES, print};
use crate::lab::clock::{Millis, SECOND};

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
        }
    }
}

const BY_HAND: &str = "On Admin Request";

impl Imp {
    /// Puts a node into a state.
    pub(super) fn put(&mut self, node: usize, state: State, reason: &'static str) {
        self.each(node, |n| (n.state, n.reason) = (state, reason));
    }

    fn state(&self, node: usize) -> Option<State> {
        self.nodes.get(node).map(|n| n.state)
    }

    /// Whether a node that failed over could take its users back.
    pub(super) fn watch(&mut self, node: usize) {
        match (self.state(node), self.critical_run(node)) {
            (Some(State::FailedOver), false) => {
                self.put(node, State::FailedOverCritical, "Critical Service Down");
            }
            (Some(State::FailedOverCritical), true) => {
                self.put(node, State::FailedOver, "Critical Service Down");
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
        self.put(node, State::TakingBack, BY_HAND);
        self.put(peer, State::FallingBack, BY_HAND);
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
        self.put(node, State::FailingOver, BY_HAND);
        self.put(peer, State::TakingOver, BY_HAND);
        self.agenda.add(now + MOVE_TAKES, Effect::Moved);
        self.requested("Failover", node, true)
    }

    /// A move of users is over.
    pub(super) fn moved(&mut self) {
        for node in 0..self.nodes.len() {
            match self.state(node) {
                Some(State::TakingBack | State::FallingBack) => {
                    self.put(node, State::Normal, "Normal");
                }
                Some(State::FailingOver) => self.put(node, State::Idle, BY_HAND),
                Some(State::TakingOver) => self.put(node, State::Backup, BY_HAND),
                _ => {}
            }
        }
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
