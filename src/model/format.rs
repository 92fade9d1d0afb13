//! What each parser emits: the one list that parsers fill and rules may name.

use crate::model::node::Product;

/// A field of an event.
#[derive(Clone, Copy, Debug)]
pub struct FieldDef {
    /// The name as rules write it.
    pub name: &'static str,
    /// The value stands in the record's bytes exactly as it stands in the field, so that a
    /// literal of a rule on this field can be searched for before the record is parsed.
    pub verbatim: bool,
    /// Most records share few values of it, such as a program's name: a literal of it finds too
    /// many records and is searched for only when there is no other.
    pub common: bool,
}

/// A kind of event.
#[derive(Clone, Copy, Debug)]
pub struct FormatDef {
    /// The id that rules name, such as `cms.syslog`.
    pub id: &'static str,
    /// The parser that emits it, as named in a report's coverage.
    pub parser: &'static str,
    /// The product whose nodes write it.
    pub product: Product,
    /// The records are so few that every one is parsed; rules need no literal.
    pub always_parsed: bool,
    /// Its records say whose they are; one that does not is of somebody unknown, not of the only
    /// node that happens to write beside it.
    pub names_node: bool,
    /// Its fields.
    pub fields: &'static [FieldDef],
}

impl FormatDef {
    /// It speaks of nodes of any product and is written by none: packets.
    pub fn speaks_of_any(&self) -> bool {
        self.names_node && self.product == Product::Unknown
    }
}

const fn raw(name: &'static str) -> FieldDef {
    FieldDef {
        name,
        verbatim: true,
        common: false,
    }
}

const fn common(name: &'static str) -> FieldDef {
    FieldDef {
        name,
        verbatim: true,
        common: true,
    }
}

const fn made(name: &'static str) -> FieldDef {
    FieldDef {
        name,
        verbatim: false,
        common: true,
    }
}

/// Every format, in the order in which it is documented.
pub const FORMATS: &[FormatDef] = &[
    FormatDef {
        id: "cms.syslog",
        parser: "cms.syslog",
        product: Product::Cms,
        always_parsed: false,
        names_node: false,
        fields: &[
            common("facility"),
            common("severity"),
            common("host"),
            common("program"),
            common("pid"),
            // `n-m` of the first part of a PostgreSQL statement
            raw("part"),
            // parts joined by a line feed; #011, #012 and `|` folds undone
            raw("message"),
        ],
    },
    FormatDef {
        id: "cms.status",
        parser: "cms.status",
        product: Product::Cms,
        always_parsed: true,
        names_node: true,
        fields: &[
            raw("status"),
            raw("error"),
            raw("node_in_use"),
            raw("interface"),
            raw("last_command"),
            raw("last_result"),
            // address marked `(me)`
            raw("me"),
            // host name in the prompt before the command, if it was pasted along
            raw("prompt_host"),
            // primary, replica or unknown
            made("me_role"),
            // true when the row marked `(me)` is connected
            made("me_connected"),
            // numbers of rows
            made("members"),
            made("primaries"),
            made("replicas"),
            made("out_of_sync"),
            made("disconnected"),
            // true when there are other rows and every one of them is disconnected
            made("others_disconnected"),
            // true when the list of rows is known to be whole
            made("listed"),
            // file names of the block headed Certificates
            raw("server_key"),
            raw("server_certificate"),
            raw("client_key"),
            raw("client_certificate"),
            raw("ca_certificate"),
            // once for each of these five whose line is there but names no file
            made("empty_certificate"),
            // once for each of these five that the screen marks as expired
            made("expired_certificate"),
        ],
    },
    FormatDef {
        id: "cms.status.node",
        parser: "cms.status",
        product: Product::Cms,
        always_parsed: true,
        names_node: true,
        fields: &[
            // the node whose status this row stands in: its `(me)` address, else the prompt's host
            made("reporter"),
            raw("address"),
            raw("state"),
            // primary, replica or unknown
            made("role"),
            // true or false
            made("connected"),
            made("in_sync"),
            made("me"),
            // address of the first row: the same for every row of one screen
            made("block"),
        ],
    },
    FormatDef {
        id: "expressway.log",
        parser: "expressway.log",
        product: Product::Expressway,
        always_parsed: false,
        names_node: false,
        fields: &[
            common("host"),
            common("program"),
            common("pid"),
            raw("message"),
            // first and last value of `Node`: who reports, and about whom
            common("reporter"),
            common("subject"),
            common("UTCTime"),
            common("Module"),
            common("Level"),
            raw("CodeLocation"),
            common("Node"),
            common("PID"),
            raw("Event"),
            raw("Detail"),
            raw("Reason"),
            raw("Context"),
            common("Service"),
            common("Severity"),
            raw("Id"),
            raw("UUID"),
            raw("Parameters"),
            common("Action"),
            common("Src-ip"),
            common("Src-port"),
            common("Dst-ip"),
            common("Dst-port"),
            raw("User"),
            common("Protocol"),
            raw("Common-name"),
            raw("Address"),
            raw("Error"),
            raw("TableName"),
            raw("Startup"),
            raw("New"),
            raw("Queue-Time-ms"),
            raw("Peer"),
            raw("AlternateIPAddresses"),
            raw("ConfigurationMasterIndex"),
            raw("LocalPeerIndex"),
            // free text between the pairs
            raw("text"),
        ],
    },
    FormatDef {
        id: "expressway.config",
        parser: "expressway.dump",
        product: Product::Expressway,
        always_parsed: true,
        names_node: false,
        fields: &[
            // words of the way to the value, joined by single blanks: `Alternates Peer 2 Address`
            made("key"),
            raw("value"),
            // lower case; an address in its canonical form
            made("folded"),
            // `IP DNS Hostname` of the dump, and its own address
            made("host"),
            made("address"),
            // numbers in the key, from the left
            made("index"),
            // number of values that are set under this key, whatever its numbers
            made("configured"),
            // number of peer addresses in the dump
            made("peers"),
            // of the first peer address: all of them as replication prints them, and the places
            // (from 0) of this system and of the primary
            made("members"),
            made("self_index"),
            made("primary_index"),
            // of a peer address: true when it is this system
            made("own"),
            // of a peer address: true when peers have to prove it by their certificates
            made("enforced"),
            // static-nat, external-interface, private-single-interface, other-ip-version or
            // unmapped (peer address), cluster-peer (address in a zone), tls-verify (setting)
            made("is"),
            // C or E, where the value tells the kind of system
            made("type"),
        ],
    },
    FormatDef {
        id: "expressway.status",
        parser: "expressway.dump",
        product: Product::Expressway,
        always_parsed: true,
        names_node: false,
        fields: &[
            made("key"),
            raw("value"),
            made("folded"),
            made("host"),
            made("address"),
            made("index"),
            made("configured"),
            made("peers"),
            // of the leaf that tells the software version
            made("version"),
            made("type"),
            // of the first option key: what all of them give, pooled licences left out
            made("option_set"),
        ],
    },
    FormatDef {
        id: "expressway.alarm",
        parser: "expressway.dump",
        product: Product::Expressway,
        always_parsed: true,
        names_node: false,
        fields: &[
            made("host"),
            raw("Id"),
            raw("Title"),
            raw("Description"),
            raw("Severity"),
            raw("State"),
            // title and description, joined as alarm records join them
            made("words"),
            // false for one that is lowered
            made("open"),
        ],
    },
    FormatDef {
        id: "cms.api.database",
        parser: "cms.api",
        product: Product::Cms,
        always_parsed: true,
        names_node: false,
        fields: &[
            // enabled or disabled
            raw("clustered"),
            raw("error"),
            raw("total_nodes"),
            raw("node_in_use"),
            // numbers of node elements: all, with master true, with up false, with a lag
            made("members"),
            made("masters"),
            made("down"),
            made("behind"),
        ],
    },
    FormatDef {
        id: "cms.api.node",
        parser: "cms.api",
        product: Product::Cms,
        always_parsed: true,
        names_node: false,
        fields: &[
            raw("hostname"),
            // true or false
            raw("up"),
            raw("master"),
            // bytes behind the master; 0 in sync, -1 not known
            raw("sync_behind"),
            // primary or replica, by `master`
            made("role"),
            // host name of the first node element
            made("block"),
        ],
    },
    FormatDef {
        id: "cms.api.alarm",
        parser: "cms.api",
        product: Product::Cms,
        always_parsed: true,
        names_node: false,
        fields: &[
            raw("id"),
            raw("type"),
            raw("active_seconds"),
            raw("failure_reason"),
        ],
    },
    FormatDef {
        id: "cms.pki",
        parser: "cms.pki",
        product: Product::Cms,
        always_parsed: true,
        names_node: false,
        fields: &[
            // file given to `pki inspect`
            raw("name"),
            raw("prompt_host"),
            raw("subject_cn"),
            raw("issuer_cn"),
            // RFC 3339
            made("not_before"),
            made("not_after"),
            // once for each name
            raw("san"),
            // true or false
            made("self_signed"),
            made("is_ca"),
        ],
    },
    FormatDef {
        id: "cms.verdict",
        parser: "cms.pki",
        product: Product::Cms,
        always_parsed: true,
        names_node: false,
        fields: &[
            // SUCCESS or FAILURE
            raw("verdict"),
            raw("message"),
            // the command typed before it, and its words after the verb
            raw("command"),
            raw("argument"),
            raw("prompt_host"),
        ],
    },
    FormatDef {
        id: "cms.event",
        parser: "cms.event",
        product: Product::Cms,
        always_parsed: false,
        names_node: false,
        fields: &[raw("level"), raw("message")],
    },
    FormatDef {
        id: "certificate",
        parser: "certificate",
        product: Product::Unknown,
        always_parsed: true,
        names_node: false,
        fields: &[
            // place among the certificates of its file, from 1
            made("position"),
            // single; root, linked (its issuer follows), misplaced (its issuer stands elsewhere in
            // the file) or open (its issuer is not in the file)
            made("chain"),
            made("subject_cn"),
            made("issuer_cn"),
            // RFC 3339
            made("not_before"),
            made("not_after"),
            // once for each DNS name and address
            made("san"),
            // true or false
            made("self_signed"),
            made("is_ca"),
            // SHA-256 of the certificate and of its public key
            made("digest"),
            made("key_digest"),
        ],
    },
    FormatDef {
        id: "certificate.name",
        parser: "certificate",
        product: Product::Unknown,
        always_parsed: true,
        names_node: false,
        fields: &[
            // lower case; an address in its canonical form
            made("name"),
            // dns, address (both alternative names) or common-name
            made("kind"),
            // of its certificate
            made("position"),
            made("is_ca"),
        ],
    },
    FormatDef {
        id: "certificate.key",
        parser: "certificate",
        product: Product::Unknown,
        always_parsed: true,
        names_node: false,
        fields: &[
            // the words before PRIVATE KEY; nothing of the key itself is read
            raw("kind"),
        ],
    },
    FormatDef {
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
            // what a capture of the other side shows of an attempt, or of data that is repeated:
            // answered, silent (it arrives, nothing answers), absent or empty (no packet at all);
            // and that capture's name
            made("other_side"),
            made("other_capture"),
            // the largest packet that passes, when ICMP said so
            made("mtu"),
            // true when the file was cut or packets were cut so short that nothing was listened to
            made("deaf"),
        ],
    },
    FormatDef {
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
            made("responder"),
            made("responder_port"),
            // tcp or udp, where the port is known
            made("transport"),
            // the largest packet that passes, where the error is about size
            made("mtu"),
        ],
    },
    // one event per TLS handshake, at its alert, else at the end of the connection
    FormatDef {
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
            // the handshake was complete, the responder said one short record and closed
            made("short_answer"),
            // bytes of that record
            made("short_answer_bytes"),
            // what ended it was encrypted: an alert record, or a record that may hold one
            made("encrypted_end"),
            // only a part was captured (snap length, gaps, start missed)
            made("partial"),
        ],
    },
    // PostgreSQL in clear, version 3 of its protocol: one event per thing that was said
    FormatDef {
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
    },
    // XMPP in clear: stream errors, and how far streams came
    FormatDef {
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
    },
    // Erlang port mapper and distribution handshake in clear
    FormatDef {
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
            // node-unknown, node-port, registered, handshake, rejected (status nok, not_allowed, …) or
            // cookie-refused (the challenge was answered by a close)
            made("kind"),
            // node name asked for or registered, and its port
            made("name"),
            made("port"),
            // name of the other node in a handshake
            made("other"),
            made("status"),
        ],
    },
    // H.225 RAS requests on UDP and what became of them
    FormatDef {
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
    },
    // SIP requests on UDP or TCP and what became of them
    FormatDef {
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
    },
    // one event per capture: what it covers
    FormatDef {
        id: "net.capture",
        parser: "capture",
        product: Product::Unknown,
        always_parsed: true,
        names_node: false,
        fields: &[
            made("frames"),
            made("snapped"),
            made("dropped"),
            // first and last time, RFC 3339
            made("first"),
            made("last"),
            // empty, one-way (no two hosts answer each other) or both-ways
            made("view"),
        ],
    },
];

/// The format with this id.
pub fn find(id: &str) -> Option<(u16, &'static FormatDef)> {
    let at = FORMATS.iter().position(|format| format.id == id)?;
    Some((u16::try_from(at).ok()?, FORMATS.get(at)?))
}
