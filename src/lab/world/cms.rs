//! A Meeting Server database cluster: roles, replication, schema, and what the MMP prints of them.

use super::super::clock::{MINUTE, Millis, SECOND, Stamp};
use super::{Agenda, Collected, Log, Place, Reply, Shell, Truth, World};

mod commands;
mod print;

/// The error of a failed schema upgrade, as the status shows it.
const SCHEMA_ERROR: &str = "Couldn't upgrade the schema";
const STATUS: &str = "database cluster status";
const CLEAR: &str = "database cluster clear_error";
const CLEAR_OLD: &str = "database cluster clear error";
const UPGRADE: &str = "database cluster upgrade_schema";
const REMOVE: &str = "database cluster remove";
const JOIN: &str = "database cluster join ";

/// How long an upgrade of the schema takes, and how long it tries when it cannot.
const UPGRADE_TAKES: Millis = 6 * SECOND;
const UPGRADE_GIVES_UP: Millis = MINUTE;
/// How long a node is away when it restarts, and how long others need to take its role.
const RESTART_TAKES: Millis = 2 * MINUTE;
const JOIN_TAKES: Millis = 20 * SECOND;
/// How often the watcher writes a line when nothing happens.
const BEAT: Millis = MINUTE;
/// Longest gap that is filled with such lines.
const BEATS: Millis = 30 * MINUTE;

/// What happens behind the back of who repairs the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Twist {
    /// Nothing.
    None,
    /// After the logs were collected another node becomes primary.
    PrimaryMovesAfterCollect(usize),
    /// After the logs were collected somebody else repairs it.
    RepairedAfterCollect,
    /// Once the error is cleared another node becomes primary.
    PrimaryMovesAfterClear(usize),
}

/// How a cluster starts.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Setup {
    /// The node on which the schema upgrade failed.
    pub(in crate::lab) schema_failed: Option<usize>,
    /// The ERROR line of the second node.
    pub(in crate::lab) error: Option<&'static str>,
    /// The third node lags behind.
    pub(in crate::lab) behind: bool,
    /// The second node believes to be primary as well.
    pub(in crate::lab) two_primaries: bool,
    /// Nodes know only the older spelling of the command that clears an error.
    pub(in crate::lab) old_spelling: bool,
    /// What happens later.
    pub(in crate::lab) twist: Twist,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            schema_failed: Some(0),
            error: None,
            behind: false,
            two_primaries: false,
            old_spelling: false,
            twist: Twist::None,
        }
    }
}

/// Something that happens later.
#[derive(Clone, Copy, Debug)]
enum Effect {
    UpgradeEnds { node: usize },
    NodeDown(usize),
    NodeUp(usize),
    InSync(usize),
    JoinEnds { node: usize },
}

/// Result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    Failed,
    Running,
}

#[derive(Clone, Debug)]
struct Node {
    name: &'static str,
    address: &'static str,
    /// Started so often; `None` while it is down.
    boots: Option<u32>,
    /// Boots before it went down.
    booted: u32,
    /// The node that it takes for the primary; `None` outside the cluster.
    follows: Option<usize>,
    in_sync: bool,
    error: Option<String>,
    last: (String, Outcome),
    log: Log,
}

/// The cluster.
#[derive(Debug)]
pub(in crate::lab) struct Cms {
    nodes: Vec<Node>,
    schema_done: bool,
    old_spelling: bool,
    twist: Twist,
    agenda: Agenda<Effect>,
    next_beat: Millis,
    harm: Vec<String>,
}

impl Cms {
    /// A cluster of three nodes, whose history begins half an hour before `now`.
    pub(in crate::lab) fn new(setup: &Setup, now: Millis) -> Self {
        let names = [
            ("cms1", "10.48.54.75"),
            ("cms2", "10.48.54.76"),
            ("cms3", "10.48.54.119"),
        ];
        let joined = (format!("{JOIN}10.48.54.75"), Outcome::Success);
        let nodes = names.map(|(name, address)| Node {
            name,
            address,
            boots: Some(1),
            booted: 1,
            follows: Some(0),
            in_sync: true,
            error: None,
            last: joined.clone(),
            log: Log::default(),
        });
        let start = now - BEATS;
        let mut cluster = Self {
            nodes: nodes.into(),
            schema_done: true,
            old_spelling: setup.old_spelling,
            twist: setup.twist,
            agenda: Agenda::new(),
            next_beat: start,
            harm: Vec::new(),
        };
        if let Some(first) = cluster.nodes.first_mut() {
            first.last.0 = "database cluster initialize".to_owned();
        }
        cluster.break_it(setup, start + 15 * MINUTE);
        cluster.beat(now);
        cluster
    }

    fn break_it(&mut self, setup: &Setup, at: Millis) {
        self.beat(at);
        if let Some(node) = setup.schema_failed {
            self.schema_done = false;
            self.upgrade_begins(node, at);
            self.upgrade_fails(node, at + UPGRADE_GIVES_UP);
        }
        if let (Some(error), Some(node)) = (setup.error, self.nodes.get_mut(1)) {
            node.error = Some(error.to_owned());
        }
        if setup.error.is_some() {
            self.note(1, at, "user.err", "dbcluster_watcher:  Operation Failed");
        }
        if let (true, Some(node)) = (setup.behind, self.nodes.get_mut(2)) {
            node.in_sync = false;
        }
        if let (true, Some(node)) = (setup.two_primaries, self.nodes.get_mut(1)) {
            node.follows = Some(1);
        }
    }

    fn is_primary(&self, node: usize) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|n| n.follows == Some(node))
    }

    /// Adds a line to the log of a node that is up.
    fn note(&mut self, node: usize, at: Millis, level: &str, text: &str) {
        if let Some(node) = self.nodes.get_mut(node).filter(|n| n.boots.is_some()) {
            let line = format!("{} {level} {} {text}", Stamp::of(at).bsd(), node.name);
            node.log.add(line);
        }
    }

    /// What the watchers write while nothing happens.
    fn beat(&mut self, until: Millis) {
        self.next_beat = self.next_beat.max(until - BEATS);
        while self.next_beat <= until {
            let at = self.next_beat;
            for node in 0..self.nodes.len() {
                let Some(primary) = self.nodes.get(node).and_then(|n| n.follows) else {
                    continue;
                };
                let Some(address) = self.nodes.get(primary).map(|n| n.address) else {
                    continue;
                };
                let role = format!("dbcluster_watcher:  Node {address} role primary");
                self.note(node, at, "user.info", &role);
                let other = self
                    .nodes
                    .iter()
                    .enumerate()
                    .find(|(at, n)| *at != node && n.boots.is_some() && n.follows.is_some());
                if let Some(address) = other.map(|(_, n)| n.address) {
                    let check = format!("sfpool:  Health check {address}: success (up = 1)");
                    self.note(node, at, "user.info", &check);
                }
            }
            self.next_beat += BEAT;
        }
    }

    fn finish(&mut self, node: usize, command: &str, outcome: Outcome) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.last = (command.to_owned(), outcome);
        }
    }

    fn upgrade_begins(&mut self, node: usize, at: Millis) {
        self.finish(node, UPGRADE, Outcome::Running);
        for text in print::BUILDER {
            self.note(node, at, "user.notice", &format!("schema_builder:  {text}"));
        }
        let waiting = "schema_builder:  INFO    : Waiting for database cluster to settle...";
        self.note(node, at + SECOND, "user.notice", waiting);
    }

    fn upgrade_fails(&mut self, node: usize, at: Millis) {
        self.finish(node, UPGRADE, Outcome::Failed);
        if let Some(node) = self.nodes.get_mut(node) {
            node.error = Some(SCHEMA_ERROR.to_owned());
        }
        let builder = format!("schema_builder:  ERROR   : {SCHEMA_ERROR}");
        self.note(node, at, "user.err", &builder);
        let watcher = format!("dbcluster_watcher:  Operation Failed: '{UPGRADE}'");
        self.note(node, at + SECOND, "user.err", &watcher);
    }

    fn upgrade_succeeds(&mut self, node: usize, at: Millis) {
        self.schema_done = true;
        self.finish(node, UPGRADE, Outcome::Success);
        for text in [
            "schema_builder:  INFO    : Database cluster settled",
            "schema_builder:  Schema upgrade complete",
        ] {
            self.note(node, at, "user.notice", text);
        }
        self.note(
            node,
            at,
            "user.info",
            "dbcluster_watcher:  Operation Complete",
        );
    }

    /// An upgrade works on the one primary, with every member connected and in sync.
    fn may_upgrade(&self, node: usize) -> bool {
        let primaries = (0..self.nodes.len()).filter(|n| self.is_primary(*n));
        let settled = |n: &Node| n.follows.is_none() || n.boots.is_some() && n.in_sync;
        self.is_primary(node) && primaries.count() == 1 && self.nodes.iter().all(settled)
    }

    fn primary_moves(&mut self, to: usize, at: Millis) {
        for node in self.nodes.iter_mut().filter(|n| n.follows.is_some()) {
            node.follows = Some(to);
        }
        let address = self.nodes.get(to).map_or("", |n| n.address);
        let text = format!("dbcluster_watcher:  Node {address} role primary");
        for node in 0..self.nodes.len() {
            self.note(node, at, "user.notice", &text);
        }
    }

    fn goes_down(&mut self, node: usize, at: Millis) {
        self.note(
            node,
            at,
            "daemon.notice",
            "supervisor:  System is going down",
        );
        let was_primary = self.is_primary(node);
        if let Some(node) = self.nodes.get_mut(node) {
            node.boots = None;
            node.in_sync = false;
        }
        let able = |n: &Node| n.boots.is_some() && n.follows.is_some();
        let seen = self.nodes.iter().filter(|n| able(n)).count();
        let members = self.nodes.iter().filter(|n| n.follows.is_some()).count();
        let heir = self.nodes.iter().position(able);
        // a server takes the role only where it sees more than half of all
        if let (true, Some(heir)) = (was_primary && seen * 2 > members, heir) {
            self.primary_moves(heir, at);
        }
    }

    fn comes_up(&mut self, node: usize, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.booted += 1;
            node.boots = Some(node.booted);
        }
        self.note(node, at, "daemon.notice", "supervisor:  System started");
        self.agenda.add(at + 5 * SECOND, Effect::InSync(node));
    }

    fn happens(&mut self, effect: Effect, at: Millis) {
        match effect {
            Effect::UpgradeEnds { node } if self.may_upgrade(node) => {
                self.upgrade_succeeds(node, at);
            }
            Effect::UpgradeEnds { node } => self.upgrade_fails(node, at),
            Effect::NodeDown(node) => self.goes_down(node, at),
            Effect::NodeUp(node) => self.comes_up(node, at),
            Effect::InSync(node) => {
                if let Some(node) = self.nodes.get_mut(node) {
                    node.in_sync = true;
                }
            }
            Effect::JoinEnds { node } => {
                if let Some(node) = self.nodes.get_mut(node) {
                    node.in_sync = true;
                    node.last.1 = Outcome::Success;
                }
                self.note(
                    node,
                    at,
                    "user.info",
                    "dbcluster_watcher:  Operation Complete",
                );
            }
        }
    }
}

impl World for Cms {
    fn places(&self) -> Vec<Place> {
        let place = |n: &Node| Place {
            name: n.name.to_owned(),
            address: n.address.to_owned(),
        };
        self.nodes.iter().map(place).collect()
    }

    fn shell(&self) -> Shell {
        Shell {
            banner: "Authorised users only. Everything is recorded.\r\n",
            dialect: "cms-mmp",
            page: None,
            leave: &["exit", "bye"],
        }
    }

    fn greeting(&mut self, node: usize) -> String {
        let name = self.nodes.get(node).map_or("", |n| n.name);
        format!("\nWelcome to the CMS VM\n{name} is ready\n\n")
    }

    fn prompt(&self, node: usize) -> String {
        format!("{}> ", self.nodes.get(node).map_or("cms", |n| n.name))
    }

    fn boots(&self, node: usize) -> Option<u32> {
        self.nodes.get(node)?.boots
    }

    fn command(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(reply) = self.cluster_command(node, &line, now) {
            return reply;
        }
        match line.as_str() {
            "reboot" => {
                self.restart(node, now);
                Reply::text("Rebooting...\n")
            }
            "syslog follow" => {
                let tail = self.nodes.get(node).map(|n| n.log.tail(10));
                Reply::follow(tail.unwrap_or_default(), "")
            }
            _ => print::other(&line),
        }
    }

    fn answered(&mut self, node: usize, line: &str, answer: &str, now: Millis) -> Reply {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if answer.trim() != "Y" {
            return Reply::text("Cancelled\n");
        }
        match line.as_str() {
            REMOVE => self.remove(node, now),
            _ if line.starts_with(JOIN) => self.join(node, &line, now),
            _ => Reply::text(""),
        }
    }

    fn tick(&mut self, now: Millis) {
        while let Some((at, effect)) = self.agenda.take(now) {
            self.beat(at);
            self.happens(effect, at);
        }
        self.beat(now);
    }

    fn due(&self) -> Option<Millis> {
        self.agenda.due()
    }

    fn collect(&self, _now: Millis) -> Vec<Collected> {
        let mut files = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            files.push((format!("{}/syslog", node.name), node.log.text()));
            if node.boots.is_some() {
                let prompt = self.prompt(at);
                let screen = print::status(self, at);
                let session = format!("{prompt}{STATUS}\n{screen}{prompt}\n");
                files.push((format!("{}/status.txt", node.name), session));
            }
        }
        files
    }

    fn collected(&mut self, now: Millis) {
        let twist = self.twist;
        match twist {
            Twist::PrimaryMovesAfterCollect(to) => self.primary_moves(to, now),
            Twist::RepairedAfterCollect => {
                _ = self.clear(0, CLEAR, now);
                self.upgrade_begins(0, now);
                self.upgrade_succeeds(0, now + UPGRADE_TAKES);
            }
            Twist::None | Twist::PrimaryMovesAfterClear(_) => return,
        }
        self.twist = Twist::None;
    }

    fn truth(&self) -> Truth {
        let one = (0..self.nodes.len())
            .filter(|n| self.is_primary(*n))
            .count()
            == 1;
        let settled = |n: &Node| n.boots.is_some() && n.follows.is_some() && n.in_sync;
        let clean = self.nodes.iter().all(|n| n.error.is_none() && settled(n));
        let schema = self.schema_done;
        Truth {
            repaired: one && clean && schema,
            harm: self.harm.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
