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
    /// Its fields.
    pub fields: &'static [FieldDef],
}

const fn raw(name: &'static str) -> FieldDef {
    FieldDef {
        name,
        verbatim: true,
    }
}

const fn made(name: &'static str) -> FieldDef {
    FieldDef {
        name,
        verbatim: false,
    }
}

/// Every format, in the order in which it is documented.
pub const FORMATS: &[FormatDef] = &[
    FormatDef {
        id: "cms.syslog",
        parser: "cms.syslog",
        product: Product::Cms,
        always_parsed: false,
        fields: &[
            raw("facility"),
            raw("severity"),
            raw("host"),
            raw("program"),
            raw("pid"),
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
        fields: &[
            raw("host"),
            raw("program"),
            raw("pid"),
            raw("message"),
            // first and last value of `Node`: who reports, and about whom
            raw("reporter"),
            raw("subject"),
            raw("UTCTime"),
            raw("Module"),
            raw("Level"),
            raw("CodeLocation"),
            raw("Node"),
            raw("PID"),
            raw("Event"),
            raw("Detail"),
            raw("Reason"),
            raw("Context"),
            raw("Service"),
            raw("Severity"),
            raw("Id"),
            raw("UUID"),
            raw("Parameters"),
            raw("Action"),
            raw("Src-ip"),
            raw("Src-port"),
            raw("Dst-ip"),
            raw("Dst-port"),
            raw("User"),
            raw("Protocol"),
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
        id: "cms.api.database",
        parser: "cms.api",
        product: Product::Cms,
        always_parsed: true,
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
        fields: &[raw("level"), raw("message")],
    },
    FormatDef {
        id: "certificate",
        parser: "certificate",
        product: Product::Unknown,
        always_parsed: true,
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
        id: "certificate.key",
        parser: "certificate",
        product: Product::Unknown,
        always_parsed: true,
        fields: &[
            // the words before PRIVATE KEY; nothing of the key itself is read
            raw("kind"),
        ],
    },
];

/// The format with this id.
pub fn find(id: &str) -> Option<(u16, &'static FormatDef)> {
    let at = FORMATS.iter().position(|format| format.id == id)?;
    Some((u16::try_from(at).ok()?, FORMATS.get(at)?))
}
