//! Whether anything that was learned is left: as it is written, and in the forms in which texts
//! hide other texts.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::address::{self, Found};
use super::text::Redactor;

/// Shortest name of which encoded forms are looked for.
const ENCODED: usize = 6;
/// Bytes of a block that are looked at again with the next one.
pub const OVERLAP: usize = 1024;
/// Leaks that are told.
const TOLD: usize = 50;

/// Something that should not be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    /// What: the kind of thing, never the thing itself.
    pub what: &'static str,
    /// In which form.
    pub form: &'static str,
    /// The byte at which it stands, from 0.
    pub at: u64,
}

/// Looks for everything that the map and this run know.
#[derive(Debug)]
pub struct Search {
    redactor: Redactor,
    encoded: Option<AhoCorasick>,
    forms: Vec<&'static str>,
    /// Addresses that stand for others.
    given: BTreeSet<IpAddr>,
    originals: BTreeSet<IpAddr>,
}

impl Search {
    /// Looks for what this redactor replaces.
    ///
    /// # Errors
    /// When there is more than can be looked for.
    pub fn new(redactor: Redactor) -> Result<Self, String> {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        let mut forms = Vec::new();
        let map = redactor.map();
        let dashed = map.v4s().flat_map(|(address, _)| {
            let text = address.to_string();
            [
                text.replace('.', "-"),
                text.replace('.', "_"),
                text.replace('.', "%2e"),
            ]
        });
        let dashed: Vec<String> = dashed.filter(|text| text.len() >= 9).collect();
        let entries = redactor.lexicon().entries().iter();
        let entries = entries.filter(|entry| entry.text.len() >= ENCODED && entry.text.is_ascii());
        for entry in entries {
            let bytes = entry.text.as_bytes();
            texts.push(hex(bytes));
            forms.push("hexadecimal");
            texts.push(bytes.iter().flat_map(|byte| [*byte, 0]).collect());
            forms.push("UTF-16");
            for shift in 0..3 {
                texts.extend(inner_base64(bytes, shift));
                forms.resize(texts.len(), "base64");
            }
        }
        let addresses = map.v4s().map(|(address, _)| address.to_string());
        for address in addresses.filter(|text| text.len() >= 9) {
            texts.push(hex(address.as_bytes()));
            forms.push("hexadecimal");
            texts.push(address.bytes().flat_map(|byte| [byte, 0]).collect());
            forms.push("UTF-16");
            for shift in 0..3 {
                texts.extend(inner_base64(address.as_bytes(), shift));
                forms.resize(texts.len(), "base64");
            }
        }
        for text in dashed {
            texts.push(text.into_bytes());
            forms.push("with other signs");
        }
        let encoded = match texts.is_empty() {
            true => None,
            false => Some(
                AhoCorasickBuilder::new()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(&texts)
                    .map_err(|error| error.to_string())?,
            ),
        };
        let four = || map.v4s().map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
        let six = || map.v6s().map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
        let given: BTreeSet<IpAddr> = four().chain(six()).map(|(_, given)| given).collect();
        let originals = four().chain(six()).map(|(original, _)| original);
        let originals = originals
            .filter(|address| !given.contains(address))
            .collect();
        Ok(Self {
            redactor,
            encoded,
            forms,
            given,
            originals,
        })
    }

    /// True for an address that should not be there.
    pub fn is_original(&self, address: IpAddr) -> bool {
        self.originals.contains(&address.to_canonical())
    }

    /// Looks through bytes that stand at `base` of a file, and tells what begins within `range`.
    pub fn bytes(&self, bytes: &[u8], range: Range<usize>, base: u64, leaks: &mut Vec<Leak>) {
        let mut tell = |what, form, at: usize| {
            if !range.contains(&at) {
                return;
            }
            let leak = Leak {
                what,
                form,
                at: base + at as u64,
            };
            if leaks.len() < TOLD && !leaks.contains(&leak) {
                leaks.push(leak);
            }
        };
        self.redactor.lexicon().find(bytes, &mut |at, _, entry| {
            tell(kind(&entry.given), "as it is", at);
        });
        address::find(bytes, &mut |at, _, found| {
            let address: IpAddr = match found {
                Found::V4(address) | Found::Network(address, _) => address.into(),
                Found::V6(address) => address.into(),
                Found::Mac(mac, _) => {
                    let mut macs = self.redactor.map().all_macs();
                    if macs.any(|(original, _)| original == mac) {
                        tell("hardware address", "as it is", at);
                    }
                    return;
                }
            };
            if self.is_original(address) {
                tell("address", "as it is", at);
            }
        });
        if let Some(encoded) = &self.encoded {
            for found in encoded.find_iter(bytes) {
                let form = self.forms.get(found.pattern().as_usize());
                tell(
                    "name or address",
                    form.copied().unwrap_or(""),
                    found.start(),
                );
            }
        }
    }

    /// True for an address that stands for another one.
    pub fn is_given(&self, address: Ipv4Addr) -> bool {
        self.given.contains(&address.into())
    }
}

fn kind(given: &str) -> &'static str {
    if given == super::secret::HIDDEN {
        return "secret";
    }
    match given.get(..4) {
        Some("host") => "host name",
        Some("site") => "domain",
        Some("user") => "user",
        _ => "name",
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(b'0', |c| c as u8);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The signs of base64 that depend on nothing but these bytes, where `shift` bytes of a group
/// stand before them.
fn inner_base64(bytes: &[u8], shift: usize) -> Option<Vec<u8>> {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(bytes);
    let text = STANDARD_NO_PAD.encode(&padded).into_bytes();
    let first = (shift * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    let inner = text.get(first..last)?.to_vec();
    (inner.len() >= 8).then_some(inner)
}
