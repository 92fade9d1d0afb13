//! What packets give: one event per connection, and one per thing that was said on the wire.

use super::{FormatDef, made};
use crate::model::node::Product;

/// One event per connection.
pub(super) const FLOW: FormatDef = FormatDef {
    id: "net.flow",
    parser: "packet.list",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        // number of the first packet that decides, where packets are numbered
        made("frame"),
        // tcp
        made("transport"),
        // Zeek's code: S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR or OTH
        made("state"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // true when the handshake tells who opened it, false when the ports are a hint
        made("opened"),
        // true when the responder took the connection
        made("answered"),
        // true when the SYN was repeated, nothing answered, and the list goes on long enough
        made("unanswered"),
        // true when two hosts of the list talk to each other: it does see both ways
        made("other_traffic"),
        // true when only one end was seen
        made("one_sided"),
        // number of SYNs, repetitions among them
        made("syns"),
        made("syn_frame"),
        made("answer_frame"),
        made("end_frame"),
        // from the first SYN to the answer, and to the end of the list
        made("answer_ms"),
        made("waited_ms"),
        // of a reset: originator or responder, and its address or name
        made("reset_by"),
        made("reset_sender"),
        // of a reset: opening, request, tls-handshake or data
        made("reset_at"),
        // of a reset: true when one side had closed before
        made("closing"),
        // prohibited, unreachable or port-unreachable, when ICMP said so of the attempt
        made("icmp"),
        // the fields below are known of captures only
        // three-way handshake complete, as far as both sides were seen
        made("established"),
        // what is spoken, by the first bytes: tls, postgresql, xmpp, sip, http, ssh,
        // erlang-distribution, erlang-port-mapper, text or binary (neither known)
        made("protocol"),
        // round-trip time of the handshake, milliseconds
        made("rtt_ms"),
        // data segments and lost ones (segments that were sent again) of both
        made("segments"),
        made("lost"),
        // lost of segments in percent, with one decimal
        made("loss_percent"),
        // whose data segments were lost: originator, responder or both
        made("lost_by"),
        // originator or responder, and its address: whose segments were never acknowledged
        // after the handshake although they were repeated
        made("unheard"),
        made("unheard_host"),
        // SYN and SYN-ACK repeat and the handshake is never completed
        made("half_open"),
        // whose window stayed closed, its address, and how long, milliseconds
        made("zero_window"),
        made("zero_window_host"),
        made("zero_window_ms"),
        // who has gone silent while the other repeated its data, its address, how long
        made("stopped"),
        made("stopped_host"),
        made("stopped_ms"),
        // small segments of this side were acknowledged, its full-size ones never
        made("big_lost"),
        made("big_lost_host"),
        // the largest payload that was acknowledged, and the size of what never was
        made("passed_bytes"),
        made("stuck_bytes"),
        // who closed first: originator or responder
        made("closed_by"),
        // the reset came with another time to live than its sender's other packets
        made("reset_foreign"),
        // milliseconds from the first to the last packet
        made("lasted_ms"),
        // of an attempt, or of data that is repeated: what a capture of the other side shows of it:
        // answered (it arrives and is answered), silent (it arrives, nothing answers), absent (it
        // never arrives, though that capture covers the time) or empty (that capture has no
        // packet); and the name of that capture
        made("other_side"),
        made("other_capture"),
        // the largest packet that passes, when ICMP said so
        made("mtu"),
        // true when the file was cut or packets were cut so short that nothing was listened to
        made("deaf"),
    ],
};

/// One event per ICMP error.
pub(super) const ICMP: FormatDef = FormatDef {
    id: "net.icmp",
    parser: "packet.list",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        // prohibited, unreachable (host or network), port-unreachable, too-big or expired
        made("kind"),
        // who sent the error
        made("from"),
        // whose packet it is about, and for whom and which port that was, if known
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // tcp or udp, where the port is known
        made("transport"),
        // the largest packet that passes, where the error is about size
        made("mtu"),
    ],
};

/// One event per TLS handshake, at its alert, else at the end of the connection
pub(super) const TLS: FormatDef = FormatDef {
    id: "net.tls",
    parser: "capture",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        made("transport"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // what was spoken before TLS: postgresql, xmpp; else tls
        made("inside"),
        // SSL 3.0, TLS 1.0, TLS 1.1, TLS 1.2 or TLS 1.3: what was agreed
        made("version"),
        // the best version that the originator offered
        made("offered"),
        made("cipher"),
        // number of cipher suites that the originator offered
        made("offered_ciphers"),
        // server name that the originator asked for
        made("sni"),
        // protocols that it offered (ALPN), comma between
        made("alpn"),
        // true when the responder asked for another hello
        made("retried"),
        // both sides have finished the handshake (TLS 1.3: as far as can be seen)
        made("completed"),
        // last message of the handshake in clear, in words: client-hello, server-hello,
        // certificate, …; and who sent it: originator or responder
        made("last_message"),
        made("last_by"),
        // the alert in clear that ended it: unknown_ca, certificate_expired, …; its number;
        // originator or responder; the sender's address; the one it blames
        made("alert"),
        made("alert_code"),
        made("alert_by"),
        made("alert_sender"),
        made("alert_about"),
        // the last message before the alert
        made("alert_after"),
        // certificates as far as they are in clear (TLS 1.2 and older)
        made("server_cn"),
        made("server_issuer"),
        // DNS names and addresses in its subject alternative name, once each
        made("server_name"),
        made("server_not_before"),
        made("server_not_after"),
        // true or false: the leaf, or one above it, was out of date when it was captured
        made("server_expired"),
        made("server_not_yet_valid"),
        made("server_self_signed"),
        // EKU of the leaf allows servers
        made("server_eku"),
        // number of certificates
        made("server_chain"),
        // SHA-256 of the leaf in hexadecimal, as `digest` of a certificate in a file
        made("server_digest"),
        // the responder asked for a certificate: true or false
        made("client_requested"),
        // sent, empty, none or hidden (TLS 1.3)
        made("client_certificate"),
        made("client_cn"),
        made("client_issuer"),
        made("client_name"),
        made("client_not_before"),
        made("client_not_after"),
        made("client_expired"),
        made("client_not_yet_valid"),
        made("client_eku"),
        made("client_digest"),
        // handshake stopped before it was complete, without an alert in clear
        made("incomplete"),
        // how it stopped: reset, closed or silent; who did: originator or responder
        made("stopped_how"),
        made("stopped_by"),
        // the handshake was complete and the originator left at once without a word
        made("left_at_once"),
        // the handshake was complete, the responder said one short record and closed, or the
        // originator had said one thing and closed then
        made("short_answer"),
        // bytes of that record
        made("short_answer_bytes"),
        // what ended it was encrypted: an alert record, or a record that may hold one
        made("encrypted_end"),
        // only a part was captured (snap length, gaps, start missed)
        made("partial"),
    ],
};

/// PostgreSQL in clear, version 3 of its protocol: one event per thing that was said
pub(super) const PG: FormatDef = FormatDef {
    id: "net.pg",
    parser: "capture",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        made("transport"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // startup, error, tls-refused (answered N and the client left), rejected-inside-tls,
        // command (of replication), ready, read-only, timeline-left
        made("kind"),
        // startup: parameters
        made("user"),
        made("database"),
        made("application"),
        // startup asks for replication: physical or logical
        made("replication"),
        // error: severity (not localised where known), SQLSTATE, text, detail, routine
        made("severity"),
        made("sqlstate"),
        made("message"),
        made("detail"),
        made("routine"),
        // error: startup, authentication, ready (before the first query), replication or query
        made("step"),
        // command that it answers: IDENTIFY_SYSTEM, START_REPLICATION, BASE_BACKUP, …
        made("command"),
        made("slot"),
        // ready: server parameters
        made("server_version"),
        made("in_hot_standby"),
        // rejected-inside-tls: version of TLS, bytes of the record, name in the client's certificate
        made("tls_version"),
        made("record_bytes"),
        made("client_cn"),
    ],
};

/// XMPP in clear: stream errors, and how far streams came
pub(super) const XMPP: FormatDef = FormatDef {
    id: "net.xmpp",
    parser: "capture",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        made("transport"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // stream-error, tls-refused, sasl-failure or stream
        made("kind"),
        made("condition"),
        made("text"),
        // who said it: originator or responder, and its address
        made("sender"),
        made("sender_host"),
        made("from"),
        made("to"),
    ],
};

/// Erlang port mapper and distribution handshake in clear
pub(super) const ERLANG: FormatDef = FormatDef {
    id: "net.erlang",
    parser: "capture",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        made("transport"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // node-unknown, node-port, registered, handshake, rejected (status nok, not_allowed, …, or
        // registration-refused) or cookie-refused (the challenge was answered by a close)
        made("kind"),
        // node name asked for or registered, and its port
        made("name"),
        made("port"),
        // name of the other node in a handshake
        made("other"),
        made("status"),
    ],
};

/// H.225 RAS requests on UDP and what became of them
pub(super) const RAS: FormatDef = FormatDef {
    id: "net.ras",
    parser: "capture",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        made("transport"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        // LRQ, SCI, RRQ, GRQ, ARQ, … as sent first
        made("request"),
        // confirmed, rejected, in-progress or none
        made("answer"),
        // none, and the capture goes on long enough to say so
        made("unanswered"),
        made("sequence"),
        // requests, repetitions among them
        made("tries"),
        made("answer_ms"),
        made("other_traffic"),
    ],
};

/// SIP requests on UDP or TCP and what became of them
pub(super) const SIP: FormatDef = FormatDef {
    id: "net.sip",
    parser: "capture",
    product: Product::Unknown,
    always_parsed: true,
    names_node: true,
    fields: &[
        made("frame"),
        made("transport"),
        made("originator"),
        made("originator_port"),
        made("responder"),
        made("responder_port"),
        made("method"),
        // status code of the answer, if one came
        made("status"),
        made("unanswered"),
        made("tries"),
        made("other_traffic"),
    ],
};
