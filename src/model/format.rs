//! What each parser emits: the one list that parsers fill and rules may name.

use crate::model::node::Product;

mod engine;
mod imp;
mod net;

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
    /// The parser that emits it, as named in a report's coverage; several are parted by blanks.
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
    /// The parsers that emit it.
    pub fn parsers(&self) -> impl Iterator<Item = &'static str> {
        self.parser.split(' ')
    }

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
    imp::LOG,
    imp::XCP,
    imp::ALARM,
    imp::HA,
    imp::SERVICE,
    imp::REPLICATION,
    imp::DIAGNOSE,
    imp::NODE,
    imp::SETTING,
    imp::PEER,
    imp::TROUBLESHOOTER,
    imp::ROW,
    imp::DATABASE,
    engine::POSTGRESQL,
    engine::LIBPQ,
    engine::ERLANG,
    net::FLOW,
    net::ICMP,
    net::TLS,
    net::PG,
    net::XMPP,
    net::ERLANG,
    net::RAS,
    net::SIP,
];

/// The format with this id.
pub fn find(id: &str) -> Option<(u16, &'static FormatDef)> {
    let at = FORMATS.iter().position(|format| format.id == id)?;
    Some((u16::try_from(at).ok()?, FORMATS.get(at)?))
}
