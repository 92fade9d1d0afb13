//! What stands for what. One map serves logs, captures and reports, in this run and in later ones;
//! whoever has it can undo the redaction, so it is private.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::address::{self, Mac};
use crate::model::digest::sha256_bytes;

/// Name and version of the saved form.
pub const SCHEMA: &str = "clusterdx.map/1";

/// The saved form: what every original became, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// From which everything that is not listed follows, in hexadecimal.
    pub key: String,
    /// The first half of IPv4 addresses.
    pub networks: BTreeMap<String, String>,
    /// The first 48 bits of IPv6 addresses.
    pub networks6: BTreeMap<String, String>,
    /// Addresses that were met.
    pub addresses: BTreeMap<String, String>,
    /// Hardware addresses that were met.
    pub macs: BTreeMap<String, String>,
    /// Labels of host names and domains, users, and other names; lower case.
    pub names: BTreeMap<String, String>,
}

/// What a name is of; it shows in what stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A machine.
    Host,
    /// A part of a domain.
    Site,
    /// A person or an account.
    User,
    /// Anything else: organisations, databases, clusters.
    Name,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Site => "site",
            Self::User => "user",
            Self::Name => "name",
        }
    }
}

/// The map.
#[derive(Clone, Debug)]
pub struct Map {
    key: [u8; 32],
    networks: BTreeMap<u16, u16>,
    networks6: BTreeMap<[u8; 6], [u8; 6]>,
    v4: BTreeMap<Ipv4Addr, Ipv4Addr>,
    v6: BTreeMap<Ipv6Addr, Ipv6Addr>,
    macs: BTreeMap<Mac, Mac>,
    names: BTreeMap<String, String>,
    /// Replacements, which stay as they are when they are met.
    given4: BTreeSet<Ipv4Addr>,
    given6: BTreeSet<Ipv6Addr>,
    given_macs: BTreeSet<Mac>,
    given: BTreeSet<String>,
    /// Used first halves.
    slots: BTreeSet<u16>,
    slots6: BTreeSet<[u8; 6]>,
    /// Names that may stand for nothing, because somebody has them.
    avoided: BTreeSet<String>,
    /// The next number to try, by kind and length.
    next: BTreeMap<(Kind, usize), u64>,
    next_mac: u32,
}

impl Map {
    /// An empty map; everything it will give follows from the key and the order of asking.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            networks: BTreeMap::new(),
            networks6: BTreeMap::new(),
            v4: BTreeMap::new(),
            v6: BTreeMap::new(),
            macs: BTreeMap::new(),
            names: BTreeMap::new(),
            given4: BTreeSet::new(),
            given6: BTreeSet::new(),
            given_macs: BTreeSet::new(),
            given: BTreeSet::new(),
            slots: BTreeSet::new(),
            slots6: BTreeSet::new(),
            avoided: BTreeSet::new(),
            next: BTreeMap::new(),
            next_mac: 1,
        }
    }

    /// What was saved.
    ///
    /// # Errors
    /// What in it cannot be read, or gives one thing to two.
    pub fn from_saved(saved: &Saved) -> Result<Self, String> {
        if saved.schema != SCHEMA {
            return Err(format!("its schema is '{}', not '{SCHEMA}'", saved.schema));
        }
        let key = key_of(&saved.key).ok_or("its key is not 64 hexadecimal digits")?;
        let mut map = Self::new(key);
        for (from, to) in &saved.networks {
            let (from, to) = (half(from)?, half(to)?);
            map.networks.insert(from, to);
            once(map.slots.insert(to), "networks")?;
        }
        for (from, to) in &saved.networks6 {
            let (from, to) = (site6(from)?, site6(to)?);
            map.networks6.insert(from, to);
            once(map.slots6.insert(to), "networks6")?;
        }
        for (from, to) in &saved.addresses {
            let wrong = |_| format!("'{from}' or '{to}' is no address");
            if let (Ok(from), Ok(to)) = (from.parse(), to.parse()) {
                map.v4.insert(from, to);
                once(map.given4.insert(to), "addresses")?;
                continue;
            }
            let (one, two) = (from.parse().map_err(wrong)?, to.parse().map_err(wrong)?);
            map.v6.insert(one, two);
            once(map.given6.insert(two), "addresses")?;
        }
        for (from, to) in &saved.macs {
            let wrong = || format!("'{from}' or '{to}' is no hardware address");
            let (from, to) = (Mac::parse(from), Mac::parse(to));
            let (from, to) = (from.ok_or_else(wrong)?, to.ok_or_else(wrong)?);
            map.macs.insert(from, to);
            once(map.given_macs.insert(to), "macs")?;
        }
        for (from, to) in &saved.names {
            map.names.insert(from.clone(), to.clone());
            once(map.given.insert(to.clone()), "names")?;
        }
        map.next_mac = u32::try_from(map.macs.len()).unwrap_or(u32::MAX).max(1);
        Ok(map)
    }

    /// The form to be saved.
    pub fn saved(&self) -> Saved {
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                // writing to a string cannot fail
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        let four = self.v4.iter().map(|(a, b)| (a.to_string(), b.to_string()));
        let six = self.v6.iter().map(|(a, b)| (a.to_string(), b.to_string()));
        let half = |half: &u16| format!("{}.{}", half >> 8, half & 0xff);
        Saved {
            schema: SCHEMA.to_owned(),
            key: hex(&self.key),
            networks: self
                .networks
                .iter()
                .map(|(a, b)| (half(a), half(b)))
                .collect(),
            networks6: self
                .networks6
                .iter()
                .map(|(a, b)| (hex(a), hex(b)))
                .collect(),
            addresses: four.chain(six).collect(),
            macs: self
                .macs
                .iter()
                .map(|(a, b)| (a.to_string(), b.to_string()))
                .collect(),
            names: self.names.clone(),
        }
    }

    /// Says that somebody has this name, so that it stands for nobody else's.
    pub fn avoid(&mut self, name: &str) {
        self.avoided.insert(name.to_ascii_lowercase());
    }

    /// Says that somebody has this address.
    pub fn avoid_v4(&mut self, address: Ipv4Addr) {
        let half = address::half(address);
        if !self.slots.contains(&half) && !self.given4.contains(&address) {
            self.slots.insert(half);
        }
    }

    /// Says that somebody has this address.
    pub fn avoid_v6(&mut self, address: Ipv6Addr) {
        if !self.given6.contains(&address) {
            self.slots6.insert(address::site(address));
        }
    }

    /// Bytes that follow from the key and from what they are for.
    pub fn bytes(&self, purpose: &str, of: &[u8]) -> [u8; 32] {
        let length = [u8::try_from(purpose.len()).unwrap_or(u8::MAX)];
        sha256_bytes([&self.key[..], &length, purpose.as_bytes(), of].concat())
    }

    /// Any number of such bytes.
    pub fn fill(&self, purpose: &str, of: &[u8], out: &mut [u8]) {
        for (number, part) in out.chunks_mut(32).enumerate() {
            let mut seed = of.to_vec();
            seed.extend_from_slice(&number.to_be_bytes());
            let bytes = self.bytes(purpose, &seed);
            for (to, from) in part.iter_mut().zip(bytes) {
                *to = from;
            }
        }
    }

    fn byte(&self, purpose: &str, of: &[u8]) -> u8 {
        let [byte, ..] = self.bytes(purpose, of);
        byte
    }

    /// What stands for an address. Its half, a network of 16 bits, becomes another one of its
    /// kind; the third number changes alike in all of a network, so that those of one subnet stay
    /// in one; the last number stays.
    pub fn v4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        if address::stays(address) {
            return address;
        }
        if let Some(known) = self.v4.get(&address) {
            return *known;
        }
        if self.given4.contains(&address) {
            return address;
        }
        let [_, _, third, last] = address.octets();
        let half = address::half(address);
        let [one, two] = self.network(half).to_be_bytes();
        let third = third ^ self.byte("third", &half.to_be_bytes());
        let given = Ipv4Addr::new(one, two, third, last);
        self.v4.insert(address, given);
        self.given4.insert(given);
        given
    }

    fn network(&mut self, half: u16) -> u16 {
        if let Some(known) = self.networks.get(&half) {
            return *known;
        }
        let free = |slot: &u16| !self.slots.contains(slot);
        let found = address::pool(half).find(free);
        // every network of this kind is in use: one that is no replacement yet, then
        let given: BTreeSet<u16> = self.networks.values().copied().collect();
        let slot = found
            .or_else(|| address::pool(half).find(|slot| !given.contains(slot)))
            .unwrap_or(half);
        self.networks.insert(half, slot);
        self.slots.insert(slot);
        slot
    }

    /// What stands for an address; see [`Map::v4`]. Networks have 48 bits, subnets 16.
    pub fn v6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        if let Some(inner) = address::inner(address) {
            return address::with_inner(address, self.v4(inner));
        }
        if address::stays6(address) {
            return address;
        }
        if let Some(known) = self.v6.get(&address) {
            return *known;
        }
        if self.given6.contains(&address) {
            return address;
        }
        let given = self.other6(address);
        self.v6.insert(address, given);
        self.given6.insert(given);
        given
    }

    fn other6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        let bytes = address.octets();
        let site = address::site(address);
        let local = address.is_unicast_link_local();
        let head = match local {
            true => site,
            false => self.network6(site),
        };
        let [a, b, c, d, e, f] = head;
        let [_, _, _, _, _, _, subnet @ .., _, _, _, _, _, _, _, _] = bytes;
        let [g, h] = match local {
            true => subnet,
            false => {
                let [mask, more, ..] = self.bytes("subnet", &site);
                let [g, h] = subnet;
                [g ^ mask, h ^ more]
            }
        };
        let [_, _, _, _, _, _, _, _, interface @ ..] = bytes;
        let [i, j, k, l, m, n, o, p] = self.interface(interface);
        Ipv6Addr::from([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// Interface identifiers that people gave are small and stay.
    fn interface(&self, bytes: [u8; 8]) -> [u8; 8] {
        let number = u64::from_be_bytes(bytes);
        if number < 0x1_0000 {
            return bytes;
        }
        let [a, b, c, d, e, f, g, h, ..] = self.bytes("interface", &[]);
        (number ^ u64::from_be_bytes([a | 0x40, b, c, d, e, f, g, h])).to_be_bytes()
    }

    fn network6(&mut self, site: [u8; 6]) -> [u8; 6] {
        if let Some(known) = self.networks6.get(&site) {
            return *known;
        }
        let free = |slot: &[u8; 6]| !self.slots6.contains(slot);
        let slot = address::pool6(site).find(free).unwrap_or(site);
        self.networks6.insert(site, slot);
        self.slots6.insert(slot);
        slot
    }

    /// What stands for a hardware address; those of groups stay.
    pub fn mac(&mut self, mac: Mac) -> Mac {
        if mac.stays() || self.given_macs.contains(&mac) {
            return mac;
        }
        if let Some(known) = self.macs.get(&mac) {
            return *known;
        }
        loop {
            let given = Mac::numbered(self.next_mac);
            self.next_mac = self.next_mac.wrapping_add(1);
            if !self.given_macs.contains(&given) && !self.macs.contains_key(&given) {
                self.macs.insert(mac, given);
                self.given_macs.insert(given);
                return given;
            }
        }
    }

    /// What stands for one name, in lower case, as long as it is.
    pub fn name(&mut self, name: &str, kind: Kind) -> String {
        let name = name.to_ascii_lowercase();
        if let Some(known) = self.names.get(&name) {
            return known.clone();
        }
        if name.is_empty() || self.given.contains(&name) {
            return name;
        }
        let given = self.fresh(kind, name.chars().count());
        self.names.insert(name, given.clone());
        self.given.insert(given.clone());
        given
    }

    /// What stands for a name that is in the map.
    pub fn known(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// True for what stands for a name.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// Every name with what stands for it.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.names.iter().map(|(a, b)| (a.as_str(), b.as_str()))
    }

    /// Every address with what stands for it.
    pub fn v4s(&self) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> {
        self.v4.iter().map(|(a, b)| (*a, *b))
    }

    /// Every address with what stands for it.
    pub fn v6s(&self) -> impl Iterator<Item = (Ipv6Addr, Ipv6Addr)> {
        self.v6.iter().map(|(a, b)| (*a, *b))
    }

    /// Every hardware address with what stands for it.
    pub fn all_macs(&self) -> impl Iterator<Item = (Mac, Mac)> {
        self.macs.iter().map(|(a, b)| (*a, *b))
    }

    /// A word of this length that stands for nothing yet and is nobody's.
    fn fresh(&mut self, kind: Kind, length: usize) -> String {
        let mut length = length;
        loop {
            let (word, digits) = shape(kind, length);
            let most = 36_u64.saturating_pow(u32::try_from(digits).unwrap_or(u32::MAX));
            loop {
                let number = self.next.entry((kind, length)).or_insert(1);
                let this = *number;
                if this >= most {
                    break;
                }
                *number += 1;
                let given = format!("{word}{}", base36(this, digits));
                let free = !self.given.contains(&given)
                    && !self.avoided.contains(&given)
                    && !self.names.contains_key(&given);
                if free {
                    return given;
                }
            }
            length += 1;
        }
    }
}

/// The letters in front and the number of digits behind them.
fn shape(kind: Kind, length: usize) -> (&'static str, usize) {
    let word = kind.word();
    let letters = if length > word.len() { word.len() } else { 1 };
    let letters = if length < 2 { 0 } else { letters };
    (word.get(..letters).unwrap_or(""), length - letters)
}

/// A number to the base of 36, with zeros in front; one digit alone is a letter.
fn base36(number: u64, digits: usize) -> String {
    let mut text = Vec::new();
    let mut rest = number;
    for _ in 0..digits {
        let digit = u8::try_from(rest % 36).unwrap_or(0);
        text.push(if digit < 10 {
            b'0' + digit
        } else {
            b'a' + digit - 10
        });
        rest /= 36;
    }
    text.reverse();
    text.into_iter().map(char::from).collect()
}

fn once(new: bool, table: &str) -> Result<(), String> {
    match new {
        true => Ok(()),
        false => Err(format!("in '{table}' one value stands for two")),
    }
}

fn key_of(text: &str) -> Option<[u8; 32]> {
    bytes_of(text)?.try_into().ok()
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    match rest {
        [] => pairs.iter().map(byte).collect(),
        _ => None,
    }
}

fn half(text: &str) -> Result<u16, String> {
    let wrong = || format!("'{text}' is no half of an address");
    let (one, two) = text.split_once('.').ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<u8>().map_err(|_| wrong());
    Ok(u16::from_be_bytes([number(one)?, number(two)?]))
}

fn site6(text: &str) -> Result<[u8; 6], String> {
    let bytes = bytes_of(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("'{text}' is no network of 48 bits"))
}
