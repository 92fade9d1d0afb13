//! Commands of the platform command line.

use super::super::Reply;
use super::{Imp, ha, print};
use crate::lab::clock::{Millis, SECOND};

impl Imp {
    /// Runs a command, its words apart by single blanks.
    pub(super) fn run(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        if let Some(rest) = line.strip_prefix("utils service ") {
            return self.service_command(node, rest, now);
        }
        if let Some(rest) = line.strip_prefix("utils ha ") {
            return self.ha_command(rest, now);
        }
        let words: Vec<&str> = line.split(' ').collect();
        let text = match words.as_slice() {
            ["show", "status"] => print::show_status(self.name(node), now),
            ["show", "network", "eth0"] => {
                print::show_network(self.nodes.get(node).map_or("", |n| n.address))
            }
            ["show", "network", "cluster"] => print::show_cluster(self),
            ["show", "version", "active"] => print::VERSION.to_owned(),
            ["show", "hardware"] => print::HARDWARE.to_owned(),
            ["utils", "dbreplication", "runtimestate"] => print::replication(self, node),
            ["utils", "diagnose", "test"] => print::DIAGNOSE.to_owned(),
            ["utils", "ntp", "status"] => print::NTP.to_owned(),
            ["utils", "network", "ping" | "host", host] => {
                return Reply::after(SECOND, print::reach(host));
            }
            ["utils", "system", "restart"] => {
                return Reply::ask("The system will restart. Continue (y/n)?");
            }
            _ => return print::unknown(),
        };
        Reply::after(SECOND / 2, text)
    }

    fn service_command(&mut self, node: usize, rest: &str, now: Millis) -> Reply {
        match rest.split_once(' ') {
            None | Some((_, "page")) if rest.starts_with("list") => {
                Reply::after(SECOND, print::services(self, node))
            }
            Some(("start", service)) => self.start(node, service, now),
            Some(("stop", service)) => self.stop(node, service, now),
            Some(("restart", service)) => self.restart_service(node, service, now),
            _ => print::unknown(),
        }
    }

    fn ha_command(&mut self, rest: &str, now: Millis) -> Reply {
        let words: Vec<&str> = rest.split(' ').collect();
        match words.as_slice() {
            ["status"] => Reply::after(SECOND, self.ha_status()),
            ["status", group] if *group == ha::GROUP => Reply::after(SECOND, self.ha_status()),
            ["fallback", name] => self.fallback(name, now),
            ["failover", name] => self.failover(name, now),
            ["recover", group] if *group == ha::GROUP => self.recover(now),
            _ => print::unknown(),
        }
    }
}
