//! Messages of the handshake in clear, by tls-parser.

use std::sync::Arc;

use tls_parser::{
    TlsCipherSuiteID, TlsExtension, TlsMessageHandshake, parse_tls_client_hello_extension,
    parse_tls_handshake_client_hello, parse_tls_handshake_msg_certificate,
    parse_tls_handshake_server_hello, parse_tls_server_hello_extension,
};

use super::chain::{self, Chain};
use super::record::OLD_HELLO;

/// Number of TLS 1.3 on the wire.
pub(super) const TLS13: u16 = 0x0304;
/// Number of TLS 1.2 on the wire.
pub(super) const TLS12: u16 = 0x0303;
/// Longest name of a server that is kept (RFC 1035 2.3.4).
const MAX_NAME: usize = 255;
/// Protocols of ALPN that are kept.
const MAX_PROTOCOLS: usize = 8;
/// The random of a server hello that asks for another client hello (RFC 8446 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What a client offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientHello {
    /// The best version.
    pub(super) version: u16,
    /// Server name.
    pub(super) sni: Option<String>,
    /// Protocols, comma between.
    pub(super) alpn: Option<String>,
    /// Number of cipher suites.
    pub(super) ciphers: usize,
    /// It means to send data before the handshake is complete (RFC 8446 2.3).
    pub(super) early: bool,
}

/// What a server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) version: u16,
    pub(super) cipher: u16,
    /// It asks for another hello.
    pub(super) retry: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub(super) enum Message {
    ClientHello(Box<ClientHello>),
    ServerHello(ServerHello),
    /// `None` when it holds no certificate.
    Certificate(Option<Arc<Chain>>),
    /// Asks for another hello (drafts of TLS 1.3).
    HelloRetryRequest,
    CertificateRequest,
    ServerHelloDone,
    ClientKeyExchange,
    /// Another one by its name.
    Other(&'static str),
    /// One that is unknown or cannot be read.
    Unreadable,
}

impl Message {
    /// A message by its type and body.
    pub(super) fn read(kind: u8, body: &[u8]) -> Self {
        match kind {
            OLD_HELLO => old_hello(body).map_or(Self::Unreadable, Self::ClientHello),
            1 => client_hello(body).map_or(Self::Unreadable, Self::ClientHello),
            2 => server_hello(body).map_or(Self::Unreadable, Self::ServerHello),
            4 => Self::Other("new-session-ticket"),
            6 => Self::HelloRetryRequest,
            11 => certificates(body).map_or(Self::Unreadable, Self::Certificate),
            12 => Self::Other("server-key-exchange"),
            13 => Self::CertificateRequest,
            14 => Self::ServerHelloDone,
            15 => Self::Other("certificate-verify"),
            16 => Self::ClientKeyExchange,
            22 => Self::Other("certificate-status"),
            _ => Self::Unreadable,
        }
    }

    /// Its name in the fields of a note.
    pub(super) fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::ClientHello(_) => "client-hello",
            Self::ServerHello(hello) if hello.retry => "hello-retry-request",
            Self::ServerHello(_) => "server-hello",
            Self::HelloRetryRequest => "hello-retry-request",
            Self::Certificate(_) => "certificate",
            Self::CertificateRequest => "certificate-request",
            Self::ServerHelloDone => "server-hello-done",
            Self::ClientKeyExchange => "client-key-exchange",
            Self::Other(name) => name,
            Self::Unreadable => return None,
        })
    }
}

/// A version by its name; drafts of TLS 1.3 count as what they became.
pub(super) fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        TLS12 => "TLS 1.2",
        TLS13 => "TLS 1.3",
        _ => return None,
    })
}

/// Name of a cipher suite, or its number.
pub(super) fn cipher_name(cipher: u16) -> String {
    match TlsCipherSuiteID(cipher).get_ciphersuite() {
        Some(suite) => suite.name.to_owned(),
        None => format!("0x{cipher:04x}"),
    }
}

/// Bytes that TLS 1.3 adds to what it encrypts: the kind, and the tag of the suite.
pub(super) fn seal(cipher: u16) -> usize {
    // TLS_AES_128_CCM_8_SHA256
    if cipher == 0x1305 { 1 + 8 } else { 1 + 16 }
}

/// Bytes of a Finished of TLS 1.3 as it stands in its record.
pub(super) fn sealed_finished(cipher: u16) -> usize {
    // TLS_AES_256_GCM_SHA384
    let hash = if cipher == 0x1302 { 48 } else { 32 };
    4 + hash + seal(cipher)
}

/// Versions that are not greased (RFC 8701), drafts of TLS 1.3 (0x7f10 and so on, and those of a
/// browser) as TLS 1.3.
fn known(version: u16) -> Option<u16> {
    let draft = matches!(version >> 8, 0x7f | 0xfb);
    let version = if draft { TLS13 } else { version };
    version_name(version).map(|_| version)
}

fn client_hello(body: &[u8]) -> Option<Box<ClientHello>> {
    let (_, found) = parse_tls_handshake_client_hello(body).ok()?;
    let mut hello = ClientHello {
        version: found.version.0.min(TLS12),
        sni: None,
        alpn: None,
        ciphers: found.ciphers.len(),
        early: false,
    };
    // one that cannot be read hides no other
    for extension in extensions(found.ext.unwrap_or_default()) {
        match parse_tls_client_hello_extension(extension) {
            Ok((_, TlsExtension::SupportedVersions(versions))) => {
                let best = versions.iter().filter_map(|version| known(version.0)).max();
                hello.version = best.unwrap_or(hello.version);
            }
            Ok((_, TlsExtension::SNI(names))) => {
                let name = names.first().map(|(_, name)| *name);
                hello.sni = name.filter(|name| name.len() <= MAX_NAME).map(words);
            }
            Ok((_, TlsExtension::ALPN(protocols))) => {
                let kept = protocols.iter().take(MAX_PROTOCOLS);
                let kept: Vec<String> = kept.map(|name| words(name)).collect();
                hello.alpn = Some(kept.join(", ")).filter(|names| !names.is_empty());
            }
            Ok((_, TlsExtension::EarlyData(_))) => hello.early = true,
            _ => {}
        }
    }
    Some(Box::new(hello))
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A client hello in the form of SSL 2.0: version, length of cipher specs of three bytes each.
fn old_hello(body: &[u8]) -> Option<Box<ClientHello>> {
    let [1, major, minor, high, low, ..] = *body else {
        return None;
    };
    Some(Box::new(ClientHello {
        version: u16::from_be_bytes([major, minor]).min(TLS12),
        sni: None,
        alpn: None,
        ciphers: usize::from(u16::from_be_bytes([high, low])) / 3,
        early: false,
    }))
}

/// Extensions with their heads, one by one.
fn extensions(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_, _, high, low, ..] = *bytes else {
            return None;
        };
        let length = 4 + usize::from(u16::from_be_bytes([high, low]));
        let (extension, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some(extension)
    })
}

fn server_hello(body: &[u8]) -> Option<ServerHello> {
    if let [0x7f, ..] | [3, 4, ..] = body {
        return draft_hello(body);
    }
    let (_, found) = parse_tls_handshake_server_hello(body).ok()?;
    let mut hello = ServerHello {
        version: found.version.0,
        cipher: found.cipher.0,
        retry: found.random == RETRY,
    };
    for extension in extensions(found.ext.unwrap_or_default()) {
        if let Ok((_, TlsExtension::SupportedVersions(versions))) =
            parse_tls_server_hello_extension(extension)
        {
            let chosen = versions.first().and_then(|version| known(version.0));
            hello.version = chosen.unwrap_or(hello.version);
        }
    }
    Some(hello)
}

/// Drafts of TLS 1.3 up to 21, which are told by the version: version, random, cipher.
fn draft_hello(body: &[u8]) -> Option<ServerHello> {
    let cipher = body.get(34..36)?;
    Some(ServerHello {
        version: TLS13,
        cipher: u16::from_be_bytes(cipher.try_into().ok()?),
        retry: false,
    })
}

fn certificates(body: &[u8]) -> Option<Option<Arc<Chain>>> {
    let (_, found) = parse_tls_handshake_msg_certificate(body).ok()?;
    let TlsMessageHandshake::Certificate(found) = found else {
        return None;
    };
    if found.cert_chain.is_empty() {
        return Some(None);
    }
    let chain = chain::known(body, || {
        let certificates = found.cert_chain.iter().map(|found| found.data);
        Chain::read(certificates)
    });
    Some(Some(chain))
}
