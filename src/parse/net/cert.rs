//! What certificates say (RFC 5280), from files and from the wire. The only user of x509-parser.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, SecondsFormat, Utc};
use x509_parser::asn1_rs::Tag;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::model::digest::sha256;

/// Names of a certificate that are kept.
const MAX_NAMES: usize = 256;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The subject in DER.
    pub subject: Vec<u8>,
    /// The issuer in DER.
    pub issuer: Vec<u8>,
    /// Common name of the subject.
    pub subject_cn: Option<String>,
    /// Common name of the issuer.
    pub issuer_cn: Option<String>,
    /// Seconds since 1970 from which it is valid.
    pub not_before: i64,
    /// The last second in which it is valid.
    pub not_after: i64,
    /// Kind (`dns` or `address`) and value of each alternative name.
    pub names: Vec<(&'static str, String)>,
    /// It may sign others.
    pub is_ca: bool,
    /// It may prove a server and a client, as far as its extended key usage goes; `None` when
    /// that cannot be read.
    pub purposes: Option<Purposes>,
    /// SHA-256 of the whole certificate, in hexadecimal.
    pub digest: String,
    /// SHA-256 of its public key, in hexadecimal.
    pub key_digest: String,
}

/// What an extended key usage allows (RFC 5280 4.2.1.12); without one everything is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purposes {
    /// To prove a server.
    pub server: bool,
    /// To prove a client.
    pub client: bool,
}

impl Certificate {
    /// A certificate in DER; `None` when it cannot be read.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (_, found) = X509Certificate::from_der(der).ok()?;
        let names = found.subject_alternative_name().ok().flatten();
        Some(Self {
            subject: found.subject().as_raw().to_vec(),
            issuer: found.issuer().as_raw().to_vec(),
            subject_cn: common_name(found.subject()),
            issuer_cn: common_name(found.issuer()),
            not_before: found.validity().not_before.timestamp(),
            not_after: found.validity().not_after.timestamp(),
            names: names
                .map(|names| {
                    let names = names.value.general_names.iter();
                    names.take(MAX_NAMES).filter_map(name).collect()
                })
                .unwrap_or_default(),
            is_ca: found.is_ca(),
            purposes: purposes(&found),
            digest: sha256(der),
            key_digest: sha256(found.public_key().raw),
        })
    }

    /// The first certificate of a PEM text; `None` when it cannot be read.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        let (_, pem) = parse_x509_pem(pem).ok()?;
        Self::from_der(&pem.contents)
    }

    /// Its subject is its issuer.
    pub fn self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Seconds since 1970 as RFC 3339, if there is such a date.
pub fn date(seconds: i64) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp(seconds, 0)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn purposes(found: &X509Certificate<'_>) -> Option<Purposes> {
    let usage = found.extended_key_usage().ok()?;
    let allows = |server: bool| {
        usage.as_ref().is_none_or(|usage| {
            let named = match server {
                true => usage.value.server_auth,
                false => usage.value.client_auth,
            };
            usage.value.any || named
        })
    };
    Some(Purposes {
        server: allows(true),
        client: allows(false),
    })
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    let name = name.iter_common_name().next()?;
    if let Ok(text) = name.as_str() {
        return Some(text.to_owned());
    }
    // what old authorities write (RFC 5280 4.1.2.4); T.61 is Latin-1 in all that is in use
    let bytes = name.as_slice();
    match name.attr_value().tag() {
        Tag::T61String => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

fn name(name: &GeneralName<'_>) -> Option<(&'static str, String)> {
    let address = |bytes: &[u8]| {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Some(Ipv4Addr::from(four).to_string());
        }
        let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
        Some(Ipv6Addr::from(sixteen).to_string())
    };
    match name {
        GeneralName::DNSName(name) => Some(("dns", (*name).to_owned())),
        GeneralName::IPAddress(bytes) => Some(("address", address(bytes)?)),
        _ => None,
    }
}
