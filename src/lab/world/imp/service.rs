//! Services, how they start and stop, and what hangs on what.

use super::super::Reply;
use super::{AGENT, BEHIND_ROUTER, Effect, Imp, PROXY, ROUTER, START_TAKES, SYNC_TAKES, print};
use crate::lab::clock::{Millis, SECOND};

/// Services in the order of the list.
const NAMES: [&str; 27] = [
    "System SSH",
    "Cluster Manager",
    "A Cisco DB",
    "A Cisco DB Replicator",
    "Cisco AXL Web Service",
    "Cisco Client Profile Agent",
    "Cisco Config Agent",
    "Cisco IM and Presence Data Monitor",
    "Cisco Intercluster Sync Agent",
    "Cisco Login Datastore",
    "Cisco OAM Agent",
    "Cisco Presence Datastore",
    "Cisco Presence Engine",
    "Cisco Route Datastore",
    "Cisco SIP Proxy",
    "Cisco SIP Registration Datastore",
    "Cisco Server Recovery Manager",
    "Cisco Sync Agent",
    "Cisco Tomcat",
    "Cisco XCP Authentication Service",
    "Cisco XCP Config Manager",
    "Cisco XCP Connection Manager",
    "Cisco XCP Router",
    "Cisco XCP Text Conference Manager",
    "Cisco XCP Message Archiver",
    "Cisco XCP SIP Federation Connection Manager",
    "Cisco XCP XMPP Federation Connection Manager",
];
/// So many of the last ones were never activated.
const NOT_ACTIVATED: usize = 3;

/// Services whose loss makes a node fail over.
const CRITICAL: [&str; 8] = [
    "A Cisco DB",
    "Cisco Presence Engine",
    "Cisco SIP Proxy",
    "Cisco XCP Authentication Service",
    "Cisco XCP Config Manager",
    "Cisco XCP Connection Manager",
    "Cisco XCP Router",
    "Cisco XCP Text Conference Manager",
];

/// How a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Started,
    Starting,
    Stopped,
    NotActivated,
}

/// A service of a node.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) status: Status,
}

impl Service {
    /// It runs, unless nobody wants it to.
    pub(super) fn is_fine(&self) -> bool {
        matches!(self.status, Status::Started | Status::NotActivated)
    }

    /// Its line in the list.
    pub(super) fn line(&self) -> String {
        let state = match self.status {
            Status::Started => "[STARTED]",
            Status::Starting => "[STARTING]",
            Status::Stopped => "[STOPPED]  Commanded Out of Service",
            Status::NotActivated => "[STOPPED]  Service Not Activated",
        };
        format!("{}{state}\n", self.name)
    }
}

/// The services of a healthy node.
pub(super) fn all() -> Vec<Service> {
    let active = NAMES.len() - NOT_ACTIVATED;
    let service = |(at, name): (usize, &&'static str)| Service {
        name,
        status: if at < active {
            Status::Started
        } else {
            Status::NotActivated
        },
    };
    NAMES.iter().enumerate().map(service).collect()
}

/// True for services that come and go with the router.
fn is_behind_router(name: &str) -> bool {
    name.starts_with("Cisco XCP ") && name != ROUTER && name != "Cisco XCP Config Manager"
}

impl Imp {
    /// Sets a service of a node.
    pub(super) fn set(&mut self, node: usize, service: &str, status: Status) {
        self.each(node, |n| {
            for of in n.services.iter_mut().filter(|s| s.name == service) {
                of.status = status;
            }
        });
    }

    /// True when every critical service of a node runs.
    pub(super) fn critical_run(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|n| {
            let runs = |name: &&str| n.status(name) == Some(Status::Started);
            CRITICAL.iter().all(runs)
        })
    }

    /// The services of a node that stand behind its router and were activated.
    fn behind_router(&self, node: usize) -> Vec<&'static str> {
        let services = self.nodes.get(node).map_or(&[][..], |n| &n.services);
        let wanted = |s: &&Service| is_behind_router(s.name) && s.status != Status::NotActivated;
        services.iter().filter(wanted).map(|s| s.name).collect()
    }

    fn begins(&mut self, node: usize, service: &str, due: Millis) {
        self.set(node, service, Status::Starting);
        let service = service.to_owned();
        self.agenda.add(due, Effect::Started { node, service });
    }

    /// A service is up.
    pub(super) fn started(&mut self, node: usize, service: &str, at: Millis) {
        self.set(node, service, Status::Started);
        self.record(node, at, print::started(service));
        if service == ROUTER {
            self.each(node, |n| n.router_stale = false);
        }
        if service == PROXY {
            self.each(node, |n| n.memory_short = false);
        }
        if service == AGENT {
            self.agenda.add(at + SYNC_TAKES, Effect::Synchronised(node));
        }
        self.watch(node, at);
    }

    /// `utils service start`
    pub(super) fn start(&mut self, node: usize, service: &str, now: Millis) -> Reply {
        match self.nodes.get(node).and_then(|n| n.status(service)) {
            None => print::invalid_service(service),
            Some(Status::NotActivated) => Reply::after(
                SECOND,
                format!("{service}[STOPPED]  Service Not Activated\n"),
            ),
            Some(Status::Started) => Reply::after(SECOND, format!("{service}[STARTED]\n")),
            Some(Status::Starting) => Reply::after(SECOND, format!("{service}[STARTING]\n")),
            Some(Status::Stopped) => {
                let router = self.nodes.get(node).and_then(|n| n.status(ROUTER));
                if is_behind_router(service) && router == Some(Status::Stopped) {
                    return Reply::after(
                        SECOND,
                        format!("{service}[STOPPED]  Component is not running\n"),
                    );
                }
                self.begins(node, service, now + START_TAKES);
                print::starting(service, START_TAKES)
            }
        }
    }

    /// `utils service stop`; what stands behind the router stops with it.
    pub(super) fn stop(&mut self, node: usize, service: &str, now: Millis) -> Reply {
        match self.nodes.get(node).and_then(|n| n.status(service)) {
            None => return print::invalid_service(service),
            Some(Status::NotActivated | Status::Stopped) => {}
            Some(Status::Started | Status::Starting) => {
                self.set(node, service, Status::Stopped);
                if service == ROUTER {
                    let name = self.name(node);
                    self.harm.push(format!(
                        "{ROUTER} of {name} was stopped instead of restarted"
                    ));
                    for behind in self.behind_router(node) {
                        self.set(node, behind, Status::Stopped);
                    }
                }
                self.watch(node, now);
            }
        }
        Reply::after(
            5 * SECOND,
            format!("{service}[STOPPING]\n{service}[STOPPED]  Commanded Out of Service\n"),
        )
    }

    /// `utils service restart`; with the router all that stands behind it restarts.
    pub(super) fn restart_service(&mut self, node: usize, service: &str, now: Millis) -> Reply {
        match self.nodes.get(node).and_then(|n| n.status(service)) {
            None => return print::invalid_service(service),
            Some(Status::NotActivated) => return self.start(node, service, now),
            Some(_) => {}
        }
        self.begins(node, service, now + START_TAKES);
        if service == ROUTER {
            for behind in self.behind_router(node) {
                self.begins(node, behind, now + START_TAKES + BEHIND_ROUTER);
            }
        }
        print::restarting(service, START_TAKES)
    }
}
