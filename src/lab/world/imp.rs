//! A redundancy group of IM and Presence: services, failover, and the sync with another cluster.

use super::super::clock::{MINUTE, Millis, SECOND};
use super::{Agenda, Collected, Log, Place, Reply, Shell, Truth, World};

mod commands;
mod ha;
mod print;
mod service;

use ha::State;
use service::{Service, Status};

const ROUTER: &str = "Cisco XCP Router";
const CHAT: &str = "Cisco XCP Text Conference Manager";
const ENGINE: &str = "Cisco Presence Engine";
const AXL: &str = "Cisco AXL Web Service";
const FEDERATION: &str = "Cisco XCP SIP Federation Connection Manager";
const AGENT: &str = "Cisco Intercluster Sync Agent";
const PROXY: &str = "Cisco SIP Proxy";

/// How long a service needs to start, and those behind the router after it.
const START_TAKES: Millis = 20 * SECOND;
const BEHIND_ROUTER: Millis = 20 * SECOND;
/// How long users need to move.
const MOVE_TAKES: Millis = 2 * MINUTE;
/// How long the first sync after a restart takes.
const SYNC_TAKES: Millis = MINUTE;
const RESTART_TAKES: Millis = 5 * MINUTE;
/// How often the agents tell of a good sync.
const BEAT: Millis = 5 * MINUTE;
/// How far the history reaches back.
const HISTORY: Millis = 30 * MINUTE;

/// How a cluster starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Broken {
    /// The router of the first node has to be restarted.
    Router,
    /// Group chat is down on the second node.
    Chat,
    /// The first node failed over, and its services are up again.
    FailedOver,
    /// The same, and after the logs were collected one of them stops.
    FailedOverAgain,
    /// The sync of the first node with the other cluster hangs.
    Sync,
    /// The sync agent of the first node has no memory left: others hold it.
    Memory,
    /// A service of the second node that is no critical one is down.
    Axl,
    /// The first node failed over, and the service that is to blame is still down.
    ServiceDown,
    /// The service manager of the first node gave a service up.
    ServiceFailed,
    /// Both nodes failed.
    FailedMode,
}

/// Something that happens later.
#[derive(Clone, Debug)]
enum Effect {
    Started {
        node: usize,
        service: String,
    },
    /// Users have moved, or the group has begun anew.
    Moved,
    Synchronised(usize),
    Down(usize),
    Up(usize),
}

#[derive(Debug)]
struct Node {
    name: &'static str,
    address: &'static str,
    boots: Option<u32>,
    booted: u32,
    services: Vec<Service>,
    state: State,
    reason: &'static str,
    /// The router runs with files that are older than its configuration.
    router_stale: bool,
    sync_stuck: bool,
    /// The processes of the proxy hold the memory that the agent needs.
    memory_short: bool,
    records: u32,
    log: Log,
    /// Log of the recovery manager.
    recovery: Log,
}

/// The cluster.
#[derive(Debug)]
pub(in crate::lab) struct Imp {
    nodes: Vec<Node>,
    agenda: Agenda<Effect>,
    next_beat: Millis,
    stops_later: bool,
    harm: Vec<String>,
}

impl Imp {
    /// A group of two nodes, whose history begins half an hour before `now`.
    pub(in crate::lab) fn new(broken: Broken, now: Millis) -> Self {
        let start = now - HISTORY;
        let nodes = [("imp1a", "10.60.1.11"), ("imp1b", "10.60.1.12")];
        let nodes = nodes.map(|(name, address)| Node {
            name,
            address,
            boots: Some(1),
            booted: 1,
            services: service::all(),
            state: State::Normal,
            reason: "Normal",
            router_stale: false,
            sync_stuck: false,
            memory_short: false,
            records: 100,
            log: Log::default(),
            recovery: Log::default(),
        });
        let mut cluster = Self {
            nodes: nodes.into(),
            agenda: Agenda::new(),
            next_beat: start,
            stops_later: false,
            harm: Vec::new(),
        };
        cluster.break_it(broken, start + 15 * MINUTE);
        cluster.beat(now);
        cluster
    }

    fn break_it(&mut self, broken: Broken, at: Millis) {
        self.beat(at);
        match broken {
            Broken::Router => {
                self.each(0, |n| n.router_stale = true);
                self.record(0, at, print::ROUTER_ALARM);
            }
            Broken::Chat => self.set(1, CHAT, Status::Stopped),
            Broken::FailedOver | Broken::FailedOverAgain => {
                self.put(0, State::FailedOver, ha::DOWN, at);
                self.put(1, State::Backup, ha::DOWN, at);
                self.stops_later = broken == Broken::FailedOverAgain;
            }
            Broken::Sync => {
                self.each(0, |n| n.sync_stuck = true);
                self.record(0, at, print::SYNC_ALARM);
            }
            Broken::Memory => {
                self.each(0, |n| (n.sync_stuck, n.memory_short) = (true, true));
                self.record(0, at, print::HEAP_ALARM);
            }
            Broken::Axl => self.set(1, AXL, Status::Stopped),
            Broken::ServiceDown => {
                self.set(0, ENGINE, Status::Stopped);
                self.each(0, |n| {
                    ha::watched(&mut n.recovery, ENGINE, at - 90 * SECOND);
                });
                self.put(0, State::FailedOverCritical, ha::DOWN, at);
                self.put(1, State::Backup, ha::DOWN, at);
            }
            Broken::ServiceFailed => {
                self.set(0, FEDERATION, Status::Stopped);
                self.record(0, at, print::failed(FEDERATION));
            }
            Broken::FailedMode => {
                for node in 0..self.nodes.len() {
                    self.put(node, State::Failed, ha::DOWN, at);
                }
            }
        }
    }

    fn each(&mut self, node: usize, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(node) {
            change(node);
        }
    }

    fn name(&self, node: usize) -> &'static str {
        self.nodes.get(node).map_or("", |n| n.name)
    }

    fn find(&self, name: &str) -> Option<usize> {
        let short = name.split('.').next().unwrap_or(name);
        self.nodes
            .iter()
            .position(|n| n.name.eq_ignore_ascii_case(short))
    }

    /// Adds a record to the log of a node.
    fn record(&mut self, node: usize, at: Millis, alarm: print::Alarm) {
        self.each(node, |n| {
            n.records += 1;
            n.log.add(print::record(n.name, n.records, alarm, at));
        });
    }

    /// What the agents write while nothing happens.
    fn beat(&mut self, until: Millis) {
        self.next_beat = self.next_beat.max(until - HISTORY);
        while self.next_beat <= until {
            let at = self.next_beat;
            for node in 0..self.nodes.len() {
                let fine = |n: &Node| {
                    n.boots.is_some() && !n.sync_stuck && n.status(AGENT) == Some(Status::Started)
                };
                if self.nodes.get(node).is_some_and(fine) {
                    self.record(node, at, print::SYNC_DONE);
                }
            }
            self.next_beat += BEAT;
        }
    }

    fn happens(&mut self, effect: Effect, at: Millis) {
        match effect {
            Effect::Started { node, service } => self.started(node, &service, at),
            Effect::Moved => self.moved(at),
            Effect::Synchronised(node) => {
                let runs = |n: &&Node| n.status(AGENT) == Some(Status::Started);
                match self.nodes.get(node).filter(runs).map(|n| n.memory_short) {
                    Some(true) => self.record(node, at, print::HEAP_ALARM),
                    Some(false) => {
                        self.each(node, |n| n.sync_stuck = false);
                        self.record(node, at, print::SYNC_DONE);
                    }
                    None => {}
                }
            }
            Effect::Down(node) => self.each(node, |n| n.boots = None),
            Effect::Up(node) => self.each(node, |n| {
                n.booted += 1;
                n.boots = Some(n.booted);
                n.router_stale = false;
            }),
        }
    }
}

impl Node {
    fn status(&self, service: &str) -> Option<Status> {
        let mut services = self.services.iter();
        services.find(|s| s.name == service).map(|s| s.status)
    }
}

impl World for Imp {
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
            dialect: "imp-admin",
            page: Some(24),
            leave: &["exit", "quit"],
        }
    }

    fn greeting(&mut self, _node: usize) -> String {
        print::GREETING.to_owned()
    }

    fn prompt(&self, _node: usize) -> String {
        "admin:".to_owned()
    }

    fn boots(&self, node: usize) -> Option<u32> {
        self.nodes.get(node)?.boots
    }

    fn command(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        self.run(node, &line, now)
    }

    fn answered(&mut self, node: usize, _line: &str, answer: &str, now: Millis) -> Reply {
        if !answer.trim().eq_ignore_ascii_case("y") {
            return Reply::text("Cancelled\n");
        }
        self.agenda.add(now + SECOND, Effect::Down(node));
        self.agenda.add(now + RESTART_TAKES, Effect::Up(node));
        Reply::text("The system is going down for restart\n")
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
        for (at, node) in self.nodes.iter().enumerate() {
            files.push((format!("{}/CiscoSyslog", node.name), node.log.text()));
            if !node.recovery.is_empty() {
                files.push((format!("{}/srm.log", node.name), node.recovery.text()));
            }
            if node.boots.is_some() {
                let session = print::session(self, at, now);
                files.push((format!("{}/cli.txt", node.name), session));
            }
        }
        files
    }

    fn collected(&mut self, _now: Millis) {
        if std::mem::take(&mut self.stops_later) {
            self.set(0, ENGINE, Status::Stopped);
        }
    }

    fn truth(&self) -> Truth {
        let fine = |n: &Node| {
            n.boots.is_some()
                && n.state == State::Normal
                && !n.router_stale
                && !n.sync_stuck
                && n.services.iter().all(Service::is_fine)
        };
        Truth {
            repaired: self.nodes.iter().all(fine),
            harm: self.harm.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
