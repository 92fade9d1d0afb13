//! The formats of IM and Presence nodes: service logs, alarms, answers of the command line, copied
//! administration pages and service status answers.

use super::{FormatDef, common, made, raw};
use crate::model::node::Product;

/// Service logs in log4j's layout.
pub(super) const LOG: FormatDef = FormatDef {
    id: "imp.log",
    parser: "imp.log",
    product: Product::Imp,
    always_parsed: false,
    names_node: false,
    fields: &[
        common("level"),
        common("thread"),
        common("class"),
        // the first line, without the trace that follows it
        raw("message"),
        // exceptions and their causes, each `class: text`, joined by line feeds, without frames
        raw("trace"),
    ],
};

/// Traces of XCP services: a time of day without a date.
pub(super) const XCP: FormatDef = FormatDef {
    id: "imp.xcp",
    parser: "imp.xcp",
    product: Product::Imp,
    always_parsed: false,
    names_node: false,
    fields: &[
        common("level"),
        common("thread"),
        // file and line of the source
        raw("code"),
        raw("message"),
    ],
};

/// Alarms in CiscoLog's form, from CiscoSyslog, collectors and monitors.
pub(super) const ALARM: FormatDef = FormatDef {
    id: "imp.alarm",
    parser: "imp.alarm",
    product: Product::Imp,
    always_parsed: false,
    names_node: false,
    fields: &[
        // who wrote it: `NodeID`, else the host of the header
        common("host"),
        // the name that the record itself gives its node, mostly with its domain
        common("full_name"),
        // `UC_ICSA`, the number of the severity and its word, the name
        common("facility"),
        common("severity"),
        made("severity_name"),
        // of an alert of a monitor that wraps no alarm, the name of the alert
        raw("name"),
        // every parameter as `name=value`, joined by line feeds, in the order of the record
        raw("parameters"),
        common("AppID"),
        common("ClusterID"),
        common("NodeID"),
        // who the alarm is about: the value of the parameter that names a remote peer
        raw("remote_peer"),
        raw("FromNode"),
        raw("ToNode"),
        raw("Reason"),
        raw("ErrorCode"),
        raw("UserID"),
        raw("text"),
        // `+hh:mm`: how far the node's wall clock is ahead of UTC, where a record has both
        made("utc_offset"),
    ],
};

/// One node of `utils ha status`.
pub(super) const HA: FormatDef = FormatDef {
    id: "imp.ha",
    parser: "imp.cli imp.page",
    product: Product::Imp,
    always_parsed: true,
    names_node: true,
    fields: &[
        raw("subcluster"),
        raw("node"),
        // in the words of the state table, whatever the blanks and capitals of the screen; other
        // words as written; `Failover`, `Fallback` and `Failed` of some answers are Failing Over,
        // Falling Back and Running in Failed Mode
        made("state"),
        made("reason"),
        // the other node of the group, with its state and reason
        raw("peer"),
        made("peer_state"),
        made("peer_reason"),
        // the node that was asked, where the session says so
        raw("reporter"),
    ],
};

/// A service and its state, from the command line, a page or a service status answer.
pub(super) const SERVICE: FormatDef = FormatDef {
    id: "imp.service",
    parser: "imp.cli imp.page imp.soap",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        // where the text says whose service it is
        raw("node"),
        raw("service"),
        // started, stopped, not-activated (stopped, because nobody activated it), starting,
        // stopping, not-running or unknown
        made("status"),
        raw("reason"),
        // cups where the list holds services of IM and Presence, callmanager where it holds those
        // of Unified CM
        made("kind"),
        // publisher or subscriber, where the list ends with it
        made("role"),
    ],
};

/// One row of `utils dbreplication runtimestate`.
pub(super) const REPLICATION: FormatDef = FormatDef {
    id: "imp.replication",
    parser: "imp.cli",
    product: Product::Imp,
    always_parsed: true,
    names_node: true,
    fields: &[
        raw("node"),
        raw("address"),
        // the number in front of the words: 2 is good; absent where the row shows none
        raw("setup"),
        raw("words"),
        // replicates that are queued
        raw("queue"),
        // database, remote calls and monitor: `Y/Y/Y`
        raw("links"),
        // the node that was asked
        raw("reporter"),
    ],
};

/// One test of `utils diagnose test`, or a warning of the login banner.
pub(super) const DIAGNOSE: FormatDef = FormatDef {
    id: "imp.diagnose",
    parser: "imp.cli",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        // where the session says whose check it is
        raw("node"),
        raw("test"),
        // passed, failed or skipped
        made("result"),
        raw("words"),
    ],
};

/// One node of `show network cluster` or of a topology page.
pub(super) const NODE: FormatDef = FormatDef {
    id: "imp.node",
    parser: "imp.cli imp.page",
    product: Product::Imp,
    always_parsed: true,
    names_node: true,
    fields: &[
        // as the cluster defines it: address, host name or full name
        raw("name"),
        raw("address"),
        raw("alias"),
        // publisher or subscriber of its own product
        made("role"),
        // cups, callmanager, …
        raw("kind"),
        raw("version"),
        raw("subcluster"),
        // first node of its product in the list: the same for every row of that product
        raw("block"),
        // the node that was asked, where the session says so
        raw("reporter"),
    ],
};

/// What a node says of itself and of its settings: hardware, product, service parameters, options.
pub(super) const SETTING: FormatDef = FormatDef {
    id: "imp.setting",
    parser: "imp.cli imp.page imp.soap",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        raw("node"),
        // the page, service or screen it stands on
        made("section"),
        // in the words of the English pages
        made("name"),
        raw("value"),
        // of a value that begins with a whole number
        made("number"),
        // true or false, of a box or a choice
        made("enabled"),
    ],
};

/// One intercluster peer of a peer page or its status.
pub(super) const PEER: FormatDef = FormatDef {
    id: "imp.peer",
    parser: "imp.page",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        raw("node"),
        raw("peer"),
        // the item of the status, and what it says
        raw("item"),
        raw("words"),
        // good, bad or unknown
        made("result"),
        // of a row that counts users
        made("associated"),
        made("remote"),
        // number of peers in the list
        made("peers"),
    ],
};

/// One row of the system troubleshooter.
pub(super) const TROUBLESHOOTER: FormatDef = FormatDef {
    id: "imp.troubleshooter",
    parser: "imp.page",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        raw("section"),
        raw("test"),
        // good, bad or unknown
        made("result"),
        raw("problem"),
        raw("solution"),
    ],
};

/// One row of `run sql`, or an external database as pages and answers tell it.
pub(super) const ROW: FormatDef = FormatDef {
    id: "imp.row",
    parser: "imp.cli",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        raw("node"),
        // the statement that was typed, where it was pasted along
        raw("statement"),
        made("column"),
        made("value"),
        // from 1
        made("row"),
        made("rows"),
    ],
};

/// An external database and who uses it.
pub(super) const DATABASE: FormatDef = FormatDef {
    id: "imp.database",
    parser: "imp.page",
    product: Product::Imp,
    always_parsed: true,
    names_node: false,
    fields: &[
        raw("node"),
        raw("subcluster"),
        raw("name"),
        // postgresql, oracle or mssql
        made("type"),
        raw("host"),
        raw("version"),
        // what it is used for, such as text conference
        raw("feature"),
        // host and name: the instance
        made("instance"),
        // false for a node or group to which none is assigned
        made("assigned"),
    ],
};
