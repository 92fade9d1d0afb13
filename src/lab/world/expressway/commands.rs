//! Commands of an Expressway. There is no prompt: every answer ends with `OK` or `ERROR`.

use super::super::Reply;
use super::{Expressway, print};
use crate::lab::clock::{Millis, SECOND};

/// What is asked, in the words of the product without their case.
fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect()
}

impl Expressway {
    /// Runs a command.
    pub(super) fn run(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        let words = words(line);
        let mut words = words.iter().map(String::as_str);
        match words.next() {
            Some("xcommand") => {
                let rest: Vec<&str> = words.collect();
                self.order(node, &rest, now)
            }
            Some("xstatus") => {
                let way: Vec<&str> = words.collect();
                self.show_status(node, &way, now)
            }
            Some("xconfiguration") => {
                let way = line.split_whitespace().skip(1).collect::<Vec<_>>();
                let way = way.join(" ");
                if way.eq_ignore_ascii_case("H323 Mode: On") {
                    return self.turn_on_h323(node, now);
                }
                self.show_configuration(node, &way)
            }
            _ => print::unknown(),
        }
    }

    fn order(&mut self, node: usize, words: &[&str], now: Millis) -> Reply {
        match words {
            ["restart" | "boot"] => self.restart(node, now),
            ["forcesystemkeyupdate"] => self.update_key(node, now),
            ["forceconfigupdate"] => self.update_configuration(node, now),
            ["ping", "hostname:", host] => {
                let host = host.trim_matches('"');
                let up = |n: &super::Node| {
                    n.boots.is_some() && (n.address == host || n.name.eq_ignore_ascii_case(host))
                };
                let answers = self.nodes.iter().any(up);
                Reply::after(SECOND, print::ping(host, answers))
            }
            _ => print::unknown(),
        }
    }

    fn show_status(&self, node: usize, way: &[&str], now: Millis) -> Reply {
        let text = match way {
            [] => print::status(self, node, now),
            ["systemunit"] => print::system_unit(self, node, now),
            ["alternates"] => print::alternates(self, node),
            ["alarm" | "alarms"] => print::alarms(self, node),
            ["cluster"] => print::cluster(self, node),
            ["h323"] => {
                "*s H323: /\n  Registration: /\n    Status: \"Active\"\n*s/end\n".to_owned()
            }
            _ => return print::unknown(),
        };
        Reply::after(SECOND / 5, format!("\n{text}\nOK\n\n"))
    }

    /// A way prints everything below it; with a value behind a colon it would set it.
    fn show_configuration(&self, node: usize, way: &str) -> Reply {
        let Some(this) = self.nodes.get(node) else {
            return print::unknown();
        };
        if way.contains(':') {
            return Reply::text("\nERROR: this value is set on the web interface\n\n");
        }
        let peers = self.peers();
        let all = print::configuration(this, &peers);
        let asked = format!("*c xConfiguration {way}").to_ascii_lowercase();
        let below = |line: &&str| {
            let rest = line.to_ascii_lowercase();
            let rest = rest.strip_prefix(asked.trim_end()).map(str::to_owned);
            rest.is_some_and(|rest| rest.starts_with([' ', ':']))
        };
        let found: Vec<&str> = all.lines().filter(below).collect();
        if found.is_empty() {
            return print::unknown();
        }
        Reply::text(format!("\n{}\n\nOK\n\n", found.join("\n")))
    }
}
