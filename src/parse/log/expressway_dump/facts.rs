//! Events of a dump: its leaves, with what the rest of the dump says about them, and its alarms
//! among them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use super::{Dump, Kind, Leaf, MAX_TEXT, alarms};
use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::scan::{line_at, text};

const CONFIG: &str = "expressway.config";
const STATUS: &str = "expressway.status";

/// Addresses that a new system has; they tell nobody apart.
const FACTORY: [&str; 2] = ["192.168.0.100", "192.168.0.101"];

/// Words of option keys that may differ between peers: licences are pooled.
const POOLED: [&str; 6] = [
    "traversal call",
    "rich media session",
    "room system",
    "desktop system",
    "registration licen",
    "cisco room",
];

/// Hands out every event of a dump with its offset, in the order of the text.
pub(super) fn events<'l>(bytes: &'l [u8], dump: &Dump<'l>, out: &mut dyn FnMut(usize, Event<'l>)) {
    let known = Known::of(dump);
    let mut alarms = match dump.kind {
        Kind::Status => alarms::alarms(bytes, dump, known.host.as_deref()),
        Kind::Config => Vec::new(),
    };
    alarms.sort_by_key(|(at, _)| *at);
    let mut alarms = alarms.into_iter().peekable();
    for leaf in &dump.leaves {
        while let Some((at, event)) = alarms.next_if(|(at, _)| *at < leaf.start) {
            out(at, event);
        }
        out(leaf.start, known.event(bytes, dump.kind, leaf));
    }
    alarms.for_each(|(at, event)| out(at, event));
}

/// The words of a key, its numbers apart.
struct Key<'k> {
    /// Lower case, every number replaced by `#`.
    family: String,
    /// Numbers from the left.
    numbers: Vec<&'k str>,
}

impl<'k> Key<'k> {
    fn of(key: &'k str) -> Self {
        let mut family = String::with_capacity(key.len());
        let mut numbers = Vec::new();
        for word in key.split(' ') {
            if !family.is_empty() {
                family.push(' ');
            }
            if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
                numbers.push(word);
                family.push('#');
            } else {
                family.push_str(&word.to_ascii_lowercase());
            }
        }
        Self { family, numbers }
    }

    /// The family without a leading `ip`, which only some releases print.
    fn bare(&self) -> &str {
        self.family.strip_prefix("ip ").unwrap_or(&self.family)
    }

    fn number(&self) -> Option<usize> {
        self.numbers.first()?.parse().ok()
    }
}

fn is_set(value: &str) -> bool {
    !value.is_empty() && value != "0.0.0.0" && value != "::"
}

fn is_on(value: &str) -> bool {
    ["on", "true", "enabled", "yes"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

/// An address of a private range (RFC 1918, RFC 4193, link-local).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// An address or a name as names are compared.
fn folded(value: &str) -> String {
    match value.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => value.trim_end_matches('.').to_lowercase(),
    }
}

/// What a dump says as a whole.
#[derive(Debug, Default)]
struct Known {
    host: Option<String>,
    domain: Option<String>,
    /// Own addresses by number of the interface, both versions.
    own: Vec<(usize, String)>,
    /// Own address that tells it from others.
    address: Option<String>,
    /// Static NAT addresses that are in use.
    nat: BTreeSet<String>,
    /// Number of the interface to the outside.
    external: Option<usize>,
    /// Number in the list, as written.
    peers: BTreeMap<usize, String>,
    /// Place of the primary, from 1.
    primary: Option<usize>,
    enforcing: bool,
    /// It has a traversal server zone, as only an Expressway-E has.
    edge: bool,
    /// Names that the address mapping holds, if it is on.
    mapped: Option<BTreeSet<String>>,
    /// Kinds of address the system speaks, if it says so.
    protocol: Option<String>,
    /// Number of leaves of each family that have a value.
    set: HashMap<String, usize>,
    /// Descriptions of option keys that must be the same on every peer.
    options: BTreeSet<String>,
    has_traversal: bool,
}

impl Known {
    fn of(dump: &Dump<'_>) -> Self {
        let mut known = Self::default();
        let mut nat: BTreeMap<usize, (bool, Option<String>)> = BTreeMap::new();
        let (mut mapping, mut mapped) = (false, BTreeSet::new());
        for leaf in &dump.leaves {
            let key = Key::of(&leaf.key);
            let value = leaf.value.as_ref();
            if !key.numbers.is_empty() && is_set(value) {
                *known.set.entry(key.family.clone()).or_default() += 1;
            }
            let family = key.bare();
            if family.contains("mapping") {
                let last = family.rsplit(' ').next().unwrap_or_default();
                match last {
                    "mode" | "enabled" => mapping |= is_on(value),
                    "fqdn" | "name" if is_set(value) => {
                        mapped.insert(folded(value));
                    }
                    _ => {}
                }
            }
            let number = key.number();
            match dump.kind {
                Kind::Config => known.read_config(family, number, value, &mut nat),
                Kind::Status => known.read_status(family, number, value),
            }
        }
        known.nat = nat
            .into_values()
            .filter_map(|(on, address)| address.filter(|_| on))
            .collect();
        known.mapped = mapping.then_some(mapped);
        known.address = known
            .own
            .iter()
            .map(|(_, address)| address)
            .find(|address| !FACTORY.contains(&address.as_str()))
            .cloned();
        known
    }

    fn read_config(
        &mut self,
        family: &str,
        number: Option<usize>,
        value: &str,
        nat: &mut BTreeMap<usize, (bool, Option<String>)>,
    ) {
        match (family, number) {
            ("dns hostname", _) if is_set(value) => self.host = Some(value.to_owned()),
            ("dns domain name", _) if is_set(value) => self.domain = Some(folded(value)),
            ("ethernet # ip v4 address" | "ethernet # ip v6 address", Some(at))
                if is_set(value) =>
            {
                self.own.push((at, folded(value)));
            }
            ("ethernet # ip v4 staticnat mode", Some(at)) => {
                nat.entry(at).or_default().0 = is_on(value);
            }
            ("ethernet # ip v4 staticnat address", Some(at)) if is_set(value) => {
                nat.entry(at).or_default().1 = Some(folded(value));
            }
            ("external interface", _) => {
                self.external = value
                    .to_ascii_lowercase()
                    .strip_prefix("lan")
                    .and_then(|n| n.parse().ok());
            }
            ("alternates peer # address", Some(at)) if is_set(value) => {
                self.peers.insert(at, value.to_owned());
            }
            ("alternates configurationprimary" | "alternates configurationmaster", _) => {
                self.primary = value.parse().ok();
            }
            ("zones zone # type", _) => {
                self.edge |= value.eq_ignore_ascii_case("TraversalServer");
            }
            ("ipprotocol" | "protocol", _) => self.protocol = Some(value.to_ascii_lowercase()),
            _ if is_tls_verify(family) => {
                self.enforcing |= value.to_ascii_lowercase().starts_with("enforc");
            }
            _ => {}
        }
    }

    fn read_status(&mut self, family: &str, number: Option<usize>, value: &str) {
        match (family, number) {
            ("alternates peer # address" | "alternates peer # ip address", Some(at))
            | ("alternates alternate # address", Some(at))
                if is_set(value) =>
            {
                self.peers.insert(at, value.to_owned());
            }
            ("options option # description", _) if is_set(value) => {
                let about = option_name(value);
                self.has_traversal |= about == "traversal server";
                if !POOLED.iter().any(|pooled| about.contains(pooled)) {
                    self.options.insert(about);
                }
            }
            _ => {}
        }
    }

    /// Its place in the list of peers, from 1.
    fn place(&self) -> Option<usize> {
        let host = self.host.as_deref().map(str::to_lowercase);
        let full = host
            .as_ref()
            .zip(self.domain.as_ref())
            .map(|(host, domain)| format!("{host}.{domain}"));
        self.peers.iter().find_map(|(at, peer)| {
            let peer = folded(peer);
            let mine = self.own.iter().any(|(_, own)| *own == peer)
                || self.nat.contains(&peer)
                || Some(&peer) == full.as_ref()
                || Some(&peer) == host.as_ref();
            mine.then_some(*at)
        })
    }

    /// The list of peers as replication prints it.
    fn members(&self) -> Option<String> {
        let pairs: Vec<String> = self
            .peers
            .values()
            .filter(|peer| !peer.contains(['(', ')', ' ']))
            .map(|peer| format!("({peer})"))
            .collect();
        (pairs.len() == self.peers.len() && pairs.len() > 1)
            .then(|| format!("[{}]", pairs.join(", ")))
    }

    /// Place in the printed list, from 0, of the peer with this number.
    fn position(&self, number: usize) -> Option<String> {
        let at = self.peers.keys().position(|peer| *peer == number)?;
        Some(at.to_string())
    }

    fn event<'l>(&self, bytes: &'l [u8], kind: Kind, leaf: &Leaf<'l>) -> Event<'l> {
        let key = Key::of(&leaf.key);
        let value = leaf.value.as_ref();
        let mut event = Event {
            format: match kind {
                Kind::Config => CONFIG,
                Kind::Status => STATUS,
            },
            time: RawTime::None,
            line: 0,
            fields: Vec::new(),
            text: source(bytes, leaf.start, leaf.end),
        };
        event.push("key", leaf.key.clone());
        event.push("value", value.to_owned());
        event.push("folded", folded(value));
        for (name, fact) in [("host", &self.host), ("address", &self.address)] {
            if let Some(fact) = fact {
                event.push(name, fact.clone());
            }
        }
        event.push("peers", self.peers.len().to_string());
        for number in &key.numbers {
            event.push("index", (*number).to_owned());
        }
        if !key.numbers.is_empty() {
            let set = self.set.get(&key.family).copied().unwrap_or_default();
            event.push("configured", set.to_string());
        }
        match kind {
            Kind::Config => self.add_config(&key, value, &mut event),
            Kind::Status => self.add_status(&key, value, &mut event),
        }
        event
    }

    fn add_config(&self, key: &Key<'_>, value: &str, event: &mut Event<'_>) {
        let family = key.bare();
        if family == "alternates peer # address" && is_set(value) {
            self.add_peer(key.number(), value, event);
        } else if family.starts_with("zones zone #")
            && family.contains(" peer #")
            && family.ends_with(" address")
            && is_set(value)
            && self
                .peers
                .values()
                .any(|peer| folded(peer) == folded(value))
        {
            event.push("is", "cluster-peer");
        } else if is_tls_verify(family) {
            event.push("is", "tls-verify");
        }
        if let Some(kind) = system_type(family, value) {
            event.push("type", kind);
        }
    }

    fn add_peer(&self, number: Option<usize>, value: &str, event: &mut Event<'_>) {
        if number == self.peers.keys().next().copied()
            && let Some(members) = self.members()
        {
            event.push("members", members);
            let place = |at: Option<usize>| at.and_then(|at| self.position(at));
            for (name, at) in [
                ("self_index", self.place()),
                ("primary_index", self.primary),
            ] {
                if let Some(at) = place(at) {
                    event.push(name, at);
                }
            }
        }
        let peer = folded(value);
        let address = peer.parse::<IpAddr>().ok();
        let mine = number.is_some() && number == self.place();
        let yes_no = |yes| if yes { "true" } else { "false" };
        event.push("own", yes_no(mine));
        event.push("enforced", yes_no(self.enforcing));
        if self.nat.contains(&peer) {
            event.push("is", "static-nat");
        }
        let lans: BTreeSet<usize> = self.own.iter().map(|(at, _)| *at).collect();
        let outside = |(at, own): &(usize, String)| Some(*at) == self.external && *own == peer;
        if lans.len() > 1 && self.own.iter().any(outside) {
            event.push("is", "external-interface");
        }
        if self.edge && lans.len() == 1 && mine && address.is_some_and(is_private) {
            event.push("is", "private-single-interface");
        }
        let spoken = match (&self.protocol, address) {
            (Some(protocol), Some(IpAddr::V4(_))) => protocol != "ipv6",
            (Some(protocol), Some(IpAddr::V6(_))) => protocol != "ipv4",
            _ => true,
        };
        let other = |peer: &String| {
            let version = |address: IpAddr| address.is_ipv4();
            match (address, folded(peer).parse::<IpAddr>().ok()) {
                (Some(a), Some(b)) => version(a) != version(b),
                _ => false,
            }
        };
        // of a mixed list the later kind is told
        let before = self
            .peers
            .range(..number.unwrap_or(usize::MAX))
            .any(|(_, peer)| other(peer));
        if before || !spoken {
            event.push("is", "other-ip-version");
        }
        if self.enforcing
            && address.is_none()
            && self
                .mapped
                .as_ref()
                .is_some_and(|mapped| !mapped.contains(&peer))
        {
            event.push("is", "unmapped");
        }
    }

    fn add_status(&self, key: &Key<'_>, value: &str, event: &mut Event<'_>) {
        let family = key.bare();
        if matches!(family, "systemunit software version" | "version") && is_set(value) {
            event.push("version", value.to_owned());
        }
        if let Some(kind) = system_type(family, value) {
            event.push("type", kind);
        }
        if family == "options option # description" {
            if option_name(value) == "expressway series" {
                let kind = if self.has_traversal { "E" } else { "C" };
                event.push("type", kind);
            }
            if key.number() == Some(1) {
                let all: Vec<&str> = self.options.iter().map(String::as_str).collect();
                event.push("option_set", all.join(", "));
            }
        }
    }
}

/// The setting that makes peers check each other's certificates, whatever its exact key.
fn is_tls_verify(family: &str) -> bool {
    (family.starts_with("alternates ") || family.starts_with("cluster "))
        && family.replace([' ', '_'], "").contains("tlsverif")
}

/// Expressway-C or Expressway-E, where a leaf names the kind of its system.
fn system_type(family: &str, value: &str) -> Option<&'static str> {
    if !(family.starts_with("systemunit ") || family.starts_with("system ")) {
        return None;
    }
    match value
        .to_ascii_lowercase()
        .replace([' ', '-'], "")
        .trim_start_matches("cisco")
    {
        "expresswayc" | "expresswaycore" => Some("C"),
        "expresswaye" | "expresswayedge" => Some("E"),
        _ => None,
    }
}

/// What an option key gives, without the number of what it gives.
fn option_name(description: &str) -> String {
    description
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '+' || c == ' ')
        .trim()
        .to_lowercase()
}

/// A bounded copy of where something stands.
pub(super) fn source(bytes: &[u8], start: usize, end: usize) -> Cow<'_, str> {
    let whole = match bytes.get(start..end) {
        Some(whole) if !whole.is_empty() => whole,
        _ => line_at(bytes, start).0,
    };
    text(whole.get(..MAX_TEXT).unwrap_or(whole).trim_ascii())
}
