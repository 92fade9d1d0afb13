//! An Expressway cluster: alarms, keys, configuration and restarts, and what the command line
//! prints of them.

use std::collections::BTreeMap;

use super::super::clock::{MINUTE, Millis, SECOND};
use super::{Agenda, Collected, Log, Place, Reply, Shell, Truth, World};

mod commands;
mod print;

/// The configuration primary; it stays the same.
const PRIMARY: usize = 0;

/// How long a restart takes.
const RESTART_TAKES: Millis = 3 * MINUTE;
/// How long a new key or a copied configuration needs to reach everybody.
const KEY_TAKES: Millis = MINUTE;
const COPY_TAKES: Millis = 2 * MINUTE;
const REPLICATION_TAKES: Millis = 30 * SECOND;
/// How often peers synchronise.
const BEAT: Millis = 2 * MINUTE;
/// How far the history reaches back.
const HISTORY: Millis = 30 * MINUTE;

/// Numbers of alarms.
const KEY_FILE: u32 = 40055;
const CONFLICT: u32 = 20011;
const RESTART: u32 = 20007;
const DATABASE: u32 = 15005;
const INCONSISTENT: u32 = 20024;
const H323: u32 = 20018;
const PEER_CONFIG: u32 = 20014;
const SYNC: u32 = 20025;
const DATABASE_LINK: u32 = 20006;
/// Alarms that a restart of the node takes away.
const GONE_WITH_RESTART: [u32; 2] = [RESTART, PEER_CONFIG];

/// How a cluster starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Broken {
    /// One subordinate could not update its key file.
    KeyFile,
    /// No peer could.
    KeyFileEverywhere,
    /// A subordinate's configuration conflicts with the primary's.
    Conflict,
    /// The same, and the primary's database fails.
    ConflictSickPrimary,
    /// The cluster configuration was changed; nobody has restarted yet.
    Restart,
    /// All peer addresses of a subordinate were cleared.
    ResetArmed,
    /// A single system could not update its key file.
    KeyFileAlone,
    /// H.323 is off everywhere.
    H323Off,
    /// A subordinate does not find the configuration of its peers.
    PeerConfigMissing,
    /// The database of a subordinate does not synchronise any more.
    SyncFailed,
    /// A subordinate ran on alone for a while, and so did the others.
    Split,
}

/// Something that happens later.
#[derive(Clone, Copy, Debug)]
enum Effect {
    Down(usize),
    Up(usize),
    KeySpread { from: usize },
    Copied(usize),
    Replicated,
}

#[derive(Clone, Debug)]
struct Node {
    name: &'static str,
    address: &'static str,
    boots: Option<u32>,
    booted: u32,
    up_since: Millis,
    key_bad: bool,
    /// It has the configuration that its cluster is to have.
    current: bool,
    /// The peer addresses are still there.
    listed: bool,
    /// It was reset to factory settings.
    reset: bool,
    h323: bool,
    /// Peers that it ran on without; what both wrote meanwhile differs.
    apart_from: Vec<usize>,
    /// It has not started anew since.
    apart: bool,
    alarms: BTreeMap<u32, Millis>,
    log: Log,
}

/// The cluster.
#[derive(Debug)]
pub(in crate::lab) struct Expressway {
    nodes: Vec<Node>,
    agenda: Agenda<Effect>,
    next_beat: Millis,
    harm: Vec<String>,
}

impl Expressway {
    /// A cluster of three peers, whose history begins half an hour before `now`.
    pub(in crate::lab) fn new(broken: Broken, now: Millis) -> Self {
        let start = now - HISTORY;
        let names = [
            ("expc01", "10.15.13.15"),
            ("expc02", "10.15.13.16"),
            ("expc03", "10.15.13.17"),
        ];
        let nodes = names.map(|(name, address)| Node {
            name,
            address,
            boots: Some(1),
            booted: 1,
            up_since: start - 20 * 24 * 60 * MINUTE,
            key_bad: false,
            current: true,
            listed: true,
            reset: false,
            h323: true,
            apart_from: Vec::new(),
            apart: false,
            alarms: BTreeMap::new(),
            log: Log::default(),
        });
        let mut cluster = Self {
            nodes: nodes.into(),
            agenda: Agenda::new(),
            next_beat: start,
            harm: Vec::new(),
        };
        cluster.break_it(broken, start + 15 * MINUTE);
        cluster.beat(now);
        cluster
    }

    fn break_it(&mut self, broken: Broken, at: Millis) {
        if broken != Broken::KeyFileAlone {
            self.beat(at);
        }
        match broken {
            Broken::KeyFile => self.key_fails(1, at),
            Broken::KeyFileEverywhere => {
                for node in 0..self.nodes.len() {
                    self.key_fails(node, at + SECOND * Millis::try_from(node).unwrap_or(0));
                }
            }
            Broken::Conflict => self.conflicts(1, at),
            Broken::ConflictSickPrimary => {
                self.raise(PRIMARY, DATABASE, at);
                self.conflicts(1, at + SECOND);
            }
            Broken::Restart => {
                for node in 0..2 {
                    self.raise(node, RESTART, at);
                }
            }
            Broken::ResetArmed => self.clear_addresses(1, at),
            Broken::KeyFileAlone => {
                self.nodes.truncate(1);
                self.key_fails(PRIMARY, at);
            }
            Broken::H323Off => {
                for node in 0..self.nodes.len() {
                    if let Some(node) = self.nodes.get_mut(node) {
                        node.h323 = false;
                    }
                    self.raise(node, H323, at + SECOND);
                }
            }
            Broken::PeerConfigMissing => self.raise(1, PEER_CONFIG, at),
            Broken::SyncFailed => self.raise(PRIMARY, SYNC, at),
            Broken::Split => self.splits(1, at),
        }
    }

    fn key_fails(&mut self, node: usize, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.key_bad = true;
        }
        self.raise(node, KEY_FILE, at);
    }

    fn conflicts(&mut self, node: usize, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.current = false;
        }
        self.raise(node, CONFLICT, at);
    }

    fn clear_addresses(&mut self, node: usize, at: Millis) {
        let addresses: Vec<&str> = self.nodes.iter().map(|n| n.address).collect();
        if let Some(node) = self.nodes.get_mut(node) {
            node.listed = false;
            for (number, address) in (1..).zip(addresses) {
                node.log
                    .add(print::address_cleared(node.name, number, address, at));
            }
        }
        self.raise(node, RESTART, at + SECOND);
    }

    /// The network heals after a node and all the others ran on without each other.
    fn splits(&mut self, alone: usize, at: Millis) {
        let names: Vec<&str> = self.nodes.iter().map(|n| n.name).collect();
        for number in 0..self.nodes.len() {
            if let Some(node) = self.nodes.get_mut(number) {
                node.apart = true;
                for (peer, name) in names.iter().enumerate() {
                    if peer != number && (peer == alone || number == alone) {
                        node.apart_from.push(peer);
                        for line in print::database_split(node.name, name, at) {
                            node.log.add(line);
                        }
                    }
                }
            }
            self.raise(number, DATABASE_LINK, at + SECOND);
        }
    }

    /// A link is there again when the nodes at both its ends have started anew.
    fn joins(&mut self, node: usize, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.apart = false;
        }
        let apart: Vec<bool> = self.nodes.iter().map(|n| n.apart).collect();
        let is_apart = |node: &usize| apart.get(*node).copied().unwrap_or_default();
        for number in 0..self.nodes.len() {
            if let Some(node) = self.nodes.get_mut(number)
                && !node.apart
            {
                node.apart_from.retain(is_apart);
                if node.apart_from.is_empty() {
                    self.lower(number, DATABASE_LINK, at);
                }
            }
        }
    }

    fn raise(&mut self, node: usize, alarm: u32, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node)
            && node.alarms.insert(alarm, at).is_none()
        {
            node.log.add(print::alarm(node.name, alarm, true, at));
        }
    }

    fn lower(&mut self, node: usize, alarm: u32, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node)
            && node.alarms.remove(&alarm).is_some()
        {
            node.log.add(print::alarm(node.name, alarm, false, at));
        }
    }

    fn has(&self, node: usize, alarm: u32) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|n| n.alarms.contains_key(&alarm))
    }

    fn is_up(&self, node: usize) -> bool {
        self.boots(node).is_some()
    }

    /// What the peers write while they synchronise.
    fn beat(&mut self, until: Millis) {
        self.next_beat = self.next_beat.max(until - HISTORY);
        while self.next_beat <= until {
            let at = self.next_beat;
            let peers: Vec<(&str, &str)> = self.nodes.iter().map(|n| (n.address, n.name)).collect();
            for (number, node) in self.nodes.iter_mut().enumerate() {
                if peers.len() < 2 || node.boots.is_none() || !node.listed || node.reset {
                    continue;
                }
                for line in print::synchronisation(node.name, number, &peers, at) {
                    node.log.add(line);
                }
            }
            self.next_beat += BEAT;
        }
    }

    /// The key of a node is copied to all others; a bad one as well as a good one.
    fn update_key(&mut self, node: usize, now: Millis) -> Reply {
        let alone = self.nodes.len() == 1;
        let bad = self.nodes.get(node).is_some_and(|n| n.key_bad);
        if bad && !alone {
            let name = self.nodes.get(node).map_or("", |n| n.name);
            self.harm.push(format!("the bad key of {name} was spread"));
        }
        self.agenda
            .add(now + KEY_TAKES, Effect::KeySpread { from: node });
        print::done("ForceSystemKeyUpdateResult")
    }

    fn key_arrives(&mut self, from: usize, at: Millis) {
        // a single system makes its key anew
        let alone = self.nodes.len() == 1;
        let bad = !alone && self.nodes.get(from).is_none_or(|n| n.key_bad);
        for node in 0..self.nodes.len() {
            if !self.is_up(node) {
                continue;
            }
            if let Some(node) = self.nodes.get_mut(node) {
                node.key_bad = bad;
            }
            if bad {
                self.raise(node, KEY_FILE, at);
            } else {
                self.lower(node, KEY_FILE, at);
            }
        }
    }

    /// A subordinate's configuration is deleted and replaced by the primary's.
    fn update_configuration(&mut self, node: usize, now: Millis) -> Reply {
        if node == PRIMARY {
            self.harm
                .push("the configuration of the primary was destroyed".to_owned());
        } else if self.has(PRIMARY, DATABASE) || !self.is_up(PRIMARY) {
            self.harm
                .push("the configuration of a sick primary was copied".to_owned());
        }
        self.agenda.add(now + COPY_TAKES, Effect::Copied(node));
        print::done("ForceConfigUpdateResult")
    }

    fn copied(&mut self, node: usize, at: Millis) {
        if node == PRIMARY || self.has(PRIMARY, DATABASE) || !self.is_up(PRIMARY) {
            self.raise(node, INCONSISTENT, at);
            return;
        }
        if let Some(node) = self.nodes.get_mut(node) {
            node.current = true;
        }
        self.lower(node, CONFLICT, at);
    }

    fn restart(&mut self, node: usize, now: Millis) -> Reply {
        self.judge_restart(node);
        self.agenda.add(now + 3 * SECOND, Effect::Down(node));
        self.agenda.add(now + RESTART_TAKES, Effect::Up(node));
        print::done("RestartResult")
    }

    /// Whether it is a good moment for a node to restart.
    fn judge_restart(&mut self, node: usize) {
        let Some(this) = self.nodes.get(node) else {
            return;
        };
        if !this.listed {
            self.harm
                .push(format!("{} was reset to factory settings", this.name));
            return;
        }
        let away = self.nodes.iter().any(|n| n.boots.is_none());
        if away {
            self.harm
                .push(format!("{} restarted while a peer was away", this.name));
        } else if node != PRIMARY && self.is_primary_old() {
            self.harm
                .push(format!("{} took control with old data", this.name));
        }
    }

    /// The primary has to restart before any other peer.
    fn is_primary_old(&self) -> bool {
        self.has(PRIMARY, RESTART) || self.nodes.get(PRIMARY).is_some_and(|n| n.apart)
    }

    fn goes_down(&mut self, node: usize, at: Millis) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.log.add(print::event(node.name, "System Restart", at));
            node.boots = None;
        }
    }

    fn comes_up(&mut self, node: usize, at: Millis) {
        let stale = node != PRIMARY && self.is_primary_old();
        if let Some(node) = self.nodes.get_mut(node) {
            node.booted += 1;
            node.boots = Some(node.booted);
            node.up_since = at;
            node.reset |= !node.listed;
            node.log.add(print::event(node.name, "System Start", at));
        }
        let reset = self.nodes.get(node).is_some_and(|n| n.reset);
        if reset {
            return;
        }
        for alarm in GONE_WITH_RESTART {
            self.lower(node, alarm, at + SECOND);
        }
        if node == 1 {
            self.lower(PRIMARY, SYNC, at + SECOND);
        }
        if !stale {
            self.joins(node, at + SECOND);
        }
        if stale {
            for peer in 0..self.nodes.len() {
                self.raise(peer, INCONSISTENT, at + SECOND);
            }
        }
    }

    /// Addresses of the peers; a single system has none.
    fn peers(&self) -> Vec<&'static str> {
        let several = self.nodes.len() > 1;
        let nodes = self.nodes.iter().filter(|_| several);
        nodes.map(|n| n.address).collect()
    }

    /// Turns H.323 on. What a subordinate is told the primary takes back.
    fn turn_on_h323(&mut self, node: usize, now: Millis) -> Reply {
        if node != PRIMARY {
            self.harm
                .push("the configuration of a subordinate was changed".to_owned());
        }
        if let Some(node) = self.nodes.get_mut(node) {
            node.h323 = true;
        }
        self.agenda.add(now + REPLICATION_TAKES, Effect::Replicated);
        Reply::after(SECOND / 2, "\n\nOK\n\n")
    }

    fn replicated(&mut self, at: Millis) {
        let on = self.nodes.get(PRIMARY).is_some_and(|n| n.h323);
        for node in 0..self.nodes.len() {
            if let Some(node) = self.nodes.get_mut(node) {
                node.h323 = on;
            }
            if on {
                self.lower(node, H323, at);
            }
        }
    }

    fn happens(&mut self, effect: Effect, at: Millis) {
        match effect {
            Effect::Replicated => self.replicated(at),
            Effect::Down(node) => self.goes_down(node, at),
            Effect::Up(node) => self.comes_up(node, at),
            Effect::KeySpread { from } => self.key_arrives(from, at),
            Effect::Copied(node) => self.copied(node, at),
        }
    }
}

impl World for Expressway {
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
            dialect: "expressway-admin",
            page: None,
            leave: &["bye", "exit"],
        }
    }

    fn greeting(&mut self, _node: usize) -> String {
        "\nCisco Expressway X14.0.7\nSW Release Date: 2022-05-18\n\nOK\n\n".to_owned()
    }

    fn prompt(&self, _node: usize) -> String {
        String::new()
    }

    fn boots(&self, node: usize) -> Option<u32> {
        self.nodes.get(node)?.boots
    }

    fn command(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        self.run(node, line, now)
    }

    fn answered(&mut self, _node: usize, _line: &str, _answer: &str, _now: Millis) -> Reply {
        Reply::text("")
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

    fn collect(&self, now: Millis) -> Vec<Collected> {
        let mut files = Vec::new();
        let peers = self.peers();
        for (number, node) in self.nodes.iter().enumerate() {
            let path = |name: &str| format!("{}/{name}_{}.txt", node.name, node.name);
            files.push((path("loggingsnapshot"), node.log.text()));
            if node.boots.is_some() {
                files.push((path("xconf_dump"), print::configuration(node, &peers)));
                let status = print::status(self, number, now);
                files.push((path("xstat_dump"), status));
            }
        }
        files
    }

    fn collected(&mut self, _now: Millis) {}

    fn truth(&self) -> Truth {
        let fine = |n: &Node| {
            n.boots.is_some()
                && n.alarms.is_empty()
                && n.current
                && n.listed
                && !n.key_bad
                && !n.reset
                && !n.apart
        };
        Truth {
            repaired: self.nodes.iter().all(fine),
            harm: self.harm.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
