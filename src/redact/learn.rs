//! What is a name here: told by fields of records, by certificates, and by shapes in the text.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use regex::bytes::Regex;

use super::address::{self, Found, Mac};
use super::lexicon::{Entry, Lexicon};
use super::map::{Kind, Map};
use super::names;
use super::secret::{HIDDEN, Secrets};
use super::shapes::{HOSTS, OTHERS, SHAPES, Shape, USERS};
use super::text::Redactor;
use super::vocabulary::Vocabulary;
use crate::model::event::Event;

/// Tokens with dots that are kept until all domains are known.
const CANDIDATES: usize = 500_000;
/// Least length of a secret that is looked for elsewhere, too.
const SECRET: usize = 6;

/// Collects names, addresses and secrets. What it gives does not depend on the order in which it
/// was told.
#[derive(Clone, Debug)]
pub struct Learner {
    vocabulary: Vocabulary,
    shapes: Arc<Vec<(Shape, Regex)>>,
    secrets: Secrets,
    /// Single labels, users and words.
    tokens: BTreeMap<String, Kind>,
    /// Names with dots.
    full: BTreeSet<String>,
    domains: BTreeSet<String>,
    candidates: BTreeSet<String>,
    v4: BTreeSet<Ipv4Addr>,
    v6: BTreeSet<Ipv6Addr>,
    macs: BTreeSet<Mac>,
    hidden: BTreeSet<String>,
}

impl Learner {
    /// Nothing is known but the vocabulary.
    ///
    /// # Errors
    /// When a shape is wrong, which a test rules out.
    pub fn new(vocabulary: Vocabulary) -> Result<Self, String> {
        let compile = |(shape, text): &(Shape, &str)| {
            let regex = Regex::new(text).map_err(|error| error.to_string())?;
            Ok((*shape, regex))
        };
        Ok(Self {
            vocabulary,
            shapes: Arc::new(SHAPES.iter().map(compile).collect::<Result<_, String>>()?),
            secrets: Secrets::new()?,
            tokens: BTreeMap::new(),
            full: BTreeSet::new(),
            domains: BTreeSet::new(),
            candidates: BTreeSet::new(),
            v4: BTreeSet::new(),
            v6: BTreeSet::new(),
            macs: BTreeSet::new(),
            hidden: BTreeSet::new(),
        })
    }

    /// What a parser took out of a record.
    pub fn event(&mut self, event: &Event<'_>) {
        let dump = event.format == "expressway.config" || event.format == "expressway.status";
        for field in &event.fields {
            let (name, value) = (field.name.as_ref(), field.value.as_ref());
            match name {
                "name" if event.format == "certificate.name" => self.host(value),
                "name" if event.format.starts_with("net.erlang") => self.host(value),
                "name" if event.format == "imp.node" => self.host(value),
                "name" if event.format == "imp.database" => self.other(value),
                "value" if event.format == "imp.row" => {
                    self.cell(event.first("column").unwrap_or(""), value);
                }
                "value" if event.format == "imp.setting" => {
                    self.cell(event.first("name").unwrap_or(""), value);
                }
                "subject" if event.format.starts_with("imp.") => {}
                _ if HOSTS.contains(&name) => self.host(value),
                _ if USERS.contains(&name) => self.user(value),
                _ if OTHERS.contains(&name) => self.other(value),
                "value" if dump => {
                    let key = event.first("key").unwrap_or("");
                    self.leaf(key, value);
                }
                _ => {}
            }
        }
    }

    /// A value under the head of a column, or of a setting.
    fn cell(&mut self, head: &str, value: &str) {
        let head = head.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| head.contains(word));
        if says(&["user", "owner", "jid", "mail"]) {
            self.user(value);
            self.host(value);
        } else if says(&["host", "domain", "address", "fqdn", "nodename", "server"]) {
            self.host(value);
        } else if says(&["name"]) {
            self.words(value);
        }
    }

    /// A folder or archive that something stands in. Those that are named after a node have a
    /// number in their names, as other folders seldom do.
    pub fn folder(&mut self, name: &str) {
        let digit = name.contains(|c: char| c.is_ascii_digit());
        let letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if digit && letter && plain && name.len() <= 24 {
            self.token(&name.to_ascii_lowercase(), Kind::Host);
        }
    }

    /// A value of a configuration or status.
    fn leaf(&mut self, key: &str, value: &str) {
        let last = key.rsplit(' ').next().unwrap_or("");
        let value = value.trim_matches('"');
        match last {
            "Hostname" | "HostName" | "Domain" => self.host(value),
            "Name" if !key.contains("Product") && !key.contains("Software") => {
                match value.contains(' ') {
                    true => self.words(value),
                    false => self.host(value),
                }
            }
            "Address" if names::bare(value).is_some() => self.host(value),
            "Username" | "UserName" | "User" | "Login" => self.user(value),
            "Contact" | "Location" => self.words(value),
            _ => {}
        }
    }

    /// A line of a text.
    pub fn line(&mut self, line: &[u8]) {
        let mut addresses = Vec::new();
        address::find(line, &mut |_, _, found| addresses.push(found));
        for found in addresses {
            match found {
                Found::V4(address) | Found::Network(address, _) => self.address(address.into()),
                Found::V6(address) => self.address(address.into()),
                Found::Mac(mac, _) => _ = self.macs.insert(mac),
            }
        }
        let mut hidden = Vec::new();
        self.secrets.find(line, &mut |begin, end| {
            hidden.extend(line.get(begin..end).map(<[u8]>::to_vec));
        });
        hidden.iter().for_each(|secret| self.secret(secret));
        self.by_shapes(line);
        let dotted: Vec<&str> = names::dotted(line).collect();
        for token in dotted {
            match names::by_shape(token) {
                Some(name) => self.host(&name),
                None if self.candidates.len() < CANDIDATES => {
                    if let Some(name) = names::bare(token) {
                        self.candidates.insert(name);
                    }
                }
                None => {}
            }
        }
    }

    fn by_shapes(&mut self, line: &[u8]) {
        let mut found: Vec<(Shape, String, Option<String>)> = Vec::new();
        for (shape, regex) in self.shapes.iter() {
            let hopeless = match shape {
                Shape::Address => !line.contains(&b'@') && !line.contains(&b'%'),
                Shape::Uri => memchr::memmem::find(line, b"://").is_none(),
                Shape::Subject => !line.contains(&b'='),
                _ => false,
            };
            if hopeless {
                continue;
            }
            for groups in regex.captures_iter(line) {
                let text = |name: &str| {
                    let group = groups.name(name)?;
                    Some(String::from_utf8_lossy(group.as_bytes()).into_owned())
                };
                // names of vocabularies of XML are nobody's
                let start = groups.get(0).map_or(0, |whole| whole.start());
                if *shape == Shape::Uri && is_namespace(line.get(..start).unwrap_or_default()) {
                    continue;
                }
                let value = ["h", "u", "n", "l"].iter().find_map(|name| text(name));
                let with = (*shape == Shape::Address).then(|| text("u")).flatten();
                found.extend(value.map(|value| (*shape, value, with)));
            }
        }
        for (shape, value, with) in found {
            match shape {
                Shape::Address => {
                    self.mailbox(&value);
                    with.iter().for_each(|user| self.user(user));
                }
                Shape::Uri | Shape::Host => self.host(&value),
                Shape::User => self.user(&value),
                Shape::Name => self.other(&value),
                Shape::Leaf if value.contains(' ') => self.words(&value),
                Shape::Leaf => self.host(&value),
                Shape::Person | Shape::Subject => self.words(&value),
            }
        }
    }

    /// An address that was met.
    pub fn address(&mut self, address: IpAddr) {
        match address.to_canonical() {
            IpAddr::V4(address) if !address::stays(address) => _ = self.v4.insert(address),
            IpAddr::V6(address) if !address::stays6(address) => _ = self.v6.insert(address),
            _ => {}
        }
    }

    /// A hardware address that was met.
    pub fn mac(&mut self, mac: Mac) {
        if !mac.stays() {
            self.macs.insert(mac);
        }
    }

    /// What stands behind an `@`.
    fn mailbox(&mut self, raw: &str) {
        if let Some(name) = names::bare(raw)
            && name.contains('.')
            && !names::is_public(&name)
        {
            self.domains.insert(name.clone());
        }
        self.host(raw);
    }

    /// Where a host is named: `expc01`, `clusterdb@expc01.example.com`, an address, a common name
    /// in words.
    pub fn host(&mut self, raw: &str) {
        let text = match raw.rsplit_once('@') {
            Some((user, host)) => {
                self.user(user);
                host
            }
            None => raw,
        };
        let trimmed = text.trim().trim_matches(['[', ']']);
        if let Ok(address) = trimmed.parse::<IpAddr>() {
            return self.address(address);
        }
        if text.trim().contains([' ', ',']) {
            return self.words(text);
        }
        let Some(name) = names::bare(text) else {
            return;
        };
        if name.contains('.') {
            self.full(&name);
        } else {
            self.token(&name, Kind::Host);
        }
    }

    /// A name with dots.
    fn full(&mut self, name: &str) {
        if names::is_public(name) || self.vocabulary.has(name) {
            return;
        }
        let labels = names::own_labels(name);
        let count = labels.len();
        // `user.info`, `server.log.old`
        let telling = labels.iter().any(|label| !self.vocabulary.has(label));
        if !telling && !names::is_registered(name) {
            return;
        }
        for (at, label) in labels.iter().enumerate() {
            let kind = match at {
                0 if count > 1 => Kind::Host,
                _ => Kind::Site,
            };
            self.token(label, kind);
        }
        if let Some((_, domain)) = name.split_once('.').filter(|_| count > 1) {
            self.domains.insert(domain.to_owned());
            self.full.insert(domain.to_owned());
        }
        if count > 0 {
            self.full.insert(name.to_owned());
        }
    }

    /// A person or an account.
    pub fn user(&mut self, raw: &str) {
        let text = raw.trim().trim_matches(['"', '\'', '.']);
        let text = text.split("%40").next().unwrap_or(text);
        let text = text.split('@').next().unwrap_or(text).to_ascii_lowercase();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '$');
        // short numbers are extensions as well as ports and counts
        let number = text.chars().all(|c| c.is_ascii_digit()) && text.len() < 6;
        if text.chars().all(fits) && !number && text.parse::<IpAddr>().is_err() {
            self.token(&text, Kind::User);
        }
    }

    /// A database or another thing that somebody gave a name.
    fn other(&mut self, raw: &str) {
        let text = raw.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        if text.contains(' ') {
            return self.words(&text);
        }
        if names::is_label(&text) && !text.chars().all(|c| c.is_ascii_digit()) {
            self.token(&text, Kind::Name);
        }
    }

    /// A name in several words: those that nobody else uses.
    pub fn words(&mut self, text: &str) {
        let text = text.trim();
        if let Some(name) = names::bare(text) {
            return match name.contains('.') {
                true => self.full(&name),
                false => self.token(&name, Kind::Name),
            };
        }
        if text.contains('@') && !text.contains(' ') {
            return self.host(text);
        }
        let parts =
            text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
        for part in parts {
            match names::bare(part) {
                Some(name) if name.contains('.') => self.full(&name),
                Some(name) if name.len() > 2 => self.token(&name, Kind::Name),
                _ => {}
            }
        }
    }

    /// A certificate in DER.
    pub fn certificate(&mut self, der: &[u8]) {
        let mut texts = Vec::new();
        super::der::texts(der, &mut |text| texts.push(text));
        for text in texts {
            match text {
                super::der::Said::Words(words) => self.words(&words),
                super::der::Said::Address(address) => self.address(address),
            }
        }
    }

    fn token(&mut self, name: &str, kind: Kind) {
        let letters = name.chars().any(|c| c.is_ascii_alphabetic());
        let fits = letters || name.len() >= 6;
        if name.len() < 2 || name.len() > 128 || !fits || self.vocabulary.has(name) {
            return;
        }
        let known = self.tokens.entry(name.to_owned()).or_insert(kind);
        *known = kind.min(*known);
    }

    fn secret(&mut self, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let text = text.trim();
        let plain = text.chars().all(|c| c.is_ascii_digit()) && text.len() < 8;
        if text.len() >= SECRET && text.is_ascii() && !plain && !self.vocabulary.has(text) {
            self.hidden.insert(text.to_ascii_lowercase());
        }
    }

    /// Makes the map know everything that was learned.
    ///
    /// # Errors
    /// When there is more than can be looked for.
    pub fn finish(mut self, mut map: Map) -> Result<Redactor, String> {
        let suffixed = |name: &String| {
            let mut rest = name.as_str();
            while let Some((_, domain)) = rest.split_once('.') {
                if self.domains.contains(domain) {
                    return true;
                }
                rest = domain;
            }
            false
        };
        let candidates = std::mem::take(&mut self.candidates);
        let more: Vec<String> = candidates.into_iter().filter(suffixed).collect();
        more.iter().for_each(|name| self.full(name));
        let domains: Vec<String> = self.domains.iter().cloned().collect();
        domains.iter().for_each(|name| self.full(name));
        self.tokens.retain(|name, _| !map.is_given(name));
        self.tokens.keys().for_each(|name| map.avoid(name));
        self.v4.iter().for_each(|address| map.avoid_v4(*address));
        self.v6.iter().for_each(|address| map.avoid_v6(*address));
        // in the order of their names, so that what stands for them has the same
        let mut tokens: Vec<(&String, Kind)> = self.tokens.iter().map(|(a, b)| (a, *b)).collect();
        tokens.sort_by(|a, b| (a.1, a.0).cmp(&(b.1, b.0)));
        for (name, kind) in tokens {
            map.name(name, kind);
        }
        self.v4.iter().for_each(|address| _ = map.v4(*address));
        self.v6.iter().for_each(|address| _ = map.v6(*address));
        self.macs.iter().for_each(|mac| _ = map.mac(*mac));
        let lexicon = lexicon(&mut map, &self.full, &self.hidden, &self.vocabulary)?;
        Ok(Redactor::new(map, lexicon, self.secrets, self.vocabulary))
    }
}

fn is_namespace(before: &[u8]) -> bool {
    let from = before.len().saturating_sub(48);
    let near = before.get(from..).unwrap_or_default();
    let word = near
        .rsplit(|byte| matches!(byte, b' ' | b'<'))
        .next()
        .unwrap_or_default();
    word.starts_with(b"xmlns") || word.ends_with(b"chemaLocation=\"")
}

/// Everything of the map and of this run that has to go.
fn lexicon(
    map: &mut Map,
    full: &BTreeSet<String>,
    hidden: &BTreeSet<String>,
    vocabulary: &Vocabulary,
) -> Result<Lexicon, String> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (name, given) in map.names() {
        // the map may be of other rules, which had other words
        if !vocabulary.has(name) {
            entries.insert(name.to_owned(), Entry::new(name, given));
        }
    }
    for name in full {
        let given = domain(map, name);
        if *name != given {
            entries.insert(name.clone(), Entry::new(name, &given));
        }
    }
    for secret in hidden {
        let entry = Entry::new(secret, HIDDEN);
        entries.entry(secret.clone()).or_insert(entry);
    }
    Lexicon::new(entries.into_values().collect())
}

/// What stands for a name with dots: its own labels are replaced, also such as are words.
pub(super) fn domain(map: &mut Map, name: &str) -> String {
    let own = names::own_labels(name).len();
    let labels: Vec<String> = name
        .split('.')
        .enumerate()
        .map(|(at, label)| match at {
            _ if at >= own || label.starts_with('_') || label == "*" => label.to_owned(),
            0 if own > 1 => map.name(label, Kind::Host),
            _ => map.name(label, Kind::Site),
        })
        .collect();
    labels.join(".")
}
