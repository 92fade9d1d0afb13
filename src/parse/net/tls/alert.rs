//! Alerts by their names in the registry (RFC 8446 6, RFC 5246 7.2).

use super::handshake::TLS13;
use crate::model::flow::Direction;
use crate::parse::net::course::Mark;

/// The sender closes.
pub(super) const CLOSE_NOTIFY: u8 = 0;
/// The client has no certificate (SSL 3.0).
pub(super) const NO_CERTIFICATE: u8 = 41;
/// The handshake is given up for a reason that has nothing to do with TLS.
const USER_CANCELED: u8 = 90;
const INTERNAL_ERROR: u8 = 80;
const FATAL: u8 = 2;

/// An alert in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alert {
    pub(super) code: u8,
    pub(super) by: Direction,
    pub(super) at: Mark,
    /// What was said before it.
    pub(super) after: Option<&'static str>,
}

impl Alert {
    /// Its name, or its number.
    pub(super) fn name(&self) -> String {
        name_of(self.code)
    }

    /// The side that it finds fault with: the other one, unless it speaks of the sender.
    pub(super) fn about(&self) -> Option<Direction> {
        match self.code {
            INTERNAL_ERROR | USER_CANCELED => None,
            _ => Some(self.by.reversed()),
        }
    }
}

/// True when an alert ends the handshake. In TLS 1.3 levels mean nothing (RFC 8446 6).
pub(super) fn is_fatal(level: u8, code: u8, version: Option<u16>) -> bool {
    let modern = version == Some(TLS13);
    level == FATAL && code != CLOSE_NOTIFY
        || modern && !matches!(code, CLOSE_NOTIFY | USER_CANCELED)
}

/// Name of an alert, or its number.
pub(super) fn name_of(code: u8) -> String {
    name(code).map_or_else(|| format!("alert {code}"), str::to_owned)
}

fn name(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}
